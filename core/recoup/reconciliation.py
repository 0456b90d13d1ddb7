"""What differs between what the application believes and what the venue says."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable


def _as_tuple(drifts: Iterable[Drift]) -> tuple[Drift, ...]:
    return tuple(drifts)


class DriftAction(Enum):
    """What is done about a difference; never a trade."""

    ALARM = "alarm"
    """Tell a human."""
    ADOPT = "adopt"
    """Tell a human, and have the application take the venue's word."""
    HALT_SYMBOL = "halt_symbol"
    """Tell a human, and take no new orders in that market."""
    HALT_ALL = "halt_all"
    """Tell a human, and take no new orders at that venue."""


@frozen(kw_only=True)
class Drift:
    """One difference. Immutable.

    Attributes:
        key: the venue's.
        subject: ``order``, ``fill``, ``position`` or ``balance``.
        symbol: the market or the currency.
        client_order_id: with an order or fill, which.
        believed: what the application believes, or None where it knows nothing of it.
        actual: what the venue says, or None where it knows nothing of it.
        action: what was done.
    """

    key: str
    subject: str
    symbol: str | None = None
    client_order_id: str | None = None
    believed: Any = None
    actual: Any = None
    action: DriftAction = DriftAction.ALARM


@frozen(kw_only=True)
class Reconciliation:
    """What came of holding the application's belief against the venue. Immutable.

    Attributes:
        key: the venue's.
        drifts: every difference.
        complete: False where something could not be asked; nothing is concluded from it.
        detail: one line for the operator.
    """

    key: str
    drifts: tuple[Drift, ...] = field(default=(), converter=_as_tuple)
    complete: bool = True
    detail: str = ""
