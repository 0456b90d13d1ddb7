"""The breaker's state machine.

::

            the window says so               time open over, a trial admitted
    CLOSED ───────────────────▶ OPEN ───────────────────────────────────────▶ HALF_OPEN
       ▲                         ▲                                              │  │
       │                         └───────────── a trial failed ────────────────┘  │
       └────────────────────────── success_threshold trials succeeded ─────────────┘

The pattern is Michael T. Nygard's, "Release It!", 2007.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Final

from recoup import BreakerEvent, CircuitOpen, StateEvent
from recoup_plugins.circuit_breaker.permits import Period, Trial, Trials
from recoup_plugins.circuit_breaker.status import BreakerMode, BreakerState
from recoup_plugins.circuit_breaker.tallies import FAILED, GOOD, SLOW, Counts, LastCalls, tally_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import CircuitBreakerConfig, Clock
    from recoup_plugins.circuit_breaker.permits import Permit

LONGEST: Final = 3600.0
"""Seconds that the time open does not outgrow, where the configuration says nothing."""


class Machine:
    """The states of one circuit and the ways between them. Thread-safe and task-safe where a method has a public name.

    The methods with a private name are for the holder of the lock; they return what observers are to be told of after
    it has been let go.

    Args:
        key: names the circuit.
        config: when it opens and closes; None: it counts nothing.
        clock: where the time comes from.
        on_change: called after each change.
    """

    __slots__ = (
        "_config",
        "_counts",
        "_failed_at",
        "_growth",
        "_lock",
        "_mode",
        "_monotonic",
        "_on_change",
        "_opened",
        "_openings",
        "_period",
        "_state",
        "_trial_at",
        "_trials",
        "key",
        "standing",
    )

    standing: Period | None
    """The permit of every call while the circuit is closed, unless slow calls count: then each has its own."""
    _opened: tuple[float, str] | None
    """When a trial will be admitted, and why none is until then."""
    _period: Period | None
    _trials: Trials
    _state: BreakerState
    _counts: Counts
    _growth: float
    _trial_at: float

    def __init__(
        self,
        key: str,
        config: CircuitBreakerConfig | None,
        *,
        clock: Clock,
        on_change: Callable[[BreakerEvent | StateEvent], object] | None = None,
    ) -> None:
        self.key = key
        self._config = config
        self._monotonic = clock.monotonic
        self._on_change = on_change
        self._lock = threading.RLock()  # a call that is collected as garbage is released by whatever thread comes to it
        self._mode = BreakerMode.AUTOMATIC
        self._openings = 0
        self._failed_at = self._monotonic()
        self._close()

    def count(self, period: Period, outcome: int) -> None:
        """Count a call of a period, unless that is over."""
        now = self._monotonic()
        with self._lock:
            event = self._count(outcome, now) if period is self._period else None
        self._tell(event)

    def review(self, period: Period) -> None:
        """Look at the window of a period, unless that is over."""
        now = self._monotonic()
        with self._lock:
            event = self._open_if_told(now) if period is self._period else None
        self._tell(event)

    def end_trial(self, trial: Trial, outcome: int | None) -> None:
        """Take note of how a trial ended; None: it tells nothing."""
        now = self._monotonic()
        with self._lock:
            event = self._end_trial(trial, outcome, now)
        self._tell(event)

    def _tell(self, *events: BreakerEvent | StateEvent | None) -> None:
        """Tell the observer. Without the lock."""
        if self._on_change is not None:
            for event in events:
                if event is not None:
                    self._on_change(event)

    def _admit(self, now: float) -> tuple[Permit, BreakerEvent | None]:
        if self._period is not None:
            return self._period, None
        config = self._config
        if self._opened is not None and now < self._opened[0]:
            wait = self._opened[0] - now
            raise CircuitOpen(self._opened[1], key=self.key, retry_after=wait if wait < math.inf else None)
        assert config is not None  # without one, only an operator opens it, and for good
        if not self._trials.have_room(config):
            raise CircuitOpen(f"circuit {self.key!r} waits for its trial calls", key=self.key)
        event = None
        if self._state is BreakerState.OPEN:
            event = self._change(BreakerState.OPEN, BreakerState.HALF_OPEN)
        trial = Trial(self, now)
        self._trials.under_way.add(trial)
        return trial, event

    def _end_trial(self, trial: Trial, outcome: int | None, now: float) -> BreakerEvent | None:
        config = self._config
        if trial not in self._trials.under_way or config is None:
            return None
        self._trials.under_way.remove(trial)
        if outcome is None:
            return None
        if config.slow_call_duration is not None and now - trial.started >= config.slow_call_duration:
            outcome |= SLOW
        if outcome != GOOD:
            return self._reopen(outcome, now)
        self._trials.succeeded += 1
        return self._close_again() if self._trials.succeeded >= config.success_threshold else None

    def _count(self, outcome: int, now: float) -> BreakerEvent | None:
        period = self._period
        if period is None or period.tally is None:
            return None
        tally = period.tally
        tally.add(outcome, now)
        if outcome & FAILED:
            self._failed_at = now
        if isinstance(tally, LastCalls) and tally.ripe:
            period.count_in(tally)
        return self._open_if_told(now)

    def _count_unadmitted(self, now: float) -> BreakerEvent | None:
        config = self._config
        if config is None or self._mode is not BreakerMode.AUTOMATIC:
            return None
        if self._period is not None:
            if now - self._failed_at >= config.recovery_timeout and self._period.tally is not None:
                self._period.tally.add(GOOD, now)
            return self._count(FAILED, now)
        if self._trials.under_way or now < self._trial_at:
            return None
        if now - self._trial_at < config.recovery_timeout or tally_for(config).rules.minimum_calls == 1:
            return self._reopen(FAILED, now)
        event = self._close_again()
        self._count(FAILED, now)
        return event

    def _open_if_told(self, now: float) -> BreakerEvent | None:
        config = self._config
        tally = None if self._period is None else self._period.tally
        if config is None or tally is None or not tally.tells_to_open(now):
            return None
        self._counts = calls, failures, slow = tally.counts(now)
        if config.window is None:
            return self._open(BreakerState.CLOSED, f"{failures} failures in a row", now)
        return self._open(BreakerState.CLOSED, f"of {calls} calls, {failures} failed and {slow} were slow", now)

    def _reopen(self, outcome: int, now: float) -> BreakerEvent:
        calls, failures, slow = self._counts
        self._counts = Counts(calls + 1, failures + (outcome & FAILED), slow + (outcome >> 1))
        reason = "a trial call failed" if outcome & FAILED else "a trial call was slow"
        return self._open(BreakerState.HALF_OPEN, reason, now)

    def _open(self, old: BreakerState, reason: str, now: float) -> BreakerEvent:
        config = self._config
        assert config is not None
        first = config.recovery_timeout
        longest = config.max_recovery_timeout or max(LONGEST, first)
        if old is BreakerState.HALF_OPEN:
            self._growth = min(self._growth * config.recovery_multiplier, longest / first)
        seconds = min(first * self._growth, longest)
        self._shut(now + seconds, f"circuit {self.key!r} is open: {reason}")
        return self._change(old, BreakerState.OPEN, retry_after=seconds)

    def _shut(self, trial_at: float, reason: str) -> None:
        # Who looks at these two without the lock looks at standing first, and comes to the lock where both are None.
        self.standing = self._period = None
        self._opened = (trial_at, reason)
        self._trial_at = trial_at
        self._trials = Trials()
        self._openings += 1

    def _close_again(self) -> BreakerEvent:
        event = self._change(BreakerState.HALF_OPEN, BreakerState.CLOSED)
        self._close()
        return event

    def _close(self) -> None:
        config = self._config if self._mode is BreakerMode.AUTOMATIC else None
        self._state = BreakerState.CLOSED
        self._counts = Counts()
        self._growth = 1.0
        self._trial_at = 0.0
        self._trials = Trials()
        self._opened = None
        self._period = Period(self, None if config is None else tally_for(config), self._monotonic)
        is_timed = config is not None and config.slow_call_duration is not None
        self.standing = None if is_timed else self._period

    def _take(self, mode: BreakerMode, now: float) -> list[BreakerEvent | StateEvent]:
        old_mode, old = self._mode, self._state
        if mode is old_mode is BreakerMode.FORCED_OPEN:
            return []
        self._mode = mode
        self._counts = self._counts_at(now)
        new = BreakerState.OPEN if mode is BreakerMode.FORCED_OPEN else BreakerState.CLOSED
        events: list[BreakerEvent | StateEvent] = []
        if new is not old:
            events.append(self._change(old, new))
        if mode is not old_mode:
            events.append(StateEvent(subject=f"circuit:{self.key}", old=old_mode.value, new=mode.value))
        if new is BreakerState.OPEN:
            self._shut(math.inf, f"circuit {self.key!r} is forced open")
        else:
            self._close()
        return events

    def _change(self, old: BreakerState, new: BreakerState, retry_after: float | None = None) -> BreakerEvent:
        self._state = new
        return BreakerEvent(
            key=self.key, old=old.value, new=new.value, failures=self._counts.failures, retry_after=retry_after
        )

    def _counts_at(self, now: float) -> Counts:
        tally = None if self._period is None else self._period.tally
        return self._counts if tally is None else tally.counts(now)

    def _state_at(self, now: float) -> BreakerState:
        if self._state is BreakerState.OPEN and now >= self._trial_at:
            return BreakerState.HALF_OPEN
        return self._state
