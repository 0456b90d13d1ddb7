"""Bounded tables: what lives stays, what is over makes room, and what finds none is still counted."""

from __future__ import annotations

import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from recoup_plugins.security_rate_limiter import Limit
from recoup_plugins.security_rate_limiter.tables import ArrivalSketch, ArrivalTable, LiveTable


def test_a_full_table_keeps_what_is_alive_and_turns_the_newcomer_away() -> None:
    table: LiveTable[int] = LiveTable(3, int)
    assert [table.put(key, 100, 0) for key in "abc"] == [True, True, True]
    assert not table.put("d", 100, 99)
    assert [table.get(key) for key in "abcd"] == [100, 100, 100, None]


def test_what_has_expired_makes_room() -> None:
    table: LiveTable[int] = LiveTable(3, int)
    for key, expiry in (("a", 100), ("b", 50), ("c", 100)):
        table.put(key, expiry, 0)
    assert table.put("d", 200, 50)
    assert [table.get(key) for key in "abcd"] == [100, None, 100, 200]
    assert len(table) == 3


def test_an_entry_may_change_while_the_table_is_full() -> None:
    table: LiveTable[int] = LiveTable(1, int)
    table.put("a", 100, 0)
    assert table.put("a", 300, 0)
    assert not table.put("b", 200, 100)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 10**9)), max_size=300))
def test_the_sketch_never_gives_less_than_the_true_time(puts: list[tuple[int, int]]) -> None:
    sketch, true = ArrivalSketch(), dict[int, int]()
    for key, tat in puts:
        sketch.put(key, tat)
        true[key] = max(true.get(key, 0), tat)
    assert all(sketch.get(key) >= tat for key, tat in true.items())


def test_the_sketch_tells_keys_apart() -> None:
    sketch = ArrivalSketch()
    for key in range(1000):
        sketch.put(("attacker", key), 10**9)
    assert sum(sketch.get(("honest", key)) > 0 for key in range(1000)) < 10


def test_an_overflowing_key_is_held_to_its_limit_and_gains_nothing_by_moving_into_the_table() -> None:
    limit = Limit(count=1, per=1.0, burst=3)
    table = ArrivalTable(1)
    assert table.admit("tenant", limit, 0) == 0
    counted = [table.admit("newcomer", limit, 0) == 0 for _ in range(5)]
    assert counted == [True, True, True, False, False]
    gone = limit.interval  # by now the tenant's entry has expired, and the newcomer regained one request
    assert [table.admit("newcomer", limit, gone) == 0 for _ in range(3)] == [True, False, False]
    assert len(table) == 1


def test_memory_stays_bounded_under_a_flood_of_keys() -> None:
    limit = Limit(count=1, per=3600.0)
    table = ArrivalTable(1000)
    tracemalloc.start()
    try:
        for key in range(20_000):
            table.admit(key.to_bytes(16, "big"), limit, 0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(table) == 1000
    assert peak < 1000 * 300 + 4 * 8 * ArrivalSketch.WIDTH + 50_000
