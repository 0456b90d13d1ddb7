"""The limiter against two models, with times and rates that floats hold exactly."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from recoup import RateLimited
from recoup.testing import FakeClock
from recoup_plugins.rate_limit import KeyedLimiter, RateLimitConfig, RateLimitGate

KEYS = st.sampled_from("abc")
RATES = st.sampled_from([0.5, 1, 2, 4, 8])
BURSTS = st.integers(3, 6)
WEIGHTS = st.integers(1, 3)
STEPS = st.integers(1, 24).map(lambda eighths: eighths / 8)
WAITS = st.integers(0, 40).map(lambda eighths: eighths / 8)


class Bucket:
    """A leaky bucket and the venue's window, in fractions."""

    def __init__(self):
        self.used = Fraction(0)
        self.window: tuple[Fraction, Fraction] | None = None

    def leak(self, cells: Fraction) -> None:
        self.used = max(Fraction(0), self.used - cells)

    def wait(self, weight: int, now: Fraction, rate: Fraction, burst: int) -> Fraction:
        own = max(Fraction(0), (self.used + weight - burst) / rate)
        if self.window is not None and self.window[1] > now and self.window[0] < weight:
            return max(own, self.window[1] - now)
        return own

    def take(self, weight: int, now: Fraction, rate: Fraction, burst: int) -> None:
        if self.window is not None and self.window[1] > now:
            left, until = self.window
            if left >= weight:
                self.window = left - weight, until
            else:
                self.used = max(self.used, (until - now) * rate + burst - weight)
        self.used += weight


class Silent:
    """A host whose events nobody hears."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock

    def hears(self, kind: str) -> bool:
        return False


class ExactLimiter(RuleBasedStateMachine):
    """All but cancellation: every answer is the model's, to the last bit."""

    @initialize(rate=RATES, burst=BURSTS)
    def begin(self, rate: float, burst: int) -> None:
        self.clock = FakeClock()
        self.config = RateLimitConfig(rate=rate, burst=burst)
        self.limiter = KeyedLimiter(self.config, name="a", clock=self.clock)
        self.gates = {weight: RateLimitGate(self.limiter, weight, Silent(self.clock)) for weight in (1, 2, 3)}
        self.buckets = {key: Bucket() for key in "abc"}

    @property
    def now(self) -> Fraction:
        return Fraction(self.clock.monotonic())

    @property
    def limits(self) -> tuple[Fraction, Fraction, int]:
        return self.now, Fraction(self.config.per_second), self.config.most_at_once

    @rule(step=STEPS)
    def pass_time(self, step: float) -> None:
        self.clock.advance(step)
        for bucket in self.buckets.values():
            bucket.leak(Fraction(step) * Fraction(self.config.per_second))

    @rule(key=KEYS, weight=WEIGHTS)
    def check(self, key: str, weight: int) -> None:
        bucket = self.buckets[key]
        wait = bucket.wait(weight, *self.limits)
        assert self.limiter.check(key, weight) == wait
        if wait == 0:
            bucket.take(weight, *self.limits)

    @rule(weight=WEIGHTS, times=st.integers(1, 4))
    def pass_the_gate(self, weight: int, times: int) -> None:
        bucket = self.buckets["a"]
        for _ in range(times):
            wait = bucket.wait(weight, *self.limits)
            if wait == 0:
                assert self.gates[weight].acquire() is True
                bucket.take(weight, *self.limits)
            else:
                with pytest.raises(RateLimited) as refused:
                    self.gates[weight].acquire()
                assert refused.value.retry_after == wait

    @rule(key=KEYS, weight=WEIGHTS, longest=WAITS)
    def reserve(self, key: str, weight: int, longest: float) -> None:
        bucket = self.buckets[key]
        wait = bucket.wait(weight, *self.limits)
        if wait > longest:
            with pytest.raises(RateLimited) as refused:
                self.limiter.reserve(key, weight, max_wait=longest)
            assert refused.value.retry_after == wait
        else:
            assert self.limiter.reserve(key, weight, max_wait=longest).wait == wait
            bucket.take(weight, *self.limits)

    @rule(key=KEYS, left=st.integers(0, 8), reset=STEPS)
    def observe(self, key: str, left: int, reset: float) -> None:
        bucket = self.buckets[key]
        self.limiter.observe(key, left, reset=reset)
        until = self.now + Fraction(reset)
        window = bucket.window
        if window is None or window[1] <= self.now or until > window[1] + Fraction(3, 2):
            bucket.window = Fraction(left), until
        else:
            bucket.window = min(window[0], Fraction(left)), window[1]

    @rule(rate=RATES, burst=BURSTS)
    def reconfigure(self, rate: float, burst: int) -> None:
        self.config = RateLimitConfig(rate=rate, burst=burst)
        self.limiter.reconfigure(self.config)

    @invariant()
    def nothing_recovered_is_kept_for_long(self) -> None:
        if hasattr(self, "limiter") and self.limiter.is_idle():
            assert len(self.limiter) == 0
            assert all(bucket.used == 0 for bucket in self.buckets.values())


class CancellingLimiter(RuleBasedStateMachine):
    """With cancellation: whatever goes, over any span no more than the burst and the rate."""

    places = Bundle("places")

    @initialize(rate=RATES, burst=BURSTS)
    def begin(self, rate: float, burst: int) -> None:
        self.clock = FakeClock()
        self.config = RateLimitConfig(rate=rate, burst=burst, max_wait=8.0)
        self.limiter = KeyedLimiter(self.config, clock=self.clock)
        self.going: list[tuple[float, int]] = []

    @rule(step=STEPS)
    def pass_time(self, step: float) -> None:
        self.clock.advance(step)

    @rule(weight=WEIGHTS)
    def check(self, weight: int) -> None:
        if self.limiter.check("a", weight) == 0.0:
            self.going.append((self.clock.monotonic(), weight))

    @rule(target=places, weight=WEIGHTS)
    def reserve(self, weight: int) -> Any:
        try:
            place = self.limiter.reserve("a", weight)
        except RateLimited:
            return None
        assert place.at >= self.clock.monotonic()
        item = place.at, weight
        self.going.append(item)
        return place, item

    @rule(place=consumes(places))
    def cancel(self, place: Any) -> None:
        if place is not None and place[0].at > self.clock.monotonic():
            self.limiter.cancel(place[0])
            self.going.remove(place[1])

    @invariant()
    def no_span_holds_too_much(self) -> None:
        going = sorted(getattr(self, "going", ()))
        for first in range(len(going)):
            totals = itertools.accumulate(weight for _, weight in going[first:])
            for (at, _), total in zip(going[first:], totals, strict=True):
                span = Fraction(at) - Fraction(going[first][0])
                assert total <= self.config.most_at_once + span * Fraction(self.config.per_second)


TestExactLimiter = ExactLimiter.TestCase
TestCancellingLimiter = CancellingLimiter.TestCase
