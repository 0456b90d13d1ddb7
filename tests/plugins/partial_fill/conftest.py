"""A venue in memory whose orders fill in the middle of everything."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import define, field

from recoup import (
    Classification,
    Config,
    ErrorCategory,
    ErrorHandler,
    ErrorHandlingConfig,
    ErrorSeverity,
    Exposure,
    FailureReason,
    Operation,
    OperationKind,
    PluginSettings,
    VenuePorts,
    hookimpl,
)
from recoup.testing import FakeClock
from recoup_plugins.order_rejection import OrderRejection
from recoup_plugins.order_submission import OrderSubmission
from recoup_plugins.partial_fill import PartialFill
from recoup_plugins.retry import RetryPlugin

FINAL = {"closed", "canceled"}


class VenueError(Exception):
    def __init__(self, reason, *, known=True):
        super().__init__(reason.value)
        self.reason, self.known = reason, known


@define(frozen=True)
class Fate:
    """What happens around one request."""

    fills: Decimal = Decimal(0)
    when: str = "before"
    fault: str = ""
    lags: bool = False


@define(eq=False)
class FillVenue:
    """Takes, fills and cancels orders; each request meets the next fate. Its ledger is the truth."""

    clock: FakeClock
    fates: list = field(factory=list)
    lag: float = 0.5
    ledger: dict = field(factory=dict)
    history: dict = field(factory=dict)
    trades: dict = field(factory=dict)
    requests: list = field(factory=list)
    refuses: FailureReason | None = None
    submitted: list = field(factory=list)
    symbols: list = field(factory=list)
    worst: Decimal = Decimal(0)

    def place(self, client_id, amount, *, filled="0"):
        self.ledger[client_id] = {
            "id": f"v-{client_id}",
            "clientOrderId": client_id,
            "symbol": "BTC/USDT",
            "side": "buy",
            "status": "open",
            "amount": Decimal(amount),
            "filled": Decimal(0),
            "price": Decimal(100),
        }
        self.trades[client_id] = []
        self.worst = max(self.worst, self.could_fill)
        self.note(client_id)
        self.fill(client_id, Decimal(filled))

    def fill(self, client_id, amount):
        order = self.ledger[client_id]
        amount = min(amount, order["amount"] - order["filled"])
        if order["status"] != "open" or amount <= 0:
            return
        order["filled"] += amount
        trade = {"id": f"t-{client_id}-{len(self.trades[client_id])}", "order": order["id"], "amount": amount}
        self.trades[client_id].append(trade)
        if order["filled"] == order["amount"]:
            order["status"] = "closed"
        self.note(client_id)

    def note(self, client_id):
        self.history.setdefault(client_id, []).append((self.clock.monotonic(), dict(self.ledger[client_id])))

    @property
    def filled(self):
        return sum((order["filled"] for order in self.ledger.values()), Decimal(0))

    @property
    def could_fill(self):
        return sum(
            (order["filled"] if order["status"] in FINAL else order["amount"] for order in self.ledger.values()),
            Decimal(0),
        )

    @property
    def is_at_rest(self):
        return all(order["status"] in FINAL for order in self.ledger.values())

    async def find_order(self, client_order_id, symbol):
        self.symbols.append(symbol)
        return await self.answer("find", lambda fate: self.seen(client_order_id, fate))

    async def open_orders(self, symbol):
        return await self.answer("open", lambda fate: self.listed(fate, is_final=False))

    async def recent_orders(self, symbol):
        return await self.answer("recent", lambda fate: self.listed(fate, is_final=True))

    async def order_trades(self, client_order_id, symbol):
        return await self.answer("trades", lambda _: [dict(t) for trades in self.trades.values() for t in trades])

    async def cancel_order(self, client_order_id, symbol):
        def cancel(_):
            order = self.ledger.get(client_order_id)
            if order is None or order["status"] in FINAL:
                raise VenueError(FailureReason.ORDER_NOT_FOUND)
            order["status"] = "canceled"
            self.note(client_order_id)

        return await self.answer("cancel", cancel)

    async def submit_child(self, client_order_id, symbol, side, amount, price):
        def submit(_):
            if self.refuses is not None:
                raise VenueError(self.refuses)
            if client_order_id in self.ledger:
                raise VenueError(FailureReason.DUPLICATE_ORDER, known=False)
            self.submitted.append((client_order_id, symbol, side, amount, price))
            self.place(client_order_id, amount)
            return dict(self.ledger[client_order_id])

        return await self.answer("submit", submit)

    async def answer(self, name, act):
        self.requests.append(name)
        fate = self.fates.pop(0) if self.fates else Fate()
        await self.clock.sleep(0.01)
        if fate.when == "before":
            self.fill_any(fate.fills)
        if fate.fault == "lost_before":
            raise VenueError(FailureReason.CONNECTION_LOST, known=False)
        if fate.fault == "limited":
            raise VenueError(FailureReason.CONNECTION_FAILED)
        answer = act(fate)
        if fate.when == "after":
            self.fill_any(fate.fills)
        if fate.fault == "lost_after":
            raise VenueError(FailureReason.CONNECTION_LOST, known=False)
        return answer

    def fill_any(self, amount):
        for client_id in list(self.ledger):
            if self.ledger[client_id]["status"] == "open":
                self.fill(client_id, amount)
                return

    def seen(self, client_id, fate):
        """What the venue answers: where it lags, the quantity is older than the status, or nothing is known yet."""
        until = self.clock.monotonic() - (self.lag if fate.lags else 0.0)
        known = [order for at, order in self.history.get(client_id, ()) if at <= until]
        return self.history[client_id][-1][1] | {"filled": known[-1]["filled"]} if known else None

    def listed(self, fate, *, is_final):
        orders = filter(None, (self.seen(client_id, fate) for client_id in self.ledger))
        return [order for order in orders if (order["status"] in FINAL) == is_final]


class FillClassifier:
    def __init__(self):
        self.events = []

    @hookimpl
    def classify(self, error):
        if not isinstance(error, VenueError):
            return None
        return Classification(
            severity=ErrorSeverity.LOW,
            category=ErrorCategory.EXCHANGE,
            retryable=error.reason in {FailureReason.CONNECTION_LOST, FailureReason.CONNECTION_FAILED},
            outcome_known=error.known,
            reason=error.reason,
        )

    @hookimpl
    def sanitize(self, payload):
        return payload

    @hookimpl
    def monitor(self, event):
        self.events.append(event)


@define(eq=False)
class Desk:
    """A handler with its venue, and an order of ten at it."""

    venue: FillVenue
    handler: ErrorHandler
    classifier: FillClassifier
    operation: Operation

    @property
    def plugin(self):
        return self.handler.plugins.get("partial_fill")

    def events(self, kind):
        return [event for event in self.classifier.events if event.kind == kind]

    def told(self):
        """The states that were published of the order."""
        return [event.new for event in self.events("state") if event.subject == "fill:venue:bot-1"]


def make_desk(*fates, filled="0", **config):
    clock = FakeClock(auto_advance=True)
    venue = FillVenue(clock, list(fates))
    venue.place("bot-1", "10", filled=filled)
    clock.advance(10)
    classifier = FillClassifier()
    settings = {"partial_fill": PluginSettings(config=config)}
    handler = ErrorHandler(
        Config(error_handling=ErrorHandlingConfig(plugins=settings)),
        clock=clock,
        plugins={
            "fill_classifier": classifier,
            "order_rejection": OrderRejection,
            "order_submission": OrderSubmission,
            "partial_fill": PartialFill,
            "retry": RetryPlugin,
        },
        discover=False,
    )
    handler.venues.register("venue", VenuePorts(orders=venue))
    operation = Operation(
        kind=OperationKind.SUBMIT,
        key="venue",
        client_order_id="bot-1",
        symbol="BTC/USDT",
        exposure=Exposure(symbol="BTC/USDT", side="buy", amount="10", price="100"),
    )
    return Desk(venue, handler, classifier, operation)


@pytest.fixture(scope="session")
def desk():
    """Makes a desk; takes the fates of its first requests, what is filled at the start, and the plugin's options."""
    return make_desk


@pytest.fixture(scope="session")
def fate():
    return Fate


@pytest.fixture(scope="session")
def venue_error():
    return VenueError
