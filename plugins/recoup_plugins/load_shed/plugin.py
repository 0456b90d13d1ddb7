"""The ``load_shed`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import ge, instance_of

from recoup import KeyedStates, Place, Placing
from recoup_plugins.load_shed.config import LoadShedConfig
from recoup_plugins.load_shed.gate import Load, LoadShedGate

if TYPE_CHECKING:
    from recoup import Host, Scope


@frozen(kw_only=True)
class LoadShedSettings:
    """The plugin's own section. Immutable.

    Attributes:
        max_loads: loads kept at most that no pipeline uses.
    """

    max_loads: int = field(default=1000, validator=[instance_of(int), ge(1)])


@frozen
class LoadStatus:
    """How one load stands. Immutable.

    Attributes:
        inside: calls under way.
        load: the share of the capacity in use.
    """

    inside: int
    load: float


class LoadShedPlugin:
    """Keeps the loads, and refuses calls of low priority first. Thread-safe and task-safe.

    The priority is the operation's own, or follows from its kind: cancelling is CRITICAL, new orders are HIGH, reading
    is LOW. Calls of all priorities with one name add to one load. Asked for again with other values, a load takes these
    at once, with all who are inside.

    After "Handling Overload" in Beyer et al., "Site Reliability Engineering" (criticality), and Netflix's "Prioritized
    Load Shedding".

    Attributes:
        serves: the policy configuration it gives effect to.
    """

    Config = LoadShedSettings
    serves = (LoadShedConfig,)

    def __init__(self, host: Host, config: LoadShedSettings | None = None) -> None:
        self._host = host
        self._loads = KeyedStates[Load](max_kept=(config or LoadShedSettings()).max_loads)

    def policy(self, config: LoadShedConfig, scope: Scope) -> LoadShedGate:
        """Return the gate to the load of ``config.name``, or of the scope's key, for the scope's priority."""
        key = config.name or scope.key
        load = self._loads.obtain(key, lambda: Load(key, config, self._host))
        load.configure(config)
        return LoadShedGate(load, scope.priority)

    def placing(self, config: LoadShedConfig) -> Placing:  # noqa: ARG002 - the role's signature
        """Around all that repeats or waits: what is shed costs nothing further in."""
        return Placing(place=Place.LOAD_SHED)

    def status(self) -> dict[str, LoadStatus]:
        """Return how each load stands, by key."""
        return {key: LoadStatus(load.inside, load.load()) for key, load in self._loads.snapshot().items()}
