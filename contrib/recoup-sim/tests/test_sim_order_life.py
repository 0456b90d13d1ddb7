"""What becomes of an order: rules for its id, fills in parts, races with a cancel, and who ordered how much."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal

import ccxt
import pytest

from recoup_sim import ClientIdRule, SimulatedVenue, VenueError

pytestmark = pytest.mark.anyio
BUY = ("BTC/USDT", "limit", "buy")


def named(name):
    return {"newClientOrderId": name}


def by_name(name):
    return {"origClientOrderId": name}


async def send(client, name, amount=0.01, price=50_000):
    return await client.create_order(*BUY, amount, price, named(name))


async def accepted_of(client, venue, price):
    for _ in range(3):
        with contextlib.suppress(ccxt.InvalidOrder):
            await send(client, "a1", price=price)
    assert {refusal.message for refusal in venue.ledger.rejections} <= {"Duplicate order sent."}
    return len(venue.ledger.accepted)


@pytest.mark.parametrize(
    ("rule", "while_open", "once_filled"), [("open_only", 1, 3), ("forever", 1, 1), ("none", 3, 3)]
)
async def test_the_rule_for_client_ids_decides_how_often_one_is_accepted(
    rule, while_open, once_filled, make_venue, open_async
):
    for price, accepted in ((40_000, while_open), (50_000, once_filled)):
        venue = make_venue(client_id_rule=rule)
        async with open_async(venue) as client:
            assert await accepted_of(client, venue, price) == accepted
        duplicates = {intent: len(orders) for intent, orders in venue.ledger.duplicates().items()}
        assert duplicates == ({"a1": accepted} if accepted > 1 else {})


async def test_open_orders_of_one_id_end_one_by_one(make_venue, open_async):
    venue = make_venue(client_id_rule=ClientIdRule.NONE)
    async with open_async(venue) as client:
        ids = [(await send(client, "a1", price=40_000))["id"] for _ in range(2)]
        for order_id in ids:
            await client.cancel_order(order_id, "BTC/USDT")
        assert await client.fetch_open_orders("BTC/USDT") == []


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="sometimes"):
        SimulatedVenue(client_id_rule="sometimes")


async def test_a_partial_fill_comes_in_trades_with_ids_and_a_cumulative_quantity(make_venue, open_async):
    venue = make_venue({"kind": "partial_fill", "at": [1], "fraction": "0.5", "trades": 3})
    async with open_async(venue) as client:
        order = await send(client, "a1")
        assert order["filled"] == 0.005
        trades = await client.fetch_my_trades("BTC/USDT")
        assert [trade["amount"] for trade in trades] == [0.00166, 0.00166, 0.00168]
        venue.fill("a1", Decimal("0.002"))
        assert (await client.fetch_order(order["id"], "BTC/USDT"))["filled"] == 0.007
        venue.fill("a1", Decimal("0.003"))
        assert (await client.fetch_order(order["id"], "BTC/USDT"))["status"] == "closed"
        trades = await client.fetch_my_trades("BTC/USDT")
    assert len({trade["id"] for trade in trades}) == 5
    assert venue.ledger.filled_by_intent() == {"a1": Decimal("0.01")}
    assert venue.ledger.over_fills() == {}


@pytest.mark.parametrize(("name", "quantity"), [("a1", "0.02"), ("a1", "0.000001"), ("a1", "0"), ("b1", "0.001")])
async def test_what_can_not_be_filled_is_refused(name, quantity, make_venue, open_async):
    venue = make_venue()
    async with open_async(venue) as client:
        await send(client, "a1", price=40_000)
        with pytest.raises(VenueError, match=r"-1013|-2011"):
            venue.fill(name, Decimal(quantity))
    assert venue.ledger.filled_by_intent() == {}


async def test_a_cancel_comes_too_late(make_venue, open_async):
    venue = make_venue({"kind": "fill_before_cancel", "at": [1]})
    async with open_async(venue) as client:
        await send(client, "a1", price=40_000)
        with pytest.raises(ccxt.OrderNotFound, match="-2011"):
            await client.cancel_order(None, "BTC/USDT", by_name("a1"))
        assert (await client.fetch_order(None, "BTC/USDT", by_name("a1")))["status"] == "closed"
    assert venue.ledger.filled_by_intent() == {"a1": Decimal("0.01")}


async def test_a_cancel_cancels_what_a_last_fill_has_left(make_venue, open_async):
    venue = make_venue({"kind": "fill_before_cancel", "at": [1], "fraction": "0.3"})
    async with open_async(venue) as client:
        await send(client, "a1", price=40_000)
        cancelled = await client.cancel_order(None, "BTC/USDT", by_name("a1"))
    assert (cancelled["status"], cancelled["filled"]) == ("canceled", 0.003)


@pytest.mark.parametrize(
    "lost", [{"kind": "reset_after"}, {"kind": "timeout_after"}, {"kind": "server_error_after", "status": 503}]
)
async def test_a_cancel_whose_answer_is_lost_was_executed(lost, make_venue, open_async):
    venue = make_venue({**lost, "request": "cancel", "at": [1], "times": 2})
    async with open_async(venue) as client:
        await send(client, "a1", price=40_000)
        with pytest.raises(ccxt.OperationFailed):
            await client.cancel_order(None, "BTC/USDT", by_name("a1"))
        assert (await client.fetch_order(None, "BTC/USDT", by_name("a1")))["status"] == "canceled"


@pytest.mark.parametrize(("kind", "told"), [("trades_repeated", [1, 1, 2, 2]), ("trades_missing", [1])])
async def test_a_list_of_trades_repeats_or_lacks_some_once(kind, told, make_venue, open_async):
    venue = make_venue({"kind": kind, "rate": 1})
    async with open_async(venue) as client:
        await client.load_markets()
        for name in ("a1", "b1"):
            await send(client, name)
        query = {"symbol": "BTCUSDT"}
        assert [trade["id"] for trade in await client.privateGetMyTrades(query)] == told
        assert [trade["id"] for trade in await client.privateGetMyTrades(query)] == [1, 2]
        assert len(await client.privateGetAllOrders(query)) == 2


async def test_what_completes_an_intent_is_no_duplicate(make_venue, open_async):
    venue = make_venue({"kind": "partial_fill", "at": [1], "fraction": "0.4"})
    async with open_async(venue) as client:
        await send(client, "a1")
        await client.cancel_order(None, "BTC/USDT", by_name("a1"))
        await send(client, "a1-c1", amount=0.006)
    assert [order.completes for order in venue.ledger.accepted] == [False, True]
    assert venue.ledger.duplicates() == {}
    assert venue.ledger.over_fills() == {}
    assert venue.ledger.filled_by_intent() == {"a1": Decimal("0.01")}


async def test_a_remainder_that_is_sent_too_early_or_too_large_fills_too_much(make_venue, open_async):
    venue = make_venue({"kind": "partial_fill", "rate": 1, "fraction": "0.4"})
    async with open_async(venue) as client:
        for intent in ("early", "large"):
            await send(client, intent)
            if intent == "large":
                await client.cancel_order(None, "BTC/USDT", by_name(intent))
            await send(client, f"{intent}-c1", amount=0.006 if intent == "early" else 0.007)
        venue.fill("early", Decimal("0.006"))
    assert set(venue.ledger.duplicates()) == {"early", "large"}
    assert venue.ledger.over_fills() == {"early": Decimal("0.006"), "large": Decimal("0.001")}


async def test_the_ledger_as_plain_data(make_venue, open_async):
    venue = make_venue({"kind": "ban", "at": [2]})
    async with open_async(venue) as client:
        await send(client, "a1")
        await send(client, "a1", amount=0.02)
        with pytest.raises(ccxt.DDoSProtection):
            await send(client, "b1")
        async with client.session.get(f"{venue.url}/__ledger") as answer:
            told = await answer.json()
    assert json.loads(json.dumps(venue.ledger.describe())) == told
    assert told["duplicates"] == {"a1": 2}
    assert told["over_fills"] == {"a1": "0.02"}
    assert [order["quantity"] for order in told["accepted"]] == ["0.01", "0.02"]
    assert told["bans"][0]["seconds"] == 30.0
    assert told["requests"]["POST /api/v3/order"] == 3
    assert "/__ledger" not in str(told["requests"])
