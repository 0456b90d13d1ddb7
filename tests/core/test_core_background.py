"""Work beside the application: it neither takes the application down nor outlives its handler."""

from __future__ import annotations

import asyncio
import threading

import anyio
import pytest
from anyio import to_thread

from recoup import Config, ErrorHandler, PluginEvent, deadline, hookimpl, remaining
from recoup.background import MAX_TASKS, Background
from recoup.testing import FakeClock


@pytest.fixture
def reports():
    return []


@pytest.fixture
def background(reports):
    return Background(lambda name, failure: reports.append((name, failure)))


@pytest.mark.anyio
async def test_it_runs_while_the_application_goes_on(background):
    done = anyio.Event()

    async def work(value):
        assert value == 1
        done.set()

    assert background.spawn("work", work, 1)
    with anyio.fail_after(5):
        await done.wait()
    await background.close()
    assert len(background) == 0


@pytest.mark.anyio
async def test_an_error_is_reported_and_hurts_nobody(background, reports):
    async def work():
        raise ValueError("broken")

    assert background.spawn("work", work)
    with anyio.fail_after(5):
        while background:
            await anyio.lowlevel.checkpoint()
    ((name, failure),) = reports
    assert (name, str(failure)) == ("work", "broken")


@pytest.mark.anyio
async def test_closing_cancels_what_is_under_way_and_waits_for_its_end(background, reports):
    ended = []
    began = anyio.Event()

    async def work():
        try:
            began.set()
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    assert background.spawn("work", work)
    await began.wait()
    await background.close()
    assert ended == [True]
    assert reports == []


@pytest.mark.anyio
async def test_it_inherits_no_deadline(background):
    clock = FakeClock()
    seen = []

    async def work():
        seen.append(remaining(clock=clock))

    with deadline(5.0, clock=clock):
        background.spawn("work", work)
        while background:
            await anyio.lowlevel.checkpoint()
    assert seen == [None]


@pytest.mark.anyio
async def test_there_is_a_bound(background):
    for _ in range(MAX_TASKS):
        assert background.spawn("work", anyio.sleep_forever)
    assert not background.spawn("work", anyio.sleep_forever)
    await background.close()
    assert background.spawn("work", anyio.sleep, 0)
    await background.close()


@pytest.mark.anyio
async def test_closing_the_handler_ends_it():
    ended = []

    async def work():
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    async with ErrorHandler(Config(), discover=False) as handler:
        assert handler.spawn("work", work)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
    assert ended == [True]


@pytest.mark.anyio
async def test_a_failure_is_an_event():
    events = []

    class Witness:
        @hookimpl
        def monitor(self, event):
            events.append(event)

        @hookimpl
        def sanitize(self, payload):
            return payload

    async def work():
        raise ValueError("broken")

    async with ErrorHandler(Config(), discover=False, plugins={"witness": Witness}) as handler:
        handler.spawn("checks", work)
        while handler._background:
            await anyio.lowlevel.checkpoint()
    found = [event for event in events if isinstance(event, PluginEvent) and event.fault == "raised"]
    assert [(event.plugin, event.hook) for event in found] == [("checks", "background")]


@pytest.mark.anyio
async def test_on_a_clock_that_sleepers_move_nothing_waits_beside_the_application():
    async with ErrorHandler(Config(), clock=FakeClock(), discover=False) as handler:
        assert not handler.spawn("work", anyio.sleep, 0)
    async with ErrorHandler(Config(), clock=FakeClock(auto_advance=False), discover=False) as handler:
        assert handler.spawn("work", anyio.sleep, 0)


def test_without_an_event_loop_nothing_is_started():
    background = Background(lambda _name, _failure: None)
    assert not background.spawn("work", anyio.sleep, 0)
    assert len(background) == 0


@pytest.mark.anyio
@pytest.mark.parametrize("stands_still", [True, False])
async def test_closing_waits_for_no_other_event_loop(background, stands_still):
    cancelled, ready, closed = threading.Event(), threading.Event(), threading.Event()

    async def work():
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    async def other():
        assert background.spawn("work", work)
        await anyio.lowlevel.checkpoint()
        if not stands_still:
            ready.set()
            await to_thread.run_sync(cancelled.wait, 5)

    def run():
        loop = asyncio.new_event_loop()
        loop.run_until_complete(other())
        ready.set()
        assert closed.wait(5)
        left = asyncio.all_tasks(loop)  # none where closing has cancelled it
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(5)
        with anyio.fail_after(5):
            await background.close()
        if not stands_still:
            assert cancelled.wait(5)
    finally:
        closed.set()
        thread.join()
    assert len(background) == 0
    assert cancelled.is_set()


@pytest.mark.anyio
async def test_once_the_handler_is_closed_nothing_begins():
    begun = []

    async def work():
        try:
            await anyio.sleep_forever()
        finally:
            begun.append(handler.spawn("more work", anyio.sleep_forever))

    async with ErrorHandler(Config(), discover=False) as handler:
        assert handler.spawn("work", work)
        await anyio.wait_all_tasks_blocked()
    assert not handler.spawn("late", anyio.sleep_forever)
    assert begun == [False]
