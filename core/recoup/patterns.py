"""Error patterns, as the ``analyze`` hook gives them, and the cache that keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field
from attrs.validators import and_, ge, instance_of, le

from recoup.caches import LRUCache

if TYPE_CHECKING:
    from datetime import datetime

    from recoup.clock import Clock


@define
class ErrorPattern:
    """A pattern that was detected in the stream of errors.

    Attributes:
        pattern_id: unique identifier; the same pattern keeps it.
        pattern_type: ``frequency``, ``correlation``, ``trend`` or ``anomaly``.
        component: where it occurs.
        error_type: which errors it is made of.
        frequency: errors per hour.
        severity: ``critical``, ``high``, ``medium`` or ``low``.
        first_detected: first occurrence; aware.
        last_detected: most recent occurrence; aware.
        occurrence_count: occurrences in all.
        confidence: 0.0 to 1.0.
        description: for a human.
        suggested_action: what the operator should do.
        is_active: whether it is still going on.
    """

    pattern_id: str
    pattern_type: str
    component: str
    error_type: str
    frequency: float
    severity: str
    first_detected: datetime
    last_detected: datetime
    occurrence_count: int
    confidence: float = field(validator=and_(instance_of((int, float)), ge(0.0), le(1.0)))
    description: str
    suggested_action: str
    is_active: bool = True


class ErrorPatternCache:
    """The most recently seen error patterns, by ``pattern_id``. Thread-safe and task-safe.

    Args:
        max_size: patterns kept at most; the least recently used one goes first.
        ttl_hours: hours after which an unused pattern is dropped.
        clock: where the time comes from; the system's by default.
    """

    def __init__(self, max_size: int = 1000, ttl_hours: int = 24, *, clock: Clock | None = None) -> None:
        self.max_size = max_size
        self.ttl_hours = ttl_hours
        self._patterns: LRUCache[str, ErrorPattern] = LRUCache(max_size, ttl_hours * 3600.0, clock=clock)

    def __len__(self) -> int:
        return len(self._patterns)

    def add_pattern(self, pattern: ErrorPattern) -> None:
        """Keep a pattern; one with the same ``pattern_id`` is replaced."""
        self._patterns.set(pattern.pattern_id, pattern)

    def get_pattern(self, pattern_id: str) -> ErrorPattern | None:
        """Return a pattern, or None where it was never kept or has gone."""
        return self._patterns.get(pattern_id)

    def get_all_patterns(self) -> dict[str, ErrorPattern]:
        """Return the patterns kept, least recently used first."""
        return dict(self._patterns.items())

    def cleanup_expired(self) -> int:
        """Drop what has outlived its time; return how many went."""
        return self._patterns.cleanup()
