"""The seed's circuit-breaker strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from recoup import CircuitBreakerConfig, Classification, OperationKind, SystemClock
from recoup_plugins.circuit_breaker.state import CircuitBreaker
from recoup_plugins.circuit_breaker.status import BreakerState

if TYPE_CHECKING:
    from recoup import Clock


class CircuitBreakerRecovery:
    """Lets recoveries go on until failures mount up, then none for a while. A :class:`recoup.RecoveryStrategy`.

    One instance is one circuit: share it among the contexts whose failures belong together. Thread-safe and task-safe.

    Args:
        failure_threshold: failures in a row that open the circuit, at least 1.
        recovery_timeout: seconds that it stays open; more than 0. A pause of that length between two failures starts
            the count anew, since a strategy never hears of successes.
        clock: where the time comes from; the system's by default.
    """

    def __init__(self, failure_threshold: int = 5, recovery_timeout: float = 60, *, clock: Clock | None = None) -> None:
        config = CircuitBreakerConfig(failure_threshold=failure_threshold, recovery_timeout=recovery_timeout)
        self._breaker = CircuitBreaker("CircuitBreakerRecovery", config, clock=clock or SystemClock())
        self._failure_threshold = failure_threshold

    @property
    def max_attempts(self) -> int:
        """Recoveries for one context at most: as many as there are failures until the circuit opens."""
        return self._failure_threshold

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half_open``."""
        return self._breaker.state.value

    def can_recover(self, error: Exception, context: dict[str, Any]) -> bool:  # noqa: ARG002 - protocol
        """Say whether the circuit is not open."""
        return self._breaker.state is not BreakerState.OPEN

    async def recover(
        self,
        error: Exception,  # noqa: ARG002 - protocol
        context: dict[str, Any],
    ) -> dict[str, Any] | Literal[False]:
        """Count the failure.

        Returns:
            ``action`` (``"retry"``) and ``state`` while the circuit is closed. False where this failure, or an earlier
            one, has opened it, or where a side effect may have happened: a :class:`recoup.Classification` under
            ``classification`` says so, or, without one, an ``operation`` that creates or changes an order by its name.
        """
        self._breaker.record_failure()
        state = self._breaker.state
        if state is not BreakerState.CLOSED or not _may_send_again(context):
            return False
        return {"action": "retry", "state": state.value}


def _may_send_again(context: dict[str, Any]) -> bool:
    kind = OperationKind.from_name(context.get("operation") or "")
    classification = context.get("classification")
    if isinstance(classification, Classification):
        return classification.outcome_known or kind.repeatable
    return kind not in (OperationKind.SUBMIT, OperationKind.AMEND)
