"""What a limiter admits, by the clock."""

from __future__ import annotations

import gc
import itertools
import tracemalloc

import pytest

from recoup import PolicyMisuse, RateLimited
from recoup.testing import FakeClock
from recoup_plugins.rate_limit import KeyedLimiter, RateLimitConfig


def make(clock: FakeClock | None = None, **values: object) -> tuple[KeyedLimiter, FakeClock]:
    clock = clock or FakeClock()
    return KeyedLimiter(RateLimitConfig(**values), name="venue", clock=clock), clock


def admitted(limiter: KeyedLimiter, key: str = "a", weight: int = 1) -> int:
    return sum(1 for _ in itertools.takewhile(lambda wait: wait == 0.0, iter(lambda: limiter.check(key, weight), None)))


class TestHowManyGo:
    @pytest.mark.parametrize("rate", [10, 3.0, 0.5, 7, 999, 1_000_000])
    @pytest.mark.parametrize("per", [1.0, 60.0, 7.3])
    def test_a_full_burst_goes_at_once_and_not_one_more(self, rate, per):
        limiter, clock = make(rate=rate, per=per, burst=1000)
        clock.advance(123_456.789)
        assert admitted(limiter) == 1000

    def test_a_bucket_of_ten_admits_ten(self):
        limiter, _ = make(rate=10)
        assert admitted(limiter) == 10

    @pytest.mark.parametrize("rate", [10, 7, 3, 1000])
    def test_then_exactly_the_rate_goes(self, rate):
        limiter, clock = make(rate=rate, burst=5)
        assert admitted(limiter) == 5
        for _ in range(10 * rate):
            clock.advance(1 / rate)
            assert limiter.check("a") == 0.0
            assert limiter.check("a") > 0.0

    def test_many_small_steps_of_time_admit_no_more_than_one_large_one(self):
        limiter, clock = make(rate=100, burst=1)
        total = 0
        for _ in range(100_000):
            clock.advance(0.001)
            total += limiter.check("a") == 0.0
        assert total == 10_000

    def test_the_wait_it_tells_is_enough_and_not_too_long(self):
        limiter, clock = make(rate=3, per=0.7, burst=2)
        clock.advance(1e6)
        for _ in range(500):
            while (wait := limiter.check("a")) == 0.0:
                pass
            clock.advance(wait * 0.99)
            assert limiter.check("a") > 0.0
            clock.advance(wait * 0.01)
            assert limiter.check("a") == 0.0

    def test_a_refusal_counts_for_nothing(self):
        limiter, clock = make(rate=1)
        limiter.check("a")
        assert {limiter.check("a") for _ in range(100)} == {1.0}
        clock.advance(1.0)
        assert limiter.check("a") == 0.0

    def test_weights_count(self):
        limiter, clock = make(rate=10)
        assert [limiter.check("a", 4) for _ in range(3)] == [0.0, 0.0, pytest.approx(0.2)]
        assert limiter.check("a", 2) == 0.0
        clock.advance(1.0)
        assert limiter.left("a") == 10

    def test_keys_are_apart(self):
        limiter, _ = make(rate=2)
        assert admitted(limiter, "a") == admitted(limiter, "b") == 2

    def test_a_limit_below_one_a_second_still_lets_one_go(self):
        limiter, _ = make(rate=0.5)
        assert admitted(limiter) == 1
        assert limiter.check("a") == pytest.approx(2.0)

    def test_a_clock_that_began_below_zero_is_no_matter(self):
        class Early(FakeClock):
            def monotonic(self):
                return super().monotonic() - 1e6

        limiter, _ = make(Early(), rate=3)
        assert admitted(limiter) == 3

    def test_a_weight_that_can_never_go_is_an_error(self):
        limiter, _ = make(rate=10, burst=5)
        with pytest.raises(
            PolicyMisuse, match="a call of weight 6 can never go within a limit of 10 in 1 s, at most 5"
        ):
            limiter.check("a", 6)
        with pytest.raises(PolicyMisuse, match="weight 6"):
            limiter.reserve("a", 6)

    @pytest.mark.parametrize("weight", [0, -1])
    def test_a_weight_below_one_is_an_error(self, weight):
        limiter, _ = make(rate=10)
        with pytest.raises(ValueError, match=f"weighs 1 or more, got {weight}"):
            limiter.check("a", weight)
        with pytest.raises(ValueError, match=f"weighs 1 or more, got {weight}"):
            limiter.reserve("a", weight)


class TestWhatIsKept:
    def test_a_limited_key_is_not_forgotten_for_any_number_of_others(self):
        limiter, _ = make(rate=1)
        limiter.check("a")
        for number in range(20_000):
            limiter.check(number)
        assert limiter.check("a") == 1.0

    def test_a_key_that_has_recovered_goes(self):
        limiter, clock = make(rate=2)
        for number in range(1000):
            limiter.check(number)
        assert len(limiter) == 1000
        clock.advance(1.0)
        limiter.check("another")
        assert len(limiter) == 1

    def test_a_key_in_use_all_along_keeps_the_others_from_nothing(self):
        limiter, clock = make(rate=4)
        for number in range(1000):
            limiter.check(number)
        for _ in range(8):
            clock.advance(0.25)
            limiter.check("busy")
        assert len(limiter) == 1

    def test_each_check_pays_for_two_looks_at_most(self):
        limiter, clock = make(rate=10, burst=5)
        checks = looks = 0
        for step in range(3000):
            clock.advance(0.01)
            kept = len(limiter)
            checks += limiter.check(step % 700) == 0.0
            looks += kept if len(limiter) < kept else 0
        assert 0 < looks <= 2 * checks

    @pytest.mark.parametrize("keys", [10_000, 11_000, 44_000])
    def test_a_key_costs_no_more_than_a_hundred_bytes_and_they_come_back(self, keys):
        names = [f"key{number}" for number in range(keys)]
        limiter, clock = make(rate=1, per=100.0)
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for name in names:
                limiter.check(name)
            most = tracemalloc.get_traced_memory()[0] - before
            clock.advance(100.0)
            limiter.check("another")
            rest = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert 30 * keys < most <= 100 * keys
        assert rest < most / 100


class TestReconfigured:
    def test_what_was_used_stays_used(self):
        limiter, clock = make(rate=10)
        clock.advance(55.5)
        limiter.check("a", 7)
        limiter.reconfigure(RateLimitConfig(rate=20, per=2.0, burst=9))
        assert limiter.left("a") == pytest.approx(2)
        assert admitted(limiter) == 2
        clock.advance(0.1)
        assert admitted(limiter) == 1

    def test_a_lower_burst_waits_for_what_was_used_beyond_it(self):
        limiter, _ = make(rate=10)
        limiter.check("a", 10)
        limiter.reconfigure(RateLimitConfig(rate=10, burst=1))
        assert limiter.left("a") == 0
        assert limiter.check("a") == pytest.approx(1.0)

    def test_what_had_recovered_is_dropped(self):
        limiter, clock = make(rate=10)
        limiter.check("a")
        clock.advance(5.0)
        limiter.reconfigure(RateLimitConfig(rate=1))
        assert len(limiter) == 0

    def test_a_reservation_from_before_gives_nothing_back(self):
        limiter, _ = make(rate=1, max_wait=10.0)
        limiter.check("a")
        reservation = limiter.reserve("a")
        limiter.reconfigure(RateLimitConfig(rate=2, max_wait=10.0))
        limiter.cancel(reservation)
        assert limiter.left("a") == 0


class TestObserved:
    def test_what_the_venue_has_left_is_all_that_goes(self):
        limiter, _ = make(rate=1200, per=60.0)
        limiter.observe("a", 3, reset=30.0)
        assert limiter.left("a") == 3
        assert admitted(limiter) == 3

    def test_not_even_what_the_rate_would_allow_meanwhile(self):
        limiter, clock = make(rate=1200, per=60.0)
        limiter.observe("a", 3, reset=30.0)
        assert admitted(limiter) == 3
        clock.advance(29.9)
        assert limiter.check("a") == pytest.approx(0.1)
        clock.advance(0.1)
        assert admitted(limiter) == 1200

    def test_it_never_raises_what_may_go(self):
        limiter, _ = make(rate=10)
        limiter.check("a", 8)
        limiter.observe("a", 1000, reset=5.0)
        assert limiter.left("a") == pytest.approx(2)
        limiter.observe("a", 1, reset=5.0)
        limiter.observe("a", 9, reset=5.0)
        assert limiter.left("a") == 1

    def test_the_next_window_takes_over_from_the_last(self):
        limiter, clock = make(rate=10)
        limiter.observe("a", 0, reset=5.0)
        clock.advance(4.9)
        limiter.observe("a", 4, reset=60.0)
        assert admitted(limiter) == 4

    def test_without_a_reset_it_holds_for_as_long_as_a_window_can_last(self):
        limiter, clock = make(rate=10, per=2.0)
        limiter.observe("a", 0)
        clock.advance(1.0)
        limiter.observe("a", 0)
        assert limiter.check("a") == pytest.approx(1.0)
        clock.advance(1.0)
        assert limiter.check("a") == 0.0

    def test_other_keys_have_nothing_to_do_with_it(self):
        limiter, _ = make(rate=10)
        limiter.observe("a", 0, reset=5.0)
        assert admitted(limiter, "b") == 10

    def test_waiters_go_once_the_window_has_ended_one_by_one(self):
        limiter, _ = make(rate=2, max_wait=60.0)
        limiter.observe("a", 0, reset=5.0)
        assert [limiter.reserve("a").wait for _ in range(3)] == [5.0, 5.5, 6.0]

    def test_a_window_that_is_over_is_forgotten(self):
        limiter, clock = make(rate=2)
        limiter.observe("a", 0, reset=5.0)
        assert not limiter.is_idle()
        clock.advance(5.0)
        assert limiter.is_idle()

    def test_a_place_given_back_is_left_again(self):
        limiter, _ = make(rate=1, burst=5, max_wait=9.0)
        limiter.observe("a", 4, reset=100.0)
        limiter.cancel(limiter.reserve("a", 3))
        assert limiter.left("a") == 4


class TestReserved:
    def test_places_are_given_in_the_order_of_asking(self):
        limiter, _ = make(rate=2, burst=1, max_wait=2.0)
        assert [limiter.reserve("a").wait for _ in range(5)] == [0.0, 0.5, 1.0, 1.5, 2.0]
        with pytest.raises(RateLimited) as refused:
            limiter.reserve("a")
        assert refused.value.retry_after == 2.5
        assert refused.value.key == "venue[a]"
        assert str(refused.value) == (
            "venue[a]: the limit of 2 in 1 s, at most 1 at once is reached; the next call may go in 2.5 s"
        )

    def test_who_does_not_wait_has_no_place_before_those_who_do(self):
        limiter, clock = make(rate=1, max_wait=5.0)
        for _ in range(3):
            limiter.reserve("a")
        clock.advance(1.0)
        assert limiter.check("a") == pytest.approx(2.0)

    def test_each_refusal_is_an_error_of_its_own(self):
        limiter, _ = make(rate=1)
        limiter.check("a")
        assert limiter.refusal("a", 1.0) is not limiter.refusal("a", 1.0)

    def test_the_last_place_given_back_is_as_if_never_taken(self):
        limiter, _ = make(rate=1, max_wait=9.0)
        first, second = limiter.reserve("a"), limiter.reserve("a")
        limiter.cancel(second)
        assert limiter.reserve("a").wait == second.wait
        limiter.cancel(first)

    def test_all_places_given_back_in_any_order_leave_nothing_used(self):
        for order in itertools.permutations(range(4)):
            limiter, _ = make(rate=1, max_wait=9.0)
            limiter.check("a")
            places = [limiter.reserve("a") for _ in order]
            for number in order:
                limiter.cancel(places[number])
            assert limiter.reserve("a").wait == 1.0, order

    def test_a_place_given_back_from_the_middle_goes_to_the_next_who_asks(self):
        limiter, clock = make(rate=1, max_wait=9.0)
        places = [limiter.reserve("a") for _ in range(4)]
        limiter.cancel(places[2])
        clock.advance(0.5)
        assert limiter.reserve("a").at == 2.0
        assert limiter.reserve("a").at == 4.0

    def test_a_place_whose_time_has_passed_is_gone(self):
        limiter, clock = make(rate=1, max_wait=9.0)
        places = [limiter.reserve("a") for _ in range(4)]
        clock.advance(1.5)
        limiter.cancel(places[1])
        assert limiter.reserve("a").at == 4.0
