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
    vicinity_of,
)
from recoup_plugins.security_rate_limiter.config import OperationLimits, SecurityRateLimiterConfig
from recoup_plugins.security_rate_limiter.failures import FailureLedger
from recoup_plugins.security_rate_limiter.gcra import TICKS_PER_SECOND, Limit, to_ticks
from recoup_plugins.security_rate_limiter.tables import ArrivalTable
from recoup_plugins.security_rate_limiter.threats import Attempt, Slips, ThreatWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from recoup import ThreatEvent

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
    source that is over its own limit takes nothing from others. An operation has three allowances, each as its limit
    says: of requests without an address, which are the application's own, and of allow-listed networks; of accounts at
    a network from which they have succeeded before; and of strangers, who so starve neither of the others.

    Failures hold back whoever caused them: the pair of account and source where an account is named, otherwise the
    source. A source found attacking is held back whatever account it tries, apart from accounts that have succeeded
    from its network before. While an account is under attack, a source that is new to it has one free failure instead
    of the configured ones. Nothing that strangers do keeps an account's owner out: not from a network he has succeeded
    from before, and not on his first try from any other.

    Memory is bounded: see :mod:`recoup_plugins.security_rate_limiter.tables`. With the default configuration the state
    stays below 256 MiB however many addresses and accounts appear.

    Args:
        config: limits, lists and bounds; the documented defaults where None.
        clock: where the time comes from; the system's by default.
        publish: given each :class:`recoup.ThreatEvent`, once at the onset of an attack and whenever its severity rises.

    Raises:
        ValueError: a name of a limit or a network on a list is malformed.
    """

    def __init__(
        self,
        *,
        config: SecurityRateLimiterConfig | None = None,
        clock: Clock | None = None,
        publish: Callable[[ThreatEvent], None] | None = None,
    ) -> None:
        config = SecurityRateLimiterConfig() if config is None else config
        self._config = config
        self._clock: Clock = SystemClock() if clock is None else clock
        self._limits = OperationLimits(config.limits)
        self._lists = AddressLists(config.allow, config.deny)
        self._lock = threading.Lock()
        self._operations = ArrivalTable(config.max_operations)
        self._addresses = ArrivalTable(config.max_addresses)
        self._failures = FailureLedger(config.failures, config.max_addresses)
        self._watch = ThreatWatch(config.threats) if config.threats.enabled else None
        self._publish = publish

    async def check_rate_limit(
        self, component: str, operation: str, ip_address: str | None = None, *, account: str | None = None
    ) -> bool:
        """Return whether an operation is within its limits, and count it if so. Does not yield to other tasks.

        Args:
            component: such as ``"trading"``.
            operation: such as ``"place_order"``.
            ip_address: of whoever asks for it. Text that is no address counts for one address that all such text
                shares.
            account: the name that he gives, if any; kept as a keyed digest only.

        Raises:
            TypeError: a name is no text, or ``ip_address`` or ``account`` neither text nor None.
        """
        return self.decide(component, operation, ip_address, account=account).allowed

    async def record_failure(
        self,
        component: str,
        operation: str,
        ip_address: str | None = None,
        *,
        account: str | None = None,
        known_account: bool | None = None,
    ) -> None:
        """Count a failure, such as a wrong password, against whoever caused it. Does not yield to other tasks.

        It holds back later requests for the same component and operation from the same IPv4 address or IPv6 /64, or
        without an address if this one has none; nobody else's. With an account it holds back those for this account
        only. Allow-listed networks are neither held back nor suspected.

        Args:
            component: as in :meth:`check_rate_limit`.
            operation: as in :meth:`check_rate_limit`.
            ip_address: as in :meth:`check_rate_limit`.
            account: the name that was tried, if any; kept as a keyed digest only.
            known_account: whether there is such an account; None where that is not known.

        Raises:
            TypeError: a name is no text, or ``ip_address`` or ``account`` neither text nor None.
        """
        attempt = self._attempt(component, operation, ip_address, account)
        if attempt is None:
            return
        now = to_ticks(self._clock.monotonic())
        events: list[ThreatEvent] = []
        with self._lock:
            watch = self._watch
            is_strict = False
            if watch is not None:
                events = watch.failed(attempt, now, known=known_account)
                is_strict = watch.is_under_attack(attempt, now) and not watch.is_familiar(attempt)
            slips = Slips.NONE if watch is None else watch.slips(attempt, now)
            if slips is not Slips.FEW:
                is_lenient = slips is Slips.MANY
                self._failures.record(*_culprit(attempt), now, is_strict=is_strict, is_lenient=is_lenient)
            if attempt.account is not None and watch is not None and watch.is_suspect(attempt, now):
                self._failures.record(*_culprit(attempt._replace(account=None)), now)
        self._tell(events)

    async def record_success(
        self, component: str, operation: str, ip_address: str | None = None, *, account: str | None = None
    ) -> None:
        """Count a success, such as a right password. Does not yield to other tasks.

        It forgives the failures of this account from this source, and makes the source's network familiar to the
        account. Without an account it forgives nothing, since whoever has one account could buy tries at others.

        Args:
            component: as in :meth:`check_rate_limit`.
            operation: as in :meth:`check_rate_limit`.
            ip_address: as in :meth:`check_rate_limit`.
            account: the account that was proved, if any; kept as a keyed digest only.

        Raises:
            TypeError: a name is no text, or ``ip_address`` or ``account`` neither text nor None.
        """
        attempt = self._attempt(component, operation, ip_address, account)
        if attempt is None:
            return
        now = to_ticks(self._clock.monotonic())
        with self._lock:
            if attempt.account is not None:
                self._failures.forgive(_culprit(attempt)[0], now)
            if self._watch is not None:
                self._watch.succeeded(attempt, now)

    def record_error(self, component: str, operation: str, budget: int) -> None:
        """Count an error of the application itself, which is a flood far beyond ``budget`` errors a minute."""
        if self._watch is None:
            return
        now = to_ticks(self._clock.monotonic())
        with self._lock:
            events = self._watch.errors(bounded_name(component), bounded_name(operation), budget, now)
        self._tell(events)

    def threats(self) -> tuple[ThreatEvent, ...]:
        """Return the attacks that are going on, the worst first; each is over after fifteen minutes of silence."""
        if self._watch is None:
            return ()
        with self._lock:
            return self._watch.findings(to_ticks(self._clock.monotonic()))

    def decide(
        self, component: str, operation: str, ip_address: str | None = None, *, account: str | None = None
    ) -> RateLimitDecision:
        """Answer as :meth:`check_rate_limit` does, with the seconds to wait and the reason of a refusal.

        Returns:
            The decision. Where several limits refuse, it names the one that refuses longest. The reason holds neither
            the address nor any name.

        Raises:
            TypeError: a name is no text, or ``ip_address`` or ``account`` neither text nor None.
        """
        component, operation = bounded_name(component), bounded_name(operation)
        now = to_ticks(self._clock.monotonic())
        digest = None if account is None or self._watch is None else self._watch.account(account)
        if ip_address is None:
            return self._decide_own(Attempt(component, operation, None, digest), now)
        address = parse(ip_address)
        listing = self._lists.find(address)
        if listing is Listing.DENIED:
            return _DENIED
        if listing is Listing.ALLOWED:
            return self._admit_own(component, operation, now)
        attempt = Attempt(component, operation, address, digest)
        events: list[ThreatEvent] = []
        with self._lock:
            held = self._held(attempt, now)
            decision = _refusal(held, _HELD_BACK) if held > 0 else _count(self._meters(attempt, address), now)
            if self._watch is not None:
                if decision.allowed:
                    self._watch.passed(attempt, now)
                elif held > 0:
                    events = self._watch.insisted(attempt, now)
        self._tell(events)
        return decision

    def _decide_own(self, attempt: Attempt, now: int) -> RateLimitDecision:
        with self._lock:
            held = self._held(attempt, now)
        if held > 0:
            return _refusal(held, _HELD_BACK)
        return self._admit_own(attempt.component, attempt.operation, now)

    def _admit_own(self, component: str, operation: str, now: int) -> RateLimitDecision:
        limit = self._limits.find(component, operation)
        with self._lock:
            wait = self._operations.admit((component, operation, "own"), limit, now)
        return _refusal(wait, f"limit per operation: {limit}") if wait else ALLOWED

    def _held(self, attempt: Attempt, now: int) -> int:
        """Return the ticks for which failures hold an attempt back; zero or less: they do not."""
        if not len(self._failures):
            return 0
        until = self._failures.blocked_until(*_culprit(attempt))
        if attempt.account is not None and self._watch is not None and not self._watch.is_familiar(attempt):
            until = max(until, self._failures.blocked_until(*_culprit(attempt._replace(account=None))))
        return until - now

    def _attempt(self, component: str, operation: str, ip_address: str | None, account: str | None) -> Attempt | None:
        """Return what the limiter keeps of an attempt; None from allow-listed networks."""
        digest = None if account is None or self._watch is None else self._watch.account(account)
        address = None if ip_address is None else parse(ip_address)
        if address is not None and self._lists.find(address) is Listing.ALLOWED:
            return None
        return Attempt(bounded_name(component), bounded_name(operation), address, digest)

    def _tell(self, events: list[ThreatEvent]) -> None:
        """Publish outside the lock, since observers may ask the limiter."""
        if self._publish is not None:
            for event in events:
                self._publish(event)

    def _standing(self, attempt: Attempt) -> str:
        """Return with whom a request shares the allowance of its operation, so that strangers can't use up all."""
        return "familiar" if self._watch is not None and self._watch.is_familiar(attempt) else "strangers"

    def _meters(self, attempt: Attempt, address: bytes) -> list[_Meter]:
        component, operation, config, table = attempt.component, attempt.operation, self._config, self._addresses
        limit = self._limits.shared(component, operation)
        meters: list[_Meter] = [
            (self._operations, (component, operation, self._standing(attempt)), limit, "operation"),
            (table, address, config.per_address, "address"),
        ]
        if self._limits.has_pace(component, operation):
            is_shared = self._watch is not None and self._watch.is_shared(attempt)
            pace = self._limits.pace(operation, is_shared=is_shared)
            meters.append((table, _culprit(attempt)[0], pace, "person"))
        if address != INVALID:
            meters.append((table, network_of(address), config.per_network, "network"))
            site = site_of(address)
            if site is not None:
                meters.append((table, site, config.per_site, "site"))
        return meters


def _count(meters: list[_Meter], now: int) -> RateLimitDecision:
    longest = 0
    reason = ""
    tats = []
    for table, key, limit, subject in meters:
        tat = table.arrival(key)
        tats.append(tat)
        wait = tat - limit.tolerance - now  # as Limit.wait() has it, without the call
        if wait > longest:
            longest, reason = wait, f"limit per {subject}: {limit}"
    if longest > 0:
        return _refusal(longest, reason)
    for (table, key, limit, _), tat in zip(meters, tats, strict=True):
        table.keep(key, limit.after(tat, now), now)
    return ALLOWED


def _refusal(ticks: int, reason: str) -> RateLimitDecision:
    return RateLimitDecision(allowed=False, retry_after=ticks / TICKS_PER_SECOND, reason=reason)


def _culprit(attempt: Attempt) -> tuple[Hashable, Hashable]:
    """Return whom failures count for, and the group that they count for where there is no room for him."""
    component, operation, address, account = attempt
    if address is None:
        return (component, operation, account), (component, operation)
    group = (component, operation, vicinity_of(address))
    if account is None:
        return (component, operation, host_of(address)), group
    return (component, operation, host_of(address), account), group


def bounded_name(text: str) -> str:
    """Return a name, or a digest in its place if it is long: bounded keys keep a bounded table bounded in bytes.

    Raises:
        TypeError: ``text`` is no string.
    """
    if not isinstance(text, str):
        raise TypeError(f"component and operation are text, such as 'trading'; got {type(text).__name__}")
    if len(text) <= _LONGEST_NAME:
        return text
    return "#" + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
