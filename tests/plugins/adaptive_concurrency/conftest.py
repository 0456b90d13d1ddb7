"""A server with a number of workers and a queue of its own (M/M/c), and clients that go through a limit."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from random import Random

import pytest

from recoup import BulkheadFull


class Simulation:
    """Calls that arrive at random, pass the limit or are refused, and are served first come first served.

    Args:
        gate: the limit under test.
        clock: moved from event to event.
        workers: calls that the server works on at a time.
        service: mean seconds that a worker takes; exponentially distributed, or constant.
        cut_off: seconds after which the client gives a call up, or None; the worker does it all the same.
    """

    def __init__(self, gate, clock, *, workers, service, cut_off=None, constant=False, seed=0):
        self.gate = gate
        self.clock = clock
        self.workers = workers
        self.service = service
        self.cut_off = cut_off
        self.constant = constant
        self.random = Random(seed)
        self.events = []
        self.order = itertools.count()
        self.busy = 0
        self.queue = deque()
        self.refused = self.served = 0
        self.latencies = []
        self.limits = []

    def run(self, rate, seconds):
        """Let calls arrive at so many a second, and return the mean limit over the last quarter of the time."""
        end = self.clock.monotonic() + seconds
        self.latencies, self.limits = [], []
        self.refused = self.served = 0
        self.at(self.random.expovariate(rate), self.arrive, rate, end)
        while self.events and self.events[0][0] <= end:
            when, _, do, args = heapq.heappop(self.events)
            self.clock.advance(max(0.0, when - self.clock.monotonic()))
            do(*args)
            self.limits.append((self.clock.monotonic(), self.gate.limit))
        late = [limit for when, limit in self.limits if when > end - seconds / 4]
        return sum(late) / len(late)

    def at(self, delay, do, *args):
        heapq.heappush(self.events, (self.clock.monotonic() + delay, next(self.order), do, args))

    def arrive(self, rate, end):
        if self.clock.monotonic() > end:
            return
        self.at(self.random.expovariate(rate), self.arrive, rate, end)
        try:
            permit = self.gate.acquire()
        except BulkheadFull:
            self.refused += 1
            return
        call = [permit, self.clock.monotonic(), True]
        self.queue.append(call)
        if self.cut_off is not None:
            self.at(self.cut_off, self.give_up, call)
        self.work()

    def work(self):
        while self.queue and self.busy < self.workers:
            call = self.queue.popleft()
            self.busy += 1
            self.at(self.service if self.constant else self.random.expovariate(1 / self.service), self.done, call)

    def done(self, call):
        self.busy -= 1
        if call[2]:
            self.end(call, None)
        self.work()

    def give_up(self, call):
        if call[2]:
            self.end(call, TimeoutError())

    def end(self, call, error):
        call[2] = False
        self.served += error is None
        self.latencies.append(self.clock.monotonic() - call[1])
        self.gate.release(call[0], error)


@pytest.fixture
def simulate(host):
    return lambda gate, **options: Simulation(gate, host.clock, **options)
