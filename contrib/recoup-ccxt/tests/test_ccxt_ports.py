"""Trades, balances, positions, the venue's status and market data over real ccxt clients, and hearing responses."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import weakref
from decimal import Decimal

import ccxt
import ccxt.async_support
import pytest

from recoup import SubmitPort, TradePort, VenuePort, VenueStatusPort
from recoup_ccxt import CcxtClassifier, CcxtVenue, NotOffered, UnreadableAnswer, client_order_id
from recoup_ccxt.client_ids import PROFILES
from recoup_ccxt.responses import MAX_LISTENERS
from recoup_plugins.rate_limit.config import Counted, RateLimitConfig
from recoup_plugins.rate_limit.plugin import RateLimitPlugin
from recoup_sim import FaultPlan, SimulatedVenue, VenueThread

pytestmark = pytest.mark.anyio

SYMBOL = "BTC/USDT"


@pytest.fixture
async def traded():
    """A venue at which one order was filled and one rests, and the ports over an asynchronous client."""
    async with SimulatedVenue(balances={"USDT": Decimal(100_000), "BTC": Decimal(2)}) as simulated:
        exchange = ccxt.async_support.binance(simulated.exchange_options())
        exchange.session_trust_env = False
        venue = CcxtVenue(exchange)
        await venue.submit(SYMBOL, "limit", "buy", "0.12345", "90000", client_order_id="filled")
        await venue.submit(SYMBOL, "limit", "buy", "0.5", "1000", client_order_id="resting")
        yield venue
        await exchange.close()


def test_it_is_every_port_that_rests_on_requests(sync_exchange):
    venue = CcxtVenue(sync_exchange())
    assert all(isinstance(venue, port) for port in (TradePort, SubmitPort, VenuePort, VenueStatusPort))


async def test_quantities_of_orders_and_trades_are_exact_decimals(traded):
    order = await traded.find_order("filled", SYMBOL)
    trades = await traded.order_trades("filled", SYMBOL)
    assert (order["amount"], order["filled"], order["remaining"]) == (Decimal("0.12345"), Decimal("0.12345"), 0)
    assert [(trade["order"], trade["amount"]) for trade in trades] == [(order["id"], Decimal("0.12345"))]
    assert all(isinstance(trade[name], Decimal) for trade in trades for name in ("amount", "price", "cost"))
    (resting,) = await traded.open_orders(SYMBOL)
    assert isinstance(resting["amount"], Decimal)
    assert isinstance(resting["price"], Decimal)


async def test_an_order_without_fills_and_an_unknown_one_have_no_trades(traded):
    assert await traded.order_trades("resting", SYMBOL) == []
    assert await traded.order_trades("never", SYMBOL) == []


async def test_more_digits_than_a_float_has_come_through_where_the_client_reads_text(traded):
    traded._exchange.number = str
    order = await traded.submit(SYMBOL, "limit", "buy", "0.5", "1000.1", client_order_id="text")
    assert order["price"] == Decimal("1000.1")
    assert isinstance(order["price"], Decimal)


async def test_balances_by_currency(traded):
    balances = await traded.balances()
    assert balances["USDT"]["used"] == Decimal(500)
    assert balances["BTC"]["total"] > Decimal(2)
    assert all(isinstance(value, Decimal) for held in balances.values() for value in held.values())


async def test_a_spot_market_has_no_positions_and_is_not_asked_for_any(traded):
    assert await traded.positions(SYMBOL) == []
    assert await traded.positions(None) == []


async def test_status_time_markets_and_snapshot(traded):
    assert (await traded.status())["status"] == "ok"
    assert await traded.server_time() > 1_600_000_000_000
    assert SYMBOL in await traded.refresh_markets()
    assert (await traded.snapshot(SYMBOL))["bids"]


async def test_a_child_is_a_limit_order_or_without_a_price_a_market_order(traded):
    limit = await traded.submit_child("child1", SYMBOL, "buy", Decimal("0.1"), Decimal(900))
    market = await traded.submit_child("child2", SYMBOL, "buy", Decimal("0.1"), None)
    assert (limit["type"], limit["status"]) == ("limit", "open")
    assert (market["type"], market["status"]) == ("market", "closed")


def test_the_synchronous_client_gives_the_same(sync_exchange):
    announced = {"faults": [{"kind": "maintenance", "from": 0, "for": 60, "body": "json"}]}
    with VenueThread(SimulatedVenue(plan=FaultPlan.from_dict(announced))) as simulated:
        exchange = ccxt.binance(simulated.exchange_options())
        exchange.session.trust_env = False
        assert CcxtVenue(exchange).status()["status"] == "maintenance"
        exchange.session.close()
    with VenueThread(SimulatedVenue()) as simulated:
        exchange = ccxt.binance(simulated.exchange_options())
        exchange.session.trust_env = False
        venue = CcxtVenue(exchange)
        venue.submit(SYMBOL, "limit", "buy", "0.5", "90000", client_order_id="one")
        assert [trade["amount"] for trade in venue.order_trades("one", SYMBOL)] == [Decimal("0.5")]
        assert venue.cancel_order("one", SYMBOL)["status"] == "closed"
        assert venue.balances()["BTC"]["free"] > 0
        assert venue.positions(None) == []
        exchange.session.close()


class Derivatives:
    """A client of a venue for derivatives with a stream, which records what it is asked; no simulation."""

    id = "futures_house"
    markets = None

    def __init__(self, status="ok", info=None):
        self.options = {"defaultType": "swap"}
        self.has = {"fetchPositions": True, "fetchStatus": True, "watchOrderBook": True, "unWatchOrderBook": True}
        self.asked: list = []
        self.orderbooks = {"BTC/USDT:USDT": "stale"}
        self._status = {"status": status, "eta": None, "info": info}

    def fetch(self): ...

    def fetch_positions(self, symbols):
        self.asked.append(symbols)
        return [
            {"symbol": "BTC/USDT:USDT", "contracts": 1.5, "side": "short"},
            {"symbol": "ETH/USDT:USDT", "contracts": 2.0, "side": "long"},
        ]

    def fetch_status(self):
        return self._status

    def un_watch_order_book(self, symbol):
        self.asked.append(("un_watch", symbol))

    def watch_order_book(self, symbol):
        self.asked.append(("watch", symbol))
        return "fresh"


def test_short_positions_have_negative_contracts():
    exchange = Derivatives()
    positions = CcxtVenue(exchange).positions("BTC/USDT:USDT")
    assert [position["contracts"] for position in positions] == [Decimal("-1.5"), Decimal("2.0")]
    assert exchange.asked == [["BTC/USDT:USDT"]]


@pytest.mark.parametrize(
    ("status", "info", "expected"),
    [
        ("ok", None, "ok"),
        ("error", None, "maintenance"),
        ("shutdown", None, "shutdown"),
        ("maintenance", {"result": {"status": "cancel_only"}}, "cancel_only"),
        ("maintenance", {"result": {"status": "post_only"}}, "maintenance"),
    ],
)
def test_the_status_is_one_of_four(status, info, expected):
    assert CcxtVenue(Derivatives(status, info)).status()["status"] == expected


def test_a_new_subscription_begins_without_the_old_picture():
    exchange = Derivatives()
    assert CcxtVenue(exchange).resubscribe("BTC/USDT:USDT") == "fresh"
    assert exchange.asked == [("un_watch", "BTC/USDT:USDT"), ("watch", "BTC/USDT:USDT")]
    assert exchange.orderbooks == {}


def test_what_a_client_does_not_offer_is_said_so(sync_exchange):
    venue = CcxtVenue(Derivatives())
    for ask in (lambda: venue.snapshot("x"), venue.server_time, lambda: venue.on_response(print)):
        with pytest.raises(NotOffered, match="futures_house"):
            ask()
    with pytest.raises(NotOffered, match=re.escape("ccxt.pro")):
        CcxtVenue(sync_exchange()).resubscribe(SYMBOL)


@pytest.mark.parametrize("body", ["<html>", "{}"])
async def test_balances_that_are_none_are_no_empty_account(server, async_exchange, body):
    server.on("/account", "html", body)
    with pytest.raises((UnreadableAnswer, ccxt.BaseError)):
        await CcxtVenue(async_exchange()).balances()


@pytest.mark.parametrize("venue", [*PROFILES, "unheard_of"])
def test_a_client_order_id_is_the_same_each_time_and_one_that_the_venue_takes(venue):
    one, again, other = (client_order_id(intent, venue=venue) for intent in ("a", "a", "b"))
    assert one == again != other
    assert re.fullmatch("[0-9a-f]{28,32}", one)


def test_an_intent_without_a_name_has_no_id():
    with pytest.raises(ValueError, match="empty intent"):
        client_order_id("", venue="binance")


def test_the_rule_on_ids_is_the_venues_own_and_the_weakest_where_nobody_knows(sync_exchange):
    rules = {name: CcxtVenue(sync_exchange(name)).client_id_rule for name in ("binance", "kraken", "gate")}
    assert rules == {"binance": "open_only", "kraken": "open_only", "gate": "none"}
    assert CcxtVenue(Derivatives()).client_id_rule == "none"


@pytest.fixture
def limits(host):
    plugin = RateLimitPlugin(host)
    weight = plugin.limiter(RateLimitConfig(rate=1200, per=60, burst=1200, name="weight"))
    orders = plugin.limiter(RateLimitConfig(rate=100, per=10, burst=100, name="orders", counts=Counted.ORDERS))
    plugin.left = lambda: (weight.left("weight"), orders.left("orders"))
    return plugin


USED = {"X-MBX-USED-WEIGHT-1M": "1100", "X-MBX-ORDER-COUNT-10S": "98"}


@pytest.mark.parametrize("status", [200, 429])
async def test_the_venues_own_counts_lower_the_limiter_before_it_refuses(
    limits, server, async_exchange, sync_exchange, status
):
    server.on("/time", "json", {"serverTime": 1}, status, USED)
    for make in (async_exchange, sync_exchange):
        venue = CcxtVenue(make())
        for name in ("weight", "orders"):
            venue.on_response(lambda headers, name=name: limits.observe_headers(name, headers))
        try:
            answer = venue.server_time()
            if asyncio.iscoroutine(answer):
                await answer
        except ccxt.DDoSProtection:
            assert status == 429
        assert limits.left() == (100, 2)


async def test_a_listener_that_fails_costs_no_response_and_is_let_go(server, async_exchange, caplog):
    server.on("/time", "json", {"serverTime": 1})
    venue = CcxtVenue(async_exchange())
    heard = []

    def fail(headers):
        heard.append("failing")
        raise ValueError("broken")

    venue.on_response(fail)
    venue.on_response(lambda headers: heard.append("well"))
    with caplog.at_level(logging.ERROR, logger="recoup_ccxt"):
        assert [await venue.server_time() for _ in range(2)] == [1, 1]
    assert heard == ["failing", "well", "well"]
    assert "will be given no more" in caplog.text


def test_listeners_are_bounded_and_kept_by_client(sync_exchange):
    exchange = sync_exchange()
    for _ in range(MAX_LISTENERS):
        CcxtVenue(exchange).on_response(print)
    with pytest.raises(ValueError, match="add one once"):
        CcxtVenue(exchange).on_response(print)


async def test_a_refusals_own_retry_after_is_found_behind_a_neighbours_success(
    host, make_context, server, async_exchange
):
    """ccxt has one slot for the headers of all requests; only where it raised does each error keep its own."""
    server.on("/order", "json", {"code": -1003}, 429, {"Retry-After": "17"})
    server.on("/time", "json", {"serverTime": 1})
    exchange = async_exchange()
    venue = CcxtVenue(exchange)
    submit = asyncio.create_task(venue.submit(SYMBOL, "limit", "buy", "0.5", "20000", client_order_id="intent1"))
    with pytest.raises(ccxt.DDoSProtection) as caught:
        await submit
    await venue.server_time()
    assert "Retry-After" not in exchange.last_response_headers
    classify = CcxtClassifier(host).classify
    assert classify(caught.value, make_context(caught.value, venue)).retry_after == 17.0
    without_trace = caught.value.with_traceback(None)
    assert classify(without_trace, make_context(without_trace, venue)).retry_after is None


async def test_a_page_in_one_task_is_not_hidden_by_an_answer_to_another(server, async_exchange):
    server.on("/openOrders", "html", "<html>")
    server.on("/time", "json", {"serverTime": 1})
    venue = CcxtVenue(async_exchange())
    results = await asyncio.gather(
        *(ask() for ask in (lambda: venue.open_orders(SYMBOL), venue.server_time) for _ in range(10)),
        return_exceptions=True,
    )
    assert all(isinstance(result, UnreadableAnswer) for result in results[:10])
    assert results[10:] == [1] * 10


async def test_a_clients_own_method_for_responses_is_still_called(server, async_exchange):
    server.on("/time", "json", {"serverTime": 1})
    exchange = async_exchange()
    seen = []
    exchange.on_rest_response = lambda *args: seen.append(args[0]) or args[5].strip()
    assert await CcxtVenue(exchange).server_time() == 1
    assert seen == [200]


def test_a_client_that_is_dropped_goes_at_once(sync_exchange):
    exchange = ccxt.binance()
    CcxtVenue(exchange)
    gone = weakref.ref(exchange)
    gc.disable()
    try:
        del exchange
        assert gone() is None
    finally:
        gc.enable()
