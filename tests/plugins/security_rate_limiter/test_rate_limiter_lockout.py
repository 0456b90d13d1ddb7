"""Whoever fails is held back, and nobody can put somebody else there."""

from __future__ import annotations

from typing import Any

import pytest

from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import FailureDelays, Limit, SecurityRateLimiter, SecurityRateLimiterConfig

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]

HOME, STRANGER = "192.0.2.1", "198.51.100.1"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def limiter(clock: FakeClock) -> SecurityRateLimiter:
    return build(clock)


def build(clock: FakeClock, **settings: Any) -> SecurityRateLimiter:
    return SecurityRateLimiter(config=SecurityRateLimiterConfig(**settings), clock=clock)


async def fail(limiter: SecurityRateLimiter, source: str, account: str, times: int = 1) -> None:
    for _ in range(times):
        await limiter.record_failure("web", "login", source, account=account)


def wait(limiter: SecurityRateLimiter, source: str, account: str | None) -> float | None:
    return limiter.decide("web", "login", source, account=account).retry_after


async def test_failures_hold_back_the_pair_of_account_and_source(limiter: SecurityRateLimiter) -> None:
    await fail(limiter, STRANGER, "alice", 5)
    assert wait(limiter, STRANGER, "alice") == 2.0
    assert wait(limiter, STRANGER, "bob") is None
    assert wait(limiter, HOME, "alice") is None


async def test_a_success_forgives_the_pair(limiter: SecurityRateLimiter) -> None:
    await fail(limiter, HOME, "alice", 5)
    await limiter.record_success("web", "login", HOME, account="alice")
    assert wait(limiter, HOME, "alice") is None
    await fail(limiter, HOME, "alice", 3)
    assert wait(limiter, HOME, "alice") is None


async def test_ones_own_success_forgives_nothing_of_what_was_tried_at_others(limiter: SecurityRateLimiter) -> None:
    for _ in range(5):
        await fail(limiter, STRANGER, "alice")
        await limiter.record_success("web", "login", STRANGER, account="mallory")
    assert wait(limiter, STRANGER, "alice") == 2.0
    for _ in range(5):
        await limiter.record_failure("web", "login", STRANGER)
        await limiter.record_success("web", "login", STRANGER)
    assert wait(limiter, STRANGER, None) == 2.0


async def test_no_stranger_locks_an_owner_out_of_his_account(limiter: SecurityRateLimiter, clock: FakeClock) -> None:
    await limiter.record_success("web", "login", HOME, account="alice")
    for number in range(500):
        await fail(limiter, f"198.{number % 100}.{number // 100}.7", "alice")
    assert limiter.threats()
    assert wait(limiter, HOME, "alice") is None
    assert wait(limiter, "203.0.113.5", "alice") is None  # and from a network that is new to the account
    await fail(limiter, HOME, "alice", 3)
    assert wait(limiter, HOME, "alice") is None
    clock.advance(1.0)


async def test_under_attack_a_source_new_to_the_account_has_one_free_failure(limiter: SecurityRateLimiter) -> None:
    for number in range(40):
        await fail(limiter, f"198.{number}.1.7", "alice")
    await fail(limiter, "203.0.113.5", "alice")
    assert wait(limiter, "203.0.113.5", "alice") is None
    await fail(limiter, "203.0.113.5", "alice")
    assert wait(limiter, "203.0.113.5", "alice") == 1.0


async def test_a_source_found_attacking_is_held_back_whatever_account_it_tries(limiter: SecurityRateLimiter) -> None:
    for number in range(20):
        await fail(limiter, STRANGER, f"user-{number}")
    assert wait(limiter, STRANGER, "never-tried") is not None
    assert wait(limiter, HOME, "never-tried") is None


async def test_those_known_behind_the_same_address_are_not_held_back_with_it(limiter: SecurityRateLimiter) -> None:
    await limiter.record_success("web", "login", STRANGER, account="alice")
    for number in range(30):
        await fail(limiter, STRANGER, f"user-{number}")
    assert wait(limiter, STRANGER, "bob") is not None
    assert wait(limiter, STRANGER, "alice") is None


async def test_logging_in_is_paced_for_each_person_not_for_all_strangers(limiter: SecurityRateLimiter) -> None:
    assert sum(limiter.decide("web", "login", STRANGER, account="alice").allowed for _ in range(30)) == 5
    assert wait(limiter, HOME, "alice") is None
    assert wait(limiter, STRANGER, "bob") is None


async def test_an_operations_own_limit_takes_the_place_of_the_pace(clock: FakeClock) -> None:
    limiter = build(clock, limits={"web.login": Limit(count=9, per=60.0)})
    assert sum(limiter.decide("web", "login", STRANGER, account="alice").allowed for _ in range(30)) == 9


async def test_delays_fade_and_nobody_is_held_back_for_longer_than_the_longest(clock: FakeClock) -> None:
    limiter = build(clock, failures=FailureDelays(max_delay=8.0))
    await fail(limiter, STRANGER, "alice", 500)
    assert wait(limiter, STRANGER, "alice") == 8.0
    clock.advance(8.0)
    assert wait(limiter, STRANGER, "alice") is None


async def test_a_flood_of_sources_and_names_evicts_neither_side(clock: FakeClock) -> None:
    limiter = build(clock, max_addresses=64, failures=FailureDelays(forget_after=3_600.0))
    await fail(limiter, STRANGER, "alice", 9)
    await fail(limiter, "203.0.113.9", "bob", 2)
    for number in range(3_000):
        await fail(limiter, f"100.{number % 64}.{number // 64}.7", f"crowd-{number}")
    clock.advance(1.0)
    assert wait(limiter, STRANGER, "alice") == 31.0
    await fail(limiter, "203.0.113.9", "bob", 2)
    assert wait(limiter, "203.0.113.9", "bob") == 1.0  # the first two are not forgotten


async def test_a_flood_that_fails_once_each_leaves_room_for_heavy_hitters(clock: FakeClock) -> None:
    limiter = build(clock, max_addresses=64)
    for number in range(200):
        await fail(limiter, f"100.{number % 64}.{number // 64}.7", f"crowd-{number}")
    assert len(limiter._failures._own) == 48
    await fail(limiter, STRANGER, "alice", 6)
    assert wait(limiter, STRANGER, "alice") == 4.0


async def test_the_application_itself_is_not_held_back_for_strangers(limiter: SecurityRateLimiter) -> None:
    await fail(limiter, STRANGER, "alice", 50)
    assert limiter.decide("web", "login", account="alice").allowed
    for _ in range(5):
        await limiter.record_failure("web", "login", account="alice")
    assert not limiter.decide("web", "login", account="alice").allowed
    assert limiter.decide("web", "login", account="bob").allowed


@pytest.mark.parametrize("written", [" alice ", "ALICE", "\uff41lice", " " * 5_000 + "alice", "alice" + "\t" * 5_000])
async def test_one_account_has_one_count_however_it_is_written(limiter: SecurityRateLimiter, written: str) -> None:
    await fail(limiter, STRANGER, "alice", 2)
    await fail(limiter, STRANGER, written, 3)
    assert wait(limiter, STRANGER, "alice") == 2.0
    assert wait(limiter, STRANGER, written) == 2.0
