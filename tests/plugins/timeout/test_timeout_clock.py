"""On a clock that tests own, calls are cut off when that clock says so, on asyncio and trio."""

import threading

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from recoup import Config, ErrorHandler, Pipeline, Timeout
from recoup.testing import FakeClock
from recoup_plugins.timeout import AlarmClock, TimeoutConfig, TimeoutPlugin

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


@pytest.fixture
def clock():
    return FakeClock(auto_advance=False)


@pytest.fixture
def limited(clock):
    handler = ErrorHandler(Config(), plugins={"timeout": TimeoutPlugin}, discover=False, clock=clock)

    def limit(seconds, function):
        return Pipeline(TimeoutConfig(seconds=seconds), handler=handler)(function)

    return limit


async def settle():
    for _ in range(5):
        await anyio.lowlevel.checkpoint()


async def test_a_call_is_cut_off_once_the_clock_has_moved_that_far(limited, clock):
    outcome = []

    async def call():
        try:
            await limited(2.0, anyio.sleep_forever)()
        except Timeout:
            outcome.append(clock.monotonic())

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        await settle()
        clock.advance(1.5)
        await settle()
        assert outcome == []
        clock.advance(0.5)
    assert outcome == [2.0]


async def test_the_clock_may_be_moved_from_another_thread(limited, clock):
    async with anyio.create_task_group() as group:

        async def call():
            with pytest.raises(Timeout):
                await limited(2.0, anyio.sleep_forever)()

        group.start_soon(call)
        await settle()
        await anyio.to_thread.run_sync(clock.advance, 2.0)


async def test_a_sleep_on_a_clock_that_advances_by_itself_is_cut_off_too(limited, clock):
    clock.auto_advance = True

    async def call():
        await clock.sleep(5)

    with pytest.raises(Timeout):
        await limited(2.0, call)()
    await anyio.lowlevel.checkpoint()


async def test_the_limit_itself_does_not_move_such_a_clock(limited, clock):
    clock.auto_advance = True

    async def call():
        await anyio.lowlevel.checkpoint()
        return clock.monotonic()

    assert await limited(2.0, call)() == 0.0
    assert clock.sleeps == []


async def test_a_clock_that_passes_the_deadline_without_a_wait_cuts_nothing_off(limited, clock):
    async def call():
        clock.advance(5)
        return "filled"

    assert await limited(2.0, call)() == "filled"
    await anyio.lowlevel.checkpoint()
    await anyio.lowlevel.checkpoint()


async def test_a_call_that_has_ended_is_forgotten_by_the_clock(limited, clock):
    async def call():
        await anyio.lowlevel.checkpoint()

    await limited(2.0, call)()
    mover = threading.Thread(target=clock.advance, args=(5.0,))
    mover.start()
    mover.join()
    await anyio.lowlevel.checkpoint()


def test_the_fake_clock_can_call_at_a_time(clock):
    assert isinstance(clock, AlarmClock)
    rung = []
    clock.call_at(2.0, lambda: rung.append("second"))
    clock.call_at(1.0, lambda: rung.append("first"))
    call_off = clock.call_at(1.5, lambda: rung.append("never"))
    call_off()
    call_off()
    clock.advance(2.0)
    assert rung == ["first", "second"]
