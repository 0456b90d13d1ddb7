"""An order that had to wait is sent only where the application still wants it."""

from __future__ import annotations

import anyio
import pytest
from attrs import define, field

from recoup import Config, ErrorHandler, Guard, HeldBack, NotWanted, Operation, OperationKind, StateEvent, hookimpl
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio


@define
class Pause:
    """Holds the first call back for some seconds."""

    seconds: float
    holds: set = field(factory=lambda: {"binance"})

    def delay(self, operation, component):
        self.holds.clear()
        return self.seconds


class Witness:
    def __init__(self):
        self.events = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)

    @hookimpl
    def sanitize(self, payload):
        return payload


@pytest.fixture
def witness():
    return Witness()


@pytest.fixture(params=["async", "sync"])
def call(request, witness):
    sent = []

    def create_order():
        sent.append(1)
        return "sent"

    async def create_order_async():
        return create_order()

    async def run(seconds, **fields):
        handler = ErrorHandler(
            Config(), clock=FakeClock(), discover=False, plugins={"pause": Pause(seconds), "witness": witness}
        )
        operation = Operation(kind=OperationKind.SUBMIT, client_order_id="c-1", key="binance", **fields)
        guarded = Guard(operation=operation, handler=handler)
        if request.param == "async":
            return await guarded.call(create_order_async)
        return await anyio.to_thread.run_sync(guarded.call_sync, create_order)

    run.sent = sent
    return run


def answer(kind, value):
    def plain():
        if isinstance(value, Exception):
            raise value
        return value

    async def later():
        await anyio.lowlevel.checkpoint()
        return plain()

    return {"plain": plain, "awaitable": later}[kind]


@pytest.mark.parametrize("kind", ["plain", "awaitable"])
async def test_what_is_still_wanted_is_sent(call, kind):
    assert await call(60.0, still_wanted=answer(kind, value=True)) == "sent"


@pytest.mark.parametrize("kind", ["plain", "awaitable"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [(False, "the application does not want it any more"), (ValueError("no price"), "still_wanted raised ValueError")],
)
async def test_what_is_not_wanted_any_more_is_dropped_on_record(call, witness, kind, value, reason):
    with pytest.raises(NotWanted, match=f"had to wait 60.0 s and is not sent: {reason}") as caught:
        await call(60.0, still_wanted=answer(kind, value))
    assert caught.value.key == "c-1"
    assert call.sent == []
    (event,) = [event for event in witness.events if isinstance(event, StateEvent)]
    assert (event.subject, event.new) == ("deferred:c-1", "dropped")


async def test_what_did_not_wait_is_not_asked_about(call):
    assert await call(0.0, still_wanted=answer("plain", value=False)) == "sent"


async def test_an_order_that_would_wait_past_its_deadline_is_dropped_on_record(call, witness):
    with pytest.raises(HeldBack):
        await call(60.0, deadline=10.0)
    assert call.sent == []
    assert [event.new for event in witness.events if isinstance(event, StateEvent)] == ["dropped"]


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
async def test_a_call_without_a_deadline_is_not_held_back_for_ever(is_async):
    class Forever:
        holds = {"binance"}  # noqa: RUF012 - a role's attribute

        def delay(self, operation, component):
            return 60.0

    clock = FakeClock()
    config = Config.from_dict({"error_handling": {"max_call_seconds": 3600}})
    handler = ErrorHandler(config, clock=clock, discover=False, plugins={"forever": Forever})
    guarded = Guard(operation=Operation(kind=OperationKind.READ, key="binance"), handler=handler)
    with pytest.raises(HeldBack, match="past max_call_seconds"):
        if is_async:
            await guarded.call(lambda: None)
        else:
            guarded.call_sync(lambda: None)
    assert clock.monotonic() == 3600
