"""What goes wrong on purpose, and how often."""

from __future__ import annotations

import math
from collections.abc import Callable  # noqa: TC003 - read by the structurer of configuration files
from typing import Any

from attrs import field, frozen

from recoup.validators import flag


def _number(attribute: Any, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be a number (got {value!r})")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"'{attribute.name}' must be 0 or more, and finite (got {value})")


def _seconds(_: object, attribute: Any, value: Any) -> None:
    _number(attribute, value)


def _rate(_: object, attribute: Any, value: Any) -> None:
    _number(attribute, value)
    if value > 1:
        raise ValueError(f"'{attribute.name}' is a share of all calls, from 0 to 1 (got {value})")


def _fault(_: object, attribute: Any, value: Any) -> None:
    if isinstance(value, type):
        if not issubclass(value, Exception):
            raise TypeError(f"'{attribute.name}' must be a class derived from Exception (got {value!r})")
    elif not callable(value):
        raise TypeError(
            f"'{attribute.name}' must be an exception class, or a function that makes a new exception each time: one "
            f"exception can't be raised twice (got {value!r})"
        )


def _seed(_: object, attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError(f"'{attribute.name}' must be a whole number, or None (got {value!r})")


@frozen(kw_only=True)
class ChaosConfig:
    """What goes wrong on purpose, and how often. Immutable.

    Of each call at most one of fault, outcome and lost answer comes true, so their rates add up to 1 at most. A delay
    comes besides.

    Attributes:
        enabled: False lets all calls through untouched.
        fault_rate: share of calls that are not made, and fail.
        fault: what they fail with: an exception class, or a function that makes a new exception each time.
        latency_rate: share of calls that are delayed.
        latency: by so many seconds.
        outcome_rate: share of calls that are not made, and give ``outcome``.
        outcome: the result of these.
        unknown_outcome_rate: share of calls that are made and whose answer is lost: where they succeed, they fail with
            a ``ConnectionResetError``. Nobody knows then what became of an order.
        seed: the same seed makes the same choices, apart for each pipeline scope; None: the handler's own randomness.
    """

    enabled: bool = field(default=True, validator=flag)
    fault_rate: float = field(default=0.0, validator=_rate)
    fault: type[Exception] | Callable[[], Exception] = field(default=ConnectionError, validator=_fault)
    latency_rate: float = field(default=0.0, validator=_rate)
    latency: float = field(default=0.0, validator=_seconds)
    outcome_rate: float = field(default=0.0, validator=_rate)
    outcome: Any = None
    unknown_outcome_rate: float = field(default=0.0, validator=_rate)
    seed: int | None = field(default=None, validator=_seed)

    def __attrs_post_init__(self) -> None:
        total = math.fsum((self.fault_rate, self.outcome_rate, self.unknown_outcome_rate))
        if total > 1 + 1e-9:
            raise ValueError(
                f"fault_rate, outcome_rate and unknown_outcome_rate add up to {total:g}, and only one of them comes "
                "true: give them 1 at most"
            )
        if self.latency_rate > 0 and self.latency == 0:
            raise ValueError("latency_rate needs a latency, in seconds")

    @property
    def does_anything(self) -> bool:
        """Whether any call is touched at all."""
        rates = self.fault_rate, self.latency_rate, self.outcome_rate, self.unknown_outcome_rate
        return self.enabled and any(rates)
