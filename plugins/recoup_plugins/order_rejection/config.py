"""How refused orders are treated."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import and_, ge, gt, instance_of, optional

_NUMBER = instance_of((int, float))
_COUNT = [instance_of(int), ge(1)]


@frozen(kw_only=True)
class OrderRejectionConfig:
    """How refused orders are treated. Immutable; all times in seconds.

    Attributes:
        halt_after: refusals of one fingerprint within ``window`` that halt the market.
        window: see ``halt_after``.
        lift_after: time after which such a halt is lifted, or None to leave that to a human.
        refresh_interval: least time between two refreshes of a venue's limits, and between two of its balances.
        max_markets: markets whose refusals are counted at most; the one refused longest ago goes first.
        max_fingerprints: kinds of refusals that are counted for one market at most; as above.
    """

    halt_after: int = field(default=5, validator=_COUNT)
    window: float = field(default=300.0, validator=[_NUMBER, gt(0)])
    lift_after: float | None = field(default=None, validator=optional(and_(instance_of((int, float)), gt(0.0))))
    refresh_interval: float = field(default=60.0, validator=[_NUMBER, gt(0)])
    max_markets: int = field(default=1000, validator=_COUNT)
    max_fingerprints: int = field(default=32, validator=_COUNT)
