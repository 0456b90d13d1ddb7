"""An owner behind the same address as an attacker is told from him by his device, by nothing that is made up."""

from __future__ import annotations

from typing import Any

import pytest

from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import Limit, SecurityRateLimiter, SecurityRateLimiterConfig

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]

OFFICE, CAFE = "198.51.100.7", "203.0.113.9"
COOKIE = "b0b5e3a1c4"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def limiter(clock: FakeClock) -> SecurityRateLimiter:
    return SecurityRateLimiter(clock=clock)


def wait(limiter: SecurityRateLimiter, account: str = "alice", device: str | None = None, at: str = OFFICE) -> Any:
    return limiter.decide("web", "login", at, account=account, device=device).retry_after


async def guess(limiter: SecurityRateLimiter, times: int, device: str | None = None, account: str = "alice") -> None:
    for _ in range(times):
        await limiter.record_failure("web", "login", OFFICE, account=account, device=device)


async def test_an_owner_on_a_known_device_is_let_in_while_somebody_beside_him_guesses(
    limiter: SecurityRateLimiter,
) -> None:
    await limiter.record_success("web", "login", OFFICE, account="alice", device=COOKIE)
    await guess(limiter, 50)
    assert wait(limiter) == 300.0
    assert wait(limiter, device=COOKIE) is None
    assert wait(limiter, device=COOKIE, at=CAFE) is None


async def test_a_device_that_is_made_up_gains_nothing(limiter: SecurityRateLimiter) -> None:
    await limiter.record_success("web", "login", OFFICE, account="alice", device=COOKIE)
    for number in range(50):
        await guess(limiter, 1, device=f"made-up-{number}")
    assert wait(limiter) == 300.0
    assert wait(limiter, device="made-up-next") == 300.0
    assert wait(limiter, device=COOKIE.upper()) == 300.0


async def test_a_device_of_ones_own_opens_no_account_of_another(limiter: SecurityRateLimiter) -> None:
    await limiter.record_success("web", "login", OFFICE, account="mallory", device="mallorys")
    await guess(limiter, 50, device="mallorys")
    assert wait(limiter, device="mallorys") == 300.0


async def test_a_stolen_device_is_held_back_by_itself_and_keeps_nobody_else_out(
    limiter: SecurityRateLimiter, clock: FakeClock
) -> None:
    await limiter.record_success("web", "login", OFFICE, account="alice", device=COOKIE)
    await limiter.record_success("web", "login", CAFE, account="alice", device="another")
    await guess(limiter, 50, device=COOKIE)
    assert wait(limiter, device=COOKIE) == 300.0
    assert wait(limiter, device=COOKIE, at=CAFE) == 300.0
    assert wait(limiter) is None
    assert wait(limiter, device="another") is None
    clock.advance(300.0)
    assert wait(limiter, device=COOKIE) is None


async def test_a_known_device_passes_where_its_whole_source_is_held_back(limiter: SecurityRateLimiter) -> None:
    await limiter.record_success("web", "login", CAFE, account="alice", device=COOKIE)
    for number in range(30):
        await guess(limiter, 1, account=f"user-{number}")
    assert wait(limiter) is not None
    assert wait(limiter, device=COOKIE) is None


async def test_a_success_forgives_the_device(limiter: SecurityRateLimiter) -> None:
    await limiter.record_success("web", "login", OFFICE, account="alice", device=COOKIE)
    await guess(limiter, 5, device=COOKIE)
    assert wait(limiter, device=COOKIE) == 2.0
    await limiter.record_success("web", "login", OFFICE, account="alice", device=COOKIE)
    assert wait(limiter, device=COOKIE) is None


async def test_a_known_device_is_held_to_every_limit_of_its_address(clock: FakeClock) -> None:
    config = SecurityRateLimiterConfig(per_address=Limit(count=3, per=60.0))
    limiter = SecurityRateLimiter(config=config, clock=clock)
    await limiter.record_success("web", "login", OFFICE, account="alice", device=COOKIE)
    allowed = [limiter.decide("web", "login", OFFICE, account="alice", device=COOKIE).allowed for _ in range(5)]
    assert allowed == [True] * 3 + [False] * 2


async def test_an_account_has_eight_devices(limiter: SecurityRateLimiter) -> None:
    for number in range(9):
        await limiter.record_success("web", "login", OFFICE, account="alice", device=f"device-{number}")
    await guess(limiter, 50)
    held = [wait(limiter, device=f"device-{number}") is not None for number in range(9)]
    assert held == [True] + [False] * 8 or sum(held) == 1


@pytest.mark.parametrize("device", [5, b"cookie"])
async def test_a_device_that_is_no_text_is_a_mistake_of_the_caller(limiter: SecurityRateLimiter, device: Any) -> None:
    with pytest.raises(TypeError, match="device is text"):
        await limiter.check_rate_limit("web", "login", OFFICE, account="alice", device=device)
