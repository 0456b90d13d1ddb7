"""Any sequence of requests, failures and waits: the limiter answers as a plain model of it does."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import Limit, SecurityRateLimiter, SecurityRateLimiterConfig

OPERATION = Limit(count=4, per=2.0, burst=6)
ADDRESS = Limit(count=2, per=4.0, burst=3)
NETWORK = Limit(count=4, per=4.0, burst=5)
SOURCES = (None, "192.0.2.1", "192.0.2.2", "::ffff:192.0.2.2", "198.51.100.1")


class Bucket:
    """A token bucket in exact arithmetic, written without a look at GCRA."""

    def __init__(self, limit: Limit) -> None:
        self.capacity = Fraction(limit.burst or limit.count)
        self.rate = Fraction(limit.count) / Fraction(limit.per)
        self.tokens = self.capacity
        self.at = Fraction(0)

    def refill(self, now: Fraction) -> Fraction:
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.rate)
        self.at = now
        return self.tokens


class LimiterModel(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.clock = FakeClock()
        self.now = Fraction(0)
        self.buckets: dict[tuple[str, object], Bucket] = {}
        config = SecurityRateLimiterConfig(
            limits={"default": OPERATION}, per_address=ADDRESS, per_network=NETWORK, max_addresses=16
        )
        self.limiter = SecurityRateLimiter(config=config, clock=self.clock)

    def buckets_of(self, operation: str, source: str | None) -> list[Bucket]:
        keys: list[tuple[str, object, Limit]] = [("operation", (operation, source is None), OPERATION)]
        if source is not None:
            address = source.removeprefix("::ffff:")
            keys += [("address", address, ADDRESS), ("network", address.rpartition(".")[0], NETWORK)]
        return [self.buckets.setdefault((kind, key), Bucket(limit)) for kind, key, limit in keys]

    @rule(operation=st.sampled_from(["read", "write"]), source=st.sampled_from(SOURCES))
    def request(self, operation: str, source: str | None) -> None:
        buckets = self.buckets_of(operation, source)
        tokens = [bucket.refill(self.now) for bucket in buckets]
        expected = min(tokens) >= 1
        decision = self.limiter.decide("api", operation, source)
        assert decision.allowed is expected
        if expected:
            for bucket in buckets:
                bucket.tokens -= 1
        else:
            missing = max((1 - bucket.tokens) / bucket.rate for bucket in buckets)
            assert decision.retry_after == float(missing)

    @rule(quarters=st.integers(1, 20))
    def wait(self, quarters: int) -> None:
        self.clock.advance(quarters / 4)
        self.now += Fraction(quarters, 4)

    @invariant()
    def memory_is_bounded(self) -> None:
        assert len(self.limiter._addresses) <= 16


TestLimiterModel = LimiterModel.TestCase
TestLimiterModel.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
