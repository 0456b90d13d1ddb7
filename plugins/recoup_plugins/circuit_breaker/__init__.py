"""Stops calls to a side that keeps failing, until a trial call shows that it is well again."""

from recoup_plugins.circuit_breaker.plugin import CircuitBreakerPlugin
from recoup_plugins.circuit_breaker.state import BreakerState, CircuitBreaker, Ending
from recoup_plugins.circuit_breaker.strategy import CircuitBreakerRecovery

__all__ = ["BreakerState", "CircuitBreaker", "CircuitBreakerPlugin", "CircuitBreakerRecovery", "Ending"]
