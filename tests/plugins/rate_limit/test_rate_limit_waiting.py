"""Waiting for a place: one specification, synchronous and on both event loops."""

from __future__ import annotations

import threading

import anyio
import pytest

from recoup import ErrorHandler, Pipeline, RateLimited, deadline, hookimpl
from recoup.testing import FakeClock
from recoup_plugins.rate_limit import KeyedLimiter, RateLimitConfig, RateLimitPlugin


class Listens:
    def __init__(self):
        self.events = []

    @hookimpl
    def sanitize(self, payload):
        return payload

    @hookimpl
    def monitor(self, event):
        self.events.append((event.kind, getattr(event, "action", ""), getattr(event, "delay", None)))


def make_handler(**plugins):
    return ErrorHandler(
        discover=False, plugins={"rate_limit": RateLimitPlugin, "listens": Listens(), **plugins}, clock=FakeClock()
    )


@pytest.fixture(params=["sync", "async"])
def call(request):
    """Call a function through a pipeline, either way."""

    async def make_call(pipeline, function, *args):
        if request.param == "sync":
            return pipeline.call_sync(function, *args)
        return await pipeline.call(function, *args)

    return make_call


def venue(answer):
    return answer


@pytest.mark.anyio
class TestInAPipeline:
    async def test_the_burst_goes_and_the_next_is_refused(self, call):
        pipeline = Pipeline(RateLimitConfig(rate=3), handler=make_handler())
        assert [await call(pipeline, venue, number) for number in range(3)] == [0, 1, 2]
        with pytest.raises(RateLimited, match="the limit of 3 in 1 s, at most 3 at once is reached") as refused:
            await call(pipeline, venue, 4)
        assert refused.value.retry_after == pytest.approx(1 / 3)
        assert refused.value.key.endswith("venue")

    async def test_each_refusal_is_a_fresh_error_with_a_short_traceback(self, call):
        pipeline = Pipeline(RateLimitConfig(rate=1), handler=make_handler())
        await call(pipeline, venue, 0)
        errors, depths = [], set()
        for _ in range(50):
            with pytest.raises(RateLimited) as refused:
                await call(pipeline, venue, 0)
            errors.append(refused.value)
            depths.add(len(refused.traceback))
        assert len(set(map(id, errors))) == 50
        assert len(depths) == 1

    async def test_a_call_waits_as_long_as_it_may(self, call):
        handler = make_handler()
        pipeline = Pipeline(RateLimitConfig(rate=2, burst=1, max_wait=0.5), handler=handler)
        assert [await call(pipeline, venue, number) for number in range(5)] == list(range(5))
        assert handler.clock.sleeps == [0.5] * 4

    async def test_a_call_that_need_not_wait_does_not_sleep(self, call):
        handler = make_handler()
        pipeline = Pipeline(RateLimitConfig(rate=2, max_wait=5.0), handler=handler)
        await call(pipeline, venue, 0)
        assert handler.clock.sleeps == []

    async def test_a_wait_past_the_deadline_is_refused_at_once(self, call):
        handler = make_handler()
        pipeline = Pipeline(RateLimitConfig(rate=1, max_wait=60.0), handler=handler)
        await call(pipeline, venue, 0)
        with deadline(0.9, clock=handler.clock), pytest.raises(RateLimited) as refused:
            await call(pipeline, venue, 0)
        assert refused.value.retry_after == pytest.approx(1.0)
        assert handler.clock.sleeps == []
        with deadline(1.1, clock=handler.clock):
            assert await call(pipeline, venue, 1) == 1

    async def test_an_error_of_the_call_passes_untouched_and_the_call_counts(self, call):
        error = ConnectionError()

        def fails():
            raise error

        pipeline = Pipeline(RateLimitConfig(rate=1), handler=make_handler())
        with pytest.raises(ConnectionError) as raised:
            await call(pipeline, fails)
        assert raised.value is error
        assert error.__context__ is None
        with pytest.raises(RateLimited):
            await call(pipeline, fails)

    async def test_what_happens_is_told(self, call):
        handler = make_handler()
        pipeline = Pipeline(RateLimitConfig(rate=1, max_wait=1.0), handler=handler)
        await call(pipeline, venue, 0)
        await call(pipeline, venue, 0)
        with deadline(0.5, clock=handler.clock), pytest.raises(RateLimited):
            await call(pipeline, venue, 0)
        events = [event for event in handler.plugins.get("listens").events if event[0] == "policy"]
        assert events == [
            ("policy", "waiting", 1.0),
            ("policy", "waiting", 1.0),
            ("policy", "refused", 1.0),
        ]


@pytest.mark.anyio
class TestCancelled:
    async def test_a_cancelled_waiter_gives_its_place_back(self):
        clock = FakeClock(auto_advance=False)
        limiter = KeyedLimiter(RateLimitConfig(rate=1, max_wait=60.0), clock=clock)
        assert limiter.check("a") == 0.0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(limiter.acquire, "a")
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert limiter.reserve("a").wait == 1.0

    async def test_through_a_pipeline_as_well(self):
        handler = ErrorHandler(
            discover=False, plugins={"rate_limit": RateLimitPlugin}, clock=FakeClock(auto_advance=False)
        )
        pipeline = Pipeline(RateLimitConfig(rate=1, max_wait=60.0, name="venue"), handler=handler)
        limiter = handler.plugins.get("rate_limit").limiter(RateLimitConfig(rate=1, max_wait=60.0, name="venue"))
        await pipeline.call(venue, 0)
        for _ in range(3):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pipeline.call, venue, 0)
                tasks.start_soon(pipeline.call, venue, 0)
                await anyio.wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()
        assert limiter.reserve("venue").wait == 1.0

    async def test_those_behind_keep_their_time_and_the_next_takes_the_place(self):
        clock = FakeClock(auto_advance=False)
        limiter = KeyedLimiter(RateLimitConfig(rate=1, max_wait=60.0), clock=clock)
        assert limiter.check("a") == 0.0
        went = []

        async def go(name, scope=None):
            with scope or anyio.CancelScope():
                await limiter.acquire("a")
                went.append((name, clock.monotonic()))

        scope = anyio.CancelScope()
        async with anyio.create_task_group() as tasks:
            for name, given in (("first", None), ("left", scope), ("third", None)):
                tasks.start_soon(go, name, given)
                await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(go, "late")
            for _ in range(3):
                await anyio.wait_all_tasks_blocked()
                clock.advance(1.0)
        assert went == [("first", 1.0), ("late", 2.0), ("third", 3.0)]

    async def test_tasks_go_in_the_order_of_asking(self):
        clock = FakeClock(auto_advance=False)
        limiter = KeyedLimiter(RateLimitConfig(rate=2, burst=2, max_wait=60.0), clock=clock)
        went = []

        async def go(number):
            await limiter.acquire("a")
            went.append((number, clock.monotonic()))

        async with anyio.create_task_group() as tasks:
            for number in range(6):
                tasks.start_soon(go, number)
                await anyio.wait_all_tasks_blocked()
            for _ in range(4):
                clock.advance(0.5)
                await anyio.wait_all_tasks_blocked()
        assert went == [(0, 0.0), (1, 0.0), (2, 0.5), (3, 1.0), (4, 1.5), (5, 2.0)]


def test_an_interrupted_thread_gives_its_place_back():
    class Interrupted(FakeClock):
        def sleep_sync(self, seconds):
            raise KeyboardInterrupt

    limiter = KeyedLimiter(RateLimitConfig(rate=1, max_wait=9.0), clock=Interrupted())
    limiter.acquire_sync("a")
    with pytest.raises(KeyboardInterrupt):
        limiter.acquire_sync("a")
    assert limiter.reserve("a").wait == 1.0


def test_threads_and_tasks_share_one_limit():
    clock = FakeClock()
    limiter = KeyedLimiter(RateLimitConfig(rate=100, burst=10), clock=clock)
    got = []

    def in_thread():
        got.extend(limiter.check("a") == 0.0 for _ in range(10))

    async def in_task():
        got.extend(limiter.check("a") == 0.0 for _ in range(10))

    threads = [threading.Thread(target=in_thread), threading.Thread(target=anyio.run, args=(in_task,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got) == 10
