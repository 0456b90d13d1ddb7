"""The decisions of a hedge, its budget and its times, each against a simple model."""

import math
import threading
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from recoup_plugins.hedge import HedgeBudget, LatencyWindow, Race


class RaceModel(RuleBasedStateMachine):
    """Attempts begin and end in any order, also after the race is decided: losers may end however they like."""

    def __init__(self):
        super().__init__()
        self.race = Race()
        self.under_way = {self.race.begin()}
        self.ended = []
        self.failures = {}

    @precondition(lambda self: not self.race.is_decided)
    @rule()
    def begin(self):
        number = self.race.begin()
        assert number == len(self.under_way) + len(self.ended) + 1
        self.under_way.add(number)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def succeed(self, data):
        number = self._end(data)
        self.race.succeed(number, f"answer {number}")
        self.ended.append((number, "good"))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def fail(self, data):
        number = self._end(data)
        self.failures[number] = KeyError(number)
        self.race.fail(number, self.failures[number])
        self.ended.append((number, "bad"))

    @precondition(lambda self: not self.under_way)
    @rule()
    def look_once_more(self):
        assert self.race.is_decided

    @invariant()
    def the_first_good_answer_wins(self):
        good = [number for number, how in self.ended if how == "good"]
        assert self.race.winner == (good[0] if good else None)

    @invariant()
    def it_is_decided_by_a_good_answer_or_when_nobody_is_left(self):
        decided = any(how == "good" for _, how in self.ended) or not self.under_way
        assert self.race.is_decided == decided

    def teardown(self):
        if self.race.winner is not None:
            assert self.race.outcome() == f"answer {self.race.winner}"
        elif self.race.is_decided:
            with pytest.raises(KeyError) as caught:
                self.race.outcome()
            assert caught.value is self.failures[1]

    def _end(self, data):
        number = data.draw(st.sampled_from(sorted(self.under_way)))
        self.under_way.remove(number)
        return number


class BudgetModel(RuleBasedStateMachine):
    """A budget in exact fractions."""

    def __init__(self):
        super().__init__()
        self.budget = HedgeBudget(0.1, 3)
        self.share, self.most = Fraction(1, 10), 3
        self.balance = Fraction(3)

    @rule(count=st.integers(1, 40))
    def calls(self, count):
        for _ in range(count):
            self.budget.put_in()
            self.balance = min(self.balance + self.share, Fraction(self.most))

    @rule()
    def hedge(self):
        allowed = self.balance >= 1
        assert self.budget.take() is allowed
        self.balance -= allowed

    @rule(thousandths=st.integers(1, 3000), burst=st.integers(1, 5))
    def configure(self, thousandths, burst):
        self.budget.configure(thousandths / 1000, burst)
        self.share, self.most = Fraction(thousandths, 1000), burst
        self.balance = min(self.balance, Fraction(burst))


TestRace = RaceModel.TestCase
TestRace.settings = settings(max_examples=80, stateful_step_count=15, deadline=None)
TestBudget = BudgetModel.TestCase
TestBudget.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_what_stops_a_race_is_its_outcome_whatever_comes_after():
    race = Race()
    first, second = race.begin(), race.begin()
    race.stop(SystemExit(3))
    assert race.is_decided
    race.fail(first, KeyError())
    race.succeed(second, "too late")
    with pytest.raises(SystemExit):
        race.outcome()


def test_nothing_stops_a_race_that_is_won():
    race = Race()
    race.succeed(race.begin(), "good")
    race.stop(SystemExit(3))
    assert race.outcome() == "good"


@given(
    st.lists(st.floats(0, 1e3), max_size=400),
    st.integers(1, 999).map(lambda thousandths: thousandths / 1000),
    st.integers(1, 16),
)
@settings(max_examples=100, deadline=None)
def test_a_quantile_is_that_of_the_latest_calls_but_for_the_newest_few(times, share, every):
    window = LatencyWindow()
    for number, seconds in enumerate(times, start=1):
        window.record(seconds)
        if number % every:
            continue
        known = window.quantile(share)
        if number < 20:
            assert known is None
            continue
        candidates = [sorted(times[max(0, end - 128) : end]) for end in range(max(20, number - 15), number + 1)]
        assert known in [kept[math.ceil(share * len(kept)) - 1] for kept in candidates]


def test_a_budget_gives_exactly_what_was_put_in_under_threads():
    budget = HedgeBudget(0.25, 10_000)
    empty = HedgeBudget(0.25, 1)
    while budget.take():
        pass
    threads, calls = 8, 4_000
    start = threading.Barrier(threads)
    taken = [0] * threads

    def work(index):
        start.wait()
        for _ in range(calls):
            budget.put_in()
            taken[index] += budget.take()
            empty.put_in()

    workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    left = sum(iter(budget.take, False))
    assert sum(taken) + left == threads * calls // 4
    assert [empty.take(), empty.take()] == [True, False]


def test_times_are_taken_from_many_threads():
    window = LatencyWindow()
    start = threading.Barrier(8)

    def work():
        start.wait()
        for _ in range(2_000):
            window.record(1.0)
            assert window.quantile(0.95) in (None, 1.0)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert window._known == 16_000
    assert len(window._times) == 128
