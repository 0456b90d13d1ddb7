"""Permits: one specification for threads and tasks, exact counts, and nothing held after a cancellation."""

from __future__ import annotations

import asyncio
import gc
import queue
import threading
from functools import partial

import anyio
import anyio.lowlevel
import pytest
from anyio.to_thread import run_sync

from recoup import BulkheadFull, DeadlineExceeded, Permits, deadline
from recoup.testing import FakeClock

on_both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


class Told:
    """What the permits report; ``next`` waits for it, in whichever thread it happens."""

    def __init__(self):
        self.actions = queue.SimpleQueue()

    def __call__(self, action, detail):
        self.actions.put((action, detail))

    def next(self):
        return self.actions.get(timeout=10)[0]


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def clock():
    return FakeClock(auto_advance=False)


@pytest.fixture
def make(told, clock):
    return lambda limit, **options: Permits("k", limit, clock=clock, report=told, **options)


class Callers:
    """Callers in threads, or as tasks of one event loop that runs in a thread: the same to a specification."""

    def __init__(self, permits, loop=None):
        self.permits = permits
        self.loop = loop
        self.ended = queue.SimpleQueue()

    def come(self, name, within=None):
        if self.loop is None:
            threading.Thread(target=self._blocking, args=(name, within)).start()
        else:
            asyncio.run_coroutine_threadsafe(self._waiting(name, within), self.loop)

    def next(self):
        return self.ended.get(timeout=10)

    def _blocking(self, name, within):
        try:
            if within is None:
                self.permits.acquire() or self.permits.wait_sync()
            else:
                with deadline(within, clock=self.permits._clock):
                    self.permits.acquire() or self.permits.wait_sync()
        except Exception as error:
            self.ended.put((name, type(error)))
        else:
            self.ended.put((name, "inside"))

    async def _waiting(self, name, within):
        try:
            if within is None:
                self.permits.acquire() or await self.permits.wait()
            else:
                with deadline(within, clock=self.permits._clock):
                    self.permits.acquire() or await self.permits.wait()
        except Exception as error:
            self.ended.put((name, type(error)))
        else:
            self.ended.put((name, "inside"))


@pytest.fixture(params=["threads", "tasks"])
def callers_of(request):
    if request.param == "threads":
        yield Callers
        return
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield partial(Callers, loop=loop)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


class TestSpecification:
    def test_as_many_as_the_limit_are_let_in_and_the_next_is_refused(self, make, callers_of):
        callers = callers_of(make(2))
        for name in "abc":
            callers.come(name)
        assert sorted(callers.next()[1].__class__.__name__ for _ in "abc") == ["str", "str", "type"]

    def test_who_waits_is_let_in_when_a_permit_comes_back(self, make, callers_of, told):
        permits = make(1, max_queue=1)
        callers = callers_of(permits)
        permits.acquire()
        callers.come("a")
        assert told.next() == "queued"
        permits.release(True)
        assert callers.next() == ("a", "inside")
        assert (permits.inside, permits.waiting) == (1, 0)

    def test_first_come_first_served(self, make, callers_of, told):
        permits = make(1, max_queue=5)
        callers = callers_of(permits)
        permits.acquire()
        for name in "abcde":
            callers.come(name)
            assert told.next() == "queued"
        order = []
        for _ in "abcde":
            permits.release(True)
            order.append(callers.next()[0])
        assert order == list("abcde")

    def test_the_queue_is_bounded(self, make, callers_of, told):
        permits = make(1, max_queue=1)
        callers = callers_of(permits)
        permits.acquire()
        callers.come("a")
        assert told.next() == "queued"
        callers.come("b")
        assert callers.next() == ("b", BulkheadFull)
        assert told.next() == "refused"
        permits.release(True)
        assert callers.next() == ("a", "inside")

    def test_patience_ends(self, make, callers_of, told, clock):
        permits = make(1, max_queue=1, max_wait=3.0)
        callers = callers_of(permits)
        permits.acquire()
        callers.come("a")
        assert told.next() == "queued"
        while told.actions.empty():  # the alarm is set at some time after the report
            clock.advance(3.0)
        assert callers.next() == ("a", BulkheadFull)
        assert permits.waiting == 0

    def test_the_deadline_around_ends_it_before_that(self, make, callers_of, told, clock):
        permits = make(1, max_queue=1, max_wait=3.0)
        callers = callers_of(permits)
        permits.acquire()
        callers.come("a", within=1.0)
        assert told.next() == "queued"
        while told.actions.empty():
            clock.advance(1.0)
        assert callers.next() == ("a", DeadlineExceeded)

    def test_a_deadline_that_has_passed_lets_nobody_queue(self, make, callers_of):
        permits = make(1, max_queue=1)
        callers = callers_of(permits)
        permits.acquire()
        callers.come("a", within=0.0)
        assert callers.next() == ("a", DeadlineExceeded)

    def test_no_patience_at_all_is_a_refusal_at_once(self, make, callers_of):
        permits = make(1, max_queue=1, max_wait=0.0)
        callers = callers_of(permits)
        permits.acquire()
        callers.come("a")
        assert callers.next() == ("a", BulkheadFull)

    def test_a_higher_limit_lets_those_in_who_wait(self, make, callers_of, told):
        permits = make(1, max_queue=2)
        callers = callers_of(permits)
        permits.acquire()
        for name in "ab":
            callers.come(name)
            told.next()
        permits.resize(3)
        assert {callers.next(), callers.next()} == {("a", "inside"), ("b", "inside")}
        assert permits.inside == 3

    def test_a_lower_limit_waits_until_enough_have_left(self, make, callers_of, told):
        permits = make(3, max_queue=1)
        callers = callers_of(permits)
        for _ in range(3):
            permits.acquire()
        permits.resize(1)
        assert permits.inside == 3
        callers.come("a")
        told.next()
        permits.release(True)
        permits.release(True)
        assert (permits.inside, permits.waiting) == (1, 1)
        permits.release(True)
        assert callers.next() == ("a", "inside")
        assert permits.inside == 1


class TestRefusal:
    def test_says_what_refused_and_for_whom(self, make):
        permits = make(1)
        permits.acquire()
        with pytest.raises(BulkheadFull, match=r"'k': all 1 permits are out, and there is no queue") as refused:
            permits.acquire()
        assert refused.value.key == "k"
        assert refused.value.retry_after is None
        assert refused.value.__context__ is None

    def test_is_a_new_error_each_time(self, make):
        permits = make(0)
        errors = set()
        for _ in range(3):
            with pytest.raises(BulkheadFull) as refused:
                permits.acquire()
            errors.add(refused.value)
        assert len(errors) == 3


@on_both
@pytest.mark.anyio
class TestCancellation:
    async def test_in_the_queue_it_gives_up_the_place(self, make, told):
        permits = make(1, max_queue=1)
        permits.acquire()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(permits.wait)
            await anyio.wait_all_tasks_blocked()
            assert permits.waiting == 1
            tasks.cancel_scope.cancel()
        assert permits.waiting == 0
        permits.release(True)
        assert permits.inside == 0

    async def test_with_the_permit_on_its_way_it_goes_to_the_next(self, make):
        permits, inside = make(1, max_queue=2), []

        async def call(name, scope):
            with scope:
                permit = await permits.wait()
                try:
                    await anyio.lowlevel.checkpoint()
                    inside.append(name)
                finally:
                    permits.release(permit)

        permits.acquire()
        first, second = anyio.CancelScope(), anyio.CancelScope()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, "first", first)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(call, "second", second)
            await anyio.wait_all_tasks_blocked()
            permits.release(True)
            first.cancel()
        assert inside == ["second"]
        assert (permits.inside, permits.waiting) == (0, 0)

    async def test_before_it_even_waits_it_holds_nothing(self, make):
        permits = make(1, max_queue=1)
        permits.acquire()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await permits.wait()
        assert permits.waiting == 0

    async def test_patience_on_the_event_loop(self, told):
        from recoup import SystemClock

        permits = Permits("k", 0, clock=SystemClock(), report=told, max_queue=1, max_wait=1e-6)
        with pytest.raises(BulkheadFull, match="none came back within 1e-06 s"):
            await permits.wait()
        assert permits.waiting == 0

    async def test_a_thread_of_an_event_loop_is_not_blocked(self, make):
        permits = make(1, max_queue=1)
        permits.acquire()
        with pytest.raises(BulkheadFull, match="block the event loop"):
            permits.wait_sync()

    async def test_a_thread_that_the_event_loop_waits_for_is(self, make, told):
        permits = make(1, max_queue=1)
        permits.acquire()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_sync, permits.wait_sync)
            while permits.waiting == 0:
                await anyio.lowlevel.checkpoint()
            permits.release(True)
        assert permits.inside == 1


class TestAbandoned:
    def test_a_task_of_a_loop_that_was_closed_is_passed_over(self, make):
        permits = make(1, max_queue=2)
        permits.acquire()
        loop = asyncio.new_event_loop()
        task = loop.create_task(permits.wait())
        task._log_destroy_pending = False
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        permits.release(True)
        assert (permits.inside, permits.waiting) == (0, 0)
        with permits._lock:  # as where the garbage collector runs in the middle of a hand-over
            del task
            gc.collect()
        assert (permits.inside, permits.waiting) == (0, 0)
