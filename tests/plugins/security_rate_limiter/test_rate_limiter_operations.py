"""Names of operations that a client makes up: no fresh state with each, and nobody else's state is touched."""

from __future__ import annotations

import threading
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import Limit, SecurityRateLimiter, SecurityRateLimiterConfig
from recoup_plugins.security_rate_limiter.operations import OTHERS, OperationNames

if TYPE_CHECKING:
    from recoup import ThreatEvent

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]

STRANGER, HOME = "198.51.100.1", "192.0.2.1"
WIDE = Limit(count=100_000)
HOUR = 3_600_000_000


class Service:
    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        self.events: list[ThreatEvent] = []
        open_wide = {"per_address": WIDE, "per_network": WIDE}
        self.limiter = SecurityRateLimiter(
            config=SecurityRateLimiterConfig(**open_wide | settings), clock=self.clock, publish=self.events.append
        )

    async def guess(self, operation: str, source: str = STRANGER, account: str | None = "alice") -> bool:
        """Guess if the limiter lets it through; say whether it did."""
        if not await self.limiter.check_rate_limit("web", operation, source, account=account):
            return False
        await self.limiter.record_failure("web", operation, source, account=account)
        return True


def names(max_names: int = 2) -> OperationNames:
    return OperationNames(
        lambda component, operation: (component, operation) == ("web", "given"),
        lambda operation: "login" if "login" in operation else "",
        max_names,
    )


async def test_the_first_that_come_are_told_apart_and_further_ones_count_as_one() -> None:
    told = names()
    found = [told.find("web", operation, 0) for operation in ("a", "b", "c", "d", "a", "given")]
    assert found == ["a", "b", OTHERS, OTHERS, "a", "given"]
    assert told.find("api", "c", 0) == "c"


async def test_operations_that_prove_who_somebody_is_have_places_and_a_common_name_of_their_own() -> None:
    told = names(1)
    assert [told.find("web", f"path-{number}", 0) for number in range(20)].count(OTHERS) == 19
    found = [told.find("web", f"login-{number}", 0) for number in range(10)]
    assert found == [*(f"login-{number}" for number in range(8)), "(others: login)", "(others: login)"]


async def test_a_place_is_free_again_after_an_hour_without_use() -> None:
    told = names(1)
    assert told.find("web", "a", 0) == "a"
    assert told.find("web", "a", HOUR // 2) == "a"
    assert told.find("web", "b", HOUR) == OTHERS
    assert told.find("web", "b", HOUR + HOUR // 2) == "b"
    assert told.find("web", "a", HOUR + HOUR // 2) == OTHERS


async def test_names_of_components_are_bounded_too() -> None:
    told = names()
    found = [told.find(f"component-{number}", "read", 0) for number in range(300)]
    assert (found.count("read"), found.count(OTHERS)) == (256, 44)


async def test_threads_get_no_more_names_than_there_are_places() -> None:
    told, found, start = names(10), set[str](), threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        found.update(told.find("web", f"{number}-{at}", 0) for at in range(50))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 11


async def guesses_in_an_hour(operation: str, account: str | None) -> int:
    service, total = Service(), 0
    for number in range(720):
        service.clock.advance(5.0)
        total += await service.guess(operation.format(number), account=account)
    return total


@pytest.mark.parametrize(
    ("operation", "account"), [("login/{}", "alice"), ("login/{}", None), ("GET /account/{}", "alice")]
)
async def test_made_up_operations_buy_a_bounded_number_of_guesses(operation: str, account: str | None) -> None:
    fixed = await guesses_in_an_hour("login", account)
    made_up = await guesses_in_an_hour(operation, account)
    assert made_up <= fixed + 8 * 3 + 60  # what is free at once, and one for each minute


async def test_failures_in_one_operation_do_not_hold_back_in_others() -> None:
    service = Service()
    for _ in range(200):
        await service.limiter.record_failure("web", "login", STRANGER, account="alice")
    assert not service.limiter.decide("web", "login", STRANGER, account="alice").allowed
    assert service.limiter.decide("web", "read", STRANGER, account="alice").allowed


async def test_a_page_that_fails_at_twenty_operations_when_its_session_is_over_is_not_held_back() -> None:
    service = Service()
    for number in range(20):
        assert await service.guess(f"panel-{number}", HOME)
    await service.limiter.record_success("web", "login", HOME, account="alice")
    for number in range(20):
        assert service.limiter.decide("web", f"panel-{number}", HOME, account="alice").allowed


async def test_nobody_else_is_held_back_for_made_up_operations() -> None:
    service = Service()
    for number in range(2_000):
        await service.guess(f"login/{number}")
    assert service.limiter.decide("web", "login", HOME, account="alice").allowed
    assert service.limiter.decide("web", "login", HOME, account="bob").allowed
    assert service.limiter.decide("web", "login").allowed


async def test_all_made_up_operations_share_one_allowance() -> None:
    service = Service(limits={"web": Limit(count=10, per=3_600.0)}, operations_per_component=5)
    allowed = [service.limiter.decide("web", f"GET /{number}", STRANGER).allowed for number in range(500)]
    assert sum(allowed) == 5 + 10
    own = [service.limiter.decide("web", f"GET /{number}").allowed for number in range(500)]
    assert sum(own) == 5 + 10


async def test_strangers_names_take_no_places_from_the_applications_own_operations() -> None:
    service = Service(limits={"web": Limit(count=1, per=3_600.0)}, operations_per_component=2)
    for number in range(50):
        service.limiter.decide("web", f"GET /{number}", STRANGER)
    assert [service.limiter.decide("web", operation).allowed for operation in ("a", "b")] == [True, True]


async def test_an_attack_spread_over_made_up_operations_is_found_and_told_under_few_names() -> None:
    service = Service()
    for number in range(3_000):
        await service.limiter.record_failure("web", f"login/{number}", STRANGER, account=f"name-{number}")
        service.clock.advance(0.1)
    assert "credential_stuffing" in {event.threat for event in service.events}
    assert {event.operation for event in service.limiter.threats()} <= {
        "(others: login)",
        *(f"login/{number}" for number in range(8)),
    }
    assert len(service.events) < 40


async def test_made_up_operations_of_many_components_do_not_blind_the_detection_of_a_real_login() -> None:
    service = Service()
    for number in range(400):
        for component in ("web", "api", "admin", "mobile"):
            await service.limiter.record_success(component, f"login/{number}", STRANGER, account="mallory")
    for number in range(40):
        await service.limiter.record_success("shop", "login", f"45.{number}.1.1", account=f"user-{number}")
    operation = service.limiter._watch._followed._given.get(("shop", "login"))  # type: ignore[union-attr]
    assert operation is not None
    assert operation.reported


async def test_a_storm_of_errors_under_made_up_names_is_told_as_one_flood() -> None:
    service = Service()
    for number in range(5_000):
        service.limiter.record_error("web", f"GET /{number}", 20)
    assert {(event.threat, event.operation) for event in service.events} == {("error_flood", OTHERS)}
    assert len(service.events) == 2  # at its onset, and when it grew severe


async def test_errors_of_more_operations_than_are_followed_are_still_told_as_a_flood() -> None:
    service = Service()
    for number in range(1_500):
        service.limiter.record_error(f"component-{number % 12}", f"GET /{number}", 20)
    before = len(service.events)
    for number in range(250):
        service.limiter.record_error(f"more-{number}", "read", 20)
        service.limiter.record_error(f"more-{number}", "write", 20)
    assert len(service.events) > before


async def test_a_name_that_would_forge_a_line_is_kept_as_a_digest() -> None:
    service = Service()
    for number in range(20):
        await service.limiter.record_failure("web", "login\n2026-01-01 INFO ok", STRANGER, account=f"name-{number}")
    assert service.limiter.threats()
    assert all(event.operation.isprintable() for event in service.limiter.threats())


async def test_memory_stays_bounded_under_a_flood_of_operations() -> None:
    service = Service()
    tracemalloc.start()
    try:
        for number in range(2_000):
            service.limiter.decide("web", f"GET /account/{number}", STRANGER, account="alice")
            await service.limiter.record_failure("web", f"GET /account/{number}", STRANGER, account="alice")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000
