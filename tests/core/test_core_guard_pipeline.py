"""A guard's policies around its recovery: their order, and the short way of a call that needs nothing beforehand."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from guarding import Core, Flaky, Repeats, StandsIn
from pipelining import Again, Door, Instead, Server, serving

from recoup import (
    Classification,
    ErrorCategory,
    ErrorHandler,
    ErrorSeverity,
    FallbackConfig,
    Guard,
    Operation,
    OperationKind,
    Pipeline,
    Place,
    PolicyMisuse,
    RateLimited,
    Recovery,
    RetryConfig,
    UniversalErrorHandler,
    guard,
    hookimpl,
    outcome_of,
)

pytestmark = pytest.mark.anyio
OUTER = Door(name="outer", place=Place.TOTAL_TIMEOUT)
INNER = Door(name="inner", place=Place.CIRCUIT_BREAKER)


@pytest.fixture(params=["decorated", "decorated async", "inline", "inline async"])
def way(request):
    return request.param


@pytest.fixture
def server():
    return Server()


def make(server: Server, **plugins: Any) -> ErrorHandler:
    return serving(server, core=Core(), **plugins)


async def through(way: str, guarded: Guard, function: Any, *args: Any) -> Any:
    async def fetch(*args: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return function(*args)

    if way == "decorated":
        return guarded(function)(*args)
    if way == "decorated async":
        return await guarded(fetch)(*args)
    return guarded.call_sync(function, *args) if way == "inline" else await guarded.call(fetch, *args)


def entered(server: Server) -> list[str]:
    return [entry for entry in server.log if isinstance(entry, str)]


class TestOrder:
    async def test_policies_before_the_retry_see_the_call_those_behind_it_each_attempt(self, way, server):
        guarded = Guard(INNER, RetryConfig(), OUTER, handler=make(server, repeats=Repeats()))
        flaky = Flaky(2)
        assert await through(way, guarded, flaky, 7) == 7
        assert flaky.calls == 3
        assert entered(server) == ["+outer", "+inner", "+inner", "+inner"]
        assert server.log[-1] == ("-outer", None)

    async def test_without_a_retry_the_recovery_stands_where_one_would(self, way, server):
        guarded = Guard(INNER, OUTER, handler=make(server, repeats=Repeats()))
        await through(way, guarded, Flaky(1))
        assert entered(server) == ["+outer", "+inner", "+inner"]

    async def test_a_pipeline_keeps_its_own(self, way, server):
        whole = Pipeline(INNER, RetryConfig(), OUTER, name="venue", operation=Operation(kind=OperationKind.READ))
        guarded = guard(whole, handler=make(server, repeats=Repeats()))
        await through(way, guarded, Flaky(1))
        assert entered(server) == ["+inner", "+outer", "+outer"]
        assert {(scope.key, scope.kind) for scope in server.scopes} == {("venue", OperationKind.READ)}

    def test_a_pipeline_stands_alone(self):
        with pytest.raises(TypeError, match="policies or one pipeline, not both"):
            guard(Pipeline(INNER), OUTER)

    async def test_that_makes_no_sense_is_refused(self, way, server):
        with pytest.raises(PolicyMisuse, match="attempts multiply"):
            await through(way, Guard(Again(), Again(), handler=make(server)), Flaky(0))

    async def test_what_refuses_around_the_recovery_is_not_recovered(self, way, server):
        door = Door(name="outer", place=Place.TOTAL_TIMEOUT, acquire=RateLimited("full", key="outer"))
        handler = make(server, stands_in=(stands_in := StandsIn("no")))
        with pytest.raises(RateLimited):
            await through(way, Guard(door, handler=handler), Flaky(0))
        assert stands_in.errors == []

    async def test_a_fallback_with_something_between_it_and_the_recovery_stands_in_for_that_as_well(self, way, server):
        class Gives(Server):
            serves = (FallbackConfig,)

            def policy(self, config, scope):
                return super().policy(Instead(value="stale"), scope)

            def placing(self, config):
                return super().placing(Instead())

        door = Door(name="outer", place=Place.TOTAL_TIMEOUT, acquire=RateLimited("full", key="outer"))
        seen = []

        class Looks:
            @hookimpl
            def recover(self, context):
                seen.append(context.call.policy(FallbackConfig))

        handler = serving(server, gives=Gives(), looks=Looks())
        assert await through(way, Guard(FallbackConfig(), door, handler=handler), Flaky(0)) == "stale"
        assert await through(way, Guard(FallbackConfig(), OUTER, handler=handler), Flaky(1)) == "stale"
        assert seen == [None]  # the recovery leaves it to the fallback around


class TestTheShortWay:
    """A decorated function whose calls need no admission, no deadline and no keeper of results."""

    async def test_has_the_error_recovered_with_the_call_s_arguments(self, way, server):
        calls = []

        class Looks:
            @hookimpl
            def recover(self, context):
                call = context.call
                calls.append((call.args, call.attempts, call.unresolved, sorted(call.gates)))
                return Recovery.recovered("found")

        guarded = Guard(OUTER, INNER, handler=make(server, looks=Looks()))
        assert await through(way, guarded, Flaky(1), 5) == "found"
        assert calls == [((5,), 1, True, ["inner", "outer"])]

    async def test_a_refusal_of_its_own_gate_counts_as_no_attempt(self, way, server):
        attempts = []

        class Looks:
            @hookimpl
            def recover(self, context):
                attempts.append(context.call.attempts)

        door = Door(name="inner", acquire=RateLimited("full", key="inner"))
        guarded = Guard(RetryConfig(exceptions=(RateLimited,)), door, handler=make(server, looks=Looks()))
        with pytest.raises(RateLimited):
            await through(way, guarded, Flaky(0))
        assert attempts == [0]

    async def test_raises_the_error_with_its_outcome_where_nothing_helps(self, way, server):
        flaky = Flaky(1)
        with pytest.raises(ConnectionError) as caught:
            await through(way, Guard(INNER, handler=make(server)), flaky)
        assert caught.value is flaky.raised[0]
        assert caught.value.__context__ is None
        assert outcome_of(caught.value) is not None

    async def test_waits_while_a_pacer_holds(self, way, server):
        class Paces:
            def __init__(self):
                self.holds: set[str] = set()
                self.asked = 0

            def delay(self, operation, component):
                self.asked += 1
                return 3.0 if self.asked == 1 else 0.0

        handler = make(server, paces=(paces := Paces()))
        guarded = Guard(INNER, handler=handler)
        flaky = Flaky(0)
        await through(way, guarded, flaky)
        assert paces.asked == 0
        paces.holds.add("venue")
        await through(way, guarded, flaky)
        assert paces.asked == 2
        assert handler.clock.sleeps == [3.0]
        paces.holds.clear()
        await through(way, guarded, flaky)
        assert paces.asked == 2

    async def test_is_left_while_a_function_that_is_decorated_already_is_held_back(self, server):
        class Paces:
            def __init__(self):
                self.holds: set[str] = set()

            def delay(self, operation, component):
                self.holds.clear()
                return 3.0

        handler = make(server, paces=(paces := Paces()))
        fetch = Guard(INNER, handler=handler)(Flaky(0))
        fetch()
        paces.holds.add("venue")
        fetch()
        fetch()
        assert handler.clock.sleeps == [3.0]


class TestUniversalErrorHandler:
    NETWORK = Classification(severity=ErrorSeverity.MEDIUM, category=ErrorCategory.NETWORK, retryable=True)
    DATABASE = Classification(severity=ErrorSeverity.MEDIUM, category=ErrorCategory.DATABASE, retryable=True)

    @pytest.mark.parametrize(("error", "calls"), [(ConnectionError, 5), (LookupError, 2), (OSError, 3)])
    async def test_routes_errors_to_the_policies_of_their_category(self, error, calls):
        routes = {
            ErrorCategory.NETWORK: [RetryConfig(max_attempts=5, base_delay=0.0)],
            ErrorCategory.DATABASE: [RetryConfig(max_attempts=2, base_delay=0.0)],
        }

        class Knows:
            @hookimpl(tryfirst=True)
            def classify(self, error):
                kinds = {
                    ConnectionError: TestUniversalErrorHandler.NETWORK,
                    LookupError: TestUniversalErrorHandler.DATABASE,
                }
                return kinds.get(type(error))

        handler = ErrorHandler(plugins={"knows": Knows()})
        universal = UniversalErrorHandler(RetryConfig(max_attempts=3, base_delay=0.0), routes=routes, handler=handler)
        flaky = Flaky(99, error)

        @universal
        def fetch():
            return flaky()

        with pytest.raises(error):
            fetch()
        assert flaky.calls == calls
        assert (fetch.metrics.calls, fetch.metrics.failures) == (1, 1)

    async def test_serves_several_functions_with_metrics_of_their_own(self):
        universal = UniversalErrorHandler(handler=ErrorHandler())
        first, second = universal(Flaky(0)), universal(Flaky(0))
        first()
        assert (first.metrics.calls, second.metrics.calls) == (1, 0)

    def test_refuses_a_ttl_that_is_none_and_functions(self):
        with pytest.raises(ValueError, match="cache_ttl is in seconds and must be positive, got 0"):
            UniversalErrorHandler(cache_results=True, cache_ttl=0)
        with pytest.raises(TypeError, match="parentheses"):
            UniversalErrorHandler(abs)
