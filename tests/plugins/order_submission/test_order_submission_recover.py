"""What the scenario answers, case by case."""

import pytest

from recoup import Decision, FailureReason, OperationKind, OrderNotVerifiable, StateEvent

pytestmark = pytest.mark.anyio


async def recover(plugin, context):
    return await plugin.recover(context.error, context)


def states(host):
    return [(event.subject, event.old, event.new) for event in host.published if isinstance(event, StateEvent)]


class TestAdopts:
    async def test_the_order_that_the_venue_has(self, host, failed, make_orders, make_plugin, order):
        orders = make_orders([order])
        answer = await recover(make_plugin(), failed(orders))
        assert answer.decision is Decision.RECOVERED
        assert answer.value == order
        assert answer.verified
        assert orders.asked == [("bot-1", "BTC/USDT")]
        assert states(host) == [("order:bot-1", "submitted", "verifying"), ("order:bot-1", "verifying", "accepted")]

    async def test_an_order_accepted_late(self, host, failed, make_orders, make_plugin, order):
        orders = make_orders([lambda: order if host.clock.monotonic() >= 2.5 else None])
        answer = await recover(make_plugin(), failed(orders))
        assert answer.decision is Decision.RECOVERED
        assert host.clock.monotonic() < 5.0

    async def test_an_order_behind_failed_lookups(self, failed, make_orders, make_plugin, order):
        orders = make_orders([ConnectionError(), TimeoutError(), order])
        assert (await recover(make_plugin(), failed(orders))).decision is Decision.RECOVERED

    async def test_the_order_behind_a_duplicate_refusal(self, failed, make_orders, make_plugin, order):
        context = failed(make_orders([None, order]), reason=FailureReason.DUPLICATE_ORDER, outcome_known=True)
        assert (await recover(make_plugin(), context)).decision is Decision.RECOVERED

    async def test_a_first_send_accepted_late_that_took_the_funds_of_the_second(
        self, failed, make_orders, make_plugin, order
    ):
        context = failed(make_orders([order]), reason=FailureReason.INSUFFICIENT_FUNDS, outcome_known=True, resends=1)
        assert (await recover(make_plugin(), context)).value == order

    async def test_an_order_found_after_the_deadline(self, host, failed, make_orders, make_plugin, order):
        context = failed(make_orders([None, order]), deadline=10.0)
        host.clock.advance(11.0)
        assert (await recover(make_plugin(), context)).decision is Decision.RECOVERED


class TestSendsAgain:
    async def test_an_order_that_stays_absent_for_the_settle_time(self, host, failed, make_orders, make_plugin):
        orders = make_orders([None], client_id_rule="forever")
        answer = await recover(make_plugin(), failed(orders))
        assert answer.decision is Decision.RETRY
        assert (answer.delay, answer.verified) == (0.0, True)
        assert host.clock.monotonic() == pytest.approx(3.0, abs=0.02)
        assert len(orders.asked) >= 4
        assert states(host)[-1] == ("order:bot-1", "verifying", "not_found")

    async def test_an_absent_order_with_twice_the_patience_each_round(self, host, failed, make_orders, make_plugin):
        await recover(make_plugin(), failed(make_orders([None]), resends=2))
        assert host.clock.monotonic() == pytest.approx(12.0, abs=0.02)

    @pytest.mark.parametrize("rule", ["open_only", "none"])
    async def test_later_where_the_venue_might_not_refuse_the_second_order(
        self, host, failed, make_orders, make_plugin, rule
    ):
        answer = await recover(make_plugin(), failed(make_orders([None], client_id_rule=rule)))
        assert answer.decision is Decision.RETRY
        assert host.clock.monotonic() == pytest.approx(10.0, abs=0.02)

    async def test_not_before_the_time_that_the_venue_asks_for(self, host, failed, make_orders, make_plugin):
        answer = await recover(make_plugin(), failed(make_orders([None]), retry_after=20.0))
        assert answer.decision is Decision.RETRY
        assert host.clock.monotonic() == pytest.approx(20.0, abs=0.02)

    async def test_only_after_an_unbroken_settle_time(self, host, failed, make_orders, make_plugin):
        calm = []
        answers = [None, None, None, ConnectionError(), lambda: calm.append(host.clock.monotonic())]
        answer = await recover(make_plugin(), failed(make_orders(answers)))
        assert answer.decision is Decision.RETRY
        assert calm[-1] - calm[0] >= 10.0


@pytest.mark.parametrize("missing", ["client_order_id", "orders"])
async def test_leaves_to_others_what_it_cannot_look_up(host, failed, make_orders, make_plugin, missing):
    assert await recover(make_plugin(), failed(**({"orders": make_orders()} | {missing: None}))) is None
    assert host.calls == host.published == []


class TestAnswersUnknown:
    async def test_where_lookups_fail_until_the_time_is_up(self, host, failed, make_orders, make_plugin):
        answer = await recover(make_plugin(), failed(make_orders([ConnectionError()])))
        assert answer.decision is Decision.UNKNOWN
        assert "ConnectionError" in answer.detail
        assert host.clock.monotonic() == pytest.approx(600.0)
        assert len(host.calls) < 40
        assert max(host.clock.sleeps) <= 30.0
        assert states(host)[-1] == ("order:bot-1", "verifying", "unknown")

    async def test_where_the_order_can_not_be_looked_up_three_times_in_a_row(
        self, host, failed, make_orders, make_plugin
    ):
        orders = make_orders([OrderNotVerifiable("too old")])
        answer = await recover(make_plugin(), failed(orders))
        assert answer.decision is Decision.UNKNOWN
        assert "OrderNotVerifiable" in answer.detail
        assert len(orders.asked) == 3
        assert states(host)[-1] == ("order:bot-1", "verifying", "unknown")

    @pytest.mark.parametrize("between", [ConnectionError(), None])
    async def test_not_where_it_could_be_looked_up_in_between(self, failed, make_orders, make_plugin, order, between):
        old = OrderNotVerifiable("too old")
        orders = make_orders([old, old, between, old, old, order])
        assert (await recover(make_plugin(), failed(orders))).value == order

    async def test_where_the_deadline_comes_first(self, host, failed, make_orders, make_plugin):
        answer = await recover(make_plugin(), failed(make_orders([ConnectionError()]), deadline=20.0))
        assert answer.decision is Decision.UNKNOWN
        assert host.clock.monotonic() == pytest.approx(20.0)

    async def test_where_an_absent_order_is_past_its_deadline(self, host, failed, make_orders, make_plugin):
        context = failed(make_orders([None]), deadline=1.0)
        host.clock.advance(1.0)
        answer = await recover(make_plugin(), context)
        assert answer.decision is Decision.UNKNOWN

    async def test_where_it_was_sent_again_too_often(self, failed, make_orders, make_plugin):
        answer = await recover(make_plugin(), failed(make_orders([None]), resends=3))
        assert answer.decision is Decision.UNKNOWN
        assert "3 times" in answer.detail

    async def test_where_the_guard_repeats_nothing(self, failed, make_orders, make_plugin):
        context = failed(make_orders([None]))
        context.call.may_repeat = False
        assert (await recover(make_plugin(), context)).decision is Decision.UNKNOWN

    @pytest.mark.parametrize("rule", ["forever", "open_only", "none"])
    async def test_where_a_duplicate_is_not_to_be_found(self, host, failed, make_orders, make_plugin, rule):
        context = failed(
            make_orders([None], client_id_rule=rule), reason=FailureReason.DUPLICATE_ORDER, outcome_known=True
        )
        assert (await recover(make_plugin(), context)).decision is Decision.UNKNOWN
        assert host.clock.monotonic() == pytest.approx(30.0, abs=0.02)

    @pytest.mark.parametrize("answer", [{}, [], False, "order-77"])
    async def test_where_the_port_answers_neither_order_nor_none(self, failed, make_orders, make_plugin, answer):
        recovery = await recover(make_plugin(verify_timeout=60.0), failed(make_orders([answer])))
        assert recovery.decision is Decision.UNKNOWN
        assert "TypeError" in recovery.detail

    async def test_where_the_port_names_no_id_rule_that_exists(self, host, failed, make_orders, make_plugin):
        answer = await recover(make_plugin(), failed(make_orders([None], client_id_rule="always")))
        assert answer.decision is Decision.UNKNOWN
        assert "client_id_rule" in answer.detail


class TestLeavesToOthers:
    async def test_errors_that_the_application_handles_itself(self, failed, make_orders, make_plugin):
        context = failed(make_orders())
        context.call = None
        assert await recover(make_plugin(), context) is None

    @pytest.mark.parametrize("kind", [kind for kind in OperationKind if kind is not OperationKind.SUBMIT])
    async def test_whatever_is_no_submission(self, failed, make_orders, make_plugin, kind):
        assert await recover(make_plugin(), failed(make_orders(), kind=kind)) is None

    async def test_a_known_failure(self, failed, make_orders, make_plugin):
        context = failed(make_orders(), reason=FailureReason.INSUFFICIENT_FUNDS, outcome_known=True)
        assert await recover(make_plugin(), context) is None

    @pytest.mark.parametrize("reason", [FailureReason.RATE_LIMITED, FailureReason.BANNED, FailureReason.MAINTENANCE])
    async def test_a_refusal_of_pace_after_a_verified_resend(self, host, failed, make_orders, make_plugin, reason):
        context = failed(make_orders(), reason=reason, outcome_known=True, resends=1)
        assert await recover(make_plugin(), context) is None
        assert host.calls == []

    async def test_a_known_failure_of_a_resend_once_the_first_send_is_absent(
        self, host, failed, make_orders, make_plugin
    ):
        context = failed(make_orders([None]), reason=FailureReason.ORDER_REJECTED, outcome_known=True, resends=1)
        assert await recover(make_plugin(), context) is None
        assert host.clock.monotonic() >= 3.0


async def test_lookups_are_guarded_reads_on_the_same_key_within_the_time_left(host, failed, make_orders, make_plugin):
    orders = make_orders([None])
    await recover(make_plugin(), failed(orders, deadline=30.0))
    component, operation = host.calls[0]
    assert component == "exchange"
    assert (operation.kind, operation.key, operation.symbol) == (OperationKind.READ, "venue:main", "BTC/USDT")
    assert operation.deadline == pytest.approx(30.0)


async def test_a_known_failure_of_a_new_call_is_verified_while_its_intent_is_unresolved(
    failed, make_orders, make_plugin, order
):
    plugin = make_plugin(verify_timeout=10.0)
    assert (await recover(plugin, failed(make_orders([ConnectionError()])))).decision is Decision.UNKNOWN
    second = failed(make_orders([order]), reason=FailureReason.INSUFFICIENT_FUNDS, outcome_known=True)
    assert (await recover(plugin, second)).value == order
