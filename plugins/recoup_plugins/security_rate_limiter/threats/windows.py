"""What happened in the last minutes or hours, in memory that does not grow with how much it was.

Times are ticks, as in :mod:`recoup_plugins.security_rate_limiter.gcra`. A window slides in steps of one slot, so it
covers its span less at most one slot. Nothing here is thread-safe; its owner holds a lock.
"""

from __future__ import annotations

from collections import OrderedDict

from recoup_plugins.security_rate_limiter.gcra import TICKS_PER_SECOND

MINUTE = 60 * TICKS_PER_SECOND
SHORT = 5 * MINUTE
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class SlidingCount:
    """Counts events in a sliding window: a ring of slots and their sum.

    Args:
        span: ticks that the window covers.
        slots: steps in which it slides.
    """

    __slots__ = ("_counts", "_newest", "_slot", "_total")

    def __init__(self, span: int, slots: int) -> None:
        self._slot = span // slots
        self._counts = [0] * slots
        self._newest = 0
        self._total = 0

    def add(self, now: int, amount: int = 1) -> None:
        """Count what happened now."""
        slot = now // self._slot
        if slot > self._newest:
            self._slide(slot)
        self._counts[self._newest % len(self._counts)] += amount
        self._total += amount

    def take_back(self, then: int, now: int) -> None:
        """Take back one event that was counted at ``then``, if the window still covers it."""
        self.count(now)
        place = then // self._slot % len(self._counts)
        if self.covers(then, now) and self._counts[place]:
            self._counts[place] -= 1
            self._total -= 1

    def covers(self, then: int, now: int) -> bool:
        """Say whether a time is within the window that ends now."""
        return now // self._slot - then // self._slot < len(self._counts)

    def count(self, now: int) -> int:
        """Return the events in the window that ends now."""
        if self._total:
            slot = now // self._slot
            if slot > self._newest:
                self._slide(slot)
        return self._total

    def _slide(self, newest: int) -> None:
        passed = newest - self._newest
        counts = self._counts
        if passed >= len(counts) or not self._total:
            if self._total:
                counts[:] = [0] * len(counts)
                self._total = 0
        else:
            for number in range(self._newest + 1, newest + 1):
                place = number % len(counts)
                self._total -= counts[place]
                counts[place] = 0
        self._newest = newest


class SlidingDistinct:
    """Counts distinct keys in a sliding window; a key can be taken back.

    Exact while at most ``max_keys`` keys are in the window. Beyond them the oldest are no longer told apart: they stay
    counted, count again when they come again, and can't be taken back.

    Args:
        span: ticks that the window covers.
        slots: steps in which it slides.
        max_keys: keys that are told apart at a time.
    """

    __slots__ = ("_count", "_max_keys", "_seen")

    def __init__(self, span: int, slots: int, max_keys: int) -> None:
        self._count = SlidingCount(span, slots)
        self._max_keys = max_keys
        self._seen: OrderedDict[int, int] = OrderedDict()  # a dict would search for its first key

    def add(self, key: int, now: int) -> bool:
        """Count a key; return False where the window holds it already."""
        seen = self._seen
        then = seen.get(key)
        if then is not None:
            if self._count.covers(then, now):
                return False
            del seen[key]  # and in again below, so that the oldest stand first
        elif len(seen) >= self._max_keys:
            seen.popitem(last=False)
        seen[key] = now
        self._count.add(now)
        return True

    def discard(self, key: int, now: int) -> None:
        """Take a key back, as if it had never come."""
        then = self._seen.pop(key, None)
        if then is not None:
            self._count.take_back(then, now)

    def count(self, now: int) -> int:
        """Return the distinct keys in the window that ends now."""
        return self._count.count(now)
