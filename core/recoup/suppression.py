"""Counts the errors that a rate limit kept from being handled, so that none is dropped in silence."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from attrs import define

from recoup.events import SuppressionEvent

if TYPE_CHECKING:
    from recoup.clock import Clock

SUPPRESSED_KEYS = 1000
"""Pairs of component and operation whose suppressed errors are counted apart; the rest share one count."""
SUMMARY_SECONDS = 60.0
"""How long a count waits for an error of its own operation to be let through, which would tell it at once."""

_OTHERS = ("(others)", "(others)")


@define
class _Count:
    since: float
    reason: str
    errors: int = 0


class Suppressions:
    """Sums up suppressed errors by component and operation. Thread-safe and task-safe.

    Args:
        clock: where the time comes from.
    """

    __slots__ = ("_clock", "_counts", "_lock", "_oldest")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], _Count] = {}
        self._oldest = float("inf")

    def __len__(self) -> int:
        """Return how many sums are not yet told."""
        return len(self._counts)

    def add(self, component: str, operation: str, reason: str) -> None:
        """Count one error, with the limit's own words."""
        key = (component, operation)
        now = self._clock.monotonic()
        with self._lock:
            if key not in self._counts and len(self._counts) >= SUPPRESSED_KEYS:
                key = _OTHERS
            count = self._counts.get(key)
            if count is None:
                count = self._counts[key] = _Count(now, reason)
                self._oldest = min(self._oldest, now)
            count.errors += 1

    def due(self, component: str = "", operation: str = "") -> list[SuppressionEvent]:
        """Take out the sums that have waited for a minute, and that of an operation which was let through."""
        if not self._counts:
            return []
        own = (component, operation)
        now = self._clock.monotonic()
        with self._lock:
            keys = [own] if own in self._counts else []
            if now - self._oldest >= SUMMARY_SECONDS:
                keys += [key for key, count in self._counts.items() if now - count.since >= SUMMARY_SECONDS]
            return self._take(dict.fromkeys(keys))

    def all(self) -> list[SuppressionEvent]:
        """Take out every sum."""
        with self._lock:
            return self._take(dict.fromkeys(self._counts))

    def _take(self, keys: dict[tuple[str, str], None]) -> list[SuppressionEvent]:
        taken = [(key, self._counts.pop(key)) for key in keys]
        if taken:
            self._oldest = min((count.since for count in self._counts.values()), default=float("inf"))
        return [
            SuppressionEvent(component=component, operation=operation, count=count.errors, reason=count.reason)
            for (component, operation), count in taken
        ]
