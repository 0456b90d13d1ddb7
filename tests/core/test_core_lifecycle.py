"""Starting and stopping: in order, completely, and whatever plugins do."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import anyio
import pytest
from attrs import frozen

from recoup import (
    Classification,
    Config,
    ErrorCategory,
    ErrorHandler,
    ErrorHandlingConfig,
    ErrorSeverity,
    HandlerStateError,
    InvalidPlugin,
    PluginEvent,
    PluginSettings,
    Recovery,
    StateEvent,
    UnknownPlugin,
    hookimpl,
)
from recoup._current import current_handler
from recoup.lifecycle import HandlerState
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio


class Log:
    """Writes down who starts and stops, and what is published."""

    def __init__(self):
        self.lines: list[str] = []
        self.events: list[Any] = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)

    @hookimpl
    def sanitize(self, payload):
        return payload

    def plugin(self, name: str, *, start: Any = None, stop: Any = None, is_async: bool = True) -> Any:
        log = self

        class Async:
            async def start(self):
                log.lines.append(f"start {name}")
                await _do(start)

            async def stop(self):
                log.lines.append(f"stop {name}")
                await _do(stop)

        class Plain:
            def start(self):
                log.lines.append(f"start {name}")

            def stop(self):
                log.lines.append(f"stop {name}")

        return Async() if is_async else Plain()

    def faults(self, name: str) -> list[str]:
        return [event.fault for event in self.events if isinstance(event, PluginEvent) and event.plugin == name]


async def _do(action: Any) -> None:
    if isinstance(action, BaseException):
        raise action
    if action is not None:
        await action()


def make(log: Log, **plugins: Any) -> ErrorHandler:
    return ErrorHandler(discover=False, plugins={"zz_log": log, **plugins}, clock=FakeClock())


class Waits:
    """A recovery under way, until it is let go on."""

    def __init__(self):
        self.begun = anyio.Event()
        self.go_on = anyio.Event()
        self.stopped = False
        self.saw_it_stopped: bool | None = None

    @hookimpl
    async def recover(self):
        self.begun.set()
        await self.go_on.wait()
        self.saw_it_stopped = self.stopped
        return Recovery.recovered("done")

    def stop(self):
        self.stopped = True


class TestOrder:
    async def test_plugins_start_by_name_and_stop_in_reverse(self):
        log = Log()
        async with make(log, b=log.plugin("b"), a=log.plugin("a", is_async=False), c=log.plugin("c")):
            assert log.lines == ["start a", "start b", "start c"]
        assert log.lines[3:] == ["stop c", "stop b", "stop a"]

    async def test_each_change_is_published(self):
        log = Log()
        handler = make(log, a=log.plugin("a"))
        async with handler:
            assert handler._lifecycle.state is HandlerState.STARTED
        states = [(event.old, event.new) for event in log.events if isinstance(event, StateEvent)]
        assert states == [("ready", "started"), ("started", "closed")]
        assert log.faults("a") == ["started", "stopped"]

    async def test_nothing_is_started_before_it_is_asked_for(self):
        log = Log()
        make(log, a=log.plugin("a"))
        assert log.lines == []

    async def test_start_and_close_serve_code_without_a_with_block(self):
        log = Log()
        handler = make(log, a=log.plugin("a"))
        await handler.start()
        assert current_handler.get() is None
        await handler.close()
        assert log.lines == ["start a", "stop a"]


class TestStates:
    async def test_closing_twice_stops_once(self):
        log = Log()
        handler = make(log, a=log.plugin("a"))
        async with handler:
            pass
        await handler.close()
        assert log.lines == ["start a", "stop a"]

    async def test_closing_without_start_stops_nothing(self):
        log = Log()
        handler = make(log, a=log.plugin("a"))
        await handler.close()
        assert log.lines == []

    async def test_starting_twice_is_an_error_and_leaves_it_running(self):
        log = Log()
        handler = make(log, a=log.plugin("a"))
        async with handler:
            with pytest.raises(HandlerStateError, match="a handler that is started can't start; make a new one"):
                await handler.start()
            with pytest.raises(HandlerStateError):
                async with handler:
                    pass
            assert log.lines == ["start a"]
            assert current_handler.get() is handler

    async def test_starting_after_close_is_an_error(self):
        handler = make(Log())
        await handler.close()
        with pytest.raises(HandlerStateError, match="closed"):
            await handler.start()

    async def test_leaving_what_was_never_entered_is_an_error(self):
        with pytest.raises(HandlerStateError, match="async with"):
            await make(Log()).__aexit__(None, None, None)


class TestFailures:
    async def test_a_plugin_that_fails_to_start_is_taken_out_with_an_event(self):
        log = Log()
        handler = make(log, a=log.plugin("a", start=OSError("no port")), b=log.plugin("b"))
        async with handler:
            assert log.lines == ["start a", "start b"]
            with pytest.raises(UnknownPlugin):
                handler.plugins.get("a")
        assert log.lines == ["start a", "start b", "stop b"]
        assert log.faults("a") == ["raised", "unregistered"]
        assert "OSError: no port" in log.events[1].detail

    async def test_a_plugin_that_fails_to_stop_keeps_no_other_from_stopping(self):
        log = Log()
        async with make(log, a=log.plugin("a"), b=log.plugin("b", stop=OSError("stuck"))):
            pass
        assert log.lines[2:] == ["stop b", "stop a"]
        assert log.faults("b") == ["started", "raised"]

    async def test_a_plugin_that_hangs_while_it_stops_is_given_up_on(self, monkeypatch):
        monkeypatch.setattr("recoup.lifecycle.STOP_LIMIT", 0.01)
        log = Log()
        async with make(log, a=log.plugin("a"), b=log.plugin("b", stop=anyio.sleep_forever)):
            pass
        assert log.lines[2:] == ["stop b", "stop a"]
        assert log.faults("b") == ["started", "timed_out"]

    async def test_a_plugin_that_hangs_while_it_starts_is_taken_out(self, monkeypatch):
        monkeypatch.setattr("recoup.lifecycle.START_LIMIT", 0.01)
        log = Log()
        handler = make(log, a=log.plugin("a", start=anyio.sleep_forever), b=log.plugin("b"))
        with anyio.fail_after(5):
            async with handler:
                assert log.lines == ["start a", "start b"]
                with pytest.raises(UnknownPlugin):
                    handler.plugins.get("a")
        assert log.lines == ["start a", "start b", "stop b"]
        assert log.faults("a") == ["timed_out", "unregistered"]
        assert "took more than 0.01 s to start" in log.events[1].detail

    @pytest.mark.parametrize("is_async", [True, False])
    async def test_its_own_time_limit_counts_for_the_start_even_of_a_plain_function(self, is_async):
        released = threading.Event()

        class Async:
            async def start(self):
                await anyio.sleep_forever()

        class Plain:
            def start(self):
                released.wait(5)

        log = Log()
        config = Config(error_handling=ErrorHandlingConfig(plugins={"a": PluginSettings(time_limit=0.01)}))
        plugins = {"zz_log": log, "a": Async() if is_async else Plain()}
        try:
            with anyio.fail_after(4):
                async with ErrorHandler(config, discover=False, plugins=plugins, clock=FakeClock()):
                    pass
        finally:
            released.set()
        assert log.faults("a") == ["timed_out", "unregistered"]

    async def test_a_plain_start_within_its_time_limit_is_a_start_like_any_other(self):
        log = Log()
        config = Config(error_handling=ErrorHandlingConfig(plugins={"a": PluginSettings(time_limit=5)}))
        plugins = {"zz_log": log, "a": log.plugin("a", is_async=False)}
        async with ErrorHandler(config, discover=False, plugins=plugins, clock=FakeClock()):
            assert log.lines == ["start a"]
        assert log.faults("a") == ["started", "stopped"]

    async def test_an_exception_in_the_body_passes_through_as_it_is(self):
        log = Log()
        error = KeyError("mine")
        with pytest.raises(KeyError) as caught:
            async with make(log, a=log.plugin("a")):
                raise error
        assert caught.value is error
        assert error.__cause__ is None
        assert error.__context__ is None
        assert log.lines == ["start a", "stop a"]

    async def test_an_exit_in_another_context_still_stops_the_plugins(self):
        log = Log()
        handler = make(log, a=log.plugin("a"))
        await handler.__aenter__()
        token, handler._token = handler._token, None
        assert token is not None
        current_handler.reset(token)
        await handler.__aexit__(None, None, None)
        assert log.lines == ["start a", "stop a"]


class TestCancellation:
    async def test_of_the_body_stops_the_plugins_all_the_same(self):
        log = Log()

        async def slow_stop():
            await anyio.lowlevel.checkpoint()
            log.lines.append("flushed")

        with anyio.CancelScope() as scope:
            async with make(log, a=log.plugin("a", stop=slow_stop)):
                scope.cancel()
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert log.lines == ["start a", "stop a", "flushed"]

    async def test_while_plugins_start_stops_those_that_were_started(self):
        log = Log()
        handler = make(log, a=log.plugin("a"), b=log.plugin("b", start=anyio.sleep_forever))
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:

                async def enter():
                    async with handler:
                        raise AssertionError("never entered")

                group.start_soon(enter)
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        assert log.lines == ["start a", "start b", "stop a"]
        assert handler._lifecycle.state is HandlerState.CLOSED

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_of_the_task_leaves_no_task_behind(self, anyio_backend):
        log = Log()
        before = asyncio.all_tasks()

        async def body():
            async with make(log, a=log.plugin("a")):
                await asyncio.sleep(3600)

        task = asyncio.create_task(body())
        await anyio.wait_all_tasks_blocked()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log.lines == ["start a", "stop a"]
        assert asyncio.all_tasks() == before


class TestPluginsThatComeAndGo:
    async def test_one_added_to_a_running_handler_is_started_and_later_stopped(self):
        log = Log()
        handler = make(log)
        async with handler:
            plugin = log.plugin("new")
            assert await handler.add_plugin(plugin, "new") is plugin
            assert log.lines == ["start new"]
        assert log.lines == ["start new", "stop new"]

    async def test_one_added_before_start_is_started_with_the_rest(self):
        log = Log()
        handler = make(log)
        await handler.add_plugin(log.plugin("new"), "new")
        assert log.lines == []
        async with handler:
            assert log.lines == ["start new"]

    async def test_a_class_is_built(self):
        class Counts:
            @frozen
            class Config:
                pass

            def __init__(self, host, config):
                self.host, self.config = host, config

        handler = make(Log())
        built = await handler.add_plugin(Counts, "counts")
        assert built.host is handler
        assert isinstance(built.config, Counts.Config)

    async def test_a_taken_name_is_an_error(self):
        handler = make(Log())
        with pytest.raises(InvalidPlugin, match="a plugin of that name is registered"):
            await handler.add_plugin(Log(), "zz_log")

    async def test_one_that_fails_to_start_is_taken_out_again(self):
        log = Log()
        handler = make(log)
        async with handler:
            await handler.add_plugin(log.plugin("new", start=OSError()), "new")
            with pytest.raises(UnknownPlugin):
                handler.plugins.get("new")
        assert log.lines == ["start new"]

    async def test_one_removed_is_stopped_once(self):
        log = Log()
        handler = make(log, a=(plugin := log.plugin("a")))
        async with handler:
            assert await handler.remove_plugin("a") is plugin
            assert log.lines == ["start a", "stop a"]
        assert log.lines == ["start a", "stop a"]

    async def test_removing_what_is_not_there_is_an_error(self):
        with pytest.raises(UnknownPlugin, match="did you mean 'zz_log'"):
            await make(Log()).remove_plugin("zz_logs")

    async def test_one_taken_out_behind_the_handler_s_back_is_stopped_on_close_with_the_rest(self):
        log = Log()
        handler = make(log, a=log.plugin("a"), b=log.plugin("b"))
        async with handler:
            handler.plugins.unregister("b")
        assert log.lines[2:] == ["stop b", "stop a"]

    async def test_removing_waits_for_the_call_in_flight_and_then_stops(self):
        waits = Waits()
        handler = make(Log(), waits=waits)
        error = ValueError("x")
        async with handler, anyio.create_task_group() as group:
            context = handler.create_error_context(error, "exchange", "fetch_ticker")
            answers: list[bool] = []
            removed = anyio.Event()

            async def handle():
                answers.append(await handler.handle_error(error, context))

            async def remove():
                await handler.remove_plugin("waits")
                removed.set()

            group.start_soon(handle)
            await waits.begun.wait()
            group.start_soon(remove)
            await anyio.wait_all_tasks_blocked()
            assert not waits.stopped
            assert not removed.is_set()
            assert not await handler.handle_error(error, handler.create_error_context(error, "exchange", "fetch_x"))
            waits.go_on.set()
            with anyio.fail_after(5):
                await removed.wait()
            assert waits.saw_it_stopped is False
            assert waits.stopped
            assert answers == [True]

    async def test_a_removal_that_is_cancelled_leaves_the_stop_to_close(self):
        waits = Waits()
        handler = make(Log(), waits=waits)
        error = ValueError("x")
        async with handler, anyio.create_task_group() as group:
            group.start_soon(handler.handle_error, error, handler.create_error_context(error, "a", "fetch_x"))
            await waits.begun.wait()
            with anyio.move_on_after(0.01):
                await handler.remove_plugin("waits")
            assert not waits.stopped
            waits.go_on.set()
        assert waits.stopped


class TestTheCurrentHandler:
    async def test_is_the_one_entered_last(self):
        outer, inner = make(Log()), make(Log())
        async with outer:
            async with inner:
                assert current_handler.get() is inner
            assert current_handler.get() is outer
        assert current_handler.get() is None

    async def test_is_a_matter_of_each_task(self):
        seen = {}

        async def task(name):
            async with make(Log()) as handler:
                await anyio.wait_all_tasks_blocked()
                seen[name] = current_handler.get() is handler

        async with anyio.create_task_group() as group:
            for name in "abc":
                group.start_soon(task, name)
        assert seen == {"a": True, "b": True, "c": True}

    async def test_is_seen_by_tasks_begun_inside(self):
        found = []

        async def child():
            found.append(current_handler.get())

        async with make(Log()) as handler, anyio.create_task_group() as group:
            group.start_soon(child)
        assert found == [handler]


class TestLeaks:
    async def test_workers_of_time_limited_plugins_end_with_the_handler(self):
        class Limited:
            @hookimpl
            def classify(self):
                return Classification(severity=ErrorSeverity.LOW, category=ErrorCategory.NETWORK, retryable=False)

        config = Config(error_handling=ErrorHandlingConfig(plugins={"time-limited": PluginSettings(time_limit=5)}))
        handler = ErrorHandler(config, discover=False, plugins={"time-limited": Limited()}, clock=FakeClock())
        async with handler:
            handler.classify_error(ValueError())
            (worker,) = [thread for thread in threading.enumerate() if thread.name == "recoup-time-limited"]
        worker.join(5)
        assert not worker.is_alive()
