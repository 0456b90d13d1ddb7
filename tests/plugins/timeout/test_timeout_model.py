"""Calls that share timers, against a model that looks at each by itself."""

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from recoup import Scope, Timeout, deadline
from recoup_plugins.timeout import TimeoutConfig, TimeoutPlugin
from recoup_plugins.timeout.queue import FEWEST

LIMITS = (1.0, 2.5)
STEPS = st.integers(0, 20).map(lambda eighths: eighths / 8)


def model_of(make_host, loop_factory, clock):  # noqa: C901 - a state machine needs its fixtures
    class Calls(RuleBasedStateMachine):
        """Calls of two limits, of which some have a nearer deadline around, end in every way and order."""

        calls = Bundle("calls")

        def __init__(self):
            super().__init__()
            self.loop = loop_factory()
            plugin = TimeoutPlugin(make_host(clock=clock))
            self.queues = plugin._queues
            self.gates = [plugin.policy(TimeoutConfig(seconds=seconds), Scope(key=f"{seconds}")) for seconds in LIMITS]
            self.until = {}
            self.expected = {}
            self.tasks = {}
            self.under_way = self.most = 0

        def teardown(self):
            for task in self.tasks.values():
                task.cancel()
            self._settle()
            self.loop.close()

        @rule(target=calls, limit=st.integers(0, 1), around=st.none() | STEPS.map(lambda step: step + 1 / 16))
        def begin(self, limit, around):
            number = len(self.tasks)
            answer = self.loop.create_future()
            task = self.loop.create_task(self._call(self.gates[limit], answer, around))
            self.tasks[number] = task
            self.until[number] = self.loop.time() + min(LIMITS[limit], LIMITS[limit] if around is None else around)
            self.expected[number] = "pending"
            self._settle()
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            return number, answer, task

        @rule(call=calls)
        def answer(self, call):
            number, answer, _ = call
            if self.expected[number] == "pending":
                answer.set_result(None)
                self._end(number, "answered")
            self._settle()

        @rule(call=calls)
        def cancel(self, call):
            number, _, task = call
            if self.expected[number] == "pending":
                task.cancel()
                self._end(number, "cancelled")
            self._settle()

        @rule(step=STEPS)
        def wait(self, step):
            self.loop.run_until_complete(asyncio.sleep(step))
            self._settle()
            for number, until in self.until.items():
                if self.expected[number] == "pending" and until <= self.loop.time():
                    self._end(number, "timed out")

        @rule(limit=st.integers(0, 1), count=st.integers(1, 200))
        def make_short_calls(self, limit, count):
            async def call():
                for _ in range(count):
                    self.gates[limit].release(self.gates[limit].acquire(), None)

            self.loop.run_until_complete(call())

        @invariant()
        def every_call_is_where_it_should_be(self):
            assert {number: self._state(task) for number, task in self.tasks.items()} == self.expected

        @invariant()
        def nothing_is_kept_of_calls_that_have_ended(self):
            for queue in self.queues._queues.values():
                assert len(queue.calls) <= max(FEWEST, 2 * self.most)
                assert sum(map(bool, queue.calls)) <= self.under_way

        @invariant()
        def each_limit_has_one_timer(self):
            timers = [handle for handle in self.loop._scheduled if "DeadlineQueue" in repr(handle._callback)]
            assert len(timers) == len(self.queues) <= len(LIMITS)

        async def _call(self, gate, answer, around):
            with deadline(1000.0 if around is None else around, clock=clock):
                permit = gate.acquire()
            try:
                await answer
            except BaseException as error:
                gate.release(permit, error)
                raise
            gate.release(permit, None)

        def _settle(self):
            for _ in range(3):
                self.loop.run_until_complete(asyncio.sleep(0))

        def _end(self, number, how):
            self.expected[number] = how
            self.under_way -= 1

        @staticmethod
        def _state(task):
            if not task.done():
                return "pending"
            if task.cancelled():
                return "cancelled"
            return "timed out" if isinstance(task.exception(), Timeout) else "answered"

    return Calls


@pytest.fixture
def calls_test(make_host, virtual_loop, loop_clock):
    return model_of(make_host, virtual_loop, loop_clock)


def test_calls_that_share_timers_end_as_each_by_itself_would(calls_test):
    case = calls_test.TestCase
    case.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
    case().runTest()
