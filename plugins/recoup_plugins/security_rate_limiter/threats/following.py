"""Who is followed: profiles in bounded room, which a flood can't fill."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from recoup_plugins.security_rate_limiter.tables import ArrivalSketch, LiveTable
from recoup_plugins.security_rate_limiter.threats.profiles import (
    AccountProfile,
    ErrorRate,
    OperationProfile,
    SourceProfile,
)
from recoup_plugins.security_rate_limiter.threats.windows import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from recoup_plugins.security_rate_limiter.threats.attempts import Attempt
    from recoup_plugins.security_rate_limiter.threats.config import ThreatDetection

_PROOF = 3
"""Failures counted in the sketch before somebody is followed."""
_MAX_RATES = 1_024

P = TypeVar("P", SourceProfile, AccountProfile)


class Followed:
    """The profiles of sources, accounts and operations. Not thread-safe; its owner holds a lock.

    While three quarters of the room are free, everybody who fails is followed. From then on only who has failed three
    times within hours, counted in a sketch under a keyed hash: a flood of addresses or names that fail once or twice
    takes no room. Whoever is followed stays so until nothing that was seen of him matters; newcomers who find no room
    are judged as part of the crowd. Operations that prove who somebody is have room of their own, which the many
    others that name an account can't take from them, and so have those that the configuration names.

    Args:
        detection: the bounds.
    """

    __slots__ = ("_accounts", "_crowded", "_doubt", "_given", "_logins", "_others", "_rates", "_sources")

    def __init__(self, detection: ThreatDetection) -> None:
        self._doubt = ArrivalSketch()
        self._sources: LiveTable[SourceProfile] = LiveTable(detection.max_sources, _expiry)
        self._accounts: LiveTable[AccountProfile] = LiveTable(detection.max_accounts, _expiry)
        self._logins: LiveTable[OperationProfile] = LiveTable(detection.max_operations, _expiry)
        self._others: LiveTable[OperationProfile] = LiveTable(max(1, detection.max_operations // 2), _expiry)
        self._given: LiveTable[OperationProfile] = LiveTable(detection.max_operations, _expiry)
        self._rates: LiveTable[ErrorRate] = LiveTable(_MAX_RATES, _expiry)
        self._crowded = ErrorRate()

    def sizes(self) -> tuple[int, int, int]:
        """Return how many sources, accounts and operations are followed."""
        return len(self._sources), len(self._accounts), len(self._logins) + len(self._others) + len(self._given)

    def source(self, attempt: Attempt) -> SourceProfile | None:
        """Return the profile of the attempt's source, if it is followed."""
        return self._sources.get(attempt.source_key())

    def account(self, attempt: Attempt) -> AccountProfile | None:
        """Return the profile of the attempt's account, if it is followed."""
        return self._accounts.get(attempt.account_key())

    def operation(self, attempt: Attempt) -> OperationProfile | None:
        """Return the profile of the attempt's operation, if it is followed."""
        key = attempt.operation_key()
        return self._given.get(key) or self._logins.get(key) or self._others.get(key)

    def failing_source(self, attempt: Attempt, now: int) -> SourceProfile | None:
        """Return the profile of a source that has failed; None until it has failed often enough, or without room."""
        return self._follow(self._sources, attempt.source_key(), SourceProfile, HOUR, now)

    def failing_account(self, attempt: Attempt, now: int) -> AccountProfile | None:
        """Return the profile of an account that was failed at, as :meth:`failing_source` does."""
        return self._follow(self._accounts, attempt.account_key(), AccountProfile, 2 * HOUR, now)

    def active_operation(
        self, attempt: Attempt, now: int, *, is_login: bool, is_given: bool
    ) -> OperationProfile | None:
        """Return the profile of an operation in which something happens; None where there is no room."""
        key = attempt.operation_key()
        table = self._given if is_given else self._logins if is_login else self._others
        profile = table.get(key)
        if profile is None:
            profile = OperationProfile()
            profile.touch(now)
            return profile if table.put(key, profile, now) else None
        profile.touch(now)
        return profile

    def rate(self, key: Hashable, now: int) -> ErrorRate | None:
        """Return the rate of errors under a key; None for the first one, which is counted here.

        Where there is no room for the key, it is that of all for which there is none.
        """
        rate = self._rates.get(key)
        if rate is None:
            rate = ErrorRate()
            rate.add(now)
            if self._rates.put(key, rate, now):
                return None
            rate = self._crowded
        rate.add(now)
        return rate

    def _follow(
        self, table: LiveTable[P], key: Hashable, make: Callable[[], P], forgotten_after: int, now: int
    ) -> P | None:
        profile = table.get(key)
        if profile is not None:
            return profile
        if 4 * len(table) >= 3 * table.max_keys:
            failures_until = max(self._doubt.get(key), now) + forgotten_after
            self._doubt.put(key, failures_until)
            if failures_until - now <= (_PROOF - 1) * forgotten_after:
                return None
        profile = make()
        profile.touch(now)
        return profile if table.put(key, profile, now) else None


def _expiry(profile: SourceProfile | AccountProfile | OperationProfile | ErrorRate) -> int:
    return profile.expires
