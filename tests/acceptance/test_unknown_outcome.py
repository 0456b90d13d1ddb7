"""An order whose fate nobody can tell: with every plugin at work not sent again, escalated, and told to the caller."""

import pytest

from recoup import (
    Decision,
    ErrorHandler,
    EscalationEvent,
    FallbackConfig,
    Operation,
    OperationKind,
    RetryConfig,
    guard,
    hookimpl,
    outcome_of,
    with_retry,
)
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio


class Pager:
    def __init__(self):
        self.pages = []

    @hookimpl
    def monitor(self, event):
        if isinstance(event, EscalationEvent):
            self.pages.append(event)


@pytest.fixture
def pager():
    return Pager()


@pytest.fixture
def handler(pager):
    return ErrorHandler(clock=FakeClock(), plugins={"pager": pager})


class Venue:
    def __init__(self):
        self.sent = 0

    async def create_order(self):
        self.sent += 1
        raise ConnectionResetError("reset by peer")


@pytest.mark.parametrize("kind", [OperationKind.SUBMIT, OperationKind.AMEND])
@pytest.mark.parametrize("policies", [(), (RetryConfig(),), (FallbackConfig(),), (RetryConfig(), FallbackConfig())])
async def test_without_a_way_to_look_it_up(handler, pager, kind, policies):
    venue = Venue()
    call = guard(*policies, operation=Operation(kind=kind), handler=handler)

    with pytest.raises(ConnectionResetError) as caught:
        await call.call(venue.create_order)

    assert venue.sent == 1
    assert outcome_of(caught.value).decision is Decision.UNKNOWN
    assert len(pager.pages) == 1


async def test_of_a_function_whose_name_says_that_it_orders(handler, pager):
    venue = Venue()

    with pytest.raises(ConnectionResetError) as caught:
        await with_retry(max_retries=5, handler=handler)(venue.create_order)()

    assert venue.sent == 1
    assert outcome_of(caught.value).decision is Decision.UNKNOWN


async def test_that_the_application_handles_by_itself(handler, pager):
    error = ConnectionResetError("reset by peer")

    outcome = await handler.process(error, handler.create_error_context(error, "exchange", "create_order"))

    assert (outcome.decision, outcome.escalated, outcome.handled) == (Decision.UNKNOWN, True, False)
    assert len(pager.pages) == 1


async def test_a_known_failure_is_told_apart(handler, pager):
    async def create_order():
        raise ConnectionRefusedError("nobody listens")

    with pytest.raises(ConnectionRefusedError) as caught:
        await guard(operation=Operation(kind=OperationKind.SUBMIT), handler=handler).call(create_order)

    assert outcome_of(caught.value).decision is Decision.RAISE
    assert outcome_of(ValueError()) is None
