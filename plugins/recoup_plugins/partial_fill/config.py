"""What is done about a partly filled order."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import ge, gt, instance_of

from recoup import DriftAction
from recoup_plugins.partial_fill.quantities import quantity

if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Any

_NUMBER = instance_of((int, float))
_COUNT = [instance_of(int), ge(1)]


class FillPolicy(Enum):
    """What is done about a partly filled order."""

    KEEP = "keep"
    """Leave it at the venue; only read what became of it."""
    CANCEL = "cancel"
    """Cancel it, and read its final state."""
    COMPLETE = "complete"
    """Cancel it, read its final state, and submit what remains as a child, until nothing remains."""


def _are_quantities(_: object, attribute: Any, value: Any) -> None:
    instance_of(dict)(_, attribute, value)
    for symbol, amount in value.items():
        quantity(amount, f"{attribute.name}[{symbol!r}]")


def _is_alarm(_: object, attribute: Any, value: DriftAction) -> None:
    if value is DriftAction.ADOPT:
        raise ValueError(f"{attribute.name} must be alarm, halt_symbol or halt_all: the reconciliation adopts")


@frozen(kw_only=True)
class PartialFillConfig:
    """What is done about a partly filled order. Immutable; all times in seconds.

    Attributes:
        policy: what is done where the application does not say.
        min_amounts: by symbol, the least that the venue takes, as decimal text; less than it is not completed.
        child_patience: that a child may rest before it is cancelled in its turn.
        max_children: of one order at most.
        timeout: that a settlement may take, but for its last cancel; a call's deadline may be nearer.
        cancel_timeout: that one order may take to become final once it is to be cancelled.
        confirm_after: pause before the second look at a final state that leaves a remainder; both must agree, since
            what answers may lag behind what executes.
        poll_interval: between two looks at first; it doubles.
        request_timeout: that a lookup or a cancel may take, in real time.
        max_requests: that one settlement may make.
        on_overfill: what is done where more was filled than ordered: ``alarm``, ``halt_symbol`` or ``halt_all``.
    """

    policy: FillPolicy = field(default=FillPolicy.KEEP, converter=FillPolicy)
    min_amounts: dict[str, str] = field(factory=dict, validator=_are_quantities)
    child_patience: float = field(default=30.0, validator=[_NUMBER, ge(0)])
    max_children: int = field(default=3, validator=_COUNT)
    timeout: float = field(default=120.0, validator=[_NUMBER, gt(0)])
    cancel_timeout: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    confirm_after: float = field(default=1.0, validator=[_NUMBER, ge(0)])
    poll_interval: float = field(default=0.25, validator=[_NUMBER, gt(0)])
    request_timeout: float = field(default=10.0, validator=[_NUMBER, gt(0)])
    max_requests: int = field(default=100, validator=[instance_of(int), ge(10)])
    on_overfill: DriftAction = field(default=DriftAction.HALT_SYMBOL, converter=DriftAction, validator=_is_alarm)

    def min_amount(self, symbol: str | None) -> Decimal:
        """Return the least that the venue takes in a market, 0 where nobody said."""
        return quantity(self.min_amounts.get(symbol or "", "0"), "min_amount")
