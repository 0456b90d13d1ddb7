"""One call for all who want the same at the same time."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from recoup import (
    CacheConfig,
    DeadlineExceeded,
    ErrorHandler,
    Operation,
    OperationKind,
    Pipeline,
    deadline,
    note_stand_in,
    watch_stand_ins,
)
from recoup.testing import FakeClock
from recoup_plugins.cache import CachePlugin

READ = Operation(kind=OperationKind.READ)
THREADS = 8


def make(clock: FakeClock | None = None, **values: Any) -> tuple[Pipeline, Any]:
    handler = ErrorHandler(discover=False, plugins={"cache": CachePlugin}, clock=clock or FakeClock())
    return Pipeline(CacheConfig(**values), handler=handler, operation=READ, name="quote"), handler


def flights_of(handler: Any) -> Any:
    return handler.plugins.get("cache")._results.find("quote").flights


def until(condition):
    """Give way to other threads until something holds."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0)
    raise AssertionError("it never came to that")


def waiting(handler):
    return sum(len(flight.waiting) for flight in list(flights_of(handler)._by_key.values()))


def in_threads(work, count=THREADS):
    results: list[Any] = [None] * count

    def body(number):
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=body, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads, results


class Slow:
    """A call that is under way until it is let go."""

    def __init__(self):
        self.made = 0
        self.errors: list[Exception] = []
        self.fails = False
        self.go = threading.Event()
        self.lock = threading.Lock()

    def __call__(self):
        with self.lock:
            self.made += 1
            number = self.made
        assert self.go.wait(30)
        if self.fails:
            error = ConnectionError(number)
            self.errors.append(error)
            raise error
        return number


class TestThreads:
    def test_all_who_come_meanwhile_share_one_call(self):
        pipeline, handler = make()
        slow = Slow()
        threads, results = in_threads(lambda _: pipeline.call_sync(slow))
        until(lambda: slow.made and waiting(handler) == THREADS - 1)
        slow.go.set()
        for thread in threads:
            thread.join(30)
        assert results == [1] * THREADS
        assert slow.made == 1
        assert len(flights_of(handler)) == 0

    def test_a_herd_again_and_again_makes_one_call_each_time(self):
        pipeline, handler = make(ttl=1.0)
        start, calls = threading.Barrier(THREADS), []
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)

        def quote(number):
            calls.append(number)
            return number

        def work(_):
            got = []
            for number in range(200):
                start.wait()
                got.append(pipeline.call_sync(quote, number))
            return got

        threads, results = in_threads(work)
        for thread in threads:
            thread.join(60)
        sys.setswitchinterval(before)
        assert results == [list(range(200))] * THREADS
        assert sorted(calls) == list(range(200))
        assert len(flights_of(handler)) == 0

    def test_different_keys_do_not_wait_for_each_other(self):
        pipeline, _ = make()
        met = threading.Barrier(THREADS)

        def quote(number):
            met.wait(30)
            return number

        threads, results = in_threads(lambda number: pipeline.call_sync(quote, number))
        for thread in threads:
            thread.join(30)
        assert results == list(range(THREADS))

    def test_a_failure_is_its_callers_own_and_each_of_the_others_makes_one_call(self):
        pipeline, handler = make()
        slow = Slow()
        slow.fails = True
        threads, results = in_threads(lambda _: pipeline.call_sync(slow))
        until(lambda: slow.made and waiting(handler) == THREADS - 1)
        slow.go.set()
        for thread in threads:
            thread.join(30)
        assert slow.made == THREADS
        assert len(set(map(id, results))) == THREADS
        assert set(map(id, results)) == set(map(id, slow.errors))
        assert all(depth_of(error) < 12 for error in results)
        assert all(error.__context__ is None for error in results)

    def test_after_a_failure_what_is_stale_stands_in_without_another_call(self):
        clock = FakeClock()
        pipeline, handler = make(clock, ttl=1.0, stale_if_error=10.0)
        slow = Slow()
        slow.go.set()
        assert pipeline.call_sync(slow) == 1
        slow.go.clear()
        slow.fails = True
        clock.advance(5.0)
        threads, results = in_threads(lambda _: pipeline.call_sync(slow))
        until(lambda: slow.made == 2 and waiting(handler) == THREADS - 1)
        slow.go.set()
        for thread in threads:
            thread.join(30)
        assert results == [1] * THREADS
        assert slow.made == 2

    def test_a_stand_in_is_shared_with_those_who_wait_and_kept_by_nobody_around(self):
        pipeline, handler = make()
        slow, seen = Slow(), []

        def quote():
            value = slow()
            note_stand_in()
            return value

        def work(_):
            with watch_stand_ins() as stand_ins:
                value = pipeline.call_sync(quote)
            seen.append(stand_ins.seen)
            return value

        threads, results = in_threads(work)
        until(lambda: slow.made and waiting(handler) == THREADS - 1)
        slow.go.set()
        for thread in threads:
            thread.join(30)
        assert results == [1] * THREADS
        assert seen == [True] * THREADS
        assert pipeline.call_sync(quote) == 2

    def test_what_only_its_first_reader_can_use_is_shared_with_nobody(self):
        pipeline, handler = make()
        slow = Slow()

        def rows():
            slow()
            return iter([1, 2])

        threads, results = in_threads(lambda _: list(pipeline.call_sync(rows)))
        until(lambda: slow.made and waiting(handler) == THREADS - 1)
        slow.go.set()
        for thread in threads:
            thread.join(30)
        assert results == [[1, 2]] * THREADS
        assert slow.made == THREADS

    def test_an_interrupted_leader_hands_over_to_one_who_waits(self):
        pipeline, handler = make()
        slow, interrupted = Slow(), []

        def quote():
            if not interrupted:
                interrupted.append(True)
                until(lambda: waiting(handler) == THREADS - 1)
                raise KeyboardInterrupt
            return slow()

        def work(_):
            try:
                return pipeline.call_sync(quote)
            except KeyboardInterrupt:
                return "interrupted"

        threads, results = in_threads(work)
        until(lambda: slow.made == 1 and waiting(handler) == THREADS - 2)
        slow.go.set()
        for thread in threads:
            thread.join(30)
        assert sorted(results, key=str) == [*[1] * (THREADS - 1), "interrupted"]
        assert slow.made == 1

    def test_a_call_from_within_the_same_call_is_made(self):
        pipeline, _ = make()
        depth = []

        def quote():
            depth.append(1)
            return 5 if len(depth) == 3 else pipeline.call_sync(quote)

        assert pipeline.call_sync(quote) == 5

    def test_who_has_a_deadline_waits_no_longer(self):
        clock = FakeClock(auto_advance=False)
        pipeline, handler = make(clock)
        slow = Slow()

        def hurried():
            with deadline(2.0, clock=clock):
                return pipeline.call_sync(slow)

        first, results = in_threads(lambda _: pipeline.call_sync(slow), 1)
        until(lambda: slow.made)
        second, others = in_threads(lambda _: hurried(), 1)
        until(lambda: waiting(handler) == 1 and clock._sleepers)
        clock.advance(2.0)
        second[0].join(30)
        assert isinstance(others[0], DeadlineExceeded)
        assert others[0].key == "quote"
        slow.go.set()
        first[0].join(30)
        assert (results, slow.made) == ([1], 1)


def depth_of(error):
    depth, trace = 0, error.__traceback__
    while trace is not None:
        depth, trace = depth + 1, trace.tb_next
    return depth


class Later:
    """A coroutine function that is under way until it is let go."""

    def __init__(self):
        self.made = 0
        self.fails = False
        self.go = anyio.Event()

    async def quote(self):
        self.made += 1
        number = self.made
        await self.go.wait()
        if self.fails:
            raise ConnectionError(number)
        return number


@pytest.mark.anyio
class TestTasks:
    async def test_all_who_come_meanwhile_share_one_call(self):
        pipeline, handler = make()
        later, results = Later(), []

        async def work():
            results.append(await pipeline.call(later.quote))

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(work)
            await anyio.wait_all_tasks_blocked()
            later.go.set()
        assert results == [1] * 20
        assert len(flights_of(handler)) == 0

    async def test_a_failure_is_its_callers_own(self):
        pipeline, _ = make()
        later, errors = Later(), []
        later.fails = True

        async def work():
            try:
                await pipeline.call(later.quote)
            except ConnectionError as error:
                errors.append(error)

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(work)
            await anyio.wait_all_tasks_blocked()
            later.go.set()
        assert sorted(error.args[0] for error in errors) == [1, 2, 3, 4, 5]

    async def test_a_cancelled_leader_hands_over_to_the_next(self):
        pipeline, handler = make()
        later, results = Later(), []
        scopes = [anyio.CancelScope() for _ in range(4)]

        async def work(number):
            with scopes[number]:
                results.append((number, await pipeline.call(later.quote)))

        async with anyio.create_task_group() as tasks:
            for number in range(4):
                tasks.start_soon(work, number)
                await anyio.wait_all_tasks_blocked()
            scopes[0].cancel()
            await anyio.wait_all_tasks_blocked()
            assert later.made == 2
            scopes[1].cancel()
            await anyio.wait_all_tasks_blocked()
            assert later.made == 3
            later.go.set()
        assert sorted(results) == [(2, 3), (3, 3)]
        assert len(flights_of(handler)) == 0

    async def test_a_cancelled_follower_leaves_the_others_alone(self):
        pipeline, handler = make()
        later, results = Later(), []
        scope = anyio.CancelScope()

        async def work(scope):
            with scope:
                results.append(await pipeline.call(later.quote))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work, anyio.CancelScope())
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(work, scope)
            tasks.start_soon(work, anyio.CancelScope())
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await anyio.wait_all_tasks_blocked()
            assert waiting(handler) == 1
            later.go.set()
        assert results == [1, 1]
        assert later.made == 1

    async def test_leader_and_successor_cancelled_at_once_leave_it_to_the_third(self):
        pipeline, handler = make()
        later, results = Later(), []
        scopes = [anyio.CancelScope() for _ in range(3)]

        async def work(number):
            with scopes[number]:
                results.append((number, await pipeline.call(later.quote)))

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(work, number)
                await anyio.wait_all_tasks_blocked()
            scopes[0].cancel()
            scopes[1].cancel()
            await anyio.wait_all_tasks_blocked()
            later.go.set()
        assert [number for number, _ in results] == [2]
        assert len(flights_of(handler)) == 0

    async def test_all_cancelled_leave_nothing_behind(self):
        pipeline, handler = make()
        later = Later()
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(pipeline.call, later.quote)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert len(flights_of(handler)) == 0
        later.go.set()
        assert await pipeline.call(later.quote) == later.made

    async def test_a_call_from_within_the_same_call_is_made(self):
        pipeline, _ = make()
        depth = []

        async def quote():
            depth.append(1)
            if len(depth) == 3:
                return 5
            results = []

            async def again():
                results.append(await pipeline.call(quote))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(again)
            return results[0]

        with anyio.fail_after(20):
            assert await pipeline.call(quote) == 5

    async def test_synchronous_code_in_the_loop_does_not_wait_for_a_task_that_it_stops(self):
        pipeline, _ = make()
        made, go = [], anyio.Event()

        class Rests:
            def __await__(self):
                yield from go.wait().__await__()
                return 1

        def quote():
            made.append(1)
            return Rests() if len(made) == 1 else 2

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pipeline.call, quote)
            await anyio.wait_all_tasks_blocked()
            assert pipeline.call_sync(quote) == 2
            go.set()

    async def test_who_has_a_deadline_waits_no_longer(self):
        clock = FakeClock(auto_advance=False)
        pipeline, _ = make(clock)
        later, refused = Later(), []

        async def hurried():
            try:
                with deadline(2.0, clock=clock):
                    await pipeline.call(later.quote)
            except DeadlineExceeded as error:
                refused.append(error.key)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pipeline.call, later.quote)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(hurried)
            await anyio.wait_all_tasks_blocked()
            clock.advance(2.0)
            await anyio.wait_all_tasks_blocked()
            assert refused == ["quote"]
            later.go.set()
        assert later.made == 1


def test_loops_in_different_threads_share_one_call():
    pipeline, handler = make()
    made, go = [], threading.Event()

    async def quote():
        made.append(1)
        until(go.is_set)
        await anyio.lowlevel.checkpoint()
        return 7

    async def main():
        return await pipeline.call(quote)

    backends = ["asyncio", "trio"] * 2
    threads, results = in_threads(lambda number: anyio.run(main, backend=backends[number]), 4)
    until(lambda: made and waiting(handler) == 3)
    go.set()
    for thread in threads:
        thread.join(30)
    assert results == [7] * 4
    assert made == [1]


def test_threads_and_tasks_share_one_call_of_a_plain_function():
    pipeline, handler = make()
    slow = Slow()

    async def main():
        return await pipeline.call(slow)

    threads, results = in_threads(lambda number: anyio.run(main) if number % 2 else pipeline.call_sync(slow), 4)
    until(lambda: slow.made and waiting(handler) == 3)
    slow.go.set()
    for thread in threads:
        thread.join(30)
    assert results == [1] * 4
