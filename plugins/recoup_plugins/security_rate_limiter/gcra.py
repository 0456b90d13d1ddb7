"""The generic cell rate algorithm, GCRA, in its virtual scheduling form.

One integer per key is the whole state: the theoretical arrival time (TAT) of the next request. A request conforms if it
comes no earlier than the TAT less a tolerance; then the TAT moves on by one emission interval. A request that does not
conform changes nothing.

Sources: ATM Forum, *Traffic Management Specification Version 4.0*, af-tm-0056.000 (1996), and ITU-T Recommendation
I.371, for GCRA(I, L) itself; Brandur Leach, *Rate Limiting, Cells, and GCRA* (2015),
https://brandur.org/rate-limiting, for its use on requests with a burst.

Times are integers, in ticks of a microsecond: sums of intervals stay exact, and a float clock still resolves a tick
after decades. A TAT that lies in the past says no more than no TAT at all, so it may be forgotten without loss.
"""

from __future__ import annotations

import math

from attrs import field, frozen
from attrs.validators import ge, gt, instance_of, optional

TICKS_PER_SECOND = 1_000_000


def to_ticks(seconds: float) -> int:
    """Return seconds as ticks, to the nearest one, so that float noise in a clock can't cost a tick."""
    return round(seconds * TICKS_PER_SECOND)


@frozen(kw_only=True)
class Limit:
    """So many requests in so many seconds, with a burst. Immutable.

    Over any span of ``s`` seconds at most ``burst + s * count / per`` requests conform.

    Attributes:
        count: requests in ``per`` seconds, in the long run.
        per: seconds.
        burst: requests that may come at once after a pause; None: as many as ``count``.
        interval: ticks between two requests at the steady rate; rounded up, so that the rate is never exceeded.
        tolerance: ticks that a request may come ahead of its theoretical arrival time.

    Raises:
        ValueError: an attribute is out of its range, or the rate is above one request a tick.
    """

    count: int = field(validator=[instance_of(int), ge(1)])
    per: float = field(default=1.0, validator=[instance_of((int, float)), gt(0)])
    burst: int | None = field(default=None, validator=optional([instance_of(int), ge(1)]))
    interval: int = field(init=False, repr=False)
    tolerance: int = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not math.isfinite(self.per) or self.count > self.per * TICKS_PER_SECOND:
            raise ValueError(
                f"a limit of {self.count} per {self.per} s is out of range: per must be finite, and the rate at most "
                f"{TICKS_PER_SECOND} a second"
            )
        interval = -(-to_ticks(self.per) // self.count)
        burst = self.count if self.burst is None else self.burst
        object.__setattr__(self, "interval", interval)
        object.__setattr__(self, "tolerance", interval * (burst - 1))

    def times(self, factor: int) -> Limit:
        """Return a limit of so many times the rate, one request a tick at most, and the burst."""
        count = min(factor * self.count, math.floor(self.per * TICKS_PER_SECOND))
        burst = self.count if self.burst is None else self.burst
        return Limit(count=count, per=self.per, burst=factor * burst)

    def __str__(self) -> str:
        burst = self.count if self.burst is None else self.burst
        return f"{self.count} per {self.per:g} s, at most {burst} at once"

    def wait(self, tat: int, now: int) -> int:
        """Return the ticks until a request conforms; zero or less: it conforms now."""
        return tat - self.tolerance - now

    def after(self, tat: int, now: int) -> int:
        """Return the theoretical arrival time after a conforming request at ``now``."""
        return (tat if tat > now else now) + self.interval  # noqa: FURB136 - a call costs more than the rest
