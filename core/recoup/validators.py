"""attrs validators that the configurations of policies share, in the core and in plugins.

Each takes the instance, the attribute and the value, and raises TypeError or ValueError with the attribute's name, what
it takes and the value.
"""

from __future__ import annotations

import math
from typing import Any


def number(attribute: Any, value: Any) -> None:
    """Refuse what is no finite number; the first half of a validator."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be a number (got {value!r})")
    if not math.isfinite(value):
        raise ValueError(f"'{attribute.name}' must be finite (got {value})")


def from_zero(_: object, attribute: Any, value: Any) -> None:
    """Take a finite number from 0."""
    number(attribute, value)
    if value < 0:
        raise ValueError(f"'{attribute.name}' must be 0 or more (got {value})")


def from_one(_: object, attribute: Any, value: Any) -> None:
    """Take a finite number from 1."""
    number(attribute, value)
    if value < 1:
        raise ValueError(f"'{attribute.name}' must be 1 or more (got {value})")


def above_zero(_: object, attribute: Any, value: Any) -> None:
    """Take a finite number above 0."""
    number(attribute, value)
    if value <= 0:
        raise ValueError(f"'{attribute.name}' must be above 0 (got {value})")


def flag(_: object, attribute: Any, value: Any) -> None:
    """Take True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be True or False (got {value!r})")


def text_or_none(_: object, attribute: Any, value: Any) -> None:
    """Take a text that is not empty, or None."""
    if value is not None and (not isinstance(value, str) or not value):
        raise TypeError(f"'{attribute.name}' must be a text that is not empty, or None (got {value!r})")
