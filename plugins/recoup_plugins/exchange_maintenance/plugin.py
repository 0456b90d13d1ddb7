"""The scenario for a venue in maintenance.

A venue with a ``venue`` port is probed by a task of the plugin's own. Without a port, or without an event loop, a
waiting call is the probe: whichever asks first at the probe time is let through, and one that is cancelled leaves
nothing behind. What such a probe cannot show is a success, so the venue counts as back when it has not failed within
``probe_grace``; should that prove wrong, the next refusal resumes the same maintenance where it was, and the ramp-up
has kept the number of calls sent in between small.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from recoup import FailureReason, FallbackConfig, Recovery, StateEvent, hookimpl
from recoup_plugins.exchange_maintenance.config import ExchangeMaintenanceConfig
from recoup_plugins.exchange_maintenance.prober import Prober
from recoup_plugins.exchange_maintenance.venue import LONGEST_WAIT, Venue, VenueState
from recoup_plugins.exchange_maintenance.windows import Calendar, MaintenanceWindow

if TYPE_CHECKING:
    from datetime import datetime

    from recoup import Classification, ErrorContext, Host, Operation

_WAITING_FOR_THE_END = 1.0
"""Seconds after an announced end until the first call; clocks differ."""


class ExchangeMaintenance:
    """Holds every call to a venue in maintenance, has it probed one request at a time, and ramps up when it is back.

    A venue is in maintenance when it says so in an answer, or when it has announced it (:meth:`announce`, ``windows``):
    within an announced window nothing is sent at all, or cancels and questions alone where it is ``cancel_only``. When
    a probe through the port has succeeded, the client's clock is set, markets are loaded again, so are the books of the
    markets in use, and both sides are compared; new orders wait until that has been done.

    Venues are told apart by the operation's ``key``, else by the component. A refused call is repeated if it is known
    that it was not executed, or if repeating it does no harm. :class:`VenueState` has the table of states.

    Thread-safe and task-safe.

    Attributes:
        holds: keys of venues in maintenance, about to be, or still ramping up.
    """

    Config: ClassVar[type[ExchangeMaintenanceConfig]] = ExchangeMaintenanceConfig

    def __init__(self, config: ExchangeMaintenanceConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._lock = threading.Lock()
        self._venues: dict[str, Venue] = {}
        self._calendar = Calendar()
        self._prober = Prober(self, host, config)
        self.holds: set[str] = set()
        for window in config.windows:
            self.announce(window.key, window.start, window.end, cancel_only=window.cancel_only)

    def announce(self, key: str, start: datetime, end: datetime, *, cancel_only: bool = False) -> None:
        """Take note of a maintenance that a venue has announced.

        Args:
            key: the venue's.
            start: when it begins; aware.
            end: when it ends; aware.
            cancel_only: whether cancels and questions are still answered.

        Raises:
            ValueError: a time has no time zone, or the end is not after the start.
        """
        window = MaintenanceWindow(key=key, start=start, end=end, cancel_only=cancel_only)
        with self._lock:
            self._calendar.announce(window, self._host.clock.now())
            self.holds.add(key)

    def state(self, key: str) -> VenueState:
        """Return what is known of a venue."""
        window = self._calendar.current(key, self._host.clock.now())
        if window is not None:
            return VenueState.CANCEL_ONLY if window.cancel_only else VenueState.MAINTENANCE
        venue = self._venues.get(key)
        return VenueState.NORMAL if venue is None else venue.state

    @hookimpl
    def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:  # noqa: ARG002 - the hook's own
        """Note that the venue is in maintenance, and have the call repeated when it is probed next."""
        classification = context.classification
        if classification is None:
            return None
        operation = context.call.operation if context.call is not None else None
        key = (operation.key if operation is not None else None) or context.component
        new = _state_after(classification)
        if operation is not None and operation.symbol is not None and (new is not None or key in self._venues):
            self._prober.note_symbol(key, operation.symbol)
        if new is None:
            if classification.reason in _SILENT:
                self._probe_failed(key)
            return None
        lasted = self._refused(key, classification.retry_after, new)
        return self._answer(context, key, lasted) if context.may_send_again else None

    def delay(self, operation: Operation, component: str) -> float:
        """Hold a call back until the venue is back; let exactly one through to probe it where nobody else does."""
        key = operation.key or component
        if key not in self.holds:
            return 0.0
        window = self._calendar.current(key, self._host.clock.now())
        if window is not None:
            if window.cancel_only and not operation.kind.is_side_effect:
                return 0.0
            return self._until_end(window)
        return self._hold(key, operation)

    def refused(self, key: str, retry_after: float | None) -> None:
        """Take note that a probe has failed; ``retry_after`` is what the venue asks for, or None."""
        with self._lock:
            self._venues[key].refuse(self._host.clock.monotonic(), self._host.clock.now(), retry_after)

    def enter(self, key: str, new: VenueState, detail: str = "") -> None:
        """Go on from maintenance: to CANCEL_ONLY until the next probe, to RECOVERING, or to NORMAL."""
        with self._lock:
            venue = self._venues[key]
            now = self._host.clock.monotonic()
            old, lasted = venue.state, now - venue.since
            if new is VenueState.CANCEL_ONLY:
                venue.limit(now + self._config.max_interval)
            elif new is VenueState.NORMAL:
                venue.ramp(now)
                self._calendar.remember(key, venue.began, self._host.clock.now() - venue.began)
            else:
                venue.restore(now)
        if old is not new:
            self._publish(key, old, new, detail or f"after {lasted:.2f} s")

    def next_probe(self, key: str) -> float:
        """Return the seconds until a venue is probed next; not within a window in which it is asked nothing."""
        window = self._calendar.current(key, self._host.clock.now())
        with self._lock:
            venue, now = self._venues[key], self._host.clock.monotonic()
            if window is not None and not window.cancel_only:
                venue.postpone(now + self._until_end(window))
            return max(0.0, venue.closed_until - now)

    def lasted(self, key: str) -> float:
        """Return the seconds since the maintenance of a venue began."""
        return self._host.clock.monotonic() - self._venues[key].since

    def _until_end(self, window: MaintenanceWindow) -> float:
        return (window.end - self._host.clock.now()).total_seconds() + _WAITING_FOR_THE_END

    def _hold(self, key: str, operation: Operation | None) -> float:
        venue = self._venues.get(key)
        if venue is None:
            with self._lock:
                if key not in self._calendar:
                    self.holds.discard(key)
            return 0.0
        if venue.state in _TAKES_CANCELS and operation is not None and not operation.kind.is_side_effect:
            return 0.0
        with self._lock:
            now, before = self._host.clock.monotonic(), venue.state
            back = venue.reopen(now)
            lasted = now - venue.since
            wait = venue.admit(now)
            if venue.state is VenueState.NORMAL and now >= venue.ramp_until and key not in self._calendar:
                self.holds.discard(key)
        if back:
            self._calendar.remember(key, venue.began, self._host.clock.now() - venue.began)
            self._publish(
                key,
                before,
                VenueState.NORMAL,
                f"back after {lasted:.2f} s; held calls go one at a time",
            )
        return wait

    def _refused(self, key: str, retry_after: float | None, new: VenueState) -> float:
        with self._lock:
            now, wall = self._host.clock.monotonic(), self._host.clock.now()
            venue = self._venues.get(key) or self._make_room_for(key, now, wall)
            self.holds.add(key)
            before = venue.state
            # A probe may well take longer than its grace; only a long silence tells that it went through.
            back = now >= venue.closed_until + self._config.max_interval and venue.reopen(now)
            old = venue.state
            expected = self._calendar.expected_length(key, wall) if old is VenueState.NORMAL else None
            expected_seconds = min(expected.total_seconds(), LONGEST_WAIT) if expected else 0.0
            venue.refuse(now, wall, retry_after, expected_seconds, new=new)
            probe_in = venue.closed_until - now
            lasted = now - venue.since
        if back:
            self._publish(key, before, VenueState.NORMAL, "the last probe was not refused")
        if old is not new:
            self._publish(key, old, new, f"the next call goes in {probe_in:.2f} s")
        if not venue.has_prober:
            venue.has_prober = self._prober.start(key, venue)
        return lasted

    def _probe_failed(self, key: str) -> None:
        venue = self._venues.get(key)
        if venue is None:
            return
        with self._lock:
            if venue.probing:
                venue.refuse(self._host.clock.monotonic(), self._host.clock.now(), None)

    def _make_room_for(self, key: str, now: float, wall: datetime) -> Venue:
        if len(self._venues) >= self._config.max_venues:
            # One that is back has nothing left to hold; else the one that is probed soonest. Not one with a prober.
            forgotten = min(
                self._venues,
                key=lambda name: (
                    self._venues[name].has_prober,
                    self._venues[name].state is not VenueState.NORMAL,
                    self._venues[name].closed_until,
                ),
            )
            del self._venues[forgotten]
            self._prober.forget(forgotten)
            self.holds.discard(forgotten)
        venue = self._venues[key] = Venue(self._config, since=now, began=wall)
        return venue

    def _answer(self, context: ErrorContext, key: str, lasted: float) -> Recovery | None:
        wait = self._hold(key, None)
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

    def _publish(self, key: str, old: VenueState, new: VenueState, detail: str) -> None:
        self._host.publish(StateEvent(subject=f"venue:{key}", old=old.value, new=new.value, detail=detail))


def _state_after(classification: Classification) -> VenueState | None:
    """Return what a refusal says of the venue, or None where it says nothing."""
    if classification.reason is FailureReason.MAINTENANCE:
        return VenueState.MAINTENANCE
    if classification.reason is FailureReason.MARKET_CLOSED and classification.retryable:
        return VenueState.CANCEL_ONLY
    return None


_TAKES_CANCELS = frozenset({VenueState.CANCEL_ONLY, VenueState.RECOVERING})
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
