"""Every kind of fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup_sim.faults import (
    Empty200,
    Html200,
    ResetAfter,
    ResetBefore,
    ResetMidAnswer,
    ServerErrorAfter,
    ServerErrorBefore,
    TimeoutAfter,
    TimeoutBefore,
)
from recoup_sim.order_faults import (
    Crash,
    DuplicateRefusal,
    FillBeforeCancel,
    InsufficientBalance,
    LateAcceptance,
    PartialFill,
    Refused,
    TradesMissing,
    TradesRepeated,
)
from recoup_sim.window_faults import Ban, ClockDrift, ClockSkew, Maintenance, Outage, RateLimited

if TYPE_CHECKING:
    from recoup_sim.faults import Fault

KINDS: dict[str, type[Fault]] = {
    kind.kind: kind
    for kind in (
        RateLimited,
        Ban,
        Maintenance,
        Outage,
        ClockSkew,
        ClockDrift,
        InsufficientBalance,
        Refused,
        DuplicateRefusal,
        ResetBefore,
        ResetAfter,
        ResetMidAnswer,
        TimeoutBefore,
        TimeoutAfter,
        ServerErrorBefore,
        ServerErrorAfter,
        LateAcceptance,
        Html200,
        Empty200,
        PartialFill,
        FillBeforeCancel,
        TradesRepeated,
        TradesMissing,
        Crash,
    )
}
"""Every kind of fault, by the name that files give it."""
