"""What follows an unknown order once its call has ended, with a real handler: in tasks, in threads, in plain code."""

import anyio
import pytest
from attrs import define, field

from recoup import (
    ErrorHandler,
    EscalationEvent,
    Exposure,
    FallbackConfig,
    FallbackStrategy,
    Operation,
    OperationKind,
    VenuePorts,
    guard,
    hookimpl,
)
from recoup.testing import FakeClock
from recoup_plugins.classifier import Classifier
from recoup_plugins.fallback import FallbackPlugin
from recoup_plugins.order_submission import OrderSubmission

KEY = "venue:main"


@define(eq=False)
class Venue:
    orders: dict = field(factory=dict)
    is_down: bool = False
    sent: list = field(factory=list)

    def submit(self, client_id, error=None):
        self.sent.append(client_id)
        if isinstance(error, ConnectionRefusedError):
            raise error
        self.orders[client_id] = {"id": str(len(self.sent)), "clientOrderId": client_id, "status": "open"}
        if error is not None:
            self.is_down = True
            raise error
        return self.orders[client_id]

    def find_order(self, client_order_id, symbol):
        if self.is_down:
            raise ConnectionError
        return self.orders.get(client_order_id)


class Pager:
    def __init__(self):
        self.pages = []

    @hookimpl
    def monitor(self, event):
        if isinstance(event, EscalationEvent):
            self.pages.append(event)


@pytest.fixture
def venue():
    return Venue()


@pytest.fixture
def pager():
    return Pager()


@pytest.fixture
def handler(venue, pager):
    plugins = {
        "classifier": Classifier,
        "fallback": FallbackPlugin,
        "order_submission": OrderSubmission,
        "pager": pager,
    }
    handler = ErrorHandler(clock=FakeClock(), plugins=plugins, discover=False)
    handler.venues.register(KEY, VenuePorts(orders=venue))
    return handler


@pytest.fixture
def submission(handler):
    def make(client_id, *policies):
        exposure = Exposure(symbol="BTC/USDT", side="buy", amount="1")
        operation = Operation(
            kind=OperationKind.SUBMIT, client_order_id=client_id, key=KEY, deadline=10.0, exposure=exposure
        )
        return guard(*policies, operation=operation, component="exchange", handler=handler)

    return make


async def let_time_pass(clock):
    while True:
        await anyio.lowlevel.checkpoint()
        clock.advance(0.1)


@pytest.mark.anyio
async def test_the_background_of_an_event_loop_settles_an_order_when_the_venue_is_back(
    handler, venue, pager, submission
):
    handler.clock.auto_advance = False  # or nothing could wait in the background
    async with handler, anyio.create_task_group() as group:
        group.start_soon(let_time_pass, handler.clock)
        with pytest.raises(ConnectionResetError):
            await submission("bot-1").call(venue.submit, "bot-1", ConnectionResetError())
        assert len(pager.pages) == 1
        assert handler.exposures.amount(KEY, "BTC/USDT", "buy") == 1
        venue.is_down = False
        with anyio.fail_after(5):
            while handler.exposures.reserved():
                await anyio.lowlevel.checkpoint()
        assert (await submission("bot-1").call(venue.submit, "bot-1"))["clientOrderId"] == "bot-1"
        group.cancel_scope.cancel()
    assert venue.sent == ["bot-1"]


def test_plain_code_settles_it_before_its_next_order_at_the_venue(handler, venue, pager, submission):
    with pytest.raises(ConnectionResetError):
        submission("bot-1").call_sync(venue.submit, "bot-1", ConnectionResetError())
    assert len(pager.pages) == 1
    assert handler.exposures.amount(KEY, "BTC/USDT", "buy") == 1
    venue.is_down = False
    handler.clock.advance(300.0)
    assert submission("bot-2").call_sync(venue.submit, "bot-2")["clientOrderId"] == "bot-2"
    assert handler.exposures.reserved() == {}
    assert venue.sent == ["bot-1", "bot-2"]


@pytest.mark.anyio
async def test_a_refused_order_with_a_stand_in_may_be_sent_again(handler, venue, submission):
    fallback = FallbackConfig(strategy=FallbackStrategy.RETURN_DEFAULT, default_value="stand-in")
    async with handler:
        refused = submission("bot-1", fallback)
        assert await refused.call(venue.submit, "bot-1", ConnectionRefusedError()) == "stand-in"
        assert (await submission("bot-1").call(venue.submit, "bot-1"))["clientOrderId"] == "bot-1"
    assert handler.clock.monotonic() == 0.0
    assert venue.sent == ["bot-1", "bot-1"]


@pytest.mark.anyio
async def test_a_cancel_that_lost_the_race_with_a_fill_gives_the_order(handler, venue):
    class OrderNotFound(Exception):
        """What the classifier knows nothing of: its outcome is unknown."""

    def cancel(client_id):
        raise OrderNotFound

    venue.orders["bot-1"] = {"id": "1", "clientOrderId": "bot-1", "status": "closed", "filled": "1"}
    operation = Operation(kind=OperationKind.CANCEL, client_order_id="bot-1", key=KEY)
    async with handler:
        order = await guard(operation=operation, component="exchange", handler=handler).call(cancel, "bot-1")
    assert order["filled"] == "1"
