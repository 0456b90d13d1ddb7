"""A market whose feed was interrupted is not traded until its picture is whole again."""

from __future__ import annotations

import anyio
import pytest
from attrs import define, field

from recoup import StateEvent, VenuePorts
from recoup_plugins.data_feed_interruption import (
    DataFeedInterruption,
    DataFeedInterruptionConfig,
    FeedInterrupted,
    FeedState,
)

pytestmark = pytest.mark.anyio
KEY, SYMBOL = "binance", "BTC/USDT"


@define
class Data:
    """Market data whose steps fail as they are told."""

    fails: dict = field(factory=dict)
    steps: list = field(factory=list)
    gate: object = None

    async def resubscribe(self, symbol):
        if self.gate is not None:
            self.steps.append(("waits", symbol))
            await self.gate.wait()
        self._step("resubscribe", symbol)

    def snapshot(self, symbol):
        self._step("snapshot", symbol)

    def _step(self, name, symbol):
        self.steps.append((name, symbol))
        if self.fails.get(name, 0) > 0:
            self.fails[name] -= 1
            raise ConnectionResetError(name)


@pytest.fixture
def data(host):
    found = Data()
    host.venues.register(KEY, VenuePorts(market_data=found))
    return found


@pytest.fixture
def plugin(host, data):
    return DataFeedInterruption(DataFeedInterruptionConfig(), host)


@pytest.fixture
def report(plugin, make_context):
    async def run(symbol=SYMBOL, *, component=KEY, to=plugin):
        error = FeedInterrupted(symbol, "sequence 17 after 12")
        return await to.recover(error, make_context(error, component=component))

    return run


def states(host):
    return [event.new for event in host.published if isinstance(event, StateEvent) and event.subject.startswith("feed")]


async def test_it_is_subscribed_to_before_the_picture_is_loaded(report, host, data):
    answer = await report()
    assert answer.decision.value == "recovered"
    assert data.steps == [("resubscribe", SYMBOL), ("snapshot", SYMBOL)]
    assert states(host) == ["recovering", "fresh"]
    assert host.halts.all() == ()
    assert host.clock.sleeps == []


async def test_a_step_that_fails_begins_again_after_a_jittered_growing_wait(report, host, data, plugin):
    data.fails = {"resubscribe": 2, "snapshot": 1}
    await report()
    assert [name for name, _ in data.steps] == ["resubscribe"] * 3 + ["snapshot"] + ["resubscribe", "snapshot"]
    assert len(host.clock.sleeps) == 3
    assert all(0 <= delay <= 0.5 * 2**attempt for attempt, delay in enumerate(host.clock.sleeps))
    assert plugin.state(KEY, SYMBOL) is FeedState.FRESH


async def test_new_orders_of_that_market_alone_are_refused_meanwhile(report, host, data):
    data.gate = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(report)
        while not data.steps:
            await anyio.lowlevel.checkpoint()
        assert [(halt.key, halt.symbol) for halt in host.halts.all()] == [(KEY, SYMBOL)]
        assert "sequence 17 after 12" in host.halts.on(KEY, SYMBOL).reason
        assert host.halts.on(KEY, "ETH/USDT") is None
        data.gate.set()
    assert host.halts.all() == ()


async def test_where_it_does_not_come_back_the_market_stays_halted_and_a_human_is_told(report, host, data, plugin):
    data.fails = {"snapshot": 10_000}
    answer = await report()
    assert answer.decision.value == "raise"
    assert plugin.state(KEY, SYMBOL) is FeedState.STALE
    assert host.clock.monotonic() <= 600
    ((component, _, reason),) = host.escalated
    assert component == KEY
    assert "snapshot failed with ConnectionResetError" in reason
    assert host.halts.on(KEY, SYMBOL) is not None
    data.fails.clear()
    assert (await report()).decision.value == "recovered"
    assert host.halts.all() == ()


async def test_a_second_report_waits_for_the_one_that_brings_it_back(report, data):
    data.gate = anyio.Event()
    answers = []

    async def run():
        answers.append((await report()).decision.value)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        group.start_soon(run)
        while not data.steps:
            await anyio.lowlevel.checkpoint()
        data.gate.set()
    assert answers == ["recovered", "recovered"]
    assert data.steps.count(("snapshot", SYMBOL)) == 1


async def test_whoever_is_cancelled_leaves_the_market_halted(report, host, data, plugin):
    data.gate = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(report)
        while not data.steps:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert plugin.state(KEY, SYMBOL) is FeedState.STALE
    assert host.halts.on(KEY, SYMBOL) is not None


async def test_a_step_that_hangs_is_cut_off(report, host, data):
    class Hangs(Data):
        async def resubscribe(self, symbol):
            self.steps.append(("resubscribe", symbol))
            if len(self.steps) == 1:
                await anyio.sleep_forever()

    hangs = Hangs()
    host.venues.register(KEY, VenuePorts(market_data=hangs))
    plugin = DataFeedInterruption(DataFeedInterruptionConfig(step_timeout=0.001), host)
    assert (await report(to=plugin)).decision.value == "recovered"
    assert [name for name, _ in hangs.steps] == ["resubscribe", "resubscribe", "snapshot"]


async def test_trading_goes_on_where_it_is_told_to(report, host, data):
    plugin = DataFeedInterruption(DataFeedInterruptionConfig(halts=False), host)
    data.fails = {"snapshot": 10_000}
    await report(to=plugin)
    assert host.halts.all() == ()


async def test_beyond_the_bound_it_is_left_to_the_application(report, host, data):
    plugin = DataFeedInterruption(DataFeedInterruptionConfig(max_markets=1), host)
    data.fails = {"snapshot": 10_000}
    await report("A/USDT", to=plugin)
    assert await report("B/USDT", to=plugin) is None


async def test_what_it_can_not_bring_back_is_left_to_others(report, plugin, make_context):
    assert await report(component="no such venue") is None
    assert await plugin.recover(TimeoutError(), make_context(TimeoutError(), component=KEY)) is None


def test_the_error_names_the_market_and_the_reason():
    assert str(FeedInterrupted(SYMBOL, "silent")) == "the feed of BTC/USDT is interrupted: silent"
    assert str(FeedInterrupted(SYMBOL)) == "the feed of BTC/USDT is interrupted"


async def test_a_halt_that_another_put_on_stays(report, host):
    drift = host.halts.halt(KEY, SYMBOL, reason="drift")
    assert (await report()).decision.value == "recovered"
    assert host.halts.all() == (drift,)


async def test_at_the_bound_a_stale_market_can_still_be_brought_back(report, host, data):
    plugin = DataFeedInterruption(DataFeedInterruptionConfig(max_markets=1, give_up_after=1.0), host)
    data.fails = {"snapshot": 10_000}
    assert (await report(to=plugin)).decision.value == "raise"
    data.fails.clear()
    assert (await report(to=plugin)).decision.value == "recovered"
