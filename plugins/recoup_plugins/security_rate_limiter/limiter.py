"""The seed's security rate limiter."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import attrs

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
from recoup_plugins.security_rate_limiter.operations import OperationNames
from recoup_plugins.security_rate_limiter.tables import ArrivalTable
from recoup_plugins.security_rate_limiter.threats import Attempt, Slips, ThreatWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from recoup import ThreatEvent

ALLOWED = RateLimitDecision(allowed=True)
_DENIED = RateLimitDecision(allowed=False, reason="the address is on the deny-list")
_HELD_BACK = "held back after failures"

_LONGEST_NAME = 128
_OF_A_COMPONENT = 8
"""So many times more failures are free in all operations of a component together as in one."""

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
    from its network before. Whoever moves on to another operation after each free failure is held back in all of its
    component. While an account is under attack, a source that is new to it has one free failure instead
    of the configured ones. Nothing that strangers do keeps an account's owner out: not from a network he has succeeded
    from before, and not on his first try from any other.

    An owner who shares an address with somebody who guesses at his account is told from him by ``device``: what the
    application knows a client again by, such as a random cookie that it set at a success (OWASP, *Slow Down Online
    Guessing Attacks with Device Cookies*). Failures on a device on which the account has succeeded before count for
    that device alone, and those elsewhere do not hold it back. Whoever has no such device gains nothing by making one
    up. Without devices nothing tells both apart, and to let an account through because it is known at the address would
    let everybody there guess at it.

    Operations beyond ``operations_per_component`` count as one, so that a client who makes up their names gets no fresh
    state with each.

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
        strayed = attrs.evolve(config.failures, free=_OF_A_COMPONENT * config.failures.free)
        self._strayed = FailureLedger(strayed, config.max_addresses // 4)
        self._watch = ThreatWatch(config.threats, self._limits.is_given) if config.threats.enabled else None
        login_part = _no_part if self._watch is None else self._watch.login_part
        # Apart, so that strangers take no places from the application's own operations.
        self._names, self._own_names = (
            OperationNames(self._limits.is_given, login_part, config.operations_per_component) for _ in range(2)
        )
        self._publish = publish

    async def check_rate_limit(
        self,
        component: str,
        operation: str,
        ip_address: str | None = None,
        *,
        account: str | None = None,
        device: str | None = None,
    ) -> bool:
        """Return whether an operation is within its limits, and count it if so. Does not yield to other tasks.

        Args:
            component: such as ``"trading"``.
            operation: such as ``"place_order"``.
            ip_address: of whoever asks for it. Text that is no address counts for one address that all such text
                shares.
            account: the name that he gives, if any; kept as a keyed digest only.
            device: what the application knows the client again by, if anything; kept as a keyed digest only.

        Raises:
            TypeError: a name is no text, or ``ip_address``, ``account`` or ``device`` neither text nor None.
        """
        return self.decide(component, operation, ip_address, account=account, device=device).allowed

    async def record_failure(
        self,
        component: str,
        operation: str,
        ip_address: str | None = None,
        *,
        account: str | None = None,
        known_account: bool | None = None,
        device: str | None = None,
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
            device: as in :meth:`check_rate_limit`.

        Raises:
            TypeError: a name is no text, or ``ip_address``, ``account`` or ``device`` neither text nor None.
        """
        now = to_ticks(self._clock.monotonic())
        attempt = self._attempt(component, operation, ip_address, account, device, now)
        if attempt is None:
            return
        events: list[ThreatEvent] = []
        with self._lock:
            watch = self._watch
            is_strict = False
            if watch is not None:
                events = watch.failed(attempt, now, known=known_account)
                is_strict = watch.is_under_attack(attempt, now) and not watch.is_familiar(attempt)
            slips = Slips.NONE if watch is None else watch.slips(attempt, now)
            if slips is not Slips.FEW:
                self._hold(attempt, now, is_strict=is_strict, is_lenient=slips is Slips.MANY)
            if attempt.account is not None and watch is not None and watch.is_suspect(attempt, now):
                self._failures.record(*_culprit(attempt._replace(account=None, device=None)), now)
        self._tell(events)

    async def record_success(
        self,
        component: str,
        operation: str,
        ip_address: str | None = None,
        *,
        account: str | None = None,
        device: str | None = None,
    ) -> None:
        """Count a success, such as a right password. Does not yield to other tasks.

        It forgives the failures of this account from this source or on this device, and makes both the source's network
        and the device familiar to the account. Without an account it forgives nothing, since whoever has one account
        could buy tries at others.

        Args:
            component: as in :meth:`check_rate_limit`.
            operation: as in :meth:`check_rate_limit`.
            ip_address: as in :meth:`check_rate_limit`.
            account: the account that was proved, if any; kept as a keyed digest only.
            device: as in :meth:`check_rate_limit`. Give one that nobody can guess, to nobody but its owner.

        Raises:
            TypeError: a name is no text, or ``ip_address``, ``account`` or ``device`` neither text nor None.
        """
        now = to_ticks(self._clock.monotonic())
        attempt = self._attempt(component, operation, ip_address, account, device, now)
        if attempt is None:
            return
        with self._lock:
            if attempt.account is not None:
                self._failures.forgive(_culprit(attempt)[0], now)
                self._strayed.forgive(_anywhere(attempt)[0], now)
                if device is not None and self._watch is not None:
                    self._watch.trust(attempt.account, device)
            if self._watch is not None:
                self._watch.succeeded(attempt, now)

    def record_error(self, component: str, operation: str, budget: int) -> None:
        """Count an error of the application itself, which is a flood far beyond ``budget`` errors a minute."""
        if self._watch is None:
            return
        now = to_ticks(self._clock.monotonic())
        component = bounded_name(component)
        operation = self._own_names.find(component, bounded_name(operation), now)
        with self._lock:
            events = self._watch.errors(component, operation, budget, now)
        self._tell(events)

    def threats(self) -> tuple[ThreatEvent, ...]:
        """Return the attacks that are going on, the worst first; each is over after fifteen minutes of silence."""
        if self._watch is None:
            return ()
        with self._lock:
            return self._watch.findings(to_ticks(self._clock.monotonic()))

    def decide(
        self,
        component: str,
        operation: str,
        ip_address: str | None = None,
        *,
        account: str | None = None,
        device: str | None = None,
    ) -> RateLimitDecision:
        """Answer as :meth:`check_rate_limit` does, with the seconds to wait and the reason of a refusal.

        Returns:
            The decision. Where several limits refuse, it names the one that refuses longest. The reason holds neither
            the address nor any name.

        Raises:
            TypeError: a name is no text, or ``ip_address``, ``account`` or ``device`` neither text nor None.
        """
        component, operation = bounded_name(component), bounded_name(operation)
        now = to_ticks(self._clock.monotonic())
        if ip_address is None:
            return self._decide_own(self._made(component, operation, None, account, device, now), now)
        address = parse(ip_address)
        listing = self._lists.find(address)
        if listing is Listing.DENIED:
            return _DENIED
        if listing is Listing.ALLOWED:
            return self._admit_own(component, self._own_names.find(component, operation, now), now)
        attempt = self._made(component, operation, address, account, device, now)
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
        if len(self._strayed) and self._may_stray(attempt):
            until = max(until, self._strayed.blocked_until(*_anywhere(attempt)))
        if attempt.account is not None and self._watch is not None and not self._watch.is_familiar(attempt):
            until = max(until, self._failures.blocked_until(*_culprit(attempt._replace(account=None, device=None))))
        return until - now

    def _hold(self, attempt: Attempt, now: int, *, is_strict: bool, is_lenient: bool) -> None:
        """Count a failure against its culprit; a free one also in all operations of the component together."""
        is_free = self._failures.record(*_culprit(attempt), now, is_strict=is_strict, is_lenient=is_lenient)
        if is_free and self._may_stray(attempt):
            self._strayed.record(*_anywhere(attempt), now, is_lenient=is_lenient)

    def _may_stray(self, attempt: Attempt) -> bool:
        return attempt.address is not None and self._watch is not None and self._watch.proves_identity(attempt)

    def _attempt(
        self,
        component: str,
        operation: str,
        ip_address: str | None,
        account: str | None,
        device: str | None,
        now: int,
    ) -> Attempt | None:
        """Return what the limiter keeps of an attempt; None from allow-listed networks."""
        address = None if ip_address is None else parse(ip_address)
        if address is not None and self._lists.find(address) is Listing.ALLOWED:
            return None
        return self._made(bounded_name(component), bounded_name(operation), address, account, device, now)

    def _made(
        self, component: str, operation: str, address: bytes | None, account: str | None, device: str | None, now: int
    ) -> Attempt:
        names = self._own_names if address is None else self._names
        operation = names.find(component, operation, now)
        if account is None or self._watch is None:
            return Attempt(component, operation, address)
        digest = self._watch.account(account)
        return Attempt(component, operation, address, digest, self._watch.device(digest, device))

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
    component, operation, address, account, device = attempt
    if address is None:
        return (component, operation, account), (component, operation)
    if device is not None:
        return (component, operation, "device", account, device), (component, operation, "device", account)
    group = (component, operation, vicinity_of(address))
    if account is None:
        return (component, operation, host_of(address)), group
    return (component, operation, host_of(address), account), group


def _anywhere(attempt: Attempt) -> tuple[Hashable, Hashable]:
    """Return whom failures count for in all operations of a component together, and the group."""
    return _culprit(attempt._replace(operation=""))


def _no_part(_: str) -> str:
    return ""


def bounded_name(text: str) -> str:
    """Return a name, or a digest in its place if it is long or not printable.

    Bounded keys keep a bounded table bounded in bytes, and a name that is told of forges no line of a log.

    Raises:
        TypeError: ``text`` is no string.
    """
    if not isinstance(text, str):
        raise TypeError(f"component and operation are text, such as 'trading'; got {type(text).__name__}")
    if len(text) <= _LONGEST_NAME and text.isprintable():
        return text
    return "#" + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
