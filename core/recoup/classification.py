"""What an error is: the answer of the ``classify`` hook."""

from __future__ import annotations

from enum import Enum, StrEnum

from attrs import field, frozen
from attrs.validators import and_, ge, instance_of, optional


class ErrorSeverity(Enum):
    """How bad an error is, for escalation."""

    CRITICAL = "critical"
    """System failure, data corruption, security breach."""
    HIGH = "high"
    """Trading halted, model failure, risk limit breach."""
    MEDIUM = "medium"
    """Performance degradation, data quality issues."""
    LOW = "low"
    """Configuration warnings, minor validation errors."""


class ErrorCategory(Enum):
    """Which part of the system an error belongs to, for routing."""

    NETWORK = "network"
    DATABASE = "database"
    VALIDATION = "validation"
    EXCHANGE = "exchange"
    CONFIGURATION = "configuration"
    BUSINESS_LOGIC = "business_logic"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class SensitivityLevel(StrEnum):
    """How much the sanitizer hides; each level hides all that the one before does."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @classmethod
    def _missing_(cls, value: object) -> SensitivityLevel:
        """Find the level in whatever case."""
        name = str(value).upper()
        if name in cls.__members__:
            return cls[name]
        raise ValueError(f"{value!r} is no sensitivity level; valid: {', '.join(cls)}")


class FailureReason(StrEnum):
    """Why a call failed, where a recovery scenario depends on it."""

    TIMEOUT = "timeout"
    CONNECTION_FAILED = "connection_failed"
    """The connection never came up, so nothing was sent."""
    CONNECTION_LOST = "connection_lost"
    SERVER_ERROR = "server_error"
    BAD_RESPONSE = "bad_response"
    """An answer came and can't be read."""
    RATE_LIMITED = "rate_limited"
    BANNED = "banned"
    MAINTENANCE = "maintenance"
    MARKET_CLOSED = "market_closed"
    """The market takes no new orders: closed, halted, or open for cancels alone."""
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    CLOCK_SKEW = "clock_skew"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    ORDER_REJECTED = "order_rejected"
    DUPLICATE_ORDER = "duplicate_order"
    ORDER_NOT_FOUND = "order_not_found"
    INVALID_REQUEST = "invalid_request"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    """The machine itself ran out of memory, disk, files or threads."""
    PROGRAMMING = "programming"
    """A defect in the program; no repetition heals it."""
    REFUSED = "refused"
    """recoup itself did not make the call."""
    OTHER = "other"


class FailureStage(Enum):
    """How far a request had come when it failed. With the type of the error it tells what may have happened."""

    BEFORE_SEND = "before_send"
    """Nothing left the machine: refused connection, no such host, no free connection."""
    SENT = "sent"
    """It was sent at least in part, and no answer began."""
    ANSWER_BEGUN = "answer_begun"
    """The other side answered, or began to: whoever can read the answer knows."""


@frozen(kw_only=True)
class Classification:
    """The answer of the ``classify`` hook. Immutable.

    Attributes:
        severity: how bad it is.
        category: which part of the system it belongs to.
        retryable: whether the same call may succeed later. Says nothing of whether it may be sent again: that takes
            ``outcome_known`` and the kind of the operation as well.
        outcome_known: False where the side effect may have happened although the call failed.
        retry_after: seconds that the other side asked to wait, or None.
        reason: why the call failed.
        stage: how far the request had come, or None where nobody can tell.
    """

    severity: ErrorSeverity = field(validator=instance_of(ErrorSeverity))
    category: ErrorCategory = field(validator=instance_of(ErrorCategory))
    retryable: bool = field(validator=instance_of(bool))
    outcome_known: bool = field(default=True, validator=instance_of(bool))
    retry_after: float | None = field(default=None, validator=optional(and_(instance_of((int, float)), ge(0.0))))
    reason: FailureReason = field(default=FailureReason.OTHER, validator=instance_of(FailureReason))
    stage: FailureStage | None = field(default=None, validator=optional(instance_of(FailureStage)))


UNCLASSIFIED = Classification(
    severity=ErrorSeverity.MEDIUM,
    category=ErrorCategory.UNKNOWN,
    retryable=False,
    outcome_known=False,
)
"""What the core answers when no plugin knows an error: not retried, and nobody may conclude that nothing happened."""
