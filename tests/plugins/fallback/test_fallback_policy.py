"""Fallback as a policy in a pipeline: one specification for synchronous and asynchronous calls."""

from __future__ import annotations

import contextlib
import gc
import weakref
from decimal import Decimal

import anyio.lowlevel
import pytest
from attrs import evolve
from retrying import EVERY_WAY, KNOWN, UNKNOWN, Listens, Venue, failures, make_handler

from recoup import (
    CircuitBreakerConfig,
    FallbackConfig,
    FallbackStrategy,
    Operation,
    OperationKind,
    Pipeline,
    RetryConfig,
    ServiceDegraded,
    guard,
    watch_stand_ins,
)
from recoup_plugins.circuit_breaker import CircuitBreakerPlugin
from recoup_plugins.fallback import FallbackPlugin

pytestmark = pytest.mark.anyio
DEFAULT = FallbackConfig(strategy=FallbackStrategy.RETURN_DEFAULT, default_value=Decimal(7))
CACHED = FallbackConfig(strategy=FallbackStrategy.USE_CACHE)
DEGRADED = FallbackConfig(strategy=FallbackStrategy.RAISE_DEGRADED)
EMPTY = FallbackConfig(strategy=FallbackStrategy.RETURN_EMPTY)


class Prices(Venue):
    def fetch(self, *args, **kwargs) -> list[Decimal]:
        return super().fetch()

    async def fetch_async(self, *args, **kwargs) -> list[Decimal]:
        await anyio.lowlevel.checkpoint()
        return super().fetch()


def alternative(function) -> FallbackConfig:
    return FallbackConfig(strategy=FallbackStrategy.RETRY_ALTERNATIVE, fallback_function=function)


def make(verdict=KNOWN, **plugins):
    return make_handler(verdict, fallback=FallbackPlugin, **plugins)


def reports(listens):
    return [event for event in listens.events if event.kind == "plugin" and event.fault == "raised"]


@EVERY_WAY
class TestStandIns:
    @pytest.mark.parametrize(("config", "value"), [(FallbackConfig(), None), (DEFAULT, Decimal(7)), (EMPTY, [])])
    async def test_a_value_stands_in(self, call, config, value):
        listens = Listens()
        result = await call(Pipeline(config, handler=make(listens=listens)), Prices(ConnectionError()))
        assert result == value
        (event,) = listens.of("fallback")
        assert (event.action, event.detail) == ("stood_in", f"{config.strategy.value} for ConnectionError")

    async def test_a_good_result_is_left_alone(self, call):
        assert await call(Pipeline(DEFAULT, handler=make()), Venue("ok")) == "ok"

    async def test_the_empty_value_is_found_through_the_policies_between(self, call):
        policies = EMPTY, RetryConfig(base_delay=0), CircuitBreakerConfig()
        handler = make(breaker=CircuitBreakerPlugin)
        venue = Prices(ConnectionError())
        assert await call(Pipeline(*policies, handler=handler), venue) == []
        assert venue.calls == 3

    async def test_without_an_annotation_the_error_comes_out_and_the_operator_is_told(self, call):
        listens, error = Listens(), ConnectionError()
        with pytest.raises(ConnectionError) as caught:
            await call(Pipeline(EMPTY, handler=make(listens=listens)), Fetches(error))
        assert caught.value is error
        assert caught.value.__context__ is None
        (report,) = reports(listens)
        assert "return annotation" in report.detail

    async def test_the_alternative_gets_the_calls_arguments(self, call):
        def other(*args, **kwargs):
            return args, kwargs

        pipeline = Pipeline(alternative(other), handler=make())
        assert await call(pipeline, Venue(ConnectionError()), "BTC/USDT", limit=5) == (("BTC/USDT",), {"limit": 5})

    async def test_an_asynchronous_alternative_is_awaited_and_refused_in_a_synchronous_call(self, call):
        async def other(*args):
            await anyio.lowlevel.checkpoint()
            return args

        listens = Listens()
        pipeline = Pipeline(alternative(other), handler=make(listens=listens))
        if call.is_async:
            assert await call(pipeline, Venue(ConnectionError()), 1) == (1,)
        else:
            with pytest.raises(ConnectionError):
                await call(pipeline, Venue(ConnectionError()), 1)
            assert "synchronous" in reports(listens)[0].detail

    async def test_where_the_alternative_fails_the_calls_own_error_comes_out(self, call):
        listens, error = Listens(), ConnectionError()
        pipeline = Pipeline(alternative(lambda: 1 / 0), handler=make(listens=listens))
        with pytest.raises(ConnectionError) as caught:
            await call(pipeline, Venue(error))
        assert caught.value is error
        assert caught.value.__context__ is None
        assert [report.detail for report in reports(listens)] == ["ZeroDivisionError"]

    async def test_degraded_service_is_raised_from_the_error(self, call):
        error = ConnectionError()
        handler = make(evolve(KNOWN, retry_after=12.0))
        with pytest.raises(ServiceDegraded) as caught:
            await call(Pipeline(DEGRADED, name="prices", handler=handler), Venue(error))
        assert caught.value.__cause__ is error
        assert (caught.value.key, caught.value.retry_after) == ("prices", 12)


class Fetches(Venue):
    def fetch(self, *args, **kwargs):
        return super().fetch()

    async def fetch_async(self, *args, **kwargs):
        return super().fetch()


@EVERY_WAY
class TestLastGoodResult:
    async def test_it_stands_in_for_the_same_arguments_only(self, call):
        handler = make()
        pipeline, venue = Pipeline(CACHED, handler=handler), Venue("first", "second", ConnectionError())
        assert await call(pipeline, venue, "BTC") == "first"
        assert await call(pipeline, venue, "ETH") == "second"
        assert await call(pipeline, venue, "BTC") == "first"
        assert await call(pipeline, venue, "ETH") == "second"
        with pytest.raises(ConnectionError) as caught:
            await call(pipeline, venue, "XRP")
        assert caught.value is venue.answers[-1]

    async def test_functions_of_one_key_do_not_see_each_others(self, call):
        pipeline = Pipeline(CACHED, name="prices", handler=make())
        assert await call(pipeline, Venue("mine")) == "mine"
        with pytest.raises(ConnectionError):
            await call(pipeline, Venue(ConnectionError()))

    async def test_within_a_retry_it_has_its_turn_last(self, call):
        pipeline, venue = Pipeline(CACHED, RetryConfig(base_delay=0), handler=make()), Venue("ok", ConnectionError())
        assert [await call(pipeline, venue) for _ in range(2)] == ["ok", "ok"]
        assert venue.calls == 4


@EVERY_WAY
class TestWhichFailures:
    async def test_only_the_exceptions_that_are_named(self, call):
        for strategy in (DEFAULT, CACHED, DEGRADED):
            config = evolve(strategy, exceptions=(OSError,))
            with pytest.raises(KeyError):
                await call(Pipeline(config, handler=make()), Venue(KeyError()))

    @pytest.mark.parametrize("config", [DEFAULT, DEGRADED, FallbackConfig(), alternative(lambda: "sent")])
    @pytest.mark.parametrize("kind", [OperationKind.SUBMIT, OperationKind.AMEND])
    async def test_never_a_side_effect_whose_outcome_is_unknown(self, call, config, kind):
        error = ConnectionError()
        pipeline = Pipeline(config, operation=Operation(kind=kind), handler=make(UNKNOWN))
        with pytest.raises(ConnectionError) as caught:
            await call(pipeline, Venue(error))
        assert caught.value is error

    async def test_a_side_effect_that_is_known_to_have_failed_has_one(self, call):
        pipeline = Pipeline(DEFAULT, operation=Operation(kind=OperationKind.SUBMIT), handler=make())
        assert await call(pipeline, Venue(ConnectionError())) == 7

    async def test_a_cancellation_and_the_like_have_none(self, call):
        with pytest.raises(KeyboardInterrupt):
            await call(Pipeline(DEFAULT, handler=make()), Venue(KeyboardInterrupt()))


@EVERY_WAY
@pytest.mark.parametrize("config", [DEFAULT, DEGRADED, CACHED, alternative(lambda *_: 1 / 0)])
async def test_nothing_of_a_call_lives_on_in_a_cycle(call, config):
    class Noted(ConnectionError):
        pass

    class Fails(Venue):
        def fetch(self, *args, **kwargs):
            error = Noted()
            remembered.append(weakref.ref(error))
            try:
                raise error
            finally:
                del error

    remembered = []
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(Noted, ServiceDegraded):
            await call(Pipeline(config, handler=make()), Fails(None))
        assert [item() for item in remembered] == [None]
    finally:
        gc.enable()


@EVERY_WAY
async def test_around_a_guards_recovery_it_gets_the_calls_arguments(call):
    """Something stands between the fallback and the recovery, so that the policy does what the hook would."""
    handler = make(breaker=CircuitBreakerPlugin)
    whole = Pipeline(
        alternative(lambda *args: args), CircuitBreakerConfig(), RetryConfig(base_delay=0), handler=handler
    )
    assert await call(guard(whole), Venue(*failures(5)), "BTC") == ("BTC",)


@EVERY_WAY
async def test_in_a_guard_only_the_exceptions_that_are_named(call):
    for strategy in (DEFAULT, DEGRADED):
        with pytest.raises(KeyError):
            await call(guard(evolve(strategy, exceptions=(OSError,)), handler=make()), Venue(KeyError()))


@EVERY_WAY
async def test_a_stand_in_is_no_good_result_for_what_stands_around(call):
    with watch_stand_ins() as watch:
        assert await call(Pipeline(DEFAULT, handler=make()), Venue("ok")) == "ok"
        assert not watch.seen
        await call(Pipeline(DEFAULT, handler=make()), Venue(ConnectionError()))
        assert watch.seen
