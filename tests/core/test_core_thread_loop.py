"""The event loop that a thread of synchronous code keeps."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import signal
import threading
import weakref
from contextvars import ContextVar

import anyio
import pytest
from anyio import to_thread

from recoup import ErrorHandler, Recovery, hookimpl, thread_loop
from recoup.testing import FakeClock
from recoup.thread_loop import ThreadLoop

said: ContextVar[str] = ContextVar("said", default="nothing")


def in_thread(work):
    """Run in a thread of its own, and return what came out once the thread has ended."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def run(function):
    return ThreadLoop.of_this_thread().run(function())


async def the_loop():
    return asyncio.get_running_loop()


def test_a_thread_keeps_one_and_has_none_as_its_current_one():
    def work():
        loops = [run(the_loop) for _ in range(3)]
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return loops

    assert len(set(in_thread(work))) == 1


def test_each_thread_has_its_own():
    assert in_thread(lambda: run(the_loop)) is not in_thread(lambda: run(the_loop))


def test_it_is_closed_with_its_thread():
    loop = in_thread(lambda: run(the_loop))
    gc.collect()
    assert loop.is_closed()


def test_what_runs_in_it_finds_task_loop_and_library_as_ever():
    async def look():
        assert asyncio.current_task() is not None
        await asyncio.sleep(0)
        await anyio.lowlevel.checkpoint()
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 0)
        with anyio.move_on_after(0):
            await anyio.sleep(60)
        return await to_thread.run_sync(lambda: "from a thread")

    assert in_thread(lambda: [run(look) for _ in range(3)]) == ["from a thread"] * 3


def test_errors_come_out_and_the_next_coroutine_runs():
    async def fail():
        await asyncio.sleep(0)
        raise ConnectionError("gone")

    def work():
        for _ in range(2):
            with pytest.raises(ConnectionError, match="gone"):
                run(fail)
        return run(the_loop).is_closed()

    assert in_thread(work) is False


def test_tasks_left_behind_are_cancelled_before_the_call_returns():
    ended = []

    async def hang():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("cancelled")

    async def leave():
        task = asyncio.create_task(hang())
        await asyncio.sleep(0)
        return weakref.ref(task)

    def work():
        left = run(leave)
        assert ended == ["cancelled"]
        gc.collect()
        return left()

    assert in_thread(work) is None


@pytest.fixture
def interruptible():
    """Has Ctrl-C raise here, also where the tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_comes_out_and_cancels_the_coroutine():
    ended = []

    async def hang():
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(3600)
        except BaseException as error:
            ended.append(type(error))
            raise

    with pytest.raises(KeyboardInterrupt):
        run(hang)
    assert len(ended) == 1
    assert run(the_loop).is_running() is False


def test_the_context_of_the_caller_is_seen_and_not_changed():
    async def speak():
        before = said.get()
        said.set("something else")
        return before

    def work():
        said.set("hello")
        return run(speak), said.get()

    assert in_thread(lambda: contextvars.copy_context().run(work)) == ("hello", "hello")


def test_a_forked_process_makes_its_own_and_leaves_the_inherited_one_open(monkeypatch):
    monkeypatch.setattr(thread_loop, "_inherited", [])

    def work():
        parents = run(the_loop)
        monkeypatch.setattr(thread_loop.os, "getpid", lambda: -1)
        childs = run(the_loop)
        again = run(the_loop)
        return parents, childs, again, parents.is_closed()

    try:
        parents, childs, again, was_closed = in_thread(work)
    finally:
        monkeypatch.undo()
    assert parents is not childs
    assert childs is again
    assert not was_closed


def test_an_application_s_own_loop_in_the_same_thread_is_left_alone():
    async def own():
        return asyncio.get_running_loop()

    def work():
        kept = run(the_loop)
        with asyncio.Runner() as runner:
            assert runner.run(own()) is not kept
        return run(the_loop) is kept

    assert in_thread(work)


class Suspends:
    def __init__(self):
        self.loops = []

    @hookimpl
    async def recover(self):
        await asyncio.sleep(0)
        self.loops.append(asyncio.get_running_loop())
        return Recovery.recovered("done")


def test_failures_of_synchronous_code_share_it():
    handler = ErrorHandler(discover=False, plugins={"suspends": (plugin := Suspends())}, clock=FakeClock())

    def work():
        for _ in range(3):
            error = ConnectionError("gone")
            context = handler.create_error_context(error, "exchange", "fetch_ticker")
            assert handler.process_sync(error, context).value == "done"

    in_thread(work)
    assert len(plugin.loops) == 3
    assert len(set(plugin.loops)) == 1
