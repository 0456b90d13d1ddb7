"""Waits until a venue is back from maintenance: calls are held, and one at a time is let through to see.

A waiting call is the probe. That needs no port and no task of the plugin's own, and a waiting call that is cancelled
leaves nothing behind: whichever asks next is let through instead. What it cannot see is a success, so a venue counts
as back when a probe has not failed within ``probe_grace``; should that prove wrong, the next refusal resumes the same
maintenance where it was, and the ramp-up has kept the number of calls sent in between small.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from attrs import define, field, frozen
from attrs.validators import ge, gt, instance_of

from recoup import FailureReason, FallbackConfig, Recovery, StateEvent, hookimpl

if TYPE_CHECKING:
    from recoup import ErrorContext, Host, Operation

_NUMBER = instance_of((int, float))
_LONGEST_WAIT = 86_400.0
"""Whatever asks for more than a day is not taken at its word."""
_NORMAL, _MAINTENANCE = "normal", "maintenance"


@frozen(kw_only=True)
class ExchangeMaintenanceConfig:
    """How a venue in maintenance is probed. Immutable; all times in seconds.

    Attributes:
        initial_interval: from the first refusal to the first probe.
        interval_factor: by which the interval grows with each failed probe.
        max_interval: most that it grows to. A wait that the venue itself asks for takes precedence over all three.
        probe_grace: time without a failure after which the venue counts as back.
        release_interval: between two held calls once it is.
        max_wait: maintenance that has lasted or will last longer makes a refusal final.
        max_venues: venues kept at most.
    """

    initial_interval: float = field(default=5.0, validator=[_NUMBER, gt(0)])
    interval_factor: float = field(default=2.0, validator=[_NUMBER, ge(1)])
    max_interval: float = field(default=60.0, validator=[_NUMBER, gt(0)])
    probe_grace: float = field(default=2.0, validator=[_NUMBER, gt(0)])
    release_interval: float = field(default=0.05, validator=[_NUMBER, gt(0)])
    max_wait: float = field(default=14_400.0, validator=[_NUMBER, gt(0)])
    max_venues: int = field(default=256, validator=[instance_of(int), ge(1)])


@define(eq=False)
class _Venue:
    """What is known of one venue since its maintenance began. Not thread-safe: the plugin's lock guards it.

    ``closed_until`` is the time of the next probe or, while one is under way, the end of its grace.
    """

    config: ExchangeMaintenanceConfig
    since: float
    state: str = _NORMAL
    probing: bool = False
    closed_until: float = 0.0
    ramp_until: float = float("-inf")
    _interval: float = 0.0
    _next_turn: float = 0.0
    _free_at: float = 0.0

    def refuse(self, now: float, retry_after: float | None) -> None:
        """Take note of a refusal, and set the time of the next probe."""
        if self.state == _MAINTENANCE and not self.probing and now < self.closed_until:
            # It was sent before the venue was known to be down: no probe has failed.
            self._close(max(self.closed_until, now + min(retry_after or 0.0, _LONGEST_WAIT)))
            return
        if now >= self.closed_until + self.config.max_interval:
            self.since = now
            self._interval = 0.0
        grown = self._interval * self.config.interval_factor
        self._interval = min(grown or self.config.initial_interval, self.config.max_interval)
        self.state, self.probing = _MAINTENANCE, False
        self._close(now + min(retry_after or self._interval, _LONGEST_WAIT))

    def reopen(self, now: float) -> bool:
        """Return whether the venue is back: a probe was let through and has not failed."""
        if not self.probing or now < self.closed_until:
            return False
        self.state, self.probing = _NORMAL, False
        self._free_at = now
        self.ramp_until = max(self._next_turn, now)
        return True

    def admit(self, now: float) -> float:
        """Return 0.0 to let one call go, or the seconds after which it should ask again."""
        if self.state == _NORMAL:
            return self._ramp(now)
        if self.probing or now < self.closed_until:
            return self._take_turn(now)
        self.probing = True
        self._close(now + self.config.probe_grace)
        return 0.0

    def _ramp(self, now: float) -> float:
        interval = self.config.release_interval
        if now >= self.ramp_until:
            return 0.0
        # Half an interval of tolerance: timers fire late and a late call must not push back all that follow.
        if now < self._free_at - interval / 2:
            return self._take_turn(now)
        self._free_at = max(self._free_at, now) + interval
        return 0.0

    def _take_turn(self, now: float) -> float:
        turn = max(self._next_turn, now)
        self._next_turn = turn + self.config.release_interval
        return turn - now

    def _close(self, until: float) -> None:
        if until != self.closed_until:
            self.closed_until = self._next_turn = until


class ExchangeMaintenance:
    """Holds every call to a venue in maintenance, lets one through at each probe time, and ramps up when it is back.

    Venues are told apart by the operation's ``key``, else by the component. A refused call is repeated if it is known
    that it was not executed, or if repeating it does no harm.

    Thread-safe and task-safe.

    Attributes:
        holds: keys of venues in maintenance, or still ramping up.
    """

    Config: ClassVar[type[ExchangeMaintenanceConfig]] = ExchangeMaintenanceConfig

    def __init__(self, config: ExchangeMaintenanceConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._lock = threading.Lock()
        self._venues: dict[str, _Venue] = {}
        self.holds: set[str] = set()

    @hookimpl
    def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:  # noqa: ARG002 - the hook's own
        """Note that the venue is in maintenance, and have the call repeated when it is probed next."""
        classification = context.classification
        if classification is None:
            return None
        key = (context.call.operation.key if context.call is not None else None) or context.component
        if classification.reason is not FailureReason.MAINTENANCE:
            if classification.reason in _SILENT:
                self._probe_failed(key)
            return None
        lasted = self._refused(key, classification.retry_after)
        return self._answer(context, key, lasted) if context.may_send_again else None

    def delay(self, operation: Operation, component: str) -> float:
        """Hold a call back until the venue is probed, and let exactly one through to probe it."""
        return self._hold(operation.key or component)

    def _hold(self, key: str) -> float:
        venue = self._venues.get(key)
        if venue is None:
            return 0.0
        with self._lock:
            now = self._host.clock.monotonic()
            back = venue.reopen(now)
            lasted = now - venue.since
            wait = venue.admit(now)
            if venue.state == _NORMAL and now >= venue.ramp_until:
                self.holds.discard(key)
        if back:
            self._publish(key, _MAINTENANCE, _NORMAL, f"back after {lasted:.2f} s; held calls go one at a time")
        return wait

    def _refused(self, key: str, retry_after: float | None) -> float:
        with self._lock:
            now = self._host.clock.monotonic()
            venue = self._venues.get(key) or self._make_room_for(key, now)
            self.holds.add(key)
            # A probe may well take longer than its grace; only a long silence tells that it went through.
            back = now >= venue.closed_until + self._config.max_interval and venue.reopen(now)
            old = venue.state
            venue.refuse(now, retry_after)
            probe_in = venue.closed_until - now
            lasted = now - venue.since
        if back:
            self._publish(key, _MAINTENANCE, _NORMAL, "the last probe was not refused")
        if old == _NORMAL:
            self._publish(key, _NORMAL, _MAINTENANCE, f"the next call goes in {probe_in:.2f} s")
        return lasted

    def _probe_failed(self, key: str) -> None:
        venue = self._venues.get(key)
        if venue is None:
            return
        with self._lock:
            if venue.probing:
                venue.refuse(self._host.clock.monotonic(), None)

    def _make_room_for(self, key: str, now: float) -> _Venue:
        if len(self._venues) >= self._config.max_venues:
            # One that is back has nothing left to hold; else the one that is probed soonest.
            forgotten = min(
                self._venues,
                key=lambda name: (self._venues[name].state == _MAINTENANCE, self._venues[name].closed_until),
            )
            del self._venues[forgotten]
            self.holds.discard(forgotten)
        venue = self._venues[key] = _Venue(self._config, since=now)
        return venue

    def _answer(self, context: ErrorContext, key: str, lasted: float) -> Recovery | None:
        wait = self._hold(key)
        remaining = context.call.remaining(self._host.clock.monotonic()) if context.call is not None else None
        if remaining is not None and wait >= remaining:
            limit = f"the call's deadline is in {max(0.0, remaining):.2f} s"
        elif lasted + wait > self._config.max_wait:
            limit = f"max_wait is {self._config.max_wait:.2f} s"
        else:
            return Recovery.retry(wait, detail=f"{key} is in maintenance for {lasted:.2f} s, tried in {wait:.2f} s")
        if context.call is not None and context.call.policy(FallbackConfig) is not None:
            context.call.may_repeat = False  # so that its fallback has its turn
            return None
        return Recovery.give_up(f"{key} is in maintenance for {lasted:.2f} s, tried next in {wait:.2f} s, and {limit}")

    def _publish(self, key: str, old: str, new: str, detail: str) -> None:
        self._host.publish(StateEvent(subject=f"venue:{key}", old=old, new=new, detail=detail))


_SILENT = frozenset(
    {
        FailureReason.TIMEOUT,
        FailureReason.CONNECTION_FAILED,
        FailureReason.CONNECTION_LOST,
        FailureReason.SERVER_ERROR,
        FailureReason.BAD_RESPONSE,
    }
)
"""Failures that tell, of a probe, that the venue is not back."""
