"""asyncio, anyio, trio and concurrent.futures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from recoup import ErrorCategory, ErrorSeverity, FailureReason, FailureStage
from recoup_plugins.classifier.network import CONNECTION_LOST, TIMED_OUT, UNREADABLE
from recoup_plugins.classifier.rule import Table, verdict

if TYPE_CHECKING:
    from recoup import Classification
    from recoup_plugins.classifier.rule import Inquiry

_MISUSED = verdict(
    FailureReason.PROGRAMMING, ErrorSeverity.MEDIUM, ErrorCategory.BUSINESS_LOGIC, retryable=False, known=False
)
_CLOSED_HERE = verdict(
    FailureReason.PROGRAMMING, ErrorSeverity.MEDIUM, ErrorCategory.BUSINESS_LOGIC, retryable=False, known=True
)

_BROKE_OFF = evolve(CONNECTION_LOST, stage=FailureStage.ANSWER_BEGUN)


def _incomplete(error: Any, inquiry: Inquiry) -> Classification:  # noqa: ARG001 - shape of an inspector
    """What was read before the stream ended is the beginning of an answer."""
    return _BROKE_OFF if error.partial else CONNECTION_LOST


TABLE: Table = {
    "anyio.BrokenResourceError": CONNECTION_LOST,
    "anyio.BusyResourceError": _CLOSED_HERE,
    "anyio.ClosedResourceError": _CLOSED_HERE,
    "anyio.DelimiterNotFound": UNREADABLE,
    "anyio.EndOfStream": CONNECTION_LOST,
    "anyio.IncompleteRead": CONNECTION_LOST,
    "anyio.WouldBlock": verdict(
        FailureReason.OTHER, ErrorSeverity.LOW, ErrorCategory.SYSTEM, retryable=True, known=True
    ),
    "asyncio.IncompleteReadError": _incomplete,
    "asyncio.InvalidStateError": _MISUSED,
    "asyncio.LimitOverrunError": UNREADABLE,
    "asyncio.QueueFull": verdict(
        FailureReason.RESOURCE_EXHAUSTED, ErrorSeverity.MEDIUM, ErrorCategory.SYSTEM, retryable=True, known=True
    ),
    "concurrent.InvalidStateError": _MISUSED,
    "trio.BrokenResourceError": CONNECTION_LOST,
    "trio.BusyResourceError": _CLOSED_HERE,
    "trio.ClosedResourceError": _CLOSED_HERE,
    "trio.TooSlowError": TIMED_OUT,
}
