"""What an earlier process left: looked up from now on, remembered, and never sent again by mistake."""

import anyio
import pytest

from recoup import (
    Call,
    Decision,
    Exposure,
    Intent,
    IntentState,
    IntentVerifier,
    Operation,
    OperationKind,
    VenuePorts,
)
from recoup_plugins.order_submission.intents import SendState

pytestmark = pytest.mark.anyio
KEY = ("venue:main", "bot-1")
EXPOSURE = Exposure(symbol="BTC/USDT", side="buy", amount="0.5")


@pytest.fixture
def plugin(make_plugin):
    return make_plugin()


@pytest.fixture
def make_intent(host):
    def make(orders=None, **fields):
        if orders is not None:
            host.venues.register("venue:main", VenuePorts(orders=orders))
        given = {"key": KEY[0], "client_order_id": KEY[1], "symbol": "BTC/USDT", "component": "exchange"}
        return Intent(**(given | {"created": host.clock.now(), "exposure": EXPOSURE} | fields))

    return make


def submission(orders, **fields):
    given = {"kind": OperationKind.SUBMIT, "client_order_id": KEY[1], "key": KEY[0], "symbol": "BTC/USDT"}
    return Call(operation=Operation(**(given | {"orders": orders} | fields)))


async def admit(plugin, call):
    answer = plugin.admit(call, "exchange")
    return await answer if answer is not None else None


def test_it_is_a_verifier(plugin):
    assert isinstance(plugin, IntentVerifier)


async def test_an_order_that_the_venue_has_is_accepted_and_adopted_by_a_later_call(
    host, plugin, make_intent, make_orders, order
):
    orders = make_orders([None, order])
    finding = await plugin.verify(make_intent(orders))
    assert (finding.state, finding.order) == (IntentState.ACCEPTED, order)
    assert (await admit(plugin, submission(orders))).value == order
    assert host.exposures.reserved() == {}


@pytest.mark.parametrize(("rule", "settle_time"), [("forever", 3.0), ("open_only", 10.0), ("none", 10.0)])
async def test_one_that_stays_absent_from_now_on_has_failed_and_may_be_sent(
    host, plugin, make_intent, make_orders, rule, settle_time
):
    host.clock.advance(100.0)
    finding = await plugin.verify(make_intent(make_orders([None], client_id_rule=rule)))
    assert finding.state is IntentState.FAILED
    assert host.clock.monotonic() - 100.0 == pytest.approx(settle_time, abs=0.02)
    assert plugin.admit(submission(make_orders()), "exchange") is None
    assert host.exposures.reserved() == {}
    assert host.spawned == []


async def test_one_that_nobody_can_find_out_about_stays_unknown_and_is_watched(
    host, plugin, make_intent, make_orders, order
):
    orders = make_orders([ConnectionError()])
    finding = await plugin.verify(make_intent(orders))
    assert finding.state is IntentState.UNKNOWN
    assert plugin._book.intents.state(KEY) is SendState.UNKNOWN
    assert host.exposures.reserved() == {KEY: EXPOSURE}
    assert len(host.spawned) == 1
    assert (await admit(plugin, submission(orders, deadline=5.0))).decision is Decision.UNKNOWN


async def test_one_at_a_venue_that_nobody_registered_is_left_to_others(plugin, make_intent):
    assert await plugin.verify(make_intent()) is None


async def test_an_order_does_not_tell_whether_it_was_amended(host, plugin, make_intent, make_orders, order):
    finding = await plugin.verify(make_intent(make_orders([order]), kind=OperationKind.AMEND))
    assert finding.state is IntentState.UNKNOWN
    assert host.calls == []


async def test_a_port_that_names_no_id_rule_that_exists_never_tells_that_an_order_has_failed(
    plugin, make_intent, make_orders
):
    finding = await plugin.verify(make_intent(make_orders([None], client_id_rule="always")))
    assert finding.state is IntentState.UNKNOWN


async def test_a_call_under_way_is_waited_for(host, plugin, make_intent, make_orders, order):
    call, findings = submission(make_orders()), []
    assert await admit(plugin, call) is None
    host.clock.auto_advance = False

    async def verify():
        findings.append(await plugin.verify(make_intent(make_orders([order]))))

    async with anyio.create_task_group() as group:
        group.start_soon(verify)
        await anyio.wait_all_tasks_blocked()
        assert host.calls == []
        plugin.settle(call, "exchange", None)
        host.clock.advance(0.5)
    assert findings[0].state is IntentState.ACCEPTED


async def test_a_call_under_way_for_too_long_leaves_it_unknown(host, plugin, make_intent, make_orders):
    assert await admit(plugin, submission(make_orders())) is None
    assert (await plugin.verify(make_intent(make_orders([None])))).state is IntentState.UNKNOWN
    assert host.clock.monotonic() == pytest.approx(600.0)


async def test_a_cancelled_verification_leaves_it_unknown(host, plugin, make_intent, make_orders):
    host.clock.auto_advance = False
    async with anyio.create_task_group() as group:
        group.start_soon(plugin.verify, make_intent(make_orders([None])))
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert plugin._book.intents.state(KEY) is SendState.UNKNOWN
    assert host.exposures.reserved() == {KEY: EXPOSURE}
