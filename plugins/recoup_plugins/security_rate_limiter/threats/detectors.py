"""What an attack looks like, beside what honest users do.

Honest users mistype a password or their name once to three times and get it right; hundreds of them may share one
address, each may change his, and a forgotten client repeats one old password for days. So no detector goes by failures
alone. What counts is what stays unresolved (see :mod:`.profiles`), beside the successes of the same source or operation
in the same window.

The names of the threats follow the OWASP Automated Threat Handbook (2018) where it has one: credential stuffing is
OAT-008, brute force stands for OAT-007 (credential cracking), an error flood for OAT-015 (denial of service). The
sources of one distributed attack stay below every limit of a single source by design (Tian et al., *StopGuessing*,
2016, has measured them), so a crowd is judged as a whole, by how far it exceeds the share that honest users let expect.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recoup import ErrorSeverity
from recoup_plugins.security_rate_limiter.threats.findings import Sighting
from recoup_plugins.security_rate_limiter.threats.windows import HOUR, MINUTE, SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.security_rate_limiter.threats.config import ThreatDetection
    from recoup_plugins.security_rate_limiter.threats.profiles import (
        AccountProfile,
        Crowd,
        ErrorRate,
        OperationProfile,
        SourceProfile,
    )

CREDENTIAL_STUFFING = "credential_stuffing"
BRUTE_FORCE = "brute_force"
ACCOUNT_ENUMERATION = "account_enumeration"
DISTRIBUTED_SLOW_ATTACK = "distributed_slow_attack"
ERROR_FLOOD = "error_flood"

_MOSTLY = 0.9
"""Share of names of no account from which on somebody looks for names rather than for passwords."""
_FAMILIAR = 10
"""So many times more is borne of a source or network that is known as a good one."""
_HOURLY = 6
"""An hour's limit in five-minute limits, half of the twelve that it has: what goes on for an hour is no accident."""
_BLIND_FAMILIAR = 20
"""As _FAMILIAR, for a good source behind which a whole fleet of bots may fail at once."""
_VOUCHED = 3
"""As _FAMILIAR, where nearly every account that failed exists: rather a fleet with an old password than a list."""
_NEARLY_ALL = 10
"""Accounts that exist to each misspelt one, in which honest users' own typing errors are left room."""
_BURST = 5 / 9
"""Share of the limit of five minutes that is borne in one."""
_SLOW_OVER_AFTER = 2 * HOUR
_UNKNOWN_SHARE = 0.03
"""Share of honest attempts that misspell the name itself; generous."""


def of_source(
    profile: SourceProfile, source: str, detection: ThreatDetection, now: int, *, reported: bool, is_down: bool
) -> Iterator[Sighting]:
    """Judge the accounts and names that one source failed with.

    Args:
        profile: the source's.
        source: its address, for the finding.
        detection: the limits.
        now: the time in ticks.
        reported: whether successes are reported, or must be inferred.
        is_down: whether the operation as a whole has stopped succeeding; then failing with accounts that exist says
            nothing.
    """
    windows = (
        (profile.accounts, profile.names, profile.short, 1, "5 minutes"),
        (profile.accounts_day, profile.names_day, profile.day, 2, "24 hours"),
    )
    for accounts_seen, names_seen, outcomes, factor, span in windows:
        accounts, names = accounts_seen.count(now), names_seen.count(now)
        good = outcomes.good(now, reported=reported)
        evidence = {"accounts": accounts, "unknown_names": names, "successes": good, "window": span}
        if names >= factor * detection.names_per_source and names > 0.3 * good and 2 * names >= accounts:
            yield Sighting(
                ACCOUNT_ENUMERATION,
                ErrorSeverity.HIGH if names >= 10 * detection.names_per_source else ErrorSeverity.MEDIUM,
                _confidence(names, factor * detection.names_per_source, good),
                evidence,
                f"{names} names of no account from one source in {span}",
                source,
            )
        nearly_all_exist = names * _NEARLY_ALL <= accounts
        if is_down and nearly_all_exist:
            continue
        limit = factor * detection.accounts_per_source * (_VOUCHED if profile.is_vouched and nearly_all_exist else 1)
        if accounts >= limit and accounts > (0.5 if reported else 1.5) * good and names < _MOSTLY * accounts:
            yield Sighting(
                CREDENTIAL_STUFFING,
                ErrorSeverity.CRITICAL if accounts >= 10 * limit else ErrorSeverity.HIGH,
                _confidence(accounts, limit, good),
                evidence,
                f"{accounts} accounts failed and did not recover, from one source in {span}",
                source,
            )


def of_blind_source(
    profile: SourceProfile,
    source: str,
    detection: ThreatDetection,
    now: int,
    *,
    operation: OperationProfile | None,
    is_good: bool,
) -> Iterator[Sighting]:
    """Judge the failed logins of one source in which no account was named.

    Args:
        profile: the source's.
        source: its address, for the finding.
        detection: the limits.
        now: the time in ticks.
        operation: the operation's profile; without any word of successes in it more is borne in five minutes.
        is_good: whether the source is known as a good one.
    """
    good = profile.short.good(now, reported=operation is not None and operation.reported)
    limit = detection.failures_per_source * (_BLIND_FAMILIAR if is_good else 1)
    borne = limit if operation is not None and operation.informed else 2 * limit
    failures = profile.blind.count(now)
    latest = min(failures, profile.errors.count(now))
    if failures > 2 * good and (failures >= borne or latest >= math.ceil(_BURST * limit)):
        yield Sighting(
            BRUTE_FORCE,
            ErrorSeverity.HIGH,
            _confidence(failures, _BURST * limit, good),
            {"failures": failures, "in_a_minute": latest, "successes": good, "window": "5 minutes"},
            f"{failures} failed logins from one source in 5 minutes",
            source,
        )


def of_account(
    profile: AccountProfile, account: str, source: str, detection: ThreatDetection, now: int, *, is_down: bool
) -> Iterator[Sighting]:
    """Judge the tries at one account.

    Args:
        profile: the account's.
        account: its tag, for the finding.
        source: the address that tried last; named in the finding if it is the only one.
        detection: the limits.
        now: the time in ticks.
        is_down: whether the operation as a whole has stopped succeeding.
    """
    hourly = profile.networks.count(now)
    daily = profile.networks_day.count(now)
    tries, tries_hour = profile.strangers.count(now), profile.strangers_hour.count(now)
    familiar = profile.familiar.count(now)
    evidence = {"tries": tries, "tries_in_an_hour": tries_hour, "networks": hourly, "networks_in_a_day": daily}
    limit = detection.tries_per_account * (_FAMILIAR if is_down else 1)
    excess = max(
        profile.strangers_minute.count(now) / (_BURST * limit),
        tries / limit,
        tries_hour / (_HOURLY * limit),
        familiar / (2 * _FAMILIAR * detection.tries_per_account),
    )
    if excess >= 1:
        yield Sighting(
            BRUTE_FORCE,
            ErrorSeverity.CRITICAL if excess >= _FAMILIAR else ErrorSeverity.HIGH,
            _confidence(excess, 1, 0),
            {**evidence, "tries_from_familiar_networks": familiar},
            f"{max(tries, familiar)} tries at one account in 5 minutes",
            source if hourly <= 1 else "",
            account,
        )
    if hourly >= detection.networks_per_account and tries_hour >= 2 * detection.networks_per_account:
        yield Sighting(
            BRUTE_FORCE,
            ErrorSeverity.HIGH,
            _confidence(hourly, detection.networks_per_account, 0),
            evidence,
            f"tries at one account from {hourly} networks in an hour",
            "",
            account,
        )
    elif daily >= 2 * detection.networks_per_account:
        yield Sighting(
            DISTRIBUTED_SLOW_ATTACK,
            ErrorSeverity.HIGH,
            _confidence(daily, 2 * detection.networks_per_account, 0),
            evidence,
            f"tries at one account from {daily} networks in a day",
            "",
            account,
            _SLOW_OVER_AFTER,
        )


def of_crowd(profile: OperationProfile, detection: ThreatDetection, now: int) -> Sighting | None:
    """Judge all sources of an operation together, each of which may be below every limit of its own.

    Returns:
        What the shortest window shows that shows anything.
    """
    share = profile.honest_share()
    # Without any word of successes there is nothing to judge failures by, but for very many at once.
    floor = detection.accounts_per_operation * (1 if profile.informed else 10)
    for crowd in profile.crowds if profile.informed else profile.crowds[:1]:
        accounts, sources = crowd.accounts.count(now), crowd.sources.count(now)
        if sources < detection.accounts_per_operation:
            continue
        names, good = crowd.names.count(now), crowd.outcomes.good(now, reported=profile.reported)
        limit = _most_honest(good, share, floor)
        limit_of_names = _most_honest(good, _UNKNOWN_SHARE, floor)
        honest = good * share / (1 - share)
        if names >= limit_of_names and names >= _MOSTLY * (accounts - honest):
            return _of_crowd(crowd, ACCOUNT_ENUMERATION, names, limit_of_names, (accounts, names, sources, good))
        if names >= limit_of_names or accounts >= limit:
            failed, least = max((accounts, limit), (names, limit_of_names), key=lambda pair: pair[0] / pair[1])
            return _of_crowd(crowd, CREDENTIAL_STUFFING, failed, least, (accounts, names, sources, good))
    return None


def _of_crowd(crowd: Crowd, threat: str, failed: int, limit: float, counts: tuple[int, int, int, int]) -> Sighting:
    accounts, names, sources, good = counts
    minutes = crowd.span // MINUTE
    is_slow = crowd.span > SHORT
    return Sighting(
        DISTRIBUTED_SLOW_ATTACK if is_slow else threat,
        ErrorSeverity.CRITICAL if failed >= 10 * limit else ErrorSeverity.HIGH,
        _confidence(failed, limit, 0),
        {
            "accounts": accounts,
            "unknown_names": names,
            "sources": sources,
            "successes": good,
            "honest_at_most": math.floor(limit),
            "window": f"{minutes} minutes",
        },
        f"{accounts} accounts from {sources} sources failed and did not recover in {minutes} minutes",
        over_after=_SLOW_OVER_AFTER if is_slow else 15 * MINUTE,
    )


def of_flood(profile: SourceProfile, source: str, limit: int, now: int, *, is_good: bool) -> Iterator[Sighting]:
    """Judge the failures of one source in the last minute, whatever they are of."""
    errors = profile.errors.count(now)
    most = limit * (_FAMILIAR if is_good else 1)
    if errors >= most:
        yield _flood(errors, most, source)


def of_rate(rate: ErrorRate, limit: int, now: int) -> Iterator[Sighting]:
    """Judge the failures of an operation in the last minute, beside those of the hour before it."""
    errors = rate.minute.count(now)
    if errors >= limit and errors >= 10 * (rate.hour.count(now) - errors) / 59:
        yield _flood(errors, limit, "")


def _flood(errors: int, limit: int, source: str) -> Sighting:
    """Return the sighting of an error flood."""
    return Sighting(
        ERROR_FLOOD,
        ErrorSeverity.HIGH if errors >= 10 * limit else ErrorSeverity.MEDIUM,
        _confidence(errors, limit, 0),
        {"errors": errors, "window": "1 minute"},
        f"{errors} failures in a minute",
        source,
    )


def _most_honest(good: int, share: float, floor: int) -> float:
    """Return what honest users do not exceed: half as much again as expected, six standard deviations and a floor.

    The number of independent rare events is Poisson, so its standard deviation is the root of what is expected.
    """
    expected = good * share / (1 - share)
    return 1.5 * expected + 6 * math.sqrt(expected) + floor


def _confidence(seen: float, limit: float, good: int) -> float:
    """Return 0.6 at the limit, towards 1.0 far above it, and less for each success beside."""
    excess = 1.0 - 0.4 * limit / max(seen, limit)
    return round(excess * seen / (seen + 0.5 * good), 3) if good else round(excess, 3)
