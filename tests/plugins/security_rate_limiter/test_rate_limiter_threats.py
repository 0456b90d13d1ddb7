"""Threat detection: what an attack is told by, and what honest users may do without being taken for one."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from recoup import ErrorSeverity, ThreatEvent
from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import SecurityRateLimiter, SecurityRateLimiterConfig, ThreatDetection

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]

SOURCE = "192.0.2.1"


class Watched:
    """A limiter with its clock and the events that it published."""

    def __init__(self, **detection: Any) -> None:
        self.clock = FakeClock()
        self.events: list[ThreatEvent] = []
        config = SecurityRateLimiterConfig(threats=ThreatDetection(**detection), allow=("10.0.0.0/8",))
        self.limiter = SecurityRateLimiter(config=config, clock=self.clock, publish=self.events.append)

    async def fail(
        self, source: str | None, account: str | None = None, *, operation: str = "login", **known: Any
    ) -> None:
        await self.limiter.record_failure("web", operation, source, account=account, **known)

    async def succeed(self, source: str, account: str | None = None) -> None:
        await self.limiter.record_success("web", "login", source, account=account)

    def kinds(self) -> set[str]:
        return {event.threat for event in self.limiter.threats()}


@pytest.fixture
def watched() -> Watched:
    return Watched()


async def test_many_accounts_from_one_source_are_credential_stuffing(watched: Watched) -> None:
    for number in range(9):
        await watched.fail(SOURCE, f"user-{number}")
        watched.clock.advance(1.0)
    assert watched.events == []
    await watched.fail(SOURCE, "user-9")
    (event,) = watched.events
    assert (event.kind, event.threat, event.severity) == ("threat", "credential_stuffing", ErrorSeverity.HIGH)
    assert (event.component, event.operation, event.source, event.account) == ("web", "login", SOURCE, "")
    assert 0.5 < event.confidence < 1.0
    assert event.evidence["accounts"] == 10
    assert event.detail == "10 accounts failed and did not recover, from one source in 5 minutes"


async def test_slow_stuffing_from_one_source_shows_within_the_day(watched: Watched) -> None:
    for number in range(20):
        await watched.fail(SOURCE, f"user-{number}")
        watched.clock.advance(600.0)
    assert [event.threat for event in watched.events] == ["credential_stuffing"]


async def test_accounts_that_succeed_after_all_are_an_office(watched: Watched) -> None:
    for number in range(300):
        for _ in range(1 + number % 3):
            await watched.fail(SOURCE, f"clerk-{number}", known_account=True)
            watched.clock.advance(1.0)
        await watched.succeed(SOURCE, f"clerk-{number}")
    assert watched.events == []


async def test_many_tries_at_one_account_are_brute_force(watched: Watched) -> None:
    for _ in range(20):
        await watched.fail(SOURCE, "alice")
    (event,) = watched.events
    assert (event.threat, event.severity, event.source) == ("brute_force", ErrorSeverity.HIGH, SOURCE)
    assert event.account
    assert "alice" not in repr(event)


async def test_a_spread_brute_force_names_the_account_and_no_source(watched: Watched) -> None:
    for number in range(16):
        await watched.fail(f"198.51.{number % 8}.7", "alice")
        watched.clock.advance(200.0)
    (event,) = watched.events
    assert (event.threat, event.source) == ("brute_force", "")
    assert event.evidence["networks"] == 8


async def test_a_forgotten_client_with_one_old_password_is_no_attack(watched: Watched) -> None:
    await watched.succeed(SOURCE, "alice")
    for _ in range(24 * 120):
        await watched.fail(SOURCE, "alice", known_account=True)
        await watched.fail("198.51.100.7", "bob", known_account=True)  # and one that was never let in
        watched.clock.advance(30.0)
    assert watched.events == []


async def test_unknown_names_are_account_enumeration(watched: Watched) -> None:
    for number in range(8):
        await watched.fail(SOURCE, f"guess-{number}", known_account=False)
    assert [(event.threat, event.severity) for event in watched.events] == [
        ("account_enumeration", ErrorSeverity.MEDIUM)
    ]


async def test_one_who_forgot_his_own_name_is_none(watched: Watched) -> None:
    for number in range(6):
        await watched.fail(SOURCE, f"alice{number}", known_account=False)
    assert watched.events == []


async def test_few_tries_from_many_sources_over_hours_are_a_slow_attack(watched: Watched) -> None:
    for number in range(60):
        watched.limiter.decide("web", "login", f"198.{number}.100.7", account=f"user-{number}")
        await watched.fail(f"198.{number}.100.7", f"user-{number}")
        watched.clock.advance(120.0)
    (event,) = watched.events
    assert (event.threat, event.source, event.account) == ("distributed_slow_attack", "", "")
    assert event.evidence["sources"] >= 20


async def test_slow_tries_at_one_account_from_many_networks_are_found_within_the_day(watched: Watched) -> None:
    for number in range(16):
        await watched.fail(f"198.51.{number}.7", "alice")
        watched.clock.advance(3_600.0)
    (event,) = watched.events
    assert event.threat == "distributed_slow_attack"
    assert event.evidence["networks_in_a_day"] == 16


async def test_a_mobile_user_fails_here_and_there_and_gets_in(watched: Watched) -> None:
    for number in range(40):
        await watched.fail(f"2001:db8:{number:x}::1", "alice", known_account=True)
        watched.clock.advance(10.0)
        await watched.succeed(f"2001:db8:{number:x}::1", "alice")
        watched.clock.advance(1_000.0)
    assert watched.events == []


async def test_the_owners_logins_do_not_hide_what_others_try(watched: Watched) -> None:
    for number in range(16):
        await watched.fail(f"198.51.{number % 8}.7", "alice")
        await watched.succeed(SOURCE, "alice")
        watched.clock.advance(200.0)
    assert watched.kinds() == {"brute_force"}


async def test_a_fleet_that_reconnects_after_an_outage_is_no_attack(watched: Watched) -> None:
    for bot in range(50):
        await watched.succeed(SOURCE, f"bot-{bot}")
    watched.clock.advance(3_600.0)
    for _ in range(20):
        for bot in range(50):
            await watched.fail(SOURCE, f"bot-{bot}", known_account=True)
        watched.clock.advance(15.0)
    assert watched.events == []


async def test_when_nobody_succeeds_any_more_it_is_an_outage(watched: Watched) -> None:
    for number in range(600):
        await watched.succeed(f"198.{number // 250}.{number % 250}.7", f"user-{number}")
        watched.clock.advance(6.0)
    watched.clock.advance(60.0)
    for number in range(100):
        await watched.fail(f"203.0.{number}.7", f"other-{number}", known_account=True)
    assert watched.events == []


async def test_without_accounts_many_failed_logins_of_one_source_are_brute_force(watched: Watched) -> None:
    for _ in range(17):
        await watched.fail(SOURCE)
        watched.clock.advance(1.0)
    (event,) = watched.events
    assert (event.threat, event.source) == ("brute_force", SOURCE)


async def test_without_accounts_a_busy_source_that_mostly_passes_is_none(watched: Watched) -> None:
    for number in range(600):
        assert watched.limiter.decide("web", "sign_in_page", f"192.0.2.{number % 200}").allowed
        if number % 5 == 0:
            await watched.fail(f"192.0.2.{number % 200}", operation="sign_in_page")
        watched.clock.advance(3.0)
    assert watched.events == []


async def test_failures_by_the_hundred_in_a_minute_are_a_flood(watched: Watched) -> None:
    for _ in range(120):
        await watched.fail(SOURCE, operation="fetch_report")
    (event,) = watched.events
    assert (event.threat, event.severity) == ("error_flood", ErrorSeverity.MEDIUM)
    for _ in range(1_080):
        await watched.fail(SOURCE, operation="fetch_report")
    assert (watched.events[-1].threat, watched.events[-1].severity) == ("error_flood", ErrorSeverity.HIGH)


async def test_a_flood_from_everywhere_is_one_of_the_operation(watched: Watched) -> None:
    for number in range(1_000):
        await watched.fail(f"198.{number // 200}.{number % 200}.7", operation="fetch_report")
    (event,) = watched.events
    assert (event.threat, event.source) == ("error_flood", "")


async def test_an_attack_is_told_once_and_its_evidence_grows(watched: Watched) -> None:
    for number in range(60):
        await watched.fail(SOURCE, f"user-{number}")
        watched.clock.advance(1.0)
    assert len(watched.events) == 1
    (finding,) = watched.limiter.threats()
    assert finding.evidence["accounts"] == 60
    assert finding.evidence["lasted_seconds"] == 50
    assert finding.confidence > watched.events[0].confidence


async def test_it_is_told_again_when_its_severity_rises(watched: Watched) -> None:
    for number in range(150):
        await watched.fail(SOURCE, f"user-{number}")
    assert [event.severity for event in watched.events] == [ErrorSeverity.HIGH, ErrorSeverity.CRITICAL]
    assert len(watched.limiter.threats()) == 1


async def test_it_is_over_after_a_quarter_of_an_hour_of_silence_and_new_when_it_returns(watched: Watched) -> None:
    for number in range(10):
        await watched.fail(SOURCE, f"user-{number}")
    watched.clock.advance(899.0)
    assert len(watched.limiter.threats()) == 1
    watched.clock.advance(1.0)
    assert watched.limiter.threats() == ()
    watched.clock.advance(24 * 3_600.0)
    for number in range(10):
        await watched.fail(SOURCE, f"user-{number}")
    assert len(watched.events) == 2


async def test_the_worst_comes_first(watched: Watched) -> None:
    for number in range(8):
        await watched.fail("198.51.100.1", f"guess-{number}", known_account=False)
    for number in range(10):
        await watched.fail(SOURCE, f"user-{number}")
    assert [event.threat for event in watched.limiter.threats()] == ["credential_stuffing", "account_enumeration"]


async def test_attacks_from_everywhere_are_summed_up_rather_than_listed(watched: Watched) -> None:
    for source in range(200):
        for _ in range(20):
            await watched.fail(f"198.51.{source}.7", f"user-{source}")
    brute = [event for event in watched.limiter.threats() if event.threat == "brute_force"]
    assert len(brute) == 65
    assert sum(event.account == "" for event in brute) == 1
    assert len([event for event in watched.events if event.threat == "brute_force"]) <= 66


async def test_those_who_insist_while_they_are_held_back_are_seen(watched: Watched) -> None:
    for _ in range(4):
        await watched.fail(SOURCE, "alice")
    for _ in range(16):
        assert not await watched.limiter.check_rate_limit("web", "login", SOURCE, account="alice")
    assert watched.kinds() == {"brute_force"}


async def test_an_account_is_the_same_however_it_is_written(watched: Watched) -> None:
    for name in ("Alice", "alice", " ALICE ", "\uff21lice"):
        for _ in range(5):
            await watched.fail(SOURCE, name)
    assert watched.kinds() == {"brute_force"}


async def test_the_names_of_accounts_are_kept_nowhere(watched: Watched) -> None:
    from recoup_plugins.security_rate_limiter.limiter import SecurityRateLimiter as Kind

    seen: list[str] = []

    def walk(thing: Any, depth: int = 0) -> None:
        if isinstance(thing, str | bytes):
            seen.append(str(thing))
        elif isinstance(thing, dict):
            walk(list(thing.items()), depth)
        elif isinstance(thing, list | tuple | set):
            for item in thing:
                walk(item, depth)
        elif depth < 9 and type(thing).__module__.startswith("recoup"):
            names = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
            for name in {*names, *vars(thing)} if hasattr(thing, "__dict__") else names:
                walk(getattr(thing, name, None), depth + 1)

    for _ in range(40):
        await watched.fail(SOURCE, "margaret", known_account=True)
    await watched.succeed(SOURCE, "margaret")
    watched.limiter.decide("web", "login", SOURCE, account="margaret")
    assert isinstance(watched.limiter, Kind)
    walk(watched.limiter)
    assert any("login" in text for text in seen)
    assert not any("margaret" in text for text in seen)


async def test_two_limiters_give_one_account_different_tags() -> None:
    tags = set()
    for _ in range(2):
        watched = Watched()
        for _ in range(20):
            await watched.fail(SOURCE, "alice")
        tags.add(watched.events[0].account)
    assert len(tags) == 2


async def test_an_ipv6_source_is_its_64(watched: Watched) -> None:
    for number in range(20):
        await watched.fail(f"2001:db8:1:2::{number:x}", "alice")
    assert watched.events[0].source == "2001:db8:1:2::/64"


async def test_an_allow_listed_network_is_not_suspected(watched: Watched) -> None:
    for number in range(200):
        await watched.fail("10.0.0.1", f"user-{number}")
    assert watched.events == []


async def test_detection_can_be_switched_off() -> None:
    watched = Watched(enabled=False)
    for number in range(200):
        await watched.fail(SOURCE, f"user-{number}")
        await watched.succeed(SOURCE, f"user-{number}")
        watched.limiter.record_error("web", "login", 1)
    assert (watched.events, watched.limiter.threats()) == ([], ())


async def test_a_flood_of_addresses_and_names_takes_no_room_from_those_who_are_followed() -> None:
    watched = Watched(max_sources=64, max_accounts=64)
    for number in range(7):
        await watched.fail(SOURCE, f"user-{number}")
    for number in range(5_000):
        await watched.fail(f"198.{number // 250}.{number % 250}.7", f"crowd-{number}")
    watch = watched.limiter._watch
    assert watch is not None
    sources, accounts, _ = watch._followed.sizes()
    assert max(sources, accounts) <= 64
    for number in range(7, 10):
        await watched.fail(SOURCE, f"user-{number}")
    assert SOURCE in {event.source for event in watched.limiter.threats()}


async def test_operations_that_name_an_account_take_no_room_from_logins(watched: Watched) -> None:
    for number in range(40):
        await watched.limiter.check_rate_limit("api", f"endpoint_{number}", SOURCE, account="owner")
        await watched.limiter.record_success("api", f"endpoint_{number}", SOURCE, account="owner")
    watch = watched.limiter._watch
    assert watch is not None
    assert watch._followed.sizes()[2] == 8
    for number in range(200):
        watched.clock.advance(1.0)
        source = f"203.{number}.113.7"
        await watched.limiter.check_rate_limit("web", "login", source, account=f"leaked-{number}")
        await watched.fail(source, f"leaked-{number}", known_account=True)
    assert watched.kinds() == {"credential_stuffing"}


@pytest.mark.parametrize("wrong", [{"accounts_per_source": 1}, {"max_sources": 3}, {"logins": ("",)}])
async def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ThreatDetection(**wrong)


async def test_an_account_that_is_no_text_is_a_mistake_of_the_caller(watched: Watched) -> None:
    with pytest.raises(TypeError, match="account is text"):
        await watched.fail(SOURCE, 7)  # type: ignore[arg-type]


async def test_tasks_are_counted_exactly(watched: Watched) -> None:
    async def work(task: int) -> None:
        for number in range(25):
            await watched.fail(SOURCE, f"user-{task}-{number}")
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        for task in range(8):
            tasks.start_soon(work, task)
    assert watched.limiter.threats()[0].evidence["accounts"] == 200


@pytest.fixture
def often_switching() -> Iterator[None]:
    """Threads change as often as they can, so that a missing lock shows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("often_switching")
async def test_eight_threads_are_counted_exactly(watched: Watched) -> None:
    start = threading.Barrier(8)

    def work(thread: int) -> None:
        start.wait()
        for number in range(300):
            failing = watched.limiter.record_failure("web", "login", SOURCE, account=f"user-{thread}-{number}")
            with pytest.raises(StopIteration):
                failing.send(None)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    finding = next(event for event in watched.limiter.threats() if event.threat == "credential_stuffing")
    assert finding.evidence["accounts"] == 2_400
    assert len([event for event in watched.events if event.threat == "credential_stuffing"]) == 2
