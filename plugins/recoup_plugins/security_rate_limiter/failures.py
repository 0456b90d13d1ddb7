"""Delays that grow with failures and fade with time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from recoup_plugins.security_rate_limiter.gcra import to_ticks
from recoup_plugins.security_rate_limiter.tables import ArrivalSketch, LiveTable

if TYPE_CHECKING:
    from collections.abc import Hashable

    from recoup_plugins.security_rate_limiter.config import FailureDelays

_LENIENT = 8
"""Longest delay of a source that many users share, in ``base_delay``."""


class _Failures(NamedTuple):
    forgotten_at: int
    blocked_until: int


class FailureLedger:
    """Remembers who failed how often, and until when each is held back.

    Followed exactly for ``max_keys`` keys at a time; nobody's entry goes before its failures are forgotten. The last
    quarter of the room is kept for heavy hitters: from then on a newcomer's failures are counted in a sketch, which a
    flood of keys that fail once or twice can't fill, and only one with more than the free failures gets an entry. A
    failure of somebody for whom there is no room at all counts for his group, which is held back for ``base_delay`` at
    most: a crowd can slow its neighbours down a little, and lock out nobody. Not thread-safe; its owner holds a lock.

    Args:
        delays: the delays.
        max_keys: keys followed at a time, and as many groups.
    """

    __slots__ = ("_base", "_doubt", "_forget", "_free", "_groups", "_max", "_most", "_own", "_unreserved")

    def __init__(self, delays: FailureDelays, max_keys: int) -> None:
        self._free = delays.free
        self._base = max(1, to_ticks(delays.base_delay))
        self._max = to_ticks(delays.max_delay)
        self._forget = max(1, to_ticks(delays.forget_after))
        # Failures beyond those of the longest delay would only make it take longer to be forgiven.
        self._most = delays.free + 1 + math.ceil(math.log2(delays.max_delay / delays.base_delay))
        self._own: LiveTable[_Failures] = LiveTable(max_keys, max)
        self._groups: LiveTable[_Failures] = LiveTable(max_keys, max)
        self._unreserved = max_keys - max_keys // 4
        self._doubt: ArrivalSketch | None = None

    def __len__(self) -> int:
        return len(self._own) + len(self._groups)

    def record(
        self, key: Hashable, group: Hashable, now: int, *, is_strict: bool = False, is_lenient: bool = False
    ) -> bool:
        """Count a failure, and say whether it was free: nobody is held back for it.

        Args:
            key: who failed.
            group: whom to count it for where there is no room for ``key``.
            now: the time in ticks.
            is_strict: whether one failure is free at most, instead of as many as configured.
            is_lenient: whether the delay grows to eight times ``base_delay`` at most.
        """
        free = min(1, self._free) if is_strict else self._free
        before = self._own.get(key)
        if before is None and len(self._own) >= self._unreserved:
            before = self._doubted(key, now)
            if self._count(before.forgotten_at, now) < free:
                return True
        longest = min(self._max, _LENIENT * self._base) if is_lenient else self._max
        after = self._worse(before, now, longest, free)
        if not self._own.put(key, after, now):
            after = self._worse(self._groups.get(group), now, self._base, free)
            self._groups.put(group, after, now)
        return after.blocked_until <= now

    def forgive(self, key: Hashable, now: int) -> None:
        """Forget the failures of somebody who has succeeded."""
        if self._own.get(key) is not None:
            self._own.put(key, _Failures(0, 0), now)

    def blocked_until(self, key: Hashable, group: Hashable) -> int:
        """Return the tick until which requests are refused; 0 or in the past: they are not."""
        failures = self._own.get(key)
        if failures is None:
            failures = self._groups.get(group)
        return 0 if failures is None else failures.blocked_until

    def _doubted(self, key: Hashable, now: int) -> _Failures:
        """Count a failure in the sketch; return what the key had before it."""
        if self._doubt is None:
            self._doubt = ArrivalSketch()
        before = max(self._doubt.get(key), now)
        self._doubt.put(key, min(before + self._forget, now + self._most * self._forget))
        return _Failures(before, 0)

    def _worse(self, before: _Failures | None, now: int, longest: int, free: int) -> _Failures:
        start = now if before is None else max(before.forgotten_at, now)
        forgotten_at = min(start + self._forget, now + self._most * self._forget)
        beyond = self._count(forgotten_at, now) - free
        blocked_until = 0 if before is None else before.blocked_until
        if beyond > 0:
            blocked_until = max(blocked_until, now + min(self._base << (beyond - 1), longest))
        return _Failures(forgotten_at, blocked_until)

    def _count(self, forgotten_at: int, now: int) -> int:
        return -(-(forgotten_at - now) // self._forget)
