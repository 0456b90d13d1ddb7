"""``Retry-After`` (RFC 9110 §10.2.3), from the headers that an error carries."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recoup import Clock

_SECONDS = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,9})?")
_LONGEST = 64
_HEADERS_SCANNED = 200


def retry_after(error: Any, clock: Clock) -> float | None:
    """Return the seconds that the response behind an error asks to wait, or None where it asks for nothing readable."""
    for holder in (error, getattr(error, "response", None)):
        value = _header(getattr(holder, "headers", None))
        if value is not None:
            return parse_retry_after(value, clock)
    return None


def parse_retry_after(value: str, clock: Clock) -> float | None:
    """Parse delay-seconds or an HTTP-date; a time in the past is 0.0, anything else is None."""
    text = value.strip()
    if len(text) > _LONGEST:
        return None
    if _SECONDS.fullmatch(text):
        return max(0.0, float(text))
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - clock.now()).total_seconds())
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _header(headers: Any) -> str | None:
    items = getattr(headers, "items", None)
    if not callable(items):
        return None
    for name, value in islice(items(), _HEADERS_SCANNED):
        if isinstance(name, str) and name.lower() == "retry-after" and isinstance(value, str):
            return value
    return None
