"""The retry budget: against a model, under threads, in pipelines and in guards."""

from __future__ import annotations

import threading

import anyio
import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from retrying import EVERY_WAY, KNOWN, Listens, Venue, failures, make_handler

from recoup import FailureReason, Pipeline, RetryBudget, RetryConfig, guard
from recoup.testing import FakeClock
from recoup_plugins.retry import Budget, BudgetRegistry

tokens = st.integers(min_value=1, max_value=30)


class BudgetMachine(RuleBasedStateMachine):
    """A model that adds every token at the moment it is earned, where the budget adds them up later."""

    @initialize(
        capacity=tokens, cost=tokens, timeout_cost=st.none() | tokens, gives=st.integers(0, 5), rate=st.integers(0, 3)
    )
    def begin(self, capacity, cost, timeout_cost, gives, rate):
        capacity = max(capacity, cost, timeout_cost or 0)
        self.config = RetryBudget(
            capacity=capacity, retry_cost=cost, timeout_cost=timeout_cost, success_gives=gives, per_second=rate
        )
        self.clock = FakeClock()
        self.budget = Budget(self.config, self.clock)
        self.model = capacity
        self.taken = []

    def earn(self, gain):
        self.model = min(self.config.capacity, self.model + gain)

    @rule(successes=st.integers(1, 40))
    def succeed(self, successes):
        for _ in range(successes):
            self.budget.deposit()
            self.earn(self.config.success_gives)

    @rule(after_timeout=st.booleans())
    def retry(self, after_timeout):
        cost = self.config.retry_cost
        if after_timeout and self.config.timeout_cost is not None:
            cost = self.config.timeout_cost
        expected = cost if self.model >= cost else None
        assert self.budget.withdraw(after_timeout=after_timeout) == expected
        if expected is not None:
            self.model -= cost
            self.taken.append(cost)

    @precondition(lambda self: self.taken)
    @rule()
    def retry_succeeds(self):
        cost = self.taken.pop()
        self.budget.give_back(cost)
        self.earn(cost)

    @rule(seconds=st.integers(0, 20))
    def time_passes(self, seconds):
        self.clock.advance(seconds)
        self.earn(seconds * self.config.per_second)

    @rule(capacity=tokens, rate=st.integers(0, 3))
    def reconfigure(self, capacity, rate):
        capacity = max(capacity, self.config.retry_cost, self.config.timeout_cost or 0)
        taken = self.config.capacity - self.model
        self.config = evolve(self.config, capacity=capacity, per_second=rate)
        self.budget.reconfigure(self.config)
        self.model = max(0, capacity - taken)

    @rule()
    def look(self):
        assert self.budget.tokens == self.model

    @invariant()
    def never_below_zero_nor_above_capacity(self):
        if hasattr(self, "model"):
            assert 0 <= self.model <= self.config.capacity


TestBudgetMachine = BudgetMachine.TestCase
TestBudgetMachine.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


def in_threads(count, work):
    barrier = threading.Barrier(count)

    def run():
        barrier.wait()
        work()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class TestThreads:
    def test_exactly_as_many_repetitions_are_paid_as_there_are_tokens(self):
        budget = Budget(RetryBudget(capacity=5000, retry_cost=5, success_gives=0), FakeClock())
        paid = []
        in_threads(8, lambda: paid.extend(budget.withdraw(after_timeout=False) for _ in range(400)))
        assert len(paid) == 3200
        assert paid.count(5) == 1000
        assert budget.tokens == 0

    def test_no_success_is_lost(self):
        budget = Budget(RetryBudget(capacity=100_000, retry_cost=50_000, timeout_cost=None), FakeClock())
        assert budget.withdraw(after_timeout=False) == budget.withdraw(after_timeout=False) == 50_000

        def work():
            for number in range(5000):
                budget.deposit()
                if number % 100 == 0:
                    assert budget.tokens >= 0  # collects while the others deposit

        in_threads(8, work)
        assert budget.tokens == 40_000

    def test_calls_of_all_threads_together_stay_within_it(self):
        handler = make_handler()
        config = RetryConfig(max_attempts=3, base_delay=0, budget=RetryBudget(capacity=100, retry_cost=1, name="fleet"))
        venue_calls = []

        def fetch():
            venue_calls.append(1)
            raise ConnectionError

        guarded = Pipeline(config, handler=handler)(fetch)

        def work():
            for _ in range(100):
                with pytest.raises(ConnectionError):
                    guarded()

        in_threads(8, work)
        assert len(venue_calls) == 800 + 100
        assert handler.plugins.get("retry").retry_budgets() == {"fleet": 0}


class TestRegistry:
    def test_the_same_key_has_the_same_budget_with_its_latest_measures(self):
        registry = BudgetRegistry(max_budgets=10, clock=FakeClock())
        budget = registry.obtain("venue", RetryBudget(capacity=10))
        budget.withdraw(after_timeout=False)
        assert registry.obtain("venue", RetryBudget(capacity=100)) is budget
        assert registry.tokens() == {"venue": 95}

    def test_the_one_asked_for_longest_ago_goes_first(self):
        registry = BudgetRegistry(max_budgets=2, clock=FakeClock())
        for key in ("a", "b", "a", "c"):
            registry.obtain(key, RetryBudget())
        assert registry.tokens().keys() == {"a", "c"}

    def test_time_before_a_refill_was_configured_brings_nothing(self):
        clock = FakeClock()
        registry = BudgetRegistry(max_budgets=2, clock=clock)
        registry.obtain("a", RetryBudget(capacity=10)).withdraw(after_timeout=True)
        clock.advance(1000)
        assert registry.obtain("a", RetryBudget(capacity=10, per_second=1)).tokens == 0
        clock.advance(3)
        assert registry.tokens() == {"a": 3}


def config(**measures) -> RetryConfig:
    return RetryConfig(max_attempts=3, base_delay=0, budget=RetryBudget(**({"name": "shared"} | measures)))


def left(handler) -> float:
    return handler.plugins.get("retry").retry_budgets()["shared"]


@pytest.mark.anyio
@EVERY_WAY
class TestPipelines:
    async def test_once_it_is_spent_the_first_failure_stands(self, call):
        listens = Listens()
        handler = make_handler(listens=listens)
        pipeline, venue = Pipeline(config(capacity=15), handler=handler), Venue(ConnectionError())
        for _ in range(3):
            with pytest.raises(ConnectionError):
                await call(pipeline, venue)
        assert venue.calls == 3 + 2 + 1
        assert [event.action for event in listens.of("retry")].count("budget_spent") == 2

    async def test_a_success_gives_back_and_so_does_a_repetition_that_succeeds(self, call):
        handler = make_handler()
        pipeline = Pipeline(config(capacity=100), handler=handler)
        with pytest.raises(ConnectionError):
            await call(pipeline, Venue(ConnectionError()))
        assert left(handler) == 90
        for _ in range(3):
            await call(pipeline, Venue("ok"))
        assert left(handler) == 93
        await call(pipeline, Venue(*failures(1), "ok"))
        assert left(handler) == 93
        await call(pipeline, Venue(*failures(2), "ok"))
        assert left(handler) == 88  # what the last repetition took has come back

    async def test_a_repetition_after_a_time_out_costs_more(self, call):
        handler = make_handler(evolve(KNOWN, reason=FailureReason.TIMEOUT))
        with pytest.raises(TimeoutError):
            await call(Pipeline(config(capacity=100), handler=handler), Venue(TimeoutError()))
        assert left(handler) == 80

    @pytest.mark.parametrize("more", [{"max_elapsed": 60.0}, {"retry_on_result": lambda result: result is None}])
    async def test_it_counts_the_same_around_results_and_within_a_limit_of_time(self, call, more):
        handler = make_handler()
        pipeline = Pipeline(evolve(config(capacity=100), **more), handler=handler)
        with pytest.raises(ConnectionError):
            await call(pipeline, Venue(ConnectionError()))
        assert left(handler) == 90
        await call(pipeline, Venue("ok"))
        await call(pipeline, Venue(*failures(1), "ok"))
        assert left(handler) == 91

    async def test_without_a_name_each_key_has_its_own(self, call):
        handler = make_handler()
        for name in ("prices", "orders"):
            pipeline = Pipeline(config(name=None, capacity=10), name=name, handler=handler)
            with pytest.raises(ConnectionError):
                await call(pipeline, Venue(ConnectionError()))
        assert handler.plugins.get("retry").retry_budgets() == {"prices": 0, "orders": 0}


def broken():
    raise ConnectionError


def test_a_guard_shares_it_with_a_pipeline():
    handler = make_handler()
    shared = config(capacity=15)
    with pytest.raises(ConnectionError):
        guard(shared, handler=handler)(broken)()
    assert left(handler) == 5
    venue = Venue(ConnectionError())
    with pytest.raises(ConnectionError):
        Pipeline(shared, handler=handler).call_sync(venue.fetch)
    assert venue.calls == 2
    assert left(handler) == 0


def test_a_guards_successes_give_back():
    handler = make_handler()
    guarded = guard(config(capacity=20), handler=handler)
    with pytest.raises(ConnectionError):
        guarded(broken)()
    decorated = guarded(Venue("ok").fetch)
    for _ in range(3):
        decorated()
    guarded.call_sync(Venue("ok").fetch)
    assert left(handler) == 14


@pytest.mark.anyio
async def test_cancelled_while_it_waits_it_gives_back_what_it_took():
    handler = make_handler()
    handler.clock.auto_advance = False
    guarded = Pipeline(evolve(config(capacity=20), base_delay=5.0), handler=handler)(
        Venue(ConnectionError()).fetch_async
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(guarded)
        await anyio.wait_all_tasks_blocked()
        assert left(handler) == 15
        tasks.cancel_scope.cancel()
    assert left(handler) == 20
