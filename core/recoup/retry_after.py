"""``Retry-After`` (RFC 9110 §10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from recoup.clock import Clock

_SECONDS: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?")
_LONGEST: Final = 64
"""Letters of a value that is looked at; an HTTP-date has 29."""


def parse_retry_after(value: str, clock: Clock) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks to wait.

    Args:
        value: delay-seconds, with decimals where a venue sends them, or an HTTP-date in any of its three forms.
        clock: whose time of day a date is compared with.

    Returns:
        0.0 for what lies in the past; None for what can't be read.
    """
    text = value.strip()
    if len(text) > _LONGEST:
        return None
    if _SECONDS.fullmatch(text):
        return max(0.0, float(text))
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only venues that send dates pay for it

    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - clock.now()).total_seconds())
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
