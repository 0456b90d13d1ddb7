"""Calls that make a position safer: no breaker refuses them, whoever opened it; one specification for both ways."""

from __future__ import annotations

import threading

import pytest

from recoup import (
    CircuitBreakerConfig,
    CircuitOpen,
    ErrorHandler,
    Guard,
    Operation,
    OperationKind,
    Pipeline,
    Priority,
    RetryConfig,
    Scope,
)
from recoup.testing import FakeClock
from recoup_plugins.circuit_breaker import CircuitBreaker, CircuitBreakerPlugin, UnrefusedGate

TWICE = CircuitBreakerConfig(failure_threshold=2, recovery_timeout=30, name="venue > orders")
CANCEL = Operation(kind=OperationKind.CANCEL)
CLOSE = Operation(kind=OperationKind.SUBMIT, reduces_risk=True)
URGENT = Operation(kind=OperationKind.READ, priority=Priority.CRITICAL)
READ = Operation(kind=OperationKind.READ)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def handler(clock):
    return ErrorHandler(discover=False, clock=clock, plugins={"circuit_breaker": CircuitBreakerPlugin})


@pytest.fixture
def plugin(handler):
    return handler.plugins.get("circuit_breaker")


@pytest.fixture(params=["sync", "async", "guard, sync", "guard, async"])
def protect(request, handler):
    def protect(function, operation, config=TWICE):
        make = Guard if "guard" in request.param else Pipeline
        pipeline = make(config, handler=handler, operation=operation)

        async def call(*args):
            if "async" in request.param:

                async def coroutine(*args):
                    return function(*args)

                return await pipeline.call(coroutine, *args)
            return pipeline.call_sync(function, *args)

        return call

    return protect


def venue(answer):
    if isinstance(answer, Exception):
        raise answer
    return answer


async def failing(call, times):
    for _ in range(times):
        with pytest.raises(ConnectionError):
            await call(ConnectionError("gone"))


@pytest.mark.anyio
@pytest.mark.parametrize("operation", [CANCEL, CLOSE, URGENT], ids=["cancel", "reduces risk", "critical"])
class TestSpecification:
    async def test_an_open_circuit_lets_them_through_and_nobody_else(self, protect, plugin, operation):
        read, vital = protect(venue, READ), protect(venue, operation)
        await failing(read, 2)
        assert plugin.status("venue > orders").state.value == "open"
        assert await vital("done") == "done"
        with pytest.raises(CircuitOpen):
            await read("never made")

    async def test_so_does_one_that_an_operator_has_opened_on_any_level(self, protect, plugin, operation):
        vital = protect(venue, operation)
        await vital("done")
        for level in ("venue", "venue > orders"):
            plugin.force_open(level)
            assert await vital("done") == "done"

    async def test_their_failures_open_a_closed_circuit(self, protect, plugin, operation):
        await failing(protect(venue, operation), 2)
        assert plugin.status("venue > orders").state.value == "open"
        with pytest.raises(CircuitOpen):
            await protect(venue, READ)("never made")

    async def test_their_successes_count_while_it_is_closed(self, protect, plugin, operation):
        vital = protect(venue, operation)
        await failing(vital, 1)
        await vital("done")
        await failing(vital, 1)
        assert plugin.status("venue > orders").state.value == "closed"

    async def test_they_take_no_trial_s_place_and_close_nothing(self, protect, plugin, clock, operation):
        read, vital = protect(venue, READ), protect(venue, operation)
        await failing(read, 2)
        clock.advance(30)
        assert await vital("done") == "done"
        status = plugin.status("venue > orders")
        assert (status.state.value, status.trials) == ("half_open", 0)
        assert await read("trial") == "trial"
        assert plugin.status("venue > orders").state.value == "closed"

    async def test_one_that_fails_where_a_trial_would_be_let_in_opens_it_for_longer(
        self, protect, plugin, clock, operation
    ):
        read, vital = protect(venue, READ), protect(venue, operation)
        await failing(read, 2)
        clock.advance(31)
        await failing(vital, 1)
        assert plugin.status("venue > orders").state.value == "open"

    async def test_slow_ones_count_where_slow_calls_do(self, protect, plugin, clock, operation):
        config = CircuitBreakerConfig(
            window="count",
            window_size=4,
            minimum_calls=2,
            slow_call_duration=1.0,
            slow_call_rate_threshold=1.0,
            name="slow",
        )
        vital = protect(clock.advance, operation, config)
        await vital(2.0)
        await vital(2.0)
        assert plugin.status("slow").state.value == "open"
        await vital(2.0)


def test_the_gate_is_chosen_when_the_policy_is_made(plugin):
    ordinary = plugin.policy(TWICE, Scope(key="a", kind=OperationKind.SUBMIT, priority=Priority.HIGH))
    assert not isinstance(ordinary, UnrefusedGate)
    for scope in (Scope(key="a", kind=OperationKind.CANCEL), Scope(key="a", priority=Priority.CRITICAL)):
        gate = plugin.policy(TWICE, scope)
        assert isinstance(gate, UnrefusedGate)
        assert gate.key == "venue > orders"
        assert gate.circuit is ordinary.circuit
    plain = plugin.policy(CircuitBreakerConfig(name="plain"), Scope(key="a"))
    assert isinstance(plain, CircuitBreaker)


def test_threads_that_only_cancel_are_never_refused_and_leave_the_trials_to_others(clock):
    circuit = CircuitBreaker("venue", CircuitBreakerConfig(failure_threshold=1, recovery_timeout=1), clock=clock)
    gate = UnrefusedGate(circuit)
    circuit.release(circuit.acquire(), ConnectionError())
    clock.advance(1)
    start = threading.Barrier(8)
    trials = []

    def cancel():
        start.wait()
        for _ in range(500):
            gate.release(gate.acquire(), None)

    def read():
        start.wait()
        for _ in range(500):
            try:
                trials.append(circuit.acquire())
            except CircuitOpen:
                continue

    threads = [threading.Thread(target=work) for work in [cancel, read] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(trials) == 1
    assert circuit.state.value == "half_open"


def test_a_guard_s_recovery_repeats_them_while_the_circuit_is_open(clock):
    handler = ErrorHandler(clock=clock)  # with every plugin that is installed
    circuits = handler.plugins.get("circuit_breaker")
    calls = []

    def cancel_order():
        calls.append(len(calls))
        if len(calls) < 3:
            raise ConnectionError("gone")
        return "cancelled"

    once = CircuitBreakerConfig(failure_threshold=1, recovery_timeout=3600, name="venue")
    guarded = Guard(RetryConfig(max_attempts=3, base_delay=0), once, handler=handler, operation=CANCEL)
    assert guarded.call_sync(cancel_order) == "cancelled"
    assert circuits.status("venue").state.value == "open"
