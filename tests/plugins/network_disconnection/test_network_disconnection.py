"""A lost connection comes back step by step, and orders wait in line until both sides agree."""

from __future__ import annotations

import threading

import anyio
import pytest
from attrs import define, field

from recoup import (
    Call,
    Classification,
    ConnectionEvent,
    ErrorCategory,
    ErrorSeverity,
    FailureReason,
    HeldBack,
    Operation,
    OperationKind,
    Reconciliation,
    VenuePorts,
)
from recoup.testing import FakeClock
from recoup_plugins.network_disconnection import NetworkDisconnection, NetworkDisconnectionConfig
from recoup_plugins.network_disconnection.connection import ConnectionPhase

pytestmark = pytest.mark.anyio
KEY = "binance"
LOST = Classification(
    severity=ErrorSeverity.MEDIUM,
    category=ErrorCategory.NETWORK,
    retryable=True,
    outcome_known=False,
    reason=FailureReason.CONNECTION_LOST,
)


@define
class Stream:
    """A connection whose steps fail as they are told."""

    fails: dict = field(factory=dict)
    steps: list = field(factory=list)

    def _step(self, name):
        self.steps.append(name)
        if self.fails.get(name, 0) > 0:
            self.fails[name] -= 1
            raise ConnectionResetError(name)

    async def connect(self):
        self._step("connect")

    def authenticate(self):
        self._step("authenticate")

    def reset(self):
        self._step("reset")

    async def resubscribe(self):
        self._step("resubscribe")


ALL = ["connect", "authenticate", "reset", "resubscribe"]


@pytest.fixture
def stream(host):
    found = Stream()
    host.venues.register(KEY, VenuePorts(stream=found))
    return found


@pytest.fixture
def plugin(host, stream):
    return NetworkDisconnection(NetworkDisconnectionConfig(release_interval=0.0), host)


@pytest.fixture
def lost_context(make_context):
    def make(**fields):
        return make_context(ConnectionResetError(), component=KEY, operation="read", classification=LOST, **fields)

    return make


def submit(name="c-1", **fields):
    operation = Operation(**{"kind": OperationKind.SUBMIT, "client_order_id": name, "key": KEY} | fields)
    return Call(operation=operation, name="create_order")


def phases(host):
    return [event.state for event in host.published if isinstance(event, ConnectionEvent)]


async def recovered(plugin, context):
    return await plugin.recover(context.error, context)


async def test_every_step_is_taken_in_order_and_then_both_sides_are_compared(plugin, host, stream, lost_context):
    answer = await recovered(plugin, lost_context())
    assert answer.decision.value == "recovered"
    assert stream.steps == ALL
    assert host.reconciled == [KEY]
    assert phases(host) == ["down", "reconnecting", "flushing", "up"]
    assert host.clock.sleeps == []


async def test_a_step_that_fails_begins_again_after_a_jittered_growing_wait(plugin, host, stream, lost_context):
    stream.fails = {"connect": 3, "resubscribe": 1}
    await recovered(plugin, lost_context())
    assert stream.steps == ["connect"] * 3 + ALL + ALL
    assert len(host.clock.sleeps) == 4
    assert all(0 <= delay <= 0.5 * 2**attempt for attempt, delay in enumerate(host.clock.sleeps))


async def test_an_incomplete_reconciliation_does_not_open(plugin, host, stream, lost_context):
    host.reconciliations = [lambda: (Reconciliation(key=KEY, complete=False),), lambda: (Reconciliation(key=KEY),)]
    assert (await recovered(plugin, lost_context())).decision.value == "recovered"
    assert stream.steps == ALL + ALL


async def test_when_it_does_not_come_back_a_human_is_told_and_orders_are_refused(plugin, host, stream, lost_context):
    stream.fails = {"connect": 10_000}
    answer = await recovered(plugin, lost_context())
    assert answer.decision.value == "raise"
    assert plugin.phase(KEY) is ConnectionPhase.FAILED
    assert host.clock.monotonic() <= 3600
    ((component, operation, reason),) = host.escalated
    assert (component, operation) == (KEY, "reconnect")
    assert "connect failed with ConnectionResetError" in reason
    with pytest.raises(HeldBack, match="binance is failed, and takes no order"):
        await plugin.admit(submit(), "exchange")
    stream.fails.clear()
    assert await plugin.reconnect(KEY)
    assert plugin.admit(submit(), "exchange") is None


@pytest.mark.parametrize(
    "call",
    [submit(reduces_risk=True), submit(key="okx")],
    ids=["what reduces risk", "another venue"],
)
async def test_what_has_nothing_to_wait_for_goes(plugin, call):
    assert plugin.admit(call, "exchange") is None
    plugin.lost(KEY)
    assert plugin.admit(call, "exchange") is None
    assert plugin.admit_sync(call, "exchange") is None


@pytest.fixture
def waiting(host, stream):
    host.clock = FakeClock(auto_advance=False)
    return NetworkDisconnection(NetworkDisconnectionConfig(release_interval=0.0, max_waiting=3), host)


async def until(condition):
    with anyio.fail_after(5):
        while not condition():
            await anyio.lowlevel.checkpoint()


async def test_orders_wait_in_line_and_go_in_order(waiting):
    waiting.lost(KEY)
    queue = waiting._connections[KEY].queue
    sent = []

    async def send(name):
        assert await waiting.admit(submit(name), "exchange") is None
        sent.append(name)

    async with anyio.create_task_group() as group:
        for place, name in enumerate(["a", "b", "c"]):
            group.start_soon(send, name)
            await until(lambda place=place: len(queue) == place + 1)
        with pytest.raises(HeldBack):
            await waiting.admit(submit("d"), "exchange")
        assert sent == []
        group.start_soon(waiting.reconnect, KEY)
        await until(lambda: len(queue) < 3)
        with anyio.fail_after(5):
            while waiting.phase(KEY) is not ConnectionPhase.UP:
                waiting._host.clock.advance(0.0)
                await anyio.lowlevel.checkpoint()
    assert sent == ["a", "b", "c"]
    assert waiting.admit(submit("e"), "exchange") is None


@pytest.mark.parametrize("fields", [{}, {"deadline": 2.0}], ids=["max_age", "deadline"])
async def test_one_that_waits_too_long_is_dropped_on_record(waiting, host, fields):
    waiting.lost(KEY)
    patience = fields.get("deadline", 30.0)
    failures = []

    async def send():
        try:
            await waiting.admit(submit(**fields), "exchange")
        except HeldBack as refusal:
            failures.append(str(refusal))

    async with anyio.create_task_group() as group:
        group.start_soon(send)
        await until(lambda: host.clock._sleepers)
        host.clock.advance(patience)
    assert failures == [f"create_order was not sent: it waited {patience:.1f} s for binance"]
    assert ("deferred:c-1", "dropped") in [(getattr(e, "subject", ""), getattr(e, "new", "")) for e in host.published]
    assert len(waiting._connections[KEY].queue) == 0


async def test_one_that_is_cancelled_leaves_the_line(waiting):
    waiting.lost(KEY)
    queue = waiting._connections[KEY].queue
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: _admitted(waiting))
        await until(lambda: len(queue) == 1)
        group.cancel_scope.cancel()
    assert len(queue) == 0


async def _admitted(plugin):
    await plugin.admit(submit(), "exchange")


async def test_a_second_report_waits_for_the_one_that_brings_it_back(host, lost_context):
    gate = anyio.Event()

    class Slow(Stream):
        async def connect(self):
            self.steps.append("connect")
            await gate.wait()

    slow = Slow()
    host.venues.register(KEY, VenuePorts(stream=slow))
    plugin = NetworkDisconnection(NetworkDisconnectionConfig(), host)
    answers = []

    async def report():
        answers.append((await recovered(plugin, lost_context())).decision.value)

    async with anyio.create_task_group() as group:
        group.start_soon(report)
        group.start_soon(report)
        await until(lambda: slow.steps == ["connect"])
        gate.set()
    assert answers == ["recovered", "recovered"]
    assert slow.steps.count("connect") == 1


async def test_whoever_is_cancelled_leaves_it_to_the_next(host, lost_context):
    class Hangs(Stream):
        async def connect(self):
            self.steps.append("connect")
            await anyio.sleep_forever()

    hangs = Hangs()
    host.venues.register(KEY, VenuePorts(stream=hangs))
    plugin = NetworkDisconnection(NetworkDisconnectionConfig(), host)
    async with anyio.create_task_group() as group:
        group.start_soon(recovered, plugin, lost_context())
        await until(lambda: hangs.steps)
        group.cancel_scope.cancel()
    assert plugin.phase(KEY) is ConnectionPhase.DOWN
    host.venues.register(KEY, VenuePorts(stream=Stream()))
    assert await plugin.reconnect(KEY)


async def test_a_step_that_hangs_is_cut_off(host, lost_context):
    class Hangs(Stream):
        async def connect(self):
            self.steps.append("connect")
            if len(self.steps) == 1:
                await anyio.sleep_forever()

    hangs = Hangs()
    host.venues.register(KEY, VenuePorts(stream=hangs))
    plugin = NetworkDisconnection(NetworkDisconnectionConfig(step_timeout=0.001), host)
    assert (await recovered(plugin, lost_context())).decision.value == "recovered"
    assert hangs.steps == ["connect", "connect", "authenticate", "reset", "resubscribe"]


@pytest.mark.parametrize(
    "context",
    [{"call": Call()}, {"classification": None}, {"component": "no stream"}],
    ids=["a guarded call", "not classified", "no stream"],
)
async def test_what_is_no_lost_stream_is_left_to_others(plugin, make_context, context):
    fields = {"component": KEY, "classification": LOST} | context
    assert await recovered(plugin, make_context(ConnectionResetError(), **fields)) is None
    assert plugin.phase(KEY) is ConnectionPhase.UP


async def test_what_was_never_lost_is_there(plugin):
    assert await plugin.reconnect(KEY)
    plugin.settle(submit(), "exchange", None)


async def test_without_a_stream_nothing_can_be_brought_back(plugin, host):
    plugin.lost("okx")
    assert not await plugin.reconnect("okx")


def test_threads_wait_in_line_as_tasks_do(host, stream):
    host.clock = FakeClock(auto_advance=False)
    plugin = NetworkDisconnection(NetworkDisconnectionConfig(release_interval=0.0), host)
    plugin.lost(KEY)
    queue = plugin._connections[KEY].queue
    sent = []

    def send(number):
        plugin.admit_sync(submit(str(number)), "exchange")
        sent.append(number)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while len(queue) < 8:
        pass
    anyio.run(plugin.reconnect, KEY)
    for thread in threads:
        thread.join(timeout=5)
    assert sorted(sent) == list(range(8))


async def test_whoever_is_cancelled_while_orders_go_lets_all_of_them_go(stream, make_host):
    host = make_host(clock=FakeClock(auto_advance=False))
    host.venues.register(KEY, VenuePorts(stream=stream))
    plugin = NetworkDisconnection(NetworkDisconnectionConfig(release_interval=10.0), host)
    plugin.lost(KEY)
    gone = []

    async def order(name):
        await plugin.admit(submit(name), "exchange")
        gone.append(name)

    async with anyio.create_task_group() as group:
        for name in ("a", "b", "c"):
            group.start_soon(order, name)
            await anyio.wait_all_tasks_blocked()
        with anyio.CancelScope() as scope:

            async def cancel():
                await anyio.wait_all_tasks_blocked()
                assert plugin.phase(KEY) is ConnectionPhase.FLUSHING
                scope.cancel()

            group.start_soon(cancel)
            await plugin.reconnect(KEY)
    assert plugin.phase(KEY) is ConnectionPhase.UP
    assert gone[0] == "a"
    assert sorted(gone) == ["a", "b", "c"]
    assert plugin.admit(submit("d"), "exchange") is None


async def test_who_waited_while_another_gave_up_does_not_begin_again(host, lost_context):
    class Hopeless(Stream):
        async def connect(self):
            self.steps.append("connect")
            await anyio.lowlevel.checkpoint()
            raise ConnectionResetError

    stream = Hopeless()
    host.venues.register(KEY, VenuePorts(stream=stream))
    plugin = NetworkDisconnection(NetworkDisconnectionConfig(give_up_after=20.0), host)
    plugin.lost(KEY)
    answers = []

    async def run():
        answers.append(await plugin.reconnect(KEY))

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(run)
    assert answers == [False] * 4
    assert len(host.escalated) == 1


async def test_a_comparison_that_hangs_is_cut_off(host, stream, lost_context):
    class Hangs(type(host)):
        async def reconcile(self, key):
            self.reconciled.append(key)
            if len(self.reconciled) == 1:
                await anyio.sleep_forever()
            return ()

    host = Hangs(venues=host.venues)
    plugin = NetworkDisconnection(NetworkDisconnectionConfig(reconcile_timeout=0.01), host)
    assert (await recovered(plugin, lost_context())).decision.value == "recovered"
    assert host.reconciled == [KEY, KEY]
    assert stream.steps == ALL + ALL


async def test_one_that_is_lost_again_while_both_sides_are_compared_is_not_back(plugin, host, stream, lost_context):
    def lose():
        plugin.lost(KEY)
        return (Reconciliation(key=KEY),)

    host.reconciliations = [lose]
    assert (await recovered(plugin, lost_context())).decision.value == "recovered"
    assert stream.steps == ALL + ALL
    assert phases(host) == ["down", "reconnecting", "flushing", "up"]


async def test_orders_that_come_faster_than_they_go_do_not_keep_it_from_coming_back(host, stream):
    plugin = NetworkDisconnection(NetworkDisconnectionConfig(release_interval=1.0, max_age=10.0), host)
    plugin.lost(KEY)
    queue = plugin._connections[KEY].queue
    turns = [queue.enter()]

    class Clock(type(host.clock)):
        async def sleep(self, seconds):
            turns.extend(queue.enter() for _ in range(2))
            await super().sleep(seconds)

    host.clock = Clock()
    assert await plugin.reconnect(KEY)
    assert plugin.phase(KEY) is ConnectionPhase.UP
    assert host.clock.monotonic() == 10.0
    assert [turn.given for turn in turns] == [True] * 21


async def test_an_order_whose_turn_comes_as_it_is_lost_again_is_not_sent(make_host, stream):
    host = make_host(clock=FakeClock(auto_advance=False))
    host.venues.register(KEY, VenuePorts(stream=stream))
    plugin = NetworkDisconnection(NetworkDisconnectionConfig(), host)
    plugin.lost(KEY)
    refused = []

    async def order():
        try:
            await plugin.admit(submit(), "exchange")
        except HeldBack as error:
            refused.append(str(error))

    async with anyio.create_task_group() as group:
        group.start_soon(order)
        await anyio.wait_all_tasks_blocked()
        assert plugin._connections[KEY].queue.release()
    assert refused == ["create_order was not sent: binance is down"]
