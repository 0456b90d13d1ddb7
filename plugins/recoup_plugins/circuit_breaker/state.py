"""The breaker's state machine.

::

            failures in a row                recovery_timeout over, one trial admitted
    CLOSED ───────────────────▶ OPEN ───────────────────────────────────────▶ HALF_OPEN
       ▲                         ▲                                              │  │
       │                         └───────────── the trial failed ───────────────┘  │
       └────────────────────────────────────── the trial succeeded ────────────────┘

The pattern is Michael T. Nygard's, "Release It!", 2007.
"""

from __future__ import annotations

import threading
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from recoup import BreakerEvent, CircuitOpen

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Clock


class BreakerState(StrEnum):
    """What a circuit does with the next call."""

    CLOSED = "closed"
    """Lets it through."""
    OPEN = "open"
    """Refuses it."""
    HALF_OPEN = "half_open"
    """Lets one through as a trial."""


class Ending(Enum):
    """How an admitted call ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEITHER = "neither"
    """It was cancelled, or failed in a way that says nothing of the other side's health."""


class CircuitBreaker:
    """One circuit. Thread-safe and task-safe; its lock is held for memory work only.

    A call is admitted with a permit, and its ending counts only while the circuit is still in the period that the
    permit was given in: a call that was admitted before the circuit opened can neither close nor reopen it.

    While the circuit is closed, :meth:`acquire` takes no lock: it decides on one read of ``_closed_permit``. While no
    failure is counted, nor does a successful :meth:`release`: a circuit that is not closed has failures counted, so
    there is nothing to reset. Reading an attribute is atomic on every build of CPython, and a call that is admitted, or
    a failure that is counted, at that moment is as good as one a moment earlier or later.

    Args:
        key: names the circuit in events and refusals.
        failure_threshold: failures in a row that open it, at least 1.
        recovery_timeout: seconds that it stays open before a trial; more than 0.
        clock: where the time comes from.
        on_change: called after each change of state, in the thread or task that caused it and outside the lock. Calls
            from several threads may arrive out of order.
    """

    __slots__ = (
        "__weakref__",
        "_clock",
        "_closed_permit",
        "_failed_at",
        "_failures",
        "_lock",
        "_on_change",
        "_period",
        "_state",
        "_trial_at",
        "_trial_under_way",
        "failure_threshold",
        "key",
        "recovery_timeout",
    )

    def __init__(
        self,
        key: str,
        *,
        failure_threshold: int,
        recovery_timeout: float,
        clock: Clock,
        on_change: Callable[[BreakerEvent], object] | None = None,
    ) -> None:
        if failure_threshold < 1:
            raise ValueError(f"circuit {key!r}: failure_threshold must be at least 1, got {failure_threshold}")
        if not recovery_timeout > 0:
            raise ValueError(f"circuit {key!r}: recovery_timeout is in seconds and positive, got {recovery_timeout}")
        self.key = key
        self.failure_threshold = failure_threshold
        self.recovery_timeout = recovery_timeout
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._failed_at = clock.monotonic()
        self._trial_at = 0.0
        self._trial_under_way = False
        self._period = 0
        self._closed_permit: int | None = 0

    @property
    def state(self) -> BreakerState:
        """The state; an open circuit reads ``HALF_OPEN`` once it would admit a trial."""
        now = self._clock.monotonic()
        with self._lock:
            return self._state_at(now)

    @property
    def idle(self) -> bool:
        """Whether the circuit is as good as a new one: closed, with no failure counted."""
        return self._failures == 0

    def acquire(self) -> int:
        """Admit one call and return its permit, to be handed to :meth:`release`.

        Raises:
            CircuitOpen: the call must not be made; a fresh exception each time.
        """
        permit = self._closed_permit
        if permit is not None:
            return permit
        now = self._clock.monotonic()
        with self._lock:
            event = self._admit(now)
            permit = self._period
        try:
            self._tell(event)
        except BaseException:
            self.release(permit, Ending.NEITHER)
            raise
        return permit

    def release(self, permit: int, ending: Ending) -> None:
        """Take note of how an admitted call ended."""
        if ending is Ending.SUCCESS and self._failures == 0:
            return
        now = self._clock.monotonic()
        with self._lock:
            event = self._settle(permit, ending, now)
        self._tell(event)

    def record_failure(self) -> None:
        """Count a failure of a call that asked for no permit.

        Nobody reports the successes of such calls, so a pause of ``recovery_timeout`` since the last failure, or since
        the circuit would have admitted a trial, counts as one. A trial under way is not disturbed.
        """
        now = self._clock.monotonic()
        with self._lock:
            event = self._count_unadmitted(now)
        self._tell(event)

    def _state_at(self, now: float) -> BreakerState:
        if self._state is BreakerState.OPEN and now >= self._trial_at:
            return BreakerState.HALF_OPEN
        return self._state

    def _admit(self, now: float) -> BreakerEvent | None:
        if self._state is BreakerState.CLOSED:
            return None
        if self._state is BreakerState.OPEN and now < self._trial_at:
            wait = self._trial_at - now
            raise CircuitOpen(f"circuit {self.key!r} is open for another {wait:.3g} s", key=self.key, retry_after=wait)
        if self._trial_under_way:
            raise CircuitOpen(f"circuit {self.key!r} waits for its trial call", key=self.key)
        event = None
        if self._state is BreakerState.OPEN:
            event = self._change(BreakerState.OPEN, BreakerState.HALF_OPEN)
        self._trial_under_way = True
        self._period += 1
        return event

    def _settle(self, permit: int, ending: Ending, now: float) -> BreakerEvent | None:
        if permit != self._period:
            return None
        if self._state is BreakerState.HALF_OPEN:
            return self._settle_trial(ending, now)
        if ending is Ending.FAILURE:
            return self._count(self._failures + 1, now)
        if ending is Ending.SUCCESS:
            self._failures = 0
        return None

    def _settle_trial(self, ending: Ending, now: float) -> BreakerEvent | None:
        if not self._trial_under_way:
            return None
        self._trial_under_way = False
        if ending is Ending.NEITHER:
            return None
        if ending is Ending.SUCCESS:
            return self._close()
        self._failures += 1
        return self._open(BreakerState.HALF_OPEN, now)

    def _count_unadmitted(self, now: float) -> BreakerEvent | None:
        if self._state is BreakerState.CLOSED:
            quiet = now - self._failed_at >= self.recovery_timeout
            return self._count(1 if quiet else self._failures + 1, now)
        if self._trial_under_way or now < self._trial_at:
            return None
        if now - self._trial_at < self.recovery_timeout or self.failure_threshold == 1:
            self._failures += 1
            return self._open(BreakerState.HALF_OPEN, now)
        event = self._close()
        self._count(1, now)
        return event

    def _count(self, failures: int, now: float) -> BreakerEvent | None:
        self._failures = failures
        self._failed_at = now
        return self._open(BreakerState.CLOSED, now) if failures >= self.failure_threshold else None

    def _open(self, old: BreakerState, now: float) -> BreakerEvent:
        self._closed_permit = None
        self._period += 1
        self._trial_at = now + self.recovery_timeout
        return self._change(old, BreakerState.OPEN, retry_after=self.recovery_timeout)

    def _close(self) -> BreakerEvent:
        event = self._change(BreakerState.HALF_OPEN, BreakerState.CLOSED)
        self._failures = 0
        self._period += 1
        self._closed_permit = self._period
        return event

    def _change(self, old: BreakerState, new: BreakerState, retry_after: float | None = None) -> BreakerEvent:
        self._state = new
        return BreakerEvent(
            key=self.key, old=old.value, new=new.value, failures=self._failures, retry_after=retry_after
        )

    def _tell(self, event: BreakerEvent | None) -> None:
        if event is not None and self._on_change is not None:
            self._on_change(event)
