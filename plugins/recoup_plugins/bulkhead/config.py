"""What a bulkhead admits."""

from __future__ import annotations

import math
from typing import Any

from attrs import field, frozen

from recoup.permits import MOST_PERMITS
from recoup.validators import text_or_none


def _whole(attribute: Any, value: Any, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be a whole number of calls (got {value!r})")
    if not least <= value <= most:
        raise ValueError(f"'{attribute.name}' must be from {least} to {most} calls (got {value})")


def _calls_inside(_: object, attribute: Any, value: Any) -> None:
    _whole(attribute, value, 1, MOST_PERMITS)


def _calls_waiting(_: object, attribute: Any, value: Any) -> None:
    _whole(attribute, value, 0, MOST_PERMITS)


def _seconds(_: object, attribute: Any, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be seconds, or None for no limit (got {value!r})")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"'{attribute.name}' must be 0 seconds or more, or None for no limit (got {value})")


@frozen(kw_only=True)
class BulkheadConfig:
    """How many calls may be under way at a time. Immutable.

    Attributes:
        max_concurrent: calls under way at a time.
        max_queue: calls that may wait for one of them to end; the next is refused.
        max_wait: seconds that each waits at most, or None for no limit but the deadline around the call.
        name: the bulkhead; one is shared by all who name it. None: the key of the operation or pipeline, or else each
            function has its own.
    """

    max_concurrent: int = field(default=10, validator=_calls_inside)
    max_queue: int = field(default=0, validator=_calls_waiting)
    max_wait: float | None = field(default=None, validator=_seconds)
    name: str | None = field(default=None, validator=text_or_none)
