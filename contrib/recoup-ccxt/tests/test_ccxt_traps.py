"""The real ccxt client on a venue that fails: what its error means for the order that was sent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime

import ccxt
import pytest

from recoup import FailureReason
from recoup_ccxt import CcxtClassifier, CcxtVenue, UnreadableAnswer

pytestmark = pytest.mark.anyio


@pytest.fixture
def classify(host, make_context):
    plugin = CcxtClassifier(host)
    return lambda error, venue=None: plugin.classify(error, make_context(error, venue))


def submit(exchange):
    return CcxtVenue(exchange).submit(
        "BTC/USDT", "limit", "buy", Decimal("0.5"), Decimal(20000), client_order_id="intent-1"
    )


UNKNOWN_OUTCOME = [
    (("json", {"code": -1000, "msg": "unknown"}, 503), FailureReason.SERVER_ERROR),
    (("json", {"code": -1006, "msg": "status unknown"}, 500), FailureReason.SERVER_ERROR),
    (("json", {"code": -1007, "msg": "status unknown"}, 504), FailureReason.TIMEOUT),
    (("html", "<html>bad gateway</html>", 502), FailureReason.SERVER_ERROR),
    (("html", "<h1>Maintenance</h1>", 503), FailureReason.MAINTENANCE),
    (("resets",), FailureReason.CONNECTION_LOST),
    (("hangs",), FailureReason.TIMEOUT),
]
KNOWN_OUTCOME = [
    (("json", {"code": -1003, "msg": "slow down"}, 429), FailureReason.RATE_LIMITED, True),
    (("json", {"code": -1003, "msg": "banned"}, 418), FailureReason.BANNED, True),
    (("json", {"code": -1021, "msg": "ahead"}, 400), FailureReason.CLOCK_SKEW, True),
    (("json", {"code": -2015, "msg": "Invalid API-key, IP, or permissions"}, 401), FailureReason.AUTHENTICATION, False),
    (
        ("json", {"code": -2010, "msg": "Account has insufficient balance for requested action."}, 400),
        FailureReason.INSUFFICIENT_FUNDS,
        False,
    ),
    (("json", {"code": -1013, "msg": "Filter failure: LOT_SIZE"}, 400), FailureReason.ORDER_REJECTED, False),
]


@pytest.mark.parametrize(("reply", "reason"), UNKNOWN_OUTCOME)
async def test_asynchronous_client_outcome_unknown(classify, server, async_exchange, reply, reason):
    server.on("/order", *reply)
    with pytest.raises(ccxt.BaseError) as caught:
        await submit(async_exchange())
    found = classify(caught.value)
    assert (found.reason, found.retryable, found.outcome_known) == (reason, True, False)


@pytest.mark.parametrize(("reply", "reason"), UNKNOWN_OUTCOME)
def test_synchronous_client_outcome_unknown(classify, server, sync_exchange, reply, reason):
    server.on("/order", *reply)
    with pytest.raises(ccxt.BaseError) as caught:
        submit(sync_exchange())
    found = classify(caught.value)
    assert (found.reason, found.retryable, found.outcome_known) == (reason, True, False)


@pytest.mark.parametrize(("reply", "reason", "retryable"), KNOWN_OUTCOME)
async def test_asynchronous_client_refused_before_execution(classify, server, async_exchange, reply, reason, retryable):
    server.on("/order", *reply)
    exchange = async_exchange()
    exchange.options["hasAlreadyAuthenticatedSuccessfully"] = True
    with pytest.raises(ccxt.BaseError) as caught:
        await submit(exchange)
    found = classify(caught.value)
    assert (found.reason, found.retryable, found.outcome_known) == (reason, retryable, True)


@pytest.mark.parametrize(("reply", "reason", "retryable"), KNOWN_OUTCOME)
def test_synchronous_client_refused_before_execution(classify, server, sync_exchange, reply, reason, retryable):
    server.on("/order", *reply)
    exchange = sync_exchange()
    exchange.options["hasAlreadyAuthenticatedSuccessfully"] = True
    with pytest.raises(ccxt.BaseError) as caught:
        submit(exchange)
    found = classify(caught.value)
    assert (found.reason, found.retryable, found.outcome_known) == (reason, retryable, True)


async def test_an_answer_that_breaks_off_may_be_that_of_an_accepted_order(
    classify, server, async_exchange, sync_exchange
):
    server.on("/order", "breaks_off")
    with pytest.raises(ccxt.ExchangeError) as broken:
        await submit(async_exchange())
    found = classify(broken.value)
    assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.BAD_RESPONSE, True, False)
    with pytest.raises(ccxt.BaseError) as broken_sync:
        submit(sync_exchange())
    assert not classify(broken_sync.value).outcome_known


async def test_a_refused_connection_sent_nothing(classify, async_exchange, sync_exchange, refused_url):
    with pytest.raises(ccxt.ExchangeNotAvailable) as caught:
        await submit(async_exchange(url=refused_url))
    with pytest.raises(ccxt.NetworkError) as caught_sync:
        submit(sync_exchange(url=refused_url))
    for error in (caught.value, caught_sync.value):
        found = classify(error)
        assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.CONNECTION_FAILED, True, True)


@pytest.mark.parametrize("body", ["<html>welcome</html>", ""])
async def test_a_200_without_an_order_is_an_error_of_its_own(classify, server, async_exchange, sync_exchange, body):
    server.on("/order", "html", body)
    with pytest.raises(UnreadableAnswer) as caught:
        await submit(async_exchange())
    assert caught.value.client_order_id == "intent-1"
    with pytest.raises(UnreadableAnswer):
        submit(sync_exchange())
    assert not classify(caught.value).outcome_known


async def test_retry_after_comes_from_the_response_from_where_ccxt_raised_or_the_clients_last_headers(
    classify, host, server, async_exchange, sync_exchange
):
    server.on("/order", "json", {"code": -1003}, 429, {"Retry-After": "17"})
    exchange = async_exchange()
    with pytest.raises(ccxt.DDoSProtection) as caught:
        await submit(exchange)
    assert classify(caught.value).retry_after == 17.0
    assert classify(caught.value.with_traceback(None)).retry_after is None
    assert classify(caught.value, CcxtVenue(exchange)).retry_after == 17.0
    with pytest.raises(ccxt.DDoSProtection) as caught_sync:
        submit(sync_exchange())
    assert classify(caught_sync.value).retry_after == 17.0


async def test_retry_after_as_a_date_as_garbage_and_as_the_end_of_a_ban(classify, host, server, async_exchange):
    exchange = async_exchange()
    date = format_datetime(host.clock.now() + timedelta(seconds=40), usegmt=True)
    until = int((host.clock.now() + timedelta(seconds=120)).timestamp() * 1000)
    wrong_clock = int((host.clock.now() + timedelta(days=300)).timestamp() * 1000)
    for status, body, header, expected in (
        (429, "slow down", date, 40.0),
        (429, "slow down", "-3", 0.0),
        (429, "slow down", "tomorrow", None),
        (418, f"Way too much request weight used; IP banned until {until}.", "5", 120.0),
        (418, f"Way too much request weight used; IP banned until {wrong_clock}.", "90", 90.0),
    ):
        server.on("/order", "json", {"code": -1003, "msg": body}, status, {"Retry-After": header})
        with pytest.raises(ccxt.DDoSProtection) as caught:
            await submit(exchange)
        assert classify(caught.value, CcxtVenue(exchange)).retry_after == expected


def test_venues_own_reset_headers(host):
    from recoup_ccxt.waiting import wait_from_headers

    now = host.clock.now().timestamp()
    assert wait_from_headers({"X-Bapi-Limit-Reset-Timestamp": str(int(now * 1000) + 2500)}, host.clock) == 2.5
    assert wait_from_headers({"X-Bapi-Limit-Reset-Timestamp": "1"}, host.clock) is None
    assert wait_from_headers({"X-Gate-RateLimit-Reset-Timestamp": str(int(now) + 3)}, host.clock) == 3.0
    assert wait_from_headers({"gw-ratelimit-reset": "1500"}, host.clock) == 1.5
    assert wait_from_headers({}, host.clock) is None
    assert wait_from_headers(None, host.clock) is None


@pytest.mark.parametrize("code", [1000, 1001, 1012])
async def test_a_websocket_closed_with_whatever_code_must_be_opened_again(classify, server, streaming_exchange, code):
    """Venues close with 1000 on their daily disconnect; ccxt.pro says the same of it as of any other closure."""
    server.on("/stream", "closes", code)
    with pytest.raises(ccxt.NetworkError) as caught:
        await streaming_exchange("/stream").watch_trades("BTC/USDT")
    found = classify(caught.value)
    assert (found.reason, found.retryable) == (FailureReason.CONNECTION_LOST, True)


@pytest.mark.parametrize(
    ("text", "reason", "retryable", "known"),
    [
        ("Account has insufficient balance for requested action.", FailureReason.INSUFFICIENT_FUNDS, False, True),
        ("Order would immediately match and take.", FailureReason.ORDER_REJECTED, False, True),
        ("Duplicate order sent.", FailureReason.DUPLICATE_ORDER, False, False),
    ],
)
@pytest.mark.parametrize("mapped", [True, False], ids=["with ccxt's map", "without it"])
async def test_minus_2010_is_three_things_by_its_text(
    classify, server, async_exchange, text, reason, retryable, known, mapped
):
    server.on("/order", "json", {"code": -2010, "msg": text}, 400)
    exchange = async_exchange()
    if not mapped:
        exchange.exceptions = {"exact": {}, "broad": {}}
    with pytest.raises(ccxt.BaseError) as caught:
        await submit(exchange)
    found = classify(caught.value)
    assert (found.reason, found.retryable, found.outcome_known) == (reason, retryable, known)
