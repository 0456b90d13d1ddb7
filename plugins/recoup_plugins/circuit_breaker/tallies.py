"""Which calls a closed circuit remembers, and when they are reason to open it."""

from __future__ import annotations

import math
from collections import deque
from itertools import repeat
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recoup import CircuitBreakerConfig

GOOD: Final = 0
FAILED: Final = 1
SLOW: Final = 2
"""How a call ended: ``GOOD``, or one or both of the others, added up."""

MINIMUM_CALLS: Final = 10
"""Calls in a window before it opens anything, where the configuration says nothing."""
BUCKETS: Final = 100
"""Steps in which a time window slides: a call counts for at least 99 hundredths of the window and at most for all."""
FOLD_AT: Final = 4096
"""Good calls that a time window collects at most before they are summed up with the lock held."""


class Counts(NamedTuple):
    """What is in a window."""

    calls: int = 0
    failures: int = 0
    slow: int = 0


class Rules(NamedTuple):
    """When a window opens the circuit: ``size`` in calls or seconds, the rates as parts of all calls in it."""

    size: float
    minimum_calls: int
    failure_rate: float
    slow_rate: float

    def tell_to_open(self, counts: Counts) -> bool:
        """Say whether these calls are reason to open the circuit."""
        calls = counts.calls
        if calls < self.minimum_calls:
            return False
        # A quotient and not a product: 7 of 100 is 0.07 to the last bit, while 0.07 * 100 is more than 7.
        return counts.failures / calls >= self.failure_rate or counts.slow / calls >= self.slow_rate


NEVER: Final = 2.0
"""A rate that no window reaches."""

Run = tuple[float, int, int]
"""A time, how calls ended, and how many of them in succession."""


class LastCalls:
    """The last so many calls.

    Thread-safe for :attr:`outcomes` ``.append(GOOD)``, which needs no lock: one call of a method written in C, atomic
    under the interpreter's lock and, on free-threaded builds, under that of the deque. Everything else is for the
    holder of the circuit's lock.

    To count costs a walk over the window, so it is only done once there may be enough failures or slow calls in it.
    """

    __slots__ = ("_most_failed", "_most_slow", "outcomes", "rules")

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.outcomes: deque[int] = deque(maxlen=int(rules.size))
        self._most_failed = 0
        self._most_slow = 0

    @property
    def ripe(self) -> bool:
        """Whether another good call can no longer be the one that completes ``minimum_calls``."""
        return len(self.outcomes) >= self.rules.minimum_calls

    def add(self, outcome: int, now: float) -> None:  # noqa: ARG002 - as LastSeconds has it
        """Count one call."""
        self.outcomes.append(outcome)
        self._most_failed += outcome & FAILED
        self._most_slow += outcome >> 1

    def counts(self, now: float) -> Counts:  # noqa: ARG002 - as LastSeconds has it
        """Return what is in the window."""
        outcomes = self.outcomes.copy()  # good calls may come in while it is walked over
        both = outcomes.count(FAILED | SLOW)
        return Counts(len(outcomes), outcomes.count(FAILED) + both, outcomes.count(SLOW) + both)

    def tells_to_open(self, now: float) -> bool:
        """Say whether the calls in the window are reason to open the circuit."""
        calls = len(self.outcomes)
        if not self.rules.tell_to_open(Counts(calls, self._most_failed, self._most_slow)):
            return False
        counts = self.counts(now)
        self._most_failed, self._most_slow = counts.failures, counts.slow
        return self.rules.tell_to_open(counts)

    def runs(self, now: float) -> list[Run]:
        """Return the calls in the window, oldest first."""
        return [(now, outcome, 1) for outcome in self.outcomes.copy()]

    def take_over(self, runs: Iterable[Run], now: float) -> None:
        """Start with calls that another window has counted."""
        for _, outcome, times in runs:
            self.outcomes.extend(repeat(outcome, min(times, int(self.rules.size))))
        _, self._most_failed, self._most_slow = self.counts(now)


class FailuresInRow(LastCalls):
    """The last so many calls, of which only those since the last good one count. As :class:`LastCalls` otherwise."""

    __slots__ = ()

    @property
    def ripe(self) -> bool:
        """True: a good call never opens the circuit."""
        return True

    def counts(self, now: float) -> Counts:  # noqa: ARG002 - as LastSeconds has it
        """Return the calls remembered and the failures since the last good one."""
        outcomes = self.outcomes.copy()
        row = next((row for row, outcome in enumerate(reversed(outcomes)) if outcome == GOOD), len(outcomes))
        return Counts(len(outcomes), row, 0)


class LastSeconds:
    """The calls of the last so many seconds, in buckets of a hundredth of that.

    Thread-safe for ``collected.append(GOOD)`` before the time ``until``, which needs no lock, and is atomic as in
    :class:`LastCalls`. Whoever has appended then has the circuit review its calls if it :attr:`is_troubled`, or if
    ``FOLD_AT`` are collected: after the append, so that whoever sees trouble later finds the call when it sums up.
    Everything else is for the holder of the circuit's lock.

    Attributes:
        collected: good calls of the newest bucket that are not summed up yet.
        is_troubled: whether a good call may open the circuit, as where it completes ``minimum_calls``.
        until: when the newest bucket ends.
    """

    __slots__ = ("_buckets", "_failures", "_slow", "_total", "_width", "collected", "is_troubled", "rules", "until")

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.collected: deque[int] = deque()
        self.until = -math.inf
        self._width = rules.size / BUCKETS
        self._buckets: deque[tuple[int, list[int]]] = deque()
        self._total = self._failures = self._slow = 0
        self.is_troubled = False

    def add(self, outcome: int, now: float) -> None:
        """Count one call."""
        if outcome != GOOD:
            self.is_troubled = True
        self._sum_up(now)
        self._put(now, outcome, 1)

    def counts(self, now: float) -> Counts:
        """Return what is in the window."""
        self._sum_up(now)
        return Counts(self._total, self._failures, self._slow)

    def tells_to_open(self, now: float) -> bool:
        """Say whether the calls in the window are reason to open the circuit."""
        counts = self.counts(now)
        self.is_troubled = counts.failures > 0 or counts.slow > 0
        return self.rules.tell_to_open(counts)

    def runs(self, now: float) -> list[Run]:
        """Return the calls in the window, oldest first."""
        self._sum_up(now)
        return [
            (index * self._width, outcome, times)
            for index, bucket in self._buckets
            for outcome, times in enumerate(bucket)
            if times
        ]

    def take_over(self, runs: Iterable[Run], now: float) -> None:
        """Start with calls that another window has counted."""
        self.is_troubled = True
        for time, outcome, times in runs:
            self._put(time, outcome, times)
        self._sum_up(now)

    def _sum_up(self, now: float) -> None:
        collected = self.collected
        good = len(collected)
        for _ in repeat(None, good):
            collected.popleft()
        if good and not self._buckets:  # a thread that was held up between its look at the clock and its append
            self._put(now, GOOD, good)
        elif good:
            self._add_to(self._buckets[-1][1], GOOD, good)
        expired = int(now / self._width) - BUCKETS
        while self._buckets and self._buckets[0][0] <= expired:
            self._take_away(self._buckets.popleft()[1])

    def _put(self, time: float, outcome: int, times: int) -> None:
        index = int(time / self._width)
        # Threads may come out of order by a moment; the newest bucket is then near enough.
        if not self._buckets or self._buckets[-1][0] < index:
            self._buckets.append((index, [0, 0, 0, 0]))
            self.until = (index + 1) * self._width
        self._add_to(self._buckets[-1][1], outcome, times)

    def _add_to(self, bucket: list[int], outcome: int, times: int) -> None:
        bucket[outcome] += times
        self._total += times
        self._failures += times * (outcome & FAILED)
        self._slow += times * (outcome >> 1)

    def _take_away(self, bucket: list[int]) -> None:
        good, failed, slow, both = bucket
        self._total -= good + failed + slow + both
        self._failures -= failed + both
        self._slow -= slow + both


Tally = LastCalls | LastSeconds
"""What is counted while a circuit is closed."""


def tally_for(config: CircuitBreakerConfig) -> Tally:
    """Return an empty tally of the kind that a configuration asks for."""
    if config.window is None:
        threshold = config.failure_threshold
        return FailuresInRow(Rules(threshold, threshold, 1.0, NEVER))
    minimum = config.minimum_calls
    if minimum is None:
        minimum = MINIMUM_CALLS if config.window == "time" else min(MINIMUM_CALLS, int(config.window_size))
    slow_rate = NEVER if config.slow_call_duration is None else config.slow_call_rate_threshold
    rules = Rules(config.window_size, minimum, config.failure_rate_threshold, slow_rate)
    return LastSeconds(rules) if config.window == "time" else LastCalls(rules)
