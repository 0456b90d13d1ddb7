"""What a settlement works on, and what it came to."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup import Operation, OrderPort
    from recoup_plugins.partial_fill.config import FillPolicy
    from recoup_plugins.partial_fill.tracker import FillTracker


class SettlementState(Enum):
    """What became of an order; the values name it in events."""

    OPEN = "open"
    """It rests at the venue, as it is to."""
    FILLED = "filled"
    """All that was ordered is filled."""
    SHORT = "short"
    """It is final, its children too, and something remains."""
    UNKNOWN = "unknown"
    """Nobody could find out its final state; nothing more is sent."""


@frozen(kw_only=True)
class Settlement:
    """What became of a partly filled order. Immutable.

    Attributes:
        client_order_id: of the order.
        state: see :class:`SettlementState`.
        ordered: in the base currency, or None where nobody could tell.
        filled: of the order and its children, as the venue said last; with UNKNOWN, at least this much.
        orders: the order and its children, as the venue gave them last.
        detail: one line for the operator.
    """

    client_order_id: str
    state: SettlementState
    ordered: Decimal | None
    filled: Decimal
    orders: tuple[Mapping[str, Any], ...] = ()
    detail: str = ""

    @property
    def remainder(self) -> Decimal:
        """Ordered and not filled."""
        return max(Decimal(0), (self.ordered or Decimal(0)) - self.filled)

    @property
    def overfilled(self) -> Decimal:
        """Filled beyond what was ordered."""
        return Decimal(0) if self.ordered is None else max(Decimal(0), self.filled - self.ordered)

    @property
    def order(self) -> dict[str, Any]:
        """The order with what its children filled: as if it had been one."""
        last = dict(self.orders[0]) if self.orders else {"clientOrderId": self.client_order_id}
        if len(self.orders) > 1:
            status = "closed" if self.state is SettlementState.FILLED else last.get("status")
            last |= {"filled": self.filled, "remaining": self.remainder, "status": status}
        return last


@frozen(kw_only=True, eq=False)
class Job:
    """What is to be settled. Immutable, but for the tracker.

    Attributes:
        key: the venue's.
        component: where in the application.
        operation: of the submit, its ports and its market filled in.
        client_order_id: of the order.
        orders: where it is looked up and cancelled.
        policy: what is to be done.
        min_amount: the least that the venue takes.
        end: :meth:`Clock.monotonic` from which on nothing new is begun.
        tracker: what is known of the fills, or None where the order's own ``amount`` is what was ordered.
    """

    key: str
    component: str
    operation: Operation
    client_order_id: str
    orders: OrderPort
    policy: FillPolicy
    min_amount: Decimal = field(default=Decimal(0))
    end: float
    tracker: FillTracker | None = None

    @property
    def symbol(self) -> str | None:
        """The market, or None where nobody names it."""
        return self.operation.symbol
