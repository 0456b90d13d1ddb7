"""Load shedding against a simple model: a count, and a share for each priority."""

from __future__ import annotations

import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from recoup import LoadShed, Priority, Scope
from recoup.testing import FakeClock
from recoup_plugins.load_shed import LoadShedConfig, LoadShedPlugin


class Unobserved:
    """A host to which nobody listens."""

    def __init__(self):
        self.clock = FakeClock()

    def hears(self, kind):
        return False


class LoadShedModel(RuleBasedStateMachine):
    """Calls of all priorities come, end, fail and are cancelled, while the shares change under them."""

    def __init__(self):
        super().__init__()
        self.host = Unobserved()
        self.plugin = LoadShedPlugin(self.host)
        self.calls: list[tuple[Priority, float]] = []
        self.gates = {}
        self.configure(10, [6, 8, 9], None)

    @rule(
        capacity=st.integers(1, 20),
        tenths=st.lists(st.integers(1, 10), min_size=3, max_size=3).map(sorted),
        max_latency=st.sampled_from([None, 2.0]),
    )
    def configure(self, capacity, tenths, max_latency):
        low, normal, high = (number / 10 for number in tenths)
        config = LoadShedConfig(
            max_concurrent=capacity, low=low, normal=normal, high=high, max_latency=max_latency, half_life=4.0
        )
        self.gates = {item: self.plugin.policy(config, Scope(key="k", priority=item)) for item in Priority}
        self.most = {
            priority: -(-capacity * number // 10)
            for priority, number in zip((Priority.LOW, Priority.NORMAL, Priority.HIGH), tenths, strict=True)
        }
        self.shares = dict(zip(self.most, (low, normal, high), strict=True))
        self.max_latency = max_latency
        if not hasattr(self, "mean"):
            self.mean, self.since = 0.0, 0.0

    def latency(self):
        return self.mean * 0.5 ** ((self.host.clock.monotonic() - self.since) / 4.0)

    @rule(priority=st.sampled_from(Priority))
    def come(self, priority):
        is_room = priority is Priority.CRITICAL or (
            len(self.calls) < self.most[priority]
            and (self.max_latency is None or self.latency() / self.max_latency < self.shares[priority])
        )
        began = math.inf if self.max_latency is None else self.host.clock.monotonic()
        try:
            permit = self.gates[priority].acquire()
        except LoadShed:
            assert not is_room
        else:
            assert is_room
            assert permit == began
            self.calls.append((priority, permit))

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), error=st.sampled_from([None, TimeoutError(), ValueError(), KeyboardInterrupt()]))
    def end(self, data, error):
        index = data.draw(st.integers(0, len(self.calls) - 1))
        priority, permit = self.calls.pop(index)
        self.gates[priority].release(permit, error)
        tells = error is None or isinstance(error, TimeoutError)
        if tells and self.max_latency is not None and permit != math.inf:
            now = self.host.clock.monotonic()
            weight = max(0.1, 1 - 0.5 ** ((now - self.since) / 4.0))
            self.mean = (1 - weight) * self.mean + weight * (now - permit)
            self.since = now

    @rule(seconds=st.sampled_from([0.5, 1.0, 30.0]))
    def pass_time(self, seconds):
        self.host.clock.advance(seconds)

    @invariant()
    def agree(self):
        status = self.plugin.status()["k"]
        assert status.inside == len(self.calls)
        assert math.isclose(self.gates[Priority.LOW].load.latency, self.mean, abs_tol=1e-9)


TestLoadShedModel = LoadShedModel.TestCase
TestLoadShedModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
