"""How a venue in maintenance is treated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import ge, gt, instance_of

from recoup_plugins.exchange_maintenance.windows import MaintenanceWindow  # noqa: TC001 - cattrs resolves it

if TYPE_CHECKING:
    from collections.abc import Iterable


_NUMBER = instance_of((int, float))


def _as_tuple(windows: Iterable[MaintenanceWindow]) -> tuple[MaintenanceWindow, ...]:
    return tuple(windows)


@frozen(kw_only=True)
class ExchangeMaintenanceConfig:
    """How a venue in maintenance is probed. Immutable; all times in seconds.

    Attributes:
        initial_interval: from the first refusal to the first probe.
        interval_factor: by which the interval grows with each failed probe.
        max_interval: most that it grows to. A wait that the venue itself asks for takes precedence over all three.
        probe_grace: time without a failure after which the venue counts as back, where a waiting call is the probe.
        probe_timeout: that a probe through the venue port may take, in real time.
        restore_timeout: that setting the clock, loading markets and books, and comparing both sides may take together,
            in real time.
        release_interval: between two held calls once it is back.
        max_wait: maintenance that has lasted or will last longer makes a refusal final.
        max_venues: venues kept at most.
        windows: what venues have announced; further ones come by :meth:`ExchangeMaintenance.announce`.
    """

    initial_interval: float = field(default=5.0, validator=[_NUMBER, gt(0)])
    interval_factor: float = field(default=2.0, validator=[_NUMBER, ge(1)])
    max_interval: float = field(default=60.0, validator=[_NUMBER, gt(0)])
    probe_grace: float = field(default=2.0, validator=[_NUMBER, gt(0)])
    probe_timeout: float = field(default=10.0, validator=[_NUMBER, gt(0)])
    restore_timeout: float = field(default=300.0, validator=[_NUMBER, gt(0)])
    release_interval: float = field(default=0.05, validator=[_NUMBER, gt(0)])
    max_wait: float = field(default=14_400.0, validator=[_NUMBER, gt(0)])
    max_venues: int = field(default=256, validator=[instance_of(int), ge(1)])
    windows: tuple[MaintenanceWindow, ...] = field(default=(), converter=_as_tuple)
