"""What may be sent at once, what waits, and what is looked up first."""

import asyncio

import anyio
import pytest

from recoup import Admitter, Call, Decision, FailureReason, Operation, OperationKind, StateEvent
from recoup_plugins.order_submission.intents import SendState

pytestmark = pytest.mark.anyio
KEY = ("venue:main", "bot-1")


@pytest.fixture
def plugin(make_plugin):
    return make_plugin()


@pytest.fixture
def make_call(host):
    def make(orders, **operation):
        fields = {
            "kind": OperationKind.SUBMIT,
            "client_order_id": "bot-1",
            "symbol": "BTC/USDT",
            "orders": orders,
            "key": "venue:main",
        }
        return Call(operation=Operation(**(fields | operation)), started=host.clock.monotonic())

    return make


async def admit(plugin, call):
    answer = plugin.admit(call, "exchange")
    return await answer if answer is not None else None


def end(plugin, call, how):
    """End a call: ``succeeded``, ``failed`` without effect, or ``lost`` so that nobody knows."""
    call.unresolved = how == "lost"
    plugin.settle(call, "exchange", None if how == "succeeded" else ConnectionResetError())


def states(host):
    return [(event.old, event.new) for event in host.published if isinstance(event, StateEvent)]


def test_it_is_an_admitter(plugin):
    assert isinstance(plugin, Admitter)


class TestFirstSend:
    def test_goes_at_once_and_without_an_event(self, host, plugin, make_call, make_orders):
        call = make_call(make_orders())
        assert plugin.admit(call, "exchange") is None
        end(plugin, call, "succeeded")
        assert host.published == host.calls == host.clock.sleeps == []

    @pytest.mark.parametrize(
        "operation",
        [
            {"kind": OperationKind.AMEND},
            {"client_order_id": None},
        ],
    )
    def test_what_can_not_be_looked_up_is_not_tracked(self, plugin, make_call, make_orders, operation):
        for _ in range(2):
            call = make_call(**({"orders": make_orders()} | operation))
            assert plugin.admit(call, "exchange") is None
            end(plugin, call, "lost")
        assert len(plugin._book.intents) == 0

    @pytest.mark.parametrize("how", ["succeeded", "failed", "lost"])
    def test_what_has_an_id_and_can_not_be_looked_up_is_blocked_once_it_is_unknown(self, host, plugin, make_call, how):
        first, second = make_call(None), make_call(None)
        assert plugin.admit(first, "exchange") is None
        end(plugin, first, how)
        answer = plugin.admit(second, "exchange")
        assert answer is None if how != "lost" else answer.decision is Decision.UNKNOWN
        assert host.spawned == []

    async def test_it_may_be_sent_once_a_port_tells_that_it_was_not(self, plugin, make_call, make_orders):
        first = make_call(None)
        assert plugin.admit(first, "exchange") is None
        end(plugin, first, "lost")
        assert await admit(plugin, make_call(make_orders([None]))) is None

    @pytest.mark.parametrize("other", [{"client_order_id": "bot-2"}, {"key": "venue:other"}])
    def test_other_ids_and_other_venues_are_other_intents(self, plugin, make_call, make_orders, other):
        assert plugin.admit(make_call(make_orders()), "exchange") is None
        assert plugin.admit(make_call(make_orders(), **other), "exchange") is None


@pytest.mark.parametrize("how", ["succeeded", "lost"])
class TestAnIntentThatMayExist:
    @pytest.fixture
    async def earlier(self, plugin, make_call, make_orders, how):
        call = make_call(make_orders())
        assert await admit(plugin, call) is None
        end(plugin, call, how)

    async def test_is_adopted_where_the_venue_has_it(self, plugin, make_call, make_orders, order, how, earlier):
        orders = make_orders([None, order])
        answer = await admit(plugin, make_call(orders))
        assert (answer.decision, answer.value, answer.verified) == (Decision.RECOVERED, order, True)
        assert len(orders.asked) == 2
        assert plugin._book.intents.state(KEY) is SendState.ACCEPTED

    async def test_is_not_sent_where_nobody_can_find_out(self, host, plugin, make_call, make_orders, how, earlier):
        before = plugin._book.intents.state(KEY)
        answer = await admit(plugin, make_call(make_orders([ConnectionError()])))
        assert answer.decision is Decision.UNKNOWN
        assert host.clock.monotonic() == pytest.approx(600.0)
        assert plugin._book.intents.state(KEY) is before

    async def test_is_not_sent_once_the_deadline_has_passed(self, host, plugin, make_call, make_orders, how, earlier):
        before = plugin._book.intents.state(KEY)
        call = make_call(make_orders([None]), deadline=3.0)
        host.clock.advance(5.0)
        assert (await admit(plugin, call)).decision is Decision.UNKNOWN
        assert plugin._book.intents.state(KEY) is before

    async def test_is_not_sent_where_the_port_names_no_id_rule_that_exists(
        self, plugin, make_call, make_orders, how, earlier
    ):
        answer = await admit(plugin, make_call(make_orders([None], client_id_rule="always")))
        assert answer.decision is Decision.UNKNOWN
        assert "client_id_rule" in answer.detail

    async def test_is_as_before_where_the_verification_is_cancelled(
        self, host, plugin, make_call, make_orders, how, earlier
    ):
        before = plugin._book.intents.state(KEY)
        host.clock.auto_advance = False
        async with anyio.create_task_group() as group:
            group.start_soon(admit, plugin, make_call(make_orders([None])))
            await anyio.wait_all_tasks_blocked()
            assert plugin._book.intents.state(KEY) is SendState.VERIFYING
            group.cancel_scope.cancel()
        assert plugin._book.intents.state(KEY) is before


@pytest.mark.parametrize("rule", ["forever", "open_only", "none"])
class TestAnIntentThatIsAbsentBeyondDoubt:
    async def test_goes_where_its_outcome_was_unknown(self, host, plugin, make_call, make_orders, rule):
        first, second = (make_call(make_orders([None], client_id_rule=rule)) for _ in range(2))
        assert await admit(plugin, first) is None
        end(plugin, first, "lost")
        assert await admit(plugin, second) is None
        assert host.clock.monotonic() == pytest.approx(3.0 if rule == "forever" else 10.0, abs=0.02)
        end(plugin, second, "failed")
        assert plugin._book.intents.state(KEY) is None

    async def test_is_never_sent_again_where_it_was_accepted(self, host, plugin, make_call, make_orders, rule):
        first = make_call(make_orders())
        assert await admit(plugin, first) is None
        end(plugin, first, "succeeded")
        answer = await admit(plugin, make_call(make_orders([None], client_id_rule=rule)))
        assert answer.decision is Decision.UNKNOWN
        assert host.clock.monotonic() == pytest.approx(30.0, abs=0.02)
        assert plugin._book.intents.state(KEY) is SendState.ACCEPTED

    async def test_is_never_sent_again_where_the_venue_refused_it_as_a_duplicate(
        self, host, plugin, make_call, make_orders, failed, rule
    ):
        first = make_call(make_orders([None], client_id_rule=rule))
        assert await admit(plugin, first) is None
        context = failed(call=first, reason=FailureReason.DUPLICATE_ORDER, outcome_known=True)
        assert (await plugin.recover(context.error, context)).decision is Decision.UNKNOWN
        end(plugin, first, "lost")
        answer = await admit(plugin, make_call(make_orders([None], client_id_rule=rule)))
        assert answer.decision is Decision.UNKNOWN

    async def test_is_looked_up_after_a_known_failure_of_its_second_send(
        self, plugin, make_call, make_orders, failed, order, rule
    ):
        first = make_call(make_orders([None]))
        assert await admit(plugin, first) is None
        end(plugin, first, "lost")
        call = make_call(make_orders([None], client_id_rule=rule))
        assert await admit(plugin, call) is None
        call.operation.orders.answers = [order]
        context = failed(call=call, reason=FailureReason.INSUFFICIENT_FUNDS, outcome_known=True)
        assert (await plugin.recover(context.error, context)).value == order


class TestAnIntentUnderWay:
    async def test_waits_for_the_call_that_sends_it(self, host, plugin, make_call, make_orders, order):
        host.clock.auto_advance = False
        first, answers = make_call(make_orders()), []
        assert await admit(plugin, first) is None

        async def second():
            answers.append(await admit(plugin, make_call(make_orders([order]))))

        async with anyio.create_task_group() as group:
            group.start_soon(second)
            for _ in range(5):
                await anyio.wait_all_tasks_blocked()
                host.clock.advance(0.5)
            await anyio.wait_all_tasks_blocked()
            assert answers == host.calls == []
            end(plugin, first, "succeeded")
            host.clock.advance(0.5)
        assert answers[0].value == order
        assert set(host.clock.sleeps) == {0.5}

    async def test_goes_where_that_call_fails_without_effect(self, host, plugin, make_call, make_orders):
        first, second = make_call(make_orders()), make_call(make_orders())
        assert await admit(plugin, first) is None
        waiting = plugin.admit(second, "exchange")
        end(plugin, first, "failed")
        assert await waiting is None
        assert host.calls == []
        assert plugin._book.intents.state(KEY) is SendState.SUBMITTED

    async def test_is_not_sent_where_that_call_fails_only_after_the_deadline(
        self, host, plugin, make_call, make_orders
    ):
        first, second = make_call(make_orders()), make_call(make_orders(), deadline=5.0)
        assert await admit(plugin, first) is None
        waiting = plugin.admit(second, "exchange")
        host.clock.advance(5.0)
        end(plugin, first, "failed")
        assert (await waiting).decision is Decision.UNKNOWN
        assert plugin._book.intents.state(KEY) is None

    @pytest.mark.parametrize(("deadline", "waited"), [(None, 600.0), (20.0, 20.0)])
    async def test_is_not_sent_where_that_call_does_not_end_in_time(
        self, host, plugin, make_call, make_orders, deadline, waited
    ):
        assert await admit(plugin, make_call(make_orders())) is None
        answer = await admit(plugin, make_call(make_orders(), deadline=deadline))
        assert answer.decision is Decision.UNKNOWN
        assert host.clock.monotonic() == pytest.approx(waited)

    async def test_waits_for_room_in_a_table_full_of_calls_under_way(self, host, make_plugin, make_call, make_orders):
        plugin = make_plugin(max_intents=1)
        first = make_call(make_orders(), client_order_id="bot-0")
        assert plugin.admit(first, "exchange") is None
        waiting = plugin.admit(make_call(make_orders()), "exchange")
        end(plugin, first, "succeeded")
        assert await waiting is None
        assert plugin._book.intents.state(KEY) is SendState.SUBMITTED

    def test_an_admission_that_nobody_awaits_holds_nothing(self, plugin, make_call, make_orders):
        first = make_call(make_orders())
        assert plugin.admit(first, "exchange") is None
        end(plugin, first, "lost")
        plugin.admit(make_call(make_orders()), "exchange").close()
        assert plugin._book.intents.state(KEY) is SendState.UNKNOWN


class TestSettle:
    def test_a_call_that_was_broken_off_leaves_the_intent_unknown_and_says_so(
        self, host, plugin, make_call, make_orders
    ):
        call = make_call(make_orders())
        plugin.admit(call, "exchange")
        call.unresolved = True
        plugin.settle(call, "exchange", asyncio.CancelledError())
        assert plugin._book.intents.state(KEY) is SendState.UNKNOWN
        assert states(host) == [("submitted", "unknown")]
        assert "CancelledError" in host.published[0].detail

    def test_a_call_that_was_cancelled_before_it_was_sent_leaves_nothing(self, host, plugin, make_call, make_orders):
        call = make_call(make_orders())
        plugin.admit(call, "exchange")
        plugin.settle(call, "exchange", asyncio.CancelledError())
        assert plugin._book.intents.state(KEY) is None
        assert host.published == []

    async def test_a_verified_resend_that_is_lost_again_leaves_the_intent_unknown(
        self, host, plugin, make_call, make_orders, failed
    ):
        call = make_call(make_orders([None]))
        plugin.admit(call, "exchange")
        context = failed(call=call)
        assert (await plugin.recover(context.error, context)).decision is Decision.RETRY
        end(plugin, call, "lost")
        assert states(host) == [("submitted", "verifying"), ("verifying", "not_found"), ("not_found", "unknown")]

    async def test_a_call_that_adopted_its_order_leaves_the_intent_accepted(
        self, plugin, make_call, make_orders, failed, order
    ):
        call = make_call(make_orders([order]))
        plugin.admit(call, "exchange")
        context = failed(call=call)
        assert (await plugin.recover(context.error, context)).decision is Decision.RECOVERED
        end(plugin, call, "succeeded")
        assert plugin._book.intents.state(KEY) is SendState.ACCEPTED

    def test_accepted_intents_are_remembered_up_to_the_limit(self, make_plugin, make_call, make_orders):
        plugin = make_plugin(max_intents=3)
        for number in range(10):
            call = make_call(make_orders(), client_order_id=f"bot-{number}")
            assert plugin.admit(call, "exchange") is None
            end(plugin, call, "succeeded")
        assert [plugin._book.intents.state(("venue:main", f"bot-{number}")) for number in range(10)] == [None] * 7 + [
            SendState.ACCEPTED
        ] * 3
