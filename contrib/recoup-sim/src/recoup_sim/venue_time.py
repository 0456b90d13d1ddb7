"""The venue's two times: windows run on the injected clock, timestamps on the machine's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from datetime import datetime

    from recoup.clock import Clock


@frozen(kw_only=True)
class _Drift:
    since: float
    until: float
    ms_per_second: float

    def at(self, now: float) -> int:
        return int((now - self.since) * self.ms_per_second)


class VenueTime:
    """Time as the venue sees it. Neither thread- nor task-safe by itself: the exchange locks.

    Clients stamp their requests with the machine's time, which no fake clock can move. So the
    venue's server time is the machine's time plus a skew, while bans, limits, windows and late
    acceptances run on the clock that the venue was given.

    Args:
        clock: Where windows read the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self._skew_ms = 0
        self._temporary: list[tuple[float, int]] = []
        self._drifts: list[_Drift] = []

    def seconds(self) -> float:
        """Return seconds of venue time since the venue was made."""
        return self._clock.monotonic() - self._started

    def now(self) -> datetime:
        """Return the clock's wall-clock time, aware and in UTC."""
        return self._clock.now()

    def clock_ms(self) -> int:
        """Return the clock's wall-clock time in milliseconds since 1970: what the end of a ban is told in."""
        return int(self._clock.now().timestamp() * 1000)

    def clock_ms_at(self, seconds: float) -> int:
        """Return what :meth:`clock_ms` is when the venue time is ``seconds``."""
        return self.clock_ms() + round((seconds - self.seconds()) * 1000)

    def server_ms(self) -> int:
        """Return the server time in milliseconds since 1970: the machine's plus skew and drift."""
        now = self.seconds()
        self._temporary = [(until, jump) for until, jump in self._temporary if now < until]
        self._drifts = [drift for drift in self._drifts if now < drift.until]
        skew = self._skew_ms + sum(jump for _, jump in self._temporary) + sum(drift.at(now) for drift in self._drifts)
        return time.time_ns() // 1_000_000 + skew

    def jump(self, milliseconds: int) -> None:
        """Move the server time by ``milliseconds``, for good."""
        self._skew_ms += milliseconds

    def jump_until(self, milliseconds: int, until: float) -> None:
        """Move the server time by ``milliseconds`` until the venue time is ``until`` seconds.

        What is past is dropped; what is not is bounded by the fault plan and the orders that it may hit.
        """
        self._temporary.append((until, milliseconds))

    def drift(self, ms_per_second: float, until: float) -> None:
        """Move the server time more and more, until the venue time is ``until`` seconds; then it is right again.

        As :meth:`jump_until`, so bounded.
        """
        self._drifts.append(_Drift(since=self.seconds(), until=until, ms_per_second=ms_per_second))
