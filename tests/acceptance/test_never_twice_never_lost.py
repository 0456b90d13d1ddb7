"""Never twice, never lost: every fault, at every point in time, under every rule for client order ids.

A state machine submits, cancels, breaks tasks off, kills the process and lets time pass, at a venue of its own, in
virtual time; what the application was told is held against the venue's ledger after every step. RECOUP_CHAOS_PLANS says
how many plans it tries.
"""

import asyncio
import os

import anyio
import pytest
import trio.testing
from chaos_venue import SENDS, Venue, VirtualLoop
from chaos_world import SETTLED, STEPS, Plan, venues
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

PLANS = int(os.environ.get("RECOUP_CHAOS_PLANS", "300"))
MOST_CRASHES = 2
"""In one plan: to start a process takes longer than all else together."""


class NeverTwiceNeverLost(RuleBasedStateMachine):
    """Any order of steps, on asyncio in virtual time."""

    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop()
        self.plan = self.main = None
        self.crashes = 0

    def run(self, function, *args):
        async def within():
            return await function(*args)

        self.loop.run_until_complete(within())

    @initialize(venue=venues)
    def begin(self, venue):
        self.plan = Plan(venue)
        begun = asyncio.Event()

        async def main():
            async with anyio.create_task_group() as self.plan.world.group:
                await self.plan.world.boot()
                begun.set()
                await anyio.sleep_forever()

        self.main = self.loop.create_task(main())
        self.run(begun.wait)

    @rule(step=STEPS["submit"])
    def submit(self, step):
        self.run(self.plan.submit, *step)

    @rule(step=STEPS["pass_time"])
    def pass_time(self, step):
        self.run(self.plan.pass_time, *step)

    @rule(step=STEPS["break_off"])
    def break_off(self, step):
        self.run(self.plan.break_off, *step)

    @rule(step=STEPS["cancel"])
    def cancel(self, step):
        self.run(self.plan.cancel, *step)

    @rule(step=STEPS["break_lookups"])
    def break_lookups(self, step):
        self.run(self.plan.break_lookups, *step)

    @rule(step=STEPS["fill"])
    def fill(self, step):
        self.run(self.plan.fill, *step)

    @rule(step=STEPS["archive"])
    def archive(self, step):
        self.run(self.plan.archive, *step)

    @precondition(lambda self: self.crashes < MOST_CRASHES)
    @rule(step=STEPS["crash"])
    def crash(self, step):
        self.crashes += 1
        self.run(self.plan.crash, *step)

    @invariant()
    def what_was_told_is_true(self):
        if self.plan is not None:
            if self.main.done():
                self.main.result()
            self.run(_in_task, self.plan.world.check)

    def teardown(self):
        try:
            if self.plan is not None:
                self.run(self.plan.pass_time, SETTLED)
                self.run(_in_task, self.plan.world.check_end)
                self.main.cancel()
        finally:
            self.run(_in_task, lambda: None)
            self.loop.close()


async def _in_task(function):
    """Call a function that asks for the time, in a task that can tell it."""
    function()


def test_never_twice_never_lost():
    run_state_machine_as_test(
        NeverTwiceNeverLost,
        settings=settings(
            max_examples=PLANS,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


async def play(venue, steps):
    plan = Plan(venue)
    async with anyio.create_task_group() as plan.world.group:
        await plan.world.boot()
        for name, arguments in steps:
            await getattr(plan, name)(*arguments)
            plan.world.check()
        await plan.pass_time(SETTLED)
        plan.world.check_end()
        await plan.world.handler.close()


@given(
    venue=venues,
    steps=st.lists(st.one_of(*(st.tuples(st.just(name), step) for name, step in STEPS.items())), max_size=12),
)
@settings(max_examples=max(20, PLANS // 10), deadline=None, suppress_health_check=list(HealthCheck))
def test_on_trio_as_well(venue, steps):
    clock = trio.testing.MockClock(autojump_threshold=0)
    anyio.run(play, venue, steps, backend="trio", backend_options={"clock": clock})


@pytest.mark.parametrize("id_rule", ["forever", "open_only", "none"])
@pytest.mark.parametrize("fills", [True, False])
@pytest.mark.parametrize("fault", SENDS)
@pytest.mark.parametrize("end", ["crash", "break_off", "wait"])
@pytest.mark.parametrize("moment", [0.0, 0.06, 0.2])
def test_each_fault_at_each_point_in_time_under_each_rule(id_rule, fills, fault, end, moment):
    """Submit, be interrupted or not, submit the same again."""
    venue = Venue(id_rule, fills, id_lag=0.3, list_lag=0.0, late=2.0)
    interruption = {"crash": [("crash", ())], "break_off": [("break_off", (0,))], "wait": []}[end]
    again = ("submit", ("bot-1", [], None, "none"))
    steps = [("submit", ("bot-1", [fault], None, "none")), ("pass_time", (moment,)), *interruption, again]
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(play(venue, steps))
    assert len(venue.executed) == 1


@pytest.mark.parametrize("id_rule", ["forever", "open_only", "none"])
def test_an_accepted_order_that_the_venue_has_archived_is_not_sent_again(id_rule):
    venue = Venue(id_rule, fills=True, id_lag=0.0, list_lag=0.0, late=2.0)
    once = ("submit", ("bot-1", [], None, "none"))
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(play(venue, [once, ("pass_time", (1.0,)), ("archive", ("bot-1",)), once]))
    assert len(venue.executed) == 1
