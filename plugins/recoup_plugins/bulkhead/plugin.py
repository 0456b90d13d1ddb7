"""The ``bulkhead`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import ge, instance_of

from recoup import KeyedStates, Permits, Place, Placing, PolicyEvent, Trait
from recoup_plugins.bulkhead.config import BulkheadConfig

if TYPE_CHECKING:
    from recoup import Host, Scope


@frozen(kw_only=True)
class BulkheadSettings:
    """The plugin's own section. Immutable.

    Attributes:
        max_bulkheads: bulkheads kept at most that no pipeline uses.
    """

    max_bulkheads: int = field(default=1000, validator=[instance_of(int), ge(1)])


@frozen
class BulkheadStatus:
    """How one bulkhead stands. Immutable.

    Attributes:
        max_concurrent: calls that it admits at a time.
        inside: calls under way.
        waiting: calls in its queue.
    """

    max_concurrent: int
    inside: int
    waiting: int


class BulkheadPlugin:
    """Keeps the bulkheads. Thread-safe and task-safe.

    Threads and tasks, on asyncio and trio, may share one. Asked for again with other values, a bulkhead takes these at
    once: who is inside and who waits stays.

    Attributes:
        serves: the policy configuration it gives effect to.
    """

    Config = BulkheadSettings
    serves = (BulkheadConfig,)

    def __init__(self, host: Host, config: BulkheadSettings | None = None) -> None:
        self._host = host
        self._bulkheads = KeyedStates[Permits](max_kept=(config or BulkheadSettings()).max_bulkheads)

    def policy(self, config: BulkheadConfig, scope: Scope) -> Permits:
        """Return the bulkhead of ``config.name``, or of the scope's key where it has none; the same one each time."""
        key = config.name or scope.key
        bulkhead = self._bulkheads.obtain(key, lambda: self._make(key, config.max_concurrent))
        bulkhead.max_queue = config.max_queue
        bulkhead.max_wait = config.max_wait
        bulkhead.resize(config.max_concurrent)
        return bulkhead

    def placing(self, config: BulkheadConfig) -> Placing:
        """Within retry, breaker and rate limit, so that no place is held while those wait."""
        traits = Trait.ONE_AT_A_TIME if config.max_concurrent == 1 else Trait.NONE
        return Placing(place=Place.CONCURRENCY, traits=traits)

    def status(self) -> dict[str, BulkheadStatus]:
        """Return how each bulkhead stands, by key."""
        return {
            key: BulkheadStatus(bulkhead.limit, bulkhead.inside, bulkhead.waiting)
            for key, bulkhead in self._bulkheads.snapshot().items()
        }

    def _make(self, key: str, limit: int) -> Permits:
        host = self._host

        def report(action: str, detail: str) -> None:
            if host.hears("policy"):
                host.publish(PolicyEvent(policy="bulkhead", key=key, action=action, detail=detail))

        return Permits(key, limit, clock=host.clock, report=report)
