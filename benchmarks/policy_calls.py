"""The calls that policies are put around, and the same policies written out by hand for one of them.

What is written by hand has no lock, no event, no check and no name: nothing that does the work can be faster.
"""

from __future__ import annotations

import asyncio
import time
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES = 2
KEYS = tuple(f"account-{number}" for number in range(10_000))
HOT = KEYS[:100]
"""What caches are asked for."""
TTL = 300.0
RESULTS = 1000


def fetch() -> Callable[[str], str]:
    """Return a call that succeeds."""

    def fetch_ticker(symbol: str) -> str:
        return symbol

    return fetch_ticker


def fetch_async() -> Callable[[str], Any]:
    """Return a coroutine function that succeeds without a suspension."""

    async def fetch_ticker(symbol: str) -> str:
        return symbol

    return fetch_ticker


def flaky() -> Callable[[str], str]:
    """Return a call that fails twice, then succeeds, over and over."""
    calls = 0

    def fetch_ticker(symbol: str) -> str:
        nonlocal calls
        calls += 1
        if calls % (FAILURES + 1):
            raise ConnectionError("refused")
        return symbol

    return fetch_ticker


def flaky_async() -> Callable[[str], Any]:
    """As :func:`flaky`, a coroutine function."""
    call = flaky()

    async def fetch_ticker(symbol: str) -> str:
        return call(symbol)

    return fetch_ticker


def retry(call: Callable[[str], str]) -> Callable[[str], str]:
    def retried(symbol: str) -> str:
        for _ in range(2):
            try:
                return call(symbol)
            except Exception:
                continue
        return call(symbol)

    return retried


def retry_async(call: Callable[[str], Any]) -> Callable[[str], Any]:
    async def retried(symbol: str) -> Any:
        for _ in range(2):
            try:
                return await call(symbol)
            except Exception:
                continue
        return await call(symbol)

    return retried


def breaker() -> Callable[[str], str]:
    call, failures = fetch(), 0

    def broken(symbol: str) -> str:
        nonlocal failures
        if failures >= 5:
            raise RuntimeError("open")
        try:
            result = call(symbol)
        except Exception:
            failures += 1
            raise
        failures = 0
        return result

    return broken


def breaker_async() -> Callable[[str], Any]:
    call, failures = fetch_async(), 0

    async def broken(symbol: str) -> Any:
        nonlocal failures
        if failures >= 5:
            raise RuntimeError("open")
        try:
            result = await call(symbol)
        except Exception:
            failures += 1
            raise
        failures = 0
        return result

    return broken


def retry_breaker_fallback() -> Callable[[str], str | None]:
    call = retry(breaker())

    def guarded(symbol: str) -> str | None:
        try:
            return call(symbol)
        except Exception:
            return None

    return guarded


def timeout_async() -> Callable[[str], Any]:
    call, loop = fetch_async(), asyncio.get_running_loop()

    async def limited(symbol: str) -> Any:
        task = asyncio.current_task()
        assert task is not None
        handle = loop.call_later(10.0, task.cancel)
        try:
            return await call(symbol)
        finally:
            handle.cancel()

    return limited


def five_async() -> Callable[[str], Any]:
    """Return one timer for the whole call and one for the attempt, a bucket, a loop and a count of failures."""
    call, loop = fetch_async(), asyncio.get_running_loop()
    failures, tokens, filled = 0, 1e6, time.monotonic()

    async def guarded(symbol: str) -> Any:
        nonlocal failures, tokens, filled
        task = asyncio.current_task()
        assert task is not None
        whole = loop.call_later(10.0, task.cancel)
        try:
            now = time.monotonic()
            tokens, filled = min(1e6, tokens + (now - filled) * 1e6) - 1, now
            if tokens < 0 or failures >= 5:
                raise RuntimeError("refused")
            for attempt in range(3):
                one = loop.call_later(1.0, task.cancel)
                try:
                    result = await call(symbol)
                except Exception:
                    failures += 1
                    if attempt == 2:
                        raise
                else:
                    failures = 0
                    return result
                finally:
                    one.cancel()
        finally:
            whole.cancel()

    return guarded


def refusal() -> Callable[[str], str]:
    def refused(symbol: str) -> str:  # noqa: ARG001 - as the others
        try:
            raise ConnectionRefusedError("open")  # noqa: TRY301 - what is compared
        except ConnectionRefusedError:
            return "refused"

    return refused


def keyed_limiter() -> Callable[[str], bool]:
    """Return a GCRA with one lock: a theoretical arrival time by key."""
    arrivals: dict[str, float] = {}
    lock, clock = Lock(), time.monotonic

    def check(key: str) -> bool:
        now = clock()
        with lock:
            arrival = max(arrivals.get(key, now), now) + 1e-6
            if arrival - now > 1.0:
                return False
            arrivals[key] = arrival
            return True

    return check


def kept_results() -> Callable[[str], str | None]:
    """Return a look-up in a cache that never drops anything: a dictionary and a clock."""
    clock = time.monotonic
    results = {key: (clock() + TTL, key) for key in HOT}

    def get(key: str) -> str | None:
        kept = results.get(key)
        return kept[1] if kept is not None and kept[0] > clock() else None

    return get
