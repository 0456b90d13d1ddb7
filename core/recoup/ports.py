"""Ports: what recoup asks of an exchange client, since it is none itself.

Every method may be a plain function or a coroutine function; recoup awaits what is awaitable. contrib/recoup-ccxt
implements them for ccxt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence


class OrderPort(Protocol):
    """Finds out what became of an order.

    An order is a mapping that is not empty, in the client library's own form.

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


class VenuePort(Protocol):
    """Finds out how the venue does."""

    def probe(self) -> Any:
        """Make one cheap request that any venue in service answers; raise whatever the client raises."""
        ...

    def sync_clock(self) -> Any:
        """Bring the client's clock in line with the venue's."""
        ...


if TYPE_CHECKING:
    Order = Mapping[str, Any]
    OrderOrNone = Order | None
    Orders = Sequence[Order]
