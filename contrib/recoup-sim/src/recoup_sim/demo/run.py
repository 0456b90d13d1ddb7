"""One run of one bot at one venue, and what came of it."""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from recoup import Config, ErrorHandler, VenuePorts
from recoup_ccxt import CcxtVenue
from recoup_plugins.recovery_journal import RecoveryJournal
from recoup_sim.demo.bots import VENUE_KEY, Errors, GuardedBot, Intent, PlainBot, RecoveryCounter, make_intents
from recoup_sim.demo.crashes import Crashes, Killed, MortalClient, MortalClock, salvage
from recoup_sim.demo.witness import LogWitness
from recoup_sim.ledger import intent_of
from recoup_sim.venue import SimulatedVenue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from recoup_sim.demo.bots import Bot
    from recoup_sim.ledger import Ledger
    from recoup_sim.plan import FaultPlan

PAUSE = 0.25
"""Seconds of virtual time between two orders."""
CLIENT_TIMEOUT_MS = 250
"""The client's time-out, in real time: a silent venue costs this much."""
SETTLE = 60.0
"""Seconds after the last order within which the venue carries out whatever it still accepts late."""
FINAL = frozenset({-1013, -2010, -2015})
"""The venue's codes for refusals that no repetition heals: filters and closed markets, funds and rules, permissions."""


@frozen(kw_only=True)
class Settings:
    """What a demonstration runs.

    Attributes:
        seed: decides every fault and every jitter.
        orders: intents in each run.
        plan: the faults.
        verbose: print the log.
        client_timeout_ms: how long the client waits for an answer, in real time.
        progress: told the name of the run and how many orders are done.
    """

    seed: int
    orders: int
    plan: FaultPlan
    verbose: bool = False
    client_timeout_ms: int = CLIENT_TIMEOUT_MS
    progress: Callable[[str, int], None] = field(default=lambda _name, _done: None)


@frozen(kw_only=True)
class Report:
    """What came of one run, by the venue's own ledger.

    Attributes:
        intended: orders that the bot wanted.
        accepted: orders that the venue really took.
        duplicates: of these, beyond the first of an intent and what completes it.
        over_fills: intents of which more was filled than they were for.
        lost: intents that never became an order and were not refused for good.
        rejected: intents refused for good and correctly not sent again.
        recovered: intents that failed at first and became exactly one order.
        verified: resends before which the venue was asked.
        adopted: orders found at the venue after their answer was lost.
        mistaken: intents of which the bot believes the wrong thing in the end.
        unknown: intents that were escalated since nobody could find out.
        crashes: ends of the bot's process.
        resumed: orders whose outcome was open then, and that were taken up afterwards.
        bans: handed out by the venue.
        requests_during_bans: requests made although banned.
        secrets: log lines in which a secret stood.
        virtual_seconds: on the clock that both sides waited on.
        real_seconds: on the machine's.
    """

    intended: int
    accepted: int
    duplicates: int
    over_fills: int
    lost: int
    rejected: int
    recovered: int
    verified: int
    adopted: int
    mistaken: int
    unknown: int
    crashes: int
    resumed: int
    bans: int
    requests_during_bans: int
    secrets: int
    virtual_seconds: float
    real_seconds: float

    @property
    def is_clean(self) -> bool:
        """Whether no order was sent twice, none was lost or filled too much, and no secret was logged."""
        return not (self.duplicates or self.over_fills or self.lost or self.secrets)


async def run_plain(settings: Settings) -> Report:
    """Run the bot with a plain retry."""
    run = _Run(name="plain retry", settings=settings)
    with run.witness:
        async with run.venue:
            return await run.drive(run.plain_life)


async def run_guarded(settings: Settings) -> Report:
    """Run the bot guarded by recoup, with every installed plugin and a journal."""
    with TemporaryDirectory(prefix="recoup-demo-") as directory:
        run = _Run(name="recoup", settings=settings, directory=Path(directory))
        with run.witness:
            async with run.venue:
                return await run.drive(run.guarded_life)


@define(kw_only=True)
class _Run:
    """One bot at a venue of its own, in as many lives as it takes."""

    name: str
    settings: Settings
    directory: Path = field(factory=Path)
    clock: MortalClock = field(factory=MortalClock)
    errors: Errors = field(factory=lambda: defaultdict(list))
    counters: list[RecoveryCounter] = field(factory=list)
    resumed: int = 0
    crashes: Crashes = field(init=False)
    venue: SimulatedVenue = field(init=False)
    witness: LogWitness = field(init=False)

    def __attrs_post_init__(self) -> None:
        settings = self.settings
        self.crashes = Crashes(settings.plan, settings.seed, self.clock)
        self.venue = SimulatedVenue(clock=self.clock, plan=settings.plan, seed=settings.seed)
        self.witness = LogWitness(self.venue.credentials, echo=settings.verbose)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[MortalClient]:
        # Without TLS on loopback, certificates need not be read in each life.
        options = {"timeout": self.settings.client_timeout_ms, "enableRateLimit": False, "verify": False}
        exchange = MortalClient(self.venue.exchange_options() | options, self.crashes)
        try:
            yield exchange
        finally:
            await exchange.close()

    @asynccontextmanager
    async def plain_life(self) -> AsyncIterator[Bot]:
        if self.crashes.count:
            self.resumed += 1  # the order under way, which it sends again
        async with self.client() as exchange:
            yield PlainBot(exchange, self.clock, self.crashes, self.errors)

    @asynccontextmanager
    async def guarded_life(self) -> AsyncIterator[Bot]:
        counter = RecoveryCounter()
        self.counters.append(counter)
        life = self.crashes.count
        journal = self._journal(life)

        def die() -> None:
            # What the handler does from here on, a process that was killed would not do: it takes no time, goes into a
            # journal that nobody reads, and is not counted.
            counter.is_listening = False
            self.clock.is_dead = True
            salvage(journal, self._journal(life + 1))

        self.clock.is_dead = False
        self.crashes.on_death = die
        handler = self._handler(journal, counter)
        async with handler, self.client() as exchange:
            venue = CcxtVenue(exchange)
            handler.venues.register(VENUE_KEY, VenuePorts(orders=venue, venue=venue))
            report = await handler.resume()
            self.resumed += len(report.findings)
            yield GuardedBot(exchange, venue, handler, self.crashes, self.errors)

    def _handler(self, journal: Path, counter: RecoveryCounter) -> ErrorHandler:
        # The end of the process loses nothing that the operating system has.
        section = {"enabled": True, "config": {"path": str(journal), "synchronous": "normal"}}
        own = {"recovery_journal": RecoveryJournal}
        config = Config.from_dict({"error_handling": {"plugins": {"recovery_journal": section}}}, plugins=own)
        chance = Random(self.settings.seed)  # noqa: S311 - seeded on purpose
        return ErrorHandler(config, clock=self.clock, random=chance, plugins={"demo_counter": counter, **own})

    def _journal(self, life: int) -> Path:
        return self.directory / f"journal-{life}.db"

    async def drive(self, life: Callable[[], AbstractAsyncContextManager[Bot]]) -> Report:
        intents = deque(make_intents(self.settings.orders))
        began = time.monotonic()
        believed: dict[str, bool] = {}
        while intents:
            with suppress(Killed):
                async with life() as bot:
                    await self._trade(bot, intents, believed)
        self.clock.advance(SETTLE)
        return self._report(believed, self.errors, time.monotonic() - began)

    async def _trade(self, bot: Bot, intents: deque[Intent], believed: dict[str, bool]) -> None:
        """Get everything done that is not known to be done."""
        while intents:
            believed[intents[0].name] = await bot.submit(intents[0])
            intents.popleft()
            self.clock.advance(PAUSE)
            self.settings.progress(self.name, len(believed))

    def _report(self, believed: dict[str, bool], errors: Mapping[str, list[type]], real_seconds: float) -> Report:
        ledger = self.venue.ledger
        accepted = {name: len(orders) for name, orders in ledger.accepted_by_intent().items()}
        refused = {item.intent for item in ledger.rejections if item.code in FINAL} - accepted.keys()
        failed_once = {name for name, raised in errors.items() if raised}
        return Report(
            intended=len(believed),
            accepted=sum(accepted.values()),
            duplicates=sum(len(orders) - 1 for orders in ledger.duplicates().values()),
            over_fills=len(ledger.over_fills()),
            lost=len(believed.keys() - accepted.keys() - refused),
            rejected=len(refused & _refused_once(ledger)),
            recovered=sum(believed[name] and accepted.get(name) == 1 for name in failed_once),
            verified=sum(counter.verified_resends for counter in self.counters),
            adopted=sum(counter.adopted for counter in self.counters),
            mistaken=sum(belief != (name in accepted) for name, belief in believed.items()),
            unknown=sum(counter.unknown for counter in self.counters),
            crashes=self.crashes.count,
            resumed=self.resumed,
            bans=len(ledger.bans),
            requests_during_bans=ledger.requests_during("ban"),
            secrets=self.witness.secrets_seen,
            virtual_seconds=round(self.clock.monotonic(), 3),
            real_seconds=round(real_seconds, 3),
        )


def _refused_once(ledger: Ledger) -> set[str]:
    """Return the intents whose refusal was taken for an answer: it came once, and nothing was sent after it."""
    last = {
        intent_of(request.client_order_id): request.received_at
        for request in ledger.requests
        if request.method == "POST" and request.client_order_id is not None
    }
    refusals = [item for item in ledger.rejections if item.code in FINAL]
    times = Counter(item.intent for item in refusals)
    return {item.intent for item in refusals if times[item.intent] == 1 and last[item.intent] <= item.at}
