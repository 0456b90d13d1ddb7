"""Where trading is halted, nothing new is sent; what makes a position safer passes."""

from __future__ import annotations

import threading

import pytest

from recoup import (
    Config,
    ErrorHandler,
    Exposure,
    Guard,
    Halts,
    Operation,
    OperationKind,
    Recovery,
    StateEvent,
    TradingHalted,
    guard,
    hookimpl,
)
from recoup.halts import HALTS_KEPT
from recoup.testing import FakeClock


@pytest.fixture
def events():
    return []


@pytest.fixture
def halts(events):
    return Halts(FakeClock(), events.append)


def submit(symbol="BTC/USDT", key="binance", **fields):
    return Operation(**{"kind": OperationKind.SUBMIT, "symbol": symbol, "key": key} | fields)


@pytest.mark.parametrize(
    ("halted", "refused"),
    [
        ({}, {"BTC/USDT", "ETH/USDT", "other venue"}),
        ({"key": "binance"}, {"BTC/USDT", "ETH/USDT"}),
        ({"key": "binance", "symbol": "BTC/USDT"}, {"BTC/USDT"}),
    ],
)
def test_a_halt_reaches_as_far_as_it_says(halts, halted, refused):
    halts.halt(**halted, reason="drift")
    operations = {
        "BTC/USDT": submit(),
        "ETH/USDT": submit(symbol="ETH/USDT"),
        "other venue": submit(key="okx"),
    }

    def is_refused(operation):
        try:
            halts.check(operation, "exchange")
        except TradingHalted:
            return True
        return False

    found = {name for name, operation in operations.items() if is_refused(operation)}
    assert found == refused


def test_the_component_stands_for_a_missing_key(halts):
    halts.halt("exchange", reason="drift")
    with pytest.raises(TradingHalted) as caught:
        halts.check(submit(key=None), "exchange")
    assert caught.value.key == "exchange"


@pytest.mark.parametrize(
    "operation",
    [
        submit(reduces_risk=True),
        Operation(kind=OperationKind.CANCEL, key="binance"),
        Operation(kind=OperationKind.READ, key="binance"),
    ],
    ids=["reduces risk", "cancel", "read"],
)
def test_what_makes_a_position_safer_passes(halts, operation):
    halts.halt(reason="all stop")
    halts.check(operation, "exchange")


def test_a_halt_is_said_once_and_lifted_once(halts, events):
    first = halts.halt("binance", reason="drift")
    assert halts.halt("binance", reason="something else") is first
    assert halts.all() == (first,)
    assert halts.on("binance", "BTC/USDT") is first
    assert halts.lift("binance", reason="checked")
    assert not halts.lift("binance")
    halts.check(submit(), "exchange")
    assert events == [
        StateEvent(subject="halt:binance", old="trading", new="halted", detail="drift"),
        StateEvent(subject="halt:binance", old="halted", new="trading", detail="checked"),
    ]


def test_when_there_is_no_room_for_a_market_the_whole_venue_is_halted(halts):
    for number in range(HALTS_KEPT):
        halts.halt("binance", f"S{number}", reason="r")
    assert halts.halt("binance", "one more", reason="r").symbol is None
    with pytest.raises(TradingHalted):
        halts.check(submit(symbol="never halted"), "")


@pytest.mark.anyio
@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
async def test_a_guarded_order_is_refused_before_it_is_sent(is_async):
    handler = ErrorHandler(Config(), clock=FakeClock(), discover=False)
    handler.halts.halt("binance", reason="drift")
    sent = []

    def create_order():
        sent.append(1)

    async def create_order_async():
        sent.append(1)

    guarded = Guard(operation=submit(), handler=handler)
    with pytest.raises(TradingHalted):
        if is_async:
            await guarded.call(create_order_async)
        else:
            guarded.call_sync(create_order)
    assert sent == []


def test_a_decorated_order_is_refused_from_the_moment_of_the_halt():
    handler = ErrorHandler(Config(), clock=FakeClock(), discover=False)

    @guard(operation=submit(), handler=handler)
    def create_order():
        return "sent"

    assert create_order() == "sent"
    handler.halts.halt("binance", "BTC/USDT", reason="drift")
    with pytest.raises(TradingHalted):
        create_order()


def test_threads_agree_on_one_halt(halts, events):
    barrier = threading.Barrier(8)

    def work():
        barrier.wait()
        halts.halt("binance", reason="drift")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(halts) == len(events) == 1


def test_one_lifts_its_own_halt_and_the_application_all(halts, events):
    halts.halt("binance", "BTC/USDT", reason="its feed is interrupted", by="feed")
    drift = halts.halt("binance", "BTC/USDT", reason="drift")
    assert halts.lift("binance", "BTC/USDT", by="feed")
    assert not halts.lift("binance", "BTC/USDT", by="feed")
    assert halts.all() == (drift,)
    with pytest.raises(TradingHalted, match="drift"):
        halts.check(submit(), "")
    halts.halt("binance", "BTC/USDT", reason="its feed is interrupted", by="feed")
    assert halts.lift("binance", "BTC/USDT")
    halts.check(submit(), "")
    assert [event.new for event in events] == ["halted", "trading"]


def test_a_market_is_halted_at_every_venue_where_none_is_named(halts):
    halts.halt(symbol="BTC/USDT", reason="delisted")
    halts.check(submit(symbol="ETH/USDT"), "")
    for key in ("binance", "okx"):
        with pytest.raises(TradingHalted, match=f"no new orders for BTC/USDT at {key}: delisted"):
            halts.check(submit(key=key), "")


def test_an_exposure_tells_the_market_where_the_operation_does_not(halts):
    halts.halt("binance", "BTC/USDT", reason="drift")
    with pytest.raises(TradingHalted):
        halts.check(submit(symbol=None, exposure=Exposure(symbol="BTC/USDT", side="buy", amount="1")), "")


@pytest.mark.anyio
@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
async def test_a_halt_reaches_an_order_that_has_to_wait(is_async):
    handler = ErrorHandler(Config(), clock=FakeClock(), discover=False)
    ended, sent = [], []

    class Pause:
        holds = {"binance"}  # noqa: RUF012 - a role's attribute

        def delay(self, operation, component):
            if handler.halts.all():
                return 0.0
            handler.halts.halt("binance", reason="drift")
            return 5.0

        def admit(self, call, component):
            return None

        def settle(self, call, component, error):
            ended.append((type(error), call.unresolved))

    await handler.add_plugin(Pause(), "pause")
    guarded = Guard(operation=submit(), handler=handler)
    with pytest.raises(TradingHalted):
        if is_async:
            await guarded.call(sent.append, 1)
        else:
            guarded.call_sync(sent.append, 1)
    assert sent == []
    assert ended == [(TradingHalted, False)]


@pytest.mark.anyio
async def test_an_order_found_not_to_exist_is_not_sent_again_where_trading_was_halted_since():
    ended, sent = [], []

    class Verifies:
        @hookimpl
        def recover(self, error, context):
            handler.halts.halt("binance", reason="drift")
            return Recovery.retry(0.0, verified=True)

        def admit(self, call, component):
            return None

        def settle(self, call, component, error):
            ended.append((type(error), call.unresolved))

    def create_order():
        sent.append(1)
        raise TimeoutError

    handler = ErrorHandler(Config(), clock=FakeClock(), discover=False, plugins={"verifies": Verifies})
    with pytest.raises(TradingHalted):
        await Guard(operation=submit(), handler=handler).call(create_order)
    assert sent == [1]
    assert ended == [(TradingHalted, False)]
