"""Sliding windows: they count what lies within their span, to one slot, and take back what is asked of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recoup_plugins.security_rate_limiter.threats.windows import SlidingCount, SlidingDistinct

SPAN, SLOTS = 60, 6

gaps = st.lists(st.integers(0, 40), max_size=80)


@given(gaps)
def test_a_count_covers_its_span_less_at_most_a_slot(steps: list[int]) -> None:
    window, now, times = SlidingCount(SPAN, SLOTS), 0, []
    for step in steps:
        now += step
        times.append(now)
        window.add(now)
        expected = [time for time in times if now // 10 - time // 10 < SLOTS]
        assert window.count(now) == len(expected)
        assert {time for time in times if now - time <= SPAN - SPAN // SLOTS} <= set(expected)


@given(gaps, st.integers(0, 200))
def test_a_window_forgets_everything_in_time(steps: list[int], pause: int) -> None:
    window, now = SlidingCount(SPAN, SLOTS), 0
    for step in steps:
        now += step
        window.add(now)
    assert window.count(now + SPAN + pause) == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7), st.integers(0, 15)), max_size=120))
def test_distinct_keys_are_told_apart_and_can_be_taken_back(steps: list[tuple[bool, int, int]]) -> None:
    window, now, model = SlidingDistinct(SPAN, SLOTS, 100), 0, dict[int, int]()
    for adds, key, step in steps:
        now += step
        model = {known: then for known, then in model.items() if now // 10 - then // 10 < SLOTS}
        if adds:
            assert window.add(key, now) is (key not in model)
            model.setdefault(key, now)
        else:
            window.discard(key, now)
            model.pop(key, None)
        assert window.count(now) == len(model)


def test_beyond_its_bound_a_window_goes_on_counting_and_keeps_no_more_keys() -> None:
    window = SlidingDistinct(SPAN, SLOTS, 8)
    for key in range(1_000):
        window.add(key, 0)
    assert window.count(0) == 1_000
    assert len(window._seen) == 8
    window.discard(3, 0)  # no longer told apart
    assert window.count(0) == 1_000


def test_what_has_left_the_window_is_not_taken_back_twice() -> None:
    window = SlidingCount(SPAN, SLOTS)
    window.add(5)
    window.add(75)
    window.take_back(5, 75)
    assert window.count(75) == 1
