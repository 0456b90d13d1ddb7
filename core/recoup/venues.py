"""The ports of each venue, by its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

if TYPE_CHECKING:
    from recoup.operation import Operation
    from recoup.ports import BalancePort, BeliefPort, MarketDataPort, OrderPort, StreamPort, VenuePort


@frozen(kw_only=True)
class VenuePorts:
    """Where recoup asks about one venue or account. Immutable; what is None can't be asked.

    Attributes:
        orders: what became of orders.
        venue: the venue's status and clock.
        balances: what the account holds.
        market_data: the picture of its markets.
        stream: the connection that the application holds.
        belief: what the application itself believes.
    """

    orders: OrderPort | None = None
    venue: VenuePort | None = None
    balances: BalancePort | None = None
    market_data: MarketDataPort | None = None
    stream: StreamPort | None = None
    belief: BeliefPort | None = None


_NONE = VenuePorts()


class Venues:
    """The ports of each venue. Thread-safe and task-safe.

    An operation whose ``key`` is registered, or whose component is where it has no key, need not name the ports.
    """

    def __init__(self) -> None:
        self._ports: dict[str, VenuePorts] = {}

    def __len__(self) -> int:
        return len(self._ports)

    def register(self, key: str, ports: VenuePorts) -> None:
        """Make the ports of a venue known, in place of what was known of it.

        Raises:
            TypeError: ``ports`` is no :class:`VenuePorts`.
        """
        if not isinstance(ports, VenuePorts):
            raise TypeError(f"give VenuePorts(orders=..., venue=...), got {type(ports).__name__}")
        self._ports[key] = ports

    def get(self, key: str) -> VenuePorts:
        """Return the ports of a venue; all None where none were registered."""
        return self._ports.get(key, _NONE)

    def keys(self) -> tuple[str, ...]:
        """Return the keys of all registered venues."""
        return tuple(self._ports)

    def completed(self, operation: Operation, component: str) -> Operation:
        """Return the operation with the registered ports where it names none."""
        ports = self._ports.get(operation.key or component)
        if ports is None or (operation.orders is not None and operation.venue is not None):
            return operation
        return evolve(operation, orders=operation.orders or ports.orders, venue=operation.venue or ports.venue)
