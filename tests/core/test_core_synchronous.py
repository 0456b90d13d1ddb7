"""The handler in plain synchronous code, with and without an event loop elsewhere."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from anyio import to_thread

from recoup import ErrorHandler, Guard, HandlerStateError, PluginEvent, Recovery, hookimpl
from recoup.testing import FakeClock


class Plain:
    @hookimpl
    def recover(self):
        return Recovery.retry(5.0, verified=True)


class Async:
    def __init__(self):
        self.threads: list[int] = []

    @hookimpl
    async def recover(self):
        await anyio.lowlevel.checkpoint()
        self.threads.append(threading.get_ident())
        return Recovery.recovered("async")


class Witness:
    def __init__(self):
        self.faults: list[PluginEvent] = []

    @hookimpl
    def monitor(self, event):
        if isinstance(event, PluginEvent) and event.fault == "raised":
            self.faults.append(event)


def make(plugin: Any, **others: Any) -> ErrorHandler:
    return ErrorHandler(discover=False, plugins={"plugin": plugin, **others}, clock=FakeClock())


def failed(handler: ErrorHandler) -> Any:
    error = ConnectionError("gone")
    return error, handler.create_error_context(error, "exchange", "fetch_ticker")


def fails() -> None:
    raise ConnectionError


class TestWithoutALoop:
    def test_plain_plugins_need_none(self):
        handler = make(Plain())
        assert handler.handle_error_sync(*failed(handler))
        assert handler.clock.sleeps == [5.0]

    def test_an_asynchronous_plugin_is_given_one_in_the_calling_thread(self):
        handler = make(plugin := Async())
        assert handler.handle_error_sync(*failed(handler))
        assert plugin.threads == [threading.get_ident()]

    def test_what_is_not_handled_is_not_waited_for(self):
        handler = ErrorHandler(discover=False, clock=FakeClock())
        assert not handler.handle_error_sync(*failed(handler))
        assert handler.clock.sleeps == []

    def test_a_strategy_may_be_a_coroutine_function(self):
        async def strategy():
            await anyio.lowlevel.checkpoint()
            return "recovered"

        handler = make(Plain())
        assert handler.process_sync(*failed(handler), strategy).value == "recovered"

    def test_a_plain_function_that_returns_an_awaitable_can_t_be_served(self):
        class Suspends:
            def __await__(self):
                yield

        class Hidden:
            @hookimpl
            def recover(self):
                return Suspends()

        handler = make(Hidden())
        with pytest.raises(HandlerStateError, match="declare it with async def"):
            handler.process_sync(*failed(handler))

    def test_many_threads_at_once(self):
        for plugin in (Plain(), Async()):
            handler = make(plugin)
            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _, h=handler: h.handle_error_sync(*failed(h)), range(80)))
            assert answers == [True] * 80


@pytest.mark.anyio
class TestWithALoop:
    async def test_another_thread_s_calls_run_in_the_loop_that_the_handler_was_entered_in(self):
        handler = make(plugin := Async())
        async with handler:
            assert await to_thread.run_sync(lambda: handler.handle_error_sync(*failed(handler)))
            assert await to_thread.run_sync(lambda: Guard(handler=handler).call_sync(fails)) == "async"
        assert plugin.threads == [threading.get_ident()] * 2

    async def test_after_the_exit_they_run_in_their_own(self):
        handler = make(plugin := Async())
        async with handler:
            pass
        assert await to_thread.run_sync(lambda: handler.handle_error_sync(*failed(handler)))
        assert plugin.threads != [threading.get_ident()]

    async def test_many_threads_at_once(self):
        handler = make(plugin := Async())
        answers = []

        def work():
            answers.append(handler.handle_error_sync(*failed(handler)))

        async with handler, anyio.create_task_group() as group:
            for _ in range(30):
                group.start_soon(to_thread.run_sync, work)
        assert answers == [True] * 30
        assert set(plugin.threads) == {threading.get_ident()}

    async def test_the_exit_waits_for_them(self):
        begun, go_on = anyio.Event(), anyio.Event()

        class Slow:
            @hookimpl
            async def recover(self):
                begun.set()
                await go_on.wait()
                return Recovery.recovered()

        handler = make(Slow())
        answers = []

        def work():
            answers.append(handler.handle_error_sync(*failed(handler)))

        async with anyio.create_task_group() as group, handler:
            group.start_soon(to_thread.run_sync, work)
            await begun.wait()
            go_on.set()
        assert answers == [True]

    @pytest.mark.parametrize("entered", [True, False])
    async def test_in_the_loop_s_own_thread_a_plugin_that_has_to_wait_is_a_clear_error(self, entered):
        handler = make(Async())
        if entered:
            await handler.__aenter__()
        with pytest.raises(HandlerStateError, match="in the thread of a running loop"):
            handler.process_sync(*failed(handler))
        if entered:
            await handler.__aexit__(None, None, None)

    async def test_in_the_loop_s_own_thread_the_application_s_error_passes_and_the_reason_is_reported(self):
        witness = Witness()
        handler = make(Async(), witness=witness)
        with pytest.raises(ConnectionError) as caught:
            Guard(handler=handler).call_sync(fails)
        assert caught.value.__cause__ is None
        assert [(event.plugin, event.hook, event.fault) for event in witness.faults] == [
            ("handler", "process_sync", "raised")
        ]

    async def test_in_the_loop_s_own_thread_a_coroutine_that_need_not_wait_serves_all_the_same(self):
        class AtOnce:
            @hookimpl
            async def recover(self):
                return Recovery.recovered("at once")

        assert Guard(handler=make(AtOnce())).call_sync(fails) == "at once"

    async def test_in_the_loop_s_own_thread_plain_plugins_serve_all_the_same(self):
        handler = make(Plain())
        async with handler:
            assert handler.process_sync(*failed(handler)).handled
