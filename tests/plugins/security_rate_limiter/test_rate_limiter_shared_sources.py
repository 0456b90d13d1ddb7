"""Many honest users behind one address, and what an outage does to them, with and without the names of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import Limit, SecurityRateLimiter, SecurityRateLimiterConfig

if TYPE_CHECKING:
    from recoup import ThreatEvent

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]

OFFICE = "198.51.100.7"
STRANGER = "192.0.2.1"


class Service:
    """A login behind a limiter, as an application would have it."""

    def __init__(self, *, reports_successes: bool = True, **settings: Limit) -> None:
        self.clock = FakeClock()
        self.events: list[ThreatEvent] = []
        self.limiter = SecurityRateLimiter(
            config=SecurityRateLimiterConfig(**settings),  # type: ignore[arg-type]
            clock=self.clock,
            publish=self.events.append,
        )
        self.reports_successes = reports_successes
        self.is_down = False

    async def log_in(self, source: str, *, is_right: bool, account: str | None = None) -> bool:
        """Try to log in; return whether the limiter let it through."""
        if not await self.limiter.check_rate_limit("web", "login", source, account=account):
            return False
        if is_right and not self.is_down:
            if self.reports_successes:
                await self.limiter.record_success("web", "login", source, account=account)
        else:
            known = None if account is None else True
            await self.limiter.record_failure("web", "login", source, account=account, known_account=known)
        return True


@pytest.mark.parametrize("reports_successes", [True, False])
async def test_users_behind_one_address_who_mistype_now_and_then_are_let_in(reports_successes: bool) -> None:
    service = Service(reports_successes=reports_successes)
    refused = 0
    for number in range(600):  # thirty a minute, of which every tenth is mistyped
        refused += not await service.log_in(OFFICE, is_right=number % 10 != 9)
        service.clock.advance(2.0)
    assert refused <= 12 * (not reports_successes)  # without any word of success a source starts out with one's pace
    assert service.events == []


async def test_a_source_that_has_not_succeeded_keeps_the_pace_of_one() -> None:
    service = Service(reports_successes=False)
    assert [await service.log_in(STRANGER, is_right=True) for _ in range(6)] == [True] * 5 + [False]


async def test_ones_own_successes_buy_few_tries_at_others() -> None:
    service = Service()
    guesses = 0
    for _ in range(1_200):  # an hour of four logins of one's own to each guess, fifteen guesses a minute
        for _ in range(4):
            await service.log_in(STRANGER, is_right=True)
        guesses += await service.log_in(STRANGER, is_right=False)
        service.clock.advance(3.0)
    assert guesses < 500


async def test_guesses_without_successes_are_held_back_and_found() -> None:
    service = Service()
    tried = 0
    for _ in range(60):
        tried += await service.log_in(STRANGER, is_right=False)
        service.clock.advance(1.0)
    assert tried < 12
    assert {event.threat for event in service.events} == {"brute_force"}


@pytest.mark.parametrize("account", ["user", None], ids=["named", "plain"])
@pytest.mark.parametrize("reports_successes", [True, False])
async def test_an_outage_makes_no_attackers_of_an_office(account: str | None, reports_successes: bool) -> None:
    service = Service(reports_successes=reports_successes)
    for number in range(600):  # one every six seconds for an hour
        await service.log_in(OFFICE, is_right=number % 12 != 0, account=account and f"{account}-{number}")
        service.clock.advance(6.0)
    service.is_down = True
    for number in range(60):
        await service.log_in(OFFICE, is_right=True, account=account and f"other-{number}")
        service.clock.advance(10.0)
    service.is_down = False
    for number in range(60):
        await service.log_in(OFFICE, is_right=True, account=account and f"other-{number}")
        service.clock.advance(10.0)
    assert service.events == []


@pytest.mark.parametrize(("silence", "is_alarmed"), [(90.0, False), (0.0, True)])
async def test_an_outage_is_seen_by_the_gap_since_the_latest_success(silence: float, is_alarmed: bool) -> None:
    service = Service()
    for number in range(240):  # four a minute for an hour, so that five are missed after 75 seconds
        await service.log_in(OFFICE, is_right=True, account=f"user-{number}")
        service.clock.advance(15.0)
    service.clock.advance(silence)
    for number in range(40):
        await service.log_in("203.0.113.9", is_right=False, account=f"other-{number}")
        service.clock.advance(0.5)
    assert bool(service.events) is is_alarmed


async def test_an_outage_that_uses_up_a_sources_credit_is_still_no_attack() -> None:
    service = Service()
    for number in range(150):
        await service.log_in(OFFICE, is_right=number % 12 != 0)
        service.clock.advance(24.0)
    service.is_down = True
    for _ in range(240):
        await service.log_in(OFFICE, is_right=True)
        service.clock.advance(2.5)
    assert service.events == []


async def test_an_outage_hides_no_guesses_from_elsewhere() -> None:
    service = Service()
    for number in range(600):
        await service.log_in(OFFICE, is_right=True, account=f"user-{number}")
        service.clock.advance(6.0)
    service.is_down = True
    for _ in range(60):
        await service.log_in(STRANGER, is_right=False)
        service.clock.advance(5.0)
    assert {event.threat for event in service.events} == {"brute_force"}


async def test_a_user_who_gets_in_after_all_is_taken_out_of_the_crowd() -> None:
    service = Service()
    for number in range(300):
        source = f"45.{number}.1.1" if number < 256 else f"46.{number - 256}.1.1"
        for is_right in (number % 2 != 0, True):
            await service.log_in(source, is_right=is_right)
            service.clock.advance(0.5)
    assert service.events == []


async def test_strangers_do_not_use_up_what_known_users_need() -> None:
    service = Service()
    await service.log_in(OFFICE, is_right=True, account="alice")
    for number in range(300):
        await service.log_in(f"45.{number % 250}.{number // 250}.1", is_right=False, account=f"name-{number}")
    assert not await service.log_in("46.1.1.1", is_right=True, account="bob")
    assert await service.log_in(OFFICE, is_right=True, account="alice")


@pytest.mark.parametrize("source", ["2001:db8:77:{:x}::1", "45.1.2.{}"], ids=["IPv6 /48", "IPv4 /24"])
async def test_one_account_under_attack_is_told_once_from_however_many_addresses(source: str) -> None:
    service = Service(per_network=Limit(count=1_000), per_site=Limit(count=1_000))
    for number in range(250):
        await service.log_in(source.format(number), is_right=False, account="alice")
        service.clock.advance(1.0)
    (event,) = [event for event in service.events if event.threat == "brute_force"]
    assert event.account
    (finding,) = [finding for finding in service.limiter.threats() if finding.threat == "brute_force"]
    assert finding.source == ""
    assert finding.evidence["tries"] > event.evidence["tries"]


@pytest.mark.parametrize("name", [None, 5, b"web"])
async def test_a_name_that_is_no_text_is_refused(name: object) -> None:
    limiter = Service().limiter
    with pytest.raises(TypeError, match="component and operation are text"):
        limiter.decide(name, "login", STRANGER)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="component and operation are text"):
        await limiter.record_failure("web", name, STRANGER)  # type: ignore[arg-type]
