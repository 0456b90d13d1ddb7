"""Simulated logins for the security rate limiter: honest traffic of a trading platform, and attacks on it.

Everything is drawn from a seed. Honest are users who mistype and get it right, an office of hundreds behind one
address, mobiles that change theirs, a fleet of bots that reconnects after an outage, and clients that repeat one old
password for days. An attack comes on top, from a given time on.
"""

from __future__ import annotations

import heapq
import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import SecurityRateLimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from random import Random

    from recoup import ThreatEvent

HOUR = 3_600.0
OPERATION = "login"


class Try(NamedTuple):
    """One attempt: when, by whom, from where, whether there is such an account, and how it ends."""

    at: float
    source: str
    account: str
    exists: bool = True
    succeeds: bool = False
    operation: str = OPERATION


class Seen(NamedTuple):
    """What the limiter made of some traffic."""

    events: list[tuple[float, ThreatEvent]]
    honest: int
    honest_refused: int
    attacks: int
    attacks_refused: int


def address(random: Random) -> str:
    return str(ipaddress.IPv4Address(random.randrange(1 << 24, 224 << 24)))


def login(random: Random, at: float, source: str, account: str) -> Iterator[Try]:
    """One user logs in: one in five mistypes once to three times, 3 % give up, 2 % misspell their name first."""
    if random.random() < 0.02:
        yield Try(at, source, f"{account}x", exists=False)
        at += random.uniform(5, 20)
    if random.random() < 0.2:
        for _ in range(random.choice((1, 1, 1, 2, 2, 3))):
            yield Try(at, source, account)
            at += random.uniform(4, 25)
        if random.random() < 0.15:
            return
    yield Try(at, source, account, succeeds=True)


def homes(random: Random, hours: float, per_hour: int) -> Iterator[Try]:
    users = [(f"user-{number}", address(random)) for number in range(4 * per_hour)]
    for _ in range(int(hours * per_hour)):
        account, source = random.choice(users)
        yield from login(random, random.uniform(0, hours * HOUR), source, account)


def office(random: Random, hours: float, users: int = 300) -> Iterator[Try]:
    """Hundreds behind one address; each logs in at the start of work, within half an hour, and twice more."""
    source = address(random)
    for number in range(users):
        starts = [random.uniform(0.5, 1.0) * HOUR, *(random.uniform(1, hours) * HOUR for _ in range(2))]
        for at in starts:
            yield from login(random, at, source, f"clerk-{number}")


def mobiles(random: Random, hours: float, users: int = 200) -> Iterator[Try]:
    """Each login comes from another IPv6 network, or from one of a carrier's few IPv4 addresses."""
    carrier = [address(random) for _ in range(4)]
    prefix = int(ipaddress.IPv6Address("2001:db8::"))
    for number in range(users):
        for _ in range(max(1, int(hours / 2))):
            fresh = str(ipaddress.IPv6Address(prefix | random.getrandbits(96)))
            source = random.choice(carrier) if random.random() < 0.3 else fresh
            yield from login(random, random.uniform(0, hours) * HOUR, source, f"mobile-{number}")


def fleet(random: Random, hours: float, bots: int = 50) -> Iterator[Try]:
    """Bots on two servers log in at the start; an outage of five minutes, each retries with a delay of its own."""
    servers = [address(random) for _ in range(2)]
    outage = random.uniform(0.6, 0.8) * hours * HOUR
    for number in range(bots):
        source, account = servers[number % 2], f"bot-{number}"
        yield Try(random.uniform(0, 60), source, account, succeeds=True)
        at = outage + random.uniform(0, 5)
        delay = random.uniform(2, 6)
        while at < outage + 300:
            yield Try(at, source, account)
            at += delay * random.uniform(0.8, 1.2)
            delay = min(delay * 1.5, 30.0)
        yield Try(at, source, account, succeeds=True)


def stale_clients(random: Random, hours: float) -> Iterator[Try]:
    """Clients that repeat one old password; half of them have been let in before."""
    for number, period in enumerate((20.0, 30.0, 60.0, 60.0, 300.0, 600.0)):
        source, account = address(random), f"stale-{number}"
        if number % 2:
            yield Try(0.0, source, account, succeeds=True)
        at = random.uniform(0, period) + 60
        while at < hours * HOUR:
            yield Try(at, source, account)
            at += period


def honest(random: Random, hours: float, per_hour: int = 600) -> list[Try]:
    groups = (homes(random, hours, per_hour), office(random, hours), mobiles(random, hours))
    return [item for group in (*groups, fleet(random, hours), stale_clients(random, hours)) for item in group]


def spread(random: Random, start: float, rate: float, tries: int) -> Iterator[float]:
    at = start
    for _ in range(tries):
        at += random.expovariate(rate)
        yield at


def stuffing(random: Random, start: float, sources: int, rate: float, tries: int) -> Iterator[Try]:
    """A list of leaked pairs: three in ten names exist, one in two hundred passwords is right."""
    pool = [address(random) for _ in range(sources)]
    for number, at in enumerate(spread(random, start, rate, tries)):
        exists = random.random() < 0.3
        hit = exists and random.random() < 0.015
        yield Try(at, pool[number % sources], f"leaked-{number}", exists=exists, succeeds=hit)


def spraying(random: Random, start: float, sources: int, rate: float, tries: int) -> Iterator[Try]:
    """One common password on accounts that all exist."""
    pool = [address(random) for _ in range(sources)]
    for number, at in enumerate(spread(random, start, rate, tries)):
        yield Try(at, pool[number % sources], f"user-{number}")


def rotating(random: Random, start: float, rate: float, tries: int) -> Iterator[Try]:
    """Stuffing from one IPv6 /48, each try from another /64."""
    site = int(ipaddress.IPv6Address("2001:db9:7::"))
    for number, item in enumerate(stuffing(random, start, 1, rate, tries)):
        yield item._replace(source=str(ipaddress.IPv6Address(site | number << 64 | 1)))


def guessing(random: Random, start: float, sources: int, rate: float, tries: int) -> Iterator[Try]:
    """Many passwords for one account."""
    pool = [address(random) for _ in range(sources)]
    for number, at in enumerate(spread(random, start, rate, tries)):
        yield Try(at, pool[number % sources], "user-7")


def enumerating(random: Random, start: float, sources: int, rate: float, tries: int) -> Iterator[Try]:
    """Which names exist? One in twenty does."""
    pool = [address(random) for _ in range(sources)]
    for number, at in enumerate(spread(random, start, rate, tries)):
        yield Try(at, pool[number % sources], f"guess-{number}", exists=random.random() < 0.05)


def flooding(random: Random, start: float, sources: int, rate: float, tries: int) -> Iterator[Try]:
    """Requests that fail, in an operation that proves nobody's identity."""
    pool = [address(random) for _ in range(sources)]
    for number, at in enumerate(spread(random, start, rate, tries)):
        yield Try(at, pool[number % sources], "", operation="fetch_report")


ATTACKS: dict[str, tuple[Callable[[Random, float], Iterable[Try]], frozenset[str]]] = {
    "stuffing, one source, 1/s": (
        lambda random, start: stuffing(random, start, 1, 1.0, 300),
        frozenset({"credential_stuffing", "account_enumeration"}),
    ),
    "stuffing, one source, 1/min": (
        lambda random, start: stuffing(random, start, 1, 1 / 60, 120),
        frozenset({"credential_stuffing", "account_enumeration"}),
    ),
    "stuffing, 500 sources, 2/s": (
        lambda random, start: stuffing(random, start, 500, 2.0, 1_500),
        frozenset({"credential_stuffing", "account_enumeration", "distributed_slow_attack"}),
    ),
    "stuffing, an IPv6 /48, 1/s": (
        lambda random, start: rotating(random, start, 1.0, 900),
        frozenset({"credential_stuffing", "account_enumeration", "distributed_slow_attack"}),
    ),
    "spraying, one source, 1/s": (
        lambda random, start: spraying(random, start, 1, 1.0, 300),
        frozenset({"credential_stuffing"}),
    ),
    "brute force, one source, 2/s": (
        lambda random, start: guessing(random, start, 1, 2.0, 600),
        frozenset({"brute_force"}),
    ),
    "brute force, 200 sources, 1/s": (
        lambda random, start: guessing(random, start, 200, 1.0, 600),
        frozenset({"brute_force"}),
    ),
    "enumeration, one source, 1/s": (
        lambda random, start: enumerating(random, start, 1, 1.0, 300),
        frozenset({"account_enumeration"}),
    ),
    "enumeration, 300 sources, 1/s": (
        lambda random, start: enumerating(random, start, 300, 1.0, 900),
        frozenset({"account_enumeration", "distributed_slow_attack"}),
    ),
    "slow, 2,000 sources, 170/h": (
        lambda random, start: stuffing(random, start, 2_000, 170 / HOUR, 700),
        frozenset({"distributed_slow_attack"}),
    ),
    "slow spraying, 2,000 sources, 170/h": (
        lambda random, start: spraying(random, start, 2_000, 170 / HOUR, 700),
        frozenset({"distributed_slow_attack"}),
    ),
    "slow, one account, 20/h": (
        lambda random, start: guessing(random, start, 100, 20 / HOUR, 80),
        frozenset({"distributed_slow_attack", "brute_force"}),
    ),
    "flood, one source, 20/s": (
        lambda random, start: flooding(random, start, 1, 20.0, 1_200),
        frozenset({"error_flood"}),
    ),
    "flood, 500 sources, 50/s": (
        lambda random, start: flooding(random, start, 500, 50.0, 3_000),
        frozenset({"error_flood"}),
    ),
}
"""Attacks by name, each with the threats by which it counts as detected."""


def play(honest_tries: Iterable[Try], attack_tries: Iterable[Try] = (), *, names_accounts: bool = True) -> Seen:
    """Send traffic through a limiter as a platform would: ask, try, and report how it went.

    Args:
        honest_tries: traffic that must raise no alarm.
        attack_tries: traffic that must.
        names_accounts: False: only the seed's two calls are made, ``check_rate_limit`` and ``record_failure``.
    """
    clock = FakeClock()
    events: list[tuple[float, ThreatEvent]] = []
    limiter = SecurityRateLimiter(
        clock=clock,
        publish=lambda event: events.append((clock.monotonic(), event)),
    )
    counts = {True: [0, 0], False: [0, 0]}
    marked = [
        *((item.at, number, item, False) for number, item in enumerate(honest_tries)),
        *((item.at, -1 - number, item, True) for number, item in enumerate(attack_tries)),
    ]
    heapq.heapify(marked)
    while marked:
        at, _, item, is_attack = heapq.heappop(marked)
        clock.advance(max(0.0, at - clock.monotonic()))
        tally = counts[is_attack]
        tally[0] += 1
        tally[1] += not _try(limiter, item, names_accounts=names_accounts)
    return Seen(events, *counts[False], *counts[True])


def _try(limiter: SecurityRateLimiter, item: Try, *, names_accounts: bool) -> bool:
    account = item.account if names_accounts and item.account else None
    if not limiter.decide("web", item.operation, item.source, account=account).allowed:
        return False
    if not item.succeeds:
        known = item.exists if account is not None else None
        settle(limiter.record_failure("web", item.operation, item.source, account=account, known_account=known))
    elif account is not None:
        settle(limiter.record_success("web", item.operation, item.source, account=account))
    return True


def settle(coroutine: object) -> None:
    """Run a coroutine that never waits, without an event loop for each of a million calls."""
    try:
        coroutine.send(None)  # type: ignore[attr-defined]  # a coroutine has it
    except StopIteration:
        return
    raise AssertionError("the limiter has begun to wait")
