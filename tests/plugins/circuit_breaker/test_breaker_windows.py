"""Sliding windows: when a closed circuit opens, and what it forgets."""

from __future__ import annotations

from collections import deque

import pytest

from recoup import CircuitBreakerConfig
from recoup.testing import FakeClock
from recoup_plugins.circuit_breaker import CircuitBreaker
from recoup_plugins.circuit_breaker.tallies import FAILED, FOLD_AT, GOOD, LastCalls, Rules


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def build(clock):
    def build(window, size, **config):
        return CircuitBreaker("b", CircuitBreakerConfig(window=window, window_size=size, **config), clock=clock)

    return build


def call(breaker, endings):
    """Make calls: ``.`` for a good one, ``F`` for a failure."""
    for ending in endings:
        breaker.release(breaker.acquire(), None if ending == "." else ConnectionError())


def opens_after(breaker, endings):
    """Return how many calls were made when the circuit opened, or None."""
    for number, ending in enumerate(endings, 1):
        call(breaker, ending)
        if breaker.state == "open":
            return number
    return None


@pytest.fixture(params=["count", "time"])
def either(request, build):
    """A circuit with either window, of which no call falls out."""
    return lambda **config: build(request.param, 1000, **config)


class TestRates:
    @pytest.mark.parametrize(
        ("endings", "opened_at"),
        [
            ("F" * 20, 10),
            (".F" * 10, 10),
            ("." * 5 + "F" * 5, 10),
            ("F" * 5 + "." * 5, 10),  # the good call that completes the minimum
            ("F" * 4 + "." * 30, None),
            ("." * 15 + "F" * 15, 30),
            ("." * 15 + "F" * 14, None),
        ],
    )
    def test_half_of_at_least_ten_calls_opens_it(self, either, endings, opened_at):
        assert opens_after(either(), endings) == opened_at

    @pytest.mark.parametrize(
        ("rate", "minimum", "endings", "opened_at"),
        [
            (1.0, 3, "FFF", 3),
            (1.0, 3, "F.FFFFFF", None),
            (0.07, 100, "." * 93 + "F" * 7, 100),
            (0.1, 30, "." * 27 + "FFF", 30),
            (0.5, 1, "F", 1),
        ],
    )
    def test_the_threshold_is_met_to_the_call(self, either, rate, minimum, endings, opened_at):
        breaker = either(failure_rate_threshold=rate, minimum_calls=minimum)

        assert opens_after(breaker, endings) == opened_at

    def test_the_refusal_says_why(self, either):
        breaker = either(minimum_calls=2)
        call(breaker, ".F")

        with pytest.raises(Exception, match="circuit 'b' is open: of 2 calls, 1 failed and 0 were slow"):
            breaker.acquire()


class TestCount:
    def test_older_calls_fall_out(self, build):
        breaker = build("count", 10, failure_rate_threshold=0.5)
        call(breaker, "FFFF" + "." * 10 + "FFFF")
        assert breaker.state == "closed"
        call(breaker, "F")
        assert breaker.state == "open"

    def test_a_small_window_needs_no_more_calls_than_it_holds(self, build):
        assert opens_after(build("count", 4), "FFFF") == 4

    def test_rarely_failing_calls_never_open_it(self, build):
        breaker = build("count", 100, failure_rate_threshold=0.1)

        assert opens_after(breaker, ("." * 12 + "F") * 200) is None
        assert (breaker.status().calls, breaker.status().failures) == (100, 8)

    def test_the_window_is_walked_over_only_where_it_may_hold_enough(self):
        """Of 100 calls with a failure among 13, half can't have failed before 42 more failures are in."""

        class Counted(LastCalls):
            __slots__ = ()

            def counts(self, now):
                walks.append(now)
                return super().counts(now)

        walks = []
        tally = Counted(Rules(size=100, minimum_calls=10, failure_rate=0.5, slow_rate=0.5))
        for number in range(13_000):
            tally.add(FAILED if number % 13 == 12 else GOOD, 0.0)
            assert not tally.tells_to_open(0.0)

        assert 0 < len(walks) <= 1000 / 42 + 1


class TestTime:
    def test_older_calls_fall_out(self, build, clock):
        breaker = build("time", 60, minimum_calls=4, failure_rate_threshold=0.75)
        call(breaker, "FF.")
        clock.advance(60)
        call(breaker, "FF.")
        assert breaker.state == "closed"
        assert (breaker.status().calls, breaker.status().failures) == (3, 2)
        clock.advance(59)
        call(breaker, "F")
        assert breaker.state == "open"

    def test_good_calls_that_fall_out_may_leave_too_many_failures(self, build, clock):
        breaker = build("time", 10, minimum_calls=4)
        call(breaker, "....")
        clock.advance(6)
        call(breaker, "FF.")
        clock.advance(6)
        assert opens_after(breaker, ".") == 1

    @pytest.mark.parametrize("age", [0, 30, 59.3])
    def test_a_call_counts_for_99_hundredths_of_the_window_at_least(self, build, clock, age):
        breaker = build("time", 60)
        clock.advance(0.55)
        call(breaker, "F.")
        clock.advance(age)

        assert breaker.status().calls == 2

    def test_a_call_counts_no_longer_than_the_window(self, build, clock):
        breaker = build("time", 60)
        call(breaker, "F.")
        clock.advance(60)

        assert breaker.status().calls == 0

    def test_however_many_good_calls_are_counted_in_bounded_memory(self, build):
        breaker = build("time", 60)
        call(breaker, "." * (2 * FOLD_AT + 5))
        (period,) = {breaker.acquire()}

        assert len(period.tally.collected) < FOLD_AT
        assert breaker.status().calls == 2 * FOLD_AT + 5

    def test_a_call_that_was_held_up_in_between_counts_with_the_newest(self, build, clock):
        breaker = build("time", 60)
        call(breaker, ".")
        tally = breaker.acquire().tally
        clock.advance(600)
        breaker.status()
        tally.collected.append(0)  # by a thread that has looked at the clock before

        assert breaker.status().calls == 1

    def test_a_good_call_that_comes_while_a_failure_is_being_counted_is_looked_at(self, build):
        """It may be the one that completes the minimum, and the failure may have missed it."""

        class Watched(deque):
            def __len__(self):
                seen.append(tally.is_troubled)
                return 0

        seen = []
        breaker = build("time", 60)
        call(breaker, ".")
        tally = breaker.acquire().tally
        tally.collected = Watched()
        tally.add(FAILED, 0.0)

        assert seen[-1]


class TestSlowCalls:
    def end(self, breaker, clock, seconds, error=None):
        permit = breaker.acquire()
        clock.advance(seconds)
        breaker.release(permit, error)

    def test_too_many_of_them_open_it(self, either, clock):
        breaker = either(slow_call_duration=2, slow_call_rate_threshold=0.5, minimum_calls=4)
        for seconds in (1.9, 2, 1, 3):
            assert breaker.state == "closed"
            self.end(breaker, clock, seconds)

        assert breaker.state == "open"
        assert breaker.status().slow_call_rate == 0.5

    def test_by_default_only_where_all_are_slow(self, either, clock):
        breaker = either(slow_call_duration=2, minimum_calls=2)
        for seconds in (1, 3, 3, 3):
            self.end(breaker, clock, seconds)

        assert breaker.state == "closed"

    def test_a_slow_failure_is_both(self, either, clock):
        breaker = either(slow_call_duration=2, failure_rate_threshold=1.0)
        self.end(breaker, clock, 2, ConnectionError())
        self.end(breaker, clock, 1, ConnectionError())
        self.end(breaker, clock, 2)

        status = breaker.status()
        assert (status.calls, status.failures, status.slow_calls) == (3, 2, 2)

    def test_one_that_tells_nothing_is_not_slow(self, either, clock):
        breaker = either(slow_call_duration=2)
        self.end(breaker, clock, 9, KeyboardInterrupt())

        assert breaker.status().calls == 0

    def test_a_slow_trial_reopens_the_circuit(self, either, clock):
        breaker = either(slow_call_duration=2, minimum_calls=1)
        call(breaker, "F")
        clock.advance(60)
        self.end(breaker, clock, 2)
        with pytest.raises(Exception, match="a trial call was slow"):
            breaker.acquire()
        clock.advance(60)
        self.end(breaker, clock, 1.9)
        assert breaker.state == "closed"

    def test_without_a_duration_nothing_is_slow(self, either, clock):
        breaker = either(minimum_calls=1)
        self.end(breaker, clock, 1e6)

        assert breaker.status().slow_calls == 0


def test_a_happy_call_takes_no_lock(build, clock):
    """Held by somebody else, the lock stops nobody whose call ends well."""
    for config in ({"window": "count", "size": 4, "minimum_calls": 2}, {"window": "time", "size": 60}):
        breaker = build(**config)
        call(breaker, "....")
        with breaker._lock:
            call(breaker, "....")
    row = CircuitBreaker("b", CircuitBreakerConfig(), clock=clock)
    with row._lock:
        call(row, "....")


def test_nor_does_a_refusal(build):
    breaker = build("count", 1)
    call(breaker, "F")
    with breaker._lock, pytest.raises(Exception, match="is open"):
        breaker.acquire()
