"""What a circuit hands out with an admitted call, and gets back when the call has ended."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from recoup_plugins.circuit_breaker.tallies import FAILED, FOLD_AT, SLOW, LastSeconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import CircuitBreakerConfig
    from recoup_plugins.circuit_breaker.machine import Machine
    from recoup_plugins.circuit_breaker.state import CircuitBreaker
    from recoup_plugins.circuit_breaker.tallies import Tally


class Period:
    """One closed period of a circuit: the permit of every call that is admitted in it. Thread-safe and task-safe.

    Once the circuit has left the period, nobody looks at it any more, so a call that ends late counts for nothing.

    Attributes:
        breaker: the circuit.
        monotonic: its clock.
        note: takes note of a good call, given as ``GOOD``. Where nothing else is needed, it is the ``append`` of the
            window itself.
        tally: what is counted, or None where nothing is. Changed by the circuit only, with its lock held.
    """

    __slots__ = ("breaker", "monotonic", "note", "tally")

    note: Callable[[int], object]
    tally: Tally | None

    def __init__(self, breaker: Machine, tally: Tally | None, monotonic: Callable[[], float]) -> None:
        self.breaker = breaker
        self.monotonic = monotonic
        self.count_in(tally)

    def count_in(self, tally: Tally | None) -> None:
        """Have calls counted there from now on, those under way included."""
        self.tally = tally
        if tally is None:
            nothing: deque[int] = deque(maxlen=0)
            self.note = nothing.append
        elif isinstance(tally, LastSeconds):
            self.note = self._noting_time(tally)
        else:
            self.note = tally.outcomes.append if tally.ripe else self._note_unripe

    def fail(self) -> None:
        """Take note of a failed call."""
        self.breaker.count(self, FAILED)

    def give_back(self) -> None:
        """Take note of a call that tells nothing: there is nothing to do."""

    def _note_unripe(self, outcome: int) -> None:
        self.breaker.count(self, outcome)

    def _noting_time(self, tally: LastSeconds) -> Callable[[int], object]:
        collected, monotonic = tally.collected, self.monotonic

        def note(outcome: int) -> None:
            if monotonic() < tally.until:
                collected.append(outcome)
                if tally.is_troubled or len(collected) >= FOLD_AT:
                    self.breaker.review(self)
            else:
                self.breaker.count(self, outcome)

        return note


class TimedCall:
    """Permit of one call in a closed period, where slow calls count. Belongs to that call."""

    __slots__ = ("_period", "_slow_from", "_started")

    def __init__(self, period: Period, slow_from: float, started: float) -> None:
        self._period = period
        self._slow_from = slow_from
        self._started = started

    def note(self, outcome: int) -> None:
        """Take note of a call that did not fail."""
        period = self._period
        if period.monotonic() - self._started >= self._slow_from:
            period.breaker.count(period, SLOW)
        else:
            period.note(outcome)

    def fail(self) -> None:
        """Take note of a failed call."""
        period = self._period
        is_slow = period.monotonic() - self._started >= self._slow_from
        period.breaker.count(period, FAILED | SLOW if is_slow else FAILED)

    def give_back(self) -> None:
        """Take note of a call that tells nothing: there is nothing to do."""


class Bystander:
    """Permit of a call that a circuit must not refuse and has not admitted. Belongs to that call."""

    __slots__ = ("_breaker",)

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker

    def note(self, outcome: int) -> None:
        """Take note of a call that did not fail: only a trial closes the circuit."""

    def fail(self) -> None:
        """Take note of a failed call."""
        self._breaker.record_failure()

    def give_back(self) -> None:
        """Take note of a call that tells nothing: there is nothing to do."""


class Trial:
    """Permit of one trial call of a half-open circuit. Belongs to that call.

    Attributes:
        started: when it was admitted.
    """

    __slots__ = ("_breaker", "started")

    def __init__(self, breaker: Machine, started: float) -> None:
        self._breaker = breaker
        self.started = started

    def note(self, outcome: int) -> None:
        """Take note of a trial that did not fail."""
        self._breaker.end_trial(self, outcome)

    def fail(self) -> None:
        """Take note of a failed trial."""
        self._breaker.end_trial(self, FAILED)

    def give_back(self) -> None:
        """Let another call be the trial."""
        self._breaker.end_trial(self, None)


class Trials:
    """The trials of one half-open state. For the holder of the circuit's lock.

    Attributes:
        under_way: those that have not ended.
        succeeded: how many ended well.
    """

    __slots__ = ("succeeded", "under_way")

    def __init__(self) -> None:
        self.under_way: set[Trial] = set()
        self.succeeded = 0

    def have_room(self, config: CircuitBreakerConfig) -> bool:
        """Say whether one more may begin.

        There are never more at once than ``half_open_max_calls``, nor more in all than that or the successes needed.
        """
        under_way = len(self.under_way)
        in_all = max(config.half_open_max_calls, config.success_threshold)
        return under_way < config.half_open_max_calls and under_way + self.succeeded < in_all


Permit = Period | TimedCall | Trial | Bystander
"""What :meth:`CircuitBreaker.acquire` returns."""
