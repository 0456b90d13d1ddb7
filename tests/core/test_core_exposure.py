"""What orders of unknown outcome may have put at risk is known, exactly once each."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup import Exposure, Exposures

BUY = Exposure(symbol="BTC/USDT", side="buy", amount=Decimal("0.5"), price="50000.10")


def test_text_is_taken_digit_by_digit():
    assert BUY.price == Decimal("50000.10")
    assert str(BUY.price) == "50000.10"


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"amount": 0.5}, TypeError, "Exposure.amount takes a Decimal or its text, got the float 0.5"),
        ({"amount": "much"}, ValueError, "must be a decimal number, got 'much'"),
        ({"amount": "-1"}, ValueError, "Exposure.amount must be finite and not negative, got -1"),
        ({"amount": "NaN"}, ValueError, "must be finite"),
        ({"side": "long"}, ValueError, "side"),
        ({"price": 1.5}, TypeError, "Exposure.price"),
    ],
)
def test_what_is_no_quantity_or_side_is_refused(fields, kind, message):
    with pytest.raises(kind, match=message):
        Exposure(**{"symbol": "BTC/USDT", "side": "buy", "amount": "1"} | fields)


def test_what_is_reserved_counts_until_it_is_released():
    changes = []
    exposures = Exposures(lambda intent, exposure: changes.append((intent, exposure)))
    exposures.reserve("binance", "a", BUY)
    exposures.reserve("binance", "a", BUY)
    exposures.reserve("okx", "a", BUY)
    assert exposures.amount("binance", "BTC/USDT", "buy") == Decimal("0.5")
    assert exposures.amount("binance", "BTC/USDT", "sell") == 0
    assert exposures.amount("binance", "ETH/USDT", "buy") == 0
    assert set(exposures.reserved()) == {("binance", "a"), ("okx", "a")}
    exposures.release("binance", "a")
    exposures.release("binance", "a")
    assert exposures.reserved("binance") == {}
    assert changes == [(("binance", "a"), BUY), (("okx", "a"), BUY), (("binance", "a"), None)]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.decimals("0.01", "9", places=2))))
def test_the_amount_is_the_sum_of_what_is_reserved(steps):
    exposures, model = Exposures(), {}
    for reserves, name, amount in steps:
        if reserves:
            exposures.reserve("v", name, Exposure(symbol="X", side="buy", amount=amount))
            model[name] = amount
        else:
            exposures.release("v", name)
            model.pop(name, None)
        assert exposures.amount("v", "X", "buy") == sum(model.values(), Decimal(0))


def test_threads_lose_nothing():
    exposures = Exposures()
    barrier = threading.Barrier(8)

    def work(number):
        barrier.wait()
        for order in range(200):
            exposures.reserve("v", f"{number}-{order}", BUY)
            if order % 2:
                exposures.release("v", f"{number}-{order}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(exposures.reserved()) == 800
