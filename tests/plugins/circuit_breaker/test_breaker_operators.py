"""What operators do with circuits: force, disable, reset, reconfigure and look."""

from __future__ import annotations

import pytest
from attrs import evolve

from recoup import CircuitBreakerConfig, CircuitOpen, Scope
from recoup_plugins.circuit_breaker import BreakerMode, BreakerState, CircuitBreakerPlugin

TWICE = CircuitBreakerConfig(failure_threshold=2, recovery_timeout=30)


@pytest.fixture
def plugin(host):
    return CircuitBreakerPlugin(host)


@pytest.fixture
def gate(plugin):
    return plugin.policy(TWICE, Scope(key="venue"))


def fail(gate, times=1):
    for _ in range(times):
        gate.release(gate.acquire(), ConnectionError())


def is_refused(gate):
    try:
        permit = gate.acquire()
    except CircuitOpen:
        return True
    gate.release(permit, None)
    return False


def told(host):
    return [
        (event.kind, event.key if event.kind == "breaker" else event.subject, event.old, event.new)
        for event in host.published
    ]


class TestForceOpen:
    def test_nothing_passes_however_long(self, plugin, gate, host):
        plugin.force_open("venue")
        host.clock.advance(1e6)

        with pytest.raises(CircuitOpen, match="circuit 'venue' is forced open") as refusal:
            gate.acquire()
        assert (refusal.value.key, refusal.value.retry_after) == ("venue", None)
        assert (plugin.status("venue").state, plugin.status("venue").mode) == ("open", "forced_open")
        assert plugin.status("venue").retry_after is None

    def test_twice_is_once(self, plugin, gate):
        plugin.force_open("venue")
        plugin.force_open("venue")

        assert plugin.status("venue").openings == 1

    def test_calls_and_trials_under_way_no_longer_count(self, plugin, gate, host):
        call = gate.acquire()
        fail(gate, 2)
        host.clock.advance(30)
        trial = gate.acquire()
        plugin.force_open("venue")
        gate.release(call, ConnectionError())
        gate.release(trial, None)

        assert gate.state == "open"

    def test_one_that_was_never_called_may_be_closed_off_beforehand(self, plugin):
        plugin.force_open("later")

        assert is_refused(plugin.policy(TWICE, Scope(key="later")))

    def test_it_stays_so_with_other_values(self, plugin, gate):
        plugin.force_open("venue")
        plugin.policy(evolve(TWICE, failure_threshold=9), Scope(key="venue"))

        assert is_refused(gate)

    def test_unadmitted_failures_change_nothing(self, plugin, gate, host):
        plugin.force_open("venue")
        host.clock.advance(1e6)
        gate.record_failure()

        assert is_refused(gate)


class TestDisable:
    def test_everything_passes_and_nothing_counts(self, plugin, gate):
        plugin.disable("venue")
        fail(gate, 100)
        gate.record_failure()

        assert (gate.state, plugin.status("venue").mode, gate.status().calls) == ("closed", "disabled", 0)

    def test_an_open_circuit_lets_calls_through_at_once(self, plugin, gate):
        fail(gate, 2)
        plugin.disable("venue")

        assert not is_refused(gate)

    def test_it_stays_so_with_other_values(self, plugin, gate):
        plugin.disable("venue")
        plugin.policy(CircuitBreakerConfig(failure_threshold=1), Scope(key="venue"))
        fail(gate, 3)

        assert gate.state == "closed"
        plugin.reset("venue")
        fail(gate)
        assert gate.state == "open"


class TestReset:
    @pytest.mark.parametrize("before", ["failing", "open", "half_open", "forced", "disabled"])
    def test_the_circuit_is_as_good_as_new(self, plugin, gate, host, before):
        fail(gate, 1 if before == "failing" else 2)
        if before == "half_open":
            host.clock.advance(30)
            gate.acquire()
        elif before == "forced":
            plugin.force_open("venue")
        elif before == "disabled":
            plugin.disable("venue")
        plugin.reset("venue")

        assert gate.idle
        fail(gate)
        assert gate.state == "closed"
        fail(gate)
        assert gate.state == "open"

    def test_calls_under_way_no_longer_count(self, plugin, gate):
        permits = [gate.acquire() for _ in range(5)]
        plugin.reset("venue")
        for permit in permits:
            gate.release(permit, ConnectionError())

        assert gate.idle

    def test_the_time_open_begins_anew(self, plugin, host):
        gate = plugin.policy(evolve(TWICE, recovery_multiplier=3.0), Scope(key="venue"))
        fail(gate, 2)
        host.clock.advance(30)
        fail(gate)
        assert gate.status().retry_after == 90
        plugin.reset("venue")
        fail(gate, 2)

        assert gate.status().retry_after == 30

    @pytest.mark.parametrize("method", ["reset", "status"])
    def test_it_takes_a_circuit_that_exists(self, plugin, method):
        with pytest.raises(KeyError, match="no circuit is named 'venu'"):
            getattr(plugin, method)("venu")


def test_every_decision_and_every_change_is_told(plugin, gate, host):
    for decide in (plugin.force_open, plugin.force_open, plugin.disable, plugin.disable, plugin.reset, plugin.reset):
        decide("venue")
    fail(gate, 2)
    plugin.force_open("venue")
    plugin.reset("venue")

    assert told(host) == [
        ("breaker", "venue", "closed", "open"),
        ("state", "circuit:venue", "automatic", "forced_open"),
        ("breaker", "venue", "open", "closed"),
        ("state", "circuit:venue", "forced_open", "disabled"),
        ("state", "circuit:venue", "disabled", "automatic"),
        ("breaker", "venue", "closed", "open"),
        ("state", "circuit:venue", "automatic", "forced_open"),
        ("breaker", "venue", "open", "closed"),
        ("state", "circuit:venue", "forced_open", "automatic"),
    ]


def test_nothing_is_told_where_nobody_listens(gate, host):
    host.observed = False
    fail(gate, 2)

    assert host.published == []


class TestStatus:
    def test_it_tells_what_is_in_the_window(self, plugin):
        config = CircuitBreakerConfig(window="count", window_size=4, minimum_calls=4)
        gate = plugin.policy(config, Scope(key="venue"))
        gate.release(gate.acquire(), None)
        fail(gate)
        status = plugin.status("venue")

        assert (status.state, status.mode) == (BreakerState.CLOSED, BreakerMode.AUTOMATIC)
        assert (status.calls, status.failures, status.slow_calls) == (2, 1, 0)
        assert (status.failure_rate, status.slow_call_rate) == (0.5, 0.0)
        assert (status.openings, status.trials, status.retry_after, status.parents) == (0, 0, None, ())

    def test_it_tells_why_and_for_how_long_it_is_open(self, plugin, gate, host):
        fail(gate, 2)
        host.clock.advance(10)
        status = plugin.status("venue")

        assert (status.state, status.failures, status.openings, status.retry_after) == ("open", 2, 1, 20)
        host.clock.advance(30)
        assert (plugin.status("venue").state, plugin.status("venue").retry_after) == ("half_open", 0)
        gate.acquire()
        assert plugin.status("venue").trials == 1

    def test_an_unused_circuit_divides_by_nothing(self, gate):
        assert (gate.status().failure_rate, gate.status().slow_call_rate) == (0.0, 0.0)

    def test_there_is_one_for_each_key(self, plugin, gate):
        fail(gate)
        other = plugin.policy(TWICE, Scope(key="other"))
        fail(other, 2)

        assert {key: status.state for key, status in plugin.statuses().items()} == {"venue": "closed", "other": "open"}


WINDOWS = {
    "row": CircuitBreakerConfig(failure_threshold=4),
    "count": CircuitBreakerConfig(window="count", window_size=8, minimum_calls=4),
    "larger": CircuitBreakerConfig(window="count", window_size=80, minimum_calls=4),
    "time": CircuitBreakerConfig(window="time", window_size=60, minimum_calls=4),
    "slow": CircuitBreakerConfig(window="time", window_size=30, minimum_calls=4, slow_call_duration=1),
}


@pytest.mark.parametrize("before", WINDOWS)
@pytest.mark.parametrize("after", WINDOWS)
class TestReconfigured:
    def test_what_is_counted_goes_over(self, plugin, before, after):
        gate = plugin.policy(WINDOWS[before], Scope(key="venue"))
        fail(gate, 3)
        plugin.policy(WINDOWS[after], Scope(key="venue"))
        assert (gate.status().calls, gate.status().failures) == (3, 3)

        fail(gate)
        assert gate.state == "open"

    def test_calls_under_way_count_in_the_new_window(self, plugin, before, after):
        gate = plugin.policy(WINDOWS[before], Scope(key="venue"))
        permits = [gate.acquire() for _ in range(4)]
        plugin.policy(WINDOWS[after], Scope(key="venue"))
        gate.release(permits.pop(), None)
        assert gate.status().calls == 1
        for permit in permits:
            gate.release(permit, ConnectionError())

        assert gate.status().failures == 3

    def test_a_trial_under_way_still_decides(self, plugin, host, before, after):
        gate = plugin.policy(WINDOWS[before], Scope(key="venue"))
        fail(gate, 4)
        host.clock.advance(60)
        trial = gate.acquire()
        plugin.policy(WINDOWS[after], Scope(key="venue"))
        assert gate.state == "half_open"

        gate.release(trial, None)
        assert gate.state == "closed"
        assert gate.config is WINDOWS[after]


def test_a_narrower_window_takes_the_latest_calls(plugin):
    gate = plugin.policy(CircuitBreakerConfig(window="count", window_size=20, minimum_calls=20), Scope(key="venue"))
    fail(gate, 3)
    for _ in range(4):
        gate.release(gate.acquire(), None)
    plugin.policy(CircuitBreakerConfig(window="count", window_size=5, minimum_calls=5), Scope(key="venue"))

    assert (gate.status().calls, gate.status().failures) == (5, 1)
