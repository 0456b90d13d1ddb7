"""Each endpoint, driven by the unmodified ccxt client."""

from __future__ import annotations

from decimal import Decimal

import ccxt
import pytest

pytestmark = pytest.mark.anyio


async def test_load_markets_works_with_ccxts_default_options(make_venue, open_async):
    async with open_async(make_venue()) as client:
        markets = await client.load_markets()
    assert sorted(markets) == ["BTC/USDT", "ETH/USDT"]
    assert markets["BTC/USDT"]["precision"] == {"amount": 0.00001, "price": 0.01, "base": 1e-8, "quote": 1e-8}
    assert markets["BTC/USDT"]["limits"]["cost"]["min"] == 5.0


async def test_public_endpoints_describe_the_reference_price(make_venue, open_async):
    async with open_async(make_venue()) as client:
        await client.load_markets()
        ticker = await client.fetch_ticker("BTC/USDT")
        best = (await client.fetch_bids_asks(["BTC/USDT"]))["BTC/USDT"]
        price = (await client.fetch_last_prices(["ETH/USDT"]))["ETH/USDT"]["price"]
        raw_price = await client.publicGetTickerPrice({"symbol": "BTCUSDT"})
        everything = await client.fetch_tickers()
    assert ticker["last"] == 50_000
    assert (best["bid"], best["ask"]) == (49_999.99, 50_000.01)
    assert price == 2_500
    assert raw_price == {"symbol": "BTCUSDT", "price": "50000.00000000"}
    assert sorted(everything) == ["BTC/USDT", "ETH/USDT"]


async def test_depth_shows_resting_orders_best_price_first(make_venue, open_async):
    async with open_async(make_venue()) as client:
        await client.create_order("BTC/USDT", "limit", "buy", 0.5, 49_000)
        await client.create_order("BTC/USDT", "limit", "sell", 0.25, 51_000)
        book = await client.fetch_order_book("BTC/USDT", 2)
    assert book["bids"] == [[49_999.99, 10.0], [49_000.0, 0.5]]
    assert book["asks"] == [[50_000.01, 10.0], [51_000.0, 0.25]]


async def test_ping_and_status_answer(make_venue, open_async):
    async with open_async(make_venue()) as client:
        assert await client.publicGetPing() == {}
        assert (await client.fetch_status())["status"] == "ok"


async def test_server_time_is_the_machines_time(make_venue, open_async):
    async with open_async(make_venue()) as client:
        before = client.milliseconds()
        server = await client.fetch_time()
        assert before - 1 <= server <= client.milliseconds()


async def test_a_crossing_limit_order_fills_at_the_reference_price(make_venue, open_async):
    async with open_async(make_venue()) as client:
        order = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50_100, {"newClientOrderId": "a1-1"})
        trades = await client.fetch_my_trades("BTC/USDT")
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.01, 50_000)
    assert order["clientOrderId"] == "a1-1"
    assert order["info"]["executedQty"] == "0.01000000"
    assert order["info"]["cummulativeQuoteQty"] == "500.00000000"
    assert [(trade["price"], trade["amount"], trade["order"]) for trade in trades] == [(50_000, 0.01, order["id"])]
    assert trades[0]["fee"] == {"cost": 0.00001, "currency": "BTC"}


async def test_a_market_order_fills(make_venue, open_async):
    async with open_async(make_venue()) as client:
        order = await client.create_order("ETH/USDT", "market", "sell", 2)
    assert (order["status"], order["cost"]) == ("closed", 5_000)


async def test_a_resting_order_is_found_by_id_and_client_id_and_cancelled(make_venue, open_async):
    async with open_async(make_venue()) as client:
        placed = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000, {"newClientOrderId": "a1"})
        by_id = await client.fetch_order(placed["id"], "BTC/USDT")
        by_client_id = await client.fetch_order(None, "BTC/USDT", {"origClientOrderId": "a1"})
        open_before = await client.fetch_open_orders("BTC/USDT")
        cancelled = await client.cancel_order(None, "BTC/USDT", {"origClientOrderId": "a1"})
        open_after = await client.privateGetOpenOrders()
        everything = await client.fetch_orders("BTC/USDT")
    assert placed["status"] == by_id["status"] == by_client_id["status"] == "open"
    assert by_id["id"] == by_client_id["id"] == placed["id"]
    assert [order["id"] for order in open_before] == [placed["id"]]
    assert cancelled["status"] == "canceled"
    assert open_after == []
    assert [order["status"] for order in everything] == ["canceled"]


async def test_cancel_all_orders_closes_every_open_one(make_venue, open_async):
    async with open_async(make_venue()) as client:
        for price in (40_000, 41_000):
            await client.create_order("BTC/USDT", "limit", "buy", 0.01, price)
        cancelled = await client.cancel_all_orders("BTC/USDT")
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_all_orders("BTC/USDT")
    assert [order["status"] for order in cancelled] == ["canceled", "canceled"]


async def test_a_price_move_fills_a_resting_order_at_its_limit(make_venue, open_async):
    venue = make_venue()
    async with open_async(venue) as client:
        placed = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000, {"newClientOrderId": "a1"})
        venue.set_price("BTCUSDT", Decimal(39000))
        order = await client.fetch_order(placed["id"], "BTC/USDT")
    assert (order["status"], order["average"]) == ("closed", 40_000)
    assert venue.ledger.filled_by_intent() == {"a1": Decimal("0.01")}


async def test_balances_move_with_locks_fills_and_commission(make_venue, open_async):
    async with open_async(make_venue(balances={"USDT": Decimal(1000)})) as client:
        await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50_000)
        await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000)
        account = await client.privateGetAccount()
    balances = {entry["asset"]: (entry["free"], entry["locked"]) for entry in account["balances"]}
    assert balances == {
        "BTC": ("0.00999000", "0.00000000"),
        "ETH": ("0.00000000", "0.00000000"),
        "USDT": ("100.00000000", "400.00000000"),
    }


async def test_paging_by_id_time_and_limit(make_venue, open_async):
    async with open_async(make_venue()) as client:
        orders = [await client.create_order("BTC/USDT", "market", "buy", 0.01) for _ in range(4)]
        newest = await client.fetch_orders("BTC/USDT", limit=2)
        oldest = await client.fetch_orders("BTC/USDT", since=orders[0]["timestamp"] - 1, limit=2)
        future = await client.fetch_my_trades("BTC/USDT", since=client.milliseconds() + 60_000)
        of_order = await client.fetch_order_trades(orders[2]["id"], "BTC/USDT")
    assert [order["id"] for order in newest] == ["3", "4"]
    assert [order["id"] for order in oldest] == ["1", "2"]
    assert future == []
    assert [trade["order"] for trade in of_order] == ["3"]


async def test_every_answer_tells_used_weight_and_order_count(make_venue, open_async):
    async with open_async(make_venue()) as client:
        await client.load_markets()
        before = int(client.last_response_headers["X-MBX-USED-WEIGHT-1M"])
        await client.create_order("BTC/USDT", "market", "buy", 0.01)
        headers = client.last_response_headers
    assert int(headers["X-MBX-USED-WEIGHT-1M"]) == before + 1
    assert headers["X-MBX-ORDER-COUNT-10S"] == "1"


async def test_an_unknown_endpoint_is_not_found(make_venue, open_async):
    async with open_async(make_venue()) as client:
        with pytest.raises(ccxt.ExchangeNotAvailable, match="404"):
            await client.publicGetKlines({"symbol": "BTCUSDT", "interval": "1m"})


def test_the_synchronous_client_trades_through_the_thread(make_venue, open_sync):
    venue = make_venue()
    with open_sync(venue) as client:
        assert sorted(client.load_markets()) == ["BTC/USDT", "ETH/USDT"]
        placed = client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000, {"newClientOrderId": "s1"})
        assert client.fetch_order(None, "BTC/USDT", {"origClientOrderId": "s1"})["id"] == placed["id"]
        assert client.cancel_order(placed["id"], "BTC/USDT")["status"] == "canceled"
        assert client.fetch_balance()["USDT"]["used"] == 0
    assert [order.intent for order in venue.ledger.accepted] == ["s1"]
