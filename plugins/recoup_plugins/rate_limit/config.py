"""How often something may be called."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

from attrs import field, frozen

from recoup.validators import above_zero, from_zero, text_or_none

FASTEST = 1_000_000.0
"""Calls a second at most: beyond that, the clock no longer tells two of them apart."""


class Counted(Enum):
    """What a venue counts towards a limit."""

    REQUESTS = "requests"
    """Every request, by its weight."""
    ORDERS = "orders"
    """New orders only."""


def _burst(_: object, attribute: Any, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be a whole number, or None (got {value!r})")
    if value < 1:
        raise ValueError(f"'{attribute.name}' must be 1 or more (got {value})")


def _counted(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, Counted):
        raise TypeError(f"'{attribute.name}' must be a Counted, such as Counted.ORDERS (got {value!r})")


@frozen(kw_only=True)
class RateLimitConfig:
    """How often something may be called. Immutable.

    Over any span of ``s`` seconds, at most ``burst + s * rate / per`` calls go out, each counted by its weight.

    Attributes:
        rate: calls in ``per`` seconds, in the long run; at most a million a second.
        per: seconds.
        burst: calls that may go at once after a pause; None: as many as ``rate``, and at least one.
        max_wait: seconds that a call waits at most for its turn; 0.0: it is refused at once.
        name: the limit's key; one limit is shared by all who name it. None: each function has its own.
        counts: which of the venue's own counts concern it; see :meth:`RateLimitPlugin.observe_headers`.
    """

    rate: float = field(validator=above_zero)
    per: float = field(default=1.0, validator=above_zero)
    burst: int | None = field(default=None, validator=_burst)
    max_wait: float = field(default=0.0, validator=from_zero)
    name: str | None = field(default=None, validator=text_or_none)
    counts: Counted = field(default=Counted.REQUESTS, validator=_counted)

    def __attrs_post_init__(self) -> None:
        if self.rate / self.per > FASTEST:
            raise ValueError(f"a rate of {self.rate:g} in {self.per:g} s is above {FASTEST:,.0f} a second")

    @property
    def most_at_once(self) -> int:
        """The burst, or what stands for it."""
        return max(1, math.floor(self.rate)) if self.burst is None else self.burst

    @property
    def per_second(self) -> float:
        """Calls a second, in the long run."""
        return self.rate / self.per

    def __str__(self) -> str:
        return f"{self.rate:g} in {self.per:g} s, at most {self.most_at_once} at once"
