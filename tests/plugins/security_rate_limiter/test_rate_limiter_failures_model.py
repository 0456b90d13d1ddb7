"""Any sequence of failures, successes and waits: each pair of account and source is held back as a plain model says."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import FailureDelays, Limit, SecurityRateLimiter, SecurityRateLimiterConfig

WIDE = Limit(count=100_000, per=1.0)
PAIRS = [(source, account) for source in ("192.0.2.1", "198.51.100.1") for account in ("alice", "bob")]


class Record:
    """Failures as a leaking bucket: one leaks away in ten seconds, and 5 fit in."""

    def __init__(self) -> None:
        self.level = Fraction(0)
        self.at = Fraction(0)
        self.held_until = Fraction(0)

    def fail(self, now: Fraction) -> None:
        leaked = (now - self.at) / 10
        self.level = min(max(self.level - leaked, Fraction(0)) + 1, Fraction(5))
        self.at = now
        beyond = math.ceil(self.level) - 2
        if beyond > 0:
            self.held_until = max(self.held_until, now + min(2 ** (beyond - 1), 4))


class FailuresModel(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.clock = FakeClock()
        self.now = Fraction(0)
        self.records = {pair: Record() for pair in PAIRS}
        config = SecurityRateLimiterConfig(
            limits={"default": WIDE, "web.login": WIDE},
            per_address=WIDE,
            per_network=WIDE,
            failures=FailureDelays(free=2, base_delay=1.0, max_delay=4.0, forget_after=10.0),
        )
        self.limiter = SecurityRateLimiter(config=config, clock=self.clock)

    @rule(pair=st.sampled_from(PAIRS))
    def fail(self, pair: tuple[str, str]) -> None:
        if len(self.limiter.threats()) == 0:  # under attack a stranger has one free failure: not modelled here
            self.run(self.limiter.record_failure("web", "login", pair[0], account=pair[1]))
            self.records[pair].fail(self.now)

    @rule(pair=st.sampled_from(PAIRS))
    def succeed(self, pair: tuple[str, str]) -> None:
        self.run(self.limiter.record_success("web", "login", pair[0], account=pair[1]))
        self.records[pair] = Record()

    @rule(quarters=st.integers(1, 60))
    def wait(self, quarters: int) -> None:
        self.clock.advance(quarters / 4)
        self.now += Fraction(quarters, 4)

    @rule(pair=st.sampled_from(PAIRS))
    def ask(self, pair: tuple[str, str]) -> None:
        decision = self.limiter.decide("web", "login", pair[0], account=pair[1])
        held = self.records[pair].held_until - self.now
        assert decision.allowed is (held <= 0)
        assert decision.allowed or decision.retry_after == float(held)

    @invariant()
    def the_application_is_never_held_back(self) -> None:
        assert self.limiter.decide("web", "login", account="alice").allowed

    @staticmethod
    def run(coroutine: object) -> None:
        try:
            coroutine.send(None)  # type: ignore[attr-defined]
        except StopIteration:
            return
        raise AssertionError("the limiter waited")


TestFailuresModel = FailuresModel.TestCase
TestFailuresModel.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
