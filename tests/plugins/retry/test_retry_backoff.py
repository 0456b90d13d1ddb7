"""The delays between repetitions."""

from __future__ import annotations

from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup import RetryConfig
from recoup_plugins.retry import Backoff

delays = st.floats(min_value=0, max_value=1e6)
backoffs = st.builds(
    Backoff,
    base_delay=delays,
    max_delay=delays,
    strategy=st.sampled_from(["exponential", "linear", "constant", "decorrelated"]),
    exponential_base=st.floats(min_value=1, max_value=1e3),
    jitter=st.sampled_from([False, True, "full", "equal", "decorrelated"]),
)


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("exponential", [1, 3, 9, 27, 50, 50]), ("linear", [1, 2, 3, 4, 5, 6]), ("constant", [1] * 6)],
)
def test_each_strategy_has_its_series(strategy, expected):
    backoff = Backoff(base_delay=1, max_delay=50, strategy=strategy, exponential_base=3)

    assert [backoff.delay(n, Random(0)) for n in range(6)] == expected


def test_the_defaults_are_the_seeds():
    assert [Backoff().longest(n) for n in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("strategy", ["exponential", "linear", "constant"])
@pytest.mark.parametrize("repetition", [0, 5, 10**9, 10**400])
def test_a_zero_base_delay_never_waits_and_draws_nothing(strategy, repetition):
    backoff = Backoff(base_delay=0, strategy=strategy, jitter=True)
    random = Random(7)

    assert backoff.delay(repetition, random) == 0.0
    assert random.getstate() == Random(7).getstate()


@pytest.mark.parametrize("exponential_base", [1, 2, 2.5, 1e300])
@pytest.mark.parametrize("strategy", ["exponential", "linear"])
@pytest.mark.parametrize("repetition", [1100, 10**9, 10**400])
def test_huge_repetitions_reach_the_maximum_without_overflow(strategy, exponential_base, repetition):
    backoff = Backoff(base_delay=1, max_delay=60, strategy=strategy, exponential_base=exponential_base)

    grows = strategy == "linear" or exponential_base > 1
    assert backoff.delay(repetition, Random(0)) == (60.0 if grows else 1.0)


def test_a_maximum_below_the_base_delay_wins():
    assert Backoff(base_delay=5, max_delay=2).longest(0) == 2


def test_full_jitter_spreads_evenly_from_zero_to_the_computed_delay():
    backoff = Backoff(base_delay=4, strategy="constant", jitter=True)
    random = Random(42)

    drawn = [backoff.delay(0, random) for _ in range(4000)]

    assert 0 <= min(drawn) < 0.05
    assert 3.95 < max(drawn) <= 4
    assert fmean(drawn) == pytest.approx(2, abs=0.1)


def test_the_same_seed_draws_the_same_delays():
    backoff = Backoff(jitter=True)

    first, second = Random(3), Random(3)

    assert [backoff.delay(n, first) for n in range(9)] == [backoff.delay(n, second) for n in range(9)]


@given(backoffs, st.integers(min_value=0), st.integers(min_value=0, max_value=2**32))
def test_no_delay_is_negative_or_exceeds_the_maximum(backoff, repetition, seed):
    assert 0 <= backoff.delay(repetition, Random(seed)) <= backoff.max_delay
    assert backoff.longest(repetition) <= backoff.max_delay


@given(backoffs, st.integers(min_value=0, max_value=10**4), st.integers(min_value=0, max_value=2**32))
def test_each_kind_of_jitter_keeps_its_bounds(backoff, repetition, seed):
    longest = backoff.longest(repetition)
    shortest = {False: longest, "equal": longest / 2}.get(backoff.jitter, 0.0)
    if not backoff.is_decorrelated:
        assert shortest <= backoff.delay(repetition, Random(seed)) <= longest


@given(
    base=st.floats(min_value=0, max_value=1e3),
    above=st.floats(min_value=0, max_value=1e5),
    seed=st.integers(min_value=0, max_value=2**32),
    spelling=st.sampled_from([{"jitter": "decorrelated"}, {"strategy": "decorrelated"}]),
)
def test_decorrelated_jitter_is_drawn_from_the_base_to_three_times_the_delay_before(base, above, seed, spelling):
    backoff = Backoff(base_delay=base, max_delay=base + above, **spelling)
    random, previous = Random(seed), None
    for repetition in range(20):
        delay = backoff.delay(repetition, random, previous)
        before = base if previous is None else previous
        assert min(base, backoff.max_delay) <= delay <= min(backoff.max_delay, 3 * before * (1 + 1e-12))
        previous = delay


def test_equal_jitter_spreads_over_the_upper_half():
    backoff = Backoff(base_delay=4, strategy="constant", jitter="equal")
    random = Random(42)
    drawn = [backoff.delay(0, random) for _ in range(4000)]
    assert 2 <= min(drawn) < 2.05
    assert 3.95 < max(drawn) <= 4
    assert fmean(drawn) == pytest.approx(3, abs=0.1)


def test_true_is_full_jitter():
    assert Backoff(jitter=True).delay(3, Random(1)) == Backoff(jitter="full").delay(3, Random(1))


def test_a_kind_of_jitter_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="jitter"):
        Backoff(jitter="half")


@given(backoffs, st.integers(min_value=0, max_value=3000))
def test_delays_before_jitter_never_shrink(backoff, repetition):
    assert backoff.longest(repetition) <= backoff.longest(repetition + 1)


def test_a_retry_policy_gives_its_values():
    config = RetryConfig(base_delay=2, max_delay=9, backoff_strategy="linear", exponential_base=3, jitter=True)

    assert Backoff.from_config(config) == Backoff(
        base_delay=2, max_delay=9, strategy="linear", exponential_base=3, jitter=True
    )


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"base_delay": -1}, "base_delay"),
        ({"base_delay": float("inf")}, "base_delay"),
        ({"max_delay": float("nan")}, "max_delay"),
        ({"exponential_base": 0.5}, "exponential_base"),
        ({"strategy": "fibonacci"}, "strategy"),
    ],
)
def test_impossible_values_are_refused_by_name(bad, named):
    with pytest.raises(ValueError, match=named):
        Backoff(**bad)


def test_a_negative_repetition_is_refused():
    with pytest.raises(ValueError, match="counts from 0"):
        Backoff().delay(-1, Random(0))
