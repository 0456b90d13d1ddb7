"""The seed's security rate limiter."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

from recoup import Clock, SystemClock
from recoup.events import RateLimitDecision
from recoup_plugins.security_rate_limiter.addresses import (
    INVALID,
    AddressLists,
    Listing,
    host_of,
    network_of,
    parse,
    site_of,
)
from recoup_plugins.security_rate_limiter.config import OperationLimits, SecurityRateLimiterConfig
from recoup_plugins.security_rate_limiter.failures import FailureLedger
from recoup_plugins.security_rate_limiter.gcra import TICKS_PER_SECOND, Limit, to_ticks
from recoup_plugins.security_rate_limiter.tables import ArrivalTable

if TYPE_CHECKING:
    from collections.abc import Hashable

ALLOWED = RateLimitDecision(allowed=True)
_DENIED = RateLimitDecision(allowed=False, reason="the address is on the deny-list")
_HELD_BACK = "held back after failures"

_LONGEST_NAME = 128

_Meter = tuple[ArrivalTable, "Hashable", Limit, str]
"""Where a request is counted: table, key, limit, and what the limit is of."""


class SecurityRateLimiter:
    """Limits operations and the addresses behind them. Thread-safe and task-safe: counts are exact.

    A request is counted for its operation and, where it comes with an IP address, for the address, its network (IPv4
    /24, IPv6 /64) and its site (IPv6 /48). It is let through if all of them allow it, and only then counted in any: a
    source that is over its own limit takes nothing from others. Requests without an address, which are the
    application's own, and those of allow-listed networks share one allowance of an operation, strangers another; so
    strangers can't starve the application.

    Memory is bounded: see :mod:`recoup_plugins.security_rate_limiter.tables`. With the default configuration the state
    stays below 64 MiB however many addresses appear.

    Args:
        config: limits, lists and bounds; the documented defaults where None.
        clock: where the time comes from; the system's by default.

    Raises:
        ValueError: a name of a limit or a network on a list is malformed.
    """

    def __init__(self, *, config: SecurityRateLimiterConfig | None = None, clock: Clock | None = None) -> None:
        config = SecurityRateLimiterConfig() if config is None else config
        self._config = config
        self._clock: Clock = SystemClock() if clock is None else clock
        self._limits = OperationLimits(config.limits)
        self._lists = AddressLists(config.allow, config.deny)
        self._lock = threading.Lock()
        self._operations = ArrivalTable(config.max_operations)
        self._addresses = ArrivalTable(config.max_addresses)
        self._failures = FailureLedger(config.failures, config.max_addresses)

    async def check_rate_limit(self, component: str, operation: str, ip_address: str | None = None) -> bool:
        """Return whether an operation is within its limits, and count it if so. Does not yield to other tasks.

        Args:
            component: such as ``"trading"``.
            operation: such as ``"place_order"``.
            ip_address: of whoever asks for it. Text that is no address counts for one address that all such text
                shares.

        Raises:
            TypeError: ``ip_address`` is neither text nor None.
        """
        return self.decide(component, operation, ip_address).allowed

    async def record_failure(self, component: str, operation: str, ip_address: str | None = None) -> None:
        """Count a failure, such as a wrong password, against whoever caused it. Does not yield to other tasks.

        It holds back later requests for the same component and operation from the same IPv4 address or IPv6 /64, or
        without an address if this one has none; nobody else's. Allow-listed networks are not held back.

        Raises:
            TypeError: ``ip_address`` is neither text nor None.
        """
        component, operation = bounded_name(component), bounded_name(operation)
        now = to_ticks(self._clock.monotonic())
        if ip_address is None:
            with self._lock:
                self._failures.record((component, operation), (component, operation), now)
            return
        address = parse(ip_address)
        if self._lists.find(address) is Listing.ALLOWED:
            return
        with self._lock:
            self._failures.record(*_culprit(component, operation, address), now)

    def decide(self, component: str, operation: str, ip_address: str | None = None) -> RateLimitDecision:
        """Answer as :meth:`check_rate_limit` does, with the seconds to wait and the reason of a refusal.

        Returns:
            The decision. Where several limits refuse, it names the one that refuses longest. The reason holds neither
            the address nor any name.

        Raises:
            TypeError: ``ip_address`` is neither text nor None.
        """
        component, operation = bounded_name(component), bounded_name(operation)
        limit = self._limits.find(component, operation)
        now = to_ticks(self._clock.monotonic())
        if ip_address is None:
            return self._decide_own(component, operation, limit, now)
        address = parse(ip_address)
        listing = self._lists.find(address)
        if listing is Listing.DENIED:
            return _DENIED
        if listing is Listing.ALLOWED:
            with self._lock:
                wait = self._operations.admit((component, operation, True), limit, now)
            return _refusal(wait, f"limit per operation: {limit}") if wait else ALLOWED
        strangers: _Meter = (self._operations, (component, operation, False), limit, "operation")
        meters = (strangers, *self._source_meters(address))
        with self._lock:
            if len(self._failures):
                held = self._failures.blocked_until(*_culprit(component, operation, address)) - now
                if held > 0:
                    return _refusal(held, _HELD_BACK)
            return _count(meters, now)

    def _decide_own(self, component: str, operation: str, limit: Limit, now: int) -> RateLimitDecision:
        with self._lock:
            if len(self._failures):
                key = (component, operation)
                held = self._failures.blocked_until(key, key) - now
                if held > 0:
                    return _refusal(held, _HELD_BACK)
            wait = self._operations.admit((component, operation, True), limit, now)
        return _refusal(wait, f"limit per operation: {limit}") if wait else ALLOWED

    def _source_meters(self, address: bytes) -> tuple[_Meter, ...]:
        config, table = self._config, self._addresses
        own = (table, address, config.per_address, "address")
        if address == INVALID:
            return (own,)
        network = (table, network_of(address), config.per_network, "network")
        site = site_of(address)
        return (own, network) if site is None else (own, network, (table, site, config.per_site, "site"))


def _count(meters: tuple[_Meter, ...], now: int) -> RateLimitDecision:
    tats = [table.arrival(key) for table, key, _, _ in meters]
    longest = 0
    reason = ""
    for (_, _, limit, subject), tat in zip(meters, tats, strict=True):
        wait = limit.wait(tat, now)
        if wait > longest:
            longest, reason = wait, f"limit per {subject}: {limit}"
    if longest > 0:
        return _refusal(longest, reason)
    for (table, key, limit, _), tat in zip(meters, tats, strict=True):
        table.keep(key, limit.after(tat, now), now)
    return ALLOWED


def _refusal(ticks: int, reason: str) -> RateLimitDecision:
    return RateLimitDecision(allowed=False, retry_after=ticks / TICKS_PER_SECOND, reason=reason)


def _culprit(component: str, operation: str, address: bytes) -> tuple[Hashable, Hashable]:
    host = host_of(address)
    group = site_of(address) or network_of(address)
    return (component, operation, host), (component, operation, group)


def bounded_name(text: str) -> str:
    """Return a name, or a digest in its place if it is long: bounded keys keep a bounded table bounded in bytes."""
    if len(text) <= _LONGEST_NAME:
        return text
    return "#" + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
