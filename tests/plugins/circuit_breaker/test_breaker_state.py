"""The breaker's state machine."""

from __future__ import annotations

import pytest

from recoup import CircuitOpen
from recoup.testing import FakeClock
from recoup_plugins.circuit_breaker import BreakerState, CircuitBreaker, Ending


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def events():
    return []


@pytest.fixture
def breaker(clock, events):
    return CircuitBreaker("venue", failure_threshold=3, recovery_timeout=30, clock=clock, on_change=events.append)


def fail(breaker, times=1):
    for _ in range(times):
        breaker.release(breaker.acquire(), Ending.FAILURE)


def changes(events):
    return [(event.old, event.new) for event in events]


def test_failures_in_a_row_open_it(breaker):
    fail(breaker, 2)
    assert breaker.state is BreakerState.CLOSED
    fail(breaker)
    assert breaker.state is BreakerState.OPEN


@pytest.mark.parametrize(("between", "state"), [(Ending.SUCCESS, "closed"), (Ending.NEITHER, "open")])
def test_only_a_success_ends_the_row(breaker, between, state):
    fail(breaker, 2)
    breaker.release(breaker.acquire(), between)
    fail(breaker)

    assert breaker.state == state


def test_an_open_circuit_refuses_with_its_key_and_the_time_left(breaker, clock):
    fail(breaker, 3)
    clock.advance(10)

    with pytest.raises(CircuitOpen, match="'venue' is open for another 20 s") as refusal:
        breaker.acquire()

    assert (refusal.value.key, refusal.value.retry_after) == ("venue", 20)


def test_each_refusal_is_an_exception_of_its_own(breaker):
    fail(breaker, 3)
    refusals = []
    for _ in range(3):
        with pytest.raises(CircuitOpen) as refusal:
            breaker.acquire()
        refusals.append(refusal.value)

    assert len(set(map(id, refusals))) == 3
    assert {depth(refusal) for refusal in refusals} == {depth(refusals[0])}


def depth(error):
    frames, entry = 0, error.__traceback__
    while entry is not None:
        frames, entry = frames + 1, entry.tb_next
    return frames


def test_it_reads_half_open_once_a_trial_would_be_admitted(breaker, clock, events):
    fail(breaker, 3)
    clock.advance(29.9)
    assert breaker.state is BreakerState.OPEN
    clock.advance(0.1)
    assert breaker.state is BreakerState.HALF_OPEN
    assert changes(events) == [("closed", "open")]


class TestTrial:
    @pytest.fixture(autouse=True)
    def _half_open(self, breaker, clock, events):
        fail(breaker, 3)
        clock.advance(30)
        events.clear()

    def test_one_is_admitted_and_no_more(self, breaker):
        breaker.acquire()
        with pytest.raises(CircuitOpen, match="waits for its trial call") as refusal:
            breaker.acquire()
        assert refusal.value.retry_after is None

    def test_its_success_closes_the_circuit_and_forgets_the_failures(self, breaker, events):
        breaker.release(breaker.acquire(), Ending.SUCCESS)

        assert changes(events) == [("open", "half_open"), ("half_open", "closed")]
        fail(breaker, 2)
        assert breaker.state is BreakerState.CLOSED

    def test_its_failure_opens_the_circuit_for_the_whole_time_again(self, breaker, clock, events):
        trial = breaker.acquire()
        clock.advance(100)
        breaker.release(trial, Ending.FAILURE)

        assert changes(events) == [("open", "half_open"), ("half_open", "open")]
        assert (events[-1].failures, events[-1].retry_after) == (4, 30)
        clock.advance(29.9)
        assert breaker.state is BreakerState.OPEN

    def test_its_cancellation_gives_the_place_to_another(self, breaker, events):
        breaker.release(breaker.acquire(), Ending.NEITHER)

        assert breaker.state is BreakerState.HALF_OPEN
        breaker.release(breaker.acquire(), Ending.SUCCESS)
        assert changes(events) == [("open", "half_open"), ("half_open", "closed")]

    def test_releasing_it_twice_counts_once(self, breaker):
        trial = breaker.acquire()
        breaker.release(trial, Ending.NEITHER)
        breaker.release(trial, Ending.FAILURE)

        assert breaker.state is BreakerState.HALF_OPEN

    def test_releasing_it_twice_does_not_end_the_next_one(self, breaker):
        first = breaker.acquire()
        breaker.release(first, Ending.NEITHER)
        second = breaker.acquire()
        breaker.release(first, Ending.FAILURE)

        breaker.release(second, Ending.SUCCESS)
        assert breaker.state is BreakerState.CLOSED

    def test_a_failing_observer_takes_no_place(self, clock):
        def observe(event):
            if event.new == "half_open":
                raise RuntimeError("observer")

        breaker = CircuitBreaker("b", failure_threshold=1, recovery_timeout=1, clock=clock, on_change=observe)
        fail(breaker)
        clock.advance(1)

        with pytest.raises(RuntimeError, match="observer"):
            breaker.acquire()
        breaker.release(breaker.acquire(), Ending.SUCCESS)
        assert breaker.state is BreakerState.CLOSED


def test_a_call_that_comes_while_the_trial_closes_the_circuit_is_admitted():
    class Racing(FakeClock):
        trial = None

        def monotonic(self):
            if self.trial is not None:  # between the first look at the circuit and the lock
                trial, self.trial = self.trial, None
                breaker.release(trial, Ending.SUCCESS)
            return super().monotonic()

    clock = Racing()
    breaker = CircuitBreaker("b", failure_threshold=1, recovery_timeout=1, clock=clock)
    fail(breaker)
    clock.advance(1)
    clock.trial = breaker.acquire()

    breaker.release(breaker.acquire(), Ending.FAILURE)
    assert breaker.state is BreakerState.OPEN


class TestStraggler:
    """A call that was admitted before the circuit opened and ends later."""

    @pytest.mark.parametrize("ending", Ending)
    def test_it_changes_nothing_while_the_circuit_is_open(self, breaker, ending):
        straggler = breaker.acquire()
        fail(breaker, 3)
        breaker.release(straggler, ending)

        assert breaker.state is BreakerState.OPEN

    @pytest.mark.parametrize("ending", Ending)
    def test_it_neither_ends_nor_replaces_a_trial(self, breaker, clock, ending):
        straggler = breaker.acquire()
        fail(breaker, 3)
        clock.advance(30)
        trial = breaker.acquire()

        breaker.release(straggler, ending)

        with pytest.raises(CircuitOpen):
            breaker.acquire()
        breaker.release(trial, Ending.SUCCESS)
        assert breaker.state is BreakerState.CLOSED

    def test_it_does_not_count_for_the_next_closed_period(self, breaker, clock):
        stragglers = [breaker.acquire() for _ in range(3)]
        fail(breaker, 3)
        clock.advance(30)
        breaker.release(breaker.acquire(), Ending.SUCCESS)

        for straggler in stragglers:
            breaker.release(straggler, Ending.FAILURE)
        assert breaker.state is BreakerState.CLOSED


class TestUnadmittedFailures:
    """Failures of calls that asked for no permit, whose successes nobody reports."""

    def test_they_open_the_circuit(self, breaker, events):
        for _ in range(3):
            breaker.record_failure()

        assert changes(events) == [("closed", "open")]

    def test_they_count_together_with_those_of_admitted_calls(self, breaker):
        fail(breaker, 2)
        breaker.record_failure()

        assert breaker.state is BreakerState.OPEN

    def test_a_pause_as_long_as_the_recovery_time_starts_the_count_anew(self, breaker, clock):
        breaker.record_failure()
        breaker.record_failure()
        clock.advance(30)
        breaker.record_failure()
        breaker.record_failure()

        assert breaker.state is BreakerState.CLOSED

    def test_one_while_the_circuit_is_open_does_not_prolong_it(self, breaker, clock):
        fail(breaker, 3)
        clock.advance(20)
        breaker.record_failure()
        clock.advance(10)

        assert breaker.state is BreakerState.HALF_OPEN

    def test_one_soon_after_reopens_it(self, breaker, clock, events):
        fail(breaker, 3)
        clock.advance(59)
        breaker.record_failure()

        assert breaker.state is BreakerState.OPEN
        assert changes(events) == [("closed", "open"), ("half_open", "open")]

    def test_one_long_after_finds_it_closed(self, breaker, clock, events):
        fail(breaker, 3)
        clock.advance(60)
        breaker.record_failure()

        assert breaker.state is BreakerState.CLOSED
        assert changes(events) == [("closed", "open"), ("half_open", "closed")]
        fail(breaker, 2)
        assert breaker.state is BreakerState.OPEN

    def test_one_long_after_opens_it_straight_away_where_one_suffices(self, clock, events):
        breaker = CircuitBreaker("b", failure_threshold=1, recovery_timeout=30, clock=clock, on_change=events.append)
        breaker.record_failure()
        clock.advance(60)
        breaker.record_failure()

        assert changes(events) == [("closed", "open"), ("half_open", "open")]

    def test_a_trial_under_way_is_not_disturbed(self, breaker, clock):
        fail(breaker, 3)
        clock.advance(30)
        trial = breaker.acquire()
        breaker.record_failure()
        breaker.release(trial, Ending.SUCCESS)

        assert breaker.state is BreakerState.CLOSED


def test_the_observer_is_called_outside_the_lock(clock):
    seen = []
    breaker = CircuitBreaker(
        "b", failure_threshold=1, recovery_timeout=1, clock=clock, on_change=lambda event: seen.append(breaker.state)
    )
    fail(breaker)
    breaker.record_failure()

    assert seen == [BreakerState.OPEN]


def test_the_event_names_circuit_failures_and_time(breaker, events):
    fail(breaker, 3)

    assert (events[0].key, events[0].failures, events[0].retry_after) == ("venue", 3, 30)


@pytest.mark.parametrize("bad", [{"failure_threshold": 0}, {"recovery_timeout": 0}, {"recovery_timeout": float("nan")}])
def test_impossible_values_are_refused(clock, bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        CircuitBreaker("b", **({"failure_threshold": 1, "recovery_timeout": 1, "clock": clock} | bad))
