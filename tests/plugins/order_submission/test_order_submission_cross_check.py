"""Lookups by id lag behind: before "not found" counts, it is held against the lists and the trades."""

import pytest
from attrs import define, field

from recoup import Decision, FailureReason

pytestmark = pytest.mark.anyio
OTHER = {"id": "70", "clientOrderId": "other", "status": "closed"}


@define(eq=False)
class ListedOrders:
    """Knows nothing by id; the lists and trades are what they are given, or raise."""

    clock: object
    open: list = field(factory=list)
    recent: list = field(factory=list)
    trades: list = field(factory=list)
    client_id_rule: str = "open_only"
    log: list = field(factory=list)

    def find_order(self, client_order_id, symbol):
        self.log.append("find")

    def open_orders(self, symbol):
        return self._answer("open", self.open)

    def recent_orders(self, symbol):
        return self._answer("recent", self.recent)

    def order_trades(self, client_order_id, symbol):
        return self._answer("trades", self.trades)

    def _answer(self, name, answer):
        self.log.append(name)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def make_listed(host):
    def make(**fields):
        return ListedOrders(host.clock, **fields)

    return make


async def recover(plugin, context):
    return await plugin.recover(context.error, context)


@pytest.mark.parametrize("where", ["open", "recent"])
async def test_an_order_that_only_a_list_has_is_adopted(failed, make_plugin, make_listed, order, where):
    answer = await recover(make_plugin(), failed(make_listed(**{where: [OTHER, order]})))
    assert (answer.decision, answer.value) == (Decision.RECOVERED, order)


async def test_it_costs_three_requests_at_the_end_of_the_settle_time(failed, make_plugin, make_listed):
    orders = make_listed(open=[OTHER])
    assert (await recover(make_plugin(), failed(orders))).decision is Decision.RETRY
    assert orders.log[-3:] == ["open", "recent", "trades"]
    assert set(orders.log[:-3]) == {"find"}


async def test_a_duplicate_refusal_has_the_lists_asked_at_once(host, failed, make_plugin, make_listed, order):
    orders = make_listed(open=[order])
    context = failed(orders, reason=FailureReason.DUPLICATE_ORDER, outcome_known=True)
    assert (await recover(make_plugin(), context)).value == order
    assert orders.log == ["find", "open", "recent"]
    assert host.clock.sleeps == []


@pytest.mark.parametrize("where", ["open", "recent", "trades"])
@pytest.mark.parametrize("broken", [ConnectionError(), None, ["order-77"], {"id": "77"}])
async def test_nothing_is_sent_again_while_a_list_can_not_be_read(failed, make_plugin, make_listed, where, broken):
    answer = await recover(make_plugin(verify_timeout=60.0), failed(make_listed(**{where: broken})))
    assert answer.decision is Decision.UNKNOWN


class TestTrades:
    async def test_of_this_order_forbid_to_send_it_again_although_the_order_is_not_to_be_found(
        self, host, failed, make_plugin, make_listed
    ):
        plugin = make_plugin(verify_timeout=60.0)
        orders = make_listed(trades=[{"id": "1", "order": "77", "clientOrderId": "bot-1", "amount": "1"}])
        answer = await recover(plugin, failed(orders))
        assert answer.decision is Decision.UNKNOWN
        assert "trade" in answer.detail
        assert plugin._book.intents.is_contradicted(("venue:main", "bot-1"))

    async def test_of_no_known_order_do_too(self, failed, make_plugin, make_listed):
        orders = make_listed(recent=[OTHER], trades=[{"id": "1", "order": "99", "amount": "1"}])
        assert (await recover(make_plugin(verify_timeout=60.0), failed(orders))).decision is Decision.UNKNOWN

    @pytest.mark.parametrize(
        "trade",
        [
            {"id": "1", "order": "70"},
            {"id": "1", "order": "99", "clientOrderId": "other"},
            {"id": "1", "order": "99", "timestamp": 1_000},
        ],
    )
    async def test_of_other_orders_or_from_before_the_send_do_not(self, failed, make_plugin, make_listed, trade):
        orders = make_listed(recent=[OTHER], trades=[trade])
        assert (await recover(make_plugin(), failed(orders))).decision is Decision.RETRY

    async def test_since_the_send_count(self, host, failed, make_plugin, make_listed):
        context = failed(make_listed(trades=[{"order": "99", "timestamp": host.clock.now().timestamp() * 1000}]))
        assert (await recover(make_plugin(verify_timeout=60.0), context)).decision is Decision.UNKNOWN


class TestCost:
    async def test_a_port_that_searches_everywhere_is_not_asked_for_its_lists(self, failed, make_plugin, make_listed):
        class Everywhere(ListedOrders):
            searches_everywhere = True

        orders = Everywhere(None, trades=[])
        assert (await recover(make_plugin(), failed(orders))).decision is Decision.RETRY
        assert set(orders.log) == {"find", "trades"}

    async def test_but_for_trades_that_the_lists_may_explain(self, failed, make_plugin):
        class Everywhere(ListedOrders):
            searches_everywhere = True

        orders = Everywhere(None, recent=[OTHER], trades=[{"order": "70"}])
        assert (await recover(make_plugin(), failed(orders))).decision is Decision.RETRY
        assert orders.log[-3:] == ["trades", "open", "recent"]

    @pytest.mark.parametrize("rule", ["forever", "open_only"])
    async def test_it_can_be_turned_off(self, failed, make_plugin, make_listed, rule):
        orders = make_listed(client_id_rule=rule)
        assert (await recover(make_plugin(cross_check=False), failed(orders))).decision is Decision.RETRY
        assert set(orders.log) == {"find"}

    async def test_but_not_where_the_venue_takes_an_id_again_at_any_time(self, failed, make_plugin, make_listed, order):
        orders = make_listed(client_id_rule="none", recent=[order])
        assert (await recover(make_plugin(cross_check=False), failed(orders))).value == order
