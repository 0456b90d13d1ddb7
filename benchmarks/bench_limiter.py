"""What the security rate limiter costs and sees: beside other limiters, under a flood, under simulated attacks.

Run it with ``make bench-security``; ``--addresses`` and ``--seeds`` make it shorter. Other limiters are measured where
they are installed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import resource
import time
import tracemalloc
from random import Random
from statistics import median
from typing import TYPE_CHECKING

import limiter_traffic as traffic
from harness import paired

from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import Limit, SecurityRateLimiter, SecurityRateLimiterConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[str], object]

KEYS = 20_000
HOURS = 6.0
START = 2 * 3_600.0
WIDE = Limit(count=1_000_000, per=1.0)


def recoup_one() -> Check:
    limiter = SecurityRateLimiter(config=SecurityRateLimiterConfig(limits={"default": WIDE}))
    return lambda key: limiter.decide(key, "read")


def recoup_address() -> Check:
    limiter = SecurityRateLimiter(
        config=SecurityRateLimiterConfig(
            limits={"default": WIDE}, per_address=WIDE, per_network=WIDE, per_site=WIDE, max_addresses=1 << 20
        )
    )
    return lambda key: limiter.decide("web", "read", key)


def recoup_login() -> Check:
    limiter = SecurityRateLimiter(
        config=SecurityRateLimiterConfig(
            limits={"default": WIDE, "*.login": WIDE},
            per_address=WIDE,
            per_network=WIDE,
            per_site=WIDE,
            max_addresses=1 << 20,
        )
    )
    return lambda key: limiter.decide("web", "login", key, account="alice")


def limits_moving_window() -> Check:
    from limits import RateLimitItemPerSecond, storage, strategies  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - optional

    limiter = strategies.MovingWindowRateLimiter(storage.MemoryStorage())
    item = RateLimitItemPerSecond(1_000_000)
    return lambda key: limiter.hit(item, key)


def throttled_gcra() -> Check:
    import throttled  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - optional
    from throttled import rate_limiter, store  # noqa: PLC0415 - optional

    limiter = throttled.Throttled(
        using="gcra",
        quota=rate_limiter.per_sec(1_000_000, burst=1_000_000),
        store=store.MemoryStore(options={"MAX_SIZE": 1 << 20}),
    )
    check: Check = limiter.limit
    return check


def pyrate_gcra() -> Check:
    from pyrate_limiter import Duration, Limiter, Rate  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - optional

    limiter = Limiter(Rate(1_000, Duration.SECOND))  # one limiter takes one thread, so no more than one is measured
    return lambda key: limiter.try_acquire(key, blocking=False)


def aiolimiter_bucket() -> Check:
    from aiolimiter import AsyncLimiter  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - optional

    limiters: dict[str, AsyncLimiter] = {}

    def check(key: str) -> object:
        limiter = limiters.get(key)
        if limiter is None:
            limiter = limiters[key] = AsyncLimiter(1_000_000, 1.0)
        coroutine = limiter.acquire()
        try:
            coroutine.send(None)
        except StopIteration:
            return True
        raise AssertionError("it waited")

    return check


CONTENDERS: dict[str, tuple[str, Callable[[], Check]]] = {
    "recoup, one limit": ("recoup", recoup_one),
    "recoup, three limits of an address": ("recoup", recoup_address),
    "recoup, a login: four limits, watched": ("recoup", recoup_login),
    "limits, moving window": ("limits", limits_moving_window),
    "throttled-py, GCRA": ("throttled", throttled_gcra),
    "pyrate-limiter": ("pyrate_limiter", pyrate_gcra),
    "aiolimiter": ("aiolimiter", aiolimiter_bucket),
}


async def cost() -> None:
    # A coroutine for aiolimiter's sake, which looks for a running event loop.
    keys = [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in range(KEYS)]
    runs: dict[str, Callable[[int], None]] = {}
    sizes: dict[str, float] = {}
    for name, (module, make) in CONTENDERS.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name:40} not installed")
            continue
        check = make()
        sizes[name] = memory_per_key(make, keys) if module != "pyrate_limiter" else float("nan")
        runs[name] = loop(check, keys[:100])
    print(f"{'':40} {'µs a check':>12} {'bytes a key':>12}")
    for name, nanoseconds in paired(runs, loops=2_000, rounds=9).items():
        print(f"{name:40} {nanoseconds / 1000:12.2f} {sizes[name]:12.0f}")


def loop(check: Check, keys: list[str]) -> Callable[[int], None]:
    def run(loops: int) -> None:
        for number in range(loops):
            check(keys[number % len(keys)])

    return run


def memory_per_key(make: Callable[[], Check], keys: list[str]) -> float:
    check = make()
    check(keys[0])
    gc.collect()
    tracemalloc.start()
    for key in keys[1:]:
        check(key)
    gc.collect()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return used / (len(keys) - 1)


def flood(addresses: int) -> None:
    """Send one request from each of very many addresses; every tenth fails, at an account of its own."""
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock = FakeClock()
    limiter = SecurityRateLimiter(
        config=SecurityRateLimiterConfig(limits={"default": WIDE}, per_network=WIDE), clock=clock
    )
    traffic.settle(limiter.record_success("web", "login", "203.0.113.1", account="alice"))
    for _ in range(9):
        traffic.settle(limiter.record_failure("web", "login", "203.0.113.9", account="alice"))
    started = time.perf_counter()
    for number in range(addresses):
        address = f"{1 + (number >> 24)}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        if number % 10:
            limiter.decide("web", "read", address)
        else:
            traffic.settle(limiter.record_failure("web", "login", address, account=f"name-{number}"))
        if not number % 1_000:
            clock.advance(1e-3)  # a million requests a second: nothing expires that the flood could do without
    seconds = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    held = limiter.decide("web", "login", "203.0.113.9", account="alice")
    owner = limiter.decide("web", "login", "203.0.113.1", account="alice")
    print(f"{addresses:,} addresses: {grown:.0f} MiB more, {seconds / addresses * 1e6:.1f} µs each")
    print(f"afterwards: attacker held back {not held.allowed}, owner let in {owner.allowed}")
    for event in limiter.threats():
        print(f"found: {event.threat} ({event.severity.value}), {event.detail}")


def detection(seeds: int) -> None:
    for names_accounts in (True, False):
        print(f"\naccounts named: {'yes' if names_accounts else 'no (the two calls of the seed only)'}")
        baselines = [traffic.honest(Random(seed), HOURS) for seed in range(seeds)]
        seen = [traffic.play(baseline, names_accounts=names_accounts) for baseline in baselines]
        attempts, alarms = sum(item.honest for item in seen), sum(len(item.events) for item in seen)
        print(f"honest: {attempts:,} attempts in {seeds * HOURS:.0f} hours, {alarms} false alarms")
        print(f"{'attack':38} {'detected':>9} {'named':>7} {'median':>8} {'slowest':>8} {'refused':>8} {'others':>7}")
        for name in traffic.ATTACKS:
            attack(name, baselines, names_accounts=names_accounts)


def attack(name: str, baselines: list[list[traffic.Try]], *, names_accounts: bool) -> None:
    make, threats = traffic.ATTACKS[name]
    times, named, refused, early = [], 0, 0.0, 0
    for seed, baseline in enumerate(baselines):
        seen = traffic.play(baseline, make(Random(1_000 + seed), START), names_accounts=names_accounts)
        found = [at - START for at, event in seen.events if at >= START]
        early += sum(at < START for at, _ in seen.events)
        named += any(event.threat in threats for at, event in seen.events if at >= START)
        refused += seen.attacks_refused / seen.attacks / len(baselines)
        times += found[:1]
    share, right = len(times) / len(baselines), named / len(baselines)
    middle, slowest = (f"{median(times):.0f} s", f"{max(times):.0f} s") if times else ("-", "-")
    print(f"{name:38} {share:9.0%} {right:7.0%} {middle:>8} {slowest:>8} {refused:8.0%} {early:7}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--addresses", type=int, default=10_000_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=["cost", "flood", "detection"])
    options = parser.parse_args()
    if options.only in {None, "flood"}:
        flood(options.addresses)
    if options.only in {None, "cost"}:
        asyncio.run(cost())
    if options.only in {None, "detection"}:
        detection(options.seeds)


if __name__ == "__main__":
    main()
