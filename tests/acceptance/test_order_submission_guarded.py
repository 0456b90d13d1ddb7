"""Guarded submissions at a venue that fails in every way, beside the plugins that pace it: never twice, never lost."""

import anyio
import pytest
from attrs import define, field
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recoup import (
    Classification,
    Decision,
    ErrorCategory,
    ErrorHandler,
    ErrorSeverity,
    FailureReason,
    Operation,
    OperationKind,
    RecoveryEvent,
    hookimpl,
)
from recoup.testing import FakeClock
from recoup_plugins.api_rate_limit import ApiRateLimit
from recoup_plugins.exchange_maintenance import ExchangeMaintenance
from recoup_plugins.order_submission import OrderSubmission


class VenueError(Exception):
    def __init__(self, reason, *, known):
        super().__init__(reason.value)
        self.reason, self.known = reason, known


LOST = VenueError(FailureReason.CONNECTION_LOST, known=False)
UNAVAILABLE = VenueError(FailureReason.MAINTENANCE, known=False)
REFUSALS = {
    "limited": VenueError(FailureReason.RATE_LIMITED, known=True),
    "maintenance": VenueError(FailureReason.MAINTENANCE, known=True),
    "unreachable": VenueError(FailureReason.CONNECTION_FAILED, known=True),
    "no_funds": VenueError(FailureReason.INSUFFICIENT_FUNDS, known=True),
}
FAULTS = ["ok", "lost_before", "lost_after", "unavailable_after", "late", *REFUSALS]


class VenueClassifier:
    def __init__(self):
        self.decisions = []

    @hookimpl
    def classify(self, error):
        return Classification(
            severity=ErrorSeverity.LOW,
            category=ErrorCategory.EXCHANGE,
            retryable=True,
            outcome_known=error.known,
            reason=error.reason,
        )

    @hookimpl
    def sanitize(self, payload):
        return payload

    @hookimpl
    def monitor(self, event):
        if isinstance(event, RecoveryEvent) and event.operation == "submit":
            self.decisions.append(event.decision)


@define(eq=False)
class Venue:
    """Executes orders at once, or late, or not; its ledger is the truth."""

    clock: FakeClock
    faults: list
    lookups: list
    client_id_rule: str
    fills: bool
    ledger: list = field(factory=list)
    late: list = field(factory=list)

    def accept(self, client_id):
        refused = self.client_id_rule == "forever" or (self.client_id_rule == "open_only" and not self.fills)
        if refused and client_id in self.ledger:
            raise VenueError(FailureReason.DUPLICATE_ORDER, known=True)
        self.ledger.append(client_id)

    def settle(self):
        due = [client_id for at, client_id in self.late if at <= self.clock.monotonic()]
        self.late = [(at, client_id) for at, client_id in self.late if at > self.clock.monotonic()]
        for client_id in due:
            if not (self.client_id_rule == "forever" and client_id in self.ledger):
                self.ledger.append(client_id)

    async def submit(self, client_id):
        self.settle()
        await self.clock.sleep(0.05)
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault in REFUSALS:
            raise VenueError(REFUSALS[fault].reason, known=True)
        if fault == "lost_before":
            raise LOST
        if fault == "late":
            self.late.append((self.clock.monotonic() + 2.5, client_id))
            raise LOST
        self.accept(client_id)
        if fault == "lost_after":
            raise LOST
        if fault == "unavailable_after":
            raise UNAVAILABLE
        return {"id": "1", "clientOrderId": client_id}

    async def find_order(self, client_order_id, symbol):
        self.settle()
        await self.clock.sleep(0.05)
        fault = self.lookups.pop(0) if self.lookups else "ok"
        if fault != "ok":
            raise VenueError(REFUSALS[fault].reason, known=True)
        return {"id": "1", "clientOrderId": client_order_id} if client_order_id in self.ledger else None


def operation_at(venue, deadline):
    return Operation(
        kind=OperationKind.SUBMIT,
        client_order_id="bot-1",
        symbol="BTC/USDT",
        orders=venue,
        key="venue:main",
        deadline=deadline,
    )


async def submit_guarded(venue, deadline):
    classifier = VenueClassifier()
    handler = ErrorHandler(
        clock=venue.clock,
        plugins={
            "venue_classifier": classifier,
            "api_rate_limit": ApiRateLimit,
            "exchange_maintenance": ExchangeMaintenance,
            "order_submission": OrderSubmission,
        },
        discover=False,
    )

    async def submit(client_id):
        return await venue.submit(client_id)

    submit.__qualname__ = "submit"
    result = error = None
    async with handler:
        try:
            result = await handler.call(submit, "bot-1", component="exchange", operation=operation_at(venue, deadline))
        except Exception as failure:
            error = failure
    await venue.clock.sleep(10.0)
    venue.settle()
    return result, error, classifier.decisions


@given(
    faults=st.lists(st.sampled_from(FAULTS), max_size=6),
    lookups=st.lists(st.sampled_from(["ok", "ok", "limited", "maintenance", "unreachable"]), max_size=12),
    rule=st.sampled_from(["forever", "open_only", "none"]),
    fills=st.booleans(),
    deadline=st.none() | st.floats(0.1, 120.0),
)
@example(faults=["late", "no_funds"], lookups=[], rule="none", fills=True, deadline=None)
@example(faults=["lost_before", "limited"], lookups=[], rule="open_only", fills=True, deadline=None)
@example(faults=["lost_before"] * 6, lookups=[], rule="open_only", fills=True, deadline=None)
@example(faults=["lost_after"], lookups=["maintenance"] * 12, rule="none", fills=False, deadline=30.0)
@settings(max_examples=200, deadline=None)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_ledger_agrees_with_what_the_caller_was_told(backend, faults, lookups, rule, fills, deadline):
    venue = Venue(FakeClock(), list(faults), list(lookups), rule, fills)
    result, error, decisions = anyio.run(submit_guarded, venue, deadline, backend=backend)
    executed = venue.ledger.count("bot-1")
    assert executed <= 1
    if result is not None:
        assert executed == 1
    elif not decisions or decisions[-1] is not Decision.UNKNOWN:
        assert executed == 0, f"told {error!r} after {decisions}, yet the order was executed"


@pytest.mark.parametrize(
    "faults",
    [
        ["lost_before"],
        ["lost_after"],
        ["unavailable_after"],
        ["late"],
        ["lost_before", "limited", "lost_before"],
        ["limited", "maintenance", "lost_after"],
        ["lost_before", "late"],
    ],
)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_every_order_gets_through_without_a_deadline(backend, faults):
    venue = Venue(FakeClock(), list(faults), ["limited", "ok", "maintenance"], "open_only", fills=True)
    result, error, _ = anyio.run(submit_guarded, venue, None, backend=backend)
    assert error is None
    assert result["clientOrderId"] == "bot-1"
    assert venue.ledger == ["bot-1"]
