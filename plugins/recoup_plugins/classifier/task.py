"""asyncio, anyio, trio and concurrent.futures."""

from __future__ import annotations

from recoup import ErrorCategory, ErrorSeverity, FailureReason
from recoup_plugins.classifier.network import CONNECTION_LOST, TIMED_OUT, UNREADABLE
from recoup_plugins.classifier.rule import Table, verdict

_MISUSED = verdict(
    FailureReason.PROGRAMMING, ErrorSeverity.MEDIUM, ErrorCategory.BUSINESS_LOGIC, retryable=False, known=False
)
_CLOSED_HERE = verdict(
    FailureReason.PROGRAMMING, ErrorSeverity.MEDIUM, ErrorCategory.BUSINESS_LOGIC, retryable=False, known=True
)

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
    "asyncio.IncompleteReadError": CONNECTION_LOST,
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
