"""Several calls for one intent: at most one of them sends."""

import gc
import threading

import anyio
import pytest

from recoup import Call, Decision, Operation, OperationKind
from recoup_plugins.order_submission.intents import Intents, IntentState

KEY = ("venue:main", "bot-1")


async def recover(plugin, context, answers=None):
    answer = await plugin.recover(context.error, context)
    if answers is not None:
        answers.append(answer)
    return answer


@pytest.mark.anyio
async def test_of_two_calls_that_lost_the_same_order_only_one_sends_it_again(host, failed, make_orders, make_plugin):
    plugin, orders, answers = make_plugin(), make_orders([None]), []
    contexts = [failed(orders), failed(orders)]
    async with anyio.create_task_group() as group:
        for context in contexts:
            group.start_soon(recover, plugin, context, answers)
    assert [answer.decision for answer in answers].count(Decision.RETRY) == 1
    assert [answer.decision for answer in answers].count(Decision.UNKNOWN) == 1


@pytest.mark.anyio
async def test_the_second_call_adopts_what_the_first_one_sends(host, failed, make_orders, make_plugin, order):
    plugin = make_plugin()
    first, second = failed(make_orders([None])), failed(make_orders([order]))
    assert (await recover(plugin, first)).decision is Decision.RETRY
    assert (await recover(plugin, second)).value == order


@pytest.mark.anyio
async def test_another_call_may_send_once_the_first_one_is_over(failed, make_orders, make_plugin):
    plugin, orders = make_plugin(), make_orders([None])
    first = failed(orders)
    assert (await recover(plugin, first)).decision is Decision.RETRY
    del first
    gc.collect()
    assert (await recover(plugin, failed(orders))).decision is Decision.RETRY


@pytest.mark.anyio
async def test_a_new_submission_is_held_back_during_the_verification_and_the_resend(
    host, failed, make_orders, make_plugin
):
    plugin, delays = make_plugin(), []
    other = Operation(kind=OperationKind.SUBMIT, client_order_id="bot-1", key="venue:main")
    context = failed(make_orders([lambda: delays.append(plugin.delay(other, "exchange"))]))
    assert plugin.delay(other, "exchange") == 0.0
    await recover(plugin, context)
    assert delays
    assert all(delay == 0.5 for delay in delays)
    assert plugin.delay(context.call.operation, "exchange") == 0.0
    assert plugin.delay(other, "exchange") == 0.5
    host.clock.advance(60.0)
    assert plugin.delay(other, "exchange") == 0.0


@pytest.mark.anyio
@pytest.mark.parametrize(("rule", "held"), [("forever", 0.0), ("open_only", 60.0), ("none", 60.0)])
async def test_after_an_unknown_end_the_id_is_held_unless_the_venue_refuses_it(
    host, failed, make_orders, make_plugin, rule, held
):
    plugin = make_plugin(verify_timeout=20.0)
    context = failed(make_orders([ConnectionError()], client_id_rule=rule))
    assert (await recover(plugin, context)).decision is Decision.UNKNOWN
    assert plugin.delay(context.call.operation, "exchange") == held
    host.clock.advance(60.0)
    assert plugin.delay(context.call.operation, "exchange") == 0.0


def test_nothing_else_is_held_back(failed, make_orders, make_plugin):
    plugin = make_plugin()
    plugin._intents.claim(KEY, Call(), 0.0, reusable_id=True)
    for operation in (
        Operation(kind=OperationKind.READ, client_order_id="bot-1", key="venue:main"),
        Operation(kind=OperationKind.CANCEL, client_order_id="bot-1", key="venue:main"),
        Operation(kind=OperationKind.SUBMIT, client_order_id="bot-2", key="venue:main"),
        Operation(kind=OperationKind.SUBMIT, client_order_id="bot-1", key="venue:other"),
        Operation(kind=OperationKind.SUBMIT, key="venue:main"),
    ):
        assert plugin.delay(operation, "exchange") == 0.0


@pytest.mark.anyio
async def test_a_cancelled_verification_leaves_the_intent_unknown(host, failed, make_orders, make_plugin):
    plugin = make_plugin()
    host.clock.auto_advance = False
    context = failed(make_orders([None]))
    async with anyio.create_task_group() as group:
        group.start_soon(recover, plugin, context)
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        assert host.clock.sleeps == [0.5]
        group.cancel_scope.cancel()
    assert plugin._intents.is_unresolved(KEY)
    assert host.published[-1].new == "unknown"


def test_of_many_threads_one_claims_the_intent():
    intents, calls = Intents(10, 60.0), [Call() for _ in range(16)]
    won, start = [], threading.Barrier(16)

    def claim(call):
        start.wait()
        if intents.claim(KEY, call, 0.0, reusable_id=True) is not None:
            won.append(call)

    threads = [threading.Thread(target=claim, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_the_table_is_bounded_and_never_drops_what_is_being_verified():
    intents, active = Intents(3, 60.0), Call()
    assert intents.claim(("venue", "active"), active, 0.0, reusable_id=True) is not None
    for number in range(10):
        call = Call()
        assert intents.claim(("venue", str(number)), call, float(number), reusable_id=True) is not None
        intents.end(("venue", str(number)), IntentState.UNKNOWN, float(number))
        assert len(intents) <= 3
    assert intents.is_verified_by_another(("venue", "active"), Call())


@pytest.mark.anyio
async def test_without_room_in_the_table_nothing_is_sent_again(failed, make_orders, make_plugin, order):
    plugin, first = make_plugin(max_intents=1), Call()
    assert plugin._intents.claim(("venue:main", "other"), first, 0.0, reusable_id=True) is not None
    assert (await recover(plugin, failed(make_orders([None])))).decision is Decision.UNKNOWN
    assert (await recover(plugin, failed(make_orders([order])))).value == order


def test_of_many_threads_that_lost_the_same_order_one_sends_it_again(failed, make_orders, make_plugin):
    plugin, orders, answers = make_plugin(), make_orders([None]), []
    contexts, start = [failed(orders) for _ in range(6)], threading.Barrier(6)

    def run(context):
        start.wait()
        anyio.run(recover, plugin, context, answers)

    threads = [threading.Thread(target=run, args=(context,)) for context in contexts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    decisions = [answer.decision for answer in answers]
    assert len(decisions) == 6
    assert decisions.count(Decision.RETRY) == 1
    assert set(decisions) == {Decision.RETRY, Decision.UNKNOWN}
