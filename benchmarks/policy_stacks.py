"""Polly's five strategies of other libraries, and their open breakers."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any

from policy_calls import fetch_async
from policy_peers import BREAKERS, COUNTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_rows import Build, Subject

CALLS = 1_000_000
"""A second, which no limiter here is to refuse."""


def _hyx() -> Subject:
    breaker, retry = import_module("hyx.circuitbreaker").consecutive_breaker, import_module("hyx.retry").retry
    timeout, bucket = import_module("hyx.timeout").timeout, import_module("hyx.ratelimit").tokenbucket(CALLS, 1.0)
    call = fetch_async()

    @retry(on=COUNTED, attempts=3, backoff=0.0)  # type: ignore[untyped-decorator] # comes without types
    @breaker(exceptions=COUNTED, failure_threshold=5)  # type: ignore[untyped-decorator] # comes without types
    async def attempt(symbol: str) -> Any:
        async with timeout(1.0):
            return await call(symbol)

    async def guarded(symbol: str) -> Any:
        async with timeout(10.0), bucket:
            return await attempt(symbol)

    return guarded


def _hyx_decorators() -> Subject:
    breaker, retry = import_module("hyx.circuitbreaker").consecutive_breaker, import_module("hyx.retry").retry
    timeout, bucket = import_module("hyx.timeout").timeout, import_module("hyx.ratelimit").tokenbucket(CALLS, 1.0)
    call = timeout(1.0)(fetch_async())
    call = retry(on=COUNTED, attempts=3, backoff=0.0)(breaker(exceptions=COUNTED, failure_threshold=5)(call))
    guarded: Subject = timeout(10.0)(bucket(call))
    return guarded


def _pyresilience() -> Subject:
    package = import_module("pyresilience")
    attempt = package.resilient(
        retry=package.RetryConfig(max_attempts=3, delay=0.0, jitter=False, retry_on=(COUNTED,)),
        circuit_breaker=package.CircuitBreakerConfig(failure_threshold=5, error_types=(COUNTED,)),
        timeout=package.TimeoutConfig(seconds=1.0),
    )
    whole = package.resilient(
        timeout=package.TimeoutConfig(seconds=10.0, per_attempt=False),
        rate_limiter=package.RateLimiterConfig(max_calls=CALLS, period=1.0),
    )
    guarded: Subject = whole(attempt(fetch_async()))
    return guarded


def _aioresilience() -> Subject:
    package = import_module("aioresilience")
    limiter = package.RateLimiter(config=package.RateLimitConfig(name="ticker"))
    retry = package.RetryPolicy(
        config=package.RetryConfig(max_attempts=3, initial_delay=0.0, jitter=0.0, retry_on_exceptions=(COUNTED,))
    )
    config = package.CircuitConfig(failure_threshold=5, failure_exceptions=(COUNTED,))
    breaker = package.CircuitBreaker(name="ticker", config=config)
    one, whole = (package.TimeoutManager(config=package.TimeoutConfig(timeout=seconds)) for seconds in (1.0, 10.0))
    attempt = package.with_retry(retry)(
        package.with_circuit_breaker(breaker)(package.with_timeout_manager(one)(fetch_async()))
    )
    rate = f"{CALLS}/second"

    async def limited(symbol: str) -> Any:
        if not await limiter.check_rate_limit("ticker", rate):
            raise AssertionError("it refused")
        return await attempt(symbol)

    guarded: Subject = package.with_timeout_manager(whole)(limited)
    return guarded


def _best_singles() -> Subject:
    """Return the fastest single library for each strategy, as far as the other rows show."""
    limiter = import_module("aiolimiter").AsyncLimiter(CALLS, 1.0)
    retry, circuit = import_module("hyx.retry").retry, import_module("circuitbreaker").circuit
    call = fetch_async()

    @retry(on=COUNTED, attempts=3, backoff=0.0)  # type: ignore[untyped-decorator] # comes without types
    @circuit(failure_threshold=5, expected_exception=COUNTED)  # type: ignore[untyped-decorator] # comes without types
    async def attempt(symbol: str) -> Any:
        async with asyncio.timeout(1.0):
            return await call(symbol)

    async def guarded(symbol: str) -> Any:
        async with asyncio.timeout(10.0), limiter:
            return await attempt(symbol)

    return guarded


FIVE_ASYNC: dict[str, Build] = {
    "asyncio.timeout, aiolimiter, hyx retry, circuitbreaker": _best_singles,
    "hyx": _hyx,
    "hyx, decorators only": _hyx_decorators,
    "pyresilience": _pyresilience,
    "aioresilience": _aioresilience,
}

_REFUSALS = {
    "circuitbreaker": ("circuitbreaker", "CircuitBreakerError"),
    "pybreaker": ("pybreaker", "CircuitBreakerError"),
    "purgatory": ("purgatory.domain.model", "OpenedState"),
    "pyresilience": ("pyresilience", "CircuitOpenError"),
}


def refused(call: Subject, refusal: type[Exception]) -> Subject:
    """Open the breaker around a call that fails, and return what is refused by it and says so."""

    def run(symbol: str) -> str:
        try:
            call(symbol)
        except refusal:
            return "refused"
        return "let through"

    for _ in range(5):
        try:
            call("BTC/USDT")
        except Exception:
            continue
    return run


def failing() -> Subject:
    """Return a call that always fails."""

    def fetch_ticker(symbol: str) -> str:
        raise COUNTED(symbol)

    return fetch_ticker


def _open(name: str, decorate: Callable[[], Any]) -> Build:
    def build() -> Subject:
        module, refusal = _REFUSALS[name]
        return refused(decorate()(failing()), getattr(import_module(module), refusal))

    return build


OPEN_BREAKER = {name: _open(name, BREAKERS[name]) for name in _REFUSALS}
