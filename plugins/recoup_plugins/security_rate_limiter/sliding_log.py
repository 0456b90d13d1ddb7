"""Logs of the latest arrivals: never more than so many in any window, wherever the window begins.

GCRA keeps one number for each key, and lets its whole burst through beside what the rate allows: nearly twice the count
in a window that begins at the right moment. Where a limit is stated as so many a minute, the arrivals themselves are
kept. Up to 120 in a window each stands for itself, which is exact. Above that, arrivals within a 120th of the window
are one entry that leaves with its last, so that a key takes two kilobytes at most however large the limit: still never
more than allowed, and at most a 120th of the window later than possible.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from recoup_plugins.security_rate_limiter.tables import LiveTable

if TYPE_CHECKING:
    from collections.abc import Hashable

_ENTRIES = 120


class SlidingLog:
    """At most ``most`` arrivals in any ``span`` ticks, its end not included. Not thread-safe; its owner holds a lock.

    Args:
        most: arrivals in a window.
        span: ticks of the window.

    Attributes:
        expires: the tick from which on it is empty.
    """

    __slots__ = ("_begun", "_counts", "_grain", "_most", "_span", "_total", "_until", "expires")

    def __init__(self, most: int, span: int) -> None:
        self._most = most
        self._span = span
        self._grain = 0 if most <= _ENTRIES else span // _ENTRIES
        self._until = array("q")
        self._counts = array("q")
        self._total = 0
        self._begun = 0
        self.expires = 0

    def copy(self) -> SlidingLog:
        """Return another log with the same arrivals."""
        other = SlidingLog(self._most, self._span)
        other._until, other._counts = self._until[:], self._counts[:]
        other._total, other._begun, other.expires = self._total, self._begun, self.expires
        return other

    def wait(self, now: int) -> int:
        """Return the ticks until there is room for an arrival; 0: there is now."""
        if self._total < self._most:
            return 0
        self._forget(now)
        return self._until[0] - now if self._total >= self._most else 0

    def count(self, now: int) -> int:
        """Return the arrivals in the window that ends now."""
        self._forget(now)
        return self._total

    def add(self, now: int) -> None:
        """Keep an arrival, be there room for it or not."""
        self._forget(now)
        self.expires = max(self.expires, now + self._span)
        self._total += 1
        if self._until and now - self._begun <= self._grain:
            self._until[-1] = self.expires
            self._counts[-1] += 1
        else:
            self._until.append(self.expires)
            self._counts.append(1)
            self._begun = now

    def _forget(self, now: int) -> None:
        gone = 0
        for until in self._until:
            if until > now:
                break
            self._total -= self._counts[gone]
            gone += 1
        if gone:
            del self._until[:gone], self._counts[:gone]


class SlidingLogs:
    """Logs by key, ``max_keys`` at a time. Not thread-safe; its owner holds a lock.

    Keys that find no room share one log, so that making up names gains nothing. One that finds room later takes over
    what was counted there: perhaps too much, never too little.

    Args:
        most: arrivals of one key in a window.
        span: ticks of the window.
        max_keys: keys followed apart at most.
    """

    __slots__ = ("_crowd", "_most", "_span", "_table")

    def __init__(self, most: int, span: int, max_keys: int) -> None:
        self._most = most
        self._span = span
        self._table: LiveTable[SlidingLog] = LiveTable(max_keys, _expiry)
        self._crowd = SlidingLog(most, span)

    def __len__(self) -> int:
        return len(self._table)

    def find(self, key: Hashable, now: int) -> SlidingLog:
        """Return the log in which a key is counted."""
        log = self._table.get(key)
        if log is None:
            log = self._crowd.copy() if self._crowd.expires > now else SlidingLog(self._most, self._span)
            if not self._table.put(key, log, now):
                return self._crowd
        return log


def _expiry(log: SlidingLog) -> int:
    return log.expires
