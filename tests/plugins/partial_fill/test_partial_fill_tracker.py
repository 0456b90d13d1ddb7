"""Trades and states that come twice, late or never leave the tracker right after one fresh query."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup_plugins.partial_fill import FillTracker


def trade(number, amount, order="v-1"):
    return {"id": number, "amount": amount, "order": order}


def state(filled, status="open", **fields):
    return {"id": "v-1", "filled": filled, "status": status} | fields


@st.composite
def stories(draw):
    """An order's whole life: its trades, its states, and the final one."""
    fills = draw(st.lists(st.integers(1, 500).map(lambda cents: Decimal(cents) / 100), max_size=6))
    amount = sum(fills, Decimal(0)) + draw(st.integers(0, 300).map(lambda cents: Decimal(cents) / 100))
    trades = [trade(f"t{n}", fill) for n, fill in enumerate(fills)]
    sums = [sum(fills[:n], Decimal(0)) for n in range(len(fills) + 1)]
    end = state(sums[-1], "closed" if sums[-1] == amount else "canceled")
    return amount, trades, [state(done) for done in sums], end


@given(st.data())
def test_any_permutation_repetition_and_loss_then_a_fresh_query_gives_the_venues_truth(data):
    amount, trades, states, end = data.draw(stories())
    events = data.draw(st.lists(st.sampled_from([*trades, *states, end]), max_size=20))
    tracker = FillTracker(amount)
    known = Decimal(0)
    for event in events:
        tracker.observe(event) if "filled" in event else tracker.apply(event)
        assert known <= tracker.filled <= end["filled"]
        known = tracker.filled

    assert tracker.observe(end)

    assert (tracker.filled, tracker.remainder, tracker.overfilled) == (end["filled"], amount - end["filled"], 0)
    assert tracker.is_final
    for event in data.draw(st.permutations(trades)):
        tracker.apply(event)
    assert (tracker.missing, tracker.filled) == (0, end["filled"])


@given(st.data())
def test_what_is_missing_are_the_trades_that_were_lost(data):
    amount, trades, _, end = data.draw(stories())
    got = data.draw(st.lists(st.sampled_from(trades), unique_by=lambda item: item["id"])) if trades else []
    tracker = FillTracker(amount)
    tracker.observe(end)
    for event in got:
        tracker.apply(event)
    assert tracker.missing == end["filled"] - sum((item["amount"] for item in got), Decimal(0))


class TestTrades:
    def test_a_trade_counts_once(self):
        tracker = FillTracker("10")
        assert tracker.apply(trade(1, "3"))
        assert not tracker.apply(trade("1", "3.0"))
        assert tracker.filled == 3

    def test_the_same_id_with_another_amount_is_an_error(self):
        tracker = FillTracker("10")
        tracker.apply(trade(1, "3"))
        with pytest.raises(ValueError, match="trade 1 had the amount 3"):
            tracker.apply(trade(1, "4"))

    def test_another_orders_trade_does_not_count_once_the_order_is_known(self):
        tracker = FillTracker("10")
        tracker.observe(state("0"))
        assert not tracker.apply(trade(1, "3", order="v-2"))
        assert tracker.filled == 0

    @pytest.mark.parametrize(
        ("bad", "error", "says"),
        [
            ({"amount": "1"}, ValueError, "no id"),
            ({"id": 1}, TypeError, "amount"),
            ({"id": 1, "amount": 0.1}, TypeError, "float"),
            ({"id": 1, "amount": "x"}, ValueError, "decimal number"),
            ({"id": 1, "amount": "-1"}, ValueError, "negative"),
            ({"id": 1, "amount": "NaN"}, ValueError, "finite"),
        ],
    )
    def test_what_can_not_be_counted_is_an_error(self, bad, error, says):
        with pytest.raises(error, match=says):
            FillTracker("10").apply(bad)

    def test_trades_are_bounded_and_the_states_count_beyond(self):
        tracker = FillTracker("10", max_trades=2)
        assert [tracker.apply(trade(n, "1")) for n in range(4)] == [True, True, False, False]
        tracker.observe(state("4"))
        assert (tracker.filled, tracker.missing) == (4, 2)


class TestStates:
    def test_a_lower_cumulative_quantity_is_stale_and_so_is_its_status(self):
        tracker = FillTracker("10")
        tracker.observe(state("5"))
        assert not tracker.observe(state("3", "canceled"))
        assert (tracker.filled, tracker.status) == (5, "open")

    def test_a_final_state_that_trades_have_overtaken_is_stale(self):
        tracker = FillTracker("10")
        tracker.apply(trade(1, "5"))
        assert not tracker.observe(state("3", "canceled"))
        assert not tracker.is_final

    def test_trades_behind_a_final_state_say_that_it_was_not_all(self):
        tracker = FillTracker("10")
        tracker.observe(state("3", "canceled"))
        tracker.apply(trade(1, "5"))
        assert tracker.is_behind
        assert not tracker.is_final

    def test_what_is_final_stays_so(self):
        tracker = FillTracker("10")
        tracker.observe(state("3", "canceled"))
        assert not tracker.observe(state("3", "open"))
        assert tracker.observe(state("4", "open"))
        assert (tracker.filled, tracker.is_final) == (4, True)

    def test_the_quantity_may_be_told_by_what_remains(self):
        tracker = FillTracker("10")
        tracker.observe({"filled": None, "amount": "10", "remaining": "4", "status": "open"})
        assert tracker.filled == 6

    def test_it_is_never_inferred_from_a_status(self):
        with pytest.raises(TypeError, match="filled"):
            FillTracker("10").observe({"status": "closed", "amount": "10"})

    def test_more_than_was_ordered_is_seen(self):
        tracker = FillTracker("10")
        tracker.observe(state("11", "closed"))
        assert (tracker.overfilled, tracker.remainder) == (1, 0)


@pytest.mark.parametrize(
    ("amount", "error"), [(0.1, TypeError), ("x", ValueError), ("-1", ValueError), (True, TypeError)]
)
def test_an_amount_is_exact(amount, error):
    with pytest.raises(error):
        FillTracker(amount)


def test_at_least_one_trade_is_kept():
    with pytest.raises(ValueError, match="max_trades"):
        FillTracker("1", max_trades=0)


def test_threads_count_each_trade_once():
    tracker = FillTracker("1000")
    news = []

    def work():
        news.extend(tracker.apply(trade(n, "1")) for n in range(500))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tracker.filled, sum(news)) == (500, 500)
