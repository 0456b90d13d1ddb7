"""The ledger: exact, append-only, bounded, and safe to read from any thread."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from recoup_sim import DEFAULT_MARKETS, BanEntry, Ledger, ReceivedRequest, Rejection, intent_of
from recoup_sim.matching import MatchingEngine
from recoup_sim.orders import OrderType, Side, Ticket, TimeInForce

AT = datetime(2026, 1, 1, tzinfo=UTC)


def make_request(window=None):
    return ReceivedRequest(
        received_at=AT, method="GET", path="/", client_order_id=None, status=200, fault=None, window=window
    )


def accept(ledger, engine, name, quantity="0.01"):
    ticket = Ticket(
        symbol="BTCUSDT",
        side=Side.BUY,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal(quantity),
        price=None,
        client_order_id=name,
    )
    order = engine.submit(ticket, time_ms=1)
    ledger.record_acceptance(order, received_at=AT, accepted_at=AT, fault=None)
    ledger.record_fills(order.trades)


@pytest.fixture
def engine():
    return MatchingEngine(
        markets=DEFAULT_MARKETS, balances={"USDT": Decimal(10) ** 9}, fee_rate=Decimal(0), max_orders=100_000
    )


@pytest.mark.parametrize(
    ("name", "intent"),
    [
        ("a17-2", "a17"),
        ("a17-2-3", "a17"),
        ("a17", "a17"),
        ("-2", "-2"),
        ("a17-", "a17-"),
        ("x-TKT5PX2F22ecb58eb9074fb1be018c", "x-TKT5PX2F22ecb58eb9074fb1be018c"),
        ("", ""),
    ],
)
def test_the_intent_of_a_client_order_id(name, intent):
    assert intent_of(name) == intent


def test_what_the_ledger_answers(engine):
    ledger = Ledger()
    for name in ("a-1", "b-1", "a-2"):
        accept(ledger, engine, name)
    assert [order.client_order_id for order in ledger.accepted] == ["a-1", "b-1", "a-2"]
    assert {intent: len(orders) for intent, orders in ledger.accepted_by_intent().items()} == {"a": 2, "b": 1}
    assert {intent: len(orders) for intent, orders in ledger.duplicates().items()} == {"a": 2}
    assert ledger.missing(["c", "b", "d"]) == ("c", "d")
    assert ledger.filled_by_intent() == {"a": Decimal("0.02"), "b": Decimal("0.01")}
    assert ledger.over_fills() == {"a": Decimal("0.01")}


def test_old_records_are_dropped_and_counted_but_the_counts_stay_exact():
    ledger = Ledger(max_records=2)
    for _ in range(5):
        ledger.record_request(make_request(window="ban"))
        ledger.record_rejection(Rejection(at=AT, client_order_id="a", intent="a", code=-2010, message="x"))
    ledger.record_ban(BanEntry(at=AT, seconds=1.0))
    assert (len(ledger.requests), len(ledger.rejections), len(ledger.bans)) == (2, 2, 1)
    assert ledger.dropped == 6
    assert ledger.requests_during("ban") == 5
    assert ledger.requests_during("maintenance") == 0
    assert ledger.rejections_by_code() == {-2010: 5}


def test_counts_are_exact_under_threads():
    ledger = Ledger(max_records=10)

    def write():
        for _ in range(1_000):
            ledger.record_request(make_request(window="ban"))
            ledger.record_rejection(Rejection(at=AT, client_order_id="a", intent="a", code=-1, message="x"))
            assert ledger.dropped >= 0

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.requests_during("ban") == 8_000
    assert ledger.rejections_by_code() == {-1: 8_000}
    assert ledger.dropped == 16_000 - 20
