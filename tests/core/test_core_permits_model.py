"""Permits against a simple model: a set of owners, and a queue."""

from __future__ import annotations

import asyncio

from attrs import define
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from recoup import BulkheadFull, DeadlineExceeded, Permits, deadline
from recoup.testing import FakeClock

FULL, LATE, CANCELLED = "full", "late", "cancelled"


@define(eq=False)
class Caller:
    """One call: what the model says of it, and the task that really makes it."""

    patience: float | None
    reason: str
    state: str = "inside"
    task: asyncio.Task[str] | None = None
    leaves: asyncio.Event | None = None
    has_permit: bool = False


class PermitsModel(RuleBasedStateMachine):
    """Callers come, leave, are cancelled and lose patience, while the limits change under them."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock(auto_advance=False)
        self.limit, self.max_queue, self.max_wait = 2, 2, None
        self.permits = Permits("k", 2, clock=self.clock, report=lambda *_: None, max_queue=2)
        self.inside: list[Caller] = []
        self.queue: list[Caller] = []
        self.all: list[Caller] = []

    def teardown(self):
        for caller in self.all:
            caller.task.cancel()
        self.turn_the_loop()
        self.loop.close()
        assert self.permits.inside == 0
        assert self.permits.waiting == 0

    def turn_the_loop(self):
        async def turns():
            for _ in range(6):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())

    async def really(self, caller: Caller, within: float | None) -> str:
        permits = self.permits
        try:
            if within is None:
                permit = permits.acquire() or await permits.wait()
            else:
                with deadline(within, clock=self.clock):
                    permit = permits.acquire() or await permits.wait()
        except BulkheadFull:
            return FULL
        except DeadlineExceeded:
            return LATE
        except asyncio.CancelledError:
            return CANCELLED
        caller.has_permit = permit
        try:
            await caller.leaves.wait()
        except asyncio.CancelledError:
            pass
        finally:
            self.give_back(caller)
        return "left"

    def give_back(self, caller: Caller):
        if caller.has_permit:
            caller.has_permit = False
            self.permits.release(True, None)

    def admit(self):
        while self.queue and len(self.inside) < self.limit:
            caller = self.queue.pop(0)
            caller.state = "inside"
            self.inside.append(caller)

    @rule(within=st.sampled_from([None, None, 0.0, 2.0, 5.0]))
    def come(self, within):
        if within is not None and (self.max_wait is None or within < self.max_wait):
            wait, reason = within, LATE
        else:
            wait, reason = self.max_wait, FULL
        caller = Caller(None if wait is None else self.clock.monotonic() + wait, reason)
        self.all.append(caller)
        if len(self.inside) < self.limit and not self.queue:
            self.inside.append(caller)
        elif len(self.queue) >= self.max_queue:
            caller.state = FULL
        elif wait is not None and wait <= 0:
            caller.state = reason
        else:
            caller.state = "waiting"
            self.queue.append(caller)
        caller.leaves = asyncio.Event()
        caller.task = self.loop.create_task(self.really(caller, within))
        self.turn_the_loop()

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def leave(self, data):
        caller = data.draw(st.sampled_from(self.inside))
        self.inside.remove(caller)
        caller.state = "left"
        self.admit()
        caller.leaves.set()
        self.turn_the_loop()

    @precondition(lambda self: self.queue)
    @rule(data=st.data())
    def cancel(self, data):
        caller = data.draw(st.sampled_from(self.queue))
        self.queue.remove(caller)
        caller.state = CANCELLED
        caller.task.cancel()
        self.turn_the_loop()

    @precondition(lambda self: self.queue and 0 < len(self.inside) <= self.limit)
    @rule()
    def hand_over_to_one_who_is_cancelled_before_it_runs(self):
        leaving, first = self.inside.pop(0), self.queue.pop(0)
        self.give_back(leaving)
        first.task.cancel()
        leaving.leaves.set()
        leaving.state, first.state = "left", CANCELLED
        self.admit()
        self.turn_the_loop()

    @rule(seconds=st.sampled_from([1.0, 2.0, 10.0]))
    def pass_time(self, seconds):
        self.clock.advance(seconds)
        for caller in list(self.queue):
            if caller.patience is not None and caller.patience <= self.clock.monotonic():
                caller.state = caller.reason
                self.queue.remove(caller)
        self.turn_the_loop()

    @rule(limit=st.integers(1, 4))
    def resize(self, limit):
        self.limit = limit
        self.permits.resize(limit)
        self.admit()
        self.turn_the_loop()

    @rule(max_queue=st.integers(0, 3), max_wait=st.sampled_from([None, 0.0, 1.0, 3.0]))
    def reconfigure(self, max_queue, max_wait):
        self.max_queue = self.permits.max_queue = max_queue
        self.max_wait = self.permits.max_wait = max_wait

    @invariant()
    def agree(self):
        assert self.permits.inside == len(self.inside)
        assert self.permits.waiting == len(self.queue)
        for caller in self.all:
            really = caller.task.result() if caller.task.done() else "under way"
            assert really == (caller.state if caller.state not in {"inside", "waiting"} else "under way")


TestPermitsModel = PermitsModel.TestCase
TestPermitsModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
