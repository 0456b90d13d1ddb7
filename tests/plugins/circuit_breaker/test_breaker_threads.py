"""The breaker under threads: exact counts, and the faults that breakers elsewhere have shown."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from recoup import CircuitBreakerConfig, CircuitOpen, Scope
from recoup.testing import FakeClock
from recoup_plugins.circuit_breaker import CircuitBreaker, CircuitBreakerPlugin

THREADS = 20
WINDOWS = {
    "row": {},
    "count": {"window": "count", "window_size": 100_000, "minimum_calls": 1},
    "unripe": {"window": "count", "window_size": 100_000, "minimum_calls": 100_000},
    "time": {"window": "time", "window_size": 60, "minimum_calls": 100_000},
    "slow": {"window": "count", "window_size": 100_000, "minimum_calls": 100_000, "slow_call_duration": 1},
}


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


def build(clock, events=None, **config):
    observe = None if events is None else events.append
    return CircuitBreaker("b", CircuitBreakerConfig(**config), clock=clock, on_change=observe)


def admitted(breaker):
    try:
        return breaker.acquire()
    except CircuitOpen:
        return None


@pytest.mark.parametrize("permitted", [1, 3, 7])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("_round", range(5))
def test_half_open_lets_exactly_the_permitted_number_of_twenty_threads_through(permitted, window, _round):
    clock, events = FakeClock(), []
    breaker = build(clock, events, failure_threshold=1, recovery_timeout=1)
    breaker.release(breaker.acquire(), ConnectionError())
    breaker.reconfigure(
        CircuitBreakerConfig(
            recovery_timeout=1, half_open_max_calls=permitted, success_threshold=permitted, **WINDOWS[window]
        )
    )
    clock.advance(1)
    events.clear()

    permits = [permit for permit in together(lambda _: admitted(breaker)) if permit is not None]

    assert len(permits) == permitted
    for permit in permits:
        breaker.release(permit, None)
    assert [(event.old, event.new) for event in events] == [("open", "half_open"), ("half_open", "closed")]


def test_a_backend_that_is_still_broken_sees_one_call_of_twenty_threads():
    clock = FakeClock()
    breaker = build(clock, failure_threshold=1, recovery_timeout=1)
    breaker.record_failure()
    clock.advance(1)
    reached = []

    def call(number):
        permit = admitted(breaker)
        if permit is not None:
            reached.append(number)
            breaker.release(permit, ConnectionError())

    together(call)
    assert len(reached) == 1


@pytest.mark.parametrize(("error", "new"), [(None, "closed"), (ConnectionError(), "open")])
@pytest.mark.parametrize("_round", range(10))
def test_trials_that_end_at_once_decide_once(error, new, _round):
    clock, events = FakeClock(), []
    config = {"recovery_timeout": 1, "half_open_max_calls": THREADS, "success_threshold": THREADS}
    breaker = build(clock, events, failure_threshold=1, **config)
    breaker.record_failure()
    clock.advance(1)
    trials = [breaker.acquire() for _ in range(THREADS)]
    events.clear()

    together(lambda number: breaker.release(trials[number], error))

    assert [(event.old, event.new) for event in events] == [("half_open", new)]


def test_trials_that_are_given_back_never_let_more_than_the_permitted_number_under_way():
    clock = FakeClock()
    breaker = build(clock, failure_threshold=1, recovery_timeout=1, half_open_max_calls=3)
    breaker.record_failure()
    clock.advance(1)
    under_way, most, lock = 0, 0, threading.Lock()

    def call(_):
        nonlocal under_way, most
        for _ in range(200):
            permit = admitted(breaker)
            if permit is None:
                continue
            with lock:
                under_way += 1
                most = max(most, under_way)
            with lock:
                under_way -= 1
            breaker.release(permit, KeyboardInterrupt())

    together(call)
    assert most <= 3
    assert breaker.status().trials == 0
    assert [admitted(breaker) is not None for _ in range(4)] == [True] * 3 + [False]


@pytest.mark.parametrize("window", [name for name in WINDOWS if name != "row"])
def test_no_outcome_is_lost(window):
    """Every third call fails; those that end well take no lock."""
    config = {**WINDOWS[window], "failure_rate_threshold": 1.0}
    breaker = build(FakeClock(), **config)
    breaker.release(breaker.acquire(), None)

    def call(_):
        for number in range(300):
            breaker.release(breaker.acquire(), ConnectionError() if number % 3 == 0 else None)

    together(call)
    status = breaker.status()
    assert (status.calls, status.failures) == (THREADS * 300 + 1, THREADS * 100)


def test_the_failure_that_completes_the_row_opens_it_whoever_makes_it():
    breaker = build(FakeClock(), failure_threshold=THREADS * 200)

    def fail(number):
        for _ in range(200 if number else 199):
            breaker.release(breaker.acquire(), ConnectionError())

    together(fail)
    assert breaker.state == "closed"
    breaker.release(breaker.acquire(), ConnectionError())
    assert breaker.state == "open"


@pytest.mark.parametrize("window", WINDOWS)
def test_it_opens_once_however_many_fail_at_once(window):
    events = []
    config = {**WINDOWS[window], "minimum_calls": 5} if window != "row" else {"failure_threshold": 5}
    breaker = build(FakeClock(), events, **config)
    permits = [breaker.acquire() for _ in range(THREADS)]

    together(lambda number: breaker.release(permits[number], ConnectionError()))

    assert [(event.old, event.new, event.failures) for event in events] == [("closed", "open", 5)]


@pytest.mark.parametrize("window", WINDOWS)
def test_calls_are_not_serialised(window):
    """Twenty calls are under way at once; if a lock were held over one, the barrier would break."""
    breaker = build(FakeClock(), **WINDOWS[window])
    inside = threading.Barrier(THREADS, timeout=30)

    def call(_):
        permit = breaker.acquire()
        inside.wait()
        breaker.release(permit, None)

    together(call)
    assert breaker.state == "closed"


def test_refusals_never_share_an_exception():
    """One that is raised again and again grows a traceback without end."""
    breaker = build(FakeClock(), failure_threshold=1)
    breaker.record_failure()

    def refused(_):
        refusals = []
        for _ in range(100):
            with pytest.raises(CircuitOpen) as refusal:
                breaker.acquire()
            refusals.append(refusal.value)
        return refusals

    refusals = [error for errors in together(refused) for error in errors]
    assert len({id(error) for error in refusals}) == THREADS * 100
    assert {_depth(error) for error in refusals} == {2}


def _depth(error):
    frames, entry = 0, error.__traceback__
    while entry is not None:
        frames, entry = frames + 1, entry.tb_next
    return frames


def test_stragglers_of_an_earlier_period_do_not_touch_a_trial():
    clock = FakeClock()
    breaker = build(clock, failure_threshold=1, recovery_timeout=1)
    ready = threading.Barrier(THREADS, timeout=30)
    half_open = threading.Event()

    def call(number):
        permit = breaker.acquire()
        ready.wait()
        if number == 0:
            breaker.release(permit, ConnectionError())
            clock.advance(1)
            breaker.acquire()
            half_open.set()
            return
        assert half_open.wait(30)
        breaker.release(permit, None if number % 2 else ConnectionError())

    together(call)
    assert breaker.state == "half_open"
    assert admitted(breaker) is None


def test_one_circuit_for_all_threads_that_ask_at_once(host):
    plugin = CircuitBreakerPlugin(host)
    config = CircuitBreakerConfig()

    gates = together(lambda _: [plugin.policy(config, Scope(key=f"key-{n}")) for n in range(50)])

    assert all(row[n] is gates[0][n] for row in gates for n in range(50))
    assert len(plugin.circuit_breaker_status()) == 50


def test_operators_and_reconfiguration_amid_calls_leave_a_sound_circuit():
    clock = FakeClock()
    breaker = build(clock, failure_threshold=3, recovery_timeout=1)
    configs = [CircuitBreakerConfig(recovery_timeout=1, **config) for config in WINDOWS.values()]

    def act(number):
        for turn in range(100):
            if number == 0:
                (breaker.force_open, breaker.disable, breaker.reset)[turn % 3]()
            elif number == 1:
                breaker.reconfigure(configs[turn % len(configs)])
            elif number == 2:
                clock.advance(0.5)
                breaker.status()
            else:
                permit = admitted(breaker)
                if permit is not None:
                    breaker.release(permit, ConnectionError() if turn % 4 == 0 else None)

    together(act)
    breaker.reset()
    breaker.reconfigure(CircuitBreakerConfig(failure_threshold=2, recovery_timeout=1))
    for _ in range(2):
        breaker.release(breaker.acquire(), ConnectionError())
    assert breaker.state == "open"
    assert breaker.status().trials == 0
