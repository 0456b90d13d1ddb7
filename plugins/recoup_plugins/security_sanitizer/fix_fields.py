"""Finds what a FIX message holds under the numbers of sensitive fields, whatever divides its fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.values import is_placeholder, looks_random

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.security_sanitizer.rules_tables import Found

_TYPE_IN_QUOTES: Final = ('"35"', "'35'", '"35\\', "'35\\")
"""The tag of a message's type where the message is written as JSON, maybe inside a string."""

_MARKS: Final = ("8=FIX", "554=", "35=", *_TYPE_IN_QUOTES)
_FIELD = re.compile(
    r"(?:^|[\x01|^;\s,]|\^A|\\x01|\\u0001|\\001|<SOH>|\u2401|[{\"'])(554|925|96|553|6|11|14|17|31|32|37|38|41|44|"
    r"99|110|111|151|198|526)(?:=|\\{0,4}[\"']\s?[:=]\s?\\{0,4}[\"'])([^\x01|^;\s\\<\u2401\"']{1,1000})"
)
_FIELDS: Final = {
    "554": ("PASSWORD", Level.LOW),
    "925": ("PASSWORD", Level.LOW),
    "96": ("SIGNATURE", Level.LOW),
    "553": ("USER", Level.HIGH),
    **dict.fromkeys(("6", "31", "44", "99"), ("PRICE", Level.CRITICAL)),
    **dict.fromkeys(("14", "32", "38", "110", "111", "151"), ("AMOUNT", Level.CRITICAL)),
    **dict.fromkeys(("11", "17", "37", "41", "198", "526"), ("ORDER_ID", Level.CRITICAL)),
}


def in_fix_messages(text: str, level: Level) -> Iterator[Found]:
    """Yield the values of sensitive fields."""
    if not any(map(text.__contains__, _MARKS)):
        return
    is_json = any(map(text.__contains__, _TYPE_IN_QUOTES))
    for match in _FIELD.finditer(text):
        if text[match.end(1)] != "=" and not is_json:
            continue
        kind, lowest = _FIELDS[match.group(1)]
        if lowest is Level.HIGH and looks_random(match.group(2)):  # venues take the API key as the user's name
            kind, lowest = "API_KEY", Level.LOW
        if lowest <= level and not is_placeholder(match.group(2)):
            yield (*match.span(2), kind)
