"""What a time-out is configured with."""

from __future__ import annotations

import math
from typing import Any

from attrs import field, frozen


def _seconds(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"TimeoutConfig.{attribute.name} must be a number of seconds (got {value!r})")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"TimeoutConfig.{attribute.name} must be finite and above 0 (got {value})")


def _flag(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"TimeoutConfig.{attribute.name} must be True or False (got {value!r})")


def _name(_: object, attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, str) or not value):
        raise TypeError(f"TimeoutConfig.{attribute.name} must be a text that is not empty, or None (got {value!r})")


@frozen(kw_only=True)
class TimeoutConfig:
    """How long a call may take. Immutable.

    Attributes:
        seconds: until it is cut off, above 0. A deadline around it that is nearer counts instead.
        total: whether the recommended order puts it around the retry, so that all attempts and waits share the time;
            otherwise each attempt has its own.
        name: what stands in ``Timeout.key`` and in events; None: the component and qualified name of the function.
    """

    seconds: float = field(validator=_seconds)
    total: bool = field(default=False, validator=_flag)
    name: str | None = field(default=None, validator=_name)
