"""``Retry-After`` (RFC 9110 §10.2.3), from the headers that an error carries."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from recoup import parse_retry_after

if TYPE_CHECKING:
    from recoup import Clock

_HEADERS_SCANNED = 200


def retry_after(error: Any, clock: Clock) -> float | None:
    """Return the seconds that the response behind an error asks to wait, or None where it asks for nothing readable."""
    for holder in (error, getattr(error, "response", None)):
        value = _header(getattr(holder, "headers", None))
        if value is not None:
            return parse_retry_after(value, clock)
    return None


def _header(headers: Any) -> str | None:
    items = getattr(headers, "items", None)
    if not callable(items):
        return None
    for name, value in islice(items(), _HEADERS_SCANNED):
        if isinstance(name, str) and name.lower() == "retry-after" and isinstance(value, str):
            return value
    return None
