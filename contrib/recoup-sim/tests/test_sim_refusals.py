"""Refusals by code, raised as in production by the unmodified ccxt client."""

from __future__ import annotations

from decimal import Decimal

import ccxt
import pytest

from recoup_sim import RateLimits

PRODUCTION = "https://api.binance.com/api/v3/order"


def raised_by(client, url, code, text):
    body = f'{{"code":{code},"msg":"{text}"}}'
    with pytest.raises(ccxt.BaseError) as caught:
        client.handle_errors(400, "Bad Request", url, "POST", {}, body, {"code": int(code), "msg": text}, {}, "")
    return type(caught.value)


def test_every_code_of_ccxts_maps_raises_what_it_raises_in_production(make_venue, open_sync):
    genuine = ccxt.binance()
    codes = {code for section in ("spot", None) for code in exact(genuine, section) if code.lstrip("-").isdigit()}
    assert len(codes) > 300
    with open_sync(make_venue()) as client:
        url = client.urls["api"]["private"] + "/order"
        moved = {code: raised_by(client, url, code, "x") for code in codes}
    assert moved == {code: raised_by(genuine, PRODUCTION, code, "x") for code in codes}


def test_every_text_of_ccxts_maps_raises_what_it_raises_in_production(make_venue, open_sync):
    genuine = ccxt.binance()
    texts = {text for text in exact(genuine, None) if not text.lstrip("-").isdigit()} | set(genuine.exceptions["broad"])
    with open_sync(make_venue()) as client:
        url = client.urls["api"]["private"] + "/order"
        moved = {text: raised_by(client, url, "-2010", text) for text in texts}
    assert moved == {text: raised_by(genuine, PRODUCTION, "-2010", text) for text in texts}


def test_without_the_map_a_moved_url_raises_something_else(make_venue, open_sync):
    with open_sync(make_venue()) as client:
        bare = ccxt.binance({"urls": client.urls})
        assert raised_by(client, client.urls["api"]["private"], "-1131", "x") is ccxt.BadRequest
        assert raised_by(bare, bare.urls["api"]["private"], "-1131", "x") is ccxt.ExchangeError


def exact(client, section):
    return client.exceptions[section]["exact"] if section else client.exceptions["exact"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("order", "error", "code"),
    [
        (("BTC/USDT", "limit", "buy", 0.02, 50_000), ccxt.InsufficientFunds, -2010),
        (("BTC/USDT", "limit", "sell", 0.01, 50_000), ccxt.InsufficientFunds, -2010),
        (("BTC/USDT", "limit", "buy", 0.00002, 50_000), ccxt.BadRequest, -1013),
        (("BTC/USDT", "limit", "buy", 0.01, 2_000_000), ccxt.InvalidOrder, -1013),
        (("BTC/USDT", "limit", "buy", 9_001, 1), ccxt.InvalidOrder, -1013),
        (("BTC/USDT", "limit", "buy", 0.01, 50_000, {"postOnly": True}), ccxt.OrderImmediatelyFillable, -2010),
        (("BTC/USDT", "limit", "buy", 0.01, 50_000, {"timeInForce": "DAY"}), ccxt.BadRequest, -1115),
        (("BTC/USDT", "limit", "buy", 0.01, 50_000, {"newClientOrderId": "no spaces"}), ccxt.BadRequest, -1100),
        (("BTC/USDT", "limit", "buy", 0.01, 50_000, {"recvWindow": 60_001}), ccxt.BadRequest, -1131),
    ],
)
async def test_an_order_is_refused(order, error, code, make_venue, open_async):
    venue = make_venue(balances={"USDT": Decimal(600)})
    async with open_async(venue) as client:
        with pytest.raises(error) as caught:
            await client.create_order(*order)
    assert type(caught.value) is error
    assert venue.ledger.rejections_by_code() == {code: 1}
    assert venue.ledger.accepted == ()


@pytest.mark.anyio
async def test_an_id_is_refused_while_it_is_open_and_taken_again_afterwards(make_venue, open_async):
    venue = make_venue()
    params = {"newClientOrderId": "a1"}
    async with open_async(venue) as client:
        await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000, params)
        with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
            await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000, params)
        await client.cancel_order(None, "BTC/USDT", {"origClientOrderId": "a1"})
        await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50_000, params)
        await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50_000, params)
        newest = await client.fetch_order(None, "BTC/USDT", {"origClientOrderId": "a1"})
    assert newest["id"] == "3"
    assert {intent: len(orders) for intent, orders in venue.ledger.duplicates().items()} == {"a1": 3}


@pytest.mark.anyio
async def test_an_order_that_is_not_there(make_venue, open_async):
    async with open_async(make_venue()) as client:
        with pytest.raises(ccxt.OrderNotFound, match="-2013"):
            await client.fetch_order("17", "BTC/USDT")
        with pytest.raises(ccxt.OrderNotFound, match="-2011"):
            await client.cancel_order(None, "BTC/USDT", {"origClientOrderId": "nothing"})
        filled = await client.create_order("BTC/USDT", "market", "buy", 0.01)
        with pytest.raises(ccxt.OrderNotFound, match="-2011"):
            await client.cancel_order(filled["id"], "BTC/USDT")


@pytest.mark.anyio
async def test_a_symbol_that_is_not_listed(make_venue, open_async):
    async with open_async(make_venue()) as client:
        with pytest.raises(ccxt.BadSymbol, match="-1121"):
            await client.publicGetDepth({"symbol": "DOGEUSDT"})
        with pytest.raises(ccxt.BadSymbol, match="-1121"):
            await client.privateGetAllOrders({"symbol": "DOGEUSDT"})


@pytest.mark.anyio
async def test_immediate_orders_that_do_not_cross_expire(make_venue, open_async):
    async with open_async(make_venue()) as client:
        for time_in_force in ("IOC", "FOK"):
            order = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000, {"timeInForce": time_in_force})
            assert order["status"] == "expired"
        assert (await client.fetch_balance())["USDT"]["used"] == 0


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "parameters", "code"),
    [
        ("publicGetDepth", {"symbol": "BTCUSDT", "limit": 5_001}, -1100),
        ("publicGetDepth", {"symbol": "BTCUSDT", "limit": "ten"}, -1100),
        ("publicGetDepth", {}, -1102),
        ("publicGetTickerPrice", {"symbols": "BTCUSDT"}, -1100),
        ("publicGetTickerPrice", {"symbols": "[1]"}, -1100),
        ("publicGetTickerPrice", {"symbols": '["DOGEUSDT"]'}, -1121),
        ("privateGetOrder", {"symbol": "BTCUSDT"}, -1102),
        ("privateGetOrder", {"symbol": "BTCUSDT", "orderId": "one"}, -1100),
        ("privateGetOpenOrders", {"symbol": "DOGEUSDT"}, -1121),
        ("privateGetAllOrders", {"symbol": "BTCUSDT", "limit": 1_001}, -1100),
        ("privateGetMyTrades", {"symbol": "BTCUSDT", "startTime": "yesterday"}, -1100),
        ("privatePostOrder", {"symbol": "BTCUSDT", "side": "BUY"}, -1102),
        ("privatePostOrder", {"symbol": "BTCUSDT", "side": "HOLD", "type": "MARKET", "quantity": "1"}, -1117),
        ("privatePostOrder", {"symbol": "BTCUSDT", "side": "BUY", "type": "STOP", "quantity": "1"}, -1116),
        ("privatePostOrder", {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1e5"}, -1100),
    ],
)
async def test_a_malformed_parameter_is_refused(method, parameters, code, make_venue, open_async):
    async with open_async(make_venue()) as client:
        with pytest.raises(ccxt.BadRequest, match=f'"code":{code},'):
            await getattr(client, method)(parameters)


@pytest.mark.anyio
async def test_too_many_orders_are_refused_until_the_ten_seconds_are_over(make_venue, open_async, clock):
    venue = make_venue(limits=RateLimits(orders_per_10s=2))
    async with open_async(venue) as client:
        for _ in range(2):
            await client.create_order("BTC/USDT", "market", "buy", 0.01)
        clock.advance(3)
        with pytest.raises(ccxt.DDoSProtection, match="-1015"):
            await client.create_order("BTC/USDT", "market", "buy", 0.01)
        assert client.last_response_headers["Retry-After"] == "7"
        clock.advance(7)
        await client.create_order("BTC/USDT", "market", "buy", 0.01)
    assert len(venue.ledger.accepted) == 3


@pytest.mark.anyio
async def test_the_venue_refuses_what_it_has_no_room_for(make_venue, open_async):
    async with open_async(make_venue(max_orders=1)) as client:
        await client.create_order("BTC/USDT", "market", "buy", 0.01)
        with pytest.raises(ccxt.BadRequest, match="EXCHANGE_MAX_NUM_ORDERS"):
            await client.create_order("BTC/USDT", "market", "buy", 0.01)


@pytest.mark.anyio
async def test_a_wrong_secret_and_a_wrong_key(make_venue, open_async):
    async with open_async(make_venue()) as client:
        await client.load_markets()
        client.options["hasAlreadyAuthenticatedSuccessfully"] = False
        secret, client.secret = client.secret, "wrong"
        with pytest.raises(ccxt.AuthenticationError, match="-1022"):
            await client.privateGetAccount()
        client.secret, client.apiKey = secret, "wrong"
        with pytest.raises(ccxt.AuthenticationError, match="-2015"):
            await client.privateGetAccount()
