"""A sanitizer that names what may pass instead of what must not.

Nothing is searched for and nothing judged by its look, so that no new kind of secret gets past it: a value passes where
its field is on a list, and everything else is replaced by a note on its type. That costs an operator the messages and
traces; the error's type, its place and the counts stay.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, Final
from uuid import UUID

from attrs import field, frozen
from attrs.validators import deep_iterable, ge, instance_of

from recoup import hookimpl

DEFAULT_ALLOW: Final = (
    *("error_id", "component", "operation", "error_type", "symbol", "severity", "category", "exchange", "market"),
    *("status", "status_code", "http_status", "error_code", "errno"),
    *("attempt", "attempts", "recovery_attempts", "max_recovery_attempts", "retries", "count", "window", "threshold"),
    *("elapsed", "duration", "latency_ms", "delay", "retry_after", "timeout", "confidence", "threat", "timestamp"),
)
"""Fields that pass where nothing else is configured: what kind of error, where, how often, how long."""

EVENT_FIELDS: Final = ("message", "error_message", "user_id", "bot_id", "order_id", "details", "stack_trace")
"""Fields whose names are shown and whose values are not: those of an error event and its context."""

_WORDS = re.compile(r"[_.\-]|(?<=[a-z])(?=[A-Z])")
_LONGEST_LABEL: Final = 64
_LONGEST_WORD: Final = 16
_LONGEST_TEXT: Final = 200
_LARGEST_NUMBER: Final = 10**9
_PATH = re.compile(r"[^.\s]{1,64}(?:\.[^.\s]{1,64}){0,15}")


def _check_paths(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    for path in value:
        if not _PATH.fullmatch(path):
            raise ValueError(f"'{attribute.name}' must be names of fields, or paths such as details.status")


@frozen(kw_only=True)
class StrictSanitizerConfig:
    """Settings of the strict sanitizer. Immutable, hence thread-safe and task-safe.

    Attributes:
        allow: fields that pass: a name counts at every depth, a path such as ``details.status`` from the root.
        also_allow: further ones, beside those of ``allow``.
        labels: texts without a field that pass, such as the component of an event; None: every text that is written
            like a label, in letters joined by ``_``, ``.``, ``-`` or capitals.
        max_depth: levels of nesting that are looked at.
        max_items: members of containers that are looked at, over a whole payload.
    """

    allow: tuple[str, ...] = field(default=DEFAULT_ALLOW, validator=[deep_iterable(instance_of(str)), _check_paths])
    also_allow: tuple[str, ...] = field(default=(), validator=[deep_iterable(instance_of(str)), _check_paths])
    labels: tuple[str, ...] | None = None
    max_depth: int = field(default=12, validator=[instance_of(int), ge(1)])
    max_items: int = field(default=1000, validator=[instance_of(int), ge(1)])


class StrictSanitizer:
    """Answers the ``sanitize`` hook by a list of what may pass. Thread-safe and task-safe: immutable.

    What passes under an allowed field is a short text on one line, a number of up to nine digits, a date or duration,
    or a container of these. True, False and None pass everywhere. The level plays no part: the list is the strictest
    there is at any of them.
    """

    Config: ClassVar[type[StrictSanitizerConfig]] = StrictSanitizerConfig
    enabled_by_default: ClassVar[bool] = False

    def __init__(self, config: StrictSanitizerConfig) -> None:
        allowed = (*config.allow, *config.also_allow)
        self._names = frozenset(name for name in allowed if "." not in name)
        self._paths = frozenset(path for path in allowed if "." in path)
        self._shown = frozenset(part for path in allowed for part in path.split(".")) | frozenset(EVENT_FIELDS)
        self._labels = None if config.labels is None else frozenset(config.labels)
        self._config = config

    @hookimpl
    def sanitize(self, payload: object) -> object:
        """Return a copy of the payload in which only allowed fields have their values."""
        if isinstance(payload, str):
            return payload if self._is_label(payload) else "[TEXT]"
        left = [self._config.max_items]
        return self._copy(payload, "", allowed=False, left=left, depth=0)

    def _is_label(self, text: str) -> bool:
        if self._labels is not None:
            return text in self._labels
        return _is_like_a_label(text)

    def _copy(self, value: object, path: str, *, allowed: bool, left: list[int], depth: int) -> object:
        if value is None or isinstance(value, bool):
            return value
        if not isinstance(value, Mapping | list | tuple | AbstractSet):
            return _passed(value) if allowed else _note(value)
        if depth >= self._config.max_depth:
            return _shaped(value, [f"[CUT below {depth} levels]"])
        if isinstance(value, Mapping):
            return self._mapping(value, path, left, depth)
        items: list[object] = []
        for item in value:
            if left[0] <= 0:
                items.append(f"[CUT {len(value) - len(items)} items]")
                break
            left[0] -= 1
            items.append(self._copy(item, path, allowed=allowed, left=left, depth=depth + 1))
        return _shaped(value, items)

    def _mapping(self, value: Mapping[Any, Any], path: str, left: list[int], depth: int) -> dict[str, object]:
        copied: dict[str, object] = {}
        for number, (key, item) in enumerate(value.items(), 1):
            if left[0] <= 0:
                copied["[CUT]"] = f"{len(value) - len(copied)} more items"
                break
            left[0] -= 1
            name = key if type(key) is str else ""
            here = f"{path}.{name}" if path else name
            allowed = name in self._names or here in self._paths
            shown = name if name in self._shown else f"[FIELD {number}]"
            copied[shown] = self._copy(item, here, allowed=allowed, left=left, depth=depth + 1)
        return copied


def _is_like_a_label(text: str) -> bool:
    """Tell whether text is written like the name of a component, an operation or a class: words of 2 to 16 letters."""
    return len(text) <= _LONGEST_LABEL and all(
        1 < len(word) <= _LONGEST_WORD and word.isascii() and word.isalpha() for word in _WORDS.split(text)
    )


def _passed(value: object) -> object:
    """Return the value of an allowed field, or a note where it is more than a field of that kind should hold."""
    if isinstance(value, Enum):
        value = value.value
    if type(value) is str:
        is_plain = len(value) <= _LONGEST_TEXT and value.isprintable()
        return value if is_plain else f"[TEXT of {len(value)} characters]"
    if type(value) in (int, float, Decimal):
        return value if math.isfinite(value) and abs(value) < _LARGEST_NUMBER else "[NUMBER]"  # type: ignore[arg-type]
    return value if isinstance(value, date | time | timedelta | UUID) else _note(value)


def _note(value: object) -> str:
    """Name the type of a value, by words of its own so that a class's name can't carry anything."""
    if isinstance(value, str):
        return "[TEXT]"
    if isinstance(value, int | float | complex | Decimal):
        return "[NUMBER]"
    if isinstance(value, bytes | bytearray | memoryview):
        return "[BYTES]"
    if isinstance(value, date | time | timedelta):
        return "[TIME]"
    return "[ERROR]" if isinstance(value, BaseException) else "[OBJECT]"


def _shaped(value: Mapping[Any, Any] | Sequence[Any] | AbstractSet[Any], items: list[object]) -> object:
    """Return items in a container of the value's own kind."""
    if isinstance(value, Mapping):
        return {"[CUT]": items[0]}
    return tuple(items) if isinstance(value, tuple) else items
