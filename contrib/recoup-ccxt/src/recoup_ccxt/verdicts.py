"""The answers that the tables of this distribution share. What each says is meant for a submit."""

from __future__ import annotations

from recoup import Classification, ErrorCategory, ErrorSeverity, FailureReason


def _verdict(
    reason: FailureReason,
    severity: ErrorSeverity = ErrorSeverity.MEDIUM,
    category: ErrorCategory = ErrorCategory.EXCHANGE,
    *,
    retryable: bool,
    known: bool,
) -> Classification:
    return Classification(severity=severity, category=category, retryable=retryable, outcome_known=known, reason=reason)


# Refused before it was executed; the same request may be sent again.
NOT_SENT = _verdict(
    FailureReason.CONNECTION_FAILED, ErrorSeverity.MEDIUM, ErrorCategory.NETWORK, retryable=True, known=True
)
CERTIFICATE_REFUSED = _verdict(
    FailureReason.CONNECTION_FAILED, ErrorSeverity.HIGH, ErrorCategory.NETWORK, retryable=False, known=True
)
RATE_LIMITED = _verdict(FailureReason.RATE_LIMITED, retryable=True, known=True)
BANNED = _verdict(FailureReason.BANNED, ErrorSeverity.HIGH, retryable=True, known=True)
CLOCK_SKEW = _verdict(FailureReason.CLOCK_SKEW, retryable=True, known=True)

# Refused for good.
UNAUTHENTICATED = _verdict(FailureReason.AUTHENTICATION, ErrorSeverity.HIGH, retryable=False, known=True)
FORBIDDEN = _verdict(FailureReason.PERMISSION, ErrorSeverity.HIGH, retryable=False, known=True)
NO_FUNDS = _verdict(
    FailureReason.INSUFFICIENT_FUNDS,
    ErrorSeverity.MEDIUM,
    ErrorCategory.BUSINESS_LOGIC,
    retryable=False,
    known=True,
)
REJECTED = _verdict(FailureReason.ORDER_REJECTED, retryable=False, known=True)
NOT_FOUND = _verdict(FailureReason.ORDER_NOT_FOUND, ErrorSeverity.LOW, retryable=False, known=True)
INVALID = _verdict(
    FailureReason.INVALID_REQUEST, ErrorSeverity.LOW, ErrorCategory.VALIDATION, retryable=False, known=True
)
UNSUPPORTED = _verdict(
    FailureReason.INVALID_REQUEST, ErrorSeverity.MEDIUM, ErrorCategory.CONFIGURATION, retryable=False, known=True
)

# The order may have been accepted. A duplicate is evidence that an earlier send of it was.
DUPLICATE = _verdict(FailureReason.DUPLICATE_ORDER, retryable=False, known=False)
SERVER_ERROR = _verdict(FailureReason.SERVER_ERROR, retryable=True, known=False)
# It takes cancels alone, or orders that rest; what came of this one is for a lookup to say.
CANCEL_ONLY = _verdict(FailureReason.MARKET_CLOSED, ErrorSeverity.HIGH, retryable=True, known=False)
MAINTENANCE = _verdict(FailureReason.MAINTENANCE, ErrorSeverity.HIGH, retryable=True, known=False)
TIMED_OUT = _verdict(FailureReason.TIMEOUT, ErrorSeverity.MEDIUM, ErrorCategory.NETWORK, retryable=True, known=False)
CONNECTION_LOST = _verdict(
    FailureReason.CONNECTION_LOST, ErrorSeverity.MEDIUM, ErrorCategory.NETWORK, retryable=True, known=False
)
UNREADABLE = _verdict(FailureReason.BAD_RESPONSE, retryable=True, known=False)
UNCLEAR = _verdict(FailureReason.OTHER, retryable=False, known=False)
