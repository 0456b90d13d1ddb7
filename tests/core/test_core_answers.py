"""An order without an id is no order: the submission is looked up, whatever client it went through."""

from __future__ import annotations

import anyio
import pytest

from recoup import ErrorHandler, Guard, Operation, OperationKind, UnreadableAnswer, outcome_of
from recoup.outcome import Decision
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio
FOUND = {"id": "7", "clientOrderId": "c-1", "status": "open"}


class Orders:
    client_id_rule = "forever"
    searches_everywhere = True

    def __init__(self, found):
        self.found = found

    async def find_order(self, client_order_id, symbol):
        return self.found


@pytest.fixture(params=["async", "sync"])
def send(request):
    async def run(answer, *, kind=OperationKind.SUBMIT, orders=None, **fields):
        operation = Operation(kind=kind, client_order_id="c-1", key="venue", orders=orders, **fields)
        guarded = Guard(operation=operation, handler=ErrorHandler(clock=FakeClock()))

        async def create_order():
            return answer

        if request.param == "async":
            return await guarded.call(create_order)
        return await anyio.to_thread.run_sync(guarded.call_sync, lambda: answer)

    return run


@pytest.mark.parametrize("order_id", [None, ""])
async def test_it_is_looked_up_and_adopted(send, order_id):
    assert await send({"id": order_id, "status": None}, orders=Orders(FOUND)) == FOUND


async def test_a_cancel_without_an_order_is_held_against_the_order(send):
    cancelled = FOUND | {"status": "canceled"}
    assert await send({"id": None}, kind=OperationKind.CANCEL, orders=Orders(cancelled)) == cancelled


async def test_where_it_can_not_be_found_nobody_takes_it_for_an_order(send):
    with pytest.raises(UnreadableAnswer, match="answered without an order id") as caught:
        await send({"id": None}, orders=Orders(None), deadline=10.0)
    assert caught.value.client_order_id == "c-1"
    assert outcome_of(caught.value).decision in (Decision.UNKNOWN, Decision.RAISE)


@pytest.mark.parametrize("answer", [FOUND, {"status": "ok"}, {}, None, "sent", {"id": 0}])
async def test_whatever_else_it_gives_is_its_result(send, answer):
    assert await send(answer, orders=Orders(None)) == answer


@pytest.mark.parametrize("kind", [OperationKind.READ, OperationKind.IDEMPOTENT_WRITE, OperationKind.AMEND])
async def test_other_calls_may_answer_as_they_like(send, kind):
    assert await send({"id": None}, kind=kind, orders=Orders(None)) == {"id": None}


async def test_what_can_not_be_looked_up_is_left_to_the_application(send):
    assert await send({"id": None}) == {"id": None}
