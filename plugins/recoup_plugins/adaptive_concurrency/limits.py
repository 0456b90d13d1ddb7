"""From latencies to a limit: pure arithmetic, without a clock or a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from attrs import define, frozen

if TYPE_CHECKING:
    from recoup_plugins.adaptive_concurrency.config import AdaptiveConcurrencyConfig

WARM_UP: Final = 10
"""Windows of which the plain mean is the latency of long (concurrency-limits, ``ExpAvgMeasurement``)."""
RELAPSED: Final = 2.0
"""Latency of long over that of late, from which on long is out of date: the load that made it so has gone."""
DECAY: Final = 0.95
"""What brings it back, each window."""
HELPED: Final = 0.75
"""What latency falls to, at most, where half of the limit has made a queue shorter; without noise, to a half."""
STEEPEST: Final = 0.5
"""By which one step lowers the limit at most, before smoothing."""


@frozen
class Window:
    """What one window of time has shown. Immutable.

    Attributes:
        latency: seconds that calls took in the mean.
        samples: calls that it is the mean of.
        most_inside: calls under way at a time, at most.
    """

    latency: float
    samples: int
    most_inside: int


class Algorithm(Protocol):
    """Says what a limit becomes. Belongs to one limit."""

    def after(self, limit: float, window: Window) -> float:
        """Return the limit after a window, before it is held to its bounds."""
        ...


@define(eq=False)
class Gradient:
    """The limit falls as latency rises against its own long average, after Netflix's ``Gradient2Limit``.

    Each window::

        gradient = clamp(tolerance * long / late, 0.5, 1.0)
        limit = (1 - smoothing) * limit + smoothing * (limit * gradient + headroom)

    While the application uses less than half of the limit, latency says nothing of the limit, which stays.

    ``Gradient2Limit`` averages whatever it sees, so that under lasting load its own queue becomes the norm and the
    limit drifts upwards. Here, while the limit is reached, the long average is not raised; instead the limit is halved
    every ``probe_every`` windows, and again for as long as that helps, and what latency is without a queue becomes the
    norm (as with ``ProbeRTT`` in Cardwell et al., "BBR: Congestion-Based Congestion Control", and Envoy's minRTT
    calculation). Each halving takes two windows, one for the queue to go.

    Not thread-safe: its owner's lock is held.

    Attributes:
        config: its parameters.
        long: the norm of latency in seconds, or None before the first window.
    """

    config: AdaptiveConcurrencyConfig
    long: float | None = None
    _windows: int = 0
    _probe: _Probe | None = None
    _until_probe: int = WARM_UP

    def after(self, limit: float, window: Window) -> float:
        """Return the limit after a window."""
        if self._probe is not None:
            return self._probed(self._probe, limit, window)
        is_reached = window.most_inside >= int(limit)
        long = self._averaged(window.latency, is_reached=is_reached)
        if is_reached:
            self._until_probe -= 1
            if self._until_probe <= 0:
                self._probe = _Probe(
                    before=limit, latency_before=window.latency, lowered=limit / 2, last=window.latency
                )
                return limit / 2
        if window.most_inside * 2 < limit:
            return limit
        late, config = window.latency, self.config
        gradient = 1.0 if late <= 0 else min(1.0, max(STEEPEST, config.tolerance * long / late))
        sought = limit * gradient + config.headroom
        return (1 - config.smoothing) * limit + config.smoothing * sought

    def _averaged(self, late: float, *, is_reached: bool) -> float:
        self._windows += 1
        long = late if self.long is None else self.long
        if not is_reached or late < long or self._windows <= WARM_UP:
            weight = 1 / self._windows if self._windows <= WARM_UP else 2 / (self.config.long_window + 1)
            long += weight * (late - long)
        if long > RELAPSED * late:
            long *= DECAY
        self.long = long
        return long

    def _probed(self, probe: _Probe, limit: float, window: Window) -> float:
        if not probe.has_drained:
            probe.has_drained = True
            return limit
        if window.latency < HELPED * probe.last and limit > self.config.min_limit:
            probe.last, probe.lowered, probe.has_drained = window.latency, limit / 2, False
            return limit / 2
        self.long = window.latency
        self._probe = None
        self._until_probe = self.config.probe_every
        if limit < probe.lowered:  # overload has cut it, which weighs more
            return limit
        # By Little's law, as many calls as are under way at this throughput while none of them queues.
        return max(limit, probe.before * min(1.0, self.config.tolerance * window.latency / probe.latency_before))


@define
class _Probe:
    before: float
    latency_before: float
    lowered: float
    last: float
    has_drained: bool = False


@frozen
class Aimd:
    """The limit grows by a constant each round and falls by a factor on overload, as TCP's window does.

    A round is as many successes as the limit admits calls at a time (RFC 5681 §3.1, Chiu and Jain 1989). Immutable.

    Attributes:
        config: its parameters.
    """

    config: AdaptiveConcurrencyConfig

    def after(self, limit: float, window: Window) -> float:
        """Return the limit after a window."""
        config = self.config
        if config.max_latency is not None and window.latency > config.max_latency:
            return limit * config.backoff
        if window.most_inside * 2 < limit:
            return limit
        return limit + config.increase * window.samples / limit
