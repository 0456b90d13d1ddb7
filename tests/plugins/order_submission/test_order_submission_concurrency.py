"""Several calls for one intent: at most one of them sends."""

import threading

import anyio
import pytest

from recoup import Call, Decision
from recoup_plugins.order_submission.intents import SendState

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
    plugin.settle(first.call, "exchange", ConnectionResetError())
    assert (await recover(plugin, failed(orders))).decision is Decision.RETRY


@pytest.mark.anyio
async def test_a_cancelled_verification_leaves_the_intent_unknown(host, failed, make_orders, make_plugin):
    plugin = make_plugin()
    host.clock.auto_advance = False
    context = failed(make_orders([None]))
    async with anyio.create_task_group() as group:
        group.start_soon(recover, plugin, context)
        await anyio.wait_all_tasks_blocked()
        assert host.clock.sleeps == [0.5]
        group.cancel_scope.cancel()
    assert plugin._book.intents.state(KEY) is SendState.UNKNOWN
    assert host.published[-1].new == "unknown"


@pytest.mark.anyio
async def test_without_room_in_the_table_nothing_is_sent_again(failed, make_orders, make_plugin, order):
    plugin, first = make_plugin(max_intents=1), Call()
    assert plugin._book.intents.send(("venue:main", "other"), first)
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
