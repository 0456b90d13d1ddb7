"""Opening and closing: nothing leaks, whatever hangs."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from decimal import Decimal
from pathlib import Path

import ccxt
import pytest

from recoup_sim import SimulatedVenue, VenueError, VenueThread

ORDER = ("BTC/USDT", "market", "buy", 0.01)


def is_listening(url):
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


@pytest.mark.anyio
async def test_closing_leaves_no_task_and_no_listener(make_venue, open_async):
    before = asyncio.all_tasks()
    venue = make_venue({"kind": "reset_after", "at": [1]}, {"kind": "reset_mid_answer", "at": [2]})
    async with open_async(venue) as client:
        url = venue.url
        assert url.startswith("http://127.0.0.1:")
        for _ in range(3):
            try:
                await client.create_order(*ORDER)
            except ccxt.BaseError:
                continue
    assert not is_listening(url)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


@pytest.mark.anyio
async def test_closing_ends_requests_that_hang(make_venue, open_async):
    before = asyncio.all_tasks()
    venue = make_venue({"kind": "timeout_after", "at": [1]})
    async with open_async(venue) as client:
        await client.load_markets()
        client.timeout = 60_000
        hanging = asyncio.ensure_future(client.create_order(*ORDER))
        while not venue.ledger.accepted:  # noqa: ASYNC110 - the venue has no event to wait for
            await asyncio.sleep(0)
        await asyncio.wait_for(venue.__aexit__(None, None, None), timeout=2)
        with pytest.raises(ccxt.BaseError):
            await hanging
    assert asyncio.all_tasks() == before


@pytest.mark.anyio
async def test_a_venue_opens_again_with_its_state_and_never_twice(make_venue, open_async):
    venue = make_venue()
    async with open_async(venue) as client:
        await client.create_order(*ORDER)
        with pytest.raises(RuntimeError, match="open already"):
            await venue.__aenter__()
    with pytest.raises(RuntimeError, match="no address"):
        _ = venue.url
    async with open_async(venue) as client:
        assert len(await client.fetch_my_trades("BTC/USDT")) == 1


def test_the_thread_ends_with_its_context(make_venue, open_sync):
    venue = make_venue({"kind": "timeout_before", "at": [1]})
    before = threading.active_count()
    with open_sync(venue) as client:
        url = venue.url
        assert threading.active_count() == before + 1
        with pytest.raises(ccxt.RequestTimeout):
            client.create_order(*ORDER)
    assert threading.active_count() == before
    assert not is_listening(url)
    gc.collect()


def test_a_connection_made_while_the_thread_closes_is_closed_too(make_venue):
    for _ in range(20):
        with VenueThread(make_venue()) as venue:
            assert is_listening(venue.url)
        gc.collect()


def test_a_thread_hands_on_what_went_wrong_and_can_be_used_again(make_venue):
    venue = make_venue()
    thread = VenueThread(venue)
    with thread:
        with pytest.raises(RuntimeError, match="runs already"):
            thread.__enter__()
        with pytest.raises(RuntimeError, match="open already"):
            VenueThread(venue).__enter__()
    with thread as reopened:
        assert is_listening(reopened.url)


def test_what_goes_wrong_on_closing_is_raised_where_the_thread_is_awaited(make_venue, monkeypatch):
    venue = make_venue()

    def fail():
        raise OSError("closing failed")

    monkeypatch.setattr(venue._exchange, "settle_all", fail)
    before = threading.active_count()
    with pytest.raises(OSError, match="closing failed"), VenueThread(venue):
        pass
    assert threading.active_count() == before


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_reset_is_a_real_one(make_venue, open_sync, kind):
    with open_sync(make_venue({"kind": kind, "at": [1]})) as client:
        client.load_markets()
        with pytest.raises(ccxt.NetworkError) as caught:
            client.create_order(*ORDER)
    assert "ConnectionResetError" in repr(caught.value.__cause__)


def test_the_readmes_example(capsys):
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    example, _, rest = readme.partition("```python\n")[2].partition("```\n")
    exec(compile(example, "README.md", "exec"), {"__name__": "readme"})
    printed = capsys.readouterr().out.strip()
    assert f"prints `{printed}`" in rest


@pytest.mark.anyio
async def test_concurrent_clients_see_exact_balances(make_venue, open_async):
    venue = make_venue(balances={"USDT": Decimal(5_000)})
    async with open_async(venue) as client:
        await client.load_markets()
        outcomes = await asyncio.gather(*(client.create_order(*ORDER) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 10
    assert venue.ledger.rejections_by_code() == {-2010: 10}


def test_prices_and_ledger_are_safe_from_other_threads(make_venue, open_sync):
    venue = make_venue()
    with open_sync(venue) as client:
        client.load_markets()

        def move():
            for step in range(200):
                venue.set_price("BTCUSDT", Decimal(50_000 + step % 2))
                assert venue.ledger.duplicates() == {}

        mover = threading.Thread(target=move)
        mover.start()
        for number in range(40):
            client.create_order("BTC/USDT", "limit", "buy", 0.01, 50_000, {"newClientOrderId": f"o{number}"})
        mover.join()
        venue.set_price("BTCUSDT", Decimal(49_000))
    assert len(venue.ledger.filled_by_intent()) == 40


def test_a_price_off_the_tick_is_refused():
    with pytest.raises(VenueError, match="PRICE_FILTER"):
        SimulatedVenue().set_price("BTCUSDT", Decimal("0.001"))
