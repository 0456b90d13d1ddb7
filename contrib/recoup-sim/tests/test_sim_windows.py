"""Limits, bans, maintenance, skew and late acceptance over venue time, by the real client on a fake clock."""

from __future__ import annotations

import ccxt
import pytest

from recoup_sim import RateLimits

pytestmark = pytest.mark.anyio
MARKET = ("BTC/USDT", "market", "buy", 0.01)


async def refused(client, error=ccxt.DDoSProtection, match=None):
    with pytest.raises(error, match=match):
        await client.create_order(*MARKET)
    return client.last_response_headers.get("Retry-After")


@pytest.mark.parametrize("limit", ["weight_per_minute", "orders_per_10s", "ban_seconds"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
async def test_a_limit_is_above_zero(limit, value):
    with pytest.raises(ValueError, match=limit):
        RateLimits(**{limit: value})


async def test_a_limited_client_that_waits_is_served_again(make_venue, open_async, clock):
    venue = make_venue({"kind": "rate_limited", "at": [1], "for": 2.5})
    async with open_async(venue) as client:
        await client.load_markets()
        assert await refused(client, match="429") == "3"
        clock.advance(2.4)
        assert await refused(client, match="429") == "1"
        clock.advance(0.1)
        await client.create_order(*MARKET)
    assert venue.ledger.requests_during("rate_limited") == 1
    assert venue.ledger.bans == ()


async def test_a_limited_client_that_hammers_is_banned(make_venue, open_async, clock):
    limits = RateLimits(refusals_before_ban=3, ban_seconds=120, ban_extension=10)
    venue = make_venue({"kind": "rate_limited", "at": [1], "for": 60, "retry_after": False}, limits=limits)
    async with open_async(venue) as client:
        await client.load_markets()
        assert [await refused(client, match="429") for _ in range(3)] == [None, None, None]
        assert await refused(client, match="418") == "120"
        assert await refused(client, match="418") == "130"
        clock.advance(129)
        assert await refused(client, match="418") == "11"
        clock.advance(11)
        await client.create_order(*MARKET)
    assert [ban.seconds for ban in venue.ledger.bans] == [120]
    assert venue.ledger.requests_during("ban") == 3


async def test_too_much_weight_is_refused_until_the_minute_is_over(make_venue, open_async, clock):
    async with open_async(make_venue(limits=RateLimits(weight_per_minute=50))) as client:
        await client.load_markets()
        clock.advance(60)
        for _ in range(2):
            await client.privateGetAccount()
        clock.advance(13)
        with pytest.raises(ccxt.DDoSProtection):
            await client.privateGetAccount()
        assert client.last_response_headers["Retry-After"] == "47"
        with pytest.raises(ccxt.DDoSProtection):
            await client.publicGetPing()
        clock.advance(47)
        await client.publicGetPing()
        assert client.last_response_headers["X-MBX-USED-WEIGHT-1M"] == "1"


async def test_a_ban_covers_public_endpoints_and_grows_with_each_request(make_venue, open_async, clock):
    venue = make_venue({"kind": "ban", "at": [1], "for": 30, "extension": 5})
    async with open_async(venue) as client:
        await client.load_markets()
        assert await refused(client, match="418") == "35"
        with pytest.raises(ccxt.DDoSProtection):
            await client.fetch_time()
        assert client.last_response_headers["Retry-After"] == "40"
        clock.advance(40)
        await client.fetch_time()
    assert [ban.seconds for ban in venue.ledger.bans] == [30]
    assert venue.ledger.requests_during("ban") == 1


@pytest.mark.parametrize(("body", "error"), [("html", ccxt.ExchangeNotAvailable), ("json", ccxt.OnMaintenance)])
async def test_a_maintenance_window_opens_and_closes_by_the_clock(make_venue, open_async, clock, body, error):
    venue = make_venue({"kind": "maintenance", "from": 30, "for": 60, "body": body, "retry_after": body == "json"})
    async with open_async(venue) as client:
        await client.create_order(*MARKET)
        clock.advance(40)
        assert await refused(client, error) == ("50" if body == "json" else None)
        assert (await client.fetch_status())["status"] == "maintenance"
        clock.advance(50)
        await client.create_order(*MARKET)
        assert (await client.fetch_status())["status"] == "ok"
    assert venue.ledger.requests_during("maintenance") == 1
    assert len(venue.ledger.accepted) == 2


@pytest.mark.parametrize("skew", [-5_000, 20_000])
async def test_a_skewed_clock_refuses_until_the_client_resyncs(make_venue, open_async, skew):
    venue = make_venue({"kind": "clock_skew", "at": [1], "ms": skew})
    async with open_async(venue) as client:
        await client.load_markets()
        await refused(client, ccxt.InvalidNonce)
        await refused(client, ccxt.InvalidNonce)
        await client.load_time_difference()
        await client.create_order(*MARKET)
    assert venue.ledger.rejections_by_code() == {-1021: 2}
    assert len(venue.ledger.accepted) == 1


async def test_a_small_skew_goes_unnoticed(make_venue, open_async):
    async with open_async(make_venue({"kind": "clock_skew", "at": [1], "ms": 500})) as client:
        assert (await client.create_order(*MARKET))["status"] == "closed"


@pytest.mark.parametrize("trigger", [{"from": 10, "for": 5}, {"at": [1], "for": 3}])
async def test_a_skew_with_an_end_ends_by_itself(make_venue, open_async, clock, trigger):
    async with open_async(make_venue({"kind": "clock_skew", "ms": 60_000, **trigger})) as client:
        await client.load_markets()
        clock.advance(12)
        await refused(client, ccxt.InvalidNonce)
        clock.advance(3)
        await client.create_order(*MARKET)


async def test_a_late_order_is_unknown_until_it_is_due(make_venue, open_async, clock):
    venue = make_venue({"kind": "late_acceptance", "at": [1], "delay": 2})
    named = {"newClientOrderId": "a1"}
    async with open_async(venue) as client:
        with pytest.raises(ccxt.OperationFailed):
            await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000, named)
        with pytest.raises(ccxt.OrderNotFound):
            await client.fetch_order(None, "BTC/USDT", {"origClientOrderId": "a1"})
        clock.advance(2)
        assert (await client.fetch_order(None, "BTC/USDT", {"origClientOrderId": "a1"}))["status"] == "open"
    (order,) = venue.ledger.accepted
    assert (order.accepted_at - order.received_at).total_seconds() == 2
    assert order.fault == "late_acceptance"


async def test_a_late_order_sent_again_is_accepted_twice_or_refused_as_a_duplicate(make_venue, open_async, clock):
    for price, accepted in ((50_000, 2), (40_000, 1)):
        venue = make_venue({"kind": "late_acceptance", "at": [1], "delay": 2})
        order = ("BTC/USDT", "limit", "buy", 0.01, price, {"newClientOrderId": "a1"})
        async with open_async(venue) as client:
            with pytest.raises(ccxt.OperationFailed):
                await client.create_order(*order)
            await client.create_order(*order)
            clock.advance(2)
        assert len(venue.ledger.accepted_by_intent()["a1"]) == accepted
        assert venue.ledger.rejections_by_code() == ({} if accepted == 2 else {-2010: 1})


async def test_closing_carries_out_late_orders(make_venue, open_async):
    venue = make_venue({"kind": "late_acceptance", "at": [1], "delay": 3_600})
    async with open_async(venue) as client:
        with pytest.raises(ccxt.OperationFailed):
            await client.create_order(*MARKET)
        assert venue.ledger.accepted == ()
    assert len(venue.ledger.accepted) == 1


async def test_faults_on_queries_and_cancels(make_venue, open_async):
    venue = make_venue(
        {"kind": "server_error_before", "request": "query", "at": [1]},
        {"kind": "server_error_after", "request": "cancel", "at": [1], "status": 504},
        {"kind": "server_error_before", "request": "query", "rate": 1, "status": 502},
    )
    named = {"origClientOrderId": "a1"}
    async with open_async(venue) as client:
        placed = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 40_000, {"newClientOrderId": "a1"})
        with pytest.raises(ccxt.OperationFailed):
            await client.fetch_order(placed["id"], "BTC/USDT")
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await client.fetch_order(None, "BTC/USDT", named)
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await client.fetch_open_orders("BTC/USDT")
        with pytest.raises(ccxt.RequestTimeout):
            await client.cancel_order(None, "BTC/USDT", named)
        assert (await client.fetch_order(None, "BTC/USDT", named))["status"] == "canceled"
        assert await client.fetch_open_orders("BTC/USDT") == []


async def test_a_true_rejection_behind_a_lost_answer_is_on_the_ledger(make_venue, open_async):
    venue = make_venue({"kind": "reset_after", "at": [1]})
    async with open_async(venue) as client:
        with pytest.raises(ccxt.NetworkError):
            await client.create_order("BTC/USDT", "limit", "buy", 0.01, 2_000_000)
    assert venue.ledger.accepted == ()
    assert venue.ledger.rejections_by_code() == {-1013: 1}
