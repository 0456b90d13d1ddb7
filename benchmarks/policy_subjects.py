"""recoup's side of the table: pipelines with every installed plugin on."""

from __future__ import annotations

from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

from policy_calls import HOT, RESULTS, TTL, fetch, fetch_async, flaky, flaky_async
from policy_stacks import CALLS, failing, refused

from recoup import (
    CacheConfig,
    CircuitBreakerConfig,
    CircuitOpen,
    ErrorHandler,
    FallbackConfig,
    Pipeline,
    RetryConfig,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_rows import Build, Subject

HANDLER = ErrorHandler()
_RETRY = RetryConfig(max_attempts=3, base_delay=0.0)
_BREAKER = CircuitBreakerConfig(window="count", window_size=100, minimum_calls=5)
_BREAKER_OF_TIME = CircuitBreakerConfig(window="time", window_size=60.0, minimum_calls=5)
_NAMES = count()


def _piped(call: Callable[[], Any], *policies: Any) -> Build:
    """Return what decorates a call with a pipeline whose circuits and limits are its own."""

    def build() -> Subject:
        pipeline = Pipeline(*policies, name=f"benchmark-{next(_NAMES)}", handler=HANDLER)
        subject: Subject = pipeline(call())
        return subject

    return build


def timeout_async() -> Subject:
    timeout = import_module("recoup_plugins.timeout").TimeoutConfig
    return _piped(fetch_async, timeout(seconds=10.0))()


def five_async() -> Subject:
    timeout = import_module("recoup_plugins.timeout").TimeoutConfig
    limit = import_module("recoup_plugins.rate_limit").RateLimitConfig
    return _piped(fetch_async, timeout(seconds=10.0), limit(rate=CALLS), _RETRY, _BREAKER, timeout(seconds=1.0))()


def open_breaker() -> Subject:
    return refused(_piped(failing, _BREAKER)(), CircuitOpen)


def keyed_limiter(calls: int) -> Subject:
    """Return a check of so many calls a second for each key."""
    package = import_module("recoup_plugins.rate_limit")
    check: Subject = package.KeyedLimiter(package.RateLimitConfig(rate=calls)).check
    return check


def cache() -> Subject:
    """Return a look-up in the cache behind the policy, by a key of one's own."""
    kept = import_module("recoup_plugins.cache").TTLCache(TTL, RESULTS)
    for key in HOT:
        kept.set(key, key)
    get: Subject = kept.get
    return get


SUBJECTS: dict[str, Build] = {
    "retry": _piped(fetch, _RETRY),
    "breaker": _piped(fetch, _BREAKER),
    "breaker of time": _piped(fetch, _BREAKER_OF_TIME),
    "retry, breaker, fallback": _piped(fetch, FallbackConfig(), _RETRY, _BREAKER),
    "retry, async": _piped(fetch_async, _RETRY),
    "breaker, async": _piped(fetch_async, _BREAKER),
    "timeout, async": timeout_async,
    "five, async": five_async,
    "flaky": _piped(flaky, _RETRY),
    "flaky, async": _piped(flaky_async, _RETRY),
    "open breaker": open_breaker,
    "cache": cache,
    "cached call": _piped(fetch, CacheConfig(ttl=TTL, max_results=RESULTS)),
}
