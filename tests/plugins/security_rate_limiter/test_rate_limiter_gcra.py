"""GCRA: never more than the burst at once, never more than the rate for long, and exactly that much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup_plugins.security_rate_limiter import Limit
from recoup_plugins.security_rate_limiter.gcra import TICKS_PER_SECOND, to_ticks

limits = st.builds(
    Limit,
    count=st.integers(1, 1000),
    per=st.sampled_from([0.1, 1.0, 7.0, 60.0, 3600.0]),
    burst=st.none() | st.integers(1, 50),
)


def admitted(limit: Limit, arrivals: list[int]) -> list[int]:
    tat, conforming = 0, []
    for now in arrivals:
        if limit.wait(tat, now) <= 0:
            tat = limit.after(tat, now)
            conforming.append(now)
    return conforming


def test_a_burst_is_admitted_whole_and_the_next_request_refused() -> None:
    assert len(admitted(Limit(count=10, per=1.0, burst=20), [5] * 50)) == 20


def test_without_a_burst_as_many_come_at_once_as_in_the_whole_time() -> None:
    assert len(admitted(Limit(count=100, per=60.0), [0] * 101)) == 100


def test_one_request_is_regained_for_each_interval() -> None:
    limit = Limit(count=100, per=60.0)
    step = to_ticks(0.6)
    assert limit.interval == step
    assert len(admitted(limit, [0] * 100 + [step - 1, step, step, 2 * step])) == 102


@given(limits, st.lists(st.integers(0, 300_000), max_size=200))
def test_no_span_holds_more_than_burst_and_rate_allow(limit: Limit, gaps: list[int]) -> None:
    now, arrivals = 10**9, []
    for gap in gaps:
        now += gap
        arrivals.append(now)
    conforming = admitted(limit, arrivals)
    burst = limit.burst or limit.count
    for first in range(len(conforming)):
        for last in range(first, len(conforming)):
            span = conforming[last] - conforming[first]
            assert (last - first + 1 - burst) * limit.per * TICKS_PER_SECOND <= limit.count * (span + 1)


@given(limits, st.integers(0, 10**13), st.integers(1, 60))
def test_after_the_announced_wait_a_request_conforms_and_a_tick_before_it_does_not(
    limit: Limit, now: int, requests: int
) -> None:
    tat = 0
    for _ in range(requests):
        wait = limit.wait(tat, now)
        if wait > 0:
            assert limit.wait(tat, now + wait) == 0
            assert limit.wait(tat, now + wait - 1) == 1
        tat = limit.after(tat, now)


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"count": 1, "per": 0.0}, {"count": 1, "burst": 0}, {"count": 1, "per": float("inf")}]
)
def test_a_limit_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"count|per|burst"):
        Limit(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_a_rate_above_the_clocks_resolution_is_refused() -> None:
    with pytest.raises(ValueError, match="out of range"):
        Limit(count=2_000_000, per=1.0)
