"""The seed's decorators, each a :class:`recoup.Guard` with the policies that its arguments describe."""

from __future__ import annotations

import functools
import inspect
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define, field

from recoup.caches import LRUCache
from recoup.guard import Guard
from recoup.policies import CircuitBreakerConfig, FallbackConfig, FallbackStrategy, RetryConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.error_handler import ErrorHandler
    from recoup.operation import Operation

F = TypeVar("F", bound="Callable[..., Any]")

CACHED_RESULTS = 1000
"""Results kept at most for one decorated function."""
DEFAULT_RETRIES = 3
_MISSING = object()


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
    retries = DEFAULT_RETRIES if max_retries is None else max_retries
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
    """
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
    """
    config = FallbackConfig(strategy=strategy, default_value=default_value, fallback_function=fallback_function)
    return Guard(config, handler=handler, may_repeat=False)


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
        cache_results: whether good results are kept for calls with the same, hashable arguments.
        cache_ttl: seconds that a result is kept.
        operation: what the call does, or a function that says so from the call's arguments.
        handler: the handler; by default the current one, or the factory's.
    """
    policies = [item for item in (retry_config, circuit_breaker_config, fallback_config) if item is not None]
    guard = Guard(*policies, operation=operation, handler=handler, quiet=not enable_logging)

    def decorate(function: F) -> F:
        decorated = guard(function)
        if cache_results:
            decorated = _cached(decorated, LRUCache(CACHED_RESULTS, float(cache_ttl)))
        if enable_metrics:
            decorated = _counted(decorated, CallMetrics())
        return decorated

    return decorate


@define(eq=False)
class CallMetrics:
    """What became of the calls of one decorated function. Thread-safe and task-safe.

    Attributes:
        calls: made through the decorator, cached results included.
        failures: that raised in the end.
    """

    calls: int = 0
    failures: int = 0
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def count_call(self) -> None:
        """Count a call that begins."""
        with self._lock:
            self.calls += 1

    def count_failure(self) -> None:
        """Count a call that raised."""
        with self._lock:
            self.failures += 1


def _counted(function: F, metrics: CallMetrics) -> F:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def counted_coroutine(*args: Any, **kwargs: Any) -> Any:
            metrics.count_call()
            try:
                return await function(*args, **kwargs)
            except Exception:
                metrics.count_failure()
                raise

        counted = counted_coroutine
    else:

        @functools.wraps(function)
        def counted_plain(*args: Any, **kwargs: Any) -> Any:
            metrics.count_call()
            try:
                return function(*args, **kwargs)
            except Exception:
                metrics.count_failure()
                raise

        counted = counted_plain
    counted.metrics = metrics  # type: ignore[attr-defined]  # a function takes attributes
    return cast("F", counted)


def _cached(function: F, cache: LRUCache[Any, Any]) -> F:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def cached_coroutine(*args: Any, **kwargs: Any) -> Any:
            key = _key(args, kwargs)
            found = cache.get(key, _MISSING) if key is not None else _MISSING
            if found is not _MISSING:
                return found
            result = await function(*args, **kwargs)
            if key is not None:
                cache.set(key, result)
            return result

        return cast("F", cached_coroutine)

    @functools.wraps(function)
    def cached_plain(*args: Any, **kwargs: Any) -> Any:
        key = _key(args, kwargs)
        found = cache.get(key, _MISSING) if key is not None else _MISSING
        if found is not _MISSING:
            return found
        result = function(*args, **kwargs)
        if key is not None:
            cache.set(key, result)
        return result

    return cast("F", cached_plain)


def _key(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    key = (args, tuple(sorted(kwargs.items())))
    try:
        hash(key)
    except TypeError:
        return None
    return key
