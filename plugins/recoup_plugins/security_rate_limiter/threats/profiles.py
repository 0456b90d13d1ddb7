"""What is known of a source, an account and an operation while they are followed.

*Unresolved* is an account that failed and has not succeeded since: whoever mistypes gets it right in the end, and
whoever guesses does not. *Familiar* is a network from which an account has succeeded before; its failures are left out
wherever a profile counts accounts, names and networks.
"""

from __future__ import annotations

from statistics import median

from recoup_plugins.security_rate_limiter.threats.windows import (
    DAY,
    HOUR,
    MINUTE,
    SHORT,
    SlidingCount,
    SlidingDistinct,
)

_KEYS = 32
_LINGER = 2 * HOUR
_NOTABLE = 5
_HONEST = (0.02, 0.10)
"""Least and most of the users that may be taken to fail and give up."""
_HONEST_UNREPORTED = (0.10, 0.30)
"""Least and most that may be taken to fail at all, where no success is reported to take a failure back."""
_HISTORY = 24
_ENOUGH = 20
_STEADY = 5


class ErrorRate:
    """How many failures there were in the last minute and in the last hour."""

    __slots__ = ("expires", "hour", "minute")

    def __init__(self) -> None:
        self.minute = SlidingCount(MINUTE, 6)
        self.hour = SlidingCount(HOUR, 12)
        self.expires = 0

    def add(self, now: int) -> None:
        """Count a failure."""
        self.minute.add(now)
        self.hour.add(now)
        self.expires = now + HOUR


class Outcomes:
    """Attempts of somebody in one window: how many passed, failed and succeeded.

    Args:
        span: ticks that the window covers.
        slots: steps in which it slides.
    """

    __slots__ = ("failed", "passed", "succeeded")

    def __init__(self, span: int, slots: int) -> None:
        self.passed = SlidingCount(span, slots)
        self.failed = SlidingCount(span, slots)
        self.succeeded = SlidingCount(span, slots)

    def good(self, now: int, *, reported: bool) -> int:
        """Return the successes: as reported, or else the attempts let through of which no failure was reported."""
        if reported:
            return self.succeeded.count(now)
        return max(0, self.passed.count(now) - self.failed.count(now))


class SourceProfile:
    """What one source did in one operation."""

    __slots__ = (
        "accounts",
        "accounts_day",
        "blind",
        "day",
        "errors",
        "expires",
        "is_vouched",
        "names",
        "names_day",
        "short",
        "suspect_until",
    )

    def __init__(self) -> None:
        self.short = Outcomes(SHORT, 10)
        self.day = Outcomes(DAY, 24)
        self.accounts = SlidingDistinct(SHORT, 10, _KEYS)
        self.accounts_day = SlidingDistinct(DAY, 24, _KEYS)
        self.names = SlidingDistinct(SHORT, 10, _KEYS)
        self.names_day = SlidingDistinct(DAY, 24, _KEYS)
        self.is_vouched = True
        self.blind = SlidingCount(SHORT, 10)
        self.errors = SlidingCount(MINUTE, 6)
        self.suspect_until = 0
        self.expires = 0

    def resolve(self, account: int, now: int) -> None:
        """Take back an account that succeeded."""
        for window in (self.accounts, self.accounts_day, self.names, self.names_day):
            window.discard(account, now)

    def touch(self, now: int) -> None:
        """Put off the time from which on the profile says nothing worth keeping."""
        self.expires = now + (DAY if self.accounts_day.count(now) >= _NOTABLE else _LINGER)


class AccountProfile:
    """Who tried one account in one operation."""

    __slots__ = (
        "attacked_until",
        "expires",
        "familiar",
        "networks",
        "networks_day",
        "strangers",
        "strangers_hour",
        "strangers_minute",
    )

    def __init__(self) -> None:
        self.strangers_minute = SlidingCount(MINUTE, 6)
        self.strangers = SlidingCount(SHORT, 10)
        self.strangers_hour = SlidingCount(HOUR, 12)
        self.familiar = SlidingCount(SHORT, 10)
        self.networks = SlidingDistinct(HOUR, 12, _KEYS)
        self.networks_day = SlidingDistinct(DAY, 24, _KEYS)
        self.attacked_until = 0
        self.expires = 0

    def add_stranger(self, network: int, now: int) -> None:
        """Count a try from a network that is not familiar."""
        for window in (self.strangers_minute, self.strangers, self.strangers_hour):
            window.add(now)
        self.networks.add(network, now)
        self.networks_day.add(network, now)

    def resolve(self, network: int, now: int) -> None:
        """Take back a network that turned out to be its owner's; what others did stays."""
        self.networks.discard(network, now)
        self.networks_day.discard(network, now)

    def touch(self, now: int) -> None:
        """Put off the time from which on the profile says nothing worth keeping."""
        self.expires = now + (DAY if self.networks_day.count(now) >= _NOTABLE else _LINGER)


class Crowd:
    """All sources of one operation in one window, apart from those that are suspects by themselves.

    Args:
        span: ticks that the window covers.
        slots: steps in which it slides.
        max_keys: accounts and sources that are told apart at a time.
    """

    __slots__ = ("accounts", "names", "outcomes", "sources", "span")

    def __init__(self, span: int, slots: int, max_keys: int) -> None:
        self.span = span
        self.outcomes = Outcomes(span, slots)
        self.accounts = SlidingDistinct(span, slots, max_keys)
        self.names = SlidingDistinct(span, slots, max_keys // 2)
        self.sources = SlidingDistinct(span, slots, max_keys)


class OperationProfile:
    """What all sources together did in one operation, and what is usual there."""

    __slots__ = (
        "_hour",
        "_shares",
        "crowds",
        "expires",
        "has_failures",
        "informed",
        "latest_success",
        "minute",
        "reported",
    )

    def __init__(self) -> None:
        self.crowds = (Crowd(SHORT, 10, 1_024), Crowd(HOUR, 12, 2_048), Crowd(DAY, 24, 4_096))
        self.minute = Outcomes(MINUTE, 6)
        self.reported = False
        self.informed = False
        self.latest_success = 0
        self.has_failures = False
        self.expires = 0
        self._shares: list[float] = []
        self._hour = 0

    def touch(self, now: int) -> None:
        """Put off the time from which on the profile says nothing worth keeping, and learn from a completed hour."""
        self.expires = now + DAY
        hour = now // HOUR
        if hour != self._hour:
            self._learn(now)
            self._hour = hour

    def outcomes(self) -> tuple[Outcomes, ...]:
        """Return the counts of attempts in every window."""
        return (self.minute, *(crowd.outcomes for crowd in self.crowds))

    def honest_share(self) -> float:
        """Return the share of users that fail for good: the median of the hours of a day, within bounds.

        The bounds keep a patient attacker from teaching what he does as usual.
        """
        least, most = _HONEST if self.reported else _HONEST_UNREPORTED
        if len(self._shares) < 3:  # noqa: PLR2004 - a median of fewer is no median
            return most
        return min(most, max(least, median(self._shares)))

    def is_down(self, now: int) -> bool:
        """Say whether successes have all but ceased where they used to come steadily: an outage, not an attack.

        That is: a tenth of what the hour lets expect in five minutes or in one, or a gap since the latest in which
        five were to be expected. Independent events leave such a gap with a probability of exp(-5), below 1 %.
        """
        short, hour, _ = self.crowds
        recent = short.outcomes.good(now, reported=self.reported)
        expected = (hour.outcomes.good(now, reported=self.reported) - recent) / (HOUR / SHORT - 1)
        if expected >= _STEADY and recent <= expected / 10:
            return True
        if self.reported and expected >= _STEADY and expected * (now - self.latest_success) >= _STEADY * SHORT:
            return True
        latest, expected = self.minute.good(now, reported=self.reported), expected * MINUTE / SHORT
        return expected >= _STEADY and latest <= expected / 10

    def _learn(self, now: int) -> None:
        crowd = self.crowds[1]
        failed = crowd.accounts.count(now)
        settled = crowd.outcomes.good(now, reported=self.reported)
        if failed + settled >= _ENOUGH:
            self._shares = [*self._shares, failed / (failed + settled)][-_HISTORY:]
