"""A refused order is given up at once; its cause is looked into; too many alike halt the market."""

from __future__ import annotations

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
    VenuePorts,
)
from recoup.testing import FakeClock
from recoup_plugins.order_rejection import OrderRejection, OrderRejectionConfig

FINAL = [
    FailureReason.INSUFFICIENT_FUNDS,
    FailureReason.ORDER_REJECTED,
    FailureReason.INVALID_REQUEST,
    FailureReason.AUTHENTICATION,
    FailureReason.PERMISSION,
    FailureReason.MARKET_CLOSED,
]
ORDERS = [OperationKind.SUBMIT, OperationKind.AMEND, OperationKind.CANCEL]
KEY, SYMBOL = "venue", "BTC/USDT"


class VenueError(Exception):
    def __init__(self, reason, text="", *, known=True):
        super().__init__(text or reason.value)
        self.reason, self.known = reason, known


def verdict(reason, *, known=True):
    return Classification(
        severity=ErrorSeverity.LOW,
        category=ErrorCategory.EXCHANGE,
        retryable=reason is not FailureReason.MARKET_CLOSED,
        outcome_known=known,
        reason=reason,
    )


@pytest.fixture
def make_plugin(host, port):
    host.venues.register(KEY, VenuePorts(venue=port, balances=port))

    def make(**config):
        return OrderRejection(OrderRejectionConfig(**config), host)

    return make


@pytest.fixture
def fail(host, port, make_context):
    async def fail(
        plugin,
        reason,
        *,
        kind=OperationKind.SUBMIT,
        text="",
        call=None,
        known=True,
        venue=port,
        symbol=SYMBOL,
        policies=(),
    ):
        operation = Operation(kind=kind, key=KEY, symbol=symbol, venue=venue)
        call = call or Call(operation=operation, component="exchange", name="create_order", policies=policies)
        context = make_context(
            VenueError(reason, text), call=call, symbol=symbol, classification=verdict(reason, known=known)
        )
        return await plugin.recover(context.error, context)

    return fail


async def run_spawned(host):
    while host.spawned:
        _, function, args = host.spawned.pop(0)
        await function(*args)


@pytest.mark.anyio
class TestRefusals:
    @pytest.mark.parametrize("kind", ORDERS)
    @pytest.mark.parametrize("reason", FINAL)
    async def test_a_known_refusal_of_an_order_is_final(self, make_plugin, fail, reason, kind):
        answer = await fail(make_plugin(), reason, kind=kind)

        assert answer.decision is Decision.RAISE
        assert reason.value in answer.detail

    @pytest.mark.parametrize("reason", sorted(set(FailureReason) - set(FINAL) - {FailureReason.CLOCK_SKEW}))
    async def test_other_failures_are_left_to_others(self, make_plugin, fail, reason):
        assert await fail(make_plugin(), reason) is None

    @pytest.mark.parametrize("reason", FINAL)
    async def test_a_refusal_of_unknown_outcome_is_left_to_others(self, make_plugin, fail, reason):
        assert await fail(make_plugin(), reason, known=False) is None

    @pytest.mark.parametrize("kind", sorted(set(OperationKind) - set(ORDERS), key=lambda kind: kind.value))
    async def test_what_is_no_order_is_left_to_others(self, make_plugin, fail, kind):
        assert await fail(make_plugin(), FailureReason.AUTHENTICATION, kind=kind) is None

    @pytest.mark.parametrize("kind", OperationKind)
    @pytest.mark.parametrize(
        "text",
        [
            'binance {"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}',
            "EAPI:Invalid signature",
            "401 Unauthorized",
        ],
    )
    async def test_a_limit_that_speaks_of_credentials_is_none(self, make_plugin, fail, text, kind):
        answer = await fail(make_plugin(), FailureReason.RATE_LIMITED, text=text, kind=kind)

        assert answer.decision is Decision.RAISE
        assert "authentication" in answer.detail

    @pytest.mark.parametrize("text", ["Too many requests for this API key", "429 rate limit; see /api-key docs"])
    async def test_a_real_limit_is_left_to_whoever_waits_it_out(self, make_plugin, fail, text):
        assert await fail(make_plugin(), FailureReason.RATE_LIMITED, text=text) is None

    async def test_a_fallback_keeps_its_turn_and_nothing_is_repeated(self, make_plugin, fail):
        call = Call(operation=Operation(kind=OperationKind.SUBMIT, key=KEY), policies=(FallbackConfig(),))

        assert await fail(make_plugin(), FailureReason.INSUFFICIENT_FUNDS, call=call) is None
        assert call.may_repeat is False


@pytest.mark.anyio
class TestClock:
    @pytest.mark.parametrize("kind", [*ORDERS, OperationKind.READ])
    async def test_the_clock_is_set_and_the_call_repeated(self, make_plugin, fail, port, kind):
        answer = await fail(make_plugin(), FailureReason.CLOCK_SKEW, kind=kind)

        assert answer.decision is Decision.RETRY
        assert port.asked == ["clock"]

    async def test_it_is_set_once_in_a_row(self, make_plugin, fail, port):
        call = Call(operation=Operation(kind=OperationKind.SUBMIT, key=KEY, venue=port), last_answer="order_rejection")

        answer = await fail(make_plugin(), FailureReason.CLOCK_SKEW, call=call)

        assert answer.decision is Decision.RAISE
        assert port.asked == []

    async def test_it_is_set_a_few_times_in_one_call_at_most(self, make_plugin, fail, port):
        call = Call(operation=Operation(kind=OperationKind.SUBMIT, key=KEY, venue=port))
        call.answers["order_rejection"] = 3

        answer = await fail(make_plugin(), FailureReason.CLOCK_SKEW, call=call)

        assert answer.decision is Decision.RAISE
        assert port.asked == []

    async def test_where_it_can_not_be_set_the_order_is_given_up(self, make_plugin, fail, port):
        port.fails.add("clock")

        assert (await fail(make_plugin(), FailureReason.CLOCK_SKEW)).decision is Decision.RAISE
        assert await fail(make_plugin(), FailureReason.CLOCK_SKEW, kind=OperationKind.READ) is None

    async def test_without_a_venue_port_it_is_left_to_others(self, make_plugin, fail):
        assert await fail(make_plugin(), FailureReason.CLOCK_SKEW, venue=None) is None

    async def test_a_call_that_may_not_be_repeated_is_left_alone(self, make_plugin, fail, port):
        call = Call(operation=Operation(kind=OperationKind.SUBMIT, key=KEY, venue=port), may_repeat=False)

        assert await fail(make_plugin(), FailureReason.CLOCK_SKEW, call=call) is None
        assert port.asked == []

    async def test_an_error_that_the_application_hands_in_counts_as_well(self, make_plugin, make_context, port):
        plugin = make_plugin()
        context = make_context(
            VenueError(FailureReason.CLOCK_SKEW), component=KEY, classification=verdict(FailureReason.CLOCK_SKEW)
        )

        assert (await plugin.recover(context.error, context)).decision is Decision.RETRY
        context.recovery_attempts = 1
        assert (await plugin.recover(context.error, context)).decision is Decision.RAISE
        assert port.asked == ["clock"]


@pytest.mark.anyio
class TestRefreshes:
    @pytest.mark.parametrize(
        ("reason", "asked"),
        [
            (FailureReason.INSUFFICIENT_FUNDS, ["balances"]),
            (FailureReason.INVALID_REQUEST, ["limits"]),
            (FailureReason.ORDER_REJECTED, ["limits", "balances"]),
            (FailureReason.PERMISSION, []),
            (FailureReason.AUTHENTICATION, []),
            (FailureReason.MARKET_CLOSED, []),
        ],
    )
    async def test_what_was_wrong_is_loaded_anew_beside_the_application(
        self, make_plugin, fail, host, port, reason, asked
    ):
        await fail(make_plugin(), reason)
        assert port.asked == []

        await run_spawned(host)

        assert port.asked == asked
        assert [event.subject for event in host.published] == [f"{what}:{KEY}" for what in asked]
        assert {event.new for event in host.published} <= {"refreshed"}

    async def test_at_most_once_in_an_interval(self, make_plugin, fail, host, port):
        plugin = make_plugin(refresh_interval=60, halt_after=100)
        for _ in range(3):
            await fail(plugin, FailureReason.INSUFFICIENT_FUNDS)
            await run_spawned(host)
        assert port.asked == ["balances"]

        host.clock.advance(60)
        await fail(plugin, FailureReason.INSUFFICIENT_FUNDS)
        await run_spawned(host)
        assert port.asked == ["balances"] * 2

    async def test_a_failed_one_is_tried_again_with_the_next_refusal(self, make_plugin, fail, host, port):
        plugin = make_plugin()
        port.fails.add("balances")
        await fail(plugin, FailureReason.INSUFFICIENT_FUNDS)
        await run_spawned(host)
        assert [event.new for event in host.published] == ["stale"]

        port.fails.clear()
        await fail(plugin, FailureReason.INSUFFICIENT_FUNDS)
        await run_spawned(host)
        assert [event.new for event in host.published] == ["stale", "refreshed"]

    async def test_the_next_order_of_the_venue_waits_where_no_task_can_run(self, make_plugin, fail, host, port):
        plugin = make_plugin()
        host.spawns = False
        await fail(plugin, FailureReason.INSUFFICIENT_FUNDS)

        assert plugin.admit(Call(operation=Operation(kind=OperationKind.SUBMIT, key="other")), "exchange") is None
        await plugin.admit(Call(operation=Operation(kind=OperationKind.SUBMIT, key=KEY)), "exchange")

        assert port.asked == ["balances"]
        assert plugin.admit(Call(operation=Operation(kind=OperationKind.SUBMIT, key=KEY)), "exchange") is None

    async def test_a_task_that_was_cut_off_is_made_up_for(self, make_plugin, fail, host, port):
        plugin = make_plugin()
        await fail(plugin, FailureReason.INSUFFICIENT_FUNDS)
        host.spawned.clear()  # its loop ended before it began
        host.spawns = False

        await plugin.admit(Call(operation=Operation(kind=OperationKind.SUBMIT, key=KEY)), "exchange")

        assert port.asked == ["balances"]

    async def test_a_venue_without_ports_is_not_asked(self, make_plugin, fail, host):
        host.venues.register(KEY, VenuePorts())

        await fail(make_plugin(), FailureReason.ORDER_REJECTED)

        assert host.spawned == []


@pytest.mark.anyio
class TestHalts:
    async def test_refusals_alike_halt_the_market_and_a_human_is_told_once(self, make_plugin, fail, host):
        plugin = make_plugin(halt_after=3)
        for n in range(7):
            await fail(plugin, FailureReason.INVALID_REQUEST, text=f"order ab{n}c: price {n}.5 below minimum")

        assert [(halt.key, halt.symbol) for halt in host.halts.all()] == [(KEY, SYMBOL)]
        assert len(host.escalated) == 1

    @pytest.mark.parametrize("differs", ["text", "reason", "symbol"])
    async def test_unlike_refusals_do_not_add_up(self, make_plugin, fail, host, differs):
        plugin = make_plugin(halt_after=2)
        ways = {
            "text": [{"text": "too low"}, {"text": "too high"}],
            "reason": [{}, {"reason": FailureReason.PERMISSION, "text": "invalid_request"}],
            "symbol": [{}, {"symbol": "ETH/USDT"}],
        }
        for way in ways[differs]:
            await fail(plugin, **{"reason": FailureReason.INVALID_REQUEST} | way)

        assert len(host.halts) == 0

    async def test_only_refusals_within_the_window_count(self, make_plugin, fail, host):
        plugin = make_plugin(halt_after=3, window=10)
        for _ in range(6):
            await fail(plugin, FailureReason.INVALID_REQUEST)
            host.clock.advance(6)
        assert len(host.halts) == 0

    async def test_an_order_that_is_taken_begins_the_count_anew(self, make_plugin, fail, host):
        plugin = make_plugin(halt_after=2)
        call = Call(operation=Operation(kind=OperationKind.SUBMIT, key=KEY, symbol=SYMBOL))
        for _ in range(4):
            await fail(plugin, FailureReason.INVALID_REQUEST)
            plugin.settle(call, "exchange", None)
        assert len(host.halts) == 0

    async def test_a_stand_in_or_a_failure_does_not(self, make_plugin, fail, host):
        plugin = make_plugin(halt_after=2)
        operation = Operation(kind=OperationKind.SUBMIT, key=KEY, symbol=SYMBOL)
        await fail(plugin, FailureReason.INVALID_REQUEST)
        plugin.settle(Call(operation=operation, stood_in=True), "exchange", None)
        plugin.settle(Call(operation=operation), "exchange", VenueError(FailureReason.TIMEOUT))
        await fail(plugin, FailureReason.INVALID_REQUEST)
        assert len(host.halts) == 1

    async def test_refused_cancels_halt_nothing(self, make_plugin, fail, host):
        plugin = make_plugin(halt_after=1)
        await fail(plugin, FailureReason.PERMISSION, kind=OperationKind.CANCEL)
        assert len(host.halts) == 0

    async def test_without_a_symbol_a_human_alone_is_told(self, make_plugin, fail, host):
        plugin = make_plugin(halt_after=1)
        await fail(plugin, FailureReason.PERMISSION, symbol=None)
        assert len(host.halts) == 0
        assert len(host.escalated) == 1

    async def test_a_halt_is_lifted_after_its_time(self, make_plugin, fail, host):
        plugin = make_plugin(halt_after=1, lift_after=30)
        await fail(plugin, FailureReason.PERMISSION)
        host.clock.advance(29)
        assert plugin.delay(Operation(), "exchange") == 0
        assert len(host.halts) == 1
        assert plugin.holds

        host.clock.advance(1)
        assert plugin.delay(Operation(), "exchange") == 0

        assert len(host.halts) == 0
        assert not plugin.holds
        assert [event.new for event in host.published if isinstance(event, StateEvent)] == ["halted", "trading"]

    async def test_a_task_lifts_it_where_one_can_run(self, make_plugin, fail, host):
        host.clock = FakeClock(auto_advance=True)
        plugin = make_plugin(halt_after=1, lift_after=30)
        await fail(plugin, FailureReason.PERMISSION)
        await run_spawned(host)
        assert len(host.halts) == 0

    async def test_somebody_elses_halt_is_not_lifted(self, make_plugin, fail, host):
        plugin = make_plugin(halt_after=1, lift_after=30)
        host.halts.halt(KEY, SYMBOL, reason="drift")
        await fail(plugin, FailureReason.PERMISSION)
        host.clock.advance(31)
        plugin.delay(Operation(), "exchange")
        assert len(host.halts) == 1

    async def test_nor_one_that_was_put_on_after_ours_was_lifted(self, make_plugin, fail, host):
        plugin = make_plugin(halt_after=1, lift_after=30)
        await fail(plugin, FailureReason.PERMISSION)
        host.halts.lift(KEY, SYMBOL)
        host.halts.halt(KEY, SYMBOL, reason="drift")
        host.clock.advance(31)
        plugin.delay(Operation(), "exchange")
        assert [halt.reason for halt in host.halts.all()] == ["drift"]


@pytest.mark.anyio
async def test_a_market_that_opens_again_is_left_to_whoever_waits_for_it(make_plugin, host, make_context):
    closed = evolve(verdict(FailureReason.MARKET_CLOSED), retryable=True)
    call = Call(operation=Operation(kind=OperationKind.SUBMIT, key=KEY, symbol=SYMBOL))
    context = make_context(VenueError(FailureReason.MARKET_CLOSED), call=call, classification=closed)
    assert await make_plugin().recover(context.error, context) is None
