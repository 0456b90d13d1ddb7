"""The ``cache`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import ge, instance_of

from recoup import CacheConfig, KeyedStates, OperationKind, Place, Placing, PolicyMisuse, Trait
from recoup.operation import may_be_order
from recoup_plugins.cache.policy import CachePolicy, Results
from recoup_plugins.cache.ttl_cache import TTLCache

if TYPE_CHECKING:
    from recoup import Host, Scope

_CHANGES_ORDERS = frozenset({OperationKind.SUBMIT, OperationKind.AMEND, OperationKind.CANCEL})


@frozen(kw_only=True)
class CacheSettings:
    """The plugin's own section. Immutable.

    Attributes:
        max_caches: caches kept at most that no pipeline uses.
    """

    max_caches: int = field(default=1000, validator=[instance_of(int), ge(1)])


class CachePlugin:
    """Gives good results out again to calls with the same arguments. Thread-safe and task-safe.

    Attributes:
        serves: the policy configuration it gives effect to.
    """

    Config = CacheSettings
    serves = (CacheConfig,)

    def __init__(self, host: Host, config: CacheSettings | None = None) -> None:
        self._host = host
        self._results: KeyedStates[Results] = KeyedStates(max_kept=(config or CacheSettings()).max_caches)

    def policy(self, config: CacheConfig, scope: Scope) -> CachePolicy:
        """Return the cache of one scope; a cache that exists keeps its results, and takes over the new bounds.

        Raises:
            PolicyMisuse: the call submits, amends or cancels, or its name leaves room for that.
        """
        if scope.kind in _CHANGES_ORDERS or (scope.kind is OperationKind.UNSPECIFIED and _names_an_order(scope.name)):
            raise PolicyMisuse(
                f"{scope.name} is not a call to cache: what it does would not be done again. Where it only reads, say "
                "so: operation=Operation(kind=OperationKind.READ)"
            )
        bounds = config.ttl, config.max_results, config.stale_if_error
        results = self._results.obtain(scope.key, lambda: Results(TTLCache(*bounds, clock=self._host.clock)))
        results.cache.reconfigure(*bounds)
        return CachePolicy(results, config, scope.key, self._host)

    def placing(self, config: CacheConfig) -> Placing:
        """Around all but a fallback, so that a hit costs no permit and a miss is recovered before it counts as one."""
        return Placing(place=Place.CACHE, traits=Trait.STANDS_IN if config.stale_if_error else Trait.NONE)


def _names_an_order(name: str) -> bool:
    return "<lambda>" not in name and may_be_order(name)
