"""Turn: one wake-up for one waiter, whichever thread or event loop either side is in."""

from __future__ import annotations

import asyncio
import gc
import threading

import anyio
import pytest
from anyio.to_thread import run_sync

from recoup import SystemClock, Turn
from recoup.testing import FakeClock
from recoup.turn import Alarm, running_loop

on_both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


class TestGivenOrLeft:
    def test_is_neither_at_first(self):
        assert not Turn().given

    def test_given_before_anybody_waits_it_is_kept_for_the_waiter(self):
        turn = Turn()
        assert turn.give()
        assert turn.given
        assert turn.taken_sync()

    def test_left_before_it_was_given_the_giver_is_told(self):
        turn = Turn()
        assert turn.leave()
        assert not turn.give()
        assert not turn.given

    def test_left_after_it_was_given_the_waiter_is_told(self):
        turn = Turn()
        turn.give()
        assert not turn.leave()

    def test_leaving_twice_is_leaving_once(self):
        turn = Turn()
        assert turn.leave()
        assert turn.leave()

    def test_giving_twice_is_giving_once(self):
        turn = Turn()
        assert turn.give()
        assert turn.give()
        assert turn.taken_sync()

    def test_many_givers_and_one_who_leaves_agree_on_what_happened(self):
        for _ in range(300):
            turn, start = Turn(), threading.Barrier(4)
            given: list[bool] = []
            left: list[bool] = []

            def give(turn=turn, start=start, given=given):
                start.wait()
                given.append(turn.give())

            def leave(turn=turn, start=start, left=left):
                start.wait()
                left.append(turn.leave())

            threads = [threading.Thread(target=target) for target in (give, give, leave, give)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert set(given) == {not left[0]}


class TestThread:
    def test_sleeps_until_another_thread_gives(self):
        turn, outcome = Turn(), []
        thread = threading.Thread(target=lambda: outcome.append(turn.taken_sync()))
        thread.start()
        turn.give()
        thread.join(10)
        assert outcome == [True]

    def test_leaves_when_the_time_is_over(self):
        turn = Turn()
        assert not turn.taken_sync(0.0)
        assert not turn.give()

    def test_has_what_was_given_before_the_time_was_over(self):
        turn = Turn()
        turn.give()
        assert turn.taken_sync(0.0)

    def test_a_timeout_past_what_the_system_takes_is_cut_to_that(self):
        turn = Turn()
        thread = threading.Thread(target=turn.give)
        thread.start()
        assert turn.taken_sync(1e300)
        thread.join(10)

    def test_goes_by_a_clock_that_does_not_follow_real_time(self):
        clock, turn, outcome = FakeClock(auto_advance=False), Turn(), []
        thread = threading.Thread(target=lambda: outcome.append(turn.taken_sync(5.0, clock=clock)))
        thread.start()
        while thread.is_alive():
            clock.advance(1.0)
        assert outcome == [False]
        assert clock.monotonic() >= 5.0

    def test_given_in_time_no_alarm_is_left_behind(self):
        clock, turn = FakeClock(auto_advance=False), Turn()
        thread = threading.Thread(target=turn.give)
        thread.start()
        assert turn.taken_sync(5.0, clock=clock)
        thread.join(10)
        assert clock._sleepers == []

    def test_on_an_advancing_clock_the_time_is_over_at_once(self):
        clock = FakeClock()
        assert not Turn().taken_sync(5.0, clock=clock)
        assert clock.monotonic() == 5.0


@on_both
@pytest.mark.anyio
class TestTask:
    async def test_sleeps_until_another_task_gives(self):
        turn, outcome = Turn(), []

        async def wait():
            outcome.append(await turn.taken())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            turn.give()
        assert outcome == [True]

    async def test_sleeps_until_a_thread_gives(self):
        turn = Turn()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_sync, turn.give)
            assert await turn.taken()

    async def test_may_be_given_by_the_garbage_collector_of_another_thread(self):
        turn = Turn()

        class Giver:
            def __del__(self):
                turn.give()

        giver = Giver()
        giver.itself = giver
        del giver
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_sync, gc.collect)
            assert await turn.taken()

    async def test_leaves_when_the_time_is_over(self):
        turn = Turn()
        assert not await turn.taken(0.0)
        assert not turn.give()

    async def test_goes_by_the_event_loop_with_the_clock_of_the_system(self):
        assert not await Turn().taken(0.0, clock=SystemClock())

    async def test_goes_by_a_clock_that_does_not_follow_real_time(self):
        clock, turn, outcome = FakeClock(auto_advance=False), Turn(), []

        async def wait():
            outcome.append(await turn.taken(5.0, clock=clock))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            clock.advance(4.9)
            await anyio.wait_all_tasks_blocked()
            assert outcome == []
            clock.advance(0.1)
        assert outcome == [False]

    async def test_cancelled_before_it_was_given_it_leaves(self):
        turn, left = Turn(), []

        async def wait():
            try:
                await turn.taken()
            finally:
                left.append(turn.leave())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert left == [True]
        assert not turn.give()

    async def test_given_and_cancelled_at_once_it_is_not_lost(self):
        turn, left = Turn(), []

        async def wait():
            try:
                await turn.taken()
            finally:
                left.append(turn.leave())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            assert turn.give()
            tasks.cancel_scope.cancel()
        assert left == [False]


class TestEventLoopThatHasEnded:
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    @pytest.mark.parametrize("in_another_thread", [False, True])
    def test_the_giver_is_told_that_nobody_takes_it(self, in_another_thread):
        turn, answers = Turn(), []
        loop = asyncio.new_event_loop()
        task = loop.create_task(turn.taken())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        if in_another_thread:
            thread = threading.Thread(target=lambda: answers.append(turn.give()))
            thread.start()
            thread.join(10)
        else:
            answers.append(turn.give())
        assert answers == [False]
        assert turn.leave()
        task._log_destroy_pending = False


def test_no_event_loop_runs_in_a_plain_thread():
    assert running_loop() is None


def test_the_fake_clock_is_an_alarm_and_the_real_one_is_not():
    assert isinstance(FakeClock(), Alarm)
    assert not isinstance(SystemClock(), Alarm)
