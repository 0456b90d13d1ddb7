"""Decorating: functions, methods, generators and what can't be decorated."""

from __future__ import annotations

import functools
import inspect
import subprocess
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from guarding import PassesOn

from recoup import (
    ErrorHandler,
    Place,
    Placing,
    Recovery,
    RetryConfig,
    guard,
    hookimpl,
    with_circuit_breaker,
    with_fallback,
    with_retry,
)
from recoup.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Repeats:
    serves = (RetryConfig,)

    def __init__(self):
        self.asked = 0
        self.remembered: list[Any] = []

    def placing(self, config):
        return Placing(place=Place.RETRY)

    def policy(self, config, scope):
        return PassesOn()

    @hookimpl
    def recover(self, context):
        self.asked += 1
        return Recovery.retry(verified=True) if context.call.attempts < 3 else None

    def keeps(self, policy):
        return True

    def remember(self, call, value):
        self.remembered.append(value)


class StandsIn:
    def __init__(self, value):
        self.value = value

    @hookimpl
    def recover(self):
        return Recovery.recovered(self.value)


@pytest.fixture
def repeats():
    return Repeats()


@pytest.fixture
def handler(repeats):
    return ErrorHandler(discover=False, plugins={"repeats": repeats}, clock=FakeClock())


def flaky(failures):
    left = [failures]

    def check():
        if left[0]:
            left[0] -= 1
            raise ConnectionError

    return check


class TestWhatADecoratedFunctionKeeps:
    def test_name_documentation_annotations_and_signature(self, handler):
        def quote(symbol: str, *, depth: int = 5) -> list[float]:
            """Quote."""
            return []

        decorated = guard(handler=handler)(quote)
        assert decorated.__name__ == "quote"
        assert decorated.__qualname__ == quote.__qualname__
        assert decorated.__module__ == __name__
        assert decorated.__doc__ == "Quote."
        assert decorated.__annotations__ == quote.__annotations__
        assert inspect.signature(decorated) == inspect.signature(quote)
        assert decorated.__wrapped__ is quote

    def test_its_nature(self, handler):
        async def coroutine():
            pass

        async def generator():
            yield 1

        def plain():
            pass

        decorate = guard(handler=handler)
        assert inspect.iscoroutinefunction(decorate(coroutine))
        assert inspect.isasyncgenfunction(decorate(generator))
        assert not inspect.iscoroutinefunction(decorate(plain))
        assert not inspect.isasyncgenfunction(decorate(plain))

    def test_its_type_as_a_type_checker_sees_it(self, tmp_path):
        source = tmp_path / "typed.py"
        source.write_text(
            "from collections.abc import AsyncIterator, Callable, Coroutine\n"
            "from typing import Any, assert_type\n"
            "from recoup import RetryConfig, enhanced_error_handler, guard, with_circuit_breaker, with_fallback\n"
            "from recoup import with_retry\n"
            "@guard(RetryConfig())\n"
            "def plain(symbol: str) -> int: return 1\n"
            "@with_retry()\n"
            "@with_circuit_breaker()\n"
            "@with_fallback()\n"
            "@enhanced_error_handler()\n"
            "async def coroutine(symbol: str) -> float: return 1.0\n"
            "@guard()\n"
            "async def ticks() -> AsyncIterator[int]: yield 1\n"
            "assert_type(plain('x'), int)\n"
            "pending = assert_type(coroutine('x'), Coroutine[Any, Any, float])\n"
            "assert_type(ticks(), AsyncIterator[int])\n"
            "plain(1)  # type: ignore[arg-type]  # the parameters are kept as well\n"
        )
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.anyio
class TestWhatCanBeDecorated:
    async def test_functions_and_coroutine_functions(self, handler):
        check, check_later = flaky(2), flaky(2)

        @guard(handler=handler)
        def plain(value):
            check()
            return value

        @guard(handler=handler)
        async def coroutine(value):
            check_later()
            return value

        assert plain(1) == 1
        assert await coroutine(value=2) == 2

    async def test_methods_class_methods_and_static_methods(self, handler):
        class Desk:
            check = staticmethod(flaky(1))

            @guard(handler=handler)
            async def method(self):
                self.check()
                return self

            @classmethod
            @guard(handler=handler)
            def of_class(cls):
                return cls

            @staticmethod
            @guard(handler=handler)
            def static():
                return "static"

        desk = Desk()
        assert await desk.method() is desk
        assert desk.of_class() is Desk
        assert desk.static() == "static"
        assert guard(handler=handler)(desk.static)() == "static"

    async def test_partials_and_callable_objects(self, handler):
        async def add(one, two):
            return one + two

        class Plain:
            def __call__(self):
                return "plain"

        class Async:
            async def __call__(self):
                return "async"

        class Stream:
            async def __call__(self):
                yield "item"

        decorate = guard(handler=handler)
        assert await decorate(functools.partial(add, 1))(2) == 3
        assert decorate(Plain())() == "plain"
        assert await decorate(Async())() == "async"
        assert [item async for item in decorate(Stream())()] == ["item"]

    async def test_arguments_of_any_name(self, handler):
        @guard(handler=handler)
        def takes(**kwargs):
            return kwargs

        names = {"function": 1, "self": 2, "guard": 3, "args": 4}
        assert takes(**names) == names


def numbers():
    yield 1


class TestWhatCanTBeDecorated:
    @pytest.mark.parametrize("kind", [classmethod, staticmethod])
    def test_a_method_that_was_made_static_first(self, kind):
        with pytest.raises(TypeError, match=f"write @{kind.__name__} above it"):
            guard()(kind(lambda: None))

    @pytest.mark.parametrize("thing", [42, None, property(lambda self: 1), "quote", dict])
    def test_what_is_no_function(self, thing):
        with pytest.raises(TypeError, match="a guard decorates a function or method, got"):
            guard()(thing)

    def test_a_generator_function(self):
        class Numbers:
            def __call__(self):
                yield 1

        for function in (numbers, functools.partial(numbers), Numbers()):
            with pytest.raises(TypeError, match="is a generator function: guard the calls within it instead"):
                guard()(function)

    @pytest.mark.parametrize("decorator", [guard, with_retry, with_circuit_breaker, with_fallback])
    def test_by_a_decorator_without_its_parentheses(self, decorator):
        with pytest.raises(TypeError):

            @decorator
            def quote():
                pass


@pytest.mark.anyio
class TestAsynchronousGenerators:
    async def test_what_comes_before_the_first_item_is_guarded(self, handler, repeats):
        check = flaky(2)

        @guard(handler=handler)
        async def ticks(count) -> AsyncIterator[int]:
            check()
            for number in range(count):
                yield number

        assert [tick async for tick in ticks(3)] == [0, 1, 2]
        assert repeats.asked == 2

    async def test_a_later_failure_passes(self, handler, repeats):
        error = ConnectionError("mid-stream")

        @guard(handler=handler)
        async def ticks():
            yield 1
            raise error

        seen = []
        with pytest.raises(ConnectionError) as caught:
            async for tick in ticks():
                seen.append(tick)  # noqa: PERF401
        assert caught.value is error
        assert error.__context__ is None
        assert seen == [1]
        assert repeats.asked == 0

    async def test_without_items_is_empty(self, handler):
        @guard(handler=handler)
        async def ticks():
            return
            yield

        assert [tick async for tick in ticks()] == []

    async def test_is_sent_what_the_consumer_sends_and_thrown_what_it_throws(self, handler):
        @guard(handler=handler)
        async def echo():
            received = yield "ready"
            while True:
                try:
                    received = yield received
                except ValueError as error:
                    received = f"caught {error}"

        stream = echo()
        assert await anext(stream) == "ready"
        assert await stream.asend("one") == "one"
        assert await stream.athrow(ValueError("two")) == "caught two"
        assert await stream.asend("three") == "three"
        with pytest.raises(KeyError) as caught:
            await stream.athrow(error := KeyError("not caught"))
        assert caught.value is error

    async def test_is_closed_when_its_consumer_stops(self, handler):
        closed = []

        @guard(handler=handler)
        async def ticks():
            try:
                while True:
                    yield 1
            finally:
                closed.append(True)

        async with aclosing(ticks()) as stream:
            await anext(stream)
        assert closed == [True]

    @pytest.mark.parametrize(
        ("value", "items"), [(None, []), ([1, 2], [1, 2]), ((), []), ({"bid": 1}, [{"bid": 1}]), ("tick", ["tick"])]
    )
    async def test_what_stands_in_for_it_gives_its_items(self, value, items):
        handler = ErrorHandler(discover=False, plugins={"stands_in": StandsIn(value)}, clock=FakeClock())

        @guard(handler=handler)
        async def ticks():
            raise ConnectionError
            yield

        assert [tick async for tick in ticks()] == items

    async def test_another_generator_may_stand_in_for_it(self):
        async def other():
            yield 7
            yield 8

        handler = ErrorHandler(discover=False, plugins={"stands_in": StandsIn(other())}, clock=FakeClock())

        @guard(handler=handler)
        async def ticks():
            raise ConnectionError
            yield

        assert [tick async for tick in ticks()] == [7, 8]

    async def test_is_never_kept_as_a_result(self, handler, repeats):
        @guard(RetryConfig(), handler=handler)
        async def ticks():
            yield 1

        @guard(RetryConfig(), handler=handler)
        async def quote():
            return 2

        assert [tick async for tick in ticks()] == [1]
        await quote()
        assert repeats.remembered == [2]
