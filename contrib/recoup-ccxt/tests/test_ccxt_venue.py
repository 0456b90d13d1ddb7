"""The ports over real ccxt clients: submitting, finding, cancelling, probing, setting the clock."""

from __future__ import annotations

import asyncio
import warnings
from decimal import Decimal

import ccxt
import pytest

from recoup.errors import OrderNotVerifiable
from recoup_ccxt import CcxtVenue, ClockNotSyncable, UnreadableAnswer

pytestmark = pytest.mark.anyio

SYMBOL = "BTC/USDT"


def binance_order(client_order_id: str, status: str = "NEW", number: int = 7) -> dict:
    return {
        "symbol": "BTCUSDT",
        "orderId": number,
        "clientOrderId": client_order_id,
        "price": "20000",
        "origQty": "0.5",
        "executedQty": "0",
        "status": status,
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "time": 1,
    }


NOT_FOUND = ("json", {"code": -2013, "msg": "Order does not exist."}, 400)


async def test_submit_sends_amount_price_and_client_order_id_digit_by_digit(server, async_exchange):
    server.on("/order", "json", binance_order("intent-1"))
    venue = CcxtVenue(async_exchange())
    order = await venue.submit(
        SYMBOL, "limit", "buy", Decimal("0.10000001"), "20000.10000001", client_order_id="intent-1"
    )
    assert order["id"] == "7"
    _, _, sent = server.requests[-1]
    assert (sent["quantity"], sent["price"], sent["newClientOrderId"]) == ("0.10000001", "20000.10000001", "intent-1")


async def test_submit_refuses_floats_and_ccxts_own_repetition(server, async_exchange):
    venue = CcxtVenue(async_exchange())
    with pytest.raises(TypeError, match="amount takes a Decimal or a str"):
        await venue.submit(SYMBOL, "market", "buy", 0.1, client_order_id="i")
    with pytest.raises(ValueError, match="maxRetriesOnFailure"):
        await venue.submit(SYMBOL, "market", "buy", "1", client_order_id="i", params={"maxRetriesOnFailure": 2})
    assert server.requests == []


async def test_find_by_client_order_id_asks_the_venue_directly(server, async_exchange):
    server.on("/order", "json", binance_order("intent-1", "FILLED"))
    found = await CcxtVenue(async_exchange()).find_order("intent-1", SYMBOL)
    assert (found["clientOrderId"], found["status"]) == ("intent-1", "closed")
    _, _, sent = server.requests[-1]
    assert sent["origClientOrderId"] == "intent-1"
    assert "orderId" not in sent


async def test_a_venue_that_searches_by_id_is_asked_for_nothing_else(server, async_exchange):
    server.on("/order", *NOT_FOUND)
    venue = CcxtVenue(async_exchange())
    assert await venue.find_order("intent-1", SYMBOL) is None
    assert [path.rsplit("/", 1)[1] for path in server.paths()] == ["order"]
    assert not venue.searches_everywhere  # so that whoever has to be sure asks for the lists once


@pytest.mark.parametrize(("list_name", "status"), [("/openOrders", "NEW"), ("/allOrders", "CANCELED")])
async def test_what_the_direct_lookup_missed_is_in_the_lists(server, async_exchange, list_name, status):
    server.on("/openOrders", "json", [])
    server.on("/allOrders", "json", [])
    server.on(list_name, "json", [binance_order("other"), binance_order("intent-1", status, 8)])
    venue = CcxtVenue(async_exchange())
    listed = [*await venue.open_orders(SYMBOL), *await venue.recent_orders(SYMBOL)]
    assert [order["id"] for order in listed if order["clientOrderId"] == "intent-1"] == ["8"]


def test_the_synchronous_client_gives_results_in_place_of_awaitables(server, sync_exchange):
    venue = CcxtVenue(sync_exchange())
    server.on("/order", "json", binance_order("intent-1"))
    server.on("/openOrders", "json", [binance_order("intent-1")])
    assert venue.find_order("intent-1", SYMBOL)["id"] == "7"
    assert [order["id"] for order in venue.open_orders(SYMBOL)] == ["7"]


@pytest.mark.parametrize(
    ("failing", "ask"),
    [
        ("/order", lambda venue: venue.find_order("intent-1", SYMBOL)),
        ("/openOrders", lambda venue: venue.open_orders(SYMBOL)),
        ("/allOrders", lambda venue: venue.recent_orders(SYMBOL)),
    ],
    ids=["order", "openOrders", "allOrders"],
)
@pytest.mark.parametrize("failure", [("html", "<html>"), ("html", ""), ("json", {"code": -1000}, 503)])
async def test_a_lookup_that_fails_says_nothing_of_the_order(server, async_exchange, failing, ask, failure):
    server.on(failing, *failure)
    with pytest.raises((UnreadableAnswer, ccxt.BaseError)):
        await ask(CcxtVenue(async_exchange()))


async def test_a_lookup_without_the_symbol_that_the_venue_needs_is_not_verifiable(async_exchange):
    with pytest.raises(OrderNotVerifiable, match="symbol"):
        await CcxtVenue(async_exchange()).find_order("intent-1", None)


async def test_bybit_searches_its_lists_by_order_link_id(server, async_exchange):
    exchange = async_exchange("bybit", enableUnifiedMargin=False, enableUnifiedAccount=True)
    empty = {"retCode": 0, "retMsg": "OK", "result": {"list": [], "category": "spot"}}
    server.on("/order/realtime", "json", empty)
    server.on("/order/history", "json", empty)
    venue = CcxtVenue(exchange)
    assert venue.searches_everywhere
    assert await venue.find_order("intent-1", SYMBOL) is None
    assert len(server.requests) >= 2
    assert {sent["orderLinkId"] for _, path, sent in server.requests if "/order/" in path} == {"intent-1"}


async def test_kraken_searches_its_lists_by_cl_ord_id(server, async_exchange):
    server.on("/OpenOrders", "json", {"error": [], "result": {"open": {}}})
    closed = {"descr": {"pair": "BTCUSDT", "type": "buy", "ordertype": "limit"}, "status": "closed", "vol": "1"}
    server.on(
        "/ClosedOrders", "json", {"error": [], "result": {"closed": {"O-1": {**closed, "cl_ord_id": "intent-1"}}}}
    )
    found = await CcxtVenue(async_exchange("kraken")).find_order("intent-1", SYMBOL)
    assert found["id"] == "O-1"
    assert {sent["cl_ord_id"] for _, _, sent in server.requests} == {"intent-1"}


async def test_okx_and_kucoin_look_up_by_their_own_parameter(server, async_exchange):
    server.on(
        "/trade/order",
        "json",
        {"code": "0", "data": [{"ordId": "9", "clOrdId": "intent1", "instId": "BTC-USDT", "state": "live"}]},
    )
    assert (await CcxtVenue(async_exchange("okx")).find_order("intent1", SYMBOL))["id"] == "9"
    assert server.requests[-1][2]["clOrdId"] == "intent1"
    server.on("/client-order/intent1", "json", {"code": "200000", "data": {"id": "4", "clientOid": "intent1"}})
    found = await CcxtVenue(async_exchange("kucoin", hf=False, uta=False)).find_order("intent1", SYMBOL)
    assert found["id"] == "4"


class ListsOnly:
    """An exchange that ccxt can't search by client order id; not a simulation, only its two lists."""

    def __init__(self, *orders: dict) -> None:
        self.id = "unheard_of"
        self.options: dict = {}
        self.has = {"fetchOpenOrders": True, "fetchClosedOrders": True}
        self.orders = list(orders)
        self.cancelled: list[str] = []

    def fetch(self) -> None: ...

    def fetch_open_orders(self, symbol, since, limit, params):
        return [order for order in self.orders if order["status"] == "open"]

    def fetch_closed_orders(self, symbol, since, limit, params):
        return [order for order in self.orders if order["status"] == "closed"]

    def cancel_order(self, order_id, symbol, params):
        self.cancelled.append(order_id)
        return {"id": order_id}

    def load_markets(self, reload):
        return {"reloaded": reload}


def test_a_venue_without_search_never_says_that_there_is_no_such_order():
    present = {"id": "1", "clientOrderId": "here", "status": "closed"}
    venue = CcxtVenue(ListsOnly(present))
    assert venue.find_order("here", SYMBOL) == present
    with pytest.raises(OrderNotVerifiable, match="gone"):
        venue.find_order("gone", SYMBOL)


def test_cancel_by_the_orders_own_id_where_the_client_id_will_not_do():
    exchange = ListsOnly(
        {"id": "1", "clientOrderId": "open", "status": "open"},
        {"id": "2", "clientOrderId": "filled", "status": "closed"},
    )
    venue = CcxtVenue(exchange)
    venue.cancel_order("open", SYMBOL)
    assert venue.cancel_order("filled", SYMBOL)["status"] == "closed"
    assert exchange.cancelled == ["1"]


def test_where_the_lists_no_longer_hold_a_cancelled_order_its_own_id_tells_what_became_of_it():
    class OwnIds(ListsOnly):
        def __init__(self, *orders):
            super().__init__(*orders)
            self.has["fetchOrder"] = True

        def fetch_order(self, order_id, symbol):
            return {"id": order_id, "clientOrderId": "open", "status": "canceled"}

    exchange = OwnIds({"id": "1", "clientOrderId": "open", "status": "open"})
    assert CcxtVenue(exchange).cancel_order("open", SYMBOL)["status"] == "canceled"


@pytest.mark.parametrize("refusal", [ccxt.OrderNotFound, ccxt.InvalidOrder, ccxt.BadRequest, ccxt.ExchangeError])
def test_a_refused_cancel_of_an_order_that_is_open_stands(refusal):
    class Refusing(ListsOnly):
        def cancel_order(self, order_id, symbol, params):
            raise refusal("unheard_of no")

    with pytest.raises(refusal):
        CcxtVenue(Refusing({"id": "1", "clientOrderId": "open", "status": "open"})).cancel_order("open", SYMBOL)


@pytest.mark.parametrize("answer", [None, {}, {"id": None, "status": None}, "<html>"])
def test_an_answer_that_is_no_order_is_not_taken_for_a_cancel_while_the_order_is_open(answer):
    class Garbled(ListsOnly):
        def cancel_order(self, order_id, symbol, params):
            return answer

    with pytest.raises(UnreadableAnswer, match="the cancel of open unreadably; the order is still open"):
        CcxtVenue(Garbled({"id": "1", "clientOrderId": "open", "status": "open"})).cancel_order("open", SYMBOL)


def test_the_venues_word_that_it_is_cancelled_counts_where_the_lookup_lags():
    class Lagging(ListsOnly):
        def cancel_order(self, order_id, symbol, params):
            return {"id": order_id, "clientOrderId": "open", "status": "canceled"}

    order = CcxtVenue(Lagging({"id": "1", "clientOrderId": "open", "status": "open"})).cancel_order("open", SYMBOL)
    assert order["status"] == "canceled"


@pytest.mark.parametrize("failure", [ccxt.RequestTimeout, ccxt.AuthenticationError, ccxt.RateLimitExceeded])
async def test_a_cancel_that_failed_otherwise_is_not_followed_by_a_lookup(server, async_exchange, failure):
    exchange = async_exchange()

    async def fail(*_):
        raise failure("binance something")

    exchange.cancel_order = fail
    with pytest.raises(failure):
        await CcxtVenue(exchange).cancel_order("intent-1", SYMBOL)
    assert server.requests == []


async def test_cancel_by_client_order_id_then_read_what_became_of_it(server, async_exchange):
    server.on("/order", "json", binance_order("intent-1", "CANCELED"))
    order = await CcxtVenue(async_exchange()).cancel_order("intent-1", SYMBOL)
    assert order["status"] == "canceled"
    assert [method for method, path, _ in server.requests if path.endswith("/order")] == ["DELETE", "GET"]
    assert {sent["origClientOrderId"] for _, _, sent in server.requests} == {"intent-1"}


async def test_probe_and_clock(server, async_exchange):
    exchange = async_exchange()
    server.on("/time", "json", {"serverTime": exchange.milliseconds() - 60_000})
    venue = CcxtVenue(exchange)
    await venue.probe()
    await venue.sync_clock()
    assert server.paths()[-1].endswith("/time")
    assert 59_000 < exchange.options["timeDifference"] < 70_000


def test_probe_and_clock_without_a_venue_time():
    venue = CcxtVenue(ListsOnly())
    assert venue.probe() == {"reloaded": True}
    with pytest.raises(ClockNotSyncable):
        venue.sync_clock()


@pytest.mark.parametrize("options", [{"maxRetriesOnFailure": 3}, {"order": {"maxRetriesOnFailure": 1}}])
def test_ccxts_own_repetition_is_warned_of(sync_exchange, options):
    with pytest.warns(RuntimeWarning, match="maxRetriesOnFailure"):
        CcxtVenue(sync_exchange(**options))


def test_no_warning_where_ccxt_does_not_repeat(sync_exchange):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CcxtVenue(sync_exchange())


async def test_cancellation_passes_through_a_lookup(server, async_exchange):
    server.on("/order", "hangs")
    exchange = async_exchange()
    exchange.timeout = 30_000
    task = asyncio.create_task(CcxtVenue(exchange).find_order("intent-1", SYMBOL))
    while not server.requests:  # noqa: ASYNC110 - the server runs in another thread
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_many_tasks_look_up_through_one_port(server, async_exchange):
    server.on("/order", "json", binance_order("intent-1"))
    venue = CcxtVenue(async_exchange())
    found = await asyncio.gather(*(venue.find_order("intent-1", SYMBOL) for _ in range(20)))
    assert {order["id"] for order in found} == {"7"}
