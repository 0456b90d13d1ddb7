"""The ``timeout`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import Place, Placing, SystemClock
from recoup_plugins.timeout.config import TimeoutConfig
from recoup_plugins.timeout.gate import TimeoutGate
from recoup_plugins.timeout.queues import Queues

if TYPE_CHECKING:
    from recoup import Host, Scope


class TimeoutPlugin:
    """Gives calls a time limit. Thread-safe and task-safe.

    Nothing is kept from one call to the next, so that a changed limit holds from the next call on.

    Attributes:
        serves: the policy configuration it gives effect to.
    """

    serves = (TimeoutConfig,)

    def __init__(self, host: Host) -> None:
        self._host = host
        clock = host.clock
        # The function itself saves a layer; only such a clock passes as fast as the timers of an event loop.
        monotonic = clock.monotonic
        self._queues = Queues(monotonic) if isinstance(clock, SystemClock) else None

    def policy(self, config: TimeoutConfig, scope: Scope) -> TimeoutGate:
        """Return what limits the time of calls in one scope."""
        return TimeoutGate(config.name or scope.key, config.seconds, self._host, self._queues)

    def placing(self, config: TimeoutConfig) -> Placing:
        """Around the retry where it limits the whole, else around a single attempt."""
        place = Place.TOTAL_TIMEOUT if config.total else Place.ATTEMPT_TIMEOUT
        return Placing(place=place, seconds=config.seconds)
