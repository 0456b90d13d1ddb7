"""One run of one bot at one venue, and what came of it."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING

import ccxt.async_support
from attrs import define, field, frozen

from recoup import Config, ErrorHandler
from recoup.testing import FakeClock
from recoup_ccxt import CcxtVenue
from recoup_sim.demo.bots import GuardedBot, PlainBot, RecoveryCounter, make_intents
from recoup_sim.demo.witness import LogWitness
from recoup_sim.venue import SimulatedVenue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from recoup_sim.demo.bots import Bot
    from recoup_sim.plan import FaultPlan

PAUSE = 0.25
"""Seconds of virtual time between two orders."""
CLIENT_TIMEOUT_MS = 250
"""The client's time-out, in real time: a silent venue costs this much."""
SETTLE = 60.0
"""Seconds after the last order within which the venue carries out whatever it still accepts late."""
FUNDS = -2010
"""The venue's code for a refusal that no repetition heals."""


@frozen(kw_only=True)
class Settings:
    """What a demonstration runs.

    Attributes:
        seed: decides every fault and every jitter.
        orders: intents in each run.
        plan: the faults.
        verbose: print the log.
        progress: told the name of the run and how many orders are done.
    """

    seed: int
    orders: int
    plan: FaultPlan
    verbose: bool = False
    progress: Callable[[str, int], None] = field(default=lambda _name, _done: None)


@frozen(kw_only=True)
class Report:
    """What came of one run, by the venue's own ledger.

    Attributes:
        intended: orders that the bot wanted.
        accepted: orders that the venue really took.
        duplicates: of these, beyond the first of an intent.
        lost: intents that never became an order and were not refused for good.
        rejected: intents refused for good and correctly not sent again.
        recovered: intents that failed at first and became exactly one order.
        verified: resends before which the venue was asked.
        adopted: orders found at the venue after their answer was lost.
        mistaken: intents of which the bot believes the wrong thing in the end.
        unknown: intents that were escalated since nobody could find out.
        bans: handed out by the venue.
        requests_during_bans: requests made although banned.
        secrets: log lines in which a secret stood.
        virtual_seconds: on the clock that both sides waited on.
        real_seconds: on the machine's.
    """

    intended: int
    accepted: int
    duplicates: int
    lost: int
    rejected: int
    recovered: int
    verified: int
    adopted: int
    mistaken: int
    unknown: int
    bans: int
    requests_during_bans: int
    secrets: int
    virtual_seconds: float
    real_seconds: float

    @property
    def is_clean(self) -> bool:
        """Whether no order was sent twice, none was lost and no secret was logged."""
        return not (self.duplicates or self.lost or self.secrets)


async def run_plain(settings: Settings) -> Report:
    """Run the bot with a plain retry."""
    clock = FakeClock()
    run = _Run(name="plain retry", settings=settings, clock=clock)
    with run.witness:
        async with run.venue, run.client() as exchange:
            return await run.drive(PlainBot(exchange, clock))


async def run_guarded(settings: Settings) -> Report:
    """Run the bot guarded by recoup, with every installed plugin."""
    clock = FakeClock()
    run = _Run(name="recoup", settings=settings, clock=clock)
    handler = ErrorHandler(
        Config(),
        clock=clock,
        random=Random(settings.seed),  # noqa: S311 - seeded on purpose
        plugins={"demo_counter": run.counter},
    )
    with run.witness:
        async with run.venue, handler, run.client() as exchange:
            return await run.drive(GuardedBot(exchange, CcxtVenue(exchange), handler))


@define(kw_only=True)
class _Run:
    """One bot at a venue of its own."""

    name: str
    settings: Settings
    clock: FakeClock
    counter: RecoveryCounter = field(factory=RecoveryCounter)
    venue: SimulatedVenue = field(init=False)
    witness: LogWitness = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.venue = SimulatedVenue(clock=self.clock, plan=self.settings.plan, seed=self.settings.seed)
        self.witness = LogWitness(self.venue.credentials, echo=self.settings.verbose)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[ccxt.async_support.binance]:
        options = {"timeout": CLIENT_TIMEOUT_MS, "enableRateLimit": False}
        exchange = ccxt.async_support.binance(self.venue.exchange_options() | options)
        try:
            yield exchange
        finally:
            await exchange.close()

    async def drive(self, bot: Bot) -> Report:
        intents = make_intents(self.settings.orders)
        began = time.monotonic()
        believed = {}
        for done, intent in enumerate(intents, start=1):
            believed[intent.name] = await bot.submit(intent)
            self.clock.advance(PAUSE)
            self.settings.progress(self.name, done)
        self.clock.advance(SETTLE)
        return self._report(believed, bot.errors, time.monotonic() - began)

    def _report(self, believed: dict[str, bool], errors: Mapping[str, list[type]], real_seconds: float) -> Report:
        ledger = self.venue.ledger
        accepted = {name: len(orders) for name, orders in ledger.accepted_by_intent().items()}
        refused = {item.intent for item in ledger.rejections if item.code == FUNDS} - accepted.keys()
        failed_once = {name for name, raised in errors.items() if raised}
        return Report(
            intended=len(believed),
            accepted=sum(accepted.values()),
            duplicates=sum(count - 1 for count in accepted.values()),
            lost=len(believed.keys() - accepted.keys() - refused),
            rejected=sum(_refused_once(errors[name]) for name in refused),
            recovered=sum(believed[name] and accepted.get(name) == 1 for name in failed_once),
            verified=self.counter.verified_resends,
            adopted=self.counter.adopted,
            mistaken=sum(belief != (name in accepted) for name, belief in believed.items()),
            unknown=self.counter.unknown,
            bans=len(ledger.bans),
            requests_during_bans=ledger.requests_during("ban"),
            secrets=self.witness.secrets_seen,
            virtual_seconds=round(self.clock.monotonic(), 3),
            real_seconds=round(real_seconds, 3),
        )


def _refused_once(raised: list[type]) -> bool:
    """Say whether the refusal for want of funds was taken for an answer."""
    return raised.count(ccxt.InsufficientFunds) == 1 and raised[-1] is ccxt.InsufficientFunds
