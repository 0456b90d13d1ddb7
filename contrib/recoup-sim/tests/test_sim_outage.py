"""Maintenance with what it still takes and what it announces, outages, and a clock that goes wrong."""

from __future__ import annotations

import asyncio
import socket

import ccxt
import pytest

pytestmark = pytest.mark.anyio
ORDER = ("BTC/USDT", "limit", "buy", 0.01, 40_000)


def named(name):
    return {"newClientOrderId": name}


@pytest.mark.parametrize(("body", "error"), [("json", ccxt.BadRequest), ("html", ccxt.ExchangeNotAvailable)])
async def test_a_cancel_only_market_takes_cancels_and_questions(body, error, make_venue, open_async, clock):
    window = {"kind": "maintenance", "from": 10, "for": 60, "mode": "cancel_only", "body": body}
    venue = make_venue(window)
    async with open_async(venue) as client:
        placed = await client.create_order(*ORDER, named("a1"))
        clock.advance(10)
        for _ in range(2):
            with pytest.raises(error) as caught:
                await client.create_order(*ORDER, named("b1"))
        assert body == "html" or "Market is in cancel only mode." in str(caught.value)
        assert len(await client.fetch_open_orders("BTC/USDT")) == 1
        assert (await client.cancel_order(placed["id"], "BTC/USDT"))["status"] == "canceled"
        assert (await client.sapiGetSystemStatus())["msg"] == "cancel only"
        clock.advance(60)
        await client.create_order(*ORDER, named("b1"))
    assert venue.ledger.requests_during("maintenance") == 2
    assert venue.ledger.missing(["a1", "b1"]) == ()


async def test_a_post_only_market_takes_makers(make_venue, open_async):
    venue = make_venue({"kind": "maintenance", "from": 0, "for": 60, "mode": "post_only", "body": "json"})
    async with open_async(venue) as client:
        with pytest.raises(ccxt.BadRequest, match="post only mode"):
            await client.create_order(*ORDER)
        placed = await client.create_order(*ORDER, {"postOnly": True})
        assert placed["status"] == "open"


async def test_a_maintenance_is_announced_by_the_status_until_it_is_over(make_venue, open_async, clock):
    venue = make_venue({"kind": "maintenance", "from": 100, "for": 60, "announced": 40, "mode": "cancel_only"})
    now = round(clock.now().timestamp() * 1000)
    async with open_async(venue) as client:
        assert "maintenance" not in await client.sapiGetSystemStatus()
        clock.advance(60)
        told = (await client.sapiGetSystemStatus())["maintenance"]
        assert told == [{"start": now + 100_000, "end": now + 160_000, "mode": "cancel_only"}]
        clock.advance(100)
        assert "maintenance" not in await client.sapiGetSystemStatus()


@pytest.mark.parametrize("executes", [False, True])
async def test_an_outage_takes_every_connection_down_until_it_ends(executes, make_venue, open_async, clock):
    venue = make_venue({"kind": "outage", "at": [1], "for": 20, "executes": executes})
    async with open_async(venue) as client:
        await client.load_markets()
        with pytest.raises(ccxt.NetworkError):
            await client.create_order(*ORDER, named("a1"))
        with pytest.raises(ccxt.NetworkError):
            await client.sapiGetSystemStatus()
        clock.advance(20)
        assert len(await client.fetch_open_orders("BTC/USDT")) == executes
    assert venue.ledger.requests_during("outage") > 0


async def wait_until(is_so):
    while not is_so():  # noqa: ASYNC110 - the venue has no event to wait for
        await asyncio.sleep(0)


async def test_nobody_listens_during_an_outage_that_refuses(make_venue, open_async, clock):
    venue = make_venue({"kind": "outage", "from": 10, "for": 20, "manner": "refused"})

    def is_refused():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", venue.port)) != 0

    async with open_async(venue) as client:
        await client.create_order(*ORDER, named("a1"))
        clock.advance(10)
        await asyncio.wait_for(wait_until(is_refused), timeout=20)
        with pytest.raises(ccxt.NetworkError):
            await client.create_order(*ORDER, named("b1"))
        clock.advance(20)
        await asyncio.wait_for(wait_until(lambda: not is_refused()), timeout=20)
        assert len(await client.fetch_open_orders("BTC/USDT")) == 1
    assert venue.ledger.missing(["a1", "b1"]) == ("b1",)


async def test_a_venue_closes_while_nobody_listens(make_venue):
    before = asyncio.all_tasks()
    venue = make_venue({"kind": "outage", "from": 0, "for": 20, "manner": "refused"})
    async with venue:
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("rate", [100, -100])
async def test_a_drift_grows_until_it_is_refused_and_is_resynchronised_only_for_a_while(
    rate, make_venue, open_async, clock
):
    venue = make_venue({"kind": "clock_drift", "at": [1], "ms_per_second": rate, "for": 300})
    async with open_async(venue) as client:
        await client.create_order(*ORDER, named("a1"))
        clock.advance(200)
        for name in ("b1", "c1"):
            with pytest.raises(ccxt.InvalidNonce):
                await client.create_order(*ORDER, named(name))
        await client.load_time_difference()
        await client.create_order(*ORDER, named("b1"))
        clock.advance(100)
        client.options["timeDifference"] = 0
        await client.create_order(*ORDER, named("c1"))
    assert venue.ledger.rejections_by_code() == {-1021: 2}


async def test_a_refusal_for_permissions_looks_like_a_limit_once_the_key_was_good(make_venue, open_async):
    venue = make_venue({"kind": "rejection", "reason": "permissions", "rate": 1, "times": 2})
    async with open_async(venue) as client:
        with pytest.raises(ccxt.AuthenticationError):
            await client.create_order(*ORDER, named("a1"))
        await client.fetch_open_orders("BTC/USDT")
        with pytest.raises(ccxt.DDoSProtection, match="-2015"):
            await client.create_order(*ORDER, named("a1"))
    assert venue.ledger.rejections_by_code() == {-2015: 2}


async def test_a_venue_refuses_as_a_duplicate_what_it_has_just_accepted(make_venue, open_async):
    venue = make_venue({"kind": "duplicate_refusal", "at": [1]})
    async with open_async(venue) as client:
        with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
            await client.create_order(*ORDER, named("a1"))
        assert len(await client.fetch_open_orders("BTC/USDT")) == 1
        with pytest.raises(ccxt.InvalidOrder, match="LOT_SIZE"):
            await client.create_order("BTC/USDT", "limit", "buy", 9_001, 1)
    assert venue.ledger.duplicates() == {}
