"""Errors of the language and its standard library.

A defect such as ``KeyError`` leaves the outcome unknown: it may have been raised while the answer to a request that had
its effect was being read.
"""

from __future__ import annotations

from recoup import Classification, ErrorCategory, ErrorSeverity, FailureReason
from recoup_plugins.classifier.network import CONNECTION_LOST, NOT_CONNECTED, TIMED_OUT, TLS_REFUSED, UNREADABLE
from recoup_plugins.classifier.os_error import by_errno
from recoup_plugins.classifier.rule import Inquiry, Rule, Table, verdict

_DEFECT = verdict(
    FailureReason.PROGRAMMING, ErrorSeverity.MEDIUM, ErrorCategory.BUSINESS_LOGIC, retryable=False, known=False
)
_INVALID_VALUE = verdict(
    FailureReason.INVALID_REQUEST, ErrorSeverity.LOW, ErrorCategory.VALIDATION, retryable=False, known=False
)
_BAD_INSTALLATION = verdict(
    FailureReason.PROGRAMMING, ErrorSeverity.HIGH, ErrorCategory.CONFIGURATION, retryable=False, known=False
)
_EXHAUSTED = verdict(
    FailureReason.RESOURCE_EXHAUSTED, ErrorSeverity.CRITICAL, ErrorCategory.SYSTEM, retryable=False, known=False
)


def _cause(error: Exception, inquiry: Inquiry) -> Classification | None:
    return inquiry.nested(getattr(error, "reason", None))


BROAD: dict[str, Rule] = {
    "builtins.ArithmeticError": _DEFECT,
    "builtins.AssertionError": _DEFECT,
    "builtins.AttributeError": _DEFECT,
    "builtins.ImportError": _BAD_INSTALLATION,
    "builtins.LookupError": _DEFECT,
    "builtins.NameError": _DEFECT,
    "builtins.NotImplementedError": _DEFECT,
    "builtins.OSError": by_errno,
    "builtins.RecursionError": _DEFECT,
    "builtins.SyntaxError": _DEFECT,
    "builtins.TypeError": _DEFECT,
    "builtins.UnicodeError": UNREADABLE,
    "builtins.ValueError": _INVALID_VALUE,
}
"""Bases that applications and libraries derive their own errors from, so that what an error carries counts more."""

TABLE: Table = BROAD | {
    "builtins.BrokenPipeError": CONNECTION_LOST,
    "builtins.ConnectionAbortedError": CONNECTION_LOST,
    "builtins.ConnectionRefusedError": NOT_CONNECTED,
    "builtins.ConnectionResetError": CONNECTION_LOST,
    "builtins.EOFError": CONNECTION_LOST,
    "builtins.MemoryError": _EXHAUSTED,
    "builtins.TimeoutError": TIMED_OUT,
    "concurrent.BrokenExecutor": verdict(
        FailureReason.RESOURCE_EXHAUSTED, ErrorSeverity.HIGH, ErrorCategory.SYSTEM, retryable=False, known=False
    ),
    "http.BadStatusLine": UNREADABLE,
    "http.CannotSendRequest": _DEFECT,
    "http.IncompleteRead": UNREADABLE,
    "http.RemoteDisconnected": CONNECTION_LOST,
    "json.JSONDecodeError": UNREADABLE,
    "socket.gaierror": NOT_CONNECTED,
    "socket.herror": NOT_CONNECTED,
    "ssl.SSLCertVerificationError": TLS_REFUSED,
    "ssl.SSLEOFError": CONNECTION_LOST,
    "ssl.SSLError": verdict(FailureReason.CONNECTION_LOST, retryable=False, known=False),
    "ssl.SSLZeroReturnError": CONNECTION_LOST,
    "urllib.URLError": _cause,
}
