"""The ``rate_limit`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import ge, instance_of

from recoup import Place, Placing, PolicyEvent, PolicyMisuse
from recoup_plugins.rate_limit.config import RateLimitConfig
from recoup_plugins.rate_limit.gate import RateLimitGate
from recoup_plugins.rate_limit.headers import Usage, usages
from recoup_plugins.rate_limit.registry import LimitRegistry

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from recoup import Host, Scope
    from recoup_plugins.rate_limit.limiter import KeyedLimiter


@frozen(kw_only=True)
class RateLimitSettings:
    """The plugin's own section. Immutable.

    Attributes:
        max_limits: limits kept at most.
    """

    max_limits: int = field(default=10_000, validator=[instance_of(int), ge(1)])


class RateLimitPlugin:
    """Keeps outgoing calls within the venue's limits. Thread-safe and task-safe.

    Attributes:
        serves: the policy configuration it gives effect to.
    """

    Config = RateLimitSettings
    serves = (RateLimitConfig,)

    def __init__(self, host: Host, config: RateLimitSettings | None = None) -> None:
        self._host = host
        self._registry = LimitRegistry(max_limits=(config or RateLimitSettings()).max_limits, clock=host.clock)

    def policy(self, config: RateLimitConfig, scope: Scope) -> RateLimitGate:
        """Return the gate of the limit that ``config.name`` names, or of the scope's own.

        A limit that exists keeps what has been used, and takes over the values of ``config``.

        Raises:
            PolicyMisuse: a call of this weight can never go, or there is no room for another limit.
        """
        if scope.weight > config.most_at_once:
            raise PolicyMisuse(
                f"{scope.name}: a call of weight {scope.weight} can never go within a limit of {config}: raise the "
                "burst, or lower the weight"
            )
        key = config.name or scope.key
        return RateLimitGate(self._registry.obtain(key, config), scope.weight, self._host)

    def placing(self, config: RateLimitConfig) -> Placing:  # noqa: ARG002 - the role's signature
        """Within retry and circuit breaker: each attempt counts at the venue, and a refusal by the circuit does not."""
        return Placing(place=Place.RATE_LIMIT)

    def limiter(self, config: RateLimitConfig) -> KeyedLimiter:
        """Return the limiter that ``config`` names, for use inline with keys of one's own.

        The gates of that name are kept under the key that equals the name.

        Raises:
            PolicyMisuse: the configuration has no name, or there is no room for another limit.
        """
        if config.name is None:
            raise PolicyMisuse("a limiter for use inline needs a name: RateLimitConfig(..., name=...)")
        return self._registry.obtain(config.name, config)

    def observe_headers(self, name: str, headers: Mapping[str, str], *, key: Hashable | None = None) -> int:
        """Take note of what the venue's answer says is left under a limit. It only ever lowers what may go.

        Where the answer names a window, such as a minute's, only a limit with the same ``per`` is concerned; where it
        tells what was used but not of how much, the limit's own rate is meant. Call it for every answer, so that the
        limit is met here before the venue has to refuse.

        Args:
            name: the limit's name, or the key of the scope that it was made for.
            headers: of the answer, names in any case.
            key: which key of the limiter; by default the one that its gates use.

        Returns:
            How many of the venue's counts concerned the limit; 0 as well where there is no limit of that name.
        """
        limiter = self._registry.find(name)
        if limiter is None:
            return 0
        config = limiter.config
        found = 0
        for usage in usages(headers, self._host.clock.now().timestamp()):
            left = usage.left(config.rate) if _concerns(usage, config) else None
            if left is not None:
                found += 1
                self._observe(limiter, name if key is None else key, left, usage.reset)
        return found

    def _observe(self, limiter: KeyedLimiter, key: Hashable, left: float, reset: float | None) -> None:
        before = limiter.left(key)
        limiter.observe(key, left, reset=reset)
        if left < before and self._host.hears("policy"):
            detail = f"the venue has {left:g} left, {before:g} were expected"
            self._host.publish(
                PolicyEvent(policy="rate_limit", key=limiter.name, action="lowered", delay=reset, detail=detail)
            )


def _concerns(usage: Usage, config: RateLimitConfig) -> bool:
    return usage.counts is config.counts and (usage.per is None or usage.per == config.per)
