"""How a venue is found to be down, probed, and taken for back."""

import threading

import pytest
from attrs import evolve

from recoup import (
    Call,
    Classification,
    Decision,
    ErrorCategory,
    ErrorSeverity,
    FailureReason,
    FallbackConfig,
    Operation,
    OperationKind,
    StateEvent,
)
from recoup_plugins.exchange_maintenance import ExchangeMaintenance, ExchangeMaintenanceConfig

SUBMIT = Operation(kind=OperationKind.SUBMIT, key="venue")
READ = Operation(kind=OperationKind.READ, key="venue")


@pytest.fixture
def make_plugin(host):
    return lambda **config: ExchangeMaintenance(ExchangeMaintenanceConfig(**config), host)


@pytest.fixture
def down(host, make_context):
    def make(
        retry_after=None,
        *,
        reason=FailureReason.MAINTENANCE,
        outcome_known=True,
        operation=SUBMIT,
        policies=(),
        guarded=True,
        component="x",
    ):
        classification = Classification(
            severity=ErrorSeverity.MEDIUM,
            category=ErrorCategory.EXCHANGE,
            retryable=True,
            outcome_known=outcome_known,
            retry_after=retry_after,
            reason=reason,
        )
        call = Call(operation=operation, policies=policies, started=host.clock.monotonic()) if guarded else None
        return make_context(RuntimeError("503"), call=call, classification=classification, component=component)

    return make


def recover(plugin, context):
    return plugin.recover(context.error, context)


def states(host):
    return [(event.subject, event.old, event.new) for event in host.published if isinstance(event, StateEvent)]


class TestRecovery:
    def test_the_call_is_repeated_at_the_first_probe(self, host, make_plugin, down):
        answer = recover(make_plugin(), down())
        assert (answer.decision, answer.delay, answer.verified) == (Decision.RETRY, 5.0, False)
        assert states(host) == [("venue:venue", "normal", "maintenance")]

    def test_the_wait_that_the_venue_names_takes_precedence(self, make_plugin, down):
        assert recover(make_plugin(), down(90.0)).delay == 90.0

    def test_a_side_effect_with_unknown_outcome_is_not_repeated_but_marks_the_venue(self, make_plugin, down):
        plugin = make_plugin()
        assert recover(plugin, down(outcome_known=False)) is None
        assert plugin.delay(READ, "x") == 5.0

    def test_an_error_that_the_application_handles_marks_its_component(self, make_plugin, down):
        plugin = make_plugin()
        assert recover(plugin, down(guarded=False, component="feed")).delay == 5.0
        assert plugin.delay(Operation(), "feed") > 0.0
        assert plugin.delay(Operation(), "orders") == 0.0

    def test_other_errors_are_not_its_business(self, host, make_plugin, down):
        plugin = make_plugin()
        assert recover(plugin, down(reason=FailureReason.TIMEOUT)) is None
        assert plugin.delay(READ, "x") == 0.0
        assert host.published == []

    def test_a_probe_past_the_deadline_is_final(self, make_plugin, down):
        answer = recover(make_plugin(), down(operation=evolve(SUBMIT, deadline=4.0)))
        assert answer.decision is Decision.RAISE
        assert "deadline" in answer.detail

    def test_maintenance_longer_than_max_wait_is_final(self, host, make_plugin, down):
        plugin = make_plugin(max_wait=20.0)
        decisions = []
        for _ in range(3):
            answer = recover(plugin, down())
            decisions.append(answer.decision)
            host.clock.advance(answer.delay)
            plugin.delay(SUBMIT, "x")
        assert decisions == [Decision.RETRY, Decision.RETRY, Decision.RAISE]

    def test_a_fallback_has_its_turn_where_the_wait_is_too_long(self, make_plugin, down):
        context = down(policies=(FallbackConfig(),))
        assert recover(make_plugin(max_wait=1.0), context) is None
        assert not context.call.may_repeat

    def test_an_endless_wait_is_cut(self, make_plugin, down):
        plugin = make_plugin()
        assert recover(plugin, down(float("inf"))).decision is Decision.RAISE
        assert plugin.delay(READ, "x") == pytest.approx(86_400.0, abs=1.0)


class TestCancelOnly:
    CANCEL = Operation(kind=OperationKind.CANCEL, key="venue")

    def test_a_market_that_takes_cancels_alone_holds_new_orders(self, host, make_plugin, down):
        plugin = make_plugin()
        assert recover(plugin, down(reason=FailureReason.MARKET_CLOSED)).delay == 5.0
        assert states(host) == [("venue:venue", "normal", "cancel_only")]
        assert plugin.delay(SUBMIT, "x") > 0.0
        assert (plugin.delay(self.CANCEL, "x"), plugin.delay(READ, "x")) == (0.0, 0.0)

    def test_one_order_at_a_time_finds_out_whether_it_is_over(self, host, make_plugin, down):
        plugin = make_plugin()
        recover(plugin, down(reason=FailureReason.MARKET_CLOSED))
        host.clock.advance(5.0)
        assert [plugin.delay(SUBMIT, "x") for _ in range(10)].count(0.0) == 1
        assert recover(plugin, down(reason=FailureReason.MARKET_CLOSED)).delay == 10.0
        host.clock.advance(10.0)
        assert plugin.delay(SUBMIT, "x") == 0.0
        host.clock.advance(2.0)
        plugin.delay(SUBMIT, "x")
        assert states(host)[-1] == ("venue:venue", "cancel_only", "normal")

    def test_where_not_even_cancels_are_taken_it_is_maintenance(self, host, make_plugin, down):
        plugin = make_plugin()
        recover(plugin, down(reason=FailureReason.MARKET_CLOSED))
        recover(plugin, down(operation=self.CANCEL))
        assert plugin.delay(self.CANCEL, "x") > 0.0
        assert states(host)[-1] == ("venue:venue", "cancel_only", "maintenance")

    def test_a_market_that_is_closed_for_good_is_no_maintenance(self, host, make_plugin, down):
        context = down(reason=FailureReason.MARKET_CLOSED)
        context.classification = evolve(context.classification, retryable=False)
        assert recover(make_plugin(), context) is None
        assert host.published == []


class TestProbes:
    def test_the_interval_grows_up_to_its_maximum(self, host, make_plugin, down):
        plugin, waits = make_plugin(), []
        for _ in range(6):
            waits.append(recover(plugin, down()).delay)
            host.clock.advance(waits[-1])
            assert plugin.delay(SUBMIT, "x") == 0.0
        assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]

    def test_one_call_is_let_through_at_each_probe_time(self, host, make_plugin, down):
        plugin = make_plugin()
        recover(plugin, down())
        assert all(plugin.delay(SUBMIT, "x") >= 5.0 for _ in range(20))
        host.clock.advance(5.0)
        assert [plugin.delay(SUBMIT, "x") for _ in range(20)].count(0.0) == 1
        recover(plugin, down())
        host.clock.advance(9.9)
        assert all(plugin.delay(SUBMIT, "x") > 0.0 for _ in range(20))
        host.clock.advance(0.1)
        assert [plugin.delay(SUBMIT, "x") for _ in range(20)].count(0.0) == 1

    def test_refusals_of_calls_under_way_are_no_failed_probes(self, host, make_plugin, down):
        plugin = make_plugin()
        for _ in range(30):
            recover(plugin, down())
        host.clock.advance(5.0)
        assert plugin.delay(SUBMIT, "x") == 0.0
        assert recover(plugin, down()).delay == 10.0

    def test_a_venue_that_does_not_answer_a_probe_is_not_back(self, host, make_plugin, down):
        plugin = make_plugin()
        recover(plugin, down())
        host.clock.advance(5.0)
        assert plugin.delay(READ, "x") == 0.0
        host.clock.advance(1.0)
        assert recover(plugin, down(reason=FailureReason.CONNECTION_FAILED, operation=READ)) is None
        host.clock.advance(9.0)
        assert plugin.delay(READ, "x") == pytest.approx(1.0)

    def test_a_probe_refused_after_its_grace_keeps_the_maintenance_going(self, host, make_plugin, down):
        plugin = make_plugin()
        recover(plugin, down())
        host.clock.advance(5.0)
        assert plugin.delay(READ, "x") == 0.0
        host.clock.advance(3.0)
        assert recover(plugin, down()).delay == 10.0
        assert states(host) == [("venue:venue", "normal", "maintenance")]

    def test_a_refusal_while_ramping_up_resumes_the_same_maintenance(self, host, make_plugin, down):
        plugin = make_plugin()
        recover(plugin, down())
        host.clock.advance(5.0)
        plugin.delay(READ, "x")
        host.clock.advance(2.0)
        assert plugin.delay(READ, "x") == 0.0
        answer = recover(plugin, down())
        assert answer.delay == 10.0
        assert "for 7.00 s" in answer.detail
        assert [new for _, _, new in states(host)] == ["maintenance", "normal", "maintenance"]


class TestReturn:
    def test_a_probe_that_has_not_failed_brings_the_venue_back(self, host, make_plugin, down):
        plugin = make_plugin()
        recover(plugin, down())
        host.clock.advance(5.0)
        assert plugin.delay(SUBMIT, "x") == 0.0
        assert plugin.delay(SUBMIT, "x") == 2.0
        host.clock.advance(2.0)
        assert plugin.delay(SUBMIT, "x") == 0.0
        assert states(host)[-1] == ("venue:venue", "maintenance", "normal")

    def test_held_calls_go_one_at_a_time_and_then_freely(self, host, make_plugin, down):
        plugin = make_plugin()
        recover(plugin, down())
        host.clock.advance(5.0)
        assert plugin.delay(SUBMIT, "x") == 0.0
        for _ in range(20):
            plugin.delay(SUBMIT, "x")
        host.clock.advance(2.0)
        assert [plugin.delay(SUBMIT, "x") for _ in range(20)].count(0.0) == 1
        host.clock.advance(0.05)
        assert [plugin.delay(SUBMIT, "x") for _ in range(20)].count(0.0) == 1
        host.clock.advance(60.0)
        assert [plugin.delay(SUBMIT, "x") for _ in range(20)] == [0.0] * 20

    def test_later_maintenance_is_a_new_one(self, host, make_plugin, down):
        plugin = make_plugin()
        recover(plugin, down())
        host.clock.advance(5.0)
        plugin.delay(SUBMIT, "x")
        host.clock.advance(3600.0)
        answer = recover(plugin, down())
        assert answer.delay == 5.0
        assert [new for _, _, new in states(host)] == ["maintenance", "normal", "maintenance"]


def test_venues_are_bounded_and_those_in_maintenance_are_kept(host, make_plugin, down):
    plugin = make_plugin(max_venues=5)
    recover(plugin, down(3600.0, operation=Operation(), component="long"))
    for number in range(50):
        recover(plugin, down(operation=Operation(), component=f"c{number}"))
    assert len(plugin._venues) == 5
    assert plugin.delay(Operation(), "long") > 3000.0


def test_of_many_threads_one_probes(host, make_plugin, down):
    plugin, delays, start = make_plugin(), [], threading.Barrier(8)
    recover(plugin, down())
    host.clock.advance(5.0)

    def ask():
        start.wait()
        delays.extend(plugin.delay(SUBMIT, "x") for _ in range(100))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert delays.count(0.0) == 1
