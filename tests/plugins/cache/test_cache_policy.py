"""The cache in pipelines and guards: one specification, synchronous and asynchronous."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from recoup import (
    CacheConfig,
    ErrorHandler,
    Guard,
    Operation,
    OperationKind,
    Pipeline,
    Place,
    PolicyMisuse,
    Recovery,
    Scope,
    Trait,
    hookimpl,
)
from recoup.testing import FakeClock
from recoup_plugins.cache import CachePlugin, CacheSettings


class Listens:
    def __init__(self):
        self.events: list[Any] = []

    @hookimpl
    def sanitize(self, payload):
        return payload

    @hookimpl
    def monitor(self, event):
        self.events.append((event.kind, getattr(event, "policy", ""), getattr(event, "action", "")))


def make_handler() -> ErrorHandler:
    return ErrorHandler(discover=False, plugins={"cache": CachePlugin, "listens": Listens()}, clock=FakeClock())


class Fetch:
    """Counts its calls; fails while ``error`` is set."""

    def __init__(self):
        self.calls: list[Any] = []
        self.error: Exception | None = None
        self.made = 0

    def fetch(self, *args, **kwargs):
        self.calls.append((args, kwargs))
        if self.error is not None:
            raise self.error
        return len(self.calls)

    async def fetch_later(self, *args, **kwargs):
        return self.fetch(*args, **kwargs)


@pytest.fixture
def source():
    return Fetch()


@pytest.fixture(params=["sync", "async"])
def how(request):
    return request.param


@pytest.fixture(params=[Pipeline, Guard])
def around(request):
    return request.param


@pytest.fixture(params=["decorated", "inline"])
def cached(request, how, around, source):
    """Return a function that calls ``source`` through a cache, and the handler."""

    def make_it(**values):
        handler = make_handler()
        function = source.fetch if how == "sync" else source.fetch_later
        pipeline = around(CacheConfig(**values), handler=handler)
        decorated = pipeline(function)

        async def call(*args, **kwargs):
            if request.param == "inline":
                if how == "sync":
                    return pipeline.call_sync(function, *args, **kwargs)
                return await pipeline.call(function, *args, **kwargs)
            result = decorated(*args, **kwargs)
            return result if how == "sync" else await result

        return call, handler

    return make_it


@pytest.mark.anyio
class TestResults:
    async def test_are_given_again_until_they_are_too_old(self, cached, source):
        call, handler = cached(ttl=60.0)
        assert [await call("BTC"), await call("BTC"), await call("ETH"), await call("BTC")] == [1, 1, 2, 1]
        handler.clock.advance(59.5)
        assert await call("BTC") == 1
        handler.clock.advance(0.5)
        assert await call("BTC") == 3
        assert source.calls == [(("BTC",), {}), (("ETH",), {}), (("BTC",), {})]

    async def test_are_kept_by_value_and_type_with_keywords_in_any_order(self, cached):
        call, _ = cached()
        assert [await call(1), await call(1.0), await call(True), await call(1)] == [1, 2, 3, 1]
        assert [await call(1, 2), await call(1, 2.0)] == [4, 5]
        assert [await call(a=1, b=2), await call(b=2, a=1), await call(a=1, b=True)] == [6, 6, 7]
        assert [await call(), await call((1,)), await call()] == [8, 9, 8]

    async def test_with_arguments_that_cannot_be_hashed_are_not_kept(self, cached):
        call, _ = cached()
        assert [await call([1]), await call([1]), await call(a={}), await call(a={})] == [1, 2, 3, 4]

    async def test_a_type_error_of_the_call_is_its_own(self, cached, source):
        call, _ = cached()
        source.error = TypeError("unhashable type: 'list'")
        with pytest.raises(TypeError) as raised:
            await call(1)
        assert raised.value is source.error
        assert len(source.calls) == 1
        assert source.error.__context__ is None

    async def test_failures_are_not_kept(self, cached, source):
        call, _ = cached()
        source.error = ConnectionError()
        for _ in range(2):
            with pytest.raises(ConnectionError) as raised:
                await call(1)
            assert raised.value is source.error
        source.error = None
        assert [await call(1), await call(1)] == [3, 3]

    async def test_only_so_many_are_kept(self, cached, source):
        call, _ = cached(max_results=2)
        for number in (1, 2, 3):
            await call(number)
        assert len(source.calls) == 3
        await call(3)
        assert len(source.calls) == 3
        await call(1)
        assert len(source.calls) == 4

    async def test_without_single_flight_as_well(self, cached):
        call, _ = cached(single_flight=False)
        assert [await call(1), await call(1), await call(2)] == [1, 1, 2]


@pytest.mark.anyio
class TestStaleIfError:
    async def test_an_old_result_stands_in_for_a_failure_as_long_as_it_may(self, cached, source):
        call, handler = cached(ttl=10.0, stale_if_error=5.0)
        assert await call(1) == 1
        source.error = ConnectionError()
        handler.clock.advance(14.5)
        assert await call(1) == 1
        assert len(source.calls) == 2
        assert ("policy", "cache", "stale") in handler.plugins.get("listens").events
        handler.clock.advance(0.5)
        with pytest.raises(ConnectionError) as raised:
            await call(1)
        assert raised.value is source.error

    async def test_what_is_stale_is_refreshed_by_a_success(self, cached, source):
        call, handler = cached(ttl=10.0, stale_if_error=5.0)
        await call(1)
        handler.clock.advance(12.0)
        assert [await call(1), await call(1)] == [2, 2]

    async def test_without_it_nothing_stands_in(self, cached, source):
        call, handler = cached(ttl=10.0)
        await call(1)
        source.error = ConnectionError()
        handler.clock.advance(10.0)
        with pytest.raises(ConnectionError):
            await call(1)

    async def test_without_single_flight_as_well(self, cached, source):
        call, handler = cached(ttl=10.0, stale_if_error=5.0, single_flight=False)
        await call(1)
        source.error = ConnectionError()
        handler.clock.advance(12.0)
        assert await call(1) == 1


class StandsIn:
    def __init__(self, recovery):
        self.recovery = recovery

    @hookimpl
    def recover(self):
        return self.recovery


@pytest.mark.anyio
class TestStandIns:
    @pytest.mark.parametrize("single_flight", [True, False])
    async def test_that_a_recovery_gave_are_not_kept(self, how, source, single_flight):
        handler = make_handler()
        handler.plugins.register(StandsIn(Recovery.recovered("stand-in")), "stands_in")
        source.error = ConnectionError()
        get = Guard(CacheConfig(single_flight=single_flight), handler=handler)(
            source.fetch if how == "sync" else source.fetch_later
        )
        for _ in range(2):
            result = get()
            assert (result if how == "sync" else await result) == "stand-in"
        assert len(source.calls) == 2
        source.error = None
        for _ in range(2):
            result = get()
            assert (result if how == "sync" else await result) == 3

    async def test_what_was_verified_is_no_stand_in(self, how, source):
        handler = make_handler()
        handler.plugins.register(StandsIn(Recovery.recovered("looked up", verified=True)), "stands_in")
        source.error = ConnectionError()
        get = Guard(CacheConfig(), handler=handler)(source.fetch if how == "sync" else source.fetch_later)
        for _ in range(2):
            result = get()
            assert (result if how == "sync" else await result) == "looked up"
        assert len(source.calls) == 1


class TestApart:
    def test_two_functions_of_one_name_share_nothing(self):
        handler = make_handler()
        pipeline = Pipeline(CacheConfig(), handler=handler)

        def account(number):
            @pipeline
            def get_balance():
                return number

            return get_balance

        one, two = account(1), account(2)
        assert [one(), two(), one(), two()] == [1, 2, 1, 2]

    @pytest.mark.parametrize("around", [Pipeline, Guard])
    def test_nor_where_they_are_called_inline(self, around):
        pipeline = around(CacheConfig(), handler=make_handler())

        def account(number):
            def get_balance():
                return number

            return get_balance

        one, two = account(1), account(2)
        assert [pipeline.call_sync(function) for function in (one, two, one, two)] == [1, 2, 1, 2]

    def test_methods_are_told_apart_by_their_object(self):
        class Account:
            def __init__(self, number):
                self.number = number

            @Pipeline(CacheConfig(), handler=make_handler())
            def get_balance(self):
                return self.number

        one, two = Account(1), Account(2)
        assert [one.get_balance(), two.get_balance(), one.get_balance()] == [1, 2, 1]

    def test_a_handler_gives_only_its_own(self):
        handlers = [make_handler(), make_handler()]
        source = Fetch()
        pipelines = [Pipeline(CacheConfig(), handler=handler) for handler in handlers]
        assert [pipeline.call_sync(source.fetch) for pipeline in pipelines] == [1, 2]


class TestUsedUp:
    def test_a_generator_is_not_kept(self):
        @Pipeline(CacheConfig(), handler=make_handler())
        def get_rows():
            return iter([1, 2])

        assert [list(get_rows()), list(get_rows())] == [[1, 2], [1, 2]]

    def test_nor_a_coroutine_that_a_plain_function_returns(self):
        async def later():
            return 1

        made = []

        @Pipeline(CacheConfig(), handler=make_handler())
        def get_later():
            made.append(later())
            return made[-1]

        assert get_later() is not get_later()
        for coroutine in made:
            coroutine.close()

    def test_nor_the_items_of_an_asynchronous_generator(self):
        async def ticks():
            yield 1

        with pytest.raises(TypeError, match="can't be kept as a result"):
            Pipeline(CacheConfig())(ticks)


class TestRefused:
    @pytest.mark.parametrize(
        "name", ["create_order", "edit_order", "cancel_all_orders", "withdraw", "do_create_order", "my_orders"]
    )
    def test_for_what_may_touch_an_order(self, name):
        def function():
            raise AssertionError("never called")

        function.__qualname__ = name
        with pytest.raises(PolicyMisuse, match=f"{name} is not a call to cache"):
            Pipeline(CacheConfig(), handler=make_handler()).call_sync(function)

    def test_unless_the_application_says_that_it_only_reads(self):
        def my_orders():
            return 1

        read = Operation(kind=OperationKind.READ)
        assert Pipeline(CacheConfig(), handler=make_handler(), operation=read).call_sync(my_orders) == 1

    @pytest.mark.parametrize("kind", [OperationKind.SUBMIT, OperationKind.AMEND, OperationKind.CANCEL])
    def test_for_what_is_declared_a_side_effect(self, host, kind):
        with pytest.raises(PolicyMisuse):
            CachePlugin(host).policy(CacheConfig(), Scope(key="a", name="<lambda>", kind=kind))


class TestPlugin:
    def test_stands_around_all_and_hides_failures_only_where_it_may(self, host):
        plugin = CachePlugin(host)
        assert plugin.placing(CacheConfig()).place is Place.CACHE
        assert plugin.placing(CacheConfig()).traits is Trait.NONE
        assert plugin.placing(CacheConfig(stale_if_error=1.0)).traits is Trait.STANDS_IN

    def test_results_outlive_the_pipeline_and_take_over_new_bounds(self, host):
        plugin, source = CachePlugin(host), Fetch()
        scope = Scope(key="a", name="fetch", kind=OperationKind.READ)
        assert plugin.policy(CacheConfig(), scope).call(source.fetch, (1,), {}) == 1
        gc.collect()
        host.clock.advance(20.0)
        assert plugin.policy(CacheConfig(), scope).call(source.fetch, (1,), {}) == 1
        assert plugin.policy(CacheConfig(ttl=10.0), scope).call(source.fetch, (1,), {}) == 2

    def test_keeps_only_so_many_caches_that_nobody_uses(self, host):
        plugin, source = CachePlugin(host, CacheSettings(max_caches=2)), Fetch()
        for key in "abc":
            plugin.policy(CacheConfig(), Scope(key=key, kind=OperationKind.READ)).call(source.fetch, (), {})
        plugin.policy(CacheConfig(), Scope(key="a", kind=OperationKind.READ)).call(source.fetch, (), {})
        assert len(source.calls) == 4

    def test_recompiled_for_other_plugins_it_has_its_results_still(self):
        handler, source = make_handler(), Fetch()
        fetch = Pipeline(CacheConfig(), handler=handler)(source.fetch)
        assert fetch() == 1
        handler.plugins.register(object(), "another")
        assert fetch() == 1

    def test_the_last_arguments_of_a_call_that_is_not_kept_are_let_go(self):
        def get_one(argument):
            return 1

        class Argument:
            __hash__ = None  # type: ignore[assignment]  # that is how a class says so

        pipeline = Guard(CacheConfig(), handler=make_handler())
        argument = Argument()
        gone = weakref.ref(argument)
        assert pipeline.call_sync(get_one, argument) == 1
        del argument
        gc.collect()
        assert gone() is None
