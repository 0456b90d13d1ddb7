"""Ports: what recoup asks of an exchange client, since it is none itself.

Every method may be a plain function or a coroutine function; recoup awaits what is awaitable. Quantities are
:class:`~decimal.Decimal` or exact decimal text, never floats. contrib/recoup-ccxt implements all but the last two for
any ccxt client. ``handler.venues.register("binance", VenuePorts(orders=..., ...))`` makes them known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence


class OrderPort(Protocol):
    """Finds out what became of an order.

    An order is a mapping that is not empty, in the client library's own form. Scenarios read these keys of it, which
    are ccxt's: ``id``, ``clientOrderId``, ``symbol``, ``side``, ``status`` (``open``, ``closed``, ``canceled``,
    ``expired`` or ``rejected``), ``amount``, ``filled`` and ``price``.

    A port may say in an attribute ``client_id_rule`` how its venue treats a client order id that it has seen before:
    ``"forever"``, refused for good; ``"open_only"``, refused while the first order is open (assumed where nothing is
    said); ``"none"``, taken again at any time. Where the same id could execute twice, an order is sent again only
    after a longer and conclusive verification.
    """

    def find_order(self, client_order_id: str, symbol: str | None) -> OrderOrNone | Awaitable[OrderOrNone]:
        """Look an order up by the id that the application gave it, in whatever state it is.

        Returns:
            The order as the client library gives it, or None only where the venue answered and knows no such order.

        Raises:
            Exception: the lookup failed. It says nothing of the order, and is repeated.
        """
        ...

    def open_orders(self, symbol: str | None) -> Orders | Awaitable[Orders]:
        """Return the orders that rest at the venue."""
        ...

    def recent_orders(self, symbol: str | None) -> Orders | Awaitable[Orders]:
        """Return the orders of the last while that are final: filled, cancelled, rejected, expired."""
        ...

    def cancel_order(self, client_order_id: str, symbol: str | None) -> Any:
        """Cancel by client order id."""
        ...


@runtime_checkable
class TradePort(Protocol):
    """Tells the fills of an order. An order port may have this method besides."""

    def order_trades(self, client_order_id: str, symbol: str | None) -> Trades | Awaitable[Trades]:
        """Return the trades of one order, or of its market where the venue can't tell them apart.

        A trade is a mapping with ``id``, ``order`` (the venue's order id), ``amount`` and ``price``.
        """
        ...


@runtime_checkable
class SubmitPort(Protocol):
    """Sends the rest of a partly filled order. An order port may have this method besides."""

    def submit_child(self, client_order_id: str, symbol: str, side: str, amount: Decimal, price: Decimal | None) -> Any:
        """Submit an order under a client order id: a limit order at ``price``, a market order where it is None."""
        ...


@runtime_checkable
class VenuePort(Protocol):
    """Finds out how the venue does."""

    def probe(self) -> Any:
        """Make one cheap request that any venue in service answers; raise whatever the client raises."""
        ...

    def sync_clock(self) -> Any:
        """Bring the client's clock in line with the venue's."""
        ...


@runtime_checkable
class VenueStatusPort(Protocol):
    """Tells what the venue announces. A venue port may have these methods besides."""

    def status(self) -> Any:
        """Return a mapping with ``status``: ``ok``, ``maintenance``, ``cancel_only`` or ``shutdown``; and ``eta``.

        ``eta`` is the announced end in milliseconds since 1970, or None.
        """
        ...

    def refresh_markets(self) -> Any:
        """Load markets, filters and limits anew."""
        ...


class BalancePort(Protocol):
    """Tells what the account holds."""

    def balances(self) -> Any:
        """Return for each currency a mapping with ``free``, ``used`` and ``total``."""
        ...

    def positions(self, symbol: str | None) -> Any:
        """Return the positions: mappings with ``symbol`` and ``contracts``, which is negative for a short one."""
        ...


class MarketDataPort(Protocol):
    """Gets the picture of a market back after an interruption."""

    def snapshot(self, symbol: str) -> Any:
        """Load the whole picture of a market, such as its order book, and put it in the place of the old one."""
        ...

    def resubscribe(self, symbol: str) -> Any:
        """Subscribe to the market's updates anew."""
        ...


class StreamPort(Protocol):
    """A connection that the application holds, such as a websocket with its subscriptions."""

    def connect(self) -> Any:
        """Open it; raise whatever the client raises."""
        ...

    def authenticate(self) -> Any:
        """Log in; does nothing where there is nothing to log in to."""
        ...

    def resubscribe(self) -> Any:
        """Subscribe to all that was subscribed to."""
        ...

    def reset(self) -> Any:
        """Forget what was built from the messages before, such as order books."""
        ...


class BeliefPort(Protocol):
    """What the application itself believes of its account, to be held against the venue's word.

    What it keeps no book of it may leave out: ``positions``, ``balances``.
    """

    def open_orders(self, symbol: str | None) -> Orders | Awaitable[Orders]:
        """Return the orders that it believes to be open; mappings with ``clientOrderId``, ``symbol`` and ``filled``."""
        ...

    def positions(self, symbol: str | None) -> Any:
        """Return the positions that it believes to hold, as in :meth:`BalancePort.positions`."""
        ...

    def balances(self) -> Any:
        """Return the balances that it believes to hold, as in :meth:`BalancePort.balances`; ``total`` alone counts."""
        ...

    def adopt(self, drift: Drift) -> Any:
        """Take the venue's word for one difference."""
        ...


if TYPE_CHECKING:
    from decimal import Decimal

    from recoup.reconciliation import Drift

    Order = Mapping[str, Any]
    OrderOrNone = Order | None
    Orders = Sequence[Order]
    Trades = Sequence[Mapping[str, Any]]
