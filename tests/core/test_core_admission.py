"""Side effects are admitted before they are sent, and whoever admitted them learns how they ended."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from attrs import define, field

from recoup import (
    ErrorHandler,
    EscalationEvent,
    HandlerStateError,
    Operation,
    OperationKind,
    OutcomeUnknown,
    PluginEvent,
    Recovery,
    guard,
    hookimpl,
)
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio
SUBMIT = Operation(kind=OperationKind.SUBMIT, client_order_id="c-1")


@define
class Watch:
    """An admitter that answers as it is told and keeps a diary."""

    answer: Any = None
    wait: bool = False
    diary: list[Any] = field(factory=list)

    def admit(self, call, component):
        self.diary.append("asked")
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self._later() if self.wait else self.answer

    async def _later(self):
        await anyio.lowlevel.checkpoint()
        if isinstance(self.wait, BaseException):
            raise self.wait
        return self.answer

    def settle(self, call, component, error):
        self.diary.append((type(error).__name__ if error else "done", call.unresolved))


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
        return ErrorHandler(discover=False, clock=FakeClock(), plugins={**plugins, "witness": witness})

    return build


@pytest.fixture(params=["async", "sync"])
def call(request):
    """Make a guarded call in both ways; the synchronous one without a loop in its thread."""

    async def run(handler, function, operation=SUBMIT):
        guarded = guard(operation=operation, handler=handler)
        if request.param == "async":
            return await guarded.call(function)
        return await anyio.to_thread.run_sync(guarded.call_sync, function)

    return run


def place():
    return "placed"


def lose():
    raise ConnectionResetError("the answer was lost")


async def test_one_that_is_admitted_and_succeeds(make, call):
    watch = Watch()
    assert await call(make(watch=watch), place) == "placed"
    assert watch.diary == ["asked", ("done", False)]


async def test_one_that_fails_of_which_nobody_knows(make, call):
    watch = Watch()
    with pytest.raises(ConnectionResetError):
        await call(make(watch=watch), lose)
    assert watch.diary == ["asked", ("ConnectionResetError", True)]


@pytest.mark.parametrize("wait", [False, True])
async def test_one_that_is_found_is_not_sent(make, call, wait):
    watch = Watch(Recovery.recovered("found", verified=True), wait=wait)
    assert await call(make(watch=watch), lose) == "found"
    assert watch.diary == ["asked"]


@pytest.mark.parametrize("wait", [False, True])
async def test_one_that_may_have_happened_is_refused(make, call, wait):
    first, second = Watch(), Watch(Recovery.unknown("the venue does not answer"), wait=wait)
    with pytest.raises(OutcomeUnknown, match="not sent again: the venue does not answer") as refused:
        await call(make(a=first, b=second), lose)
    assert refused.value.key == "c-1"
    assert first.diary == ["asked", ("OutcomeUnknown", False)]
    assert second.diary == ["asked"]


@pytest.mark.parametrize(
    "watch",
    [lambda: Watch(RuntimeError("broken")), lambda: Watch("yes"), lambda: Watch(wait=RuntimeError("broken"))],
    ids=["raises", "wrong type", "raises later"],
)
async def test_an_admitter_that_fails_is_reported_and_holds_nothing_up(make, call, witness, watch):
    watch = watch()
    assert await call(make(watch=watch), place) == "placed"
    assert [(event.plugin, event.hook) for event in witness.of(PluginEvent)] == [("watch", "admit")]
    assert watch.diary == ["asked"]


async def test_an_admitter_that_fails_to_take_note_is_reported(make, call, witness):
    class Clumsy(Watch):
        def settle(self, call, component, error):
            raise RuntimeError("broken")

    assert await call(make(watch=Clumsy()), place) == "placed"
    assert [(event.plugin, event.hook) for event in witness.of(PluginEvent)] == [("watch", "settle")]


@pytest.mark.parametrize("kind", [OperationKind.READ, OperationKind.CANCEL, OperationKind.IDEMPOTENT_WRITE])
async def test_what_may_be_repeated_is_not_asked_about(make, call, kind):
    watch = Watch()
    assert await call(make(watch=watch), place, Operation(kind=kind)) == "placed"
    assert watch.diary == []


async def test_a_cancellation_in_flight_is_escalated_and_passes(make, witness):
    watch = Watch()
    handler = make(watch=watch)

    with anyio.CancelScope() as scope:

        async def hang():
            scope.cancel()
            await anyio.sleep_forever()

        await guard(operation=SUBMIT, handler=handler, component="desk").call(hang)

    assert scope.cancelled_caught
    ((_, unresolved),) = watch.diary[1:]
    assert unresolved
    (escalation,) = witness.of(EscalationEvent)
    assert escalation.component == "desk"
    assert "nobody knew" in escalation.reason


async def test_a_cancellation_before_anything_was_sent_is_not(make, witness):
    class Holding(Watch):
        holds = ("venue",)

        def delay(self, operation, component):
            return 1.0

    watch = Holding()
    handler = make(watch=watch)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await guard(operation=SUBMIT, handler=handler).call(lose)

    assert scope.cancelled_caught
    assert [unresolved for _, unresolved in watch.diary[1:]] == [False]
    assert witness.of(EscalationEvent) == []


async def test_a_cancellation_while_one_waits_frees_those_before_it(make):
    first, second = Watch(), Watch(wait=True)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await guard(operation=SUBMIT, handler=make(a=first, b=second)).call(place)
    assert scope.cancelled_caught
    assert [unresolved for _, unresolved in first.diary[1:]] == [False]
    assert second.diary == ["asked"]


async def test_a_synchronous_call_in_the_loop_s_thread_sends_nothing_that_has_to_be_looked_up_first(make):
    watch = Watch(wait=True)
    with pytest.raises(HandlerStateError):
        guard(operation=SUBMIT, handler=make(watch=watch)).call_sync(lose)
    assert watch.diary == ["asked"]


async def test_a_synchronous_call_in_the_loop_s_thread_that_can_t_be_verified_is_escalated(make, witness):
    class Slow:
        @hookimpl
        async def recover(self):
            await anyio.sleep(1)

    with pytest.raises(ConnectionResetError):
        guard(operation=SUBMIT, handler=make(slow=Slow())).call_sync(lose)
    assert len(witness.of(EscalationEvent)) == 1


@pytest.mark.parametrize("answer", [Recovery.give_up("nah"), Recovery.recovered("guessed")])
@pytest.mark.parametrize("kind", [OperationKind.SUBMIT, OperationKind.AMEND])
async def test_no_plugin_ends_the_doubt_by_giving_up_or_guessing(make, call, witness, kind, answer):
    class Careless:
        @hookimpl
        def recover(self):
            return answer

    with pytest.raises(ConnectionResetError):
        await call(make(careless=Careless()), lose, Operation(kind=kind))
    assert len(witness.of(EscalationEvent)) == 1


async def test_lookups_of_plugins_are_nothing_for_a_human(make, witness):
    from recoup import Classification, ErrorCategory, ErrorSeverity

    class Severe:
        @hookimpl
        def classify(self):
            return Classification(severity=ErrorSeverity.CRITICAL, category=ErrorCategory.SYSTEM, retryable=False)

    handler = make(severe=Severe())
    with pytest.raises(ConnectionResetError):
        await handler.call(lose, component="desk", operation=Operation(kind=OperationKind.READ))
    assert witness.of(EscalationEvent) == []


@pytest.mark.parametrize("client_order_id", ["named", None])
async def test_each_order_that_is_broken_off_is_a_matter_of_its_own(witness, client_order_id):
    async with ErrorHandler(clock=FakeClock(), discover=False, plugins={"witness": witness}) as handler:
        for number in range(3):
            order = client_order_id and f"{client_order_id}-{number}"

            @guard(operation=Operation(kind=OperationKind.SUBMIT, client_order_id=order), handler=handler)
            async def create_order():
                await anyio.sleep_forever()

            with anyio.move_on_after(0.001):
                await create_order()
    told = witness.of(EscalationEvent)
    assert len({event.escalation_id for event in told}) == len(told) == 3
    if client_order_id is not None:
        assert [event.reason.rpartition(" ")[2] for event in told] == ["named-0", "named-1", "named-2"]
