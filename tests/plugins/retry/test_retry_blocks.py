"""Blocks that are repeated: ``for attempt in pipeline.attempts(): with attempt: ...``."""

from __future__ import annotations

import pytest
from attrs import evolve
from retrying import READ, Venue, failures, make_handler

from recoup import OperationKind, Pipeline, RetryBudget, RetryConfig, Scope

pytestmark = pytest.mark.anyio
AT_ONCE = RetryConfig(max_attempts=3, base_delay=0)


@pytest.fixture
def handler():
    return make_handler()


async def test_blocks_ask_for_their_delays_one_by_one(handler):
    plugin = handler.plugins.get("retry")
    for config in (RetryConfig(max_attempts=3), RetryConfig(max_attempts=3, max_elapsed=60)):
        series = plugin.policy(config, Scope(key="block", kind=OperationKind.READ)).series()
        assert [series.delay_after(ConnectionError()) for _ in range(3)] == [1, 2, None]


@pytest.mark.parametrize("is_async", [False, True])
class TestBlocks:
    async def attempts(self, is_async, pipeline, venue):
        if is_async:
            async for attempt in pipeline.attempts("block"):
                async with attempt:
                    await venue.fetch_async()
            return
        for attempt in pipeline.attempts("block"):
            with attempt:
                venue.fetch()

    async def test_are_repeated_as_calls_are(self, is_async, handler):
        told = []
        config = RetryConfig(max_attempts=4, base_delay=1, before_sleep=told.append)
        venue = Venue(*failures(2), "ok")
        await self.attempts(is_async, Pipeline(config, operation=READ, handler=handler), venue)
        assert handler.clock.sleeps == [1, 2]
        assert [(item.attempt, str(item.error)) for item in told] == [(1, "failure 1"), (2, "failure 2")]

    async def test_end_with_the_last_attempts_own_error(self, is_async, handler):
        raised = failures(3)
        with pytest.raises(ConnectionError) as caught:
            await self.attempts(is_async, Pipeline(AT_ONCE, operation=READ, handler=handler), Venue(*raised))
        assert caught.value is raised[2]

    async def test_pay_from_the_budget_and_give_back(self, is_async, handler):
        config = evolve(AT_ONCE, budget=RetryBudget(name="blocks", capacity=20))
        pipeline = Pipeline(config, operation=READ, handler=handler)
        with pytest.raises(ConnectionError):
            await self.attempts(is_async, pipeline, Venue(ConnectionError()))
        await self.attempts(is_async, pipeline, Venue(*failures(1), "ok"))
        await self.attempts(is_async, pipeline, Venue("ok"))
        assert handler.plugins.get("retry").retry_budgets() == {"blocks": 11}
