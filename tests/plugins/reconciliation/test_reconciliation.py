"""What the application believes is held against the venue's word, and no difference is ever traded away."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from recoup import Config, DriftAction, ErrorHandler, StateEvent, VenuePorts
from recoup_plugins.reconciliation import ReconciliationConfig, ReconciliationPlugin
from recoup_plugins.reconciliation.comparison import Picture, by_client_id, by_currency, by_symbol, decimal, differences

pytestmark = pytest.mark.anyio
SYMBOL = "BTC/USDT"


def order(name, filled="0", **fields):
    return {"clientOrderId": name, "symbol": SYMBOL, "filled": filled} | fields


@define
class Side:
    """The venue's ports, or the application's own belief. Each look may find something else."""

    looks: list = field(factory=list)
    adopted: list = field(factory=list)

    def _now(self):
        return self.looks[0]

    def open_orders(self, symbol):
        found = self._now().get("orders", [])
        if isinstance(found, Exception):
            raise found
        return found

    async def positions(self, symbol):
        return self._now().get("positions", [])

    def balances(self):
        return self._now().get("balances", {})

    def adopt(self, drift):
        self.adopted.append(drift)


@pytest.fixture
def compare(host):
    async def run(believed, actual, **options):
        belief, venue = Side([believed]), Side([actual])
        host.venues.register("binance", VenuePorts(orders=venue, balances=venue, belief=belief))
        plugin = ReconciliationPlugin(ReconciliationConfig(**options), host)
        run.belief, run.venue = belief, venue
        return await plugin.reconcile("binance")

    return run


async def test_two_sides_that_agree(compare, host):
    both = {"orders": [order("a", "0.5")], "positions": [{"symbol": SYMBOL, "contracts": "-2"}]}
    found = await compare(both, both)
    assert (found.drifts, found.complete) == ((), True)
    assert host.escalated == []
    assert [(event.subject, event.new) for event in host.published] == [("reconciliation:binance", "agrees")]
    assert host.clock.sleeps == []


@pytest.mark.parametrize(
    ("believed", "actual", "says"),
    [
        ({"orders": [order("a")]}, {}, "order a: open for the application and not for the venue (alarm)"),
        ({}, {"orders": [order("a")]}, "order a: open for the venue and not for the application (alarm)"),
        (
            {"orders": [order("a", "0.10")]},
            {"orders": [order("a", "0.3")]},
            "fill a: believed 0.10, at the venue 0.3 (adopt)",
        ),
        (
            {},
            {"positions": [{"symbol": SYMBOL, "contracts": "1.5"}]},
            "position BTC/USDT: believed 0, at the venue 1.5 (halt_symbol)",
        ),
        (
            {"balances": {"BTC": {"total": "1.00"}}},
            {"balances": {"BTC": {"total": Decimal("0.9")}, "info": {}}},
            "balance BTC: believed 1.00, at the venue 0.9 (alarm)",
        ),
    ],
    ids=["ours alone", "theirs alone", "fill", "position", "balance"],
)
async def test_each_difference_is_told_to_a_human(compare, host, believed, actual, says):
    found = await compare(believed, actual)
    assert host.escalated == [("binance", "reconcile", says)]
    assert len(found.drifts) == 1
    assert host.published[-1].new == "drift"


@pytest.mark.parametrize("action", list(DriftAction))
async def test_the_configured_action_is_taken_and_nothing_else(compare, host, action):
    actual = {"positions": [{"symbol": SYMBOL, "contracts": "1"}]}
    found = await compare({}, actual, on_position=action.value)
    assert [drift.action for drift in found.drifts] == [action]
    assert compare.belief.adopted == (list(found.drifts) if action is DriftAction.ADOPT else [])
    halted = {(halt.key, halt.symbol) for halt in host.halts.all()}
    expected = {DriftAction.HALT_SYMBOL: {("binance", SYMBOL)}, DriftAction.HALT_ALL: {("binance", None)}}
    assert halted == expected.get(action, set())


async def test_what_the_second_look_does_not_confirm_is_none(host):
    belief, venue = Side([{"orders": []}]), Side([{"orders": [order("late")]}])
    host.venues.register("binance", VenuePorts(orders=venue, belief=belief))

    class Clock(type(host.clock)):
        async def sleep(self, seconds):
            belief.looks[0] = venue.looks[0]
            await super().sleep(seconds)

    host.clock = Clock()
    found = await ReconciliationPlugin(ReconciliationConfig(confirm_after=2.0), host).reconcile("binance")
    assert found.drifts == ()
    assert host.clock.sleeps == [2.0]
    assert host.escalated == []


@pytest.mark.parametrize(
    "actual",
    [{"orders": TimeoutError()}, {"positions": [{"symbol": SYMBOL, "contracts": "much"}]}],
    ids=["no answer", "no number"],
)
async def test_nothing_is_concluded_from_what_could_not_be_asked(compare, host, actual):
    found = await compare({"orders": [order("a")]}, actual)
    assert (found.complete, found.drifts) == (False, ())
    assert host.escalated == []
    assert host.published[-1].new == "incomplete"


@pytest.mark.parametrize("ports", [VenuePorts(), VenuePorts(belief=Side()), VenuePorts(orders=Side())])
async def test_without_two_sides_there_is_nothing_to_compare(host, ports):
    host.venues.register("binance", ports)
    assert await ReconciliationPlugin(ReconciliationConfig(), host).reconcile("binance") is None


async def test_the_handler_asks_it():
    handler = ErrorHandler(Config(), discover=False, plugins={"reconciliation": ReconciliationPlugin})
    both = Side([{}])
    handler.venues.register("binance", VenuePorts(orders=both, balances=both, belief=both))
    (found,) = await handler.reconcile("binance")
    assert found.detail == "both sides agree"
    assert await handler.reconcile("okx") == ()


QUANTITIES = st.decimals("-5", "5", places=2)
HOLDINGS = st.dictionaries(st.sampled_from("ABC"), QUANTITIES)


@given(HOLDINGS, HOLDINGS)
def test_positions_differ_exactly_where_their_quantities_do(ours, theirs):
    def picture(holdings):
        return Picture(positions=by_symbol([{"symbol": name, "contracts": str(n)} for name, n in holdings.items()]))

    found = {drift.symbol: (drift.believed, drift.actual) for drift in differences("v", picture(ours), picture(theirs))}
    assert found == {
        name: (ours.get(name, 0), theirs.get(name, 0)) for name in "ABC" if ours.get(name, 0) != theirs.get(name, 0)
    }


@given(HOLDINGS)
def test_a_picture_never_differs_from_itself(holdings):
    orders = by_client_id([order(name, str(abs(quantity))) for name, quantity in holdings.items()])
    totals = by_currency({name: {"total": quantity} for name, quantity in holdings.items()})
    picture = Picture(orders=orders, balances=totals)
    assert differences("v", picture, picture) == []


def test_an_order_without_a_client_id_goes_by_the_venues():
    assert list(by_client_id([{"id": 7, "clientOrderId": None}])) == ["7"]


@pytest.mark.parametrize("value", ["much", "NaN", float("inf")])
def test_what_is_no_quantity_is_refused(value):
    with pytest.raises(ValueError, match="a quantity must be"):
        decimal(value)


async def test_its_events_are_state_events(compare, host):
    await compare({}, {})
    assert all(isinstance(event, StateEvent) for event in host.published)


async def test_an_order_that_fills_between_the_looks_is_a_difference_all_the_same(host):
    belief, venue = Side([{"orders": []}]), Side([{"orders": [order("stray", "0.1", info={"seen": 1})]}])
    host.venues.register("binance", VenuePorts(orders=venue, belief=belief))

    class Clock(type(host.clock)):
        async def sleep(self, seconds):
            venue.looks[0] = {"orders": [order("stray", "0.2", info={"seen": 2})]}
            await super().sleep(seconds)

    host.clock = Clock()
    (drift,) = (await ReconciliationPlugin(ReconciliationConfig(), host).reconcile("binance")).drifts
    assert (drift.subject, drift.client_order_id, drift.actual["filled"]) == ("order", "stray", "0.2")


async def test_where_the_application_fails_to_adopt_the_rest_is_acted_on(compare, host, monkeypatch):
    def fails(self, drift):
        raise KeyError(drift.symbol)

    monkeypatch.setattr(Side, "adopt", fails)
    actual = {"orders": [order("a", "1")], "positions": [{"symbol": SYMBOL, "contracts": "1"}]}
    found = await compare({"orders": [order("a")]}, actual)
    assert [(drift.subject, drift.action.value) for drift in found.drifts] == [
        ("fill", "alarm"),
        ("position", "halt_symbol"),
    ]
    assert [(halt.key, halt.symbol) for halt in host.halts.all()] == [("binance", SYMBOL)]
    assert host.escalated[0][2].endswith(": adopt raised KeyError")
