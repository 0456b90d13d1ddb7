"""Permits under real threads and event loops: exact counts, and no waiter forgotten."""

from __future__ import annotations

import threading
from functools import partial

import anyio
import anyio.lowlevel
import pytest

from recoup import BulkheadFull, Permits, permits
from recoup.testing import FakeClock


@pytest.fixture
def make():
    clock = FakeClock(auto_advance=False)
    return lambda limit, **options: Permits("k", limit, clock=clock, report=lambda *_: None, **options)


@pytest.mark.parametrize("free_threaded", [False, True], ids=["without-lock", "as-when-free-threaded"])
class TestThreads:
    @pytest.fixture(autouse=True)
    def as_when_free_threaded(self, free_threaded, monkeypatch):
        monkeypatch.setattr(permits, "FREE_THREADED", free_threaded)

    @pytest.mark.parametrize("max_queue", [0, 3, 100])
    def test_never_more_inside_than_the_limit_and_all_permits_come_back(self, make, max_queue):
        limit, workers, rounds = 3, 8, 400
        permits = make(limit, max_queue=max_queue)
        seats = [threading.Lock() for _ in range(limit)]
        start, totals = threading.Barrier(workers), []

        def work():
            inside = refused = 0
            start.wait()
            for _ in range(rounds):
                try:
                    permit = permits.acquire() or permits.wait_sync()
                except BulkheadFull:
                    refused += 1
                    continue
                seat = next((seat for seat in seats if seat.acquire(blocking=False)), None)
                assert seat is not None, "more callers than seats"
                inside += 1
                seat.release()
                permits.release(permit, None)
            totals.append((inside, refused))

        threads = [threading.Thread(target=work) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(totals) == workers
        assert sum(inside + refused for inside, refused in totals) == workers * rounds
        assert max_queue < workers or sum(refused for _, refused in totals) == 0
        assert (permits.inside, permits.waiting, len(permits._free)) == (0, 0, limit)

    def test_no_waiter_is_forgotten_while_the_limit_goes_up_and_down(self, make):
        permits = make(1, max_queue=100)
        done, start = threading.Event(), threading.Barrier(7)
        counts = []

        def work():
            start.wait()
            for _ in range(300):
                permit = permits.acquire() or permits.wait_sync()
                permits.release(permit, None)
            counts.append(300)

        def resize():
            start.wait()
            limits = (4, 1, 2, 3)
            turn = 0
            while not done.is_set():
                permits.resize(limits[turn % 4])
                turn += 1
            permits.resize(2)

        workers = [threading.Thread(target=work) for _ in range(6)]
        resizer = threading.Thread(target=resize)
        for thread in (*workers, resizer):
            thread.start()
        for thread in workers:
            thread.join(60)
        done.set()
        resizer.join(60)
        assert counts == [300] * 6
        assert (permits.inside, permits.waiting, permits.limit, len(permits._free)) == (0, 0, 2, 2)

    def test_threads_and_the_tasks_of_two_event_loops_share_it(self, make):
        permits = make(2, max_queue=100)
        counts, start = [], threading.Barrier(4)
        inside, most = [], []

        def enter():
            inside.append(None)
            most.append(len(inside))

        def block():
            start.wait()
            for _ in range(100):
                permit = permits.acquire() or permits.wait_sync()
                enter()
                inside.pop()
                permits.release(permit, None)
            counts.append(100)

        async def call():
            for _ in range(25):
                permit = permits.acquire() or await permits.wait()
                enter()
                await anyio.lowlevel.checkpoint()
                inside.pop()
                permits.release(permit, None)
            counts.append(25)

        async def main():
            start.wait()
            async with anyio.create_task_group() as tasks:
                for _ in range(4):
                    tasks.start_soon(call)

        targets = (block, block, partial(anyio.run, main, backend="asyncio"), partial(anyio.run, main, backend="trio"))
        threads = [threading.Thread(target=target) for target in targets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sum(counts) == 400
        assert max(most) <= 2
        assert (permits.inside, permits.waiting) == (0, 0)
