"""Follows attempts and says what looks like an attack."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from recoup_plugins.security_rate_limiter.addresses import host_of, vicinity_of
from recoup_plugins.security_rate_limiter.threats import detectors
from recoup_plugins.security_rate_limiter.threats.attempts import Attempt, written
from recoup_plugins.security_rate_limiter.threats.digests import KeyedDigests
from recoup_plugins.security_rate_limiter.threats.familiar import FamiliarNetworks, GoodSources
from recoup_plugins.security_rate_limiter.threats.findings import FindingBook
from recoup_plugins.security_rate_limiter.threats.following import Followed
from recoup_plugins.security_rate_limiter.threats.windows import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from recoup import ThreatEvent
    from recoup_plugins.security_rate_limiter.threats.config import ThreatDetection
    from recoup_plugins.security_rate_limiter.threats.findings import Sighting
    from recoup_plugins.security_rate_limiter.threats.profiles import OperationProfile, SourceProfile

_SUSPECT_FOR = HOUR
_OUTWEIGH = 4
"""Successes to each failure of a source that many share; of honest attempts an eighth or so fails."""
_LOGIN_FLOOD = 5
_STORM = 10
"""Budgets of a minute that make a flood of the application's own errors."""


class Slips(Enum):
    """How many of a source's failures beside its successes are those of honest users."""

    NONE = "none"
    FEW = "few"
    MANY = "many"


class ThreatWatch:
    """Threat detection over all operations. Not thread-safe; its owner holds a lock.

    Args:
        detection: limits and bounds.
        is_given: whether an operation of a component is one that the configuration names.
    """

    __slots__ = (
        "_detection",
        "_devices",
        "_digests",
        "_familiar",
        "_findings",
        "_followed",
        "_good",
        "_is_given",
        "login_part",
    )

    def __init__(self, detection: ThreatDetection, is_given: Callable[[str, str], bool]) -> None:
        self._detection = detection
        self._is_given = is_given
        self._devices = FamiliarNetworks(detection.max_familiar)
        self._digests = KeyedDigests()
        self._familiar = FamiliarNetworks(detection.max_familiar)
        self._good = GoodSources(detection.max_familiar // 4)
        self._followed = Followed(detection)
        self._findings = FindingBook()
        parts = tuple(part.casefold() for part in detection.logins)
        self.login_part = lru_cache(maxsize=1_024)(
            lambda name: next((part for part in parts if part in name.casefold()), "")
        )

    def account(self, name: str | None) -> int | None:
        """Return the digest by which an account is known here, or None without a name."""
        return None if name is None else self._digests.account(name)

    def device(self, account: int | None, device: str | None) -> int | None:
        """Return the digest of a device on which the account has succeeded before; None of any other."""
        if account is None or device is None:
            return None
        digest = self._digests.device(device)
        return digest if self._devices.knows(account, digest) else None

    def trust(self, account: int, device: str) -> None:
        """Remember a device on which the account has succeeded."""
        self._devices.learn(account, self._digests.device(device))

    def is_familiar(self, attempt: Attempt) -> bool:
        """Say whether the attempt's account has succeeded from its network, or on its device."""
        if attempt.device is not None:
            return True
        if attempt.account is None or attempt.address is None:
            return False
        return self._familiar.knows(attempt.account, self._digests.address(vicinity_of(attempt.address)))

    def is_suspect(self, attempt: Attempt, now: int) -> bool:
        """Say whether the attempt's source was found attacking within the last hour."""
        if attempt.address is None:
            return False
        profile = self._followed.source(attempt)
        return profile is not None and profile.suspect_until > now

    def is_under_attack(self, attempt: Attempt, now: int) -> bool:
        """Say whether the attempt's account was found under attack within the last hour."""
        profile = self._followed.account(attempt)
        return profile is not None and profile.attacked_until > now

    def is_shared(self, attempt: Attempt) -> bool:
        """Say whether an attempt without an account comes from a good source, behind which many users may be.

        Only where outcomes are reported: without any every source would seem good.
        """
        if attempt.account is not None or attempt.address is None or not self._good.knows(self._host(attempt.address)):
            return False
        operation = self._followed.operation(attempt)
        return operation is not None and (operation.reported or operation.has_failures)

    def slips(self, attempt: Attempt, now: int) -> Slips:
        """Say whether the failures of an attempt's source without accounts are slips of the many users behind it.

        They are where it succeeds four times as often, and in an outage at a good source; each failure costs that some
        of its credit. Beyond ``failures_per_source`` in five minutes they are many: whoever has an account of his own
        could else buy as many tries at others as he likes.
        """
        if attempt.account is not None or attempt.address is None:
            return Slips.NONE
        profile = self._followed.source(attempt)
        operation = self._followed.operation(attempt)
        if profile is None or operation is None or profile.suspect_until > now:
            return Slips.NONE
        if operation.is_down(now) and self._good.knows(self._host(attempt.address)):
            return Slips.FEW
        failed = profile.short.failed.count(now)
        if _OUTWEIGH * failed > profile.short.good(now, reported=operation.reported):
            return Slips.NONE
        return Slips.FEW if failed <= self._detection.failures_per_source else Slips.MANY

    def proves_identity(self, attempt: Attempt) -> bool:
        """Say whether a failure of such an attempt may be a guess at who somebody is."""
        return attempt.account is not None or bool(self.login_part(attempt.operation))

    def findings(self, now: int) -> tuple[ThreatEvent, ...]:
        """Return the current findings, the worst first."""
        return self._findings.current(now)

    def passed(self, attempt: Attempt, now: int) -> None:
        """Count an attempt that was let through; how it ends may never be reported."""
        if attempt.address is None or not self.proves_identity(attempt):
            return
        operation = self._active_operation(attempt, now)
        if operation is None:
            return
        operation.informed = True
        for outcomes in operation.outcomes():
            outcomes.passed.add(now)
        profile = self._followed.source(attempt)
        if profile is not None:
            profile.short.passed.add(now)
            profile.day.passed.add(now)
        if attempt.account is None and not operation.reported:
            self._good.passed(self._host(attempt.address))

    def succeeded(self, attempt: Attempt, now: int) -> None:
        """Count a success, and take back what it explains."""
        if attempt.address is None:
            return
        who = self._host(attempt.address) if attempt.account is None else attempt.account
        operation = self._active_operation(attempt, now)
        if operation is not None:
            operation.reported = operation.informed = True
            operation.latest_success = now
            for outcomes in operation.outcomes():
                outcomes.succeeded.add(now)
            for crowd in operation.crowds:
                crowd.accounts.discard(who, now)
                crowd.names.discard(who, now)
        source = self._followed.source(attempt)
        if source is not None:
            source.short.succeeded.add(now)
            source.day.succeeded.add(now)
        self._good.passed(self._host(attempt.address))
        if attempt.account is None:
            return
        network = self._digests.address(vicinity_of(attempt.address))
        self._familiar.learn(attempt.account, network)
        if source is not None:
            source.resolve(attempt.account, now)
        profile = self._followed.account(attempt)
        if profile is not None:
            profile.resolve(network, now)

    def failed(self, attempt: Attempt, now: int, *, known: bool | None = None) -> list[ThreatEvent]:
        """Count a failure and return what there is to publish.

        Args:
            attempt: who failed.
            now: the time in ticks.
            known: whether the account exists, if the caller knows.
        """
        operation = self._active_operation(attempt, now) if self.proves_identity(attempt) else None
        seen = self._count_error(attempt.operation_key(), self._detection.errors_per_operation, now)
        if attempt.address is not None:
            is_familiar = self.is_familiar(attempt)
            seen += self._fail_source(attempt, operation, now, known=known, is_familiar=is_familiar)
            if attempt.account is not None:
                seen += self._fail_account(attempt, operation, now, is_familiar=is_familiar)
            if operation is not None and not is_familiar:
                seen += self._fail_crowd(attempt, operation, now, known=known)
        return self._report(attempt, seen, now)

    def insisted(self, attempt: Attempt, now: int) -> list[ThreatEvent]:
        """Count an attempt that was refused after failures: whoever goes on regardless is pressing."""
        if attempt.address is None:
            return []
        operation = self._followed.operation(attempt)
        if attempt.account is not None:
            is_familiar = self.is_familiar(attempt)
            return self._report(attempt, self._fail_account(attempt, operation, now, is_familiar=is_familiar), now)
        profile = self._followed.source(attempt)
        if profile is None:
            return []
        profile.errors.add(now)
        if self._is_guess(attempt, profile, operation, now):
            profile.blind.add(now)
        return self._report(attempt, self._judge_source(attempt, profile, operation, now), now)

    def errors(self, component: str, operation: str, budget: int, now: int) -> list[ThreatEvent]:
        """Count an error of the application itself; far beyond the budget of a minute it is a flood."""
        seen = self._count_error((component, operation, "handled"), _STORM * budget, now)
        return self._report(Attempt(component, operation, None), seen, now)

    def _count_error(self, key: Hashable, limit: int, now: int) -> list[Sighting]:
        rate = self._followed.rate(key, now)
        return [] if rate is None else list(detectors.of_rate(rate, limit, now))

    def _fail_source(
        self, attempt: Attempt, operation: OperationProfile | None, now: int, *, known: bool | None, is_familiar: bool
    ) -> Iterable[Sighting]:
        assert attempt.address is not None
        if attempt.account is None:
            self._good.refute(self._host(attempt.address))
        profile = self._followed.failing_source(attempt, now)
        if profile is None:
            return ()
        profile.errors.add(now)
        profile.short.failed.add(now)
        profile.day.failed.add(now)
        if attempt.account is None:
            if self._is_guess(attempt, profile, operation, now):
                profile.blind.add(now)
        elif not is_familiar:
            profile.accounts.add(attempt.account, now)
            profile.accounts_day.add(attempt.account, now)
            profile.is_vouched = profile.is_vouched and known is not None
            if known is False:
                profile.names.add(attempt.account, now)
                profile.names_day.add(attempt.account, now)
        profile.touch(now)
        return self._judge_source(attempt, profile, operation, now)

    def _is_guess(self, attempt: Attempt, profile: SourceProfile, operation: OperationProfile | None, now: int) -> bool:
        """Say whether a failure without an account may be a guess: no slip, and no more than a good source's outage."""
        if not self.proves_identity(attempt) or self.slips(attempt, now) is not Slips.NONE:
            return False
        if operation is None or not operation.is_down(now):
            return True
        return profile.short.failed.count(now) > 2 * profile.day.good(now, reported=operation.reported)

    def _judge_source(
        self, attempt: Attempt, profile: SourceProfile, operation: OperationProfile | None, now: int
    ) -> list[Sighting]:
        assert attempt.address is not None
        detection, name = self._detection, written(attempt.address)
        reported = operation is not None and operation.reported
        is_good = self._good.knows(self._host(attempt.address))
        seen: list[Sighting] = []
        if attempt.account is not None:
            is_down = operation is not None and operation.is_down(now)
            seen += detectors.of_source(profile, name, detection, now, reported=reported, is_down=is_down)
        elif self.proves_identity(attempt):
            seen += detectors.of_blind_source(profile, name, detection, now, operation=operation, is_good=is_good)
        if seen:
            profile.suspect_until = now + _SUSPECT_FOR
        limit = detection.errors_per_source * (_LOGIN_FLOOD if self.proves_identity(attempt) else 1)
        seen += detectors.of_flood(profile, name, limit, now, is_good=is_good)
        return seen

    def _fail_account(
        self, attempt: Attempt, operation: OperationProfile | None, now: int, *, is_familiar: bool
    ) -> list[Sighting]:
        assert attempt.address is not None
        profile = self._followed.failing_account(attempt, now)
        if profile is None:
            return []
        if is_familiar:
            profile.familiar.add(now)
        else:
            profile.add_stranger(self._digests.address(vicinity_of(attempt.address)), now)
        profile.touch(now)
        is_down = operation is not None and operation.is_down(now)
        tag, source = f"{attempt.account:016x}", written(attempt.address)
        seen = list(detectors.of_account(profile, tag, source, self._detection, now, is_down=is_down))
        if seen:
            profile.attacked_until = now + _SUSPECT_FOR
        return seen

    def _fail_crowd(
        self, attempt: Attempt, operation: OperationProfile, now: int, *, known: bool | None
    ) -> Iterable[Sighting]:
        assert attempt.address is not None
        operation.has_failures = True
        for outcomes in operation.outcomes():
            outcomes.failed.add(now)
        if self.is_suspect(attempt, now) or (known is not False and operation.is_down(now)):
            return ()
        if attempt.account is None and self._good.has_credit(self._host(attempt.address)):
            return ()
        profile = self._followed.source(attempt)
        if profile is not None and profile.accounts.count(now) > self._detection.accounts_per_source // 2:
            return ()  # one source's many accounts are that source's matter
        host = self._host(attempt.address)
        key = host if attempt.account is None else attempt.account
        is_news = False
        for crowd in operation.crowds:
            crowd.sources.add(host, now)
            is_news |= crowd.accounts.add(key, now)
            if known is False:
                crowd.names.add(key, now)
        sighting = detectors.of_crowd(operation, self._detection, now) if is_news else None
        if sighting is None:
            return ()
        if sighting.threat != detectors.DISTRIBUTED_SLOW_ATTACK:
            for crowd in operation.crowds[1:]:  # or else a fast attack would be found again as a slow one
                crowd.accounts.discard(key, now)
                crowd.names.discard(key, now)
        return (sighting,)

    def _active_operation(self, attempt: Attempt, now: int) -> OperationProfile | None:
        return self._followed.active_operation(
            attempt,
            now,
            is_login=bool(self.login_part(attempt.operation)),
            is_given=self._is_given(attempt.component, attempt.operation),
        )

    def _report(self, attempt: Attempt, seen: Iterable[Sighting], now: int) -> list[ThreatEvent]:
        news = (self._findings.sight(attempt.component, attempt.operation, sighting, now) for sighting in seen)
        return [event for event in news if event is not None]

    def _host(self, address: bytes) -> int:
        return self._digests.address(host_of(address))
