"""Real ccxt clients at the simulated venue, whose ledger says what was accepted: each trap of the unknown outcome."""

from __future__ import annotations

from decimal import Decimal

import ccxt
import ccxt.async_support
import pytest

from recoup import FailureReason, FailureStage
from recoup.testing import FakeClock
from recoup_ccxt import CcxtClassifier, CcxtVenue, UnreadableAnswer
from recoup_sim import FaultPlan, SimulatedVenue, VenueThread

pytestmark = pytest.mark.anyio

SYMBOL = "BTC/USDT"
TIMEOUT_MS = 400


def plan(**fault):
    return FaultPlan.from_dict({"faults": [{"at": [1], **fault}]})


@pytest.fixture
def classify(host, make_context):
    plugin = CcxtClassifier(host)
    return lambda error, venue=None: plugin.classify(error, make_context(error, venue))


@pytest.fixture
async def client():
    """Make asynchronous clients, and close them."""
    opened = []

    def make(settings, **more):
        exchange = ccxt.async_support.binance({**settings, "timeout": TIMEOUT_MS, "enableRateLimit": False, **more})
        exchange.session_trust_env = False
        opened.append(exchange)
        return exchange

    yield make
    for exchange in opened:
        await exchange.close()


def sync_client(options):
    exchange = ccxt.binance({**options, "timeout": TIMEOUT_MS, "enableRateLimit": False})
    exchange.session.trust_env = False
    return exchange


def submit(venue, client_order_id="intent1", price="20000", amount="0.5"):
    return venue.submit(SYMBOL, "limit", "buy", Decimal(amount), Decimal(price), client_order_id=client_order_id)


HIDDEN = [
    ({"kind": "server_error_after", "status": 503}, FailureReason.SERVER_ERROR, FailureStage.ANSWER_BEGUN),
    ({"kind": "server_error_after", "status": 500}, FailureReason.SERVER_ERROR, FailureStage.ANSWER_BEGUN),
    ({"kind": "server_error_after", "status": 502}, FailureReason.SERVER_ERROR, FailureStage.ANSWER_BEGUN),
    ({"kind": "server_error_after", "status": 504}, FailureReason.TIMEOUT, FailureStage.ANSWER_BEGUN),
    ({"kind": "reset_after"}, FailureReason.CONNECTION_LOST, FailureStage.SENT),
    ({"kind": "timeout_after"}, FailureReason.TIMEOUT, FailureStage.SENT),
    ({"kind": "html_200"}, FailureReason.BAD_RESPONSE, FailureStage.ANSWER_BEGUN),
    ({"kind": "empty_200"}, FailureReason.BAD_RESPONSE, FailureStage.ANSWER_BEGUN),
]


@pytest.mark.parametrize(("fault", "reason", "stage"), HIDDEN)
async def test_accepted_behind_an_error_and_found_by_its_id(classify, client, fault, reason, stage):
    async with SimulatedVenue(plan=plan(**fault)) as simulated:
        venue = CcxtVenue(client(simulated.exchange_options()))
        with pytest.raises((ccxt.BaseError, UnreadableAnswer)) as caught:
            await submit(venue)
        found = classify(caught.value)
        assert (found.outcome_known, found.reason, found.stage) == (False, reason, stage)
        assert [order.client_order_id for order in simulated.ledger.accepted] == ["intent1"]
        order = await venue.find_order("intent1", SYMBOL)
        assert (order["clientOrderId"], order["amount"]) == ("intent1", Decimal("0.5"))


@pytest.mark.parametrize(("fault", "reason", "stage"), HIDDEN)
def test_accepted_behind_an_error_of_the_synchronous_client(classify, fault, reason, stage):
    with VenueThread(SimulatedVenue(plan=plan(**fault))) as simulated:
        exchange = sync_client(simulated.exchange_options())
        venue = CcxtVenue(exchange)
        with pytest.raises((ccxt.BaseError, UnreadableAnswer)) as caught:
            submit(venue)
        found = classify(caught.value)
        assert (found.outcome_known, found.reason, found.stage) == (False, reason, stage)
        assert venue.find_order("intent1", SYMBOL)["clientOrderId"] == "intent1"
        exchange.session.close()


async def test_a_reset_in_mid_answer_is_an_exchange_error_of_an_accepted_order(classify, client):
    async with SimulatedVenue(plan=plan(kind="reset_mid_answer")) as simulated:
        with pytest.raises(ccxt.ExchangeError) as caught:
            await submit(CcxtVenue(client(simulated.exchange_options())))
        found = classify(caught.value)
        assert (found.outcome_known, found.stage) == (False, FailureStage.ANSWER_BEGUN)
        assert len(simulated.ledger.accepted) == 1


async def test_a_reset_after_execution_looks_like_one_before(classify, client):
    verdicts = []
    for kind in ("reset_before", "reset_after"):
        async with SimulatedVenue(plan=plan(kind=kind)) as simulated:
            with pytest.raises(ccxt.BaseError) as caught:
                await submit(CcxtVenue(client(simulated.exchange_options())))
            verdicts.append((type(caught.value), classify(caught.value)))
    before, after = verdicts
    assert before == after


async def test_an_order_may_be_accepted_after_a_lookup_has_not_found_it(classify, client):
    clock = FakeClock()
    async with SimulatedVenue(clock=clock, plan=plan(kind="late_acceptance", delay=0.5)) as simulated:
        venue = CcxtVenue(client(simulated.exchange_options()))
        with pytest.raises(ccxt.BaseError) as caught:
            await submit(venue)
        assert not classify(caught.value).outcome_known
        assert await venue.find_order("intent1", SYMBOL) is None
        clock.advance(0.6)
        assert (await venue.find_order("intent1", SYMBOL))["clientOrderId"] == "intent1"


async def test_an_overridden_url_loses_ccxts_error_map_but_not_the_meaning(classify, client):
    """What ccxt raises differs; what it means for the order does not."""
    async with SimulatedVenue(plan=plan(kind="insufficient_balance")) as simulated:
        options = simulated.exchange_options()
        venue = CcxtVenue(client({**options, "exceptions": {}}, options={"recvWindow": 70_000}))
        with pytest.raises(ccxt.BaseError) as refused:
            await submit(venue)
        venue = CcxtVenue(client({**options, "exceptions": {}}))
        with pytest.raises(ccxt.BaseError) as poor:
            await submit(venue)
        await submit(venue, "intent2", price="1000")
        with pytest.raises(ccxt.BaseError) as twice:
            await submit(venue, "intent2", price="1000")
        with pytest.raises(ccxt.BaseError) as malformed:
            await submit(venue, "intent3", amount="0.000000001")
    assert type(refused.value) is ccxt.ExchangeError  # -1131; BadRequest in the map of the spot market
    reasons = [classify(caught.value).reason for caught in (refused, poor, twice)]
    assert reasons == [
        FailureReason.ORDER_REJECTED,
        FailureReason.INSUFFICIENT_FUNDS,
        FailureReason.DUPLICATE_ORDER,
    ]
    assert classify(malformed.value).outcome_known
    assert not classify(malformed.value).retryable


@pytest.mark.parametrize(
    ("fault", "reason", "retryable", "known"),
    [
        ({"kind": "clock_skew", "ms": -5000}, FailureReason.CLOCK_SKEW, True, True),
        ({"kind": "clock_skew", "ms": 15000}, FailureReason.CLOCK_SKEW, True, True),
        ({"kind": "rate_limited", "for": 2}, FailureReason.RATE_LIMITED, True, True),
        ({"kind": "ban", "for": 90}, FailureReason.BANNED, True, True),
        ({"kind": "maintenance", "body": "json"}, FailureReason.MAINTENANCE, True, False),
        ({"kind": "maintenance", "body": "html"}, FailureReason.MAINTENANCE, True, False),
        ({"kind": "server_error_after", "status": 503}, FailureReason.SERVER_ERROR, True, False),
        ({"kind": "server_error_after", "status": 504}, FailureReason.TIMEOUT, True, False),
    ],
)
async def test_every_fault_means_the_same_without_ccxts_error_map(classify, client, fault, reason, retryable, known):
    async with SimulatedVenue(plan=plan(**fault)) as simulated:
        exchange = client(simulated.exchange_options())
        exchange.exceptions = {"exact": {}, "broad": {}}
        with pytest.raises(ccxt.BaseError) as caught:
            await submit(CcxtVenue(exchange))
        found = classify(caught.value)
        assert (found.reason, found.retryable, found.outcome_known) == (reason, retryable, known)


async def test_ccxts_own_repetition_sends_an_order_twice(client):
    """The evidence for the warning: one submit, two orders."""
    async with SimulatedVenue(plan=plan(kind="reset_after")) as simulated:
        exchange = client(simulated.exchange_options(), options={"maxRetriesOnFailure": 1})
        await exchange.create_order(SYMBOL, "limit", "buy", 0.5, 90_000, {"newClientOrderId": "intent1"})
        assert {intent: len(orders) for intent, orders in simulated.ledger.duplicates().items()} == {"intent1": 2}
        with pytest.warns(RuntimeWarning, match="maxRetriesOnFailure"):
            CcxtVenue(exchange)


async def test_a_fill_that_was_faster_than_the_cancel_is_what_the_cancel_gives(client):
    async with SimulatedVenue() as simulated:
        venue = CcxtVenue(client(simulated.exchange_options()))
        await submit(venue, "filled", price="90000")
        await submit(venue, "resting", price="1000")
        filled = await venue.cancel_order("filled", SYMBOL)
        cancelled = await venue.cancel_order("resting", SYMBOL)
        assert (filled["status"], filled["filled"]) == ("closed", Decimal("0.5"))
        assert (cancelled["status"], cancelled["filled"]) == ("canceled", Decimal(0))
        with pytest.raises(ccxt.OrderNotFound):
            await venue.cancel_order("never", SYMBOL)


async def test_a_cancel_of_unknown_outcome_fails_and_its_repetition_reads_the_state(classify, client):
    async with SimulatedVenue(plan=plan(kind="server_error_after", request="cancel", status=503)) as simulated:
        venue = CcxtVenue(client(simulated.exchange_options()))
        await submit(venue, price="1000")
        with pytest.raises(ccxt.BaseError) as caught:
            await venue.cancel_order("intent1", SYMBOL)
        found = classify(caught.value)
        assert (found.outcome_known, found.retryable) == (False, True)
        assert (await venue.cancel_order("intent1", SYMBOL))["status"] == "canceled"
