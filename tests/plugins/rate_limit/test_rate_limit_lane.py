"""The way past the limiter's lock: when it is open, what it counts, and that nothing can come in between."""

from __future__ import annotations

import dis
import sys
import threading

import pytest

from recoup import PolicyMisuse, RateLimited
from recoup.testing import FakeClock
from recoup_plugins.rate_limit import KeyedLimiter, RateLimitConfig, RateLimitGate
from recoup_plugins.rate_limit import limiter as limiter_module

THREADS = 8


@pytest.fixture
def made(host):
    """Make a limiter with a clock of its own and a gate to it."""

    def make(weight=1, **config):
        limiter = KeyedLimiter(RateLimitConfig(name="venue", **config), clock=host.clock)
        return limiter, RateLimitGate(limiter, weight, host)

    return make


class Watched:
    """A lock that counts how often it is taken."""

    def __init__(self):
        self._lock = threading.RLock()
        self.taken = 0

    def __enter__(self):
        self._lock.acquire()
        self.taken += 1

    def __exit__(self, *_):
        self._lock.release()


def admitted(gate, times):
    count = 0
    for _ in range(times):
        try:
            count += gate.acquire() is True
        except RateLimited:
            continue
    return count


def reserved(limiter):
    try:
        return limiter.reserve("venue").wait == 0.0
    except RateLimited:
        return False


def test_calls_within_the_limit_take_no_lock_but_the_first(made):
    limiter, gate = made(rate=100)
    limiter._lock = Watched()
    assert admitted(gate, 100) == 100
    assert limiter._lock.taken == 2  # the lock is reentrant: once for both


def test_what_they_have_used_is_seen_by_everybody_else(made):
    limiter, gate = made(rate=10)
    assert admitted(gate, 4) == 4
    assert limiter.left("venue") == 6
    assert limiter.check("venue", 6) == 0.0
    assert admitted(gate, 3) == 0


def test_it_refuses_as_the_limiter_does_and_says_how_long(made, host):
    _, gate = made(rate=2)
    assert admitted(gate, 5) == 2
    with pytest.raises(RateLimited) as caught:
        gate.acquire()
    assert caught.value.retry_after == pytest.approx(0.5)
    assert caught.value.key == "venue"
    host.clock.advance(0.5)
    assert admitted(gate, 2) == 1


def test_another_key_closes_it_until_that_has_recovered(made, host):
    limiter, gate = made(rate=10)
    gate.acquire()
    limiter.check("other")
    limiter._lock = Watched()
    assert admitted(gate, 3) == 3
    assert limiter._lock.taken == 6
    host.clock.advance(2.0)
    gate.acquire()  # sweeps the other key away
    assert len(limiter) == 1
    limiter._lock = Watched()
    assert admitted(gate, 3) == 3
    assert limiter._lock.taken == 0


def test_the_venue_s_window_closes_it(made):
    limiter, gate = made(rate=100)
    assert admitted(gate, 5) == 5
    limiter.observe("venue", 2, reset=10.0)
    assert admitted(gate, 5) == 2


def test_a_lower_limit_holds_from_the_next_call_on(made):
    limiter, gate = made(rate=100)
    assert admitted(gate, 60) == 60
    limiter.reconfigure(RateLimitConfig(rate=70))
    assert admitted(gate, 60) == 10


def test_a_weight_beyond_the_burst_is_still_a_misuse(made):
    limiter, gate = made(weight=5, rate=5)
    gate.acquire()
    limiter.reconfigure(RateLimitConfig(rate=4))
    with pytest.raises(PolicyMisuse):
        gate.acquire()


def test_a_recovered_limit_is_idle(made, host):
    limiter, gate = made(rate=10)
    gate.acquire()
    assert not limiter.is_idle()
    host.clock.advance(1.0)
    assert limiter.is_idle()
    assert admitted(gate, 20) == 10


def test_without_a_gil_every_call_takes_the_lock(made, monkeypatch):
    monkeypatch.setattr(limiter_module, "FREE_THREADED", True)
    limiter, gate = made(rate=10)
    limiter._lock = Watched()
    assert admitted(gate, 20) == 10
    assert limiter._lock.taken >= 20


def test_no_thread_can_come_between_the_reading_and_the_writing():
    """CPython passes the GIL on in calls and jumps backward only; there is neither in between."""
    steps = list(dis.get_instructions(RateLimitGate.acquire))
    writing = next(i for i, step in enumerate(steps) if step.opname == "STORE_ATTR" and step.argval == "arrival")
    reading = next(i for i, step in enumerate(steps) if step.opname == "LOAD_ATTR" and step.argval == "rate")
    assert reading < writing
    between = {step.opname for step in steps[reading:writing]}
    assert {name for name in between if "CALL" in name or "BACKWARD" in name or name in {"RESUME", "SEND"}} == set()


@pytest.fixture
def _switch_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def run(work):
    start = threading.Barrier(THREADS)
    results = [None] * THREADS

    def body(number):
        start.wait()
        results[number] = work(number)

    threads = [threading.Thread(target=body, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.usefixtures("_switch_often")
class TestThreads:
    def test_exactly_the_burst_goes(self, host):
        limiter = KeyedLimiter(RateLimitConfig(rate=20_000), name="venue", clock=host.clock)
        gates = [RateLimitGate(limiter, 1, host) for _ in range(THREADS)]
        host.observed = False
        assert sum(run(lambda number: admitted(gates[number], 4000))) == 20_000

    def test_exactly_the_burst_goes_while_others_open_and_close_it(self, host):
        limiter = KeyedLimiter(RateLimitConfig(rate=10_000, max_wait=0.0), name="venue", clock=host.clock)
        gate = RateLimitGate(limiter, 1, host)
        host.observed = False

        def work(number):
            match number:
                case 0:
                    return sum(limiter.check("venue") == 0.0 for _ in range(3000))
                case 1:
                    for turn in range(500):
                        limiter.reconfigure(RateLimitConfig(rate=10_000 + turn % 2, burst=10_000))
                case 2:
                    for _ in range(1000):
                        limiter.left("venue")
                        limiter.is_idle()
                case 3:
                    return sum(reserved(limiter) for _ in range(500))
                case _:
                    return admitted(gate, 4000)
            return 0

        total = sum(run(work))
        while limiter.check("venue") == 0.0:
            total += 1
        assert total == 10_000

    def test_weights_add_up_exactly(self):
        host_clock = FakeClock()
        limiter = KeyedLimiter(RateLimitConfig(rate=1, per=3600.0, burst=9000), name="venue", clock=host_clock)

        class Quiet:
            clock = host_clock

            def hears(self, kind):
                return False

        gates = [RateLimitGate(limiter, number % 3 + 1, Quiet()) for number in range(THREADS)]
        got = run(lambda number: gates[number].weight * admitted(gates[number], 1000))
        while limiter.check("venue") == 0.0:
            got.append(1)
        assert sum(got) == 9000
