"""A cancel that failed: the order's final state decides, since a cancel and a fill race."""

import asyncio

import pytest

from recoup import Call, Decision, Exposure, FailureReason, IntentState, Operation, OperationKind, OrderNotVerifiable

pytestmark = pytest.mark.anyio
KEY = ("venue:main", "bot-1")
UNKNOWN_ORDER = {"reason": FailureReason.ORDER_NOT_FOUND, "outcome_known": True}
LOST = {"reason": FailureReason.CONNECTION_LOST, "outcome_known": False}


@pytest.fixture
def plugin(make_plugin):
    return make_plugin()


@pytest.fixture
def cancel(plugin, failed):
    async def recover(orders, **fields):
        context = failed(orders, **({"kind": OperationKind.CANCEL} | fields))
        return await plugin.recover(context.error, context)

    return recover


@pytest.mark.parametrize("failure", [UNKNOWN_ORDER, LOST])
class TestAFailedCancel:
    @pytest.mark.parametrize("status", ["closed", "canceled", "cancelled", "expired", "rejected"])
    async def test_is_done_where_the_order_is_final(self, cancel, make_orders, failure, status):
        order = {"id": "77", "status": status, "filled": "0.3"}
        answer = await cancel(make_orders([order]), **failure)
        assert (answer.decision, answer.value, answer.verified) == (Decision.RECOVERED, order, True)

    @pytest.mark.parametrize("status", ["open", None, "pending"])
    async def test_is_sent_again_where_the_order_is_not(self, cancel, make_orders, failure, status):
        answer = await cancel(make_orders([{"id": "77", "status": status}]), **failure)
        assert (answer.decision, answer.delay) == (Decision.RETRY, 0.5)

    async def test_is_sent_again_more_and_more_slowly_and_then_no_more(self, cancel, make_orders, failure):
        orders = make_orders([{"id": "77", "status": "open"}])
        answers = [await cancel(orders, resends=times, **failure) for times in range(6)]
        assert [answer.delay for answer in answers[:5]] == [0.5, 1.0, 2.0, 4.0, 8.0]
        assert answers[5].decision is Decision.UNKNOWN

    async def test_is_left_as_it_is_where_the_venue_knows_no_such_order(self, cancel, make_orders, failure):
        assert await cancel(make_orders([None]), **failure) is None

    async def test_is_sent_again_where_the_order_can_not_be_read(self, host, cancel, make_orders, failure):
        orders = make_orders([ConnectionError()])
        assert (await cancel(orders, **failure)).decision is Decision.RETRY
        assert host.clock.monotonic() <= 3.0
        assert len(orders.asked) == 3

    async def test_is_not_sent_again_after_the_deadline(self, cancel, make_orders, failure):
        answer = await cancel(make_orders([{"id": "77", "status": "open"}]), deadline=0.4, **failure)
        assert answer.decision is Decision.UNKNOWN

    async def test_waits_no_longer_where_the_order_can_not_be_looked_up(self, host, cancel, make_orders, failure):
        orders = make_orders([OrderNotVerifiable("too old")])
        assert (await cancel(orders, **failure)).decision is Decision.RETRY
        assert len(orders.asked) == 3

    async def test_that_the_guard_does_not_repeat_is_unknown(self, plugin, failed, make_orders, failure):
        context = failed(make_orders([{"status": "open"}]), kind=OperationKind.CANCEL, **failure)
        context.call.may_repeat = False
        assert (await plugin.recover(context.error, context)).decision is Decision.UNKNOWN


async def test_an_order_that_only_a_list_has_is_found(cancel, make_orders):
    orders = make_orders([None])
    found = {"id": "77", "clientOrderId": "bot-1", "status": "closed"}
    recent = type("Recent", (), {"find_order": orders.find_order, "recent_orders": lambda _, symbol: [found]})()
    assert (await cancel(recent, **UNKNOWN_ORDER)).value == found


@pytest.mark.parametrize("reason", [FailureReason.RATE_LIMITED, FailureReason.AUTHENTICATION])
async def test_a_known_failure_of_another_reason_is_left_to_others(host, cancel, make_orders, reason):
    assert await cancel(make_orders([{"status": "open"}]), reason=reason, outcome_known=True) is None
    assert host.calls == []


@pytest.mark.parametrize("missing", ["client_order_id", "orders"])
async def test_what_can_not_be_read_is_left_to_others(cancel, make_orders, missing):
    assert await cancel(**({"orders": make_orders()} | {missing: None} | LOST)) is None


async def test_an_order_of_unknown_outcome_that_it_sees_is_settled(host, plugin, cancel, make_orders, order):
    exposure = Exposure(symbol="BTC/USDT", side="buy", amount="1")
    operation = Operation(
        kind=OperationKind.SUBMIT, client_order_id=KEY[1], key=KEY[0], orders=make_orders(), exposure=exposure
    )
    call = Call(operation=operation, unresolved=True)
    plugin.admit(call, "exchange")
    plugin.settle(call, "exchange", asyncio.CancelledError())
    assert host.exposures.reserved() == {KEY: exposure}
    await cancel(make_orders([order]), **UNKNOWN_ORDER)
    assert [(intent, finding.state) for intent, finding in host.settled] == [(KEY, IntentState.ACCEPTED)]
    assert host.exposures.reserved() == {}
