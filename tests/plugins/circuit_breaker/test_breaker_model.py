"""The breaker against a model that is too simple to be wrong."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from recoup import CircuitBreakerConfig, CircuitOpen
from recoup.testing import FakeClock
from recoup_plugins.circuit_breaker import CircuitBreaker

TIMEOUT = 10
GOOD, FAILED, NEITHER = None, ConnectionError("lost"), KeyboardInterrupt()


class Model:
    """What the documentation says, one step at a time, with all that has ended as a plain list."""

    def __init__(self, config):
        self.config = config
        self.forced = None
        self.failed_at = 0.0
        self.close()

    def close(self):
        self.opened = None  # when it opened, or None while closed
        self.seconds = TIMEOUT  # that it stays open
        self.trials, self.succeeded, self.tried = [], 0, False
        self.ended = []  # (time, failed, slow) of each call of this closed period
        self.current = []  # calls whose ending counts

    def state(self, now):
        if self.forced:
            return "open" if self.forced == "open" else "closed"
        if self.opened is None:
            return "closed"
        return "half_open" if self.tried or now >= self.opened + self.seconds else "open"

    def admit(self, call, now):
        state = self.state(now)
        if state == "closed":
            if not self.forced:
                self.current.append(call)
            return True
        if state == "open" or len(self.trials) >= self.config.half_open_max_calls:
            return False
        if len(self.trials) + self.succeeded >= max(self.config.half_open_max_calls, self.config.success_threshold):
            return False
        self.tried = True
        self.trials.append(call)
        return True

    def end(self, call, ending, now):
        failed = ending is FAILED
        slow = self.config.slow_call_duration is not None and now - call["began"] >= self.config.slow_call_duration
        if any(call is other for other in self.trials):
            self.trials = [other for other in self.trials if other is not call]
            if ending is not NEITHER:
                self.end_trial(went_badly=failed or slow, now=now)
        elif any(call is other for other in self.current):
            self.current = [other for other in self.current if other is not call]
            if ending is not NEITHER:
                self.ended.append((now, failed, slow))
                if failed:
                    self.failed_at = now
                if self.is_told(now):
                    self.open(now, TIMEOUT)

    def end_trial(self, *, went_badly, now):
        if went_badly:
            self.open(
                now, min(self.seconds * self.config.recovery_multiplier, self.config.max_recovery_timeout or 3600)
            )
        else:
            self.succeeded += 1
            if self.succeeded == self.config.success_threshold:
                self.close()

    def report(self, now):
        """A failure without a permit: of these, nobody tells the successes."""
        state = self.state(now)
        if self.forced or state == "open" or self.trials:
            return
        if state == "half_open":
            if now < self.opened + self.seconds + TIMEOUT or self.config.failure_threshold == 1:
                self.end_trial(went_badly=True, now=now)
                return
            self.close()
        elif now - self.failed_at >= TIMEOUT:
            self.ended.append((now, False, False))
        self.ended.append((now, True, False))
        self.failed_at = now
        if self.is_told(now):
            self.open(now, TIMEOUT)

    def open(self, now, seconds):
        self.close()
        self.opened, self.seconds = now, seconds

    def window(self, now):
        if self.config.window == "time":
            # Ages are whole seconds here and buckets a tenth of one, so that the buckets make no difference.
            return [call for call in self.ended if now - call[0] < self.config.window_size]
        return self.ended[-int(self.config.window_size) :]

    def is_told(self, now):
        if self.config.window is None:
            row = self.ended[-self.config.failure_threshold :]
            return len(row) == self.config.failure_threshold and all(failed for _, failed, _ in row)
        window = self.window(now)
        if len(window) < (self.config.minimum_calls or 10):
            return False
        if sum(failed for _, failed, _ in window) / len(window) >= self.config.failure_rate_threshold:
            return True
        part_slow = sum(slow for _, _, slow in window) / len(window)
        return self.config.slow_call_duration is not None and part_slow >= self.config.slow_call_rate_threshold


class AgainstModel(RuleBasedStateMachine):
    calls = Bundle("calls")
    configs = st.builds(CircuitBreakerConfig, failure_threshold=st.integers(1, 4), recovery_timeout=st.just(TIMEOUT))

    @initialize(data=st.data())
    def build(self, data):
        config = data.draw(self.configs)
        self.clock = FakeClock()
        self.clock.advance(0.0625)  # within a bucket, and without rounding
        self.events = []
        self.breaker = CircuitBreaker("b", config, clock=self.clock, on_change=self.events.append)
        self.model = Model(config)

    @rule(target=calls)
    def acquire(self):
        call = {"began": self.clock.monotonic()}
        if self.model.admit(call, self.clock.monotonic()):
            call["permit"] = self.breaker.acquire()
        else:
            with pytest.raises(CircuitOpen):
                self.breaker.acquire()
        return call

    @rule(call=consumes(calls), ending=st.sampled_from([GOOD, FAILED, NEITHER]))
    def release(self, call, ending):
        if "permit" in call:
            self.model.end(call, ending, self.clock.monotonic())
            self.breaker.release(call["permit"], ending)

    @rule(endings=st.lists(st.sampled_from([GOOD, FAILED]), min_size=1, max_size=6))
    def call_at_once(self, endings):
        for ending in endings:
            self.release(self.acquire(), ending)

    @rule(seconds=st.sampled_from([1, 4, TIMEOUT, 2 * TIMEOUT]))
    def advance(self, seconds):
        self.clock.advance(seconds)

    @rule(mode=st.sampled_from(["open", "closed", None, None]))
    def decide(self, mode):
        if mode is None:
            self.breaker.reset()
        elif mode == "open":
            self.breaker.force_open()
        else:
            self.breaker.disable()
        self.model.close()
        self.model.forced = mode

    @invariant()
    def states_agree(self):
        assert self.breaker.state == self.model.state(self.clock.monotonic())

    @invariant()
    def counts_agree(self):
        now = self.clock.monotonic()
        if self.model.state(now) == "closed" and self.model.config.window is not None:
            window = [] if self.model.forced else self.model.window(now)
            status = self.breaker.status()
            counts = (status.calls, status.failures, status.slow_calls)
            assert counts == (len(window), sum(item[1] for item in window), sum(item[2] for item in window))

    @invariant()
    def every_change_is_told_once_and_in_order(self):
        changes = [(event.old, event.new) for event in self.events if event.kind == "breaker"]
        assert all(old != new for old, new in changes)
        states = ["closed", *(new for _, new in changes)]
        for before, (old, _) in zip(states, changes, strict=False):
            # A failure without a permit finds an open circuit half-open, if its time is over, and makes it no trial.
            assert old == before or (old, before) == ("half_open", "open")
        now = "open" if self.model.forced == "open" else self.model.state(0)
        if self.model.state(self.clock.monotonic()) != "half_open":
            assert states[-1] == now


class FailuresInRowAgainstModel(AgainstModel):
    @rule()
    def report(self):
        self.model.report(self.clock.monotonic())
        self.breaker.record_failure()


def windows(kind, sizes):
    return st.builds(
        CircuitBreakerConfig,
        window=st.just(kind),
        window_size=sizes,
        minimum_calls=st.integers(1, 4),
        failure_rate_threshold=st.sampled_from([0.25, 1 / 3, 0.5, 0.75, 1.0]),
        slow_call_duration=st.sampled_from([None, 4]),
        recovery_timeout=st.just(TIMEOUT),
        half_open_max_calls=st.integers(1, 3),
        success_threshold=st.integers(1, 3),
        recovery_multiplier=st.sampled_from([1.0, 2.0]),
        max_recovery_timeout=st.sampled_from([None, 25]),
    )


class LastCallsAgainstModel(AgainstModel):
    configs = windows("count", st.integers(4, 8))


class LastSecondsAgainstModel(AgainstModel):
    configs = windows("time", st.sampled_from([10, 20]))


PROFILE = settings(max_examples=80, stateful_step_count=40, deadline=None, derandomize=True)
TestFailuresInRow = FailuresInRowAgainstModel.TestCase
TestFailuresInRow.settings = PROFILE
TestLastCalls = LastCallsAgainstModel.TestCase
TestLastCalls.settings = PROFILE
TestLastSeconds = LastSecondsAgainstModel.TestCase
TestLastSeconds.settings = PROFILE
