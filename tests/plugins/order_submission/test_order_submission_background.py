"""Orders of unknown outcome are looked for after their calls have ended, and a human is told where that is in vain."""

import asyncio
import threading

import anyio
import pytest

from recoup import (
    Call,
    Decision,
    Exposure,
    FailureReason,
    IntentState,
    Operation,
    OperationKind,
    StateEvent,
    TradingHalted,
)
from recoup_plugins.order_submission.intents import SendState

KEY = ("venue:main", "bot-1")
EXPOSURE = Exposure(symbol="BTC/USDT", side="buy", amount="0.5")


@pytest.fixture
def plugin(make_plugin):
    return make_plugin()


def submission(orders, **fields):
    given = {"kind": OperationKind.SUBMIT, "client_order_id": KEY[1], "key": KEY[0], "exposure": EXPOSURE}
    return Call(operation=Operation(**(given | {"orders": orders} | fields)), name="create_order")


def lose(plugin, orders, **fields):
    """Have a submission end so that nobody knows what became of it."""
    call = submission(orders, **fields)
    plugin.admit(call, "exchange")
    call.unresolved = True
    plugin.settle(call, "exchange", asyncio.CancelledError())


async def run_background(host):
    """Run what was spawned, to its end."""
    for _, function, args in host.spawned:
        await function(*args)
    host.spawned.clear()


def last_state(host):
    return [(event.old, event.new) for event in host.published if isinstance(event, StateEvent)][-1]


@pytest.mark.anyio
class TestTheBackground:
    async def test_settles_an_order_that_turns_up(self, host, plugin, make_orders, order):
        lose(plugin, make_orders([None, ConnectionError(), order]))
        assert host.exposures.reserved() == {KEY: EXPOSURE}
        await run_background(host)
        assert [(intent, finding.state, finding.order) for intent, finding in host.settled] == [
            (KEY, IntentState.ACCEPTED, order)
        ]
        assert host.exposures.reserved() == {}
        assert plugin._book.intents.state(KEY) is SendState.ACCEPTED
        assert last_state(host) == ("unknown", "accepted")
        assert host.clock.sleeps == [5.0, 5.0, 10.0]
        assert host.escalated == []

    @pytest.mark.parametrize("rule", ["forever", "open_only", "none"])
    async def test_settles_an_order_that_stays_absent_and_sends_nothing(self, host, plugin, make_orders, rule):
        orders = make_orders([None], client_id_rule=rule)
        lose(plugin, orders)
        await run_background(host)
        assert [(intent, finding.state) for intent, finding in host.settled] == [(KEY, IntentState.FAILED)]
        assert last_state(host) == ("unknown", "not_found")
        assert host.exposures.reserved() == {}
        assert plugin.admit(submission(orders), "exchange") is None

    async def test_takes_no_absence_across_a_failed_lookup(self, host, plugin, make_orders):
        calm = []
        orders = make_orders([None, ConnectionError(), lambda: calm.append(host.clock.monotonic())])
        lose(plugin, orders)
        await run_background(host)
        assert calm[-1] - calm[0] >= 10.0

    async def test_gives_up_in_the_end_and_tells_a_human(self, host, plugin, make_orders):
        orders = make_orders([ConnectionError()])
        lose(plugin, orders)
        await run_background(host)
        assert host.settled == []
        assert len(host.escalated) == 1
        assert "bot-1" in host.escalated[0][2]
        assert host.clock.monotonic() == pytest.approx(86_400.0, abs=300.0)
        assert max(host.clock.sleeps) <= 300.0
        assert len(orders.asked) < 300
        assert plugin._book.intents.state(KEY) is SendState.UNKNOWN
        assert host.exposures.reserved() == {KEY: EXPOSURE}

    async def test_never_calls_an_order_absent_that_the_venue_refused_as_a_duplicate(
        self, host, make_plugin, make_orders, failed
    ):
        plugin = make_plugin(background_for=1000.0)
        call = submission(make_orders([None]))
        plugin.admit(call, "exchange")
        context = failed(call=call, reason=FailureReason.DUPLICATE_ORDER, outcome_known=True)
        assert (await plugin.recover(context.error, context)).decision is Decision.UNKNOWN
        await run_background(host)
        assert host.settled == []
        assert len(host.escalated) == 1

    async def test_starts_where_a_verification_comes_to_nothing(self, host, plugin, make_orders, failed, order):
        orders = make_orders([ConnectionError()])
        call = submission(orders, deadline=20.0)
        plugin.admit(call, "exchange")
        context = failed(call=call)
        assert (await plugin.recover(context.error, context)).decision is Decision.UNKNOWN
        plugin.settle(call, "exchange", context.error)
        orders.answers = [order]
        assert len(host.spawned) == 1
        await run_background(host)
        assert host.settled[0][1].state is IntentState.ACCEPTED

    async def test_ends_where_a_call_finds_out_before(self, host, plugin, make_orders, order):
        lose(plugin, make_orders([order]))
        assert (await plugin.admit(submission(make_orders([order])), "exchange")).value == order
        settled = list(host.settled)
        await run_background(host)
        assert host.settled == settled
        assert len(host.calls) == 1

    async def test_keeps_off_what_a_call_holds(self, host, plugin, make_orders, order):
        orders = make_orders([None], client_id_rule="forever")
        lose(plugin, orders)
        call = submission(orders)
        assert await plugin.admit(call, "exchange") is None
        asked, host.clock.auto_advance = len(orders.asked), False
        async with anyio.create_task_group() as group:
            group.start_soon(run_background, host)
            for _ in range(4):
                await anyio.wait_all_tasks_blocked()
                host.clock.advance(5.0)
            await anyio.wait_all_tasks_blocked()
            assert len(orders.asked) == asked
            plugin.settle(call, "exchange", None)
            host.clock.advance(5.0)
        assert len(orders.asked) == asked

    async def test_gives_nothing_up_that_a_call_holds(self, host, make_plugin, make_orders):
        plugin, orders = make_plugin(background_for=1.0), make_orders([None])
        lose(plugin, orders)
        call = submission(orders)
        assert await plugin.admit(call, "exchange") is None
        await run_background(host)
        assert host.escalated == []
        call.unresolved = True
        plugin.settle(call, "exchange", ConnectionError())
        await run_background(host)
        assert len(host.escalated) == 1

    async def test_runs_so_many_tasks_that_look_after_all(self, host, make_plugin, make_orders, order):
        plugin = make_plugin(max_background=2)
        for number in range(7):
            lose(plugin, make_orders([ConnectionError(), order]), client_order_id=f"bot-{number}")
        async with anyio.create_task_group() as group:
            for _, function, args in host.spawned[:2]:
                group.start_soon(function, *args)
        assert len(host.settled) == 7
        assert len(plugin._checks) == 0

    async def test_that_is_cancelled_leaves_its_orders_to_the_next_task(self, host, plugin, make_orders, order):
        host.clock.auto_advance = False
        lose(plugin, make_orders([order]))
        async with anyio.create_task_group() as group:
            group.start_soon(run_background, host)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        assert plugin._book.intents.state(KEY) is SendState.UNKNOWN
        host.clock.auto_advance = True
        host.spawned.clear()
        lose(plugin, make_orders([order]), client_order_id="bot-2")
        await run_background(host)
        assert {intent for intent, _ in host.settled} == {KEY, ("venue:main", "bot-2")}


@pytest.mark.anyio
class TestWithoutAnEventLoop:
    async def test_the_next_submission_at_the_venue_makes_one_check(self, host, plugin, make_orders, order):
        host.spawns = False
        first, second = make_orders([order]), make_orders([order])
        lose(plugin, first, client_order_id="bot-2")
        lose(plugin, second, client_order_id="bot-3")
        host.clock.advance(5.0)
        assert plugin.admit(submission(make_orders(), key="venue:other"), "exchange") is None
        assert host.settled == []
        assert await plugin.admit(submission(make_orders()), "exchange") is None
        assert [intent[1] for intent, _ in host.settled] == ["bot-2"]
        assert plugin._book.intents.state(KEY) is SendState.SUBMITTED

    async def test_nothing_is_checked_before_it_is_due(self, host, plugin, make_orders, order):
        host.spawns = False
        lose(plugin, make_orders([order]), client_order_id="bot-2")
        assert plugin.admit(submission(make_orders()), "exchange") is None

    async def test_checks_that_are_far_enough_apart_find_that_it_is_absent(self, host, plugin, make_orders):
        host.spawns = False
        lose(plugin, make_orders([None]), client_order_id="bot-0")
        for number in range(1, 4):
            host.clock.advance(20.0)
            assert await plugin.admit(submission(make_orders(), client_order_id=f"bot-{number}"), "exchange") is None
            if host.settled:
                break
        assert [(intent[1], finding.state) for intent, finding in host.settled] == [("bot-0", IntentState.FAILED)]
        assert host.clock.monotonic() == 40.0

    async def test_an_admission_that_nobody_awaits_checks_nothing_and_holds_nothing(
        self, host, plugin, make_orders, order
    ):
        host.spawns = False
        lose(plugin, make_orders([order]), client_order_id="bot-2")
        host.clock.advance(5.0)
        plugin.admit(submission(make_orders()), "exchange").close()
        assert host.settled == []
        assert await plugin.admit(submission(make_orders()), "exchange") is None
        assert len(host.settled) == 1


def test_a_table_full_of_unknown_orders_takes_no_new_ones(host, make_plugin, make_orders):
    plugin = make_plugin(max_intents=2)
    for number in range(2):
        lose(plugin, make_orders(), client_order_id=f"bot-{number}")
    with pytest.raises(TradingHalted):
        plugin.admit(submission(make_orders(), client_order_id="bot-9"), "exchange")


def test_threads_that_lose_orders_at_once_have_all_of_them_watched(host, plugin, make_orders, order):
    start = threading.Barrier(8)

    def run(number):
        start.wait()
        for item in range(20):
            lose(plugin, make_orders([order]), client_order_id=f"bot-{number}-{item}")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(plugin._checks) == 160
    anyio.run(run_background, host)
    assert len(host.settled) == 160
    assert host.exposures.reserved() == {}
