"""redis-py, synchronous and asynchronous."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import ErrorCategory, ErrorSeverity, FailureReason
from recoup_plugins.classifier.network import NOT_CONNECTED
from recoup_plugins.classifier.rule import Table, verdict

if TYPE_CHECKING:
    from recoup import Classification
    from recoup_plugins.classifier.rule import Inquiry


def _redis(
    reason: FailureReason,
    severity: ErrorSeverity = ErrorSeverity.MEDIUM,
    category: ErrorCategory = ErrorCategory.DATABASE,
    *,
    retryable: bool = False,
    known: bool = True,
) -> Classification:
    return verdict(reason, severity, category, retryable=retryable, known=known)


_LOST = _redis(FailureReason.CONNECTION_LOST, retryable=True, known=False)
_REFUSED_CONNECTION = _redis(FailureReason.CONNECTION_FAILED, retryable=True)
_UNAUTHENTICATED = _redis(FailureReason.AUTHENTICATION, ErrorSeverity.HIGH, ErrorCategory.CONFIGURATION)
_TRY_AGAIN = _redis(FailureReason.OTHER, retryable=True)
_REJECTED = _redis(FailureReason.PROGRAMMING)


def _connection(error: Exception, inquiry: Inquiry) -> Classification:
    """One class serves for a connection that broke and for one that never came up; what caused it tells."""
    cause = inquiry.nested(error.__cause__ or error.__context__)
    return _REFUSED_CONNECTION if cause is NOT_CONNECTED else _LOST


TABLE: Table = {
    "redis.AuthenticationError": _UNAUTHENTICATED,
    "redis.AuthorizationError": _redis(FailureReason.PERMISSION, ErrorSeverity.HIGH, ErrorCategory.CONFIGURATION),
    "redis.BusyLoadingError": _TRY_AGAIN,
    "redis.ClusterDownError": _redis(FailureReason.SERVER_ERROR, ErrorSeverity.HIGH, retryable=True),
    "redis.ConnectionError": _connection,
    "redis.DataError": _redis(FailureReason.INVALID_REQUEST, ErrorSeverity.LOW, ErrorCategory.VALIDATION),
    "redis.InvalidResponse": _redis(FailureReason.BAD_RESPONSE, retryable=True, known=False),
    "redis.LockError": _redis(FailureReason.OTHER),
    "redis.MasterNotFoundError": _REFUSED_CONNECTION,
    "redis.NoPermissionError": _redis(FailureReason.PERMISSION, ErrorSeverity.HIGH, ErrorCategory.CONFIGURATION),
    "redis.OutOfMemoryError": _redis(FailureReason.RESOURCE_EXHAUSTED, ErrorSeverity.HIGH, retryable=True),
    "redis.ReadOnlyError": _TRY_AGAIN,
    "redis.RedisError": _redis(FailureReason.OTHER, known=False),
    "redis.ResponseError": _REJECTED,
    "redis.SlaveNotFoundError": _REFUSED_CONNECTION,
    "redis.TimeoutError": _redis(FailureReason.TIMEOUT, retryable=True, known=False),
    "redis.TryAgainError": _TRY_AGAIN,
    "redis.WatchError": _TRY_AGAIN,
}
