"""Retries, breakers, time-outs and stacks of them from other libraries, each as its documentation has it.

No logging, no waits, three attempts, five failures open a breaker, and ``ConnectionError`` is what counts.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from policy_calls import fetch, fetch_async, flaky, flaky_async

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_rows import Build, Subject

COUNTED = ConnectionError


def _decorated(decorate: Callable[[], Any], call: Callable[[], Any]) -> Build:
    """Return what puts a decorator, made anew, around a call."""

    def build() -> Subject:
        subject: Subject = decorate()(call())
        return subject

    return build


def _tenacity() -> Any:
    tenacity = import_module("tenacity")
    return tenacity.retry(
        stop=tenacity.stop_after_attempt(3), retry=tenacity.retry_if_exception_type(COUNTED), reraise=True
    )


def _stamina() -> Any:
    stamina = import_module("stamina")
    import_module("stamina.instrumentation").set_on_retry_hooks([])
    return stamina.retry(on=COUNTED, attempts=3, timeout=None, wait_initial=0, wait_max=0, wait_jitter=0)


def _backoff() -> Any:
    backoff = import_module("backoff")
    return backoff.on_exception(backoff.constant, COUNTED, max_tries=3, interval=0, jitter=None, logger=None)


def _hyx_retry() -> Any:
    return import_module("hyx.retry").retry(on=COUNTED, attempts=3, backoff=0.0)


def _hyx_breaker() -> Any:
    return import_module("hyx.circuitbreaker").consecutive_breaker(exceptions=COUNTED, failure_threshold=5)


def _aioresilience_retry() -> Any:
    package = import_module("aioresilience")
    config = package.RetryConfig(max_attempts=3, initial_delay=0.0, jitter=0.0, retry_on_exceptions=(COUNTED,))
    return package.with_retry(package.RetryPolicy(config=config))


def _aioresilience_breaker() -> Any:
    package = import_module("aioresilience")
    config = package.CircuitConfig(failure_threshold=5, failure_exceptions=(COUNTED,))
    return package.with_circuit_breaker(package.CircuitBreaker(name="ticker", config=config))


def _aioresilience_timeout(seconds: float = 10.0) -> Any:
    package = import_module("aioresilience")
    return package.with_timeout_manager(package.TimeoutManager(config=package.TimeoutConfig(timeout=seconds)))


def _pyresilience(*names: str) -> Callable[[], Any]:
    """Return what makes its decorator; ``window``: the breaker has a sliding one."""

    def decorate() -> Any:
        package = import_module("pyresilience")
        policies = {
            "retry": package.RetryConfig(max_attempts=3, delay=0.0, jitter=False, retry_on=(COUNTED,)),
            "circuit_breaker": package.CircuitBreakerConfig(
                failure_threshold=5,
                error_types=(COUNTED,),
                sliding_window_size=100 if "window" in names else 0,
                minimum_calls=10,
            ),
            "fallback": package.FallbackConfig(handler=lambda _: None, fallback_on=(COUNTED,)),
            "timeout": package.TimeoutConfig(seconds=10.0),
        }
        return package.resilient(**{name: policies[name] for name in names if name != "window"})

    return decorate


def _circuitbreaker() -> Any:
    return import_module("circuitbreaker").circuit(failure_threshold=5, expected_exception=COUNTED)


def _pybreaker() -> Any:
    return import_module("pybreaker").CircuitBreaker(fail_max=5)


def _aiobreaker() -> Any:
    return import_module("aiobreaker").CircuitBreaker(fail_max=5, timeout_duration=timedelta(seconds=60))


def _purgatory() -> Any:
    return import_module("purgatory").SyncCircuitBreakerFactory(default_threshold=5)("ticker")


def _purgatory_async() -> Any:
    return import_module("purgatory").AsyncCircuitBreakerFactory(default_threshold=5)("ticker")


def _asyncio_timeout() -> Subject:
    call = fetch_async()

    async def limited(symbol: str) -> Any:
        async with asyncio.timeout(10.0):
            return await call(symbol)

    return limited


def _asyncio_wait_for() -> Subject:
    call = fetch_async()

    async def limited(symbol: str) -> Any:
        return await asyncio.wait_for(call(symbol), 10.0)

    return limited


def _anyio_fail_after() -> Subject:
    call, anyio = fetch_async(), import_module("anyio")

    async def limited(symbol: str) -> Any:
        with anyio.fail_after(10.0):
            return await call(symbol)

    return limited


def _hyx_timeout() -> Subject:
    call, timeout = fetch_async(), import_module("hyx.timeout").timeout

    async def limited(symbol: str) -> Any:
        async with timeout(10.0):
            return await call(symbol)

    return limited


def _stacked(*decorators: Callable[[], Any]) -> Callable[[], Any]:
    """Return what puts several decorators around a call, the outermost first."""

    def decorate() -> Any:
        made = [one() for one in reversed(decorators)]

        def around(call: Any) -> Any:
            for one in made:
                call = one(call)
            return call

        return around

    return decorate


def _fallback() -> Any:
    """Return what a library without a fallback leaves to the application."""

    def decorate(call: Subject) -> Subject:
        def guarded(symbol: str) -> Any:
            try:
                return call(symbol)
            except COUNTED:
                return None

        return guarded

    return decorate


_RETRIES: dict[str, Callable[[], Any]] = {
    "tenacity": _tenacity,
    "stamina": _stamina,
    "backoff": _backoff,
    "pyresilience": _pyresilience("retry"),
}
_RETRIES_ASYNC = {**_RETRIES, "hyx": _hyx_retry, "aioresilience": _aioresilience_retry}

RETRY = {name: _decorated(decorate, fetch) for name, decorate in _RETRIES.items()}
RETRY_ASYNC = {name: _decorated(decorate, fetch_async) for name, decorate in _RETRIES_ASYNC.items()}
FLAKY = {name: _decorated(decorate, flaky) for name, decorate in _RETRIES.items()}
FLAKY_ASYNC = {name: _decorated(decorate, flaky_async) for name, decorate in _RETRIES_ASYNC.items()}

BREAKERS: dict[str, Callable[[], Any]] = {
    "circuitbreaker": _circuitbreaker,
    "pybreaker": _pybreaker,
    "purgatory": _purgatory,
    "pyresilience": _pyresilience("circuit_breaker"),
    "pyresilience, sliding window": _pyresilience("circuit_breaker", "window"),
}
BREAKER = {name: _decorated(decorate, fetch) for name, decorate in BREAKERS.items()}
BREAKER_ASYNC = {
    "circuitbreaker": _decorated(_circuitbreaker, fetch_async),
    "aiobreaker": _decorated(_aiobreaker, fetch_async),
    "purgatory": _decorated(_purgatory_async, fetch_async),
    "hyx": _decorated(_hyx_breaker, fetch_async),
    "aioresilience": _decorated(_aioresilience_breaker, fetch_async),
    "pyresilience": _decorated(_pyresilience("circuit_breaker"), fetch_async),
    "pyresilience, sliding window": _decorated(_pyresilience("circuit_breaker", "window"), fetch_async),
}
RETRY_BREAKER_FALLBACK = {
    "pyresilience": _decorated(_pyresilience("retry", "circuit_breaker", "fallback"), fetch),
    "backoff, circuitbreaker": _decorated(_stacked(_fallback, _backoff, _circuitbreaker), fetch),
    "tenacity, pybreaker": _decorated(_stacked(_fallback, _tenacity, _pybreaker), fetch),
}
TIMEOUT_ASYNC: dict[str, Build] = {
    "asyncio.timeout": _asyncio_timeout,
    "asyncio.wait_for": _asyncio_wait_for,
    "anyio.fail_after": _anyio_fail_after,
    "hyx": _hyx_timeout,
    "pyresilience": _decorated(_pyresilience("timeout"), fetch_async),
    "aioresilience": _decorated(_aioresilience_timeout, fetch_async),
}
