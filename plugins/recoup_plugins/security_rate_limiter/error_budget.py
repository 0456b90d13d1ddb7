"""How many errors a minute are handled: ``error_handling.security.max_errors_per_minute``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from recoup.events import RateLimitDecision
from recoup_plugins.security_rate_limiter.gcra import TICKS_PER_SECOND, to_ticks
from recoup_plugins.security_rate_limiter.limiter import ALLOWED, bounded_name
from recoup_plugins.security_rate_limiter.operations import OperationNames
from recoup_plugins.security_rate_limiter.sliding_log import SlidingLogs

if TYPE_CHECKING:
    from recoup import Clock

_MINUTE = 60 * TICKS_PER_SECOND
_OF_A_COMPONENT = 10
"""So many times more are handled of all operations of a component together."""
_OWN_SHARE = 10
"""Part of its errors that an operation keeps while others use up the component's."""
_MAX_NAMES = 128
_MAX_OPERATIONS = 4_096
_MAX_COMPONENTS = 256


class ErrorBudget:
    """Limits the errors of each component and operation. Thread-safe and task-safe: counts are exact.

    No 60 seconds, wherever they begin, have more than ``max_errors`` of one component and operation. Nor have they more
    than ten times as many of one component, apart from a tenth of ``max_errors`` that each operation keeps, so that a
    storm in one does not hide what goes wrong in another. Of each component 128 operations are told apart and further
    ones count as one: names that a client makes up, such as the path of his request, get him no more. Memory is bounded
    by 4,096 operations and 256 components, two kilobytes each at most.

    Args:
        max_errors: errors a minute.
        clock: where the time comes from.
    """

    __slots__ = ("_clock", "_components", "_lock", "_max_errors", "_names", "_operations", "_share")

    def __init__(self, max_errors: int, clock: Clock) -> None:
        self._max_errors = max_errors
        self._share = max(1, max_errors // _OWN_SHARE)
        self._names = OperationNames(_is_never_given, _has_no_part, _MAX_NAMES)
        self._clock = clock
        self._lock = threading.Lock()
        self._operations = SlidingLogs(max_errors, _MINUTE, _MAX_OPERATIONS)
        self._components = SlidingLogs(_OF_A_COMPONENT * max_errors, _MINUTE, _MAX_COMPONENTS)

    def decide(self, component: str, operation: str) -> RateLimitDecision:
        """Say whether an error may be handled, and count it if so."""
        component, operation = bounded_name(component), bounded_name(operation)
        with self._lock:
            now = to_ticks(self._clock.monotonic())  # here, or else a later arrival might have the earlier time
            of_component = self._components.find(component, now)
            of_operation = self._operations.find((component, self._names.find(component, operation, now)), now)
            wait = of_operation.wait(now)
            if wait:
                return _refusal(wait, f"{self._max_errors} for one component and operation")
            wait = of_component.wait(now)
            if wait and of_operation.count(now) >= self._share:
                return _refusal(wait, f"{_OF_A_COMPONENT * self._max_errors} for all operations of one component")
            of_component.add(now)
            of_operation.add(now)
        return ALLOWED


def _is_never_given(_component: str, _operation: str) -> bool:
    return False


def _has_no_part(_operation: str) -> str:
    return ""


def _refusal(ticks: int, limit: str) -> RateLimitDecision:
    return RateLimitDecision(
        allowed=False, retry_after=ticks / TICKS_PER_SECOND, reason=f"max_errors_per_minute: {limit}"
    )
