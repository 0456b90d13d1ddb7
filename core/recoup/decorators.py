"""The seed's decorators, each a :class:`recoup.Guard` with the policies that its arguments describe."""

from __future__ import annotations

import inspect
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from attrs import define, field

from recoup._current import resolve_handler
from recoup.caches import LRUCache
from recoup.guard import Guard
from recoup.policies import CircuitBreakerConfig, FallbackConfig, FallbackStrategy, RetryConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from recoup.binding import Binding
    from recoup.error_handler import ErrorHandler
    from recoup.operation import Call, Operation

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
    policies = [item for item in (retry_config, circuit_breaker_config, fallback_config) if item is not None]

    def decorate(function: F) -> F:
        metrics = CallMetrics() if enable_metrics else None
        guard = _EnhancedGuard(
            *policies,
            operation=operation,
            handler=handler,
            quiet=not enable_logging,
            metrics=metrics,
            cache_ttl=float(cache_ttl) if cache_results else None,
        )
        decorated = guard(function)
        if metrics is not None:
            decorated.metrics = metrics  # type: ignore[attr-defined]  # a function takes attributes
        return decorated

    Guard(*policies)  # checks them where the decorator is written
    if cache_results and cache_ttl <= 0:
        raise ValueError(f"cache_ttl is in seconds and must be positive, got {cache_ttl}")
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


class _EnhancedGuard(Guard):
    """A guard of one function that also counts its calls and keeps its results. Thread-safe and task-safe."""

    def __init__(self, *policies: Any, metrics: CallMetrics | None, cache_ttl: float | None, **kwargs: Any) -> None:
        super().__init__(*policies, **kwargs)
        self._metrics = metrics
        self._cache_ttl = cache_ttl
        self._lock = threading.Lock()
        self._caches: WeakKeyDictionary[ErrorHandler, LRUCache[Any, Any]] = WeakKeyDictionary()

    def __call__(self, function: F) -> F:
        decorated = super().__call__(function)
        if self._cache_ttl is not None and inspect.isasyncgenfunction(decorated):
            raise TypeError(f"{function!r} is a generator function: its items can't be kept as a result")
        return decorated

    async def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        with self._counted():
            found = self._find(args, kwargs)
            return await super().call(function, *args, **kwargs) if found is _MISSING else found

    def call_sync(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        with self._counted():
            found = self._find(args, kwargs)
            return super().call_sync(function, *args, **kwargs) if found is _MISSING else found

    @contextmanager
    def _counted(self) -> Iterator[None]:
        if self._metrics is None:
            yield
            return
        self._metrics.count_call()
        try:
            yield
        except Exception:
            self._metrics.count_failure()
            raise

    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._cache_ttl is None:
            return _MISSING
        key = _key(args, kwargs)
        return _MISSING if key is None else self._cache(resolve_handler(self._handler)).get(key, _MISSING)

    def _keep(self, binding: Binding, call: Call, result: Any) -> None:
        super()._keep(binding, call, result)
        if self._cache_ttl is not None and (key := _key(call.args, call.kwargs)) is not None:
            self._cache(binding.handler).set(key, result)

    def _cache(self, handler: ErrorHandler) -> LRUCache[Any, Any]:
        """Return the results got through a handler; their age is told by its clock."""
        with self._lock:
            cache = self._caches.get(handler)
            if cache is None:
                cache = self._caches[handler] = LRUCache(CACHED_RESULTS, self._cache_ttl, clock=handler.clock)
            return cache


def _key(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    key = (args, tuple(sorted(kwargs.items())))
    try:
        hash(key)
    except TypeError:
        return None
    return key
