"""One venue since its maintenance began."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from datetime import datetime

    from recoup_plugins.exchange_maintenance.config import ExchangeMaintenanceConfig

LONGEST_WAIT = 86_400.0
"""Seconds; whatever asks for more than a day is not taken at its word."""


class VenueState(Enum):
    """What is known of a venue; the values name it in events.

    ===========  ================  ===========================================  ===========
    state        what may go       what happened                                next state
    ===========  ================  ===========================================  ===========
    NORMAL       all               a refusal says that it is in maintenance     MAINTENANCE
    MAINTENANCE  nothing, or one   a probe through the port has succeeded       RECOVERING
                 call as a probe   a call let through as a probe has not        NORMAL
                                   failed in its grace
    NORMAL       all               a refusal says that it takes cancels alone   CANCEL_ONLY
    MAINTENANCE  nothing           the probe says that it takes cancels alone   CANCEL_ONLY
    CANCEL_ONLY  cancels, reads,   the next probe through the port succeeds     RECOVERING
                 or one order      an order let through as a probe has not      NORMAL
                 as a probe        failed in its grace
    CANCEL_ONLY  cancels, reads    the next probe fails                         MAINTENANCE
    RECOVERING   cancels, reads    both sides agree again                       NORMAL
    RECOVERING   cancels, reads    they could not be compared, or it refuses    MAINTENANCE
    ===========  ================  ===========================================  ===========
    """

    NORMAL = "normal"
    MAINTENANCE = "maintenance"
    CANCEL_ONLY = "cancel_only"
    RECOVERING = "recovering"


_ON_ITS_WAY = frozenset({VenueState.CANCEL_ONLY, VenueState.RECOVERING})
"""States in which a refusal belongs to the maintenance that it was in before."""


@define(eq=False)
class Venue:
    """What is known of one venue since its maintenance began. Not thread-safe: the plugin's lock guards it.

    ``closed_until`` is the time of the next probe or, while one is under way, the end of its grace.

    Attributes:
        config: the plugin's.
        since: :meth:`Clock.monotonic` of the first refusal.
        began: the wall-clock time of it.
        state: what is known.
        probing: whether a call was let through as a probe.
        has_prober: whether a task probes it through its port, so that no call has to.
        closed_until: see above.
        due: by when the task that probes it must have acted; beyond it a call is let through as a probe all the same,
            since the task's event loop may have ended, or be blocked by that very call.
        ramp_until: until when calls go one at a time.
    """

    config: ExchangeMaintenanceConfig
    since: float
    began: datetime
    state: VenueState = VenueState.NORMAL
    probing: bool = False
    has_prober: bool = False
    closed_until: float = 0.0
    due: float = float("-inf")
    ramp_until: float = float("-inf")
    _interval: float = 0.0
    _next_turn: float = 0.0
    _free_at: float = 0.0

    def refuse(
        self,
        now: float,
        wall: datetime,
        retry_after: float | None,
        expected: float = 0.0,
        *,
        new: VenueState = VenueState.MAINTENANCE,
    ) -> None:
        """Take note of a refusal, and set the time of the next probe.

        Args:
            now: :meth:`Clock.monotonic`.
            wall: :meth:`Clock.now`.
            retry_after: what the venue asks for, or None.
            expected: how long it is likely to last, 0.0 where nobody can tell.
            new: CANCEL_ONLY where it takes cancels alone.
        """
        if self.state is new and not self.probing and now < self.closed_until:
            # It was sent before the venue was known to be down: no probe has failed.
            self._close(max(self.closed_until, now + min(retry_after or 0.0, LONGEST_WAIT)))
            return
        if now >= self.closed_until + self.config.max_interval and self.state not in _ON_ITS_WAY:
            self.since, self.began = now, wall
            self._interval = 0.0
        grown = self._interval * self.config.interval_factor
        self._interval = min(grown or self.config.initial_interval, self.config.max_interval)
        self.state, self.probing = new, False
        self._close(now + min(retry_after or max(self._interval, expected), LONGEST_WAIT))

    def reopen(self, now: float) -> bool:
        """Return whether the venue is back: a probe was let through and has not failed."""
        if not self.probing or now < self.closed_until:
            return False
        self.ramp(now)
        return True

    def limit(self, until: float) -> None:
        """Let cancels and reads go until the next probe."""
        self.state, self.probing = VenueState.CANCEL_ONLY, False
        self._close(until)

    def restore(self, now: float) -> None:
        """Take the venue for answering, while both sides are brought in line."""
        self.state = VenueState.RECOVERING
        self.due = now + self.config.restore_timeout + self.config.max_interval

    def postpone(self, until: float) -> None:
        """Probe no sooner than that."""
        self._close(max(self.closed_until, until))

    def ramp(self, now: float) -> None:
        """Take the venue for back: what was held goes, one call at a time."""
        self.state, self.probing = VenueState.NORMAL, False
        self._free_at = now
        self.ramp_until = max(self._next_turn, now)

    def admit(self, now: float) -> float:
        """Return 0.0 to let one call go, or the seconds after which it should ask again."""
        if self.state is VenueState.NORMAL:
            return self._ramp(now)
        if self.has_prober and now < self.due:
            # Told to ask again soon after the probe, and not let through.
            return max(self.config.release_interval, self._take_turn(max(now, self.closed_until), now))
        if self.probing or now < self.closed_until:
            return self._take_turn(now, now)
        self.probing = True
        self._close(now + self.config.probe_grace)
        return 0.0

    def _ramp(self, now: float) -> float:
        interval = self.config.release_interval
        if now >= self.ramp_until:
            return 0.0
        # Half an interval of tolerance: timers fire late and a late call must not push back all that follow.
        if now < self._free_at - interval / 2:
            return self._take_turn(now, now)
        self._free_at = max(self._free_at, now) + interval
        return 0.0

    def _take_turn(self, earliest: float, now: float) -> float:
        turn = max(self._next_turn, earliest)
        self._next_turn = turn + self.config.release_interval
        return turn - now

    def _close(self, until: float) -> None:
        if until != self.closed_until:
            self.closed_until = self._next_turn = until
        self.due = until + self.config.probe_timeout + self.config.max_interval
