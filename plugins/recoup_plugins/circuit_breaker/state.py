"""One circuit as its callers, its operators and its permits see it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from recoup import CircuitOpen, Refused
from recoup_plugins.circuit_breaker.machine import Machine
from recoup_plugins.circuit_breaker.permits import Bystander, TimedCall
from recoup_plugins.circuit_breaker.status import BreakerMode, BreakerState, BreakerStatus
from recoup_plugins.circuit_breaker.tallies import GOOD, tally_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import BreakerEvent, CircuitBreakerConfig, Clock, StateEvent
    from recoup_plugins.circuit_breaker.permits import Permit

_new = CircuitOpen.__new__


class CircuitBreaker(Machine):
    """One circuit, and the :class:`recoup.Gate` to it. Thread-safe and task-safe.

    Its lock is held for memory work only, never over a call, and a call that ends well in a closed circuit takes none:
    :meth:`acquire` reads one attribute, the closed period, and returns it as the permit; :meth:`release` appends to the
    window of that period. Both are atomic, under the interpreter's lock as on free-threaded builds, where reading an
    attribute is atomic too and the append takes the window's own lock. A call that ends in a later period than it began
    in reaches a window that nobody looks at any more. An open circuit refuses without the lock as well: when it will
    admit a trial is one immutable tuple. Every change, and everything that may cause one, is made with the lock held.

    Args:
        key: names the circuit in events and refusals.
        config: when it opens and closes; None: it counts nothing, and only an operator can open it.
        clock: where the time comes from.
        on_change: called after each change, in the thread or task that caused it and outside the lock. Calls from
            several threads may arrive out of order.

    Attributes:
        key: as above.
        above: the circuits above this one, the outermost first. While one is open, this one reads open.
    """

    __slots__ = ("__weakref__", "above")

    def __init__(
        self,
        key: str,
        config: CircuitBreakerConfig | None,
        *,
        clock: Clock,
        on_change: Callable[[BreakerEvent | StateEvent], object] | None = None,
    ) -> None:
        super().__init__(key, config, clock=clock, on_change=on_change)
        self.above: tuple[CircuitBreaker, ...] = ()

    @property
    def config(self) -> CircuitBreakerConfig | None:
        """What it goes by."""
        return self._config

    @property
    def state(self) -> BreakerState:
        """The state; an open circuit reads ``HALF_OPEN`` once it would admit a trial."""
        now = self._monotonic()
        with self._lock:
            own = self._state_at(now)
        states = {own, *(level.state for level in self.above)}
        return next(state for state in _WORST_FIRST if state in states)

    @property
    def idle(self) -> bool:
        """Whether the circuit is as good as a new one: closed by its calls, with nothing against them counted."""
        now = self._monotonic()
        with self._lock:
            counts = self._counts_at(now)
            is_closed = self._period is not None and self._mode is BreakerMode.AUTOMATIC
            return is_closed and not counts.failures and not counts.slow

    def status(self) -> BreakerStatus:
        """Return what there is to know at this moment."""
        now = self._monotonic()
        state = self.state
        with self._lock:
            counts = self._counts_at(now)
            wait = self._trial_at - now if self._state is BreakerState.OPEN else math.inf
            return BreakerStatus(
                key=self.key,
                state=state,
                mode=self._mode,
                calls=counts.calls,
                failures=counts.failures,
                slow_calls=counts.slow,
                retry_after=max(0.0, wait) if wait < math.inf else None,
                trials=len(self._trials.under_way),
                openings=self._openings,
                parents=tuple(level.key for level in self.above),
            )

    def acquire(self) -> Permit:
        """Admit one call and return its permit, to be handed to :meth:`release`.

        Raises:
            CircuitOpen: the call must not be made; a fresh exception each time.
        """
        permit = self.standing
        if permit is not None:
            return permit
        wait = self.refuses()
        if wait is not None:
            raise self.refusal(wait)
        return self._enter()

    def refuses(self) -> float | None:
        """Return the seconds until an open circuit admits a trial; None where :meth:`acquire` has to be asked."""
        opened = self._opened
        if opened is None:
            return None
        wait = opened[0] - self._monotonic()
        return wait if wait > 0 else None

    def refusal(self, wait: float) -> CircuitOpen:
        """Return a new error for a call that an open circuit refuses for so many seconds."""
        opened = self._opened
        # As its constructor would make it: the constructors of its classes call each other, which takes longer than all
        # else that an open circuit does.
        error: CircuitOpen = _new(CircuitOpen, f"circuit {self.key!r} was open" if opened is None else opened[1])
        error.key = self.key
        error.retry_after = wait if wait < math.inf else None
        return error

    def attend(self) -> Permit:
        """Admit one call whatever the state, and return its permit; see :class:`UnrefusedGate`."""
        config, period = self._config, self._period
        if period is None:
            return Bystander(self)
        if config is not None and config.slow_call_duration is not None:
            return TimedCall(period, config.slow_call_duration, self._monotonic())
        return period

    def release(self, permit: Permit, error: BaseException | None) -> None:
        """Take note of how the call with this permit ended.

        None is a success; what :meth:`expects` is a failure. A cancellation, any other error, and a
        :class:`recoup.Refused`, after which nothing was sent, are neither: they only give the place back.
        """
        if error is None:
            permit.note(GOOD)
        elif self.expects(error):
            permit.fail()
        else:
            permit.give_back()

    def expects(self, error: BaseException) -> bool:
        """Whether the configuration counts an error of this type as a failure."""
        config = self._config
        return (
            config is not None
            and isinstance(error, config.expected_exception)
            and not isinstance(error, config.ignored_exceptions)
            and not isinstance(error, Refused)
        )

    def record_failure(self) -> None:
        """Count a failure of a call that asked for no permit.

        Nobody reports the successes of such calls, so a pause of ``recovery_timeout`` since the last failure, or since
        the circuit would have admitted a trial, counts as one. A trial under way is not disturbed.
        """
        now = self._monotonic()
        with self._lock:
            event = self._count_unadmitted(now)
        self._tell(event)

    def force_open(self) -> None:
        """Refuse every call until :meth:`reset` or :meth:`disable`."""
        self._decide(BreakerMode.FORCED_OPEN)

    def disable(self) -> None:
        """Admit every call, and count none, until :meth:`reset` or :meth:`force_open`."""
        self._decide(BreakerMode.DISABLED)

    def reset(self) -> None:
        """Close the circuit and have its calls decide again, with nothing counted and the first time open ahead."""
        self._decide(BreakerMode.AUTOMATIC)

    def reconfigure(self, config: CircuitBreakerConfig) -> None:
        """Go by other values from now on, without losing the state, what is counted or the calls under way.

        A circuit that is open stays so for the time that it was opened for.
        """
        now = self._monotonic()
        with self._lock:
            former, self._config = self._config, config
            period = self._period
            if period is None or self._mode is BreakerMode.DISABLED or former == config:
                return
            tally = tally_for(config)
            if period.tally is not None:
                tally.take_over(period.tally.runs(now), now)
            period.count_in(tally)
            self.standing = period if config.slow_call_duration is None else None

    def _enter(self) -> Permit:
        """Admit a call that the first look has not decided on."""
        permit = self.attend()
        if not isinstance(permit, Bystander):
            return permit
        now = self._monotonic()
        with self._lock:
            permit, event = self._admit(now)
        try:
            self._tell(event)
        except BaseException:
            permit.give_back()
            raise
        return permit

    def _decide(self, mode: BreakerMode) -> None:
        now = self._monotonic()
        with self._lock:
            events = self._take(mode, now)
        self._tell(*events)


_WORST_FIRST: Final = (BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED)
