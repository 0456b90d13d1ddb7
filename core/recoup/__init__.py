"""recoup: error handling, recovery and resilience for trading bots, as plugins."""

from recoup.caches import LRUCache
from recoup.classification import (
    UNCLASSIFIED,
    Classification,
    ErrorCategory,
    ErrorSeverity,
    FailureReason,
    SensitivityLevel,
)
from recoup.clock import Clock, SystemClock
from recoup.context import ErrorContext
from recoup.hookspecs import hookimpl
from recoup.operation import Call, Operation, OperationKind
from recoup.outcome import Decision, Outcome, Recovery
from recoup.patterns import ErrorPattern, ErrorPatternCache
from recoup.policies import CircuitBreakerConfig, FallbackConfig, FallbackStrategy, RetryConfig
