"""The breaker against a model that is too simple to be wrong."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from recoup import CircuitOpen
from recoup.testing import FakeClock
from recoup_plugins.circuit_breaker import CircuitBreaker, Ending

TIMEOUT = 10


class Model:
    """What the pattern says, one step at a time, with the calls under way as plain objects."""

    def __init__(self, threshold):
        self.threshold = threshold
        self.row = 0
        self.opened = None  # when it opened, or None while closed
        self.trial = None
        self.trials_begun = False
        self.last_failure = 0.0
        self.current = []  # calls whose ending counts

    def state(self, now):
        if self.opened is None:
            return "closed"
        return "half_open" if self.trials_begun or now >= self.opened + TIMEOUT else "open"

    def admit(self, call, now):
        state = self.state(now)
        if state == "open" or (state == "half_open" and self.trial is not None):
            return False
        if state == "half_open":
            self.trial = call
            self.trials_begun = True
        else:
            self.current.append(call)
        return True

    def end(self, call, ending, now):
        if call is self.trial:
            self.trial = None
            if ending is Ending.SUCCESS:
                self.close()
            elif ending is Ending.FAILURE:
                self.open(now)
        elif any(call is other for other in self.current):
            self.current = [other for other in self.current if other is not call]
            if ending is Ending.SUCCESS:
                self.row = 0
            elif ending is Ending.FAILURE:
                self.count(now)

    def report(self, now):
        state = self.state(now)
        if state == "closed":
            if now - self.last_failure >= TIMEOUT:
                self.row = 0
            self.count(now)
        elif state == "half_open" and self.trial is None:
            if now < self.opened + 2 * TIMEOUT:
                self.open(now)
            else:
                self.close()
                self.count(now)

    def count(self, now):
        self.row += 1
        self.last_failure = now
        if self.row >= self.threshold:
            self.open(now)

    def open(self, now):
        self.opened, self.trials_begun, self.current = now, False, []

    def close(self):
        self.opened, self.trials_begun, self.row = None, False, 0


class BreakerAgainstModel(RuleBasedStateMachine):
    calls = Bundle("calls")

    @initialize(threshold=st.integers(min_value=1, max_value=4))
    def build(self, threshold):
        self.clock = FakeClock()
        self.events = []
        self.breaker = CircuitBreaker(
            "b", failure_threshold=threshold, recovery_timeout=TIMEOUT, clock=self.clock, on_change=self.events.append
        )
        self.model = Model(threshold)

    @rule(target=calls)
    def acquire(self):
        call = {}
        expected = self.model.admit(call, self.clock.monotonic())
        if expected:
            call["permit"] = self.breaker.acquire()
        else:
            with pytest.raises(CircuitOpen):
                self.breaker.acquire()
        return call

    @rule(call=consumes(calls), ending=st.sampled_from(Ending))
    def release(self, call, ending):
        if "permit" in call:
            self.model.end(call, ending, self.clock.monotonic())
            self.breaker.release(call["permit"], ending)

    @rule()
    def record_failure(self):
        self.model.report(self.clock.monotonic())
        self.breaker.record_failure()

    @rule(seconds=st.sampled_from([1, 4, TIMEOUT, 2 * TIMEOUT]))
    def advance(self, seconds):
        self.clock.advance(seconds)

    @invariant()
    def states_agree(self):
        assert self.breaker.state == self.model.state(self.clock.monotonic())

    @invariant()
    def idle_means_as_good_as_new(self):
        assert self.breaker.idle is (self.model.opened is None and self.model.row == 0)

    @invariant()
    def every_event_is_a_change_that_the_pattern_knows(self):
        assert {(event.old, event.new) for event in self.events} <= {
            ("closed", "open"),
            ("open", "half_open"),
            ("half_open", "open"),
            ("half_open", "closed"),
        }


TestBreakerAgainstModel = BreakerAgainstModel.TestCase
TestBreakerAgainstModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)
