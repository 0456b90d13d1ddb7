"""How much time is known to have passed, whatever the wall clock was set to.

A wall clock that is set a year ahead must not have a year's records removed. So an age is told by two clocks: within a
run by the monotonic one, which nobody sets. Between two runs nothing tells a pause from a clock that was set meanwhile,
so a pause counts for a day at most, and for half of what retention keeps. By how much the wall clock is ahead of that
time is signed with each head and each seal, and so outlasts the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from recoup import Clock

FURTHEST = 10**12
"""Seconds ahead that are believed of a line; no calendar of :mod:`datetime` has as many."""
_LONGEST_PAUSE = 86_400.0
_STEP = 5.0
"""Seconds beyond which the two clocks are said to differ; a busy machine may read them as far apart as that."""


class AgeClock:
    """Tells how far the wall clock is ahead of the time that is known to have passed. Thread-safe and task-safe.

    :meth:`step` belongs to whoever writes the records, one at a time.

    Args:
        clock: the wall clock and the monotonic one.
        latest: what the wall clock showed when the trail was last signed; None for never.
        ahead: by how many seconds it was ahead then.
        retain_seconds: age at which segments are removed; None for never.
    """

    def __init__(self, clock: Clock, latest: datetime | None, ahead: int, retain_seconds: float | None) -> None:
        self._clock = clock
        self._wall, self._monotonic = clock.now(), clock.monotonic()
        pause = 0.0 if latest is None else (self._wall - latest).total_seconds()
        longest = _LONGEST_PAUSE if retain_seconds is None else min(_LONGEST_PAUSE, retain_seconds / 2)
        self._base = ahead + pause - min(max(pause, 0.0), longest)
        self._stated = ahead

    def ahead(self) -> int:
        """Return by how many seconds the wall clock is ahead; below 0: it was set back."""
        wall = (self._clock.now() - self._wall).total_seconds()
        return round(self._base + wall - (self._clock.monotonic() - self._monotonic))

    def step(self) -> tuple[int, int] | None:
        """Return how far the wall clock is ahead and how much of that is new, if it was set since the last call."""
        ahead = self.ahead()
        step = ahead - self._stated
        if abs(step) <= _STEP:
            return None
        self._stated = ahead
        return ahead, step

    def age(self, moment: datetime, ahead: int) -> float:
        """Return the seconds that are known to have passed since a moment.

        Args:
            moment: what the wall clock showed.
            ahead: by how many seconds it was ahead then.
        """
        return (self._clock.now() - moment).total_seconds() - (self.ahead() - ahead)


def is_believable(ahead: object) -> bool:
    """Tell whether a value read from a line can be the seconds that a clock was ahead."""
    return type(ahead) is int and abs(ahead) <= FURTHEST
