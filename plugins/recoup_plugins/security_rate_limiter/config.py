"""What the limiter is told, and its defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping  # noqa: TC003 - cattrs resolves the annotations
from types import MappingProxyType

from attrs import field, frozen
from attrs.validators import deep_iterable, deep_mapping, ge, gt, instance_of

from recoup_plugins.security_rate_limiter.gcra import Limit
from recoup_plugins.security_rate_limiter.threats.config import ThreatDetection

DEFAULT_LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "trading": Limit(count=10, per=1.0, burst=20),
        "exchange": Limit(count=20, per=1.0, burst=40),
        "database": Limit(count=100, per=1.0, burst=200),
        "*.login": Limit(count=10, per=60.0, burst=5),
        "*.authenticate": Limit(count=10, per=60.0, burst=5),
        "*.withdraw": Limit(count=6, per=60.0, burst=3),
        "default": Limit(count=50, per=1.0, burst=100),
    }
)
"""Limits by name. Orders are few and each one matters, so trading has the tightest; requests to a venue stay below the
twenty or so a second that venues commonly grant a key; a database on the same network bears more. What an attacker
wants most, logging in and withdrawing, is held to a human's pace in every component: that of each human, since a pace
that all strangers shared would let one of them keep the others out."""

_SHARED_BY = 20
"""People whose pace a good source without accounts has: an office or a fleet, and still a tenth of ``per_address``."""


@frozen(kw_only=True)
class FailureDelays:
    """How recorded failures hold back whoever caused them. Immutable.

    With ``n`` failures not yet forgotten, ``n`` above ``free``, the next request is refused for
    ``base_delay * 2 ** (n - free - 1)`` seconds, ``max_delay`` at most. One failure is forgotten every ``forget_after``
    seconds.

    Attributes:
        free: failures without any delay.
        base_delay: seconds after the first failure beyond the free ones.
        max_delay: seconds at most; nobody is locked out for good.
        forget_after: seconds for each failure to be forgotten.

    Raises:
        ValueError: a time is not positive or not finite, or ``max_delay`` is below ``base_delay``.
    """

    free: int = field(default=3, validator=[instance_of(int), ge(0)])
    base_delay: float = field(default=1.0, validator=gt(0))
    max_delay: float = field(default=300.0, validator=gt(0))
    forget_after: float = field(default=60.0, validator=gt(0))

    def __attrs_post_init__(self) -> None:
        if not all(map(math.isfinite, (self.base_delay, self.max_delay, self.forget_after))):
            raise ValueError("base_delay, max_delay and forget_after must be finite numbers of seconds")
        if self.max_delay < self.base_delay:
            raise ValueError(f"max_delay ({self.max_delay} s) must be at least base_delay ({self.base_delay} s)")


@frozen(kw_only=True)
class SecurityRateLimiterConfig:
    """Settings of the security rate limiter. Immutable.

    Attributes:
        limits: limits of operations, added to :data:`DEFAULT_LIMITS`. A name is ``component.operation``,
            ``*.operation``, ``component`` or ``default``; the first that fits, in this order, counts. For requests with
            an address ``*.operation`` is a pace: it counts for each pair of source and account, on top of the limit
            that fits otherwise.
        per_address: requests of one IP address, all operations together.
        per_network: requests of one IPv4 /24 or IPv6 /64.
        per_site: requests of one IPv6 /48.
        allow: networks in CIDR form that are held to the limits of operations only.
        deny: networks in CIDR form that are always refused. Of both lists the longest prefix counts.
        failures: delays after failures.
        threats: when traffic is taken for an attack.
        max_addresses: addresses and networks followed exactly at a time, about 250 bytes each; as many again whose
            failures are remembered, at about 400 bytes.
        max_operations: pairs of component and operation followed exactly at a time.
        operations_per_component: operations of one component that are told apart, apart from those that ``limits``
            names and eight that prove who somebody is; further ones count as one. Names may be what a client sends.
    """

    limits: Mapping[str, Limit] = field(factory=dict, validator=deep_mapping(instance_of(str), instance_of(Limit)))
    per_address: Limit = field(default=Limit(count=10, per=1.0, burst=30), validator=instance_of(Limit))
    per_network: Limit = field(default=Limit(count=40, per=1.0, burst=120), validator=instance_of(Limit))
    per_site: Limit = field(default=Limit(count=80, per=1.0, burst=240), validator=instance_of(Limit))
    allow: tuple[str, ...] = field(default=(), validator=deep_iterable(instance_of(str), instance_of(tuple)))
    deny: tuple[str, ...] = field(default=(), validator=deep_iterable(instance_of(str), instance_of(tuple)))
    failures: FailureDelays = field(factory=FailureDelays, validator=instance_of(FailureDelays))
    threats: ThreatDetection = field(factory=ThreatDetection, validator=instance_of(ThreatDetection))
    max_addresses: int = field(default=65_536, validator=[instance_of(int), ge(16)])
    max_operations: int = field(default=4_096, validator=[instance_of(int), ge(16)])
    operations_per_component: int = field(default=128, validator=[instance_of(int), ge(1)])


class OperationLimits:
    """Finds the limit of an operation. Immutable, so thread-safe.

    Args:
        limits: by name, as in :class:`SecurityRateLimiterConfig`; they go before the defaults of the same name.

    Raises:
        ValueError: a name is empty or has an empty part.
    """

    __slots__ = ("_by_component", "_by_operation", "_by_operation_shared", "_by_pair", "_default")

    def __init__(self, limits: Mapping[str, Limit]) -> None:
        self._by_pair: dict[tuple[str, str], Limit] = {}
        self._by_operation: dict[str, Limit] = {}
        self._by_component: dict[str, Limit] = {}
        table = {**DEFAULT_LIMITS, **limits}
        self._default = table.pop("default")
        for name, limit in table.items():
            component, dot, operation = name.partition(".")
            if not component or (dot and not operation) or name == "*":
                raise ValueError(
                    f"security_rate_limiter.limits: {name!r} is none of 'component.operation', '*.operation', "
                    "'component' and 'default'"
                )
            if not dot:
                self._by_component[component] = limit
            elif component == "*":
                self._by_operation[operation] = limit
            else:
                self._by_pair[component, operation] = limit
        self._by_operation_shared = {name: limit.times(_SHARED_BY) for name, limit in self._by_operation.items()}

    def find(self, component: str, operation: str) -> Limit:
        """Return the limit that counts for the application's own calls of an operation."""
        return (
            self._by_pair.get((component, operation))
            or self._by_operation.get(operation)
            or self._by_component.get(component)
            or self._default
        )

    def shared(self, component: str, operation: str) -> Limit:
        """Return the limit that all requests of an operation share."""
        return self._by_pair.get((component, operation)) or self._by_component.get(component) or self._default

    def is_given(self, component: str, operation: str) -> bool:
        """Say whether the limits name an operation."""
        return operation in self._by_operation or (component, operation) in self._by_pair

    def has_pace(self, component: str, operation: str) -> bool:
        """Say whether an operation has a limit for each person, and none of its own."""
        return operation in self._by_operation and (component, operation) not in self._by_pair

    def pace(self, operation: str, *, is_shared: bool) -> Limit:
        """Return the limit of one person in an operation that has one, or of a source that many people share."""
        return (self._by_operation_shared if is_shared else self._by_operation)[operation]
