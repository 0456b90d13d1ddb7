"""The seed's decorators."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from recoup import (
    CacheConfig,
    CircuitBreakerConfig,
    Classification,
    ErrorCategory,
    ErrorHandler,
    ErrorSeverity,
    FallbackConfig,
    FallbackStrategy,
    Place,
    Placing,
    Recovery,
    RetryConfig,
    enhanced_error_handler,
    hookimpl,
    with_circuit_breaker,
    with_fallback,
    with_retry,
)
from recoup.testing import FakeClock
from recoup_plugins.cache import CachePlugin

KNOWN = Classification(severity=ErrorSeverity.CRITICAL, category=ErrorCategory.NETWORK, retryable=True)

PLACES = {RetryConfig: Place.RETRY, CircuitBreakerConfig: Place.CIRCUIT_BREAKER, FallbackConfig: Place.FALLBACK}
MOST_RESULTS = CacheConfig().max_results


class PassesOn:
    """A rescue that rescues nothing: within a guard, the ``recover`` hook does."""

    def begin(self, error):
        return None


class Serves:
    """Serves every policy and records the calls whose errors it sees."""

    serves = (RetryConfig, CircuitBreakerConfig, FallbackConfig)

    def __init__(self, stand_in: Any = None):
        self.stand_in = stand_in
        self.calls: list[Any] = []
        self.events: list[str] = []

    def placing(self, config):
        return Placing(place=PLACES[type(config)])

    def policy(self, config, scope):
        return PassesOn()

    @hookimpl
    def classify(self):
        return KNOWN

    @hookimpl
    def recover(self, context):
        self.calls.append(context.call)
        if self.stand_in is not None:
            return Recovery.recovered(self.stand_in)
        policy = context.call.policy(RetryConfig)
        repeat = policy is not None and context.call.attempts < policy.max_attempts
        return Recovery.retry(policy.base_delay) if repeat else None

    @hookimpl
    def monitor(self, event):
        self.events.append(event.kind)


def make(**kwargs: Any) -> tuple[ErrorHandler, Serves]:
    serves = Serves(**kwargs)
    return ErrorHandler(discover=False, plugins={"serves": serves, "cache": CachePlugin}, clock=FakeClock()), serves


def policy_of(decorator: Any, serves: Serves) -> Any:
    @decorator
    def fails():
        raise ConnectionError

    with pytest.raises(ConnectionError):
        fails()
    return serves.calls[-1].policies


class TestWithRetry:
    def test_makes_three_repetitions_by_default(self):
        handler, serves = make()
        (policy,) = policy_of(with_retry(handler=handler), serves)
        assert policy == RetryConfig(max_attempts=4, base_delay=1.0, max_delay=60.0, exceptions=(Exception,))
        assert len(serves.calls) == 4

    def test_makes_as_many_as_it_is_told(self):
        handler, serves = make()
        (policy,) = policy_of(with_retry(0, 2.0, 5.0, (OSError,), handler=handler), serves)
        assert policy == RetryConfig(max_attempts=1, base_delay=2.0, max_delay=5.0, exceptions=(OSError,))
        assert len(serves.calls) == 1

    def test_refuses_a_negative_number(self):
        with pytest.raises(ValueError, match="can't be negative, got -1"):
            with_retry(-1)

    def test_without_parentheses_says_so(self):
        with pytest.raises(TypeError, match=r"write @with_retry\(\) with its parentheses"):
            with_retry(lambda: None)

    @pytest.mark.parametrize("exceptions", [(KeyboardInterrupt,), (), ("OSError",)])
    def test_refuses_what_is_no_exception_class(self, exceptions):
        with pytest.raises(TypeError, match="exceptions takes exception classes"):
            with_retry(exceptions=exceptions)


class TestMissingParentheses:
    @pytest.mark.parametrize("decorator", [with_retry, with_circuit_breaker, with_fallback])
    def test_are_pointed_out(self, decorator):
        with pytest.raises(TypeError) as refused:

            @decorator
            def fetch():
                raise AssertionError("never called")

        name = decorator.__name__
        assert str(refused.value) == f"@{name} takes arguments: write @{name}() with its parentheses"

    @pytest.mark.parametrize("value", [True, "3", 2.5])
    def test_a_number_of_retries_is_a_whole_number(self, value):
        with pytest.raises(TypeError, match="max_retries is a whole number"):
            with_retry(value)


class TestTheOthers:
    def test_a_circuit_breaker_does_not_repeat(self):
        handler, serves = make()
        policies = policy_of(with_circuit_breaker(2, 30, OSError, name="venue", handler=handler), serves)
        expected = CircuitBreakerConfig(
            failure_threshold=2, recovery_timeout=30, expected_exception=OSError, name="venue"
        )
        assert policies == (expected,)
        assert not serves.calls[0].may_repeat

    def test_a_fallback_does_not_repeat(self):
        handler, serves = make()
        policies = policy_of(with_fallback(FallbackStrategy.RETURN_DEFAULT, 5, handler=handler), serves)
        assert policies == (FallbackConfig(strategy=FallbackStrategy.RETURN_DEFAULT, default_value=5),)
        assert not serves.calls[0].may_repeat

    def test_an_alternative_needs_a_function(self):
        with pytest.raises(ValueError, match="needs a fallback_function"):
            with_fallback(FallbackStrategy.RETRY_ALTERNATIVE)

    def test_they_combine(self):
        handler, _ = make(stand_in="stale")

        @with_fallback(handler=handler)
        @with_circuit_breaker(handler=handler)
        @with_retry(handler=handler)
        def quote():
            raise ConnectionError

        assert quote() == "stale"


@pytest.fixture(params=["sync", "async"])
def decorated(request):
    """Make a function under enhanced_error_handler that counts what really runs; ``call`` calls it."""
    calls: list[Any] = []

    def make_it(answer: Any = None, **options: Any) -> Any:
        def work(*args, **kwargs):
            calls.append((args, kwargs))
            if isinstance(answer, Exception):
                raise answer
            return len(calls)

        async def later(*args, **kwargs):
            return work(*args, **kwargs)

        function = enhanced_error_handler(**options)(work if request.param == "sync" else later)

        async def call(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            return result if request.param == "sync" else await result

        return function, call

    return make_it


@pytest.mark.anyio
class TestEnhanced:
    async def test_applies_every_policy_that_is_configured(self, decorated):
        handler, serves = make(stand_in="x")
        policies = (RetryConfig(), CircuitBreakerConfig(), FallbackConfig())
        _, call = decorated(
            ConnectionError(),
            handler=handler,
            **dict(zip(("retry_config", "circuit_breaker_config", "fallback_config"), policies, strict=True)),
        )
        assert await call() == "x"
        assert serves.calls[0].policies == (policies[2], policies[0], policies[1])  # in the recommended order

    async def test_counts_calls_and_failures(self, decorated):
        function, call = decorated(ConnectionError(), handler=make()[0], retry_config=RetryConfig(max_attempts=3))
        for _ in range(2):
            with pytest.raises(ConnectionError):
                await call()
        assert (function.metrics.calls, function.metrics.failures) == (2, 2)

    async def test_a_recovered_call_is_no_failure(self, decorated):
        function, call = decorated(ConnectionError(), handler=make(stand_in="x")[0])
        await call()
        assert (function.metrics.calls, function.metrics.failures) == (1, 0)

    async def test_without_metrics_counts_nothing(self, decorated):
        function, call = decorated(handler=make()[0], enable_metrics=False)
        assert await call() == 1
        assert not hasattr(function, "metrics")

    async def test_without_logging_only_escalations_are_observed(self, decorated):
        handler, serves = make()
        _, call = decorated(ConnectionError(), handler=handler, enable_logging=False)
        with pytest.raises(ConnectionError):
            await call()
        assert serves.events == ["escalation"]

    async def test_keeps_results_for_the_same_arguments_until_they_are_too_old(self, decorated):
        handler, _ = make()
        _, call = decorated(handler=handler, cache_results=True, cache_ttl=60)
        assert [await call(1, a=2), await call(1, a=2), await call(2)] == [1, 1, 2]
        handler.clock.advance(59.9)
        assert await call(1, a=2) == 1
        handler.clock.advance(0.1)
        assert await call(1, a=2) == 3

    async def test_keywords_count_whatever_their_order(self, decorated):
        _, call = decorated(handler=make()[0], cache_results=True)
        assert [await call(a=1, b=2), await call(b=2, a=1)] == [1, 1]

    async def test_cached_results_count_as_calls(self, decorated):
        function, call = decorated(handler=make()[0], cache_results=True)
        await call()
        await call()
        assert function.metrics.calls == 2

    async def test_calls_with_unhashable_arguments_are_made_each_time(self, decorated):
        _, call = decorated(handler=make()[0], cache_results=True)
        assert [await call([1]), await call([1])] == [1, 2]

    async def test_a_stand_in_is_not_kept(self, decorated):
        handler, serves = make(stand_in="stale")
        _, call = decorated(ConnectionError(), handler=handler, cache_results=True)
        assert [await call(), await call()] == ["stale", "stale"]
        assert len(serves.calls) == 2

    async def test_results_got_through_one_handler_are_not_given_through_another(self, decorated):
        _, call = decorated(cache_results=True)
        async with make()[0]:
            assert [await call(), await call()] == [1, 1]
            async with make()[0]:
                assert await call() == 2
            assert await call() == 1


class TestEnhancedAtDecoration:
    def test_gives_each_function_its_own_metrics_and_results(self):
        decorate = enhanced_error_handler(cache_results=True, handler=make()[0])
        one, two = decorate(lambda: 1), decorate(lambda: 2)
        assert (one(), two(), one()) == (1, 2, 1)
        assert (one.metrics.calls, two.metrics.calls) == (2, 1)

    def test_keeps_a_bounded_number_of_results(self):
        handler, _ = make()
        function = enhanced_error_handler(cache_results=True, handler=handler)(calls := Counts())
        for number in range(MOST_RESULTS + 1):
            function(number)
        function(MOST_RESULTS)
        assert calls.made == MOST_RESULTS + 1
        function(0)
        assert calls.made == MOST_RESULTS + 2

    def test_counts_right_from_many_threads(self):
        function = enhanced_error_handler(handler=make()[0])(Counts())
        start = threading.Barrier(8)

        def work():
            start.wait()
            for number in range(200):
                function(number)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert function.metrics.calls == 1600

    def test_refuses_a_time_that_keeps_nothing(self):
        with pytest.raises(ValueError, match="cache_ttl is in seconds and must be positive, got 0"):
            enhanced_error_handler(cache_results=True, cache_ttl=0)

    def test_without_parentheses_says_so(self):
        with pytest.raises(TypeError, match="parentheses"):
            enhanced_error_handler(lambda: None)

    def test_refuses_to_keep_the_items_of_a_generator(self):
        async def ticks():
            yield 1

        with pytest.raises(TypeError, match="can't be kept as a result"):
            enhanced_error_handler(cache_results=True)(ticks)

    @pytest.mark.anyio
    async def test_counts_generators_that_fail_to_begin(self):
        @enhanced_error_handler(handler=make()[0])
        async def ticks(fail):
            if fail:
                raise ConnectionError
            yield 1

        assert [tick async for tick in ticks(False)] == [1]
        with pytest.raises(ConnectionError):
            await anext(ticks(True))
        assert (ticks.metrics.calls, ticks.metrics.failures) == (2, 1)


class Counts:
    def __init__(self):
        self.made = 0

    def __call__(self, number):
        self.made += 1
        return number
