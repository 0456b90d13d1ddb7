"""What the threat detection is told, and its defaults."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import deep_iterable, ge, instance_of

LOGINS = (
    "login",
    "log_in",
    "logon",
    "signin",
    "sign_in",
    "authenticat",
    "auth",
    "password",
    "credential",
    "otp",
    "mfa",
    "2fa",
    "verify",
    "unlock",
    "withdraw",
)
"""Parts of the names of operations that prove who somebody is."""


def _at_least(least: int, default: int) -> int:
    found: int = field(default=default, validator=[instance_of(int), ge(least)])
    return found


@frozen(kw_only=True)
class ThreatDetection:
    """When traffic is taken for an attack. Immutable.

    Each number is the least that is ever reported; where much goes well, more is needed. See
    :mod:`recoup_plugins.security_rate_limiter.threats.detectors`.

    Raises:
        ValueError: a number is out of range, or a part of a name is empty.

    Attributes:
        enabled: False: nothing is followed, and no account is told from another.
        logins: parts of the names of operations in which a failure is a failed proof of identity, also where no
            account is named. In other operations failures without an account count as errors only.
        accounts_per_source: accounts that fail from one source in five minutes; twice as many in a day.
        names_per_source: names of no account from one source in five minutes; twice as many in a day.
        tries_per_account: failures of one account in five minutes, from whatever sources unfamiliar to it.
        networks_per_account: networks from which one account fails in an hour; twice as many in a day.
        failures_per_source: failures of one source in five minutes in which no account is named.
        accounts_per_operation: accounts, or sources where none is named, that fail beyond what honest users let
            expect.
        errors_per_source: failures of one source in a minute; five times as many for logins.
        errors_per_operation: failures of all sources in a minute.
        max_sources: sources followed at a time, about 30 kilobytes each at most.
        max_accounts: accounts followed at a time, about 12 kilobytes each at most.
        max_operations: pairs of component and operation, by ``logins``, followed at a time, and half as many others;
            about 2 megabytes each at most.
        max_familiar: accounts whose familiar networks are remembered, about 250 bytes each.
    """

    enabled: bool = field(default=True, validator=instance_of(bool))
    logins: tuple[str, ...] = field(default=LOGINS, validator=deep_iterable(instance_of(str), instance_of(tuple)))
    accounts_per_source: int = _at_least(2, 10)
    names_per_source: int = _at_least(2, 8)
    tries_per_account: int = _at_least(2, 36)
    networks_per_account: int = _at_least(2, 8)
    failures_per_source: int = _at_least(2, 30)
    accounts_per_operation: int = _at_least(2, 20)
    errors_per_source: int = _at_least(2, 120)
    errors_per_operation: int = _at_least(2, 1_000)
    max_sources: int = _at_least(16, 2_048)
    max_accounts: int = _at_least(16, 2_048)
    max_operations: int = _at_least(1, 16)
    max_familiar: int = _at_least(16, 65_536)

    def __attrs_post_init__(self) -> None:
        if not all(self.logins):
            raise ValueError("security_rate_limiter.threats.logins: an empty part would be found in every name")
