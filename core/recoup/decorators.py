"""The seed's decorators, each a :class:`recoup.Guard` with the policies that its arguments describe."""

from __future__ import annotations

import inspect
import threading
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve

from recoup.guard import Guard
from recoup.pipeline.compiler import compile_plan
from recoup.pipeline.fitting import Fitted
from recoup.pipeline.pipeline import refuse_functions
from recoup.policies import CacheConfig, CircuitBreakerConfig, FallbackConfig, FallbackStrategy, RetryConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from recoup.classification import ErrorCategory
    from recoup.error_handler import ErrorHandler
    from recoup.guard import Course, GuardPrograms
    from recoup.operation import Operation
    from recoup.roles import Scope

F = TypeVar("F", bound="Callable[..., Any]")

DEFAULT_RETRIES = 3


def with_retry(
    max_retries: int | None = None,
    base_delay: float = 1.0,
    max_delay: float = 60.0,
    exceptions: tuple[type[Exception], ...] | None = None,
    *,
    operation: Operation | Callable[..., Operation] | None = None,
    handler: ErrorHandler | None = None,
) -> Callable[[F], F]:
    """Repeat a failing call with exponential backoff.

    A call that can't heal is not repeated, nor one whose side effect may have happened: say what the call does with
    ``operation``, or let its name say it (``create_order`` submits, ``fetch_ticker`` reads).

    Args:
        max_retries: repetitions after the first call; 3 if None.
        base_delay: seconds before the first repetition.
        max_delay: seconds that no delay exceeds, except one that the other side asked for.
        exceptions: only these are repeated; if None, all that may heal.
        operation: what the call does, or a function that says so from the call's arguments.
        handler: the handler; by default the current one, or the factory's.

    Raises:
        ValueError: a number is out of range.
        TypeError: ``exceptions`` holds something else than exception classes.
    """
    retries: Any = DEFAULT_RETRIES if max_retries is None else max_retries
    _refuse_bare("with_retry", retries)
    if not isinstance(retries, int) or isinstance(retries, bool):
        raise TypeError(f"max_retries is a whole number, got {retries!r}")
    if retries < 0:
        raise ValueError(f"max_retries is the number of repetitions and can't be negative, got {retries}")
    config = RetryConfig(
        max_attempts=retries + 1,
        base_delay=base_delay,
        max_delay=max_delay,
        exceptions=(Exception,) if exceptions is None else exceptions,
    )
    return Guard(config, operation=operation, handler=handler)


def with_circuit_breaker(
    failure_threshold: int = 5,
    recovery_timeout: int = 60,
    expected_exception: type[Exception] = Exception,
    *,
    name: str | None = None,
    handler: ErrorHandler | None = None,
) -> Callable[[F], F]:
    """Refuse calls with :class:`recoup.CircuitOpen` after repeated failures.

    Args:
        failure_threshold: failures in a row that open the circuit.
        recovery_timeout: seconds until one trial call is let through.
        expected_exception: only these count as failures.
        name: share the circuit with all who name it; by default each function has its own.
        handler: the handler; by default the current one, or the factory's.

    Raises:
        ValueError: a number is out of range.
        TypeError: a value is of the wrong type, as where the parentheses were left out.
    """
    _refuse_bare("with_circuit_breaker", failure_threshold)
    config = CircuitBreakerConfig(
        failure_threshold=failure_threshold,
        recovery_timeout=recovery_timeout,
        expected_exception=expected_exception,
        name=name,
    )
    return Guard(config, handler=handler, may_repeat=False)


def with_fallback(
    strategy: FallbackStrategy = FallbackStrategy.RETURN_NONE,
    default_value: Any = None,
    fallback_function: Callable[..., Any] | None = None,
    *,
    handler: ErrorHandler | None = None,
) -> Callable[[F], F]:
    """Give a stand-in for the result of a call that has failed.

    A side effect whose outcome is unknown is no failure, and gets no stand-in.

    Args:
        strategy: which stand-in.
        default_value: for ``RETURN_DEFAULT``.
        fallback_function: for ``RETRY_ALTERNATIVE``; called with the call's arguments.
        handler: the handler; by default the current one, or the factory's.

    Raises:
        ValueError: ``RETRY_ALTERNATIVE`` without a function.
        TypeError: a value is of the wrong type, as where the parentheses were left out.
    """
    _refuse_bare("with_fallback", strategy)
    config = FallbackConfig(strategy=strategy, default_value=default_value, fallback_function=fallback_function)
    return Guard(config, handler=handler, may_repeat=False)


def _refuse_bare(decorator: str, first: object) -> None:
    """Refuse the decorated function itself, which comes as the first argument where the parentheses are missing."""
    if inspect.isroutine(first) or inspect.isclass(first):
        raise TypeError(f"@{decorator} takes arguments: write @{decorator}() with its parentheses")


def enhanced_error_handler(
    retry_config: RetryConfig | None = None,
    circuit_breaker_config: CircuitBreakerConfig | None = None,
    fallback_config: FallbackConfig | None = None,
    enable_metrics: bool = True,  # noqa: FBT001, FBT002 - the seed's signature
    enable_logging: bool = True,  # noqa: FBT001, FBT002 - the seed's signature
    cache_results: bool = False,  # noqa: FBT001, FBT002 - the seed's signature
    cache_ttl: int = 300,
    *,
    operation: Operation | Callable[..., Operation] | None = None,
    handler: ErrorHandler | None = None,
) -> Callable[[F], F]:
    """Guard a call with everything that is configured.

    Args:
        retry_config: how it is repeated.
        circuit_breaker_config: when it is refused.
        fallback_config: what stands in for its result.
        enable_metrics: whether calls are counted, in the decorated function's attribute ``metrics``.
        enable_logging: False keeps its errors from ``monitor`` and ``analyze``; escalations still go out.
        cache_results: whether good results, stand-ins excepted, are kept for calls with the same, hashable arguments.
        cache_ttl: seconds that a result is kept.
        operation: what the call does, or a function that says so from the call's arguments.
        handler: the handler; by default the current one, or the factory's.

    Raises:
        TypeError: a configuration is a function or class, as where the parentheses were left out.
        ValueError: ``cache_ttl`` is not positive.
    """
    return UniversalErrorHandler(
        retry_config,
        circuit_breaker_config,
        fallback_config,
        enable_metrics=enable_metrics,
        enable_logging=enable_logging,
        cache_results=cache_results,
        cache_ttl=cache_ttl,
        operation=operation,
        handler=handler,
    )


class UniversalErrorHandler:
    """Guards functions with everything that is configured, and routes each error to the policies of its category.

    A decorator. Immutable, hence thread-safe and task-safe.

    Args:
        retry_config: how calls are repeated.
        circuit_breaker_config: when they are refused.
        fallback_config: what stands in for their results.
        routes: retries and fallbacks for errors of one category, in place of those above: an error of the network may
            be worth five attempts, one of the database two and a stand-in.
        enable_metrics: whether calls are counted, in the decorated function's attribute ``metrics``.
        enable_logging: False keeps their errors from ``monitor`` and ``analyze``; escalations still go out.
        cache_results: whether good results, stand-ins excepted, are kept for calls with the same, hashable arguments.
        cache_ttl: seconds that a result is kept.
        operation: what the calls do, or a function that says so from a call's arguments.
        handler: the handler; by default the current one, or the factory's.

    Raises:
        TypeError: a configuration is a function or class, as where the parentheses were left out.
        ValueError: ``cache_ttl`` is not positive.
    """

    def __init__(
        self,
        retry_config: RetryConfig | None = None,
        circuit_breaker_config: CircuitBreakerConfig | None = None,
        fallback_config: FallbackConfig | None = None,
        *,
        routes: Mapping[ErrorCategory, Sequence[RetryConfig | FallbackConfig]] | None = None,
        enable_metrics: bool = True,
        enable_logging: bool = True,
        cache_results: bool = False,
        cache_ttl: float = 300,
        operation: Operation | Callable[..., Operation] | None = None,
        handler: ErrorHandler | None = None,
    ) -> None:
        policies: list[Any] = [
            item for item in (retry_config, circuit_breaker_config, fallback_config) if item is not None
        ]
        refuse_functions(policies)
        if cache_results:
            if cache_ttl <= 0:
                raise ValueError(f"cache_ttl is in seconds and must be positive, got {cache_ttl}")
            policies.append(CacheConfig(ttl=float(cache_ttl)))
        self._policies = policies
        self._enable_metrics = enable_metrics
        self._options = {"operation": operation, "handler": handler, "quiet": not enable_logging, "routes": routes}

    def __call__(self, function: F) -> F:
        """Decorate a function, method, coroutine function or asynchronous generator function.

        Raises:
            TypeError: it is none of these; or a generator function, whose items can't be kept, with ``cache_results``.
        """
        metrics = CallMetrics() if self._enable_metrics else None
        decorated = _MeteredGuard(*self._policies, metrics=metrics, **self._options)(function)
        if metrics is not None:
            decorated.metrics = metrics  # type: ignore[attr-defined]  # a function takes attributes
        return decorated


class CallMetrics:
    """What became of the calls of one decorated function: a :class:`Gate` that admits all and counts.

    Thread-safe and task-safe.
    """

    __slots__ = ("_calls", "_failures", "acquire")

    key = "metrics"

    def __init__(self) -> None:
        self._calls = _Counter()
        self._failures = _Counter()
        self.acquire = self._calls.advance

    @property
    def calls(self) -> int:
        """Calls made through the decorator, cached results included."""
        return self._calls.value

    @property
    def failures(self) -> int:
        """Calls that raised in the end; those cancelled not included."""
        return self._failures.value

    def release(self, permit: int, error: BaseException | None) -> None:  # noqa: ARG002 - the role's signature
        """Count a call that raised."""
        if isinstance(error, Exception):
            self._failures.advance()


class _Counter:
    """Counts without a lock: ``next`` of an iterator is one step in CPython. Only a look at it takes one."""

    __slots__ = ("_lock", "_looks", "_steps", "advance")

    def __init__(self) -> None:
        self._steps = count()
        self._looks = 0
        self._lock = threading.Lock()
        self.advance = self._steps.__next__

    @property
    def value(self) -> int:
        """How often it was advanced; each look advances it as well, and is taken off."""
        with self._lock:
            steps = next(self._steps) - self._looks
            self._looks += 1
            return steps


class _MeteredGuard(Guard):
    """A guard of one function that also counts its calls. Thread-safe and task-safe."""

    def __init__(self, *policies: Any, metrics: CallMetrics | None, **kwargs: Any) -> None:
        super().__init__(*policies, **kwargs)
        self._metrics = metrics

    def _new_course(self, programs: GuardPrograms, scope: Scope, *, is_async: bool) -> Course:
        course = super()._new_course(programs, scope, is_async=is_async)
        if self._metrics is None:
            return course
        outer = [Fitted("handler", self, self._metrics), *course.outer]
        return evolve(course, outer=outer, around=compile_plan(self._plan(programs.handler, outer, is_async=is_async)))
