"""The two bots. Both see the same failures and write the same facts into their log."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import ccxt
from attrs import define, frozen
from loguru import logger

from recoup import Guard, Operation, OperationKind, RecoupError, RetryConfig, TradingHalted, hookimpl
from recoup.events import RecoveryEvent
from recoup.outcome import Decision
from recoup_sim.order_faults import CrashPoint

if TYPE_CHECKING:
    from recoup import Clock, ErrorHandler, Event
    from recoup_ccxt import CcxtVenue
    from recoup_sim.demo.crashes import Crashes

Errors = defaultdict[str, list[type]]
"""By intent, the class of every error that a call for it raised, in order."""
VENUE_KEY = "simulated-venue"
PLAIN_ATTEMPTS = 5
DEADLINE = 900.0
"""Seconds after which recoup sends nothing more for one order."""


@frozen(kw_only=True)
class Intent:
    """One order that the bot wants, once.

    Attributes:
        name: what the ledger knows it by.
        symbol: as ccxt writes it.
        side: ``buy`` or ``sell``.
        amount: in base.
        price: limit, in quote per base.
    """

    name: str
    symbol: str
    side: str
    amount: Decimal
    price: Decimal


class Bot(Protocol):
    """Gets one intent done.

    Attributes:
        errors: for each intent, the class of every error that a call for it raised, in order.
    """

    errors: Errors

    async def submit(self, intent: Intent) -> bool:
        """Return whether the bot believes that the order is at the venue."""
        ...


@define
class PlainBot:
    """What bots do today: repeat on any error of the client with exponential backoff, under a fresh id each time.

    Attributes:
        exchange: the ccxt client.
        clock: where it waits.
        crashes: when its process ends.
        errors: for each intent, the class of every error that a call for it raised, in order.
    """

    exchange: Any
    clock: Clock
    crashes: Crashes
    errors: Errors

    async def submit(self, intent: Intent) -> bool:
        """Send, and on an error send again."""
        life = self.crashes.count  # it remembers nothing, so its ids begin anew in each life
        for attempt in range(PLAIN_ATTEMPTS):
            self.crashes.begin(intent.name)
            try:
                await self.exchange.create_order(
                    intent.symbol,
                    "limit",
                    intent.side,
                    str(intent.amount),
                    str(intent.price),
                    {"newClientOrderId": f"{intent.name}-{life}x{attempt}"},
                )
            except ccxt.BaseError as error:
                self.errors[intent.name].append(type(error))
                logger.warning("{}", facts(self.exchange, intent, error))
                await self.clock.sleep(0.5 * 2**attempt)
            else:
                self.crashes.reach(CrashPoint.AFTER_ANSWER)
                return True
        return False


@define
class GuardedBot:
    """The same bot, its one call guarded by recoup.

    Attributes:
        exchange: the ccxt client.
        venue: the client behind recoup's ports.
        handler: the handler.
        crashes: when its process ends.
        errors: for each intent, the class of every error that a call for it raised, in order.
    """

    exchange: Any
    venue: CcxtVenue
    handler: ErrorHandler
    crashes: Crashes
    errors: Errors

    async def submit(self, intent: Intent) -> bool:
        """Send under an id of the intent's own, and let recoup find out what became of it."""
        operation = Operation(
            kind=OperationKind.SUBMIT,
            client_order_id=intent.name,
            symbol=intent.symbol,
            orders=self.venue,
            venue=self.venue,
            key=VENUE_KEY,
            deadline=DEADLINE,
        )
        guard = Guard(
            RetryConfig(max_attempts=8, base_delay=0.5, max_delay=30.0, jitter=True),
            operation=operation,
            component="exchange",
            name="create_order",
            handler=self.handler,
        )
        try:
            await guard.call(self._send, intent)
        except TradingHalted:
            # As a human does who knows that the refusals are made up.
            return self.handler.halts.lift(VENUE_KEY, intent.symbol) and await self.submit(intent)
        except (ccxt.BaseError, RecoupError):
            return False
        return True

    async def _send(self, intent: Intent) -> Any:
        self.crashes.begin(intent.name)
        try:
            answer: Any = self.venue.submit(
                intent.symbol, "limit", intent.side, intent.amount, intent.price, client_order_id=intent.name
            )
            order = await answer
        except (ccxt.BaseError, RecoupError) as error:
            self.errors[intent.name].append(type(error))
            logger.warning("{}", self.handler.sanitize(facts(self.exchange, intent, error)))
            raise
        self.crashes.reach(CrashPoint.AFTER_ANSWER)
        return order


class RecoveryCounter:
    """A plugin that counts what recovery came to, while ``is_listening``. Used from one task."""

    def __init__(self) -> None:
        self.is_listening = True
        self.adopted = 0
        self.verified_resends = 0
        self.unknown = 0

    @hookimpl
    def monitor(self, event: Event) -> None:
        """Count recoveries of orders."""
        if not self.is_listening or not isinstance(event, RecoveryEvent) or event.operation != "create_order":
            return
        if event.decision is Decision.RECOVERED:
            self.adopted += 1
        elif event.decision is Decision.RETRY and event.verified:
            self.verified_resends += 1
        elif event.decision is Decision.UNKNOWN:
            self.unknown += 1


def facts(exchange: Any, intent: Intent, error: Exception) -> dict[str, Any]:
    """Return what a bot writes down when an order fails: the error, and the request that led to it."""
    return {
        "event": "create_order failed",
        "order": intent.name,
        "error": f"{type(error).__name__}: {error}",
        "url": exchange.last_request_url,
        "headers": dict(exchange.last_request_headers or {}),
        "body": exchange.last_request_body,
    }


def make_intents(count: int) -> list[Intent]:
    """Return the orders of one run: small limit buys and sells that cross the venue's reference price."""
    sides = (("buy", Decimal(60_000)), ("sell", Decimal(40_000)))
    intents = []
    for number in range(count):
        side, price = sides[number % 2]
        amount = Decimal("0.001") + Decimal("0.00001") * (number % 7)
        intents.append(Intent(name=f"intent{number:05d}", symbol="BTC/USDT", side=side, amount=amount, price=price))
    return intents
