"""A stranger's scenario goes before the built-in ones where it is configured to, and sees what they see."""

from __future__ import annotations

import anyio
import pytest

from recoup import Config, ErrorHandler, Guard, Operation, OperationKind, Recovery, RetryConfig, VenuePorts, hookimpl
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio
ORDER = {"id": "1", "clientOrderId": "c-1", "status": "open"}


class Orders:
    """An order port that counts its lookups."""

    def __init__(self):
        self.lookups = 0

    async def find_order(self, client_order_id, symbol):
        self.lookups += 1
        return ORDER


def scenario(answer, seen):
    class House:
        """A scenario that a stranger has written."""

        @hookimpl
        async def recover(self, error, context):
            await anyio.lowlevel.checkpoint()
            seen.append((error, context))
            return answer

    return House


def handler_with(house, *, first):
    order = ["house"] if first else []
    config = Config.from_dict({"error_handling": {"plugin_order": order}}, plugins={"house": house})
    handler = ErrorHandler(config, clock=FakeClock(), plugins={"house": house})
    handler.venues.register("venue", VenuePorts(orders=Orders()))
    return handler


async def submit(handler):
    operation = Operation(kind=OperationKind.SUBMIT, key="venue", client_order_id="c-1", symbol="BTC/USDT")
    error = ConnectionResetError("lost")

    async def create_order():
        raise error

    guarded = Guard(RetryConfig(max_attempts=3), operation=operation, component="exchange", handler=handler)
    return await guarded.call(create_order), error


async def test_it_answers_before_the_built_in_ones_where_the_configuration_says_so():
    seen = []
    handler = handler_with(scenario(Recovery.recovered({"id": "house"}, verified=True), seen), first=True)
    result, error = await submit(handler)
    assert result == {"id": "house"}
    assert handler.venues.get("venue").orders.lookups == 0
    ((saw, context),) = seen
    assert saw is error
    assert (context.component, context.symbol, context.order_id) == ("exchange", "BTC/USDT", "c-1")
    assert context.call.operation.orders is handler.venues.get("venue").orders
    assert not context.classification.outcome_known


async def test_where_it_passes_the_built_in_ones_see_the_same_context():
    seen = []
    handler = handler_with(scenario(None, seen), first=True)
    result, _ = await submit(handler)
    assert result is ORDER
    assert len(seen) == 1


async def test_without_being_named_it_comes_after_those_that_go_first():
    seen = []
    handler = handler_with(scenario(Recovery.recovered({"id": "house"}, verified=True), seen), first=False)
    result, _ = await submit(handler)
    assert result is ORDER
    assert seen == []


@pytest.mark.parametrize("answer", [Recovery.retry(), Recovery.recovered({"id": "guess"})], ids=["retry", "recovered"])
async def test_even_a_preferred_one_cannot_have_an_order_sent_or_settled_unverified(answer):
    seen = []
    handler = handler_with(scenario(answer, seen), first=True)
    result, _ = await submit(handler)
    assert result is ORDER
