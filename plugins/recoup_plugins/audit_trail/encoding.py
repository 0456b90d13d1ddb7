"""Events as members of a JSON object: plain, bounded, readable by anything.

Events come sanitized, and every field is taken as it is. A value that JSON has no form for becomes text: a Decimal its
digits, a time ISO 8601, anything unknown the name of its class, since nobody vouched for its ``repr``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Event

_OVERHEAD = 512
"""Bytes that sequence number, time, type and the hashes take."""
_TEXT_LIMITS = (8192, 2048, 512, 128, 32)
_SHORTEST_TEXT = 16
_ITEMS_PER_TEXT = 16
_ITEM = 4
"""What a member costs of the budget of characters beside its text."""
_DEEPEST = 8
_LARGEST_BITS = 128
_PLACE = ("component", "operation", "error_type")


class EventEncoder:
    """Turns events into members. Immutable; thread-safe and task-safe.

    Args:
        max_bytes: of a whole record.
    """

    def __init__(self, max_bytes: int) -> None:
        self._limit = max_bytes - _OVERHEAD
        self._whole = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_plain).encode

    def members(self, event: Event) -> str:
        """Return the event's members, cut until they fit; ``"cut"`` then says how many characters and items went."""
        event_class: Any = event.__class__
        names, read = _reader(event_class)
        data = {
            name: value
            for name, value in zip(names, read(event), strict=True)
            if value is not None and value not in ("", {})
        }
        try:
            text = self._whole(data)
        except (ValueError, TypeError, RecursionError):
            text = None
        # \\ud begins an escaped surrogate: half of a character is valid for Python only, so such text is looked at.
        if text is not None and len(text) <= self._limit and "\\ud" not in text:
            return f'"event":"{event.kind}","data":{text}'
        return self._cut(event.kind, data)

    def _cut(self, kind: str, data: Mapping[str, Any]) -> str:
        for limit in _TEXT_LIMITS:
            cutter = _Cutter(limit, self._limit)
            text = self._whole(cutter.value(data, 0))
            if len(text) <= self._limit:
                cut = f',"cut":{cutter.lost}' if cutter.lost else ""
                return f'"event":"{kind}","data":{text}{cut}'
        cutter = _Cutter(_SHORTEST_TEXT, self._limit)
        place = {name: cutter.value(data[name], 1) for name in _PLACE if name in data}
        return f'"event":"{kind}","data":{self._whole(place)},"cut":"all but the place"'


def timestamp(moment: datetime) -> str:
    """Return a moment in UTC, to the microsecond, with its offset."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def plain_members(**members: Any) -> str:
    """Return members that the trail itself sets; None stands for absent."""
    kept = {name: value for name, value in members.items() if value is not None}
    return json.dumps(kept, separators=(",", ":"), allow_nan=False)[1:-1]


@cache
def _reader(event_class: Any) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    """Return the names of an event's fields and what reads them all at once; every event has two at least."""
    names = tuple(attribute.name for attribute in attrs.fields(event_class))
    return names, attrgetter(*names)


def _plain(value: object) -> Any:  # noqa: PLR0911 - one line a type
    """Return what JSON has a form for, in place of what it has none for."""
    if isinstance(value, MappingProxyType):
        return dict(value)
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, (str, int)) else value.name
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return timestamp(value) if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"({len(value):,} bytes)"
    return f"({type(value).__name__})"


class _Cutter:
    """Makes a bounded copy of plain shapes, and counts what it leaves out. Belongs to one call."""

    def __init__(self, limit: int, budget: int) -> None:
        self._limit = limit
        self._budget = budget
        self._items = max(limit // _ITEMS_PER_TEXT, 4)
        self.lost = 0

    def value(self, value: Any, depth: int) -> Any:  # noqa: PLR0911 - one line a type
        if isinstance(value, str):
            return self._text(str(value))
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            fits = value.bit_length() <= _LARGEST_BITS
            return int(value) if fits else f"(an integer of {value.bit_length():,} bits)"
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else repr(float(value))
        if isinstance(value, Mapping) and depth < _DEEPEST:
            return self._mapping(value, depth)
        if isinstance(value, (Sequence, AbstractSet)) and not isinstance(value, (bytes, bytearray, memoryview)):
            return self._items_of(value, depth) if depth < _DEEPEST else f"({len(value):,} items)"
        if isinstance(value, Mapping):
            return f"({len(value):,} items)"
        plain = _plain(value)
        return self._text(plain) if isinstance(plain, str) else plain

    def _text(self, text: str) -> str:
        kept = text[: min(self._limit, max(self._budget, 0))]
        self._budget -= len(kept) + _ITEM
        over = len(text) - len(kept)
        kept = kept.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if not over:
            return kept
        self.lost += over
        return f"{kept}... ({over:,} characters cut)"

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        allowed = self._items if depth else len(value)  # an event's own fields are few and all kept
        for seen, (key, item) in enumerate(value.items()):
            if seen >= allowed or (depth and self._budget <= 0):
                self.lost += len(value) - seen
                kept["..."] = f"{len(value) - seen:,} more"
                break
            name = self._text(key) if isinstance(key, str) else self._text(f"{_plain(key)}")
            kept[name] = self.value(item, depth + 1)
        return kept

    def _items_of(self, value: Sequence[Any] | AbstractSet[Any], depth: int) -> list[Any]:
        kept: list[Any] = []
        for seen, item in enumerate(value):
            self._budget -= _ITEM
            if seen >= self._items or self._budget <= 0:
                self.lost += len(value) - seen
                kept.append(f"... {len(value) - seen:,} more")
                break
            kept.append(self.value(item, depth + 1))
        return kept
