"""Guarded submissions at a venue that fails in every way, beside the plugins that pace it: never twice, never lost."""

import math
import threading
from typing import Any

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
    OutcomeUnknown,
    RecoveryEvent,
    guard,
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
FAULTS = ["ok", "lost_before", "lost_after", "unavailable_before", "unavailable_after", "late", *REFUSALS]


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
    pause: Any = None

    def __attrs_post_init__(self):
        self.pause = self.pause or self.clock.sleep

    def accept(self, client_id):
        refused = self.client_id_rule == "forever" or (self.client_id_rule == "open_only" and not self.fills)
        if refused and client_id in self.ledger:
            raise VenueError(FailureReason.DUPLICATE_ORDER, known=True)
        self.ledger.append(client_id)

    def settle(self):
        due = [client_id for at, client_id in self.late if at <= self.clock.monotonic()]
        self.late[:] = [(at, client_id) for at, client_id in self.late if at > self.clock.monotonic()]
        for client_id in due:
            if not (self.client_id_rule == "forever" and client_id in self.ledger):
                self.ledger.append(client_id)

    async def submit(self, client_id):
        self.settle()
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "late":
            self.late.append((self.clock.monotonic() + 2.5, client_id))
        await self.pause(0.05)
        if fault in REFUSALS:
            raise VenueError(REFUSALS[fault].reason, known=True)
        if fault in {"lost_before", "late"}:
            raise LOST
        if fault == "unavailable_before":
            raise UNAVAILABLE
        self.accept(client_id)
        await self.pause(0.05)
        if fault == "lost_after":
            raise LOST
        if fault == "unavailable_after":
            raise UNAVAILABLE
        return {"id": "1", "clientOrderId": client_id}

    async def find_order(self, client_order_id, symbol):
        self.settle()
        await self.pause(0.05)
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


def handler_at(venue, classifier):
    return ErrorHandler(
        clock=venue.clock,
        plugins={
            "venue_classifier": classifier,
            "api_rate_limit": ApiRateLimit,
            "exchange_maintenance": ExchangeMaintenance,
            "order_submission": OrderSubmission,
        },
        discover=False,
    )


async def submit_once(handler, venue, deadline=None):
    async def submit(client_id):
        return await venue.submit(client_id)

    submit.__qualname__ = "submit"
    return await handler.call(submit, "bot-1", component="exchange", operation=operation_at(venue, deadline))


async def submit_guarded(venue, deadline):
    classifier = VenueClassifier()
    result = error = None
    async with handler_at(venue, classifier) as handler:
        try:
            result = await submit_once(handler, venue, deadline)
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


class Cut:
    """A scope that is cancelled as soon as the clock has been slept on so many times."""

    def __init__(self, clock, sleeps):
        self.scope = anyio.CancelScope()
        self._sleep, self._left = clock.sleep, sleeps

    async def sleep(self, seconds):
        self._left -= 1
        if self._left < 0:
            self.scope.cancel()
        await self._sleep(seconds)


async def submit_cut(handler, venue, after, results):
    """Submit, be cancelled in the given sleep at the venue, and keep the result."""
    cut = Cut(venue.clock, after)
    own = Venue(venue.clock, venue.faults, venue.lookups, venue.client_id_rule, venue.fills, venue.ledger, venue.late)
    own.pause = cut.sleep
    with cut.scope:
        try:
            results.append(await submit_once(handler, own))
        except (VenueError, OutcomeUnknown):
            results.append(None)


@given(
    faults=st.lists(st.sampled_from(FAULTS), max_size=8),
    lookups=st.lists(st.sampled_from(["ok", "ok", "limited", "maintenance", "unreachable"]), max_size=12),
    rule=st.sampled_from(["forever", "open_only", "none"]),
    fills=st.booleans(),
    rounds=st.lists(st.lists(st.integers(0, 8) | st.just(math.inf), min_size=1, max_size=3), min_size=1, max_size=3),
)
@example(faults=[], lookups=[], rule="none", fills=True, rounds=[[1], [math.inf]])
@example(faults=["lost_after"], lookups=[], rule="none", fills=True, rounds=[[2], [math.inf]])
@example(faults=["late"], lookups=[], rule="none", fills=True, rounds=[[math.inf, math.inf]])
@example(faults=[], lookups=[], rule="none", fills=True, rounds=[[math.inf], [math.inf]])
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_no_interleaving_of_calls_and_cancellations_executes_an_id_twice(backend, faults, lookups, rule, fills, rounds):
    """Each round is a number of tasks at once, each cancelled in the given sleep at the venue, or never."""
    venue, results = Venue(FakeClock(), list(faults), list(lookups), rule, fills), []

    async def run():
        async with handler_at(venue, VenueClassifier()) as handler:
            for cuts in rounds:
                async with anyio.create_task_group() as group:
                    for after in cuts:
                        group.start_soon(submit_cut, handler, venue, after, results)
        await venue.clock.sleep(10.0)
        venue.settle()

    anyio.run(run, backend=backend)
    assert venue.ledger.count("bot-1") <= 1
    if any(results):
        assert venue.ledger == ["bot-1"]


@pytest.mark.anyio
@pytest.mark.parametrize("rule", ["forever", "open_only", "none"])
class TestTheSameIdAgain:
    @pytest.fixture
    def make_venue(self, rule):
        def make(faults=(), lookups=()):
            return Venue(FakeClock(), list(faults), list(lookups), rule, fills=True)

        return make

    async def test_after_success(self, make_venue):
        venue = make_venue()
        async with handler_at(venue, VenueClassifier()) as handler:
            assert await submit_once(handler, venue) == await submit_once(handler, venue)
        assert venue.ledger == ["bot-1"]

    async def test_after_a_cancellation_in_flight(self, make_venue):
        venue, results = make_venue(), []
        async with handler_at(venue, VenueClassifier()) as handler:
            await submit_cut(handler, venue, 1, results)  # executed, and its answer is under way
            assert venue.ledger == ["bot-1"]
            assert results == []
            assert (await submit_once(handler, venue))["clientOrderId"] == "bot-1"
        assert venue.ledger == ["bot-1"]

    async def test_after_an_unknown_end(self, make_venue):
        venue = make_venue(["lost_after"], ["unreachable"] * 100)
        async with handler_at(venue, VenueClassifier()) as handler:
            with pytest.raises(VenueError):
                await submit_once(handler, venue, deadline=20.0)
            with pytest.raises(OutcomeUnknown):
                await submit_once(handler, venue, deadline=20.0)
            venue.lookups.clear()
            assert (await submit_once(handler, venue))["clientOrderId"] == "bot-1"
        assert venue.ledger == ["bot-1"]

    async def test_after_a_known_failure_without_a_look(self, make_venue):
        venue = make_venue(["no_funds"])
        async with handler_at(venue, VenueClassifier()) as handler:
            with pytest.raises(VenueError):
                await submit_once(handler, venue)
            before = venue.clock.monotonic()
            await submit_once(handler, venue)
            assert venue.clock.monotonic() - before < 0.2
        assert venue.ledger == ["bot-1"]

    async def test_from_two_tasks_at_once(self, make_venue):
        venue, results = make_venue(), []
        async with handler_at(venue, VenueClassifier()) as handler, anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(submit_cut, handler, venue, math.inf, results)
        assert [order["clientOrderId"] for order in results] == ["bot-1", "bot-1"]
        assert venue.ledger == ["bot-1"]

    async def test_into_a_maintenance_that_executed_the_first_one_or_not(self, make_venue):
        for fault in ("unavailable_after", "unavailable_before"):
            venue = make_venue([fault], ["maintenance"] * 6)
            async with handler_at(venue, VenueClassifier()) as handler:
                assert (await submit_once(handler, venue))["clientOrderId"] == "bot-1"
            assert venue.ledger == ["bot-1"]


def test_of_many_threads_with_the_same_id_one_sends():
    venue, told, start = Venue(FakeClock(), [], [], "none", fills=True), [], threading.Barrier(6)
    handler = handler_at(venue, VenueClassifier())

    def submit(client_id):
        venue.accept(client_id)
        return {"id": "1", "clientOrderId": client_id}

    def run():
        start.wait()
        try:
            guarded = guard(operation=operation_at(venue, None), component="exchange", handler=handler)
            told.append(guarded.call_sync(submit, "bot-1")["clientOrderId"])
        except OutcomeUnknown:
            told.append("bot-1")

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["bot-1"] * 6
    assert venue.ledger == ["bot-1"]
