"""README's table "fault, what ccxt raises, was the order accepted", row by row with the real clients."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import ccxt
import pytest
import yaml

from recoup_sim import KINDS

README = Path(__file__).parents[1] / "README.md"
ROW = re.compile(r"^\| `(\{kind: [^`]+\})` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = ROW.findall(README.read_text(encoding="utf-8"))
ORDER = ("BTC/USDT", "limit", "buy", 0.01, 50_000, {"newClientOrderId": "a1-1"})


def test_the_table_has_every_kind_of_fault():
    assert {yaml.safe_load(fault)["kind"] for fault, *_ in ROWS} == set(KINDS)


@pytest.mark.anyio
@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
async def test_the_asynchronous_client(row, make_venue, open_async, clock):
    fault, raised, _, accepted = row
    venue = make_venue({**yaml.safe_load(fault), "at": [1]})
    async with open_async(venue) as client:
        await client.load_markets()
        try:
            outcome = describe(await client.create_order(*ORDER))
        except ccxt.BaseError as error:
            outcome = type(error).__name__
        assert outcome == raised
        assert_accepted(venue, accepted, clock)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_synchronous_client(row, make_venue, open_sync, clock):
    fault, _, raised, accepted = row
    venue = make_venue({**yaml.safe_load(fault), "at": [1]})
    with open_sync(venue) as client:
        client.load_markets()
        try:
            outcome = describe(client.create_order(*ORDER))
        except ccxt.BaseError as error:
            outcome = type(error).__name__
        assert outcome == raised
        assert_accepted(venue, accepted, clock)


def describe(order):
    return "nothing" if order["id"] is not None else "nothing, and an order without id"


def assert_accepted(venue, accepted, clock):
    now = [order.intent for order in venue.ledger.accepted]
    if accepted == "later":
        assert now == []
        clock.advance(2)
        assert [order.intent for order in venue.ledger.accepted] == ["a1"]
        return
    assert now == ([] if accepted == "no" else ["a1"])
    quantity = {"no": None, "yes": Decimal("0.01"), "yes, partly filled": Decimal("0.004")}[accepted]
    assert venue.ledger.filled_by_intent().get("a1") == quantity
