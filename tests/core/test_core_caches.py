"""The LRU cache against a model of it, and under threads."""

from __future__ import annotations

import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from recoup import LRUCache
from recoup.testing import FakeClock

KEYS = st.integers(0, 6)
MAX_SIZE, TTL, MAX_BYTES = 4, 10.0, 20


class CacheModel(RuleBasedStateMachine):
    """A list of entries in the order of their use, searched and cut by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.cache: LRUCache[int, int] = LRUCache(
            MAX_SIZE, TTL, max_bytes=MAX_BYTES, size_of=lambda _, value: value, clock=self.clock
        )
        self.entries: list[tuple[int, int, float]] = []

    def find(self, key: int) -> tuple[int, int, float] | None:
        return next((entry for entry in self.entries if entry[0] == key), None)

    def is_old(self, entry: tuple[int, int, float]) -> bool:
        return self.clock.monotonic() - entry[2] >= TTL

    @rule(key=KEYS, value=st.integers(0, 25))
    def set(self, key: int, value: int) -> None:
        self.cache.set(key, value)
        self.entries = [entry for entry in self.entries if entry[0] != key]
        if value <= MAX_BYTES:
            self.entries.append((key, value, self.clock.monotonic()))
        while len(self.entries) > MAX_SIZE or sum(entry[1] for entry in self.entries) > MAX_BYTES:
            del self.entries[0]

    @rule(key=KEYS)
    def get(self, key: int) -> None:
        entry, found = self.find(key), self.cache.get(key, -1)
        if entry is not None:
            self.entries.remove(entry)
        if entry is None or self.is_old(entry):
            assert found == -1
        else:
            assert found == entry[1]
            self.entries.append(entry)

    @rule(key=KEYS)
    def contains(self, key: int) -> None:
        entry = self.find(key)
        assert (key in self.cache) == (entry is not None and not self.is_old(entry))

    @rule(key=KEYS)
    def delete(self, key: int) -> None:
        entry = self.find(key)
        assert self.cache.delete(key) == (entry is not None)
        if entry is not None:
            self.entries.remove(entry)

    @rule(seconds=st.floats(0, 12))
    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def clean_up(self) -> None:
        kept = [entry for entry in self.entries if not self.is_old(entry)]
        assert self.cache.cleanup() == len(self.entries) - len(kept)
        self.entries = kept

    @rule()
    def clear(self) -> None:
        self.cache.clear()
        self.entries = []

    @invariant()
    def both_hold_the_same(self) -> None:
        assert self.cache.items() == [entry[:2] for entry in self.entries if not self.is_old(entry)]
        assert len(self.cache) == len(self.entries) <= MAX_SIZE
        assert self.cache.bytes_used == sum(entry[1] for entry in self.entries) <= MAX_BYTES


TestCacheModel = CacheModel.TestCase
TestCacheModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_it_counts_hits_misses_evictions_and_what_was_too_old() -> None:
    clock = FakeClock()
    cache: LRUCache[str, int] = LRUCache(1, 5.0, clock=clock)
    cache.set("a", 1)
    cache.set("b", 2)
    assert (cache.get("a"), cache.get("b")) == (None, 2)
    clock.advance(5)
    assert cache.get("b") is None
    assert (cache.hits, cache.misses, cache.evictions, cache.expired) == (1, 2, 1, 1)


def test_an_access_does_not_prolong_the_life_of_an_item() -> None:
    clock = FakeClock()
    cache: LRUCache[str, int] = LRUCache(ttl=2.0, clock=clock)
    cache.set("a", 1)
    clock.advance(1.5)
    assert cache.get("a") == 1
    clock.advance(0.5)
    assert "a" not in cache


def test_a_stored_none_is_told_from_an_absent_item() -> None:
    cache: LRUCache[str, None] = LRUCache()
    cache.set("a", None)
    assert cache.get("a", "default") is None
    assert cache.get("b", "default") == "default"


def test_bytes_are_measured_by_the_interpreter_unless_told_otherwise() -> None:
    cache: LRUCache[str, bytes] = LRUCache(max_bytes=5000)
    for index in range(100):
        cache.set(f"k{index}", bytes(1000))
    assert 0 < len(cache) < 5
    assert cache.bytes_used <= 5000


@pytest.mark.parametrize(
    ("kwargs", "name"), [({"max_size": 0}, "max_size"), ({"ttl": 0}, "ttl"), ({"max_bytes": 0}, "max_bytes")]
)
def test_limits_that_make_no_sense_are_named(kwargs: dict[str, int], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        LRUCache(**kwargs)  # type: ignore[arg-type]


def test_threads_that_use_it_together_never_break_its_bounds() -> None:
    cache: LRUCache[int, int] = LRUCache(50, 0.001, max_bytes=400, size_of=lambda *_: 10)
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for step in range(2000):
                key = (seed * 31 + step * 7) % 90
                cache.set(key, step)
                cache.get(key + 1)
                if step % 5 == 0:
                    cache.delete(key + 2)
                    cache.cleanup()
                assert len(cache) <= 51
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert cache.bytes_used == 10 * len(cache) <= 400
    assert cache.hits + cache.misses == 8000
