"""A refusal that comes out of an order function says nothing of the order, which may have been sent before."""

from __future__ import annotations

import copy
import pickle

import pytest

from recoup import (
    CircuitBreakerConfig,
    CircuitOpen,
    Decision,
    ErrorHandler,
    EscalationEvent,
    FallbackConfig,
    FallbackStrategy,
    Guard,
    Operation,
    OperationKind,
    Pipeline,
    RateLimited,
    Refused,
    RetryConfig,
    hookimpl,
    outcome_of,
)
from recoup.testing import FakeClock
from recoup_plugins.bulkhead import BulkheadConfig, BulkheadPlugin
from recoup_plugins.circuit_breaker import CircuitBreakerPlugin
from recoup_plugins.classifier import Classifier
from recoup_plugins.fallback import FallbackPlugin
from recoup_plugins.order_submission import OrderSubmission
from recoup_plugins.rate_limit import RateLimitConfig, RateLimitPlugin
from recoup_plugins.retry import RetryPlugin

SUBMIT = Operation(kind=OperationKind.SUBMIT)
READ = Operation(kind=OperationKind.READ)
NAMED = RetryConfig(max_attempts=3, base_delay=0, exceptions=(Refused,))
STANDS_IN = FallbackConfig(strategy=FallbackStrategy.RETURN_DEFAULT, exceptions=(Refused,), default_value="stand-in")
CLOSED_OFF = CircuitBreakerConfig(name="positions")
PLUGINS = {
    "bulkhead": BulkheadPlugin,
    "circuit_breaker": CircuitBreakerPlugin,
    "classifier": Classifier,
    "fallback": FallbackPlugin,
    "order_submission": OrderSubmission,
    "rate_limit": RateLimitPlugin,
    "retry": RetryPlugin,
}
EVERY_WAY = pytest.mark.parametrize("how", ["call", "decorated", "call, async", "decorated, async"])


class Listens:
    def __init__(self):
        self.escalations = []

    @hookimpl
    def monitor(self, event):
        if isinstance(event, EscalationEvent):
            self.escalations.append(event)


@pytest.fixture
def listens():
    return Listens()


@pytest.fixture
def handler(listens):
    handler = ErrorHandler(discover=False, clock=FakeClock(), plugins=PLUGINS | {"listens": listens})
    handler.plugins.get("circuit_breaker").force_open("positions")
    return handler


class Exchange:
    """Takes orders, and looks something up after each that is closed off."""

    def __init__(self, handler, key="positions"):
        self.sent = 0
        lookup = Pipeline(CircuitBreakerConfig(name=key), handler=handler, operation=READ)
        self.positions = lookup(lambda: "positions")

    def create_order(self):
        self.sent += 1
        return self.positions()


async def made(how, pipeline, exchange):
    if "async" not in how:
        return pipeline(exchange.create_order)() if "decorated" in how else pipeline.call_sync(exchange.create_order)

    async def create_order():
        return exchange.create_order()

    return await (pipeline(create_order)() if "decorated" in how else pipeline.call(create_order))


@pytest.mark.anyio
@EVERY_WAY
class TestPipeline:
    @pytest.mark.parametrize(
        "policies",
        [
            (NAMED,),
            (NAMED, CircuitBreakerConfig(name="orders")),
            (RetryConfig(max_attempts=3, base_delay=0, exceptions=(Refused,), max_elapsed=60.0),),
            (STANDS_IN,),
            (STANDS_IN, NAMED, RateLimitConfig(rate=100), BulkheadConfig(max_concurrent=2)),
        ],
        ids=["retry", "retry, breaker", "standing retry", "fallback", "many"],
    )
    async def test_the_order_is_sent_once_and_the_refusal_comes_out(self, how, handler, policies):
        exchange = Exchange(handler)
        with pytest.raises(CircuitOpen) as caught:
            await made(how, Pipeline(*policies, handler=handler, operation=SUBMIT), exchange)
        assert exchange.sent == 1
        assert caught.value.from_within
        assert caught.value.key == "positions"

    async def test_not_even_where_the_call_s_own_circuit_goes_by_the_same_name(self, how, handler):
        exchange = Exchange(handler, key="shared")
        pipeline = Pipeline(NAMED, CircuitBreakerConfig(name="shared"), handler=handler, operation=SUBMIT)

        def positions():
            raise CircuitOpen("closed meanwhile", key="shared")

        exchange.positions = positions
        with pytest.raises(CircuitOpen):
            await made(how, pipeline, exchange)
        assert exchange.sent == 1

    async def test_a_refusal_of_the_order_itself_is_repeated_and_stood_in_for(self, how, handler):
        exchange = Exchange(handler)
        pipeline = Pipeline(STANDS_IN, NAMED, CLOSED_OFF, handler=handler, operation=SUBMIT)
        assert await made(how, pipeline, exchange) == "stand-in"
        assert exchange.sent == 0

    async def test_what_may_be_repeated_is(self, how, handler):
        exchange = Exchange(handler)
        with pytest.raises(CircuitOpen) as caught:
            await made(how, Pipeline(NAMED, handler=handler, operation=READ), exchange)
        assert exchange.sent == 3
        assert not caught.value.from_within


@pytest.mark.anyio
@EVERY_WAY
class TestGuard:
    @pytest.mark.parametrize("policies", [(), (NAMED,), (STANDS_IN,), (NAMED, STANDS_IN), (RetryConfig(base_delay=0),)])
    async def test_nobody_knows_what_became_of_the_order(self, how, handler, listens, policies):
        exchange = Exchange(handler)
        with pytest.raises(CircuitOpen) as caught:
            await made(how, Guard(*policies, handler=handler, operation=SUBMIT), exchange)
        assert exchange.sent == 1
        outcome = outcome_of(caught.value)
        assert outcome is not None
        assert outcome.decision is Decision.UNKNOWN
        assert not outcome.classification.outcome_known
        assert len(listens.escalations) == 1

    async def test_a_refusal_of_the_order_itself_is_known(self, how, handler, listens):
        exchange = Exchange(handler)
        guard = Guard(STANDS_IN, CLOSED_OFF, handler=handler, operation=SUBMIT)
        assert await made(how, guard, exchange) == "stand-in"
        assert exchange.sent == 0
        assert listens.escalations == []

    async def test_a_lookup_that_settles_it_counts_for_more(self, how, handler):
        exchange = Exchange(handler)
        operation = Operation(kind=OperationKind.SUBMIT, client_order_id="c-1", verify=lambda: "found")
        result = await made(how, Guard(NAMED, handler=handler, operation=operation), exchange)
        assert result == "found"
        assert exchange.sent == 1


@pytest.mark.anyio
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
class TestBlocks:
    async def test_a_fallback_does_not_stand_in_for_a_block_that_has_sent_an_order(self, handler, is_async):
        exchange = Exchange(handler)
        block = Pipeline(STANDS_IN, handler=handler, operation=SUBMIT).context("orders")
        with pytest.raises(CircuitOpen):
            if is_async:
                async with block:
                    exchange.create_order()
            else:
                with block:
                    exchange.create_order()
        assert not block.rescued

    async def test_attempts_end_with_one_that_has_sent_an_order(self, handler, is_async):
        exchange = Exchange(handler)
        attempts = Pipeline(NAMED, handler=handler, operation=SUBMIT).attempts("orders")
        with pytest.raises(CircuitOpen):
            if is_async:
                async for attempt in attempts:
                    async with attempt:
                        exchange.create_order()
            else:
                for attempt in attempts:
                    with attempt:
                        exchange.create_order()
        assert exchange.sent == 1


def test_the_mark_survives_a_process_boundary():
    error = RateLimited("full", key="venue", retry_after=1.0)
    assert not error.from_within
    error.from_within = True
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (other.from_within, other.key, other.retry_after, str(other)) == (True, "venue", 1.0, "full")
