"""SecurityRateLimiter: limits by operation and by address, fair to those who are under them."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import FailureDelays, Limit, SecurityRateLimiter, SecurityRateLimiterConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDE = Limit(count=100_000, per=1.0)


def build(**settings: object) -> tuple[SecurityRateLimiter, FakeClock]:
    clock = FakeClock()
    return SecurityRateLimiter(config=SecurityRateLimiterConfig(**settings), clock=clock), clock  # type: ignore[arg-type]


def admitted(limiter: SecurityRateLimiter, times: int, *request: str | None) -> int:
    return sum(limiter.decide(*request).allowed for _ in range(times))  # type: ignore[arg-type]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_it_works_without_parameters_as_in_the_seed() -> None:
    limiter = SecurityRateLimiter()
    assert await limiter.check_rate_limit("trading", "place_order") is True
    assert await limiter.check_rate_limit("trading", "place_order", "192.0.2.7") is True
    await limiter.record_failure("trading", "place_order", "192.0.2.7")


@pytest.mark.parametrize(
    ("component", "operation", "burst"),
    [
        ("trading", "place_order", 20),
        ("exchange", "fetch_ticker", 40),
        ("database", "insert", 200),
        ("anything", "else", 100),
        ("trading", "login", 5),
        ("exchange", "withdraw", 3),
    ],
)
def test_each_kind_of_operation_has_its_own_default(component: str, operation: str, burst: int) -> None:
    limiter, _ = build()
    assert admitted(limiter, 300, component, operation) == burst


def test_operations_are_counted_apart() -> None:
    limiter, _ = build(limits={"trading": Limit(count=2)})
    assert admitted(limiter, 5, "trading", "place_order") == 2
    assert admitted(limiter, 5, "trading", "cancel_order") == 2


def test_the_most_specific_limit_counts() -> None:
    limiter, _ = build(
        limits={
            "trading.login": Limit(count=1),
            "*.login": Limit(count=2),
            "trading": Limit(count=3),
            "default": Limit(count=4),
        }
    )
    found = [
        admitted(limiter, 9, *pair) for pair in (("trading", "login"), ("a", "login"), ("trading", "b"), ("a", "b"))
    ]
    assert found == [1, 2, 3, 4]


@pytest.mark.parametrize("name", ["", ".login", "trading.", "*"])
def test_a_malformed_name_of_a_limit_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=r"security_rate_limiter\.limits"):
        build(limits={name: Limit(count=1)})


def test_a_refusal_says_when_to_come_back_and_then_holds_true() -> None:
    limiter, clock = build(limits={"trading": Limit(count=10, per=1.0, burst=2)})
    admitted(limiter, 2, "trading", "place_order")
    refusal = limiter.decide("trading", "place_order")
    assert (refusal.allowed, refusal.retry_after) == (False, 0.1)
    assert refusal.reason == "limit per operation: 10 per 1 s, at most 2 at once"
    clock.advance(0.1)
    assert admitted(limiter, 2, "trading", "place_order") == 1


def test_an_address_and_its_networks_have_limits_of_their_own() -> None:
    limiter, _ = build(
        limits={"api": WIDE},
        per_address=Limit(count=2, per=60.0),
        per_network=Limit(count=5, per=60.0),
        per_site=Limit(count=7, per=60.0),
    )
    assert admitted(limiter, 9, "api", "read", "192.0.2.1") == 2
    assert sum(admitted(limiter, 1, "api", "read", f"192.0.2.{host}") for host in range(2, 99)) == 3
    assert admitted(limiter, 9, "api", "read", "192.0.3.1") == 2
    assert sum(admitted(limiter, 1, "api", "read", f"2001:db8:0:1::{host:x}") for host in range(99)) == 5
    assert sum(admitted(limiter, 1, "api", "read", f"2001:db8:0:{net:x}::1") for net in range(2, 99)) == 2
    assert admitted(limiter, 1, "api", "read", "2001:db8:1::1") == 1


def test_one_address_has_one_count_however_it_is_written() -> None:
    limiter, _ = build(limits={"api": WIDE}, per_address=Limit(count=2, per=60.0))
    written = ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"]
    assert [limiter.decide("api", "read", text).allowed for text in written] == [True, True, False]


def test_garbage_shares_one_address() -> None:
    limiter, _ = build(limits={"api": WIDE}, per_address=Limit(count=2, per=60.0))
    assert sum(admitted(limiter, 1, "api", "read", f"host-{number}") for number in range(50)) == 2


def test_a_source_over_its_limit_takes_nothing_from_others() -> None:
    limiter, _ = build(limits={"api": Limit(count=10, per=60.0)}, per_address=Limit(count=3, per=60.0))
    assert admitted(limiter, 1000, "api", "read", "192.0.2.1") == 3
    assert admitted(limiter, 3, "api", "read", "198.51.100.1") == 3


def test_strangers_cannot_starve_the_application_itself() -> None:
    limiter, _ = build(limits={"api": Limit(count=5, per=60.0)}, allow=("10.0.0.0/8",))
    for host in range(1, 200):
        limiter.decide("api", "read", f"192.0.{host}.1")
    assert limiter.decide("api", "read", "192.0.2.9").allowed is False
    assert admitted(limiter, 9, "api", "read") == 5


def test_lists_decide_before_anything_is_counted() -> None:
    limiter, _ = build(
        limits={"api": Limit(count=9, per=60.0)},
        per_address=Limit(count=1, per=60.0),
        allow=("10.0.0.0/8",),
        deny=("203.0.113.0/24",),
    )
    denied = limiter.decide("api", "read", "203.0.113.9")
    assert (denied.allowed, denied.retry_after, denied.reason) == (False, None, "the address is on the deny-list")
    assert admitted(limiter, 20, "api", "read", "10.1.2.3") == 9


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_delays_grow_with_failures_and_fade_with_time() -> None:
    limiter, clock = build(
        limits={"api": WIDE}, failures=FailureDelays(free=2, base_delay=1.0, max_delay=4.0, forget_after=60.0)
    )
    delays = []
    for _ in range(6):
        await limiter.record_failure("api", "login_page", "192.0.2.1")
        delays.append(limiter.decide("api", "login_page", "192.0.2.1").retry_after)
    assert delays == [None, None, 1.0, 2.0, 4.0, 4.0]
    assert limiter.decide("api", "login_page", "192.0.2.1").reason == "held back after failures"
    clock.advance(4.0)
    assert limiter.decide("api", "login_page", "192.0.2.1").allowed
    clock.advance(600.0)
    await limiter.record_failure("api", "login_page", "192.0.2.1")
    assert limiter.decide("api", "login_page", "192.0.2.1").allowed


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_failures_hold_back_nobody_but_whoever_caused_them() -> None:
    limiter, _ = build(limits={"api": WIDE}, allow=("10.0.0.0/8",))
    for _ in range(50):
        await limiter.record_failure("api", "read", "192.0.2.1")
        await limiter.record_failure("api", "read", "2001:db8::1")
        await limiter.record_failure("api", "read", "10.0.0.1")
    held = {
        source: not limiter.decide("api", "read", source).allowed
        for source in ("192.0.2.1", "192.0.2.2", "2001:db8::2", "2001:db8:0:1::1", "10.0.0.1", None)
    }
    assert held == {
        "192.0.2.1": True,
        "192.0.2.2": False,
        "2001:db8::2": True,  # the same /64: one machine picks any address in it
        "2001:db8:0:1::1": False,
        "10.0.0.1": False,
        None: False,
    }
    assert limiter.decide("api", "write", "192.0.2.1").allowed


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_failures_without_an_address_hold_back_the_applications_own_calls() -> None:
    limiter, _ = build(limits={"api": WIDE})
    for _ in range(4):
        await limiter.record_failure("api", "read")
    assert limiter.decide("api", "read").retry_after == 1.0
    assert limiter.decide("api", "read", "192.0.2.1").allowed


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_flood_of_addresses_changes_nothing_for_attacker_and_victim() -> None:
    limiter, clock = build(
        limits={"api": WIDE},
        per_address=Limit(count=5, per=3600.0),
        per_network=WIDE,
        per_site=WIDE,
        failures=FailureDelays(forget_after=3600.0),
        max_addresses=64,
    )
    admitted(limiter, 2, "api", "read", "192.0.2.1")
    for _ in range(9):
        await limiter.record_failure("api", "read", "198.51.100.1")
    for number in range(3000):
        crowd = f"100.{number % 64}.{number // 64}.7"
        limiter.decide("api", "read", crowd)
        await limiter.record_failure("api", "read", crowd)
    clock.advance(1.0)
    assert limiter.decide("api", "read", "198.51.100.1").retry_after == 31.0
    assert admitted(limiter, 9, "api", "read", "192.0.2.1") == 3


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_in_a_flood_of_failures_a_newcomers_neighbours_slow_him_by_the_base_delay_at_most() -> None:
    limiter, clock = build(limits={"api": WIDE}, failures=FailureDelays(base_delay=2.0), max_addresses=16)
    for number in range(1_000):
        await limiter.record_failure("api", "read", f"192.0.2.{number // 5}")
    assert limiter.decide("api", "read", "192.0.2.251").retry_after == 2.0
    assert limiter.decide("api", "read", "198.51.100.1").allowed
    clock.advance(2.0)
    assert limiter.decide("api", "read", "192.0.2.251").allowed


@pytest.fixture
def often_switching() -> Iterator[None]:
    """Threads change as often as they can, so that a missing lock shows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("often_switching")
def test_eight_threads_are_counted_exactly() -> None:
    limiter, _ = build(
        limits={"api": Limit(count=4000, per=3600.0), "own": Limit(count=1500, per=3600.0)},
        per_address=Limit(count=300, per=3600.0),
        per_network=Limit(count=3000, per=3600.0),
    )
    start = threading.Barrier(8)
    totals: list[tuple[int, int]] = []

    def work() -> None:
        start.wait()
        own = stranger = 0
        for number in range(1000):
            own += limiter.decide("own", "read").allowed
            stranger += limiter.decide("api", "read", f"192.0.2.{number % 4}").allowed
        totals.append((own, stranger))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(own for own, _ in totals), sum(stranger for _, stranger in totals)) == (1500, 4 * 300)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_tasks_are_counted_exactly() -> None:
    limiter, _ = build(limits={"own": Limit(count=70, per=3600.0)})
    answers: list[bool] = []

    async def work() -> None:
        for _ in range(10):
            answers.append(await limiter.check_rate_limit("own", "read"))
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(work)
    assert (answers.count(True), len(answers)) == (70, 200)


def test_endless_names_are_kept_as_digests_and_stay_apart() -> None:
    limiter, _ = build(limits={"default": Limit(count=1, per=60.0)})
    assert admitted(limiter, 2, "a" * 100_000, "x") == 1
    assert admitted(limiter, 2, "a" * 99_999 + "b", "x") == 1
    assert all(len(name) <= 128 for key in limiter._operations._values for name in key[:2])  # type: ignore[index]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_an_address_that_is_no_text_is_a_mistake_of_the_caller() -> None:
    limiter, _ = build()
    with pytest.raises(TypeError, match="ip_address"):
        await limiter.check_rate_limit("api", "read", 3221225985)  # type: ignore[arg-type]


def test_a_longest_delay_below_the_shortest_is_refused() -> None:
    with pytest.raises(ValueError, match="at least base_delay"):
        FailureDelays(base_delay=10.0, max_delay=1.0)


def test_a_delay_that_never_ends_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        FailureDelays(max_delay=float("inf"))
