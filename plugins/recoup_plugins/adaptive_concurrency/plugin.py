"""The ``adaptive_concurrency`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import ge, instance_of

from recoup import KeyedStates, Place, Placing, Trait
from recoup_plugins.adaptive_concurrency.config import AdaptiveConcurrencyConfig
from recoup_plugins.adaptive_concurrency.gate import AdaptiveLimit

if TYPE_CHECKING:
    from recoup import Host, Scope


@frozen(kw_only=True)
class AdaptiveConcurrencySettings:
    """The plugin's own section. Immutable.

    Attributes:
        max_limits: limits kept at most that no pipeline uses.
    """

    max_limits: int = field(default=1000, validator=[instance_of(int), ge(1)])


@frozen
class AdaptiveStatus:
    """How one limit stands. Immutable.

    Attributes:
        limit: calls that it admits at a time, with the fraction that is not admitted yet.
        inside: calls under way.
        waiting: calls in its queue.
    """

    limit: float
    inside: int
    waiting: int


class AdaptiveConcurrencyPlugin:
    """Keeps the limits on concurrency that follow latency. Thread-safe and task-safe.

    Asked for again with other values, a limit takes these at once and goes on from where it is.

    Attributes:
        serves: the policy configuration it gives effect to.
    """

    Config = AdaptiveConcurrencySettings
    serves = (AdaptiveConcurrencyConfig,)

    def __init__(self, host: Host, config: AdaptiveConcurrencySettings | None = None) -> None:
        self._host = host
        self._limits = KeyedStates[AdaptiveLimit](max_kept=(config or AdaptiveConcurrencySettings()).max_limits)

    def policy(self, config: AdaptiveConcurrencyConfig, scope: Scope) -> AdaptiveLimit:
        """Return the limit of ``config.name``, or of the scope's key where it has none; the same one each time."""
        key = config.name or scope.key
        limit = self._limits.obtain(key, lambda: AdaptiveLimit(key, config, self._host))
        limit.configure(config)
        return limit

    def placing(self, config: AdaptiveConcurrencyConfig) -> Placing:
        """Around the time-out of an attempt, which tells it of overload; within all else."""
        traits = Trait.ONE_AT_A_TIME if config.max_limit == 1 else Trait.NONE
        return Placing(place=Place.CONCURRENCY, traits=traits)

    def status(self) -> dict[str, AdaptiveStatus]:
        """Return how each limit stands, by key."""
        return {
            key: AdaptiveStatus(limit.limit, limit.permits.inside, limit.permits.waiting)
            for key, limit in self._limits.snapshot().items()
        }
