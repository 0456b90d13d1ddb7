"""Matching and balances: nothing is made, nothing is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from recoup_sim import DEFAULT_MARKETS, Market
from recoup_sim.answers import VenueError
from recoup_sim.matching import Fill, MatchingEngine
from recoup_sim.orders import OrderType, Side, Status, Ticket, TimeInForce

FEE = Decimal("0.001")


def make_engine(balances, max_orders=1_000):
    return MatchingEngine(markets=DEFAULT_MARKETS, balances=balances, fee_rate=FEE, max_orders=max_orders)


def ticket(price, quantity="0.01", side=Side.BUY, name="a1", **options):
    return Ticket(
        symbol="BTCUSDT",
        side=side,
        type=options.get("type", OrderType.LIMIT if price else OrderType.MARKET),
        time_in_force=options.get("time_in_force", TimeInForce.GTC),
        quantity=Decimal(quantity),
        price=Decimal(price) if price else None,
        client_order_id=name,
    )


def test_a_better_price_than_the_limit_gives_the_difference_back():
    engine = make_engine({"USDT": Decimal(600)})
    engine.submit(ticket("60000"), time_ms=1)
    balances = engine.balances()
    assert (balances["USDT"].free, balances["USDT"].locked) == (Decimal(100), Decimal(0))
    assert balances["BTC"].free == Decimal("0.00999")


def test_a_share_is_rounded_down_to_the_lot_and_the_rest_stays_open():
    engine = make_engine({"USDT": Decimal(600)})
    order = engine.submit(ticket("50000", quantity="0.00101"), time_ms=1, fill=Fill(share=Decimal("0.5")))
    assert (order.filled, order.remaining, order.status) == (
        Decimal("0.00050"),
        Decimal("0.00051"),
        Status.PARTIALLY_FILLED,
    )
    engine.cancel(order, 2)
    assert order.status is Status.CANCELED
    assert engine.balances()["USDT"].locked == 0


def test_the_rest_of_a_partly_filled_market_order_expires_and_gives_its_money_back():
    engine = make_engine({"USDT": Decimal(600)})
    order = engine.submit(ticket(None), time_ms=1, fill=Fill(share=Decimal("0.4")))
    assert (order.filled, order.status) == (Decimal("0.004"), Status.EXPIRED)
    assert (engine.balances()["USDT"].free, engine.balances()["USDT"].locked) == (Decimal(400), Decimal(0))


def test_a_price_move_fills_both_sides_at_their_limits():
    engine = make_engine({"USDT": Decimal(10_000), "BTC": Decimal(1)})
    bid = engine.submit(ticket("49000", name="bid"), time_ms=1)
    ask = engine.submit(ticket("51000", side=Side.SELL, name="ask"), time_ms=1)
    assert [trade.price for trade in engine.set_price("BTCUSDT", Decimal(48_000), 2)] == [Decimal(49_000)]
    assert [trade.price for trade in engine.set_price("BTCUSDT", Decimal(52_000), 3)] == [Decimal(51_000)]
    assert bid.status is ask.status is Status.FILLED


def test_a_refused_order_leaves_no_trace():
    engine = make_engine({"USDT": Decimal(100)})
    with pytest.raises(VenueError, match="-2010"):
        engine.submit(ticket("50000"), time_ms=1)
    assert engine.orders("BTCUSDT") == []
    assert engine.find("BTCUSDT", None, "a1") is None
    assert engine.balances()["USDT"].free == 100


@pytest.mark.parametrize("amount", [Decimal(-1), Decimal("NaN"), 1.5, "1"])
def test_a_balance_is_a_decimal_of_zero_or_more(amount):
    with pytest.raises(ValueError, match="USDT"):
        make_engine({"USDT": amount})


def test_a_market_whose_amounts_would_not_fit_the_wire_is_refused():
    with pytest.raises(ValueError, match="9 decimal places"):
        Market(base="A", quote="B", price=Decimal(1), tick_size=Decimal("0.0001"), step_size=Decimal("0.00001"))


@pytest.mark.parametrize("price", [Decimal(0), Decimal(-1), Decimal("Infinity"), 1.0])
def test_a_markets_numbers_are_positive_decimals(price):
    with pytest.raises(ValueError, match=r"Market\.price"):
        Market(base="A", quote="B", price=price)


class Trading(RuleBasedStateMachine):
    """Whatever is traded, each asset's total changes by the trades and their commissions only."""

    orders = Bundle("orders")

    def __init__(self):
        super().__init__()
        self.start = {"USDT": Decimal(100_000), "BTC": Decimal(2)}
        self.engine = make_engine(self.start)
        self.count = 0

    @rule(
        target=orders,
        steps=st.integers(1, 100_000),
        cents=st.integers(4_000_000, 6_000_000),
        side=st.sampled_from(Side),
        time_in_force=st.sampled_from(TimeInForce),
        share=st.decimals("0.01", "1", places=2),
        trades=st.integers(1, 5),
    )
    def submit(self, steps, cents, side, time_in_force, share, trades):
        self.count += 1
        asked = ticket(
            str(Decimal(cents) / 100),
            quantity=str(Decimal(steps) / 100_000),
            side=side,
            name=f"o{self.count}",
            time_in_force=time_in_force,
        )
        try:
            return self.engine.submit(asked, time_ms=self.count, fill=Fill(share=share, trades=trades))
        except VenueError as error:
            assert error.code in {-2010, -1013}  # noqa: PT017 - a refusal is one of the outcomes
            return multiple()

    @rule(order=consumes(orders))
    def cancel(self, order):
        if order.is_open:
            self.engine.cancel(order, self.count)
        else:
            with pytest.raises(VenueError, match="-2011"):
                self.engine.cancel(order, self.count)

    @rule(order=orders, steps=st.integers(-1, 100_000))
    def fill_by_hand(self, order, steps):
        quantity = Decimal(steps) / 100_000
        before = order.filled
        try:
            self.engine.fill_resting(order.ticket.client_order_id, quantity, self.count)
        except VenueError as error:
            assert error.code == (-1013 if order.is_open else -2011)  # noqa: PT017 - a refusal is one of the outcomes
            assert order.filled == before
        else:
            assert order.filled == before + quantity

    @rule(cents=st.integers(4_000_000, 6_000_000))
    def move(self, cents):
        price = Decimal(cents) / 100
        self.engine.set_price("BTCUSDT", price, self.count)
        for order in self.engine.open_orders("BTCUSDT"):
            assert order.ticket.price is not None
            assert order.ticket.price < price if order.ticket.side is Side.BUY else order.ticket.price > price

    @invariant()
    def totals_add_up(self):
        expected = dict(self.start)
        for trade in self.engine.trades("BTCUSDT"):
            sign = 1 if trade.side is Side.BUY else -1
            expected["BTC"] += sign * trade.quantity
            expected["USDT"] -= sign * trade.quantity * trade.price
            expected[trade.commission_asset] -= trade.commission
        balances = self.engine.balances()
        assert {asset: balances[asset].free + balances[asset].locked for asset in expected} == expected
        assert all(balance.free >= 0 and balance.locked >= 0 for balance in balances.values())

    @invariant()
    def locks_are_what_open_orders_need(self):
        open_orders = self.engine.open_orders(None)
        bids = [order for order in open_orders if order.ticket.side is Side.BUY]
        asks = [order for order in open_orders if order.ticket.side is Side.SELL]
        balances = self.engine.balances()
        assert balances["USDT"].locked == sum(order.remaining * order.ticket.price for order in bids)
        assert balances["BTC"].locked == sum(order.remaining for order in asks)

    @invariant()
    def no_order_is_over_filled(self):
        for order in self.engine.orders("BTCUSDT"):
            assert Decimal(0) <= order.filled <= order.ticket.quantity
            assert (order.status is Status.FILLED) == (order.remaining == 0)


Trading.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestTrading = Trading.TestCase
