"""The limiter under real threads: exactly the burst and what the rate adds goes."""

from __future__ import annotations

import sys
import threading
from collections import Counter

import pytest

from recoup import RateLimited
from recoup.testing import FakeClock
from recoup_plugins.rate_limit import KeyedLimiter, RateLimitConfig

THREADS = 8


@pytest.fixture(autouse=True)
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


class Account:
    """A key whose look-up gives other threads a chance: without a lock, more than the burst goes."""

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return sum(1 for _ in range(5)) + self.number

    def __eq__(self, other):
        return self.number == other.number


@pytest.mark.parametrize("key", ["a", Account(1)], ids=["text", "object"])
def test_eight_threads_get_two_thousand_of_a_burst_of_two_thousand(key):
    limiter = KeyedLimiter(RateLimitConfig(rate=2000), clock=FakeClock())
    assert sum(run(lambda _: sum(limiter.check(key) == 0.0 for _ in range(1000)))) == 2000


def test_they_get_the_burst_and_what_the_rate_adds_while_time_passes():
    clock = FakeClock()
    limiter = KeyedLimiter(RateLimitConfig(rate=1000, burst=100), clock=clock)
    steps = 50

    def work(number):
        if number == 0:
            for _ in range(steps):
                clock.advance(0.0625)
                for _ in range(100):
                    limiter.check("other")
            return 0
        return sum(limiter.check("a") == 0.0 for _ in range(4000))

    total = sum(run(work))
    while limiter.check("a") == 0.0:
        total += 1
    assert total <= 100 + steps * 62.5
    assert limiter.left("a") < 1


def test_weights_add_up_exactly():
    limiter = KeyedLimiter(RateLimitConfig(rate=1, per=3600.0, burst=3000), clock=FakeClock())
    got = run(lambda number: sum(number % 3 + 1 for _ in range(1000) if limiter.check("a", number % 3 + 1) == 0.0))
    while limiter.check("a") == 0.0:
        got.append(1)
    assert sum(got) == 3000


def test_every_key_gets_its_own_while_others_are_swept_away():
    clock = FakeClock()
    limiter = KeyedLimiter(RateLimitConfig(rate=5), clock=clock)

    def work(number):
        if number == 0:
            for _ in range(200):
                clock.advance(0.001)
                limiter.check("other")
            return Counter()
        return Counter(key for key in list(range(200)) * 3 if limiter.check(key) == 0.0)

    total = sum(run(work), Counter())
    assert set(total) == set(range(200))
    assert set(total.values()) <= {5, 6}


def test_reservations_given_back_by_many_threads_leave_nothing_used():
    limiter = KeyedLimiter(RateLimitConfig(rate=1, max_wait=1e6), clock=FakeClock())

    def work(_):
        for _ in range(300):
            limiter.cancel(limiter.reserve("a"))

    run(work)
    assert limiter.left("a") == 1


def test_reserved_places_are_all_different():
    limiter = KeyedLimiter(RateLimitConfig(rate=1, max_wait=1e6), clock=FakeClock())
    places = run(lambda _: [limiter.reserve("a").at for _ in range(200)])
    assert sorted(at for some in places for at in some) == [float(at) for at in range(THREADS * 200)]


def test_a_taken_lock_is_waited_for_and_refuses_nobody():
    limiter = KeyedLimiter(RateLimitConfig(rate=1_000_000), clock=FakeClock())
    assert sum(run(lambda _: sum(limiter.check("a") == 0.0 for _ in range(5000)))) == THREADS * 5000


def test_reconfiguring_all_the_while_loses_nothing():
    limiter = KeyedLimiter(RateLimitConfig(rate=1000), clock=FakeClock())

    def work(number):
        if number == 0:
            for turn in range(300):
                limiter.reconfigure(RateLimitConfig(rate=1000 + turn % 2, burst=1000))
            return 0
        return sum(limiter.check("a") == 0.0 for _ in range(1000))

    total = sum(run(work))
    assert total == 1000


def test_a_refused_waiter_of_many_holds_nothing():
    limiter = KeyedLimiter(RateLimitConfig(rate=1, burst=10, max_wait=5.0), clock=FakeClock())

    def work(_):
        refused = 0
        for _ in range(100):
            try:
                limiter.reserve("a")
            except RateLimited:
                refused += 1
        return refused

    assert sum(run(work)) == THREADS * 100 - 15
