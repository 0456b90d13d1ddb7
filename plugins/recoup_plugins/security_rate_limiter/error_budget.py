"""How many errors a minute are handled: ``error_handling.security.max_errors_per_minute``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from recoup.events import RateLimitDecision
from recoup_plugins.security_rate_limiter.gcra import TICKS_PER_SECOND, Limit, to_ticks
from recoup_plugins.security_rate_limiter.limiter import ALLOWED, bounded_name
from recoup_plugins.security_rate_limiter.tables import ArrivalTable

if TYPE_CHECKING:
    from recoup import Clock

_MAX_KEYS = 4_096


class ErrorBudget:
    """Limits the errors of each component and operation. Thread-safe and task-safe: counts are exact.

    ``max_errors`` may come at once; then one is let through for each ``60 / max_errors`` seconds that have passed.

    Args:
        max_errors: errors a minute.
        clock: where the time comes from.
    """

    __slots__ = ("_clock", "_limit", "_lock", "_table")

    def __init__(self, max_errors: int, clock: Clock) -> None:
        self._limit = Limit(count=max_errors, per=60.0)
        self._clock = clock
        self._lock = threading.Lock()
        self._table = ArrivalTable(_MAX_KEYS)

    def decide(self, component: str, operation: str) -> RateLimitDecision:
        """Say whether an error may be handled, and count it if so."""
        key = (bounded_name(component), bounded_name(operation))
        now = to_ticks(self._clock.monotonic())
        with self._lock:
            wait = self._table.admit(key, self._limit, now)
        if not wait:
            return ALLOWED
        return RateLimitDecision(
            allowed=False,
            retry_after=wait / TICKS_PER_SECOND,
            reason=f"max_errors_per_minute: {self._limit.count} for one component and operation",
        )
