"""recoup's ports over a ccxt exchange."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from decimal import Decimal
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeVar

from recoup_ccxt.client_ids import PROFILES, UNKNOWN_VENUE
from recoup_ccxt.errors import ClockNotSyncable, UnreadableAnswer
from recoup_ccxt.lookup import Lookup, Order
from recoup_ccxt.steps import Answer, Steps, run_async, run_sync

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_OWN_RETRIES = "maxRetriesOnFailure"


class CcxtVenue:
    """The order port and the venue port over any ccxt exchange; also submits orders so that they can be found again.

    With an exchange from ``ccxt.async_support`` or ``ccxt.pro`` each method gives an awaitable, with one from ``ccxt``
    itself the result. Keeps no state of its own: task-safe and thread-safe as far as the exchange is, which is within
    one event loop for the asynchronous clients, and within one thread at a time for the synchronous ones.

    Args:
        exchange: the application's own client; it is neither opened nor closed here.
    """

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self._profile = PROFILES.get(exchange.id, UNKNOWN_VENUE)
        self._lookup = Lookup(exchange, self._profile)
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
            The order as ccxt gives it.

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
            The order as ccxt gives it, or None where the venue searched for the id and knows no such order, neither by
            direct lookup nor among its open and recent orders.

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

    def cancel_order(self, client_order_id: str, symbol: str | None) -> Answer[Any]:
        """Cancel by client order id; where the venue can't, find the order and cancel it by its own id.

        Returns:
            The venue's answer, or the order itself where the lookup finds it final already; None where there is none.
        """
        return self._run(self._cancel(client_order_id, symbol))

    def probe(self) -> Answer[Any]:
        """Make the cheapest public request that the venue has: its time, its status, or else its markets."""
        return self._run(self._probe())

    def sync_clock(self) -> Answer[Any]:
        """Take the difference to the venue's clock into ``exchange.options["timeDifference"]``, in milliseconds.

        Raises:
            ClockNotSyncable: the venue does not tell its time.
        """
        return self._run(self._sync_clock())

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
        return order

    def _cancel(self, client_order_id: str, symbol: str | None) -> Steps[Any]:
        wanted = self._profile.sent(client_order_id)
        if self._profile.cancel is not None:
            return (yield lambda: self._exchange.cancel_order(wanted, symbol, {self._profile.cancel: wanted}))
        order = yield from self._lookup.find(client_order_id, symbol)
        if order is None or order.get("status") not in ("open", None):
            return order
        return (yield lambda: self._exchange.cancel_order(order["id"], symbol))

    def _probe(self) -> Steps[Any]:
        has = self._exchange.has
        if has.get("fetchTime"):
            return (yield self._exchange.fetch_time)
        if has.get("fetchStatus"):
            return (yield self._exchange.fetch_status)
        return (yield lambda: self._exchange.load_markets(True))  # noqa: FBT003 - ccxt's own reload flag

    def _sync_clock(self) -> Steps[Any]:
        if not self._exchange.has.get("fetchTime"):
            raise ClockNotSyncable(f"{self._exchange.id} has no fetchTime; set the machine's clock by NTP")
        return (yield self._exchange.load_time_difference)


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
