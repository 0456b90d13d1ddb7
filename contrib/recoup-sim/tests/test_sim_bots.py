"""The shipped plans do to a plain bot what venues do: some orders twice, others never."""

from __future__ import annotations

import ccxt
import pytest

from recoup_sim import ALL_FAULTS, DEFAULT_FAULTS, SimulatedVenue

pytestmark = pytest.mark.anyio
ORDERS = 150


async def run_plain_bot(client, clock, orders=ORDERS):
    """Trade with the usual retry: five attempts, exponential backoff, no look at what became of the order."""
    for number in range(orders):
        await clock.sleep(0.5)
        for attempt in range(5):
            try:
                params = {"newClientOrderId": f"o{number}-{attempt}"}
                await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50_000, params)
                break
            except ccxt.OperationFailed:
                await clock.sleep(2**attempt)
            except ccxt.ExchangeError:
                break


def summarise(venue):
    ledger = venue.ledger
    return (
        [(order.client_order_id, order.fault) for order in ledger.accepted],
        ledger.rejections_by_code(),
        ledger.filled_by_intent(),
    )


@pytest.mark.parametrize("plan", [DEFAULT_FAULTS, ALL_FAULTS], ids=["default", "all"])
async def test_a_plain_bot_sends_twice_and_loses(plan, open_async, clock):
    venue = SimulatedVenue(clock=clock, plan=plan)
    async with open_async(venue) as client:
        await client.load_markets()
        await run_plain_bot(client, clock)
    ledger = venue.ledger
    refused = {rejection.intent for rejection in ledger.rejections if rejection.code == -2010}
    lost = [intent for intent in ledger.missing(f"o{number}" for number in range(ORDERS)) if intent not in refused]
    assert len(ledger.duplicates()) >= 3
    assert 3 <= len(lost) < ORDERS // 3
    assert refused
    assert -1021 in ledger.rejections_by_code()
    assert ledger.bans
    assert ledger.requests_during("maintenance")


async def test_the_same_seed_gives_the_same_run_and_another_a_different_one(open_async, clock):
    runs = []
    for seed in (7, 7, 8):
        venue = SimulatedVenue(clock=type(clock)(), plan=DEFAULT_FAULTS, seed=seed)
        async with open_async(venue) as client:
            await client.load_markets()
            await run_plain_bot(client, type(clock)(), orders=60)
        runs.append(summarise(venue))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
