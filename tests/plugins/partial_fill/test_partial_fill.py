"""A partly filled order is kept, cancelled or completed; its final state is read, never assumed."""

from __future__ import annotations

import pickle
import threading
from decimal import Decimal

import anyio
import pytest
from attrs import evolve

from recoup import (
    Decision,
    DriftAction,
    FailureReason,
    OperationKind,
    VenueNotRegistered,
    guard,
)
from recoup_plugins.partial_fill import (
    FillPolicy,
    FillTracker,
    PartialFillConfig,
    PartiallyFilled,
    SettlementState,
)

KEEP, CANCEL, COMPLETE = FillPolicy.KEEP, FillPolicy.CANCEL, FillPolicy.COMPLETE


@pytest.mark.anyio
class TestKeep:
    async def test_it_reads_the_order_and_leaves_it(self, desk):
        desk = desk(filled="3")
        found = await desk.plugin.settle(desk.operation)
        assert (found.state, found.filled, found.remainder) == (SettlementState.OPEN, 3, 7)
        assert desk.venue.requests == ["find"]
        assert desk.venue.ledger["bot-1"]["status"] == "open"

    async def test_what_was_ordered_is_read_where_nobody_says_it(self, desk):
        desk = desk(filled="10")
        found = await desk.plugin.settle(evolve(desk.operation, exposure=None))
        assert (found.state, found.ordered) == (SettlementState.FILLED, 10)

    async def test_an_answer_older_than_the_applications_own_events_is_read_again(self, desk, fate):
        desk = desk(fate(lags=True), filled="3")
        tracker = FillTracker("10")
        desk.venue.fill("bot-1", Decimal(2))
        tracker.apply({"id": "t-bot-1-0", "amount": "3"})
        tracker.apply({"id": "t-bot-1-1", "amount": "2"})
        found = await desk.plugin.settle(desk.operation, tracker=tracker)
        assert found.filled == 5
        assert desk.venue.requests == ["find", "find"]


@pytest.mark.anyio
class TestCancel:
    async def test_it_cancels_and_reads_the_final_state(self, desk):
        desk = desk(filled="3")
        found = await desk.plugin.settle(desk.operation, policy=CANCEL)
        assert (found.state, found.filled, found.remainder) == (SettlementState.SHORT, 3, 7)
        assert found.order["status"] == "canceled"
        assert desk.told() == ["cancelling", "short"]

    async def test_a_fill_that_is_faster_than_the_cancel_is_seen(self, desk, fate):
        desk = desk(fate(), fate(fills=Decimal(10)), filled="3")
        found = await desk.plugin.settle(desk.operation, policy=CANCEL)
        assert (found.state, found.filled) == (SettlementState.FILLED, 10)
        assert desk.events("escalation") == []

    @pytest.mark.parametrize("fault", ["lost_before", "lost_after", "limited"])
    async def test_a_cancel_that_fails_is_looked_into(self, desk, fate, fault):
        desk = desk(fate(), fate(fault=fault, fills=Decimal(1)), filled="3")
        found = await desk.plugin.settle(desk.operation, policy=CANCEL)
        assert (found.state, found.filled) == (SettlementState.SHORT, 4)
        assert desk.venue.is_at_rest

    async def test_a_final_state_that_lags_behind_is_not_believed(self, desk, fate):
        desk = desk(filled="3")
        desk.venue.fill("bot-1", Decimal(1))
        desk.venue.ledger["bot-1"]["status"] = "canceled"
        desk.venue.history["bot-1"].append((desk.venue.clock.monotonic(), desk.venue.ledger["bot-1"] | {"filled": 3}))
        found = await desk.plugin.settle(evolve(desk.operation), policy=CANCEL)
        assert found.state is SettlementState.UNKNOWN  # the trades say 4, the order says 3
        assert "older than what is known" in found.detail

    async def test_an_order_that_the_venue_does_not_know_is_never_taken_for_cancelled(self, desk):
        desk = desk()
        found = await desk.plugin.settle(evolve(desk.operation, client_order_id="bot-2"), policy=CANCEL)
        assert found.state is SettlementState.UNKNOWN
        assert "knows no such order" in found.detail
        assert "cancel" not in desk.venue.requests
        assert len(desk.events("escalation")) == 1

    async def test_it_ends_where_the_venue_never_answers(self, desk, fate):
        desk = desk(*[fate(fault="lost_before")] * 2000, filled="3", max_requests=20)
        found = await desk.plugin.settle(desk.operation, policy=CANCEL)
        assert found.state is SettlementState.UNKNOWN
        assert len(desk.events("escalation")) == 1


@pytest.mark.anyio
class TestComplete:
    async def test_what_remains_is_submitted_as_a_child_once_the_order_is_final(self, desk, fate):
        desk = desk(filled="3", child_patience=60)
        # find, cancel, find, trades, find; c1: find, open, recent, submit, then a look in which it fills
        desk.venue.fates = [fate()] * 9 + [fate(fills=Decimal(10))]
        found = await desk.plugin.settle(desk.operation, policy=COMPLETE)
        assert (found.state, found.filled) == (SettlementState.FILLED, 10)
        assert desk.venue.submitted == [("bot-1-c1", "BTC/USDT", "buy", Decimal(7), Decimal(100))]
        assert desk.venue.requests[:9] == [
            "find",
            "cancel",
            "find",
            "trades",
            "find",
            "find",
            "open",
            "recent",
            "submit",
        ]
        assert desk.told() == ["cancelling", "completing", "filled"]
        assert (found.order["status"], found.order["filled"]) == ("closed", 10)

    async def test_children_follow_one_another_up_to_a_bound(self, desk):
        desk = desk(filled="3", max_children=2, child_patience=1)
        found = await desk.plugin.settle(desk.operation, policy=COMPLETE)
        assert (found.state, found.filled) == (SettlementState.SHORT, 3)
        assert [child[0] for child in desk.venue.submitted] == ["bot-1-c1", "bot-1-c2"]
        assert desk.venue.is_at_rest
        assert "after 2 children" in found.detail
        assert len(desk.events("escalation")) == 1

    @pytest.mark.parametrize("how", ["config", "argument"])
    async def test_less_than_the_venue_takes_is_left(self, desk, how):
        desk = desk(filled="9.999", **({"min_amounts": {"BTC/USDT": "0.01"}} if how == "config" else {}))
        least = None if how == "config" else "0.01"
        found = await desk.plugin.settle(desk.operation, policy=COMPLETE, min_amount=least)
        assert (found.state, found.remainder) == (SettlementState.SHORT, Decimal("0.001"))
        assert desk.venue.submitted == []
        assert desk.events("escalation") == []

    async def test_the_market_may_be_named_by_the_exposure_alone(self, desk):
        desk = desk(filled="9.5", min_amounts={"BTC/USDT": "0.1"}, max_children=1, child_patience=0)
        await desk.plugin.settle(evolve(desk.operation, symbol=None), policy=COMPLETE)
        assert [child[1] for child in desk.venue.submitted] == ["BTC/USDT"]
        assert set(desk.venue.symbols) == {"BTC/USDT"}

    async def test_a_child_that_is_refused_ends_it(self, desk):
        desk = desk(filled="3")
        desk.venue.refuses = FailureReason.INSUFFICIENT_FUNDS
        found = await desk.plugin.settle(desk.operation, policy=COMPLETE)
        assert found.state is SettlementState.SHORT
        assert desk.venue.requests.count("submit") == 1
        assert "refused: VenueError" in found.detail

    async def test_no_child_goes_where_trading_is_halted(self, desk):
        desk = desk(filled="3")
        desk.handler.halts.halt("venue", "BTC/USDT", reason="drift")
        found = await desk.plugin.settle(desk.operation, policy=COMPLETE)
        assert found.state is SettlementState.SHORT
        assert desk.venue.submitted == []

    @pytest.mark.parametrize("fault", ["lost_before", "lost_after"])
    async def test_a_child_whose_answer_is_lost_is_sent_once(self, desk, fate, fault):
        desk = desk(filled="3", child_patience=0)
        desk.venue.fates = [fate()] * 8 + [fate(fault=fault)]
        found = await desk.plugin.settle(desk.operation, policy=COMPLETE)
        assert found.state is SettlementState.SHORT
        assert [child[0] for child in desk.venue.submitted] == [f"bot-1-c{n}" for n in (1, 2, 3)]

    async def test_nothing_more_is_sent_while_a_child_is_unknown(self, desk, fate):
        desk = desk(filled="3")
        desk.venue.fates = [fate()] * 8 + [fate(fault="lost_before")] * 500
        found = await desk.plugin.settle(desk.operation, policy=COMPLETE)
        assert found.state is SettlementState.UNKNOWN
        assert desk.venue.requests.count("submit") == 1
        assert desk.handler.exposures.amount("venue", "BTC/USDT", "buy") == 7

    async def test_a_settlement_that_was_broken_off_goes_on_with_its_children(self, desk):
        desk = desk(filled="3", max_children=1, child_patience=0)
        await desk.plugin.settle(desk.operation, policy=COMPLETE)
        again = await desk.plugin.settle(desk.operation, policy=COMPLETE)
        assert len(desk.venue.submitted) == 1
        assert (again.state, len(again.orders)) == (SettlementState.SHORT, 2)

    async def test_two_at_once_send_one_child(self, desk):
        desk = desk(filled="3", max_children=1, child_patience=0)
        found = []

        async def settle():
            found.append(await desk.plugin.settle(desk.operation, policy=COMPLETE))

        async with anyio.create_task_group() as group:
            group.start_soon(settle)
            group.start_soon(settle)
        assert len(desk.venue.submitted) == 1
        assert [item.state for item in found] == [SettlementState.SHORT] * 2

    async def test_after_its_time_no_child_is_sent(self, desk):
        desk = desk(filled="3", timeout=0.5)
        found = await desk.plugin.settle(desk.operation, policy=COMPLETE)
        assert (found.state, desk.venue.submitted) == (SettlementState.SHORT, [])
        assert desk.venue.is_at_rest

    async def test_the_child_is_an_intent_of_its_own_with_its_parent(self, desk):
        desk = desk(filled="3", max_children=1, child_patience=0)
        seen = []

        class Watcher:
            def admit(self, call, component):
                seen.append(call.operation)

            def settle(self, call, component, error):
                pass

        await desk.handler.add_plugin(Watcher(), "watcher")
        await desk.plugin.settle(evolve(desk.operation, reduces_risk=True), policy=COMPLETE)
        (child,) = seen
        assert (child.client_order_id, child.parent, child.kind) == ("bot-1-c1", "bot-1", OperationKind.SUBMIT)
        assert (child.exposure.amount, child.reduces_risk) == (7, True)


@pytest.mark.anyio
class TestOverfills:
    @pytest.mark.parametrize(
        ("action", "halted"),
        [("alarm", []), ("halt_symbol", [("venue", "BTC/USDT")]), ("halt_all", [("venue", None)])],
    )
    async def test_more_than_was_ordered_is_told_and_acted_on(self, desk, action, halted):
        desk = desk(on_overfill=action)
        desk.venue.ledger["bot-1"] |= {"filled": Decimal(11), "status": "closed"}
        desk.venue.note("bot-1")
        found = await desk.plugin.settle(desk.operation, policy=COMPLETE)
        assert (found.state, found.overfilled) == (SettlementState.FILLED, 1)
        assert [(halt.key, halt.symbol) for halt in desk.handler.halts.all()] == halted
        assert len(desk.events("escalation")) == 1


class Reconciles:
    def __init__(self):
        self.keys = []

    async def reconcile(self, key):
        self.keys.append(key)


@pytest.mark.anyio
class TestErrors:
    """``PartiallyFilled``, raised in a guarded call or handed in by the application."""

    async def test_a_guarded_call_gets_the_settled_order(self, desk):
        desk = desk(filled="3", policy="cancel")

        async def buy():
            raise PartiallyFilled(desk.venue.ledger["bot-1"])

        order = await guard(handler=desk.handler, component="exchange", operation=desk.operation).call(buy)
        assert (order["status"], order["filled"]) == ("canceled", 3)

    async def test_the_application_may_hand_it_in(self, desk):
        desk = desk(filled="3")
        error = PartiallyFilled(desk.venue.ledger["bot-1"], operation=desk.operation, policy=COMPLETE, min_amount="8")
        context = desk.handler.create_error_context(error, "exchange", "watch_order")
        outcome = await desk.handler.process(error, context)
        assert (outcome.decision, outcome.plugin, outcome.value["filled"]) == (Decision.RECOVERED, "partial_fill", 3)
        assert "7 remains" in outcome.detail

    @pytest.mark.parametrize(
        "change",
        [{"client_order_id": None}, {"exposure": None}, {"key": "elsewhere"}],
        ids=lambda change: next(iter(change)),
    )
    async def test_what_can_not_be_settled_is_unknown_and_told(self, desk, change):
        desk = desk(filled="3")
        error = PartiallyFilled({}, operation=evolve(desk.operation, **change), policy=COMPLETE)
        outcome = await desk.handler.process(error, desk.handler.create_error_context(error, "x", "watch_order"))
        assert outcome.decision is Decision.UNKNOWN
        assert outcome.escalated
        assert desk.venue.requests == []

    async def test_an_error_without_an_operation_is_unknown(self, desk):
        desk = desk()
        error = PartiallyFilled({})
        outcome = await desk.handler.process(error, desk.handler.create_error_context(error, "x", "watch_order"))
        assert outcome.decision is Decision.UNKNOWN

    async def test_a_settlement_that_ends_unknown_lets_the_error_through(self, desk):
        desk = desk()

        sent = []

        async def buy():
            sent.append("bot-1")
            raise PartiallyFilled({}, operation=evolve(desk.operation, client_order_id="bot-2"), policy=CANCEL)

        guarded = guard(handler=desk.handler, component="exchange", operation=desk.operation)
        with pytest.raises(PartiallyFilled):
            await guarded.call(buy)
        # The same intent is looked up, and not sent again.
        assert (await guarded.call(buy))["clientOrderId"] == "bot-1"
        assert sent == ["bot-1"]

    async def test_other_errors_are_left_alone(self, desk, make_context):
        error = ValueError("no")
        assert await desk().plugin.recover(error, make_context(error)) is None

    async def test_both_sides_are_reconciled_afterwards(self, desk):
        desk, reconciles = desk(filled="3"), Reconciles()
        await desk.handler.add_plugin(reconciles, "reconciles")
        for policy in FillPolicy:
            await desk.plugin.settle(desk.operation, policy=policy, min_amount="8")
        assert reconciles.keys == ["venue"] * 3

    async def test_the_error_passes_from_worker_processes(self):
        error = pickle.loads(pickle.dumps(PartiallyFilled({"clientOrderId": "a"}, policy=CANCEL, min_amount="1")))
        assert (error.order, error.policy, error.min_amount) == ({"clientOrderId": "a"}, CANCEL, "1")


@pytest.mark.anyio
class TestMisuse:
    @pytest.mark.parametrize(
        ("change", "error"),
        [({"client_order_id": None}, ValueError), ({"exposure": None}, ValueError), ({"key": "x"}, VenueNotRegistered)],
    )
    async def test_it_says_what_is_missing(self, desk, change, error):
        desk = desk()
        with pytest.raises(error, match=r"give|register"):
            await desk.plugin.settle(evolve(desk.operation, **change), policy=COMPLETE)

    async def test_a_tracker_of_another_order_is_refused(self, desk):
        desk = desk()
        with pytest.raises(ValueError, match="tracker is of 9"):
            await desk.plugin.settle(desk.operation, tracker=FillTracker("9"))

    async def test_answers_that_are_no_exact_quantities_are_not_believed(self, desk):
        desk = desk()
        desk.venue.history["bot-1"].append((desk.venue.clock.monotonic(), desk.venue.ledger["bot-1"] | {"filled": 0.3}))
        found = await desk.plugin.settle(desk.operation, policy=CANCEL)
        assert found.state is SettlementState.UNKNOWN
        assert "float" in found.detail


class TestConfig:
    @pytest.mark.parametrize(
        "bad",
        [
            {"policy": "sell"},
            {"min_amounts": {"BTC/USDT": "x"}},
            {"min_amounts": {"BTC/USDT": 0.1}},
            {"on_overfill": DriftAction.ADOPT},
            {"max_children": 0},
        ],
    )
    def test_nonsense_is_refused(self, bad):
        with pytest.raises((TypeError, ValueError)):
            PartialFillConfig(**bad)


def test_synchronous_code_settles_through_the_handler(desk):
    desk = desk(filled="3")
    found = desk.handler.wait_sync(desk.plugin.settle(desk.operation, policy=CANCEL))
    assert (found.state, found.filled) == (SettlementState.SHORT, 3)


def test_a_synchronous_guarded_call_gets_the_settled_order(desk):
    desk = desk(filled="3", policy="cancel")

    def buy():
        raise PartiallyFilled(desk.venue.ledger["bot-1"])

    order = guard(handler=desk.handler, component="exchange", operation=desk.operation).call_sync(buy)
    assert order["status"] == "canceled"


def test_two_threads_send_one_child(desk):
    desk = desk(filled="3", max_children=1, child_patience=0)
    found = []

    def settle():
        found.append(desk.handler.wait_sync(desk.plugin.settle(desk.operation, policy=COMPLETE)))

    threads = [threading.Thread(target=settle) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.venue.submitted) == 1
    assert len(found) == 2
