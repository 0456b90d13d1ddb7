"""recoup's ports over a ccxt exchange."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from decimal import Decimal
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeVar

from recoup import UnreadableAnswer
from recoup_ccxt.account import Account
from recoup_ccxt.cancelling import Cancelling
from recoup_ccxt.client_ids import PROFILES, UNKNOWN_VENUE
from recoup_ccxt.errors import NotOffered
from recoup_ccxt.exact import exact_order
from recoup_ccxt.lookup import Lookup, Order
from recoup_ccxt.market import Market
from recoup_ccxt.responses import ResponseTap
from recoup_ccxt.steps import Answer, Steps, run_async, run_sync

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recoup_ccxt.responses import Listener

T = TypeVar("T")

_OWN_RETRIES = "maxRetriesOnFailure"


class CcxtVenue:
    """The ports of orders, trades, balances, the venue and its market data, over any ccxt exchange.

    With an exchange from ``ccxt.async_support`` or ``ccxt.pro`` each method gives an awaitable, with one from ``ccxt``
    itself the result. Quantities are decimals. Keeps no state of its own: task-safe and thread-safe as far as the
    exchange is, which is within one event loop for the asynchronous clients, and within one thread at a time for the
    synchronous ones.

    Args:
        exchange: the application's own client; it is neither opened nor closed here, only its responses are heard.

    Attributes:
        client_id_rule: what the venue does with a client order id that it has seen before: ``"forever"``,
            ``"open_only"`` or ``"none"``, which is assumed of a venue that no table has.
        searches_everywhere: whether to find an order takes its lists of open and recent orders in as well, as where the
            venue has no request for one order by its client order id.
    """

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self._profile = PROFILES.get(exchange.id, UNKNOWN_VENUE)
        self.client_id_rule = self._profile.rule
        self.searches_everywhere = self._profile.lookup is None
        self._lookup = Lookup(exchange, self._profile)
        self._cancelling = Cancelling(exchange, self._profile, self._lookup)
        self._account = Account(exchange, self._lookup)
        self._market = Market(exchange)
        self._tap = ResponseTap.of(exchange)
        self._asynchronous = iscoroutinefunction(exchange.fetch)
        if _repeats_by_itself(exchange.options):
            warnings.warn(
                f"{exchange.id}: option {_OWN_RETRIES} makes ccxt itself repeat failed requests, orders among them, "
                "before anyone can find out whether they were accepted; remove it and leave repetition to recoup",
                RuntimeWarning,
                stacklevel=2,
            )

    @property
    def last_response_headers(self) -> Mapping[str, str] | None:
        """Headers of the client's latest response to any request, or None."""
        headers = getattr(self._exchange, "last_response_headers", None)
        return headers if isinstance(headers, Mapping) else None

    def submit(
        self,
        symbol: str,
        type: str,  # noqa: A002 - ccxt's own name
        side: str,
        amount: Decimal | str,
        price: Decimal | str | None = None,
        *,
        client_order_id: str,
        params: Mapping[str, Any] | None = None,
    ) -> Answer[Order]:
        """Create an order under a client order id.

        Args:
            symbol: the market, in ccxt's notation.
            type: ``"limit"``, ``"market"`` or whatever the venue has.
            side: ``"buy"`` or ``"sell"``.
            amount: in the base currency; goes to ccxt in decimal notation, digit by digit.
            price: in the quote currency, or None.
            client_order_id: by which the order is found again.
            params: further parameters of ``create_order``.

        Returns:
            The order as ccxt gives it, its quantities as decimals.

        Raises:
            UnreadableAnswer: the venue answered without an order id; the order may have been accepted.
            TypeError: an amount or price is a float, which has lost digits already.
            ValueError: ``params`` asks ccxt to repeat orders by itself.
        """
        if params is not None and params.get(_OWN_RETRIES):
            raise ValueError(f"params[{_OWN_RETRIES!r}] makes ccxt repeat the order by itself: leave it out")
        sent = {**(params or {}), self._profile.submit: self._profile.sent(client_order_id)}
        arguments = (symbol, type, side, _plain(amount, "amount"), None if price is None else _plain(price, "price"))
        return self._run(self._submit(arguments, sent, client_order_id))

    def find_order(self, client_order_id: str, symbol: str | None) -> Answer[Order | None]:
        """Look an order up by its client order id, in whatever state it is.

        Returns:
            The order as ccxt gives it, or None where the venue searched for the id and knows no such order.

        Raises:
            OrderNotVerifiable: it was not found, and the venue can't search by client order id.
            UnreadableAnswer: the venue's answer is none.
        """
        return self._run(self._lookup.find(client_order_id, symbol))

    def open_orders(self, symbol: str | None) -> Answer[Sequence[Order]]:
        """Return the orders that rest at the venue."""
        return self._run(self._lookup.open_orders(symbol, {}))

    def recent_orders(self, symbol: str | None) -> Answer[Sequence[Order]]:
        """Return the orders that are final, as far back as the venue answers by default."""
        return self._run(self._lookup.recent_orders(symbol, {}))

    def order_trades(self, client_order_id: str, symbol: str | None) -> Answer[Sequence[Mapping[str, Any]]]:
        """Return the trades of an order, none where the venue knows no such order.

        Raises:
            NotOffered: the venue tells no trades.
            OrderNotVerifiable: the order was not found, and the venue can't search by client order id.
            UnreadableAnswer: the venue's answer is none.
        """
        return self._run(self._account.order_trades(client_order_id, symbol))

    def cancel_order(self, client_order_id: str, symbol: str | None) -> Answer[Order | None]:
        """Cancel by client order id, or by the order's own id where the venue can't, and read what became of it.

        Returns:
            The order as the venue has it after the cancel, such as cancelled, or filled where a fill was faster. Still
            open where the venue has only taken note of the cancel. None where it knows no such order.

        Raises:
            ccxt.BaseError: the cancel failed, and may be repeated if its outcome is unknown; or it was refused, and the
                order is still open or unknown.
        """
        return self._run(self._cancelling.cancel(client_order_id, symbol))

    def submit_child(
        self, client_order_id: str, symbol: str, side: str, amount: Decimal, price: Decimal | None
    ) -> Answer[Order]:
        """Submit the rest of an order: a limit order at ``price``, a market order where it is None."""
        kind = "market" if price is None else "limit"
        return self.submit(symbol, kind, side, amount, price, client_order_id=client_order_id)

    def balances(self) -> Answer[Mapping[str, Mapping[str, Decimal]]]:
        """Return ``free``, ``used`` and ``total`` by currency."""
        return self._run(self._account.balances())

    def positions(self, symbol: str | None) -> Answer[Sequence[Mapping[str, Any]]]:
        """Return the positions, those of short ones with negative ``contracts``; none on a spot market."""
        return self._run(self._account.positions(symbol))

    def probe(self) -> Answer[Any]:
        """Make the cheapest public request that the venue has: its time, its status, or else its markets."""
        return self._run(self._market.probe())

    def status(self) -> Answer[Mapping[str, Any]]:
        """Return ``status`` (``ok``, ``maintenance``, ``cancel_only`` or ``shutdown``) and ``eta`` in milliseconds.

        A venue that announces nothing is probed, and ``ok`` if it answers.
        """
        return self._run(self._market.status())

    def refresh_markets(self) -> Answer[Any]:
        """Load markets, filters and limits anew."""
        return self._run(self._market.refresh())

    def server_time(self) -> Answer[int]:
        """Return the venue's time in milliseconds since 1970.

        Raises:
            NotOffered: the venue does not tell its time.
        """
        return self._run(self._market.server_time())

    def sync_clock(self) -> Answer[Any]:
        """Take the difference to the venue's clock into ``exchange.options["timeDifference"]``, in milliseconds.

        Raises:
            ClockNotSyncable: the venue does not tell its time.
        """
        return self._run(self._market.sync_clock())

    def snapshot(self, symbol: str) -> Answer[Any]:
        """Fetch a market's order book, and drop what a stream had built of it.

        Raises:
            NotOffered: the venue has none.
        """
        return self._run(self._market.snapshot(symbol))

    def resubscribe(self, symbol: str) -> Answer[Any]:
        """Subscribe to a market's order book anew; takes a client from ``ccxt.pro``.

        Raises:
            NotOffered: the client has no streams.
        """
        return self._run(self._market.resubscribe(symbol))

    def on_response(self, listener: Listener) -> None:
        """Have a listener given the headers of every response, such as to feed the venue's own counts to a limiter.

        It is called in the middle of a request and must be quick; one that fails is logged and let go::

            limits = handler.plugin(RateLimitPlugin)
            venue.on_response(lambda headers: limits.observe_headers("binance", headers))

        Raises:
            NotOffered: the exchange is no client of ccxt's, whose responses could be heard.
            ValueError: it has a great many listeners already.
        """
        if self._tap is None:
            raise NotOffered(f"{self._exchange.id}: this client does not let its responses be heard")
        self._tap.listen(listener)

    def _run(self, steps: Steps[T]) -> Answer[T]:
        return run_async(steps) if self._asynchronous else run_sync(steps)

    def _submit(self, arguments: tuple[Any, ...], params: dict[str, Any], client_order_id: str) -> Steps[Order]:
        order = yield lambda: self._exchange.create_order(*arguments, params)
        if not isinstance(order, dict) or order.get("id") is None:
            raise UnreadableAnswer(
                f"{self._exchange.id} answered the submit of {client_order_id} without an order id; "
                "it may have been accepted",
                client_order_id=client_order_id,
            )
        accepted: Order = exact_order(order)
        return accepted


def _plain(value: Decimal | str, name: str) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return value
    raise TypeError(f"{name} takes a Decimal or a str, got the {type(value).__name__} {value!r}")


def _repeats_by_itself(options: Any) -> bool:
    """Look where ccxt does: in the option for all requests, and in those for one path."""
    if not isinstance(options, Mapping):
        return False
    nested = [value for value in options.values() if isinstance(value, Mapping)]
    return any(level.get(_OWN_RETRIES) for level in (options, *nested))
