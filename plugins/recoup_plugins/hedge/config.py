"""What a hedge is configured with."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from attrs import field, frozen

_PERCENTILE: Final = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,3})?)")


def _number(attribute: Any, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"HedgeConfig.{attribute.name} must be a number (got {value!r})")
    if not math.isfinite(value):
        raise ValueError(f"HedgeConfig.{attribute.name} must be finite (got {value})")


def _delay(_: object, attribute: Any, value: Any) -> None:
    if isinstance(value, str):
        if not _PERCENTILE.fullmatch(value) or not float(value[1:]):
            raise ValueError(
                f"HedgeConfig.{attribute.name} must be seconds, or a percentile such as 'p95' (got {value!r})"
            )
    else:
        _from_zero(_, attribute, value)


def _from_zero(_: object, attribute: Any, value: Any) -> None:
    _number(attribute, value)
    if value < 0:
        raise ValueError(f"HedgeConfig.{attribute.name} must be 0 or more (got {value})")


def _or_none(_: object, attribute: Any, value: Any) -> None:
    if value is not None:
        _from_zero(_, attribute, value)


def _share(_: object, attribute: Any, value: Any) -> None:
    _number(attribute, value)
    if not SMALLEST_BUDGET <= value <= LARGEST_BUDGET:
        raise ValueError(
            f"HedgeConfig.{attribute.name} must be from {SMALLEST_BUDGET} to {LARGEST_BUDGET} hedges for each call "
            f"(got {value})"
        )


def _whole(least: int) -> Any:
    def check(_: object, attribute: Any, value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"HedgeConfig.{attribute.name} must be a whole number (got {value!r})")
        if value < least:
            raise ValueError(f"HedgeConfig.{attribute.name} must be {least} or more (got {value})")

    return check


def _name(_: object, attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, str) or not value):
        raise TypeError(f"HedgeConfig.{attribute.name} must be a text that is not empty, or None (got {value!r})")


SMALLEST_BUDGET: Final = 0.001
LARGEST_BUDGET: Final = 100.0


@frozen(kw_only=True)
class HedgeConfig:
    """When another attempt is made beside those under way. Immutable.

    Attributes:
        delay: seconds after which the next attempt begins, or a percentile of recent calls' times, such as ``"p95"``:
            then one call in twenty is hedged (Dean and Barroso, "The Tail at Scale", 2013).
        max_attempts: attempts made at most, the first included.
        min_delay: for a percentile: seconds that the delay does not fall below.
        max_delay: for a percentile, and needed there: seconds that the delay does not exceed, and that it has until
            enough calls are known.
        budget: further attempts for each call, on average, so that an outage does not multiply the load.
        burst: further attempts that may be saved up.
        name: what the budget and the times are kept for; None: the component and qualified name of the function.
    """

    delay: float | str = field(validator=_delay)
    max_attempts: int = field(default=2, validator=_whole(2))
    min_delay: float | None = field(default=None, validator=_or_none)
    max_delay: float | None = field(default=None, validator=_or_none)
    budget: float = field(default=0.1, validator=_share)
    burst: int = field(default=10, validator=_whole(1))
    name: str | None = field(default=None, validator=_name)

    def __attrs_post_init__(self) -> None:
        if self.quantile is None:
            if self.min_delay is not None or self.max_delay is not None:
                raise ValueError("HedgeConfig.min_delay and max_delay are for a percentile such as delay='p95'")
        elif self.max_delay is None:
            raise ValueError(f"HedgeConfig.delay={self.delay!r} needs a max_delay, until enough calls are known")
        elif self.min_delay is not None and self.min_delay > self.max_delay:
            raise ValueError(
                f"HedgeConfig.min_delay ({self.min_delay:g}) must not exceed max_delay ({self.max_delay:g})"
            )

    @property
    def quantile(self) -> float | None:
        """The percentile that the delay follows as a share of calls, above 0 and below 1, or None."""
        return float(self.delay[1:]) / 100 if isinstance(self.delay, str) else None
