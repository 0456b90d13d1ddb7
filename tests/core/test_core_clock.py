"""The clocks: the machine's own, and the one that tests own."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from recoup import Clock, SystemClock
from recoup.testing import FakeClock


async def until_asleep(clock: FakeClock, count: int) -> None:
    while len(clock._sleepers) < count:
        await anyio.lowlevel.checkpoint()


def test_both_are_clocks() -> None:
    assert isinstance(SystemClock(), Clock)
    assert isinstance(FakeClock(), Clock)


@pytest.mark.anyio
async def test_the_system_clock_tells_aware_time_and_waits_on_any_event_loop() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= time.monotonic()
    await clock.sleep(-1)
    await clock.sleep(0.001)
    clock.sleep_sync(-1)
    clock.sleep_sync(0.001)


@pytest.mark.anyio
async def test_by_itself_the_fake_clock_moves_by_what_sleepers_ask_for() -> None:
    clock = FakeClock()
    await clock.sleep(2.5)
    clock.sleep_sync(1)
    await clock.sleep(-3)
    clock.sleep_sync(0)
    assert clock.monotonic() == 3.5
    assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=3.5)
    assert clock.sleeps == [2.5, 1, -3, 0]


@pytest.mark.anyio
async def test_by_hand_sleepers_wake_when_their_time_has_come_in_its_order() -> None:
    clock, woken = FakeClock(auto_advance=False), []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with anyio.create_task_group() as group:
        for seconds in (3, 1, 2):
            group.start_soon(sleeper, seconds)
        await until_asleep(clock, 3)
        clock.advance(0.5)
        await anyio.wait_all_tasks_blocked()
        assert woken == []
        clock.advance(0.5)
        await anyio.wait_all_tasks_blocked()
        assert woken == [1]
        clock.advance(5)
    assert sorted(woken) == [1, 2, 3]


@pytest.mark.anyio
async def test_a_thread_that_moves_the_clock_wakes_a_task() -> None:
    clock = FakeClock(auto_advance=False)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(clock.sleep, 1)
            await until_asleep(clock, 1)
            await anyio.to_thread.run_sync(clock.advance, 1)


@pytest.mark.anyio
async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = FakeClock(auto_advance=False)
    async with anyio.create_task_group() as group:
        group.start_soon(clock.sleep, 1)
        await until_asleep(clock, 1)
        group.cancel_scope.cancel()
    assert clock._sleepers == []
    clock.advance(1)


def test_a_sleeping_thread_wakes_when_another_moves_the_clock() -> None:
    clock = FakeClock(auto_advance=False)
    thread = threading.Thread(target=clock.sleep_sync, args=(1,), daemon=True)
    thread.start()
    while not clock._sleepers:
        time.sleep(0)
    clock.advance(1)
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_time_goes_forward_by_a_finite_step(seconds: float) -> None:
    with pytest.raises(ValueError, match="moves forward by a finite time"):
        FakeClock().advance(seconds)


def test_it_starts_at_an_aware_time() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        FakeClock(datetime(2026, 1, 1))
