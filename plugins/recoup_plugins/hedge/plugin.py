"""The ``hedge`` plugin."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from attrs import frozen

from recoup import LRUCache, Place, Placing, PolicyMisuse, Trait
from recoup_plugins.hedge.budget import HedgeBudget
from recoup_plugins.hedge.config import HedgeConfig
from recoup_plugins.hedge.latency import LatencyWindow
from recoup_plugins.hedge.policy import HedgePolicy

if TYPE_CHECKING:
    from recoup import Host, Scope

KEPT: Final = 10_000
"""Names whose budget and times are kept; past that, the one asked for longest ago begins anew when asked for again."""


@frozen(eq=False)
class _State:
    budget: HedgeBudget
    times: LatencyWindow


class HedgePlugin:
    """Lets a second attempt race a slow one. Thread-safe and task-safe.

    A budget and the times of calls are kept under ``config.name`` or the scope's key: pipelines of the same name share
    them, and a pipeline that is built anew with other values goes on with what there is.

    Attributes:
        serves: the policy configuration it gives effect to.
    """

    serves = (HedgeConfig,)

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._states: LRUCache[str, _State] = LRUCache(max_size=KEPT)

    def policy(self, config: HedgeConfig, scope: Scope) -> HedgePolicy:
        """Return what hedges calls in one scope.

        Raises:
            PolicyMisuse: the operation must not be made twice.
        """
        if scope.is_assumed or not scope.kind.repeatable:
            kind = "UNSPECIFIED" if scope.is_assumed else scope.kind.name
            raise PolicyMisuse(
                f"a hedge makes {scope.name} twice at once, which is of kind {kind}: leave the hedge out "
                "or, where the call changes nothing, say so: operation=Operation(kind=OperationKind.READ)"
            )
        key = config.name or scope.key
        state = self._state(key, config)
        return HedgePolicy(key, config, scope, self._host, state.budget, state.times)

    def placing(self, config: HedgeConfig) -> Placing:  # noqa: ARG002 - the role's signature
        """Within the retry, which repeats the race as a whole; around everything that an attempt passes."""
        return Placing(place=Place.HEDGE, traits=Trait.PARALLEL)

    def _state(self, key: str, config: HedgeConfig) -> _State:
        with self._lock:
            state = self._states.get(key)
            if state is None:
                state = _State(HedgeBudget(config.budget, config.burst), LatencyWindow())
                self._states.set(key, state)
            else:
                state.budget.configure(config.budget, config.burst)
            return state
