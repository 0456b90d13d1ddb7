"""Stops calls to a side that keeps failing, until trial calls show that it is well again."""

from recoup_plugins.circuit_breaker.levels import LevelsGate, UnrefusedGate
from recoup_plugins.circuit_breaker.plugin import CircuitBreakerPlugin
from recoup_plugins.circuit_breaker.state import CircuitBreaker
from recoup_plugins.circuit_breaker.status import BreakerMode, BreakerState, BreakerStatus
from recoup_plugins.circuit_breaker.strategy import CircuitBreakerRecovery

__all__ = [
    "BreakerMode",
    "BreakerState",
    "BreakerStatus",
    "CircuitBreaker",
    "CircuitBreakerPlugin",
    "CircuitBreakerRecovery",
    "LevelsGate",
    "UnrefusedGate",
]
