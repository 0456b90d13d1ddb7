"""From latencies to a limit: the arithmetic of either algorithm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup_plugins.adaptive_concurrency import AdaptiveConcurrencyConfig, Aimd, Gradient, Window


def steps(algorithm, limit, *windows):
    """The limits after each of the windows."""
    limits = []
    for window in windows:
        limit = algorithm.after(limit, window)
        limits.append(limit)
    return limits


class TestGradient:
    def test_at_its_norm_the_limit_grows_by_the_smoothed_headroom(self):
        gradient = Gradient(AdaptiveConcurrencyConfig(headroom=4.0, smoothing=0.25))
        assert steps(gradient, 10.0, *[Window(0.1, 10, 8)] * 3) == pytest.approx([11.0, 12.0, 13.0])

    def test_latency_within_the_tolerance_is_at_its_norm(self):
        gradient = Gradient(AdaptiveConcurrencyConfig(tolerance=1.5, smoothing=1.0))
        gradient.long = 0.1
        assert gradient.after(20.0, Window(0.14, 10, 15)) == 24.0

    def test_beyond_it_the_limit_falls_in_proportion(self):
        gradient = Gradient(AdaptiveConcurrencyConfig(tolerance=1.0, smoothing=1.0, headroom=1.0, long_window=10**6))
        steps(gradient, 10.0, *[Window(0.1, 10, 1)] * 20)
        assert gradient.after(20.0, Window(0.125, 10, 15)) == pytest.approx(20 * 0.8 + 1, rel=1e-3)

    def test_one_window_lowers_it_by_half_at_most(self):
        gradient = Gradient(AdaptiveConcurrencyConfig(smoothing=1.0, headroom=1.0))
        gradient.long = 0.1
        gradient._windows = 100
        assert gradient.after(100.0, Window(50.0, 10, 90)) == 51.0

    def test_an_application_that_uses_less_than_half_of_it_tells_nothing_of_it(self):
        gradient = Gradient(AdaptiveConcurrencyConfig())
        assert steps(gradient, 20.0, *[Window(0.1, 10, 9)] * 5) == [20.0] * 5

    def test_no_latency_at_all_is_at_its_norm(self):
        assert Gradient(AdaptiveConcurrencyConfig(smoothing=1.0)).after(10.0, Window(0.0, 10, 8)) == 14.0

    def test_a_norm_from_a_time_of_high_load_is_soon_forgotten(self):
        gradient = Gradient(AdaptiveConcurrencyConfig())
        gradient.long, gradient._windows = 10.0, 100
        steps(gradient, 20.0, *[Window(0.1, 10, 1)] * 100)
        assert gradient.long < 0.3

    def test_while_the_limit_is_reached_a_queue_does_not_become_the_norm(self):
        gradient = Gradient(AdaptiveConcurrencyConfig(probe_every=1000))
        steps(gradient, 20.0, *[Window(0.1, 10, 15)] * 20)
        gradient._until_probe = 1000
        for _ in range(500):
            gradient.after(20.0, Window(0.15, 10, 20))
        assert gradient.long == pytest.approx(0.1)

    def test_now_and_then_it_looks_what_latency_is_without_a_queue(self):
        gradient = Gradient(AdaptiveConcurrencyConfig(smoothing=1.0, headroom=1.0, tolerance=1.0))
        gradient.long, gradient._windows, gradient._until_probe = 0.4, 100, 1
        limits = steps(
            gradient,
            80.0,
            Window(0.4, 10, 80),  # the limit is reached: it is halved
            Window(0.4, 10, 40),  # the queue drains
            Window(0.2, 10, 40),  # which has helped: it is halved again
            Window(0.2, 10, 20),
            Window(0.1, 10, 20),  # again
            Window(0.1, 10, 10),
            Window(0.1, 10, 10),  # no more: this is the norm, and 20 calls at a time need not queue
        )
        assert limits == [40.0, 40.0, 20.0, 20.0, 10.0, 10.0, 20.0]
        assert gradient.long == 0.1

    def test_a_limit_that_overload_cuts_meanwhile_stays_cut(self):
        gradient = Gradient(AdaptiveConcurrencyConfig())
        gradient._until_probe = 1
        assert steps(gradient, 80.0, Window(0.1, 10, 80), Window(0.1, 10, 40)) == [40.0, 40.0]
        assert gradient.after(30.0, Window(0.1, 10, 30)) == 30.0

    @given(st.lists(st.tuples(st.floats(0.0, 1e6), st.integers(0, 500)), max_size=300))
    def test_whatever_it_sees_the_limit_is_a_number(self, windows):
        config = AdaptiveConcurrencyConfig()
        gradient, limit = Gradient(config), 20.0
        for latency, inside in windows:
            limit = min(200.0, max(1.0, gradient.after(limit, Window(latency, 10, inside))))
            assert 1.0 <= limit <= 200.0


class TestAimd:
    def test_a_round_of_successes_adds_one(self):
        aimd = Aimd(AdaptiveConcurrencyConfig(algorithm="aimd"))
        assert aimd.after(10.0, Window(0.1, 10, 10)) == 11.0
        assert aimd.after(10.0, Window(0.1, 30, 10)) == 13.0

    def test_an_application_that_uses_less_than_half_of_it_adds_none(self):
        assert Aimd(AdaptiveConcurrencyConfig(algorithm="aimd")).after(10.0, Window(0.1, 10, 4)) == 10.0

    def test_latency_above_what_is_allowed_is_overload(self):
        aimd = Aimd(AdaptiveConcurrencyConfig(algorithm="aimd", max_latency=0.5, backoff=0.5))
        assert aimd.after(10.0, Window(0.5, 10, 10)) == 11.0
        assert aimd.after(10.0, Window(0.51, 10, 10)) == 5.0
