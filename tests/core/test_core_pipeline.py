"""Pipelines: what they compile to, in both colours."""

from __future__ import annotations

import gc
import inspect
import linecache
import threading
import traceback
import weakref
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelining import Again, Around, Door, Instead, Server, serving

from recoup import (
    ErrorHandlerFactory,
    Operation,
    OperationKind,
    Pipeline,
    PolicyMisuse,
    PolicyUnavailable,
    Priority,
    RateLimited,
    RetryConfig,
    Timeout,
    hookimpl,
)
from recoup.pipeline.compiler import MOST_NESTED, MOST_SHOWN
from recoup.pipeline.decorated import HANDLERS_KEPT, VERSIONS_KEPT
from recoup.pipeline.pipeline import SCOPES_KEPT

pytestmark = pytest.mark.anyio
WAYS = ("sync", "async", "decorated", "decorated async", "plain in a task")


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.fixture
def server():
    return Server()


async def through(way: str, pipeline: Pipeline, function: Any, *args: Any, **kwargs: Any) -> Any:
    async def later(*args: Any, **kwargs: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return function(*args, **kwargs)

    match way:
        case "sync":
            return pipeline.call_sync(function, *args, **kwargs)
        case "async":
            return await pipeline.call(later, *args, **kwargs)
        case "decorated":
            return pipeline(function)(*args, **kwargs)
        case "decorated async":
            return await pipeline(later)(*args, **kwargs)
        case _:
            return await pipeline.call(function, *args, **kwargs)


class Fails:
    def __init__(self, times: int, error: type[Exception] = ConnectionError):
        self.left = times
        self.error = error
        self.calls = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error(f"call {self.calls}")
        return args, kwargs


class TestGates:
    async def test_are_passed_outermost_first_and_left_in_reverse(self, way, server):
        pipeline = Pipeline(Door(name="a"), Door(name="b"), handler=serving(server))
        assert await through(way, pipeline, lambda x: x + 1, 2) == 3
        assert server.log == ["+a", "+b", ("-b", None), ("-a", None)]

    async def test_that_make_wait_are_waited_for(self, way, server):
        pipeline = Pipeline(Door(waits=True), handler=serving(server))
        assert await through(way, pipeline, lambda: "ok") == "ok"
        assert server.log == ["waited for door", ("-door", None)]

    @pytest.mark.parametrize("waits", [False, True])
    async def test_that_refuse_are_heard_by_those_around_them(self, way, server, waits):
        refusal = RateLimited("full", key="b")
        pipeline = Pipeline(Door(name="a"), Door(name="b", acquire=refusal, waits=waits), handler=serving(server))
        with pytest.raises(RateLimited) as caught:
            await through(way, pipeline, lambda: "ok")
        assert caught.value is refusal
        assert server.log == ["+a", ("-a", refusal)]

    async def test_may_put_an_error_of_their_contract_in_the_place_of_another(self, way, server):
        late = Timeout("late", key="door", seconds=1.0)
        pipeline = Pipeline(Door(name="a"), Door(name="b", release=late), handler=serving(server))
        with pytest.raises(Timeout) as caught:
            await through(way, pipeline, Fails(1))
        assert caught.value is late
        assert server.log[-1] == ("-a", late)

    @pytest.mark.parametrize("fault", ["acquire", "release"])
    async def test_that_break_are_reported_and_hold_nothing_up(self, way, server, fault):
        pipeline = Pipeline(Door(**{fault: ValueError("bug")}), handler=serving(server))
        assert await through(way, pipeline, lambda: "ok") == "ok"
        assert [(event.plugin, event.hook) for event in server.events if event.kind == "plugin"] == [("server", fault)]


@pytest.mark.parametrize("waits", [False, True])
class TestTurnstiles:
    async def test_are_passed_and_not_left(self, way, server, waits):
        pipeline = Pipeline(Door(name="a"), Door(name="b", is_left=False, waits=waits), handler=serving(server))
        assert await through(way, pipeline, lambda x: x + 1, 2) == 3
        with pytest.raises(ConnectionError) as caught:
            await through(way, pipeline, Fails(1))
        passed = "waited for b" if waits else "+b"
        assert server.log == ["+a", passed, ("-a", None), "+a", passed, ("-a", caught.value)]

    async def test_that_refuse_are_heard_by_those_around_them(self, way, server, waits):
        refusal = RateLimited("full", key="b")
        turnstile = Door(name="b", acquire=refusal, waits=waits, is_left=False)
        pipeline = Pipeline(Door(name="a"), turnstile, handler=serving(server))
        with pytest.raises(RateLimited) as caught:
            await through(way, pipeline, lambda: "ok")
        assert caught.value is refusal
        assert server.log == ["+a", ("-a", refusal)]

    async def test_that_break_are_reported_and_hold_nothing_up(self, way, server, waits):
        pipeline = Pipeline(Door(acquire=ValueError("bug"), waits=waits, is_left=False), handler=serving(server))
        assert await through(way, pipeline, lambda: "ok") == "ok"
        assert [(event.plugin, event.hook) for event in server.events if event.kind == "plugin"] == [
            ("server", "acquire")
        ]

    async def test_stand_in_any_number(self, way, server, waits):
        doors = [Door(name=f"{i}", waits=waits, is_left=False) for i in range(20)]
        pipeline = Pipeline(*doors, handler=serving(server))
        assert await through(way, pipeline, lambda: "ok") == "ok"
        assert len(server.log) == 20


class TestRescues:
    async def test_repeat_the_call_with_its_arguments(self, way, server):
        fails = Fails(2)
        pipeline = Pipeline(Again(times=2), Door(), handler=serving(server))
        assert await through(way, pipeline, fails, 1, b=2) == ((1,), {"b": 2})
        assert fails.calls == 3
        assert len(server.log) == 6

    async def test_let_pass_what_is_not_theirs_untouched(self, way, server):
        pipeline = Pipeline(Again(), handler=serving(server))
        with pytest.raises(KeyError) as caught:
            await through(way, pipeline, Fails(1, KeyError))
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None

    async def test_raise_the_last_error_without_the_former_ones(self, way, server):
        pipeline = Pipeline(Again(times=2), handler=serving(server))
        with pytest.raises(ConnectionError, match="call 3") as caught:
            await through(way, pipeline, Fails(9))
        assert caught.value.__context__ is None

    async def test_take_in_what_the_gates_within_refuse(self, way, server):
        door = Door(acquire=RateLimited("full", key="door"))
        pipeline = Pipeline(Instead(value="stale"), door, handler=serving(server))
        assert await through(way, pipeline, lambda: "ok") == "stale"

    async def test_that_break_let_the_error_pass_and_are_reported(self, way, server):
        pipeline = Pipeline(Instead(error=ValueError("bug")), handler=serving(server))
        with pytest.raises(ConnectionError):
            await through(way, pipeline, Fails(1))
        assert [event.hook for event in server.events if event.kind == "plugin"] == ["begin"]

    async def test_that_break_when_told_of_a_success_are_reported_and_keep_no_result_back(self, way, server):
        class Counts(Server):
            def policy(self, config, scope):
                rescue = super().policy(config, scope)
                rescue.passed = lambda: {}["lost"]
                return rescue

        counts = Counts()
        assert await through(way, Pipeline(Again(), handler=serving(counts)), lambda: "ok") == "ok"
        assert [event.hook for event in counts.events if event.kind == "plugin"] == ["passed"]

    async def test_leave_no_cycle_that_keeps_the_arguments(self, way, server):
        class Argument:
            pass

        argument = Argument()
        gone = weakref.ref(argument)
        pipeline = Pipeline(Again(times=1), Door(), handler=serving(server))
        gc.disable()
        try:
            with pytest.raises(ConnectionError):
                await through(way, pipeline, Fails(9), argument)
            server.log.clear()
            del argument
            assert gone() is None
        finally:
            gc.enable()


class TestWrappers:
    async def test_stand_around_what_is_within(self, way, server):
        pipeline = Pipeline(Door(name="a"), Around(), Again(), Door(name="b"), handler=serving(server))
        assert await through(way, pipeline, Fails(1)) == ((), {})
        assert [entry if isinstance(entry, str) else entry[0] for entry in server.log] == [
            "+a",
            "(around",
            *("+b", "-b") * 2,
            "around)",
            "-a",
        ]


async def test_more_policies_than_one_function_takes_nest_all_the_same(way, server):
    depth = 3 * MOST_NESTED
    doors = [Door(name=f"d{number}") for number in range(depth)]
    pipeline = Pipeline(*doors[:MOST_NESTED], Again(), *doors[MOST_NESTED:], handler=serving(server))
    assert await through(way, pipeline, Fails(1)) == ((), {})
    inner = depth - MOST_NESTED
    assert len(server.log) == 2 * (MOST_NESTED + 2 * inner)


@given(
    names=st.lists(st.sampled_from(["door", "again", "around"]), max_size=12),
    failures=st.integers(0, 2),
    is_async=st.booleans(),
)
def test_any_nest_passes_every_gate_as_often_as_it_leaves_it(names, failures, is_async):
    server = Server()
    kinds = {"door": Door(), "again": Again(times=3, traits=Again().traits & ~Again().traits), "around": Around()}
    pipeline = Pipeline(*(kinds[name] for name in names), handler=serving(server))
    fails = Fails(failures if "again" in names else 0)

    async def later() -> Any:
        return fails()

    result = anyio.run(pipeline.call, later) if is_async else pipeline.call_sync(fails)
    assert result == ((), {})
    begun = [entry for entry in server.log if isinstance(entry, str) and entry.startswith("+")]
    ended = [entry for entry in server.log if not isinstance(entry, str)]
    assert len(begun) == len(ended)
    assert server.log.count("(around") == server.log.count("around)")


class TestDecoratedFunctions:
    def test_keep_name_signature_and_what_they_wrap(self, server):
        @Pipeline(Door(), handler=serving(server))
        def quote(symbol: str, /, side: str = "buy", *levels: int, depth: int = 5, **rest: Any) -> str:
            """Doc."""
            return f"{symbol} {side} {levels} {depth} {rest}"

        assert (quote.__name__, quote.__doc__) == ("quote", "Doc.")
        assert str(inspect.signature(quote)).startswith("(symbol: 'str', /, side")
        assert quote("a") == "a buy () 5 {}"
        assert quote("a", "sell", 1, 2, depth=9, x=3) == "a sell (1, 2) 9 {'x': 3}"
        with pytest.raises(TypeError):
            quote()
        assert len(server.log) == 4

    def test_refuse_wrong_arguments_before_the_first_call_as_after_it(self, server):
        @Pipeline(Door(), handler=serving(server))
        def quote(symbol):
            return symbol

        for _ in range(2):
            with pytest.raises(TypeError, match="missing 1 required positional argument: 'symbol'"):
                quote()
            assert quote("a") == "a"

    def test_a_parameter_named_like_what_is_compiled_does_no_harm(self, server):
        @Pipeline(Again(), Door(), handler=serving(server))
        def odd(_r_args, error, permit0, function, result):
            return _r_args, error, permit0, function, result

        assert odd(1, 2, 3, 4, 5) == (1, 2, 3, 4, 5)

    def test_methods_are_bound(self, server):
        handler = serving(server)

        class Desk:
            @Pipeline(Door(), handler=handler)
            def quote(self, symbol):
                return self, symbol

            @classmethod
            @Pipeline(Door(), handler=handler)
            def make(cls):
                return cls

        desk = Desk()
        assert desk.quote("a") == (desk, "a")
        assert desk.quote(symbol="a") == (desk, "a")
        assert Desk.make() is Desk

    def test_callable_objects_are_taken_as_they_are(self, server):
        fails = Fails(1)
        assert Pipeline(Again(), handler=serving(server))(fails)(7, k=1) == ((7,), {"k": 1})

    async def test_a_coroutine_function_is_one_before_and_after_the_first_call(self, server):
        @Pipeline(Door(), handler=serving(server))
        async def quote():
            return 1

        assert inspect.iscoroutinefunction(quote)
        assert await quote() == 1
        assert inspect.iscoroutinefunction(quote)

    def test_show_their_compiled_lines_in_a_traceback(self, server):
        @Pipeline(Door(), handler=serving(server))
        def fail():
            raise KeyError("x")

        with pytest.raises(KeyError):
            fail()
        with pytest.raises(KeyError) as caught:
            fail()
        frames = traceback.extract_tb(caught.value.__traceback__)
        assert [frame.name for frame in frames][-1] == "fail"
        (compiled,) = (frame for frame in frames if frame.filename.startswith("<recoup pipeline"))
        assert "function()" in (compiled.line or "")
        assert linecache.getline(compiled.filename, compiled.lineno or 0)

    def test_are_compiled_once_for_all_calls(self, server):
        @Pipeline(Door(), handler=serving(server))
        def quote():
            return 1

        for _ in range(5):
            quote()
        assert len(server.scopes) == 1

    def test_are_compiled_anew_when_plugins_change(self, server):
        handler = serving(server)

        @Pipeline(Door(), handler=handler)
        def quote():
            return 1

        quote()
        handler.plugins.register(Listens(), "listens")
        quote()
        quote()
        assert len(server.scopes) == 2
        handler.plugins.unregister("server")
        with pytest.raises(PolicyUnavailable):
            quote()

    def test_a_call_under_way_leaves_the_gates_that_it_has_passed(self, server):
        handler = serving(server)
        pipeline = Pipeline(Door(name="old"), handler=handler)

        @pipeline
        def quote(depth):
            if depth:
                pipeline.reconfigure(Door(name=f"new{depth}"))
                quote(depth - 1)

        quote(5)
        left = [entry[0] for entry in server.log if not isinstance(entry, str)]
        assert left == ["-new1", "-new2", "-new3", "-new4", "-new5", "-old"]

    async def test_a_call_under_way_outlives_any_number_of_changes(self, server):
        pipeline = Pipeline(Door(name="old"), handler=serving(server))
        begun, ended = anyio.Event(), anyio.Event()

        @pipeline
        async def quote(is_long):
            if is_long:
                begun.set()
                await ended.wait()
            return is_long

        async def run_long():
            assert await quote(True)

        await quote(False)
        async with anyio.create_task_group() as group:
            group.start_soon(run_long)
            await begun.wait()
            for number in range(VERSIONS_KEPT + 6):
                pipeline.reconfigure(Door(name=f"new{number}"))
                await quote(False)
            ended.set()
        assert server.log[-1][0] == "-old"

    def test_keep_a_bounded_number_of_lines_for_tracebacks(self, server):
        pipeline = Pipeline(Door(), handler=serving(server))
        quote = pipeline(lambda: 1)
        for _ in range(MOST_SHOWN + 10):
            pipeline.reconfigure(Door())
            quote()
        assert sum(name.startswith("<recoup pipeline") for name in linecache.cache) <= MOST_SHOWN

    def test_a_signature_that_is_only_shown_changes_no_call(self, server):
        def quote(*args, **kwargs):
            return args, kwargs

        quote.__signature__ = inspect.signature(lambda symbol, depth=5: None)
        decorated = Pipeline(Door(), handler=serving(server))(quote)
        for _ in range(2):
            assert decorated("a", side="b") == (("a",), {"side": "b"})

    def test_parameters_may_have_the_names_of_what_the_compiled_text_uses(self, server):
        @Pipeline(Again(times=1), Door(), handler=serving(server))
        def quote(Exception=None, BaseException=None):  # noqa: A002, N803 - names that hide what is built in
            raise KeyError(Exception, BaseException)

        for _ in range(2):
            with pytest.raises(KeyError):
                quote(1, 2)

    async def test_serve_whichever_handler_is_current(self):
        first, second = Server(), Server()
        pipeline = Pipeline(Door())

        @pipeline
        async def quote():
            return 1

        former = ErrorHandlerFactory.set_default(serving(first))
        try:
            await quote()
            async with serving(second):
                await quote()
                await quote()
            await quote()
        finally:
            ErrorHandlerFactory.set_default(former)
        assert (len(first.log), len(second.log)) == (4, 4)
        assert len(second.scopes) == 1

    def test_look_again_when_the_default_handler_is_replaced(self):
        first, second = Server(), Server()

        @Pipeline(Door())
        def quote():
            return 1

        former = ErrorHandlerFactory.set_default(serving(first))
        try:
            quote()
            ErrorHandlerFactory.set_default(serving(second))
            quote()
        finally:
            ErrorHandlerFactory.set_default(former)
        assert (len(first.log), len(second.log)) == (2, 2)

    def test_called_first_by_many_threads_at_once_lose_no_call(self, server):
        @Pipeline(Door(), handler=serving(server))
        def quote(number):
            return number

        barrier = threading.Barrier(8)
        results: list[int] = []

        def call(number: int) -> None:
            barrier.wait()
            results.extend(quote(number) for _ in range(50))

        threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == sorted(list(range(8)) * 50)
        assert len(server.log) == 2 * 400


class Listens:
    @hookimpl
    def monitor(self, event):
        pass


class TestScopes:
    def test_functions_are_kept_apart_by_name_and_module(self, server):
        pipeline = Pipeline(Door(), handler=serving(server))
        pipeline.call_sync(Fails(0))
        pipeline.call_sync(len, "abc")
        assert [scope.key for scope in server.scopes] == [f"{__name__}.Fails", "builtins.len"]

    def test_a_named_pipeline_is_one_scope_for_all(self, server):
        pipeline = Pipeline(Door(), name="venue", handler=serving(server))
        pipeline.call_sync(len, "abc")
        pipeline.call_sync(sum, [1])
        assert {scope.key for scope in server.scopes} == {"venue"}

    def test_an_operation_says_key_kind_priority_and_weight(self, server):
        operation = Operation(kind=OperationKind.CANCEL, key="binance:a", weight=4)
        Pipeline(Door(), operation=operation, handler=serving(server)).call_sync(len, "")
        (scope,) = server.scopes
        assert (scope.key, scope.kind, scope.priority, scope.weight) == (
            "binance:a",
            OperationKind.CANCEL,
            Priority.CRITICAL,
            4,
        )

    @pytest.mark.parametrize(
        ("name", "kind", "is_assumed"),
        [
            ("compute", OperationKind.IDEMPOTENT_WRITE, True),
            ("fetch_ticker", OperationKind.READ, False),
            ("trade", OperationKind.SUBMIT, False),
            ("go_long", OperationKind.UNSPECIFIED, False),
        ],
    )
    def test_a_retry_assumes_that_a_name_which_tells_nothing_is_repeatable(self, name, kind, is_assumed):
        server = Server()

        class Retries(Server):
            serves = (RetryConfig,)

            def policy(self, config, scope):
                server.scopes.append(scope)
                return super().policy(Again(), scope)

            def placing(self, config):
                return super().placing(Again())

        function = lambda: 1  # noqa: E731
        function.__qualname__ = name
        Pipeline(RetryConfig(), handler=serving(Retries())).call_sync(function)
        assert [(scope.kind, scope.is_assumed) for scope in server.scopes] == [(kind, is_assumed)]
        server.scopes.clear()
        stated = Operation(kind=OperationKind.IDEMPOTENT_WRITE)
        Pipeline(RetryConfig(), operation=stated, handler=serving(Retries())).call_sync(function)
        assert not server.scopes[0].is_assumed

    def test_an_operation_told_by_the_arguments_chooses_the_scope_of_each_call(self, server):
        asked = []

        def operation(account):
            asked.append(account)
            return Operation(kind=OperationKind.READ, key=account)

        @Pipeline(Door(), operation=operation, handler=serving(server))
        def balance(account):
            return account

        for account in ("a", "b", "a"):
            balance(account)
        assert asked == ["a", "b", "a"]
        assert [scope.key for scope in server.scopes] == ["a", "b"]

    def test_are_bounded(self, server):
        operation = lambda number: Operation(key=f"k{number}")  # noqa: E731
        pipeline = Pipeline(Door(), operation=operation, handler=serving(server))
        for number in range(SCOPES_KEPT + 10):
            pipeline.call_sync(abs, number)
        (programs,) = pipeline._programs
        assert len(programs.by_scope) <= SCOPES_KEPT

    def test_handlers_are_bounded(self):
        pipeline = Pipeline(Door())
        for _ in range(HANDLERS_KEPT + 3):
            former = ErrorHandlerFactory.set_default(serving(Server()))
            try:
                pipeline.call_sync(abs, 1)
            finally:
                ErrorHandlerFactory.set_default(former)
        assert len(pipeline._programs) == HANDLERS_KEPT

    @pytest.mark.parametrize("mistake", [abs, Door])
    def test_a_function_or_class_is_no_policy(self, mistake):
        with pytest.raises(TypeError, match="needs its parentheses"):
            Pipeline(mistake)

    def test_misuse_is_told_by_the_policy(self, server):
        class Strict(Server):
            def policy(self, config, scope):
                raise PolicyMisuse("not around an order")

        with pytest.raises(PolicyMisuse, match="not around an order"):
            Pipeline(Door(), handler=serving(Strict())).call_sync(abs, 1)
