"""One guarded call: repeated, recovered, refused, or let through unchanged."""

from __future__ import annotations

import gc
import traceback
import weakref
from typing import Any

import anyio
import pytest
from attrs import evolve
from guarding import EVERY_WAY, KNOWN, UNKNOWN, Flaky, Repeats, Says, StandsIn, called, make

from recoup import (
    Decision,
    ErrorHandlerFactory,
    ErrorHandlingConfig,
    ErrorSeverity,
    Guard,
    Operation,
    OperationKind,
    RateLimitDecision,
    Recovery,
    RetryConfig,
    guard,
    hookimpl,
)


@pytest.mark.anyio
@EVERY_WAY
class TestACall:
    async def test_that_succeeds_asks_nobody(self, how):
        handler = make()
        assert await called(how, Guard(handler=handler), Flaky(0), 5) == 5
        assert handler.plugins.get("core").contexts == []
        assert handler.clock.sleeps == []

    async def test_is_repeated_after_the_delay_as_long_as_a_plugin_says_so(self, how):
        handler = make(repeats=Repeats(3, delay=1.5))
        flaky = Flaky(3)
        assert await called(how, Guard(handler=handler), flaky) == "ok"
        assert flaky.calls == 4
        assert handler.clock.sleeps == [1.5, 1.5, 1.5]

    async def test_is_recovered_without_a_word_where_a_rate_limit_has_enough_of_its_errors(self, how):
        class Enough:
            @hookimpl
            async def rate_limit(self):
                return RateLimitDecision(allowed=False, reason="100 a minute")

        handler = make(repeats=Repeats(3), enough=Enough())
        assert await called(how, Guard(handler=handler), Flaky(3)) == "ok"
        events = handler.plugins.get("core").events
        assert events == []
        await handler.close()
        assert [event.count for event in events if event.kind == "suppression"] == [3]

    async def test_that_a_plugin_recovers_gives_its_value(self, how):
        handler = make(stands_in=StandsIn({"id": "adopted"}))
        assert await called(how, Guard(handler=handler), Flaky(9)) == {"id": "adopted"}

    async def test_that_is_not_recovered_raises_the_very_error(self, how):
        flaky = Flaky(9)
        with pytest.raises(ConnectionError) as caught:
            await called(how, Guard(handler=make()), flaky)
        assert caught.value is flaky.raised[0]
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None

    async def test_raises_its_last_error_and_chains_no_former_one(self, how):
        flaky = Flaky(9)
        with pytest.raises(ConnectionError) as caught:
            await called(how, Guard(handler=make(repeats=Repeats(4))), flaky)
        assert caught.value is flaky.raised[4]
        assert caught.value.__context__ is None

    async def test_has_a_traceback_that_does_not_grow_with_its_attempts(self, how):
        lengths = []
        for times in (0, 49):
            flaky = Flaky(99)
            with pytest.raises(ConnectionError) as caught:
                await called(how, Guard(handler=make(repeats=Repeats(times))), flaky)
            assert flaky.calls == times + 1
            lengths.append(len(traceback.extract_tb(caught.value.__traceback__)))
        assert lengths[0] == lengths[1]

    async def test_that_failed_leaves_no_reference_cycle(self, how):
        class Payload:
            pass

        async def fail() -> weakref.ref[Payload]:
            payload = Payload()
            try:
                await called(how, Guard(handler=handler), KeepsNothing(), payload)
            except ConnectionError:
                return weakref.ref(payload)
            raise AssertionError("it was to fail")

        handler = make(repeats=Repeats(2))
        handler.plugins.get("core").contexts = _Forgets()
        gc.collect()
        gc.disable()
        try:
            alive = await fail()
            assert alive() is None
        finally:
            gc.enable()

    async def test_stops_at_its_deadline(self, how):
        handler = make(repeats=Repeats(delay=4.0))
        flaky = Flaky(99)
        with pytest.raises(ConnectionError):
            await called(how, Guard(handler=handler, operation=Operation(deadline=10.0)), flaky)
        assert flaky.calls == 3
        assert sum(handler.clock.sleeps) == 8.0

    async def test_stops_at_the_configured_number_of_attempts_whatever_plugins_say(self, how):
        handler = make(repeats=Repeats(), config=ErrorHandlingConfig(max_call_attempts=6))
        flaky = Flaky(99)
        with pytest.raises(ConnectionError):
            await called(how, Guard(handler=handler), flaky)
        assert flaky.calls == 6

    async def test_that_may_not_repeat_is_made_once_and_may_still_be_recovered(self, how):
        handler = make(a_repeats=Repeats(), b_stands_in=StandsIn("instead"))
        flaky = Flaky(99)
        assert await called(how, Guard(handler=handler, may_repeat=False), flaky) == "instead"
        assert flaky.calls == 1

    async def test_of_unknown_outcome_is_never_repeated(self, how):
        for recovery in (Recovery.retry(), Recovery.unknown("nobody knows")):
            handler = make(verdict=UNKNOWN, says=Says(recovery))
            flaky = Flaky(99)
            with pytest.raises(ConnectionError):
                await called(how, Guard(handler=handler, operation=Operation(kind=OperationKind.SUBMIT)), flaky)
            assert flaky.calls == 1

    async def test_tells_plugins_all_about_itself(self, how):
        operation = Operation(kind=OperationKind.SUBMIT, client_order_id="c-1", symbol="BTC/USDT")
        handler = make(repeats=Repeats(2))
        guarded = Guard(RetryConfig(), handler=handler, operation=operation, component="desk", name="buy")
        await called(how, guarded, Flaky(2), 7)
        context = handler.plugins.get("core").contexts[-1]
        assert (context.component, context.operation) == ("desk", "buy")
        assert (context.order_id, context.symbol) == ("c-1", "BTC/USDT")
        assert context.call.operation is operation
        assert context.call.args == (7,)
        assert context.call.answers == {"repeats": 2}
        assert context.call.policy(RetryConfig) == RetryConfig()
        assert context.recovery_attempts == 2

    async def test_that_is_quiet_tells_observers_only_what_a_human_must_know(self, how):
        handler = make(verdict=evolve(KNOWN, severity=ErrorSeverity.CRITICAL), stands_in=StandsIn(1))
        await called(how, Guard(handler=handler, quiet=True), Flaky(9))
        assert [event.kind for event in handler.plugins.get("core").events] == ["escalation"]


class KeepsNothing:
    def __call__(self, payload: Any) -> Any:
        raise ConnectionError

    async def later(self, payload: Any) -> Any:
        raise ConnectionError


class _Forgets(list[Any]):
    def append(self, item: Any) -> None:
        pass


@pytest.mark.anyio
class TestWhatPassesUntouched:
    async def test_what_is_no_exception_is_no_failure(self):
        handler = make(stands_in=StandsIn("wrong"))

        class Stop(BaseException):
            pass

        def stop():
            raise Stop

        for exception in (Stop, Stop):
            with pytest.raises(exception):
                await Guard(handler=handler).call(stop)
        with pytest.raises(Stop):
            Guard(handler=handler).call_sync(stop)
        assert handler.plugins.get("core").contexts == []

    async def test_an_error_in_a_recovery_of_the_application_s_own_shows_no_more_than_it(self):
        stand_in = Guard(handler=make(stands_in=StandsIn("stale")))
        await stand_in.call(Flaky(9))
        with pytest.raises(KeyError) as caught:
            raise KeyError((await stand_in.call(Flaky(9)),))
        assert caught.value.__context__ is None


class TestTheKindOfACall:
    def kind_of(self, function: Any, *policies: Any, **kwargs: Any) -> OperationKind:
        handler = make()
        with pytest.raises(ConnectionError):
            Guard(*policies, handler=handler, **kwargs).call_sync(function)
        kind: OperationKind = handler.plugins.get("core").contexts[0].call.operation.kind
        return kind

    @pytest.mark.parametrize(
        ("name", "bare", "with_retry"),
        [
            ("fetch_ticker", "READ", "READ"),
            ("create_order", "SUBMIT", "SUBMIT"),
            ("cancel_order", "CANCEL", "CANCEL"),
            ("edit_order", "AMEND", "AMEND"),
            ("rebalance", "UNSPECIFIED", "IDEMPOTENT_WRITE"),
            ("quote", "UNSPECIFIED", "IDEMPOTENT_WRITE"),
            ("order_limit_buy", "SUBMIT", "SUBMIT"),
            ("privatePostOrders", "UNSPECIFIED", "UNSPECIFIED"),
            ("futures_create_position", "UNSPECIFIED", "UNSPECIFIED"),
            ("marketBuy", "UNSPECIFIED", "UNSPECIFIED"),
            ("new_order", "SUBMIT", "SUBMIT"),
            ("<lambda>", "UNSPECIFIED", "UNSPECIFIED"),
        ],
    )
    def test_is_read_from_the_name_and_a_retry_policy_widens_it_only_away_from_orders(self, name, bare, with_retry):
        def function():
            raise ConnectionError

        function.__qualname__ = f"Desk.{name}"
        assert self.kind_of(function) is OperationKind[bare]
        assert self.kind_of(function, RetryConfig()) is OperationKind[with_retry]

    def test_of_a_partial_is_that_of_what_it_calls(self):
        import functools

        def create_order(symbol, side):
            raise ConnectionError

        twice = functools.partial(functools.partial(create_order, "BTC/USDT"), "buy")
        assert self.kind_of(twice, RetryConfig()) is OperationKind.SUBMIT

    def test_of_an_operation_that_leaves_it_open_is_read_from_the_name_as_well(self):
        def fetch_ticker():
            raise ConnectionError

        assert self.kind_of(fetch_ticker, operation=Operation(key="binance")) is OperationKind.READ
        assert self.kind_of(fetch_ticker, operation=lambda: Operation(key="binance")) is OperationKind.READ
        said = Operation(kind=OperationKind.SUBMIT)
        assert self.kind_of(fetch_ticker, operation=said) is OperationKind.SUBMIT

    def test_may_be_said_from_the_arguments(self):
        handler = make()

        def place(order_id, *, symbol):
            raise ConnectionError

        describe = lambda order_id, *, symbol: Operation(  # noqa: E731
            kind=OperationKind.SUBMIT, client_order_id=order_id, symbol=symbol
        )
        with pytest.raises(ConnectionError):
            Guard(handler=handler, operation=describe).call_sync(place, "c-9", symbol="ETH/USDT")
        context = handler.plugins.get("core").contexts[0]
        assert (context.order_id, context.symbol) == ("c-9", "ETH/USDT")

    def test_an_operation_that_can_t_be_described_is_not_called(self):
        called = []
        with pytest.raises(ZeroDivisionError):
            Guard(handler=make(), operation=lambda: 1 // 0).call_sync(called.append)
        assert called == []

    def test_what_has_neither_name_nor_module_still_has_a_context(self):
        class Bare:
            __module__ = None

            def __call__(self):
                raise ConnectionError

        handler = make()
        with pytest.raises(ConnectionError):
            Guard(handler=handler).call_sync(Bare())
        context = handler.plugins.get("core").contexts[0]
        assert context.component == "application"
        assert context.operation.endswith("Bare")


@pytest.mark.anyio
class TestWhichHandlerServes:
    async def test_the_given_one_before_the_current_one(self):
        given, current = make(stands_in=StandsIn("given")), make(stands_in=StandsIn("current"))
        async with current:
            assert await Guard(handler=given).call(Flaky(9)) == "given"
            assert await Guard().call(Flaky(9)) == "current"

    async def test_the_inner_one_of_two_that_were_entered(self):
        outer, inner = make(stands_in=StandsIn("outer")), make(stands_in=StandsIn("inner"))
        guarded = Guard()
        async with outer:
            async with inner:
                assert await guarded.call(Flaky(9)) == "inner"
            assert await guarded.call(Flaky(9)) == "outer"

    async def test_the_factory_s_without_either(self):
        former = ErrorHandlerFactory.set_default(make(stands_in=StandsIn("default")))
        try:
            assert await Guard().call(Flaky(9)) == "default"
            assert Guard().call_sync(Flaky(9)) == "default"
        finally:
            ErrorHandlerFactory.set_default(former)

    async def test_two_side_by_side_do_not_mix(self):
        guarded = Guard()
        answers = {}

        async def bot(name):
            async with make(stands_in=StandsIn(name)):
                for _ in range(5):
                    await anyio.lowlevel.checkpoint()
                    answers.setdefault(name, set()).add(await guarded.call(Flaky(9)))

        async with anyio.create_task_group() as group:
            for name in "ab":
                group.start_soon(bot, name)
        assert answers == {"a": {"a"}, "b": {"b"}}


def test_guard_takes_what_the_class_takes():
    made = guard(RetryConfig(), component="c", name="n")
    assert isinstance(made, Guard)
    assert made.policies == (RetryConfig(),)


def test_the_decision_of_a_call_in_process_is_whole():
    handler = make(says=Says(Recovery.recovered(3, verified=True)))
    error = ValueError()
    outcome = handler.process_sync(error, handler.create_error_context(error, "a", "fetch_b"))
    assert (outcome.decision, outcome.value, outcome.verified) == (Decision.RECOVERED, 3, True)
