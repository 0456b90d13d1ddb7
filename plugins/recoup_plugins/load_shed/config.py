"""How much load leaves room for which priority."""

from __future__ import annotations

import math
from typing import Any

from attrs import field, frozen

from recoup.validators import number, text_or_none

MOST_CALLS = 1_000_000


def _calls(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be a whole number of calls (got {value!r})")
    if not 1 <= value <= MOST_CALLS:
        raise ValueError(f"'{attribute.name}' must be from 1 to {MOST_CALLS} calls (got {value})")


def _share(_: object, attribute: Any, value: Any) -> None:
    number(attribute, value)
    if not 0 < value <= 1:
        raise ValueError(f"'{attribute.name}' must be a share of the capacity, above 0 and at most 1 (got {value})")


def _seconds(_: object, attribute: Any, value: Any) -> None:
    number(attribute, value)
    if value <= 0:
        raise ValueError(f"'{attribute.name}' must be above 0 seconds (got {value})")


def _seconds_or_none(_: object, attribute: Any, value: Any) -> None:
    if value is not None:
        _seconds(_, attribute, value)


@frozen(kw_only=True)
class LoadShedConfig:
    """Up to which load calls of a priority are admitted. Immutable.

    Load is what is under way, of whatever priority, as a share of ``max_concurrent``; or, where that is more, the mean
    latency as a share of ``max_latency``. ``Priority.CRITICAL``, such as cancelling an order, is always admitted.
    A share is rounded up to whole calls, so that anything is admitted while nothing else is under way.

    Attributes:
        max_concurrent: calls under way that are full load.
        low: share of the capacity open to ``Priority.LOW``, such as market data.
        normal: the share open to ``Priority.NORMAL``.
        high: the share open to ``Priority.HIGH``, such as new orders; the rest is kept for ``Priority.CRITICAL``.
        max_latency: seconds of mean latency that are full load, or None to go by the number of calls alone.
        half_life: seconds after which, without calls, half of that latency is forgotten.
        retry_after: seconds after which a refused caller is told to come back, or None.
        name: what the load is counted for; all who name it add to one. None: the key of the operation or pipeline, or
            else each function has its own.
    """

    max_concurrent: int = field(default=100, validator=_calls)
    low: float = field(default=0.6, validator=_share)
    normal: float = field(default=0.8, validator=_share)
    high: float = field(default=0.95, validator=_share)
    max_latency: float | None = field(default=None, validator=_seconds_or_none)
    half_life: float = field(default=10.0, validator=_seconds)
    retry_after: float | None = field(default=None, validator=_seconds_or_none)
    name: str | None = field(default=None, validator=text_or_none)

    def __attrs_post_init__(self) -> None:
        if not self.low <= self.normal <= self.high:
            raise ValueError(
                f"low ({self.low:g}), normal ({self.normal:g}) and high ({self.high:g}) must not fall in this order: "
                "what matters more is admitted up to a higher load"
            )

    @property
    def shares(self) -> tuple[float, float, float, float]:
        """The shares by priority; that of CRITICAL is infinite."""
        return self.low, self.normal, self.high, math.inf

    @property
    def most_calls(self) -> tuple[float, float, float, float]:
        """The calls under way from which a priority is refused."""
        low, normal, high, always = (
            # 0.1 * 30 is 3.0000000000000004, and is meant to be 3.
            share if math.isinf(share) else math.ceil(round(share * self.max_concurrent, 9))
            for share in self.shares
        )
        return low, normal, high, always
