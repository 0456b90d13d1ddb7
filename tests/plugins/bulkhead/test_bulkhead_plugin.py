"""The bulkhead in a pipeline: what it admits, what it tells, and what stays when its values change."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest
import trio

from recoup import (
    BulkheadFull,
    DeadlineExceeded,
    ErrorHandler,
    Operation,
    Pipeline,
    Place,
    PolicyMisuse,
    PolicyServer,
    Scope,
    Trait,
    deadline,
)
from recoup.testing import FakeClock, check_plugin
from recoup_plugins.bulkhead import BulkheadConfig, BulkheadPlugin, BulkheadSettings, BulkheadStatus

on_both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


@pytest.fixture
def plugin(host):
    return BulkheadPlugin(host)


@pytest.fixture
def handler():
    return ErrorHandler(clock=FakeClock(auto_advance=False), plugins={"bulkhead": BulkheadPlugin}, discover=False)


def test_it_keeps_the_contract_of_its_role():
    assert all(check.passed for check in check_plugin(BulkheadPlugin, "bulkhead"))


class TestConfig:
    def test_by_default_ten_at_a_time_and_no_queue(self):
        assert BulkheadConfig() == BulkheadConfig(max_concurrent=10, max_queue=0, max_wait=None, name=None)

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"max_concurrent": 0}, "'max_concurrent' must be from 1 to 1000000 calls"),
            ({"max_concurrent": 10**9}, "'max_concurrent' must be from 1 to 1000000 calls"),
            ({"max_concurrent": True}, "'max_concurrent' must be a whole number of calls"),
            ({"max_queue": -1}, "'max_queue' must be from 0 to 1000000 calls"),
            ({"max_wait": -0.1}, "'max_wait' must be 0 seconds or more, or None"),
            ({"max_wait": float("nan")}, "'max_wait' must be 0 seconds or more, or None"),
            ({"max_wait": "5"}, "'max_wait' must be seconds, or None"),
            ({"name": ""}, "'name' must be a text that is not empty, or None"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, values, message):
        with pytest.raises((TypeError, ValueError), match=message):
            BulkheadConfig(**values)


class TestWhoSharesOne:
    def test_all_who_name_it(self, plugin):
        config = BulkheadConfig(name="venue")
        assert plugin.policy(config, Scope(key="a")) is plugin.policy(config, Scope(key="b"))

    def test_without_a_name_those_of_one_key(self, plugin):
        config = BulkheadConfig()
        assert plugin.policy(config, Scope(key="a")) is plugin.policy(config, Scope(key="a"))
        assert plugin.policy(config, Scope(key="a")) is not plugin.policy(config, Scope(key="b"))

    def test_those_that_nobody_uses_are_bounded(self, host):
        plugin = BulkheadPlugin(host, BulkheadSettings(max_bulkheads=3))
        for number in range(10):
            plugin.policy(BulkheadConfig(), Scope(key=str(number)))
        assert sorted(plugin.status()) == ["7", "8", "9"]


class TestReconfiguration:
    def test_takes_the_new_values_and_keeps_who_is_inside(self, plugin):
        bulkhead = plugin.policy(BulkheadConfig(max_concurrent=2), Scope(key="k"))
        bulkhead.acquire()
        bulkhead.acquire()
        again = plugin.policy(BulkheadConfig(max_concurrent=3, max_queue=5, max_wait=1.0), Scope(key="k"))
        assert again is bulkhead
        assert plugin.status() == {"k": BulkheadStatus(max_concurrent=3, inside=2, waiting=0)}
        assert (bulkhead.max_queue, bulkhead.max_wait) == (5, 1.0)
        assert bulkhead.acquire()
        assert bulkhead.acquire() is None

    def test_a_lower_limit_counts_who_is_inside(self, plugin):
        bulkhead = plugin.policy(BulkheadConfig(max_concurrent=3), Scope(key="k"))
        for _ in range(3):
            bulkhead.acquire()
        plugin.policy(BulkheadConfig(max_concurrent=1), Scope(key="k"))
        for _ in range(2):
            bulkhead.release(True)
            with pytest.raises(BulkheadFull):
                bulkhead.acquire()
        bulkhead.release(True)
        assert bulkhead.acquire()

    def test_in_a_pipeline_calls_under_way_count_for_the_next_pipeline(self, handler):
        outer = Pipeline(BulkheadConfig(max_concurrent=1, name="venue"), handler=handler)
        inner = Pipeline(BulkheadConfig(max_concurrent=2, name="venue"), handler=handler)

        def nested():
            return inner.call_sync(inner.call_sync, int)

        with pytest.raises(BulkheadFull, match="all 2 permits are out"):
            outer.call_sync(nested)
        assert handler.plugins.get("bulkhead").status() == {"venue": BulkheadStatus(2, 0, 0)}


class TestEvents:
    def test_a_refusal_is_told(self, plugin, host):
        bulkhead = plugin.policy(BulkheadConfig(max_concurrent=1), Scope(key="k"))
        bulkhead.acquire()
        with pytest.raises(BulkheadFull):
            bulkhead.acquire()
        (event,) = host.published
        assert (event.policy, event.key, event.action) == ("bulkhead", "k", "refused")
        assert event.detail == "all 1 permits are out, and there is no queue"

    @on_both
    @pytest.mark.anyio
    async def test_waiting_is_told(self, plugin, host):
        bulkhead = plugin.policy(BulkheadConfig(max_concurrent=1, max_queue=1), Scope(key="k"))
        bulkhead.acquire()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await bulkhead.wait()
        assert [event.action for event in host.published] == ["queued"]

    def test_where_nobody_listens_none_is_made(self, plugin, host):
        host.observed = False
        bulkhead = plugin.policy(BulkheadConfig(max_concurrent=1), Scope(key="k"))
        bulkhead.acquire()
        with pytest.raises(BulkheadFull):
            bulkhead.acquire()
        assert host.published == []


class TestPlacing:
    def test_is_next_to_the_call(self, plugin):
        assert isinstance(plugin, PolicyServer)
        assert plugin.placing(BulkheadConfig()).place is Place.CONCURRENCY

    def test_one_at_a_time_is_said(self, plugin):
        assert plugin.placing(BulkheadConfig(max_concurrent=1)).traits is Trait.ONE_AT_A_TIME
        assert plugin.placing(BulkheadConfig(max_concurrent=2)).traits is Trait.NONE


class TestPipelines:
    @pytest.mark.parametrize("error", [None, ValueError("x"), KeyboardInterrupt(), PolicyMisuse("y")])
    def test_every_ending_gives_the_place_back_and_passes_the_error_unchanged(self, handler, error):
        pipeline = Pipeline(BulkheadConfig(max_concurrent=1, name="k"), handler=handler)

        def call():
            if error is not None:
                raise error

        for _ in range(3):
            if error is None:
                pipeline.call_sync(call)
                continue
            with pytest.raises(type(error)) as raised:
                pipeline.call_sync(call)
            assert raised.value is error
        assert handler.plugins.get("bulkhead").status()["k"].inside == 0

    @on_both
    @pytest.mark.anyio
    async def test_a_call_cancelled_inside_gives_the_place_back(self, handler):
        pipeline = Pipeline(BulkheadConfig(max_concurrent=1, name="k"), handler=handler)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await pipeline.call(anyio.sleep_forever)
        assert await pipeline.call(anyio.lowlevel.checkpoint) is None
        assert handler.plugins.get("bulkhead").status()["k"].inside == 0

    @on_both
    @pytest.mark.anyio
    async def test_tasks_pass_one_after_the_other(self, handler):
        pipeline = Pipeline(BulkheadConfig(max_concurrent=2, max_queue=10, name="k"), handler=handler)
        inside, most, order = 0, 0, []

        async def call(number):
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
            inside -= 1
            order.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(6):
                tasks.start_soon(pipeline.call, call, number)
                await anyio.lowlevel.checkpoint()
        assert most == 2
        assert order == list(range(6))

    @on_both
    @pytest.mark.anyio
    async def test_a_deadline_ends_the_wait(self, handler):
        pipeline = Pipeline(BulkheadConfig(max_concurrent=1, max_queue=1, name="k"), handler=handler)
        refused = []

        async def impatient():
            with deadline(2.0, clock=handler.clock):
                try:
                    await pipeline.call(anyio.sleep_forever)
                except DeadlineExceeded as error:
                    refused.append(error.key)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pipeline.call, anyio.sleep_forever)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(impatient)
            await anyio.wait_all_tasks_blocked()
            handler.clock.advance(2.0)
            await anyio.wait_all_tasks_blocked()
            assert refused == ["k"]
            tasks.cancel_scope.cancel()

    @pytest.mark.parametrize("max_queue", [0, 12])
    def test_as_a_decorator_of_a_plain_function_it_counts_threads(self, handler, max_queue):
        start, limit, workers = threading.Barrier(12), 4, 12
        seats, totals = [threading.Lock() for _ in range(limit)], []
        bulkhead = BulkheadConfig(max_concurrent=limit, max_queue=max_queue)

        @Pipeline(bulkhead, handler=handler, operation=Operation(key="k"))
        def call():
            seat = next(seat for seat in seats if seat.acquire(blocking=False))
            seat.release()

        def work():
            passed = 0
            start.wait()
            for _ in range(200):
                with suppress(BulkheadFull):
                    call()
                    passed += 1
            totals.append(passed)

        threads = [threading.Thread(target=work) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(totals) == workers
        assert max_queue == 0 or totals == [200] * workers
        assert handler.plugins.get("bulkhead").status() == {"k": BulkheadStatus(limit, 0, 0)}

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_a_thread_that_a_task_has_started_may_wait(self, handler, backend):
        pipeline = Pipeline(BulkheadConfig(max_concurrent=1, max_queue=1, name="k"), handler=handler)
        status = handler.plugins.get("bulkhead").status
        done = []

        async def thread():
            start = asyncio.to_thread if backend == "asyncio" else trio.to_thread.run_sync
            done.append(await start(pipeline.call_sync, int))

        async def main():
            entered, leave = anyio.Event(), anyio.Event()

            async def hold():
                entered.set()
                await leave.wait()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pipeline.call, hold)
                await entered.wait()
                tasks.start_soon(thread)
                while status()["k"].waiting == 0:
                    await anyio.lowlevel.checkpoint()
                leave.set()

        anyio.run(main, backend=backend)
        assert done == [0]
