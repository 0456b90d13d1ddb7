"""The AIMD limit against a simple model, and what holds for either algorithm whatever happens."""

from __future__ import annotations

import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from recoup import BulkheadFull, Scope
from recoup.testing import FakeClock
from recoup_plugins.adaptive_concurrency import AdaptiveConcurrencyConfig, AdaptiveConcurrencyPlugin


class Unobserved:
    """A host to which nobody listens."""

    def __init__(self):
        self.clock = FakeClock()

    def hears(self, kind):
        return False


class AdaptiveModel(RuleBasedStateMachine):
    """Calls come, succeed, time out and are cancelled; the model counts windows and cuts of its own."""

    @initialize(
        algorithm=st.sampled_from(["gradient", "aimd"]),
        least=st.integers(1, 3),
        most=st.integers(3, 9),
        max_latency=st.sampled_from([None, 0.5]),
    )
    def begin(self, algorithm, least, most, max_latency):
        self.host = Unobserved()
        self.plugin = AdaptiveConcurrencyPlugin(self.host)
        self.config = AdaptiveConcurrencyConfig(
            algorithm=algorithm,
            initial_limit=3,
            min_limit=least,
            max_limit=most,
            min_samples=2,
            backoff=0.5,
            max_latency=max_latency,
        )
        self.gate = self.plugin.policy(self.config, Scope(key="k"))
        self.calls: list[float] = []
        self.limit = 3.0
        self.samples: list[float] = []
        self.most_inside = 0
        self.window_ends = 1.0
        self.cut = -math.inf

    def hold(self, limit):
        self.limit = min(float(self.config.max_limit), max(float(self.config.min_limit), limit))

    @rule()
    def come(self):
        try:
            began = self.gate.acquire()
        except BulkheadFull:
            assert len(self.calls) >= int(self.gate.limit)
        else:
            assert len(self.calls) < int(self.gate.limit)
            assert began == self.host.clock.monotonic()
            self.calls.append(began)

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def succeed(self, data):
        inside = len(self.calls)
        began = self.calls.pop(data.draw(st.integers(0, inside - 1)))
        self.gate.release(began, None)
        now = self.host.clock.monotonic()
        self.samples.append(now - began)
        self.most_inside = max(self.most_inside, inside)
        if now < self.window_ends or len(self.samples) < 2:
            return
        latency = sum(self.samples) / len(self.samples)
        if self.config.max_latency is not None and latency > self.config.max_latency:
            self.hold(self.limit * 0.5)
        elif self.most_inside * 2 >= self.limit:
            self.hold(self.limit + len(self.samples) / self.limit)
        self.samples, self.most_inside, self.window_ends = [], 0, now + 1.0

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def time_out(self, data):
        began = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        self.gate.release(began, TimeoutError())
        if began >= self.cut:
            self.cut = self.host.clock.monotonic()
            self.hold(self.limit * 0.5)

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def cancel(self, data):
        self.gate.release(self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1))), GeneratorExit())

    @rule(seconds=st.sampled_from([0.1, 0.3, 1.0]))
    def pass_time(self, seconds):
        self.host.clock.advance(seconds)

    @rule()
    def ask_again(self):
        assert self.plugin.policy(self.config, Scope(key="k")) is self.gate

    @invariant()
    def holds(self):
        if not hasattr(self, "gate"):
            return
        assert self.gate.permits.inside == len(self.calls)
        assert self.gate.permits.limit == int(self.gate.limit)
        assert self.config.min_limit <= self.gate.limit <= self.config.max_limit
        if self.config.algorithm == "aimd":
            assert math.isclose(self.gate.limit, self.limit)


TestAdaptiveModel = AdaptiveModel.TestCase
TestAdaptiveModel.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
