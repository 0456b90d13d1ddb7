"""Keyed limiters and caches of other libraries: one check, or one hit, by key."""

from __future__ import annotations

import time
from collections import OrderedDict
from functools import partial
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from policy_calls import HOT, RESULTS, TTL, fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_rows import Build, Subject

    Limiter = Callable[[int], Subject]
    """Makes a check that admits so many calls a second for each key."""


def _limits(strategy: str) -> Limiter:
    def make(count: int) -> Subject:
        package = import_module("limits")
        limiter = getattr(package.strategies, strategy)(package.storage.MemoryStorage())
        item = package.RateLimitItemPerSecond(count)
        return partial(limiter.hit, item)

    return make


def _throttled(algorithm: str) -> Limiter:
    def make(count: int) -> Subject:
        package = import_module("throttled")
        limiter = package.Throttled(
            using=algorithm,
            quota=package.rate_limiter.per_sec(count, burst=count),
            store=import_module("throttled.store").MemoryStore(options={"MAX_SIZE": 1 << 20}),
        )
        check: Subject = limiter.limit
        return check

    return make


def _pyrate(count: int) -> Subject:
    package = import_module("pyrate_limiter")
    rates = [package.Rate(count, package.Duration.SECOND)]

    class ByKey(package.BucketFactory):  # type: ignore[misc,name-defined] # a class of a package without types
        """A bucket for each name, as its documentation has it."""

        def __init__(self) -> None:
            self.buckets: dict[str, Any] = {}
            self.clock = package.MonotonicClock()

        def wrap_item(self, name: str, weight: int = 1) -> Any:
            return package.RateItem(name, self.clock.now(), weight=weight)

        def get(self, item: Any) -> Any:
            bucket = self.buckets.get(item.name)
            if bucket is None:
                bucket = self.buckets[item.name] = package.StateBucket(rates, package.GCRA())
            return bucket

    limiter = package.Limiter(ByKey())
    return partial(limiter.try_acquire, blocking=False)


def _aiolimiter(count: int) -> Subject:
    limiter_of = import_module("aiolimiter").AsyncLimiter
    limiters: dict[str, Any] = {}

    async def check(key: str) -> bool:
        limiter = limiters.get(key)
        if limiter is None:
            limiter = limiters[key] = limiter_of(count, 1.0)
        if not limiter.has_capacity():
            return False
        await limiter.acquire()
        return True

    return check


LIMITERS: dict[str, Limiter] = {
    "limits, fixed window": _limits("FixedWindowRateLimiter"),
    "limits, sliding window counter": _limits("SlidingWindowCounterRateLimiter"),
    "throttled-py, GCRA": _throttled("gcra"),
    "throttled-py, token bucket": _throttled("token_bucket"),
    "throttled-py, fixed window": _throttled("fixed_window"),
    "pyrate-limiter, GCRA": _pyrate,
    "aiolimiter, a dictionary of limiters": _aiolimiter,
}
"""Without the moving window of limits, which keeps a record of every call and so slows down with the calls counted."""

NOT_KEYED = frozenset({"aiolimiter, a dictionary of limiters"})
"""It limits one thing, in one thread; the keys are the application's."""


def limiter_build(make: Limiter) -> Build:
    """Return what makes a check that refuses nothing."""
    return lambda: make(1_000_000)


def _cachebox() -> Subject:
    cache = import_module("cachebox").TTLCache(RESULTS, global_ttl=TTL)
    cache.update({key: key for key in HOT})
    get: Subject = cache.get
    return get


def _cachebox_decorator() -> Subject:
    package = import_module("cachebox")
    cached: Subject = package.cached(package.TTLCache(RESULTS, global_ttl=TTL), postprocess=None)(fetch())
    return cached


def _pyresilience_cache() -> Subject:
    package = import_module("pyresilience")
    cached: Subject = package.resilient(cache=package.CacheConfig(max_size=RESULTS, ttl=TTL))(fetch())
    return cached


def _ordered_dictionary() -> Subject:
    """Return a cache as one writes it with the standard library: by last use, with a time for each result."""
    lock, clock = Lock(), time.monotonic
    results = OrderedDict((key, (clock() + TTL, key)) for key in HOT)

    def get(key: str) -> str | None:
        with lock:
            kept = results.get(key)
            if kept is None or kept[0] <= clock():
                return None
            results.move_to_end(key)
            return kept[1]

    return get


ORDERED_DICTIONARY = "OrderedDict, lock"
CACHES: dict[str, Build] = {"cachebox": _cachebox, ORDERED_DICTIONARY: _ordered_dictionary}
CACHED_CALLS: dict[str, Build] = {
    "cachebox": _cachebox_decorator,
    "pyresilience": _pyresilience_cache,
    ORDERED_DICTIONARY: _ordered_dictionary,
}
