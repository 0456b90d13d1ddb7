"""What an earlier process left unresolved is looked into before anything new is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import anyio
import pytest
from attrs import define, evolve, field

from recoup import (
    Call,
    Config,
    ErrorHandler,
    EscalationEvent,
    Exposure,
    HandlerStateError,
    Intent,
    IntentFinding,
    IntentState,
    Operation,
    OperationKind,
    PluginEvent,
    Reconciliation,
    VenueNotRegistered,
    VenuePorts,
    hookimpl,
)
from recoup.resumption import AT_ONCE
from recoup.testing import FakeClock

EXPOSURE = Exposure(symbol="BTC/USDT", side="buy", amount=Decimal(1))
LEFT = Intent(
    key="binance",
    client_order_id="c-1",
    component="exchange",
    name="create_order",
    exposure=EXPOSURE,
    created=datetime(2026, 1, 1, tzinfo=UTC),
    state=IntentState.UNKNOWN,
)
FOUND = IntentFinding(state=IntentState.ACCEPTED, order={"id": "1"}, detail="seen")
ABSENT = IntentFinding(state=IntentState.FAILED, detail="not there")
OPEN = IntentFinding(state=IntentState.UNKNOWN, detail="the venue does not answer")


@define
class Journal:
    intents: list = field(factory=list)
    resolved: dict = field(factory=dict)
    done: int = 0
    fails: bool = False

    def unresolved(self):
        return self.intents

    def resolve(self, intent, finding):
        if self.fails:
            raise OSError("disk full")
        self.resolved[intent] = finding.state

    def resumed(self):
        self.done += 1


@define
class Verifier:
    answers: dict = field(factory=dict)
    at_once: int = 0
    most: int = 0

    async def verify(self, intent):
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await anyio.lowlevel.checkpoint()
        self.at_once -= 1
        answer = self.answers.get(intent.client_order_id)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Witness:
    def __init__(self):
        self.events = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)

    @hookimpl
    def sanitize(self, payload):
        return payload

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def witness():
    return Witness()


@pytest.fixture
def make(witness):
    def build(**plugins):
        handler = ErrorHandler(Config(), clock=FakeClock(), discover=False, plugins={**plugins, "witness": witness})
        handler.venues.register("binance", VenuePorts(orders=object()))
        return handler

    return build


@pytest.fixture(params=["async", "sync"])
def resume(request):
    async def run(handler):
        if request.param == "async":
            return await handler.resume()
        return await anyio.to_thread.run_sync(handler.resume_sync)

    return run


pytestmark = pytest.mark.anyio


async def test_with_nothing_left_nothing_happens(make, resume):
    journal = Journal()
    report = await resume(make(journal=journal))
    assert report.findings == {}
    assert journal.done == 1


@pytest.mark.parametrize("finding", [FOUND, ABSENT])
async def test_what_is_found_out_is_settled(make, resume, witness, finding):
    journal = Journal([LEFT])
    handler = make(journal=journal, verifier=Verifier({"c-1": finding}))
    handler.exposures.reserve(*LEFT.id, EXPOSURE)
    report = await resume(handler)
    assert report.findings == {LEFT.id: finding}
    assert report.having(finding.state) == {LEFT.id: finding}
    assert report.having(IntentState.UNKNOWN) == {}
    assert journal.resolved == {LEFT.id: finding.state}
    assert handler.exposures.reserved() == {}
    assert witness.of(EscalationEvent) == []


@pytest.mark.parametrize("answer", [OPEN, None, ValueError("broken")], ids=["unknown", "not mine", "raises"])
async def test_what_nobody_finds_out_stays_unknown_reserved_and_escalated(make, resume, witness, answer):
    journal = Journal([LEFT])
    handler = make(journal=journal, verifier=Verifier({"c-1": answer}))
    report = await resume(handler)
    assert report.findings[LEFT.id].state is IntentState.UNKNOWN
    assert handler.exposures.amount("binance", "BTC/USDT", "buy") == 1
    (escalation,) = witness.of(EscalationEvent)
    assert "c-1" in escalation.reason
    assert journal.done == 1
    assert bool([event for event in witness.of(PluginEvent) if event.hook == "verify"]) == isinstance(answer, Exception)


async def test_the_next_verifier_is_asked_where_one_can_not_tell(make, resume):
    handler = make(journal=Journal([LEFT]), a=Verifier({}), b=Verifier({"c-1": FOUND}))
    assert (await resume(handler)).findings == {LEFT.id: FOUND}


async def test_a_venue_that_nobody_registered_is_named_before_anything_is_asked(make, resume):
    journal, verifier = Journal([LEFT, evolve(LEFT, key="okx")]), Verifier({"c-1": FOUND})
    handler = make(journal=journal, verifier=verifier)
    with pytest.raises(VenueNotRegistered, match=r"at 'okx': .* handler\.venues\.register\('okx'"):
        await resume(handler)
    assert (journal.done, verifier.most) == (0, 0)


async def test_a_journal_that_can_not_be_read_is_not_taken_for_an_empty_one(make, resume):
    class Broken(Journal):
        def unresolved(self):
            raise OSError("corrupt")

    with pytest.raises(OSError, match="corrupt"):
        await resume(make(journal=Broken()))


async def test_a_journal_that_can_not_write_is_reported_and_the_finding_stands(make, resume, witness):
    handler = make(journal=Journal([LEFT], fails=True), verifier=Verifier({"c-1": FOUND}))
    assert (await resume(handler)).findings == {LEFT.id: FOUND}
    assert [event.hook for event in witness.of(PluginEvent) if event.fault == "raised"] == ["resolve"]


async def test_many_are_looked_up_at_a_time_but_not_all(make):
    intents = [evolve(LEFT, client_order_id=str(number)) for number in range(3 * AT_ONCE)]
    verifier = Verifier({intent.client_order_id: FOUND for intent in intents})
    report = await make(journal=Journal(intents), verifier=verifier).resume()
    assert list(report.findings) == [intent.id for intent in intents]
    assert verifier.most == AT_ONCE


async def test_an_intent_is_what_the_operation_says():
    operation = Operation(
        kind=OperationKind.SUBMIT, client_order_id="c-2", symbol="BTC/USDT", exposure=EXPOSURE, parent="c-1"
    )
    intent = Intent.of(Call(operation=operation, name="create_order"), "exchange", LEFT.created)
    assert intent is not None
    assert intent.id == ("exchange", "c-2")
    assert (intent.symbol, intent.exposure, intent.parent) == ("BTC/USDT", EXPOSURE, "c-1")
    assert not intent.state.is_resolved
    assert Intent.of(Call(operation=Operation(kind=OperationKind.SUBMIT)), "exchange", LEFT.created) is None


async def test_reconciling_asks_every_plugin_and_a_failure_is_incomplete(make, witness):
    @define
    class Asks:
        answer: object

        async def reconcile(self, key):
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    good = Reconciliation(key="binance")
    handler = make(a=Asks(good), b=Asks(None), c=Asks(ValueError("broken")))
    assert await handler.reconcile("binance") == (
        good,
        Reconciliation(key="binance", complete=False, detail="c failed"),
    )
    assert [event.hook for event in witness.of(PluginEvent) if event.fault == "raised"] == ["reconcile"]


@pytest.mark.anyio
async def test_in_the_thread_of_a_running_loop_nothing_is_begun_that_nobody_waits_for():
    asked = []

    class Journal:
        def unresolved(self):
            asked.append("unresolved")
            return [LEFT]

        def resolve(self, intent, finding):
            asked.append("resolve")

        def resumed(self):
            asked.append("resumed")

    handler = ErrorHandler(Config(), clock=FakeClock(), discover=False, plugins={"journal": Journal})
    with pytest.raises(HandlerStateError, match=r"await resume\(\)"):
        handler.resume_sync()
    await anyio.wait_all_tasks_blocked()
    assert asked == []
