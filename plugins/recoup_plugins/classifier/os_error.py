"""``OSError`` by errno, as POSIX.1-2024 (``<errno.h>``) names them."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from recoup import Classification, ErrorCategory, ErrorSeverity, FailureReason
from recoup_plugins.classifier.network import CONNECT_TIMEOUT, CONNECTION_LOST, NOT_CONNECTED
from recoup_plugins.classifier.rule import verdict

if TYPE_CHECKING:
    from recoup_plugins.classifier.rule import Inquiry


def _system(
    reason: FailureReason, severity: ErrorSeverity = ErrorSeverity.MEDIUM, *, retryable: bool, known: bool = True
) -> Classification:
    return verdict(reason, severity, ErrorCategory.SYSTEM, retryable=retryable, known=known)


_FILE = verdict(FailureReason.OTHER, ErrorSeverity.MEDIUM, ErrorCategory.CONFIGURATION, retryable=False, known=True)
_DENIED = verdict(
    FailureReason.PERMISSION, ErrorSeverity.HIGH, ErrorCategory.CONFIGURATION, retryable=False, known=True
)
_FULL = _system(FailureReason.RESOURCE_EXHAUSTED, ErrorSeverity.CRITICAL, retryable=False, known=False)
_TOO_MANY = _system(FailureReason.RESOURCE_EXHAUSTED, ErrorSeverity.HIGH, retryable=True)

BY_ERRNO = {
    errno.EACCES: _DENIED,
    errno.EADDRINUSE: _system(FailureReason.RESOURCE_EXHAUSTED, retryable=True),
    errno.EADDRNOTAVAIL: NOT_CONNECTED,
    errno.EAGAIN: _system(FailureReason.OTHER, retryable=True),
    errno.EBADF: _system(FailureReason.PROGRAMMING, retryable=False, known=False),
    errno.ECONNABORTED: CONNECTION_LOST,
    errno.ECONNREFUSED: NOT_CONNECTED,
    errno.ECONNRESET: CONNECTION_LOST,
    errno.EDQUOT: _FULL,
    errno.EEXIST: _FILE,
    errno.EHOSTDOWN: NOT_CONNECTED,
    # Both may also break a connection that was up, when a route goes away.
    errno.EHOSTUNREACH: CONNECTION_LOST,
    errno.ENETUNREACH: CONNECTION_LOST,
    errno.EINTR: _system(FailureReason.OTHER, retryable=True, known=False),
    errno.EIO: _system(FailureReason.OTHER, ErrorSeverity.CRITICAL, retryable=False, known=False),
    errno.EISDIR: _FILE,
    errno.EMFILE: _TOO_MANY,
    errno.ENETDOWN: CONNECTION_LOST,
    errno.ENETRESET: CONNECTION_LOST,
    errno.ENFILE: _TOO_MANY,
    errno.ENOBUFS: _TOO_MANY,
    errno.ENOENT: _FILE,
    errno.ENOMEM: _FULL,
    errno.ENOSPC: _FULL,
    errno.ENOTCONN: CONNECTION_LOST,
    errno.ENOTDIR: _FILE,
    errno.EPERM: _DENIED,
    errno.EPIPE: CONNECTION_LOST,
    errno.EROFS: _FILE,
    errno.ESHUTDOWN: CONNECTION_LOST,
    errno.ETIMEDOUT: verdict(FailureReason.TIMEOUT, retryable=True, known=False),
}

WHILE_CONNECTING = {
    errno.EHOSTUNREACH: NOT_CONNECTED,
    errno.ENETUNREACH: NOT_CONNECTED,
    errno.ENETDOWN: NOT_CONNECTED,
    errno.ETIMEDOUT: CONNECT_TIMEOUT,
}
"""What the same numbers mean where the library says that it was connecting."""


def by_errno(error: OSError, inquiry: Inquiry) -> Classification | None:  # noqa: ARG001 - shape of an inspector
    """Answer from ``error.errno``; None where it is unset or not in the table."""
    return BY_ERRNO.get(error.errno) if error.errno is not None else None
