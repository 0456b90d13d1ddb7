"""What the tests share: a loopback venue, and real ccxt clients on it."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager

import ccxt
import ccxt.async_support
import pytest

from recoup.testing import FakeClock
from recoup_sim import FaultPlan, SimulatedVenue, VenueThread

TIMEOUT_MS = 400
"""How long the clients wait for an answer where the test's faults hold answers back."""
PATIENCE_MS = 30_000
"""How long they wait elsewhere, so that a busy machine fails no test."""


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def make_venue(clock):
    def make(*faults, **options):
        return SimulatedVenue(clock=clock, plan=FaultPlan.from_dict({"faults": list(faults)}), **options)

    return make


def _options(venue):
    hangs = any(fault.kind.startswith("timeout_") for fault in venue.plan.faults)
    return {
        **venue.exchange_options(),
        "timeout": TIMEOUT_MS if hangs else PATIENCE_MS,
        "enableRateLimit": False,
        "verify": False,  # no TLS on loopback, so certificates need not be read for each client
    }


@asynccontextmanager
async def _open_async(venue):
    async with venue:
        client = ccxt.async_support.binance({**_options(venue), "timeout_on_exit": 0})
        try:
            yield client
        finally:
            await client.close()


@contextmanager
def _open_sync(venue):
    with VenueThread(venue):
        client = ccxt.binance(_options(venue))
        try:
            yield client
        finally:
            client.session.close()


@pytest.fixture
def open_async():
    return _open_async


@pytest.fixture
def open_sync():
    return _open_sync
