"""The breaker's state machine."""

from __future__ import annotations

import gc
import pickle
import weakref

import pytest

from recoup import CircuitBreakerConfig, CircuitOpen
from recoup.testing import FakeClock
from recoup_plugins.circuit_breaker import BreakerState, CircuitBreaker


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def events():
    return []


def build(key, clock, on_change=None, **config):
    return CircuitBreaker(key, CircuitBreakerConfig(**config), clock=clock, on_change=on_change)


@pytest.fixture
def breaker(clock, events):
    return build("venue", clock, on_change=events.append, failure_threshold=3, recovery_timeout=30)


def fail(breaker, times=1):
    for _ in range(times):
        breaker.release(breaker.acquire(), ConnectionError())


def changes(events):
    return [(event.old, event.new) for event in events]


def test_failures_in_a_row_open_it(breaker):
    fail(breaker, 2)
    assert breaker.state is BreakerState.CLOSED
    fail(breaker)
    assert breaker.state is BreakerState.OPEN


@pytest.mark.parametrize(("between", "state"), [(None, "closed"), (KeyboardInterrupt(), "open")])
def test_only_a_success_ends_the_row(breaker, between, state):
    fail(breaker, 2)
    breaker.release(breaker.acquire(), between)
    fail(breaker)

    assert breaker.state == state


def test_an_open_circuit_refuses_with_its_key_and_the_time_left(breaker, clock):
    fail(breaker, 3)
    clock.advance(10)

    with pytest.raises(CircuitOpen, match="circuit 'venue' is open: 3 failures in a row") as refusal:
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
        with pytest.raises(CircuitOpen, match="waits for its trial calls") as refusal:
            breaker.acquire()
        assert refusal.value.retry_after is None

    def test_its_success_closes_the_circuit_and_forgets_the_failures(self, breaker, events):
        breaker.release(breaker.acquire(), None)

        assert changes(events) == [("open", "half_open"), ("half_open", "closed")]
        fail(breaker, 2)
        assert breaker.state is BreakerState.CLOSED

    def test_its_failure_opens_the_circuit_for_the_whole_time_again(self, breaker, clock, events):
        trial = breaker.acquire()
        clock.advance(100)
        breaker.release(trial, ConnectionError())

        assert changes(events) == [("open", "half_open"), ("half_open", "open")]
        assert (events[-1].failures, events[-1].retry_after) == (4, 30)
        clock.advance(29.9)
        assert breaker.state is BreakerState.OPEN

    def test_its_cancellation_gives_the_place_to_another(self, breaker, events):
        breaker.release(breaker.acquire(), KeyboardInterrupt())

        assert breaker.state is BreakerState.HALF_OPEN
        breaker.release(breaker.acquire(), None)
        assert changes(events) == [("open", "half_open"), ("half_open", "closed")]

    def test_releasing_it_twice_counts_once(self, breaker):
        trial = breaker.acquire()
        breaker.release(trial, KeyboardInterrupt())
        breaker.release(trial, ConnectionError())

        assert breaker.state is BreakerState.HALF_OPEN

    def test_releasing_it_twice_does_not_end_the_next_one(self, breaker):
        first = breaker.acquire()
        breaker.release(first, KeyboardInterrupt())
        second = breaker.acquire()
        breaker.release(first, ConnectionError())

        breaker.release(second, None)
        assert breaker.state is BreakerState.CLOSED

    def test_a_failing_observer_takes_no_place(self, clock):
        def observe(event):
            if event.new == "half_open":
                raise RuntimeError("observer")

        breaker = build("b", clock, on_change=observe, failure_threshold=1, recovery_timeout=1)
        fail(breaker)
        clock.advance(1)

        with pytest.raises(RuntimeError, match="observer"):
            breaker.acquire()
        breaker.release(breaker.acquire(), None)
        assert breaker.state is BreakerState.CLOSED


def test_a_call_that_comes_while_the_trial_closes_the_circuit_is_admitted():
    class Racing(FakeClock):
        trial = None

        def monotonic(self):
            if self.trial is not None:  # between the first look at the circuit and the lock
                trial, self.trial = self.trial, None
                breaker.release(trial, None)
            return super().monotonic()

    clock = Racing()
    breaker = build("b", clock, failure_threshold=1, recovery_timeout=1)
    fail(breaker)
    clock.advance(1)
    clock.trial = breaker.acquire()

    breaker.release(breaker.acquire(), ConnectionError())
    assert breaker.state is BreakerState.OPEN


class TestStraggler:
    """A call that was admitted before the circuit opened and ends later."""

    @pytest.mark.parametrize("ending", [None, ConnectionError(), KeyboardInterrupt()])
    def test_it_changes_nothing_while_the_circuit_is_open(self, breaker, ending):
        straggler = breaker.acquire()
        fail(breaker, 3)
        breaker.release(straggler, ending)

        assert breaker.state is BreakerState.OPEN

    @pytest.mark.parametrize("ending", [None, ConnectionError(), KeyboardInterrupt()])
    def test_it_neither_ends_nor_replaces_a_trial(self, breaker, clock, ending):
        straggler = breaker.acquire()
        fail(breaker, 3)
        clock.advance(30)
        trial = breaker.acquire()

        breaker.release(straggler, ending)

        with pytest.raises(CircuitOpen):
            breaker.acquire()
        breaker.release(trial, None)
        assert breaker.state is BreakerState.CLOSED

    def test_it_does_not_count_for_the_next_closed_period(self, breaker, clock):
        stragglers = [breaker.acquire() for _ in range(3)]
        fail(breaker, 3)
        clock.advance(30)
        breaker.release(breaker.acquire(), None)

        for straggler in stragglers:
            breaker.release(straggler, ConnectionError())
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
        breaker = build("b", clock, on_change=events.append, failure_threshold=1, recovery_timeout=30)
        breaker.record_failure()
        clock.advance(60)
        breaker.record_failure()

        assert changes(events) == [("closed", "open"), ("half_open", "open")]

    def test_a_trial_under_way_is_not_disturbed(self, breaker, clock):
        fail(breaker, 3)
        clock.advance(30)
        trial = breaker.acquire()
        breaker.record_failure()
        breaker.release(trial, None)

        assert breaker.state is BreakerState.CLOSED


def test_the_observer_is_called_outside_the_lock(clock):
    seen = []
    breaker = build(
        "b", clock, on_change=lambda event: seen.append(breaker.state), failure_threshold=1, recovery_timeout=1
    )
    fail(breaker)
    breaker.record_failure()

    assert seen == [BreakerState.OPEN]


def test_the_event_names_circuit_failures_and_time(breaker, events):
    fail(breaker, 3)

    assert (events[0].key, events[0].failures, events[0].retry_after) == ("venue", 3, 30)


def test_a_refusal_is_what_its_constructor_makes(breaker):
    fail(breaker, 3)
    with pytest.raises(CircuitOpen) as refusal:
        breaker.acquire()

    made = CircuitOpen(str(refusal.value), key="venue", retry_after=30)
    copy = pickle.loads(pickle.dumps(refusal.value))
    for error in (refusal.value, copy):
        assert (type(error), error.args, vars(error)) == (CircuitOpen, made.args, vars(made))


def test_a_refusal_is_gone_as_soon_as_nobody_holds_it(breaker):
    """A frame of its own traceback that held it would keep both until the garbage collector comes."""
    fail(breaker, 3)
    gc.disable()
    try:
        try:
            breaker.acquire()
        except CircuitOpen as refusal:
            gone = weakref.ref(refusal)
        assert gone() is None
    finally:
        gc.enable()


class TestTrials:
    """Several at once, several needed."""

    def half_open(self, clock, **config):
        breaker = build("b", clock, failure_threshold=1, recovery_timeout=30, **config)
        fail(breaker)
        clock.advance(30)
        return breaker

    def test_no_more_than_permitted_are_under_way(self, clock):
        breaker = self.half_open(clock, half_open_max_calls=3, success_threshold=3)
        permits = [breaker.acquire() for _ in range(3)]

        with pytest.raises(CircuitOpen):
            breaker.acquire()
        breaker.release(permits[0], None)
        with pytest.raises(CircuitOpen):  # three in all suffice
            breaker.acquire()

    def test_as_many_successes_as_asked_for_close_it(self, clock):
        breaker = self.half_open(clock, success_threshold=3)
        for state in ("half_open", "half_open", "closed"):
            breaker.release(breaker.acquire(), None)
            assert breaker.state == state

    def test_one_failure_reopens_it_and_the_others_no_longer_count(self, clock):
        breaker = self.half_open(clock, half_open_max_calls=3)
        permits = [breaker.acquire() for _ in range(3)]
        breaker.release(permits[0], ConnectionError())
        breaker.release(permits[1], None)
        breaker.release(permits[2], ConnectionError())

        assert breaker.state is BreakerState.OPEN
        clock.advance(30)
        assert breaker.state is BreakerState.HALF_OPEN
        assert breaker.status().failures == 2

    def test_a_given_back_place_is_free_again(self, clock):
        breaker = self.half_open(clock, half_open_max_calls=2, success_threshold=2)
        first, second = breaker.acquire(), breaker.acquire()
        breaker.release(first, KeyboardInterrupt())
        third = breaker.acquire()
        with pytest.raises(CircuitOpen):
            breaker.acquire()
        breaker.release(second, None)
        breaker.release(third, None)

        assert breaker.state is BreakerState.CLOSED


class TestTimeOpen:
    def opened_for(self, breaker, clock):
        with pytest.raises(CircuitOpen) as refusal:
            breaker.acquire()
        clock.advance(refusal.value.retry_after)
        breaker.release(breaker.acquire(), ConnectionError())
        return refusal.value.retry_after

    def test_it_grows_with_each_failed_trial_up_to_the_longest(self, clock):
        breaker = build(
            "b", clock, failure_threshold=1, recovery_timeout=10, recovery_multiplier=2, max_recovery_timeout=60
        )
        fail(breaker)

        assert [self.opened_for(breaker, clock) for _ in range(5)] == [10, 20, 40, 60, 60]

    def test_it_stays_the_same_without_a_multiplier(self, clock):
        breaker = build("b", clock, failure_threshold=1, recovery_timeout=10)
        fail(breaker)

        assert [self.opened_for(breaker, clock) for _ in range(3)] == [10, 10, 10]

    @pytest.mark.parametrize(("first", "longest"), [(10, 3600), (7200, 7200)])
    def test_it_never_outgrows_an_hour_or_the_first_unless_told(self, clock, first, longest):
        breaker = build("b", clock, failure_threshold=1, recovery_timeout=first, recovery_multiplier=1e300)
        fail(breaker)

        assert [self.opened_for(breaker, clock) for _ in range(4)] == [first, longest, longest, longest]

    def test_it_is_the_first_again_once_the_circuit_has_closed(self, clock):
        breaker = build("b", clock, failure_threshold=1, recovery_timeout=10, recovery_multiplier=2)
        fail(breaker)
        assert [self.opened_for(breaker, clock) for _ in range(2)] == [10, 20]
        clock.advance(40)
        breaker.release(breaker.acquire(), None)
        fail(breaker)

        assert self.opened_for(breaker, clock) == 10


class TestWhatCounts:
    @pytest.fixture
    def breaker(self, clock):
        return build(
            "b",
            clock,
            failure_threshold=1,
            expected_exception=(ConnectionError, ValueError),
            ignored_exceptions=(BrokenPipeError, UnicodeError),
        )

    @pytest.mark.parametrize("error", [ConnectionError(), ConnectionResetError(), ValueError()])
    def test_expected_exceptions(self, breaker, error):
        breaker.release(breaker.acquire(), error)
        assert breaker.state is BreakerState.OPEN

    @pytest.mark.parametrize("error", [BrokenPipeError(), UnicodeError("u"), KeyError(), GeneratorExit()])
    def test_others_and_ignored_ones_are_neither_failure_nor_success(self, breaker, clock, error):
        breaker.release(breaker.acquire(), error)
        assert breaker.state is BreakerState.CLOSED
        assert breaker.status().calls == 0
        fail(breaker)
        clock.advance(60)
        breaker.release(breaker.acquire(), error)
        assert breaker.state is BreakerState.HALF_OPEN
