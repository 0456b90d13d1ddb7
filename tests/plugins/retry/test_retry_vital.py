"""Calls that make a position safer: no budget keeps them from being made again."""

from __future__ import annotations

import pytest
from retrying import EVERY_WAY, Venue, failures, make_handler

from recoup import Guard, Operation, OperationKind, Pipeline, Priority, RetryBudget, RetryConfig

pytestmark = pytest.mark.anyio
BUDGET = RetryBudget(capacity=1, retry_cost=1, timeout_cost=1, success_gives=0, name="fleet")
AT_ONCE = RetryConfig(max_attempts=4, base_delay=0, budget=BUDGET)
VITAL = [
    Operation(kind=OperationKind.CANCEL),
    Operation(kind=OperationKind.READ, priority=Priority.CRITICAL),
    Operation(kind=OperationKind.IDEMPOTENT_WRITE, reduces_risk=True),
]


@pytest.fixture
def handler():
    return make_handler()


@pytest.mark.parametrize("make", [Pipeline, Guard])
@EVERY_WAY
class TestVital:
    @pytest.mark.parametrize("operation", VITAL, ids=["cancel", "critical", "reduces risk"])
    async def test_calls_take_no_tokens_and_need_none(self, call, handler, make, operation):
        read = make(AT_ONCE, handler=handler, operation=Operation(kind=OperationKind.READ))
        await call(read, Venue(*failures(1), "ok"))
        with pytest.raises(ConnectionError):
            await call(read, Venue(*failures(3), "never"))
        before = handler.plugins.get("retry").retry_budgets()
        vital = make(AT_ONCE, handler=handler, operation=operation)
        venue = Venue(*failures(3), "cancelled")
        assert await call(vital, venue) == "cancelled"
        assert venue.calls == 4
        assert handler.plugins.get("retry").retry_budgets() == before

    async def test_calls_are_still_made_no_more_often_than_said(self, call, handler, make):
        venue = Venue(ConnectionError())
        with pytest.raises(ConnectionError):
            await call(make(AT_ONCE, handler=handler, operation=VITAL[0]), venue)
        assert venue.calls == 4
