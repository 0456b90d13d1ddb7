"""A venue with a port is probed by one task, and things are put in order before new orders go."""

from __future__ import annotations

from datetime import timedelta

import anyio
import pytest
from attrs import define, evolve, field

from recoup import (
    Call,
    Classification,
    ErrorCategory,
    ErrorSeverity,
    FailureReason,
    Operation,
    OperationKind,
    Reconciliation,
    StateEvent,
    VenuePorts,
)
from recoup_plugins.exchange_maintenance import ExchangeMaintenance, ExchangeMaintenanceConfig
from recoup_plugins.exchange_maintenance.venue import VenueState

pytestmark = pytest.mark.anyio
SUBMIT = Operation(kind=OperationKind.SUBMIT, key="venue", symbol="BTC/USDT")
CANCEL = Operation(kind=OperationKind.CANCEL, key="venue")
READ = Operation(kind=OperationKind.READ, key="venue")
DOWN = Classification(
    severity=ErrorSeverity.HIGH,
    category=ErrorCategory.EXCHANGE,
    retryable=True,
    outcome_known=False,
    reason=FailureReason.MAINTENANCE,
)


@define
class Port:
    """A venue that answers probes as it is told, and in the end that it is back."""

    answers: list = field(factory=list)
    asked: list = field(factory=list)
    fails: set = field(factory=set)

    def probe(self):
        self.asked.append("probe")
        return self._answer()

    def sync_clock(self):
        self._step("sync_clock")

    def _answer(self):
        answer = self.answers.pop(0) if self.answers else {"status": "ok"}
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _step(self, name):
        self.asked.append(name)
        if name in self.fails:
            self.fails.discard(name)
            raise ConnectionResetError(name)


class StatusPort(Port):
    async def status(self):
        self.asked.append("status")
        return self._answer()

    async def refresh_markets(self):
        self._step("refresh_markets")


class Books:
    def __init__(self):
        self.loaded = []

    def snapshot(self, symbol):
        self.loaded.append(symbol)

    def resubscribe(self, symbol):
        raise AssertionError


@pytest.fixture
def books():
    return Books()


@pytest.fixture
def begin(host, make_context, books):
    """Have a venue refuse a submission; return the plugin and the task that probes it."""

    def start(port, **config):
        host.venues.register("venue", VenuePorts(venue=port, market_data=books))
        plugin = ExchangeMaintenance(ExchangeMaintenanceConfig(**config), host)
        for _ in range(2):
            context = make_context(RuntimeError("503"), call=Call(operation=SUBMIT), classification=DOWN)
            assert plugin.recover(context.error, context) is None
        ((name, function, args),) = host.spawned
        assert name == "probe venue"
        return plugin, lambda: function(*args)

    return start


def states(host):
    return [event.new for event in host.published if isinstance(event, StateEvent)]


async def test_it_is_probed_at_growing_intervals_and_put_in_order(host, begin, books):
    port = StatusPort([RuntimeError("503"), RuntimeError("503")])
    plugin, run = begin(port)
    await run()
    assert host.clock.sleeps == [5.0, 10.0, 20.0]
    assert port.asked == ["status"] * 3 + ["sync_clock", "refresh_markets"]
    assert books.loaded == ["BTC/USDT"]
    assert host.reconciled == ["venue"]
    assert states(host) == ["maintenance", "recovering", "normal"]
    assert plugin.state("venue") is VenueState.NORMAL


async def test_a_port_without_status_is_probed_by_a_request(host, begin):
    port = Port([RuntimeError("503")])
    _, run = begin(port)
    await run()
    assert port.asked == ["probe", "probe", "sync_clock"]


async def test_no_call_is_let_through_as_a_probe_meanwhile(host, begin):
    plugin, _ = begin(StatusPort())
    host.clock.advance(74.0)
    assert all(plugin.delay(operation, "x") > 0.0 for operation in [SUBMIT, CANCEL, READ] * 20)


@pytest.mark.parametrize("state", [VenueState.MAINTENANCE, VenueState.RECOVERING])
async def test_where_the_probing_task_is_stuck_one_call_is_the_probe(host, begin, state):
    plugin, _ = begin(StatusPort())
    if state is VenueState.RECOVERING:
        plugin.enter("venue", state)
    host.clock.advance(360.0)
    waits = [plugin.delay(SUBMIT, "x") for _ in range(20)]
    assert [wait == 0.0 for wait in waits] == [True] + [False] * 19


async def test_nothing_is_asked_within_an_announced_window(host, begin):
    port = StatusPort()
    plugin, run = begin(port)
    start = host.clock.now()
    plugin.announce("venue", start, start + timedelta(hours=1))
    await run()
    assert host.clock.sleeps[0] == 3601.0
    assert port.asked[0] == "status"
    assert plugin.state("venue") is VenueState.NORMAL


async def test_what_hangs_when_it_is_put_in_order_is_cut_off(host, begin):
    class Hangs(StatusPort):
        async def refresh_markets(self):
            self.asked.append("refresh_markets")
            if self.asked.count("refresh_markets") == 1:
                await anyio.sleep_forever()

    port = Hangs()
    plugin, run = begin(port, restore_timeout=0.01)
    await run()
    assert port.asked == ["status", "sync_clock", "refresh_markets"] * 2
    assert plugin.state("venue") is VenueState.NORMAL


async def test_books_are_loaded_where_the_first_attempt_did_not_come_so_far(host, make_context, books):
    port = StatusPort(fails={"refresh_markets"})
    host.verdict = DOWN
    host.venues.register("venue", VenuePorts(venue=port, market_data=books))
    plugin = ExchangeMaintenance(ExchangeMaintenanceConfig(), host)
    context = make_context(RuntimeError("503"), call=Call(operation=SUBMIT), classification=DOWN)
    plugin.recover(context.error, context)
    host.reconciliations = [lambda: (Reconciliation(key="venue", complete=False),)]
    ((_, function, args),) = host.spawned
    await function(*args)
    assert books.loaded == ["BTC/USDT"] * 2
    assert port.asked.count("refresh_markets") == 3


@pytest.mark.parametrize(
    ("answer", "second"),
    [
        ({"status": "maintenance", "eta": (1_767_225_600 + 600) * 1000}, 595.0),
        ({"status": "maintenance", "eta": 0}, 10.0),
        ({"status": "maintenance"}, 10.0),
    ],
    ids=["announced end", "past end", "no end"],
)
async def test_the_end_that_the_venue_announces_is_waited_for(host, begin, answer, second):
    _, run = begin(StatusPort([answer]))
    await run()
    assert host.clock.sleeps == [5.0, pytest.approx(second)]


async def test_where_it_takes_cancels_alone_these_go(host, begin):
    seen = []

    class Watching(StatusPort):
        async def status(self):
            seen.append([plugin.delay(operation, "x") > 0 for operation in (SUBMIT, CANCEL, READ)])
            return await super().status()

    plugin, run = begin(Watching([{"status": "cancel_only"}]))
    await run()
    assert seen == [[True, True, True], [True, False, False]]
    assert states(host) == ["maintenance", "cancel_only", "recovering", "normal"]


async def test_new_orders_wait_until_both_sides_agree(host, begin):
    answers = [(Reconciliation(key="venue", complete=False),), ()]
    seen = []

    def reconcile():
        seen.append([plugin.delay(operation, "x") > 0 for operation in (SUBMIT, CANCEL, READ)])
        return answers.pop(0)

    host.reconciliations = [reconcile, reconcile]
    plugin, run = begin(StatusPort())
    await run()
    assert seen == [[True, False, False]] * 2
    assert states(host) == ["maintenance", "recovering", "recovering", "normal"]


@pytest.mark.parametrize("step", ["sync_clock", "refresh_markets"])
async def test_a_step_that_may_work_later_keeps_it_closed(host, begin, step):
    host.verdict = evolve(DOWN, outcome_known=True)
    port = StatusPort(fails={step})
    _, run = begin(port)
    await run()
    assert port.asked.count("status") == 2
    assert states(host)[-1] == "normal"


async def test_a_step_that_never_works_does_not(host, begin):
    host.verdict = evolve(DOWN, retryable=False)
    port = StatusPort(fails={"sync_clock"})
    _, run = begin(port)
    await run()
    assert port.asked.count("status") == 1


async def test_one_that_lasts_too_long_is_told_to_a_human_and_waiting_calls_probe(host, begin):
    plugin, run = begin(StatusPort([RuntimeError("503")] * 1000), max_wait=300.0)
    await run()
    assert [(component, operation) for component, operation, _ in host.escalated] == [("venue", "maintenance")]
    host.clock.advance(120.0)
    assert [plugin.delay(SUBMIT, "x") for _ in range(10)].count(0.0) == 1


async def test_a_probe_that_hangs_is_cut_off(host, begin):
    import anyio

    class Hangs(StatusPort):
        async def status(self):
            self.asked.append("status")
            if len(self.asked) == 1:
                await anyio.sleep_forever()

    port = Hangs()
    _, run = begin(port, probe_timeout=0.001)
    await run()
    assert port.asked[:2] == ["status", "status"]


async def test_what_it_does_each_week_shapes_the_first_probe(host, begin, make_context):
    plugin, run = begin(StatusPort([RuntimeError("503")] * 3))
    await run()
    lasted = host.clock.monotonic()
    for week in (1, 2):
        host.clock.advance(7 * 86_400 * week - host.clock.monotonic())
        context = make_context(RuntimeError("503"), call=Call(operation=READ), classification=DOWN)
        answer = plugin.recover(context.error, context)
        if week == 1:
            await host.spawned[-1][1](*host.spawned[-1][2])
    assert answer.delay == pytest.approx(5.0, abs=1.0)  # the second time was as short as one probe
    assert lasted > 5.0


async def test_without_a_loop_a_waiting_call_is_the_probe(host, make_context):
    host.spawns = False
    host.venues.register("venue", VenuePorts(venue=StatusPort()))
    plugin = ExchangeMaintenance(ExchangeMaintenanceConfig(), host)
    context = make_context(RuntimeError("503"), call=Call(operation=READ), classification=DOWN)
    plugin.recover(context.error, context)
    host.clock.advance(5.0)
    assert [plugin.delay(SUBMIT, "x") for _ in range(10)].count(0.0) == 1
