"""The breaker under threads."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from recoup import CircuitBreakerConfig, CircuitOpen
from recoup.testing import FakeClock
from recoup_plugins.circuit_breaker import CircuitBreaker, CircuitBreakerPlugin, Ending

THREADS = 20


@pytest.fixture(autouse=True)
def _switch_often():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def together(function):
    """Run a function in twenty threads that start at the same moment; return its results."""
    barrier = threading.Barrier(THREADS, timeout=30)

    def run(number):
        barrier.wait()
        return function(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def build(clock, threshold, events=None):
    observe = None if events is None else events.append
    return CircuitBreaker("b", failure_threshold=threshold, recovery_timeout=1, clock=clock, on_change=observe)


@pytest.mark.parametrize("round_", range(10))
def test_half_open_lets_exactly_one_of_twenty_threads_through(round_):
    clock, events = FakeClock(), []
    breaker = build(clock, 1, events)
    breaker.record_failure()
    clock.advance(1)

    def attempt(_):
        try:
            return breaker.acquire()
        except CircuitOpen:
            return None

    permits = [permit for permit in together(attempt) if permit is not None]

    assert len(permits) == 1
    breaker.release(permits[0], Ending.SUCCESS)
    assert [(event.old, event.new) for event in events] == [
        ("closed", "open"),
        ("open", "half_open"),
        ("half_open", "closed"),
    ]


def test_no_failure_is_lost():
    breaker = build(FakeClock(), THREADS * 200)

    def fail(number):
        for _ in range(200 if number else 199):
            breaker.release(breaker.acquire(), Ending.FAILURE)

    together(fail)
    assert breaker.state == "closed"
    breaker.release(breaker.acquire(), Ending.FAILURE)
    assert breaker.state == "open"


def test_calls_are_not_serialised():
    """Twenty calls are under way at once; if the lock were held over one, the barrier would break."""
    breaker = build(FakeClock(), 5)
    inside = threading.Barrier(THREADS, timeout=30)

    def call(_):
        permit = breaker.acquire()
        inside.wait()
        breaker.release(permit, Ending.SUCCESS)

    together(call)
    assert breaker.state == "closed"


def test_a_gate_keeps_the_permits_of_its_threads_apart(host):
    host.clock = FakeClock()
    gate = CircuitBreakerPlugin(host).gate(CircuitBreakerConfig(failure_threshold=1, recovery_timeout=1), "g")
    admitted = threading.Barrier(THREADS, timeout=30)
    half_open = threading.Event()

    def call(number):
        gate.acquire()
        admitted.wait()
        if number == 0:
            gate.release(ConnectionError())
            host.clock.advance(1)
            gate.acquire()
            half_open.set()
            return
        assert half_open.wait(30)
        gate.release(None if number % 2 else ConnectionError())

    together(call)
    assert gate.breaker.state == "half_open"
    with pytest.raises(CircuitOpen):
        gate.acquire()


def test_one_gate_for_all_threads_that_ask_at_once(host):
    plugin = CircuitBreakerPlugin(host)
    config = CircuitBreakerConfig()

    gates = together(lambda _: [plugin.gate(config, f"key-{n}") for n in range(50)])

    assert all(row[n] is gates[0][n] for row in gates for n in range(50))
    assert len(plugin.circuit_breaker_status()) == 50
