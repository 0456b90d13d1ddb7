"""The mapping behind the cache."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from recoup.testing import FakeClock
from recoup_plugins.cache import TTLCache


def make(ttl: float = 10.0, max_items: int = 3, **kwargs: Any) -> tuple[TTLCache[Any, Any], FakeClock]:
    clock = FakeClock()
    return TTLCache(ttl, max_items, clock=clock, **kwargs), clock


def test_gives_a_value_until_it_is_too_old():
    cache, clock = make()
    cache.set("a", 1)
    clock.advance(9.75)
    assert cache.get("a") == 1
    clock.advance(0.25)
    assert cache.get("a") is None
    assert cache.get("a", 5) == 5


def test_none_is_a_value_like_any_other():
    cache, _ = make()
    cache.set("a", None)
    assert cache.get("a", "missing") is None


def test_a_stale_value_is_had_for_as_long_as_the_grace_lasts():
    cache, clock = make(grace=5.0)
    cache.set("a", 1)
    clock.advance(14.75)
    assert (cache.get("a"), cache.stale("a", None)) == (None, 1)
    clock.advance(0.25)
    assert cache.stale("a", None) is None


def test_for_room_the_first_goes_that_nobody_has_asked_for():
    cache, _ = make()
    for key in "abc":
        cache.set(key, key)
    cache.get("a")
    cache.set("d", "d")
    assert [cache.get(key) for key in "abcd"] == ["a", None, "c", "d"]


def test_once_all_were_asked_for_the_first_goes():
    cache, _ = make()
    for key in "abc":
        cache.set(key, key)
        cache.get(key)
    cache.set("d", "d")
    assert [cache.get(key) for key in "abcd"] == [None, "b", "c", "d"]


def test_what_is_too_old_is_dropped_when_something_is_put_in():
    cache, clock = make(max_items=1000)
    for key in range(1000):
        cache.set(key, key)
    clock.advance(10.0)
    cache.set("a", 1)
    assert len(cache) == 1


def test_narrower_bounds_hold_at_once():
    cache, clock = make()
    for key in "abc":
        cache.set(key, key)
    clock.advance(5.0)
    cache.reconfigure(6.0, 2)
    assert len(cache) == 2
    clock.advance(1.0)
    assert cache.get("c") is None
    cache.set("d", 1)
    cache.set("e", 1)
    cache.set("f", 1)
    assert len(cache) == 2


def test_cleared_it_is_as_new():
    cache, _ = make()
    for key in "abcd":
        cache.set(key, key)
    cache.clear()
    for key in "efgh":
        cache.set(key, key)
    assert [key for key in "abcdefgh" if cache.get(key)] == ["f", "g", "h"]


@pytest.mark.parametrize(
    ("ttl", "max_items", "grace", "message"),
    [(0, 1, 0, "ttl is in seconds"), (1, 0, 0, "max_items"), (1, 1, -1, "grace"), (float("nan"), 1, 0, "ttl")],
)
def test_refuses_bounds_that_keep_nothing(ttl, max_items, grace, message):
    with pytest.raises(ValueError, match=message):
        TTLCache(ttl, max_items, grace=grace)


def test_a_value_whose_end_comes_back_to_the_cache_does_not_block_it():
    cache, _ = make(max_items=1)

    class ComesBack:
        def __del__(self):
            cache.set("b", 2)

    cache.set("a", ComesBack())
    done = threading.Thread(target=cache.set, args=("c", 3), daemon=True)
    done.start()
    done.join(10)
    assert not done.is_alive()
    assert len(cache) == 1


class ModelledCache(RuleBasedStateMachine):
    """Against a dictionary: what it gives is right, fresh and bounded, and room is made in a circle."""

    @initialize(max_items=st.integers(1, 4), grace=st.sampled_from([0.0, 2.0]))
    def begin(self, max_items: int, grace: float) -> None:
        self.max_items, self.ttl, self.grace = max_items, 4.0, grace
        self.clock = FakeClock()
        self.cache: TTLCache[str, int] = TTLCache(4.0, max_items, grace=grace, clock=self.clock)
        self.last: dict[str, tuple[int, float]] = {}
        self.number = 0

    @rule(eighths=st.integers(1, 40))
    def pass_time(self, eighths: int) -> None:
        self.clock.advance(eighths / 8)

    @rule(key=st.sampled_from("abcdef"))
    def put(self, key: str) -> None:
        self.number += 1
        fresh_before = [other for other in self.last if other != key and self.cache.find(other) is not None]
        self.cache.set(key, self.number)
        self.last[key] = self.number, self.clock.monotonic()
        gone = [other for other in fresh_before if self.cache.find(other) is None and not self.is_over(other)]
        assert len(gone) <= (1 if len(fresh_before) >= self.max_items else 0)
        assert self.cache.get(key) == self.number

    @rule(key=st.sampled_from("abcdef"))
    def look(self, key: str) -> None:
        value, stale = self.cache.get(key), self.cache.stale(key, None)
        age = self.clock.monotonic() - self.last.get(key, (0, -1000.0))[1]
        assert value in (None, self.last.get(key, (None,))[0])
        assert value is None or age < self.ttl
        assert stale is None or age < self.ttl + self.grace
        if self.cache.find(key) is not None:
            assert (value is not None) == (age < self.ttl)

    @rule(max_items=st.integers(1, 4))
    def reconfigure(self, max_items: int) -> None:
        self.max_items = max_items
        self.cache.reconfigure(self.ttl, max_items, grace=self.grace)

    @rule()
    def clear(self) -> None:
        self.cache.clear()
        self.last.clear()

    def is_over(self, key: str) -> bool:
        return self.clock.monotonic() - self.last[key][1] >= self.ttl + self.grace

    @invariant()
    def holds_no_more_than_it_may(self) -> None:
        assert len(getattr(self, "cache", ())) <= getattr(self, "max_items", 0)


TestModelledCache = ModelledCache.TestCase


def test_many_threads_get_whole_values_within_the_bounds():
    cache, clock = make(ttl=0.5, max_items=50)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    start = threading.Barrier(8)
    wrong = []

    def work(number):
        start.wait()
        for step in range(3000):
            key = (step * 7 + number) % 80
            value = cache.get(key)
            if value is not None and value != (key, key):
                wrong.append(value)
            if step % 3 == 0:
                cache.set(key, (key, key))
            if number == 0 and step % 50 == 0:
                clock.advance(0.0625)
            if len(cache) > 50:
                wrong.append(len(cache))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    assert wrong == []
