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
from recoup.config.models import Config, ErrorHandlingConfig, PluginSettings, SecurityConfig, SeverityConfig
from recoup.context import ErrorContext, SanitizedError
from recoup.decorators import enhanced_error_handler, with_circuit_breaker, with_fallback, with_retry
from recoup.error_handler import ErrorHandler
from recoup.errors import (
    CircuitOpen,
    ConfigError,
    ConfigProblem,
    HandlerStateError,
    HeldBack,
    InvalidPlugin,
    OrderNotVerifiable,
    OutcomeUnknown,
    PluginError,
    PluginLoadError,
    PluginTimeout,
    PolicyUnavailable,
    RecoupError,
    Refused,
    ServiceDegraded,
    UnknownPlugin,
)
from recoup.events import (
    BreakerEvent,
    ConnectionEvent,
    ErrorEvent,
    EscalationEvent,
    Event,
    PluginEvent,
    RateLimitDecision,
    RecoveryEvent,
    StateEvent,
    SuppressionEvent,
)
from recoup.factory import ErrorHandlerFactory
from recoup.guard import Guard, guard
from recoup.hookspecs import hookimpl
from recoup.host import Host
from recoup.operation import Call, Operation, OperationKind
from recoup.outcome import Decision, Outcome, Recovery, outcome_of
from recoup.patterns import ErrorPattern, ErrorPatternCache
from recoup.plugin_status import PluginStatus
from recoup.policies import (
    Admitter,
    CircuitBreakerConfig,
    CircuitStatus,
    FallbackConfig,
    FallbackStrategy,
    Gate,
    GateServer,
    Pacer,
    PolicyServer,
    ResultKeeper,
    RetryConfig,
)
from recoup.ports import OrderPort, VenuePort
from recoup.recovery import RecoveryStrategy

__all__ = [
    "UNCLASSIFIED",
    "Admitter",
    "BreakerEvent",
    "Call",
    "CircuitBreakerConfig",
    "CircuitOpen",
    "CircuitStatus",
    "Classification",
    "Clock",
    "Config",
    "ConfigError",
    "ConfigProblem",
    "ConnectionEvent",
    "Decision",
    "ErrorCategory",
    "ErrorContext",
    "ErrorEvent",
    "ErrorHandler",
    "ErrorHandlerFactory",
    "ErrorHandlingConfig",
    "ErrorPattern",
    "ErrorPatternCache",
    "ErrorSeverity",
    "EscalationEvent",
    "Event",
    "FailureReason",
    "FallbackConfig",
    "FallbackStrategy",
    "Gate",
    "GateServer",
    "Guard",
    "HandlerStateError",
    "HeldBack",
    "Host",
    "InvalidPlugin",
    "LRUCache",
    "Operation",
    "OperationKind",
    "OrderNotVerifiable",
    "OrderPort",
    "Outcome",
    "OutcomeUnknown",
    "Pacer",
    "PluginError",
    "PluginEvent",
    "PluginLoadError",
    "PluginSettings",
    "PluginStatus",
    "PluginTimeout",
    "PolicyServer",
    "PolicyUnavailable",
    "RateLimitDecision",
    "RecoupError",
    "Recovery",
    "RecoveryEvent",
    "RecoveryStrategy",
    "Refused",
    "ResultKeeper",
    "RetryConfig",
    "SanitizedError",
    "SecurityConfig",
    "SensitivityLevel",
    "ServiceDegraded",
    "SeverityConfig",
    "StateEvent",
    "SuppressionEvent",
    "SystemClock",
    "UnknownPlugin",
    "VenuePort",
    "enhanced_error_handler",
    "guard",
    "hookimpl",
    "outcome_of",
    "with_circuit_breaker",
    "with_fallback",
    "with_retry",
]
