"""What calls on one timer leave in memory, and several loops in several threads."""

import asyncio
import contextvars
import gc
import threading
import tracemalloc
import weakref

import pytest

from recoup import Scope, SystemClock, Timeout, remaining
from recoup_plugins.timeout import TimeoutConfig, TimeoutPlugin
from recoup_plugins.timeout.queue import FEWEST


@pytest.fixture
def plugin(make_host):
    return TimeoutPlugin(make_host(clock=SystemClock(), observed=False))


@pytest.fixture
def gate(plugin):
    return plugin.policy(TimeoutConfig(seconds=3600.0), Scope(key="ticker"))


def apart(acquire):
    """Begin a call as if in a task of its own, so that its deadline is not around the next one."""
    return contextvars.copy_context().run(acquire)


def queue_of(plugin):
    (queue,) = plugin._queues._queues.values()
    return queue


def test_a_call_that_hangs_keeps_no_others_in_memory(gate, plugin):
    async def run():
        stuck = apart(gate.acquire)
        for _ in range(1_000):
            gate.release(gate.acquire(), None)
        tracemalloc.start()
        for _ in range(20_000):
            gate.release(gate.acquire(), None)
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(queue_of(plugin).calls) <= FEWEST
        assert kept < 50_000
        gate.release(stuck, None)

    asyncio.run(run())


def test_after_a_rush_the_queue_shrinks_again(gate, plugin):
    async def run():
        permits = [apart(gate.acquire) for _ in range(10_000)]
        for permit in reversed(permits):
            gate.release(permit, None)
        assert len(queue_of(plugin).calls) <= 20_000
        for _ in range(20_000):
            gate.release(gate.acquire(), None)
        assert len(queue_of(plugin).calls) <= FEWEST

    asyncio.run(run())


def test_gates_with_the_same_limit_share_one_timer(plugin):
    gates = [plugin.policy(TimeoutConfig(seconds=60.0), Scope(key=f"{i}")) for i in range(10)]

    async def run():
        permits = [apart(gate.acquire) for gate in gates]
        assert len(asyncio.get_running_loop()._scheduled) == 1
        for gate, permit in zip(gates, permits, strict=True):
            gate.release(permit, None)

    asyncio.run(run())


def test_a_timer_that_runs_out_with_no_call_under_way_is_not_set_again(virtual_loop, make_host, loop_clock):
    plugin = TimeoutPlugin(make_host(clock=loop_clock))
    gate = plugin.policy(TimeoutConfig(seconds=1.0), Scope(key="ticker"))

    async def run():
        gate.release(gate.acquire(), None)
        await asyncio.sleep(3)
        assert len(plugin._queues) == 0
        assert asyncio.get_running_loop()._scheduled == []
        permit = gate.acquire()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(3)
        with pytest.raises(Timeout):
            gate.release(permit, asyncio.CancelledError())

    with asyncio.Runner(loop_factory=virtual_loop) as runner:
        runner.run(run())


def test_no_loop_is_kept_in_memory(gate, plugin):
    async def run():
        stuck = apart(gate.acquire)
        gate.release(gate.acquire(), None)
        _left.append(stuck[0])
        return weakref.ref(asyncio.get_running_loop())

    _left = []
    loop = asyncio.run(run())
    _left.clear()
    gc.collect()
    assert loop() is None
    assert len(plugin._queues) == 0


def test_a_new_loop_in_the_same_thread_has_its_own_queue(gate):
    async def run():
        permit = gate.acquire()
        assert permit[0] is asyncio.current_task()
        assert len(asyncio.get_running_loop()._scheduled) == 1
        gate.release(permit, None)

    for _ in range(3):
        asyncio.run(run())


def test_a_loop_may_move_to_another_thread(gate):
    async def run():
        permit = gate.acquire()
        assert permit[0] is asyncio.current_task()
        gate.release(permit, None)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(run())
    mover = threading.Thread(target=loop.run_until_complete, args=(run(),))
    mover.start()
    mover.join()
    loop.run_until_complete(run())
    loop.close()


def test_synchronous_calls_in_a_thread_leave_the_loop_of_another_alone(gate, plugin):
    async def run():
        gate.release(gate.acquire(), None)
        before = len(queue_of(plugin).calls)
        await asyncio.to_thread(lambda: gate.release(gate.acquire(), None))
        assert len(queue_of(plugin).calls) == before

    asyncio.run(run())


def test_a_loop_that_does_not_say_which_thread_it_runs_in_is_served_as_well(gate):
    class Reticent(asyncio.SelectorEventLoop):
        def __getattribute__(self, name):
            if name == "_thread_id" and not inside[0]:
                raise AttributeError(name)
            return super().__getattribute__(name)

    inside = [True]

    async def run():
        inside[0] = False
        try:
            for _ in range(3):
                permit = gate.acquire()
                assert permit[0] is asyncio.current_task()
                gate.release(permit, None)
        finally:
            inside[0] = True

    with asyncio.Runner(loop_factory=Reticent) as runner:
        runner.run(run())


def test_a_call_closed_unfinished_from_elsewhere_changes_no_deadline_there(gate):
    async def call():
        permit = gate.acquire()
        try:
            await asyncio.Event().wait()
        finally:
            gate.release(permit, None)

    async def run():
        coroutine = call()
        contextvars.copy_context().run(coroutine.send, None)
        coroutine.close()
        assert remaining() is None

    asyncio.run(run())


def test_loops_in_many_threads_cut_off_exactly_what_hangs(plugin):
    threads, calls = 8, 60
    gates = [plugin.policy(TimeoutConfig(seconds=seconds), Scope(key=f"{seconds}")) for seconds in (0.02, 0.05)]
    start = threading.Barrier(threads)
    counts = [None] * threads

    async def call(gate, hangs):
        permit = gate.acquire()
        try:
            await (asyncio.Event().wait() if hangs else asyncio.sleep(0))
        except BaseException as error:
            gate.release(permit, error)
            raise
        gate.release(permit, None)
        return "done"

    async def work():
        answers = await asyncio.gather(
            *(call(gates[i % 2], hangs=i % 3 == 0) for i in range(calls)), return_exceptions=True
        )
        assert [isinstance(answer, Timeout) for answer in answers] == [i % 3 == 0 for i in range(calls)]
        return answers.count("done")

    def run(index):
        start.wait()
        counts[index] = sum(asyncio.run(work()) for _ in range(3))

    workers = [threading.Thread(target=run, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert counts == [3 * 40] * threads
    gc.collect()
    assert len(plugin._queues) == 0
