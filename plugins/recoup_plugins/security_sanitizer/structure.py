"""Walks a payload of any shape, once, within bounds, and builds its sanitized copy."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from pathlib import PurePath
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.objects import (
    ADDRESS_TYPES,
    HARMLESS_TYPES,
    described,
    exact_text,
    exception_members,
    is_symbolic,
    members,
    trace_text,
    type_name,
)
from recoup_plugins.security_sanitizer.rules_personal import is_card
from recoup_plugins.security_sanitizer.rulings import PLAIN, Ruling, Rulings, is_plain_id, name_of
from recoup_plugins.security_sanitizer.seed_phrases import SHORTEST_PHRASE, is_phrase
from recoup_plugins.security_sanitizer.values import looks_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.security_sanitizer.config import SanitizerConfig
    from recoup_plugins.security_sanitizer.registered import RegisteredValues
    from recoup_plugins.security_sanitizer.text import TextSanitizer

_NAME_NAMES: Final = ("name", "key", "header", "field", "k", "parameter")
_PAIR: Final = 2
_LONGEST_NAME: Final = 40
_SHORTEST_CARD: Final = 10**12
_LONGEST_CARD: Final = 10**19
_OVERLAP: Final = 4096


class Walk:
    """One pass over one payload. Not thread-safe: each call of the sanitizer makes its own."""

    __slots__ = (
        "_active",
        "_bounds",
        "_bytes",
        "_done",
        "_items",
        "_known",
        "_level",
        "_registered",
        "_rulings",
        "_text",
    )

    def __init__(
        self, text: TextSanitizer, rulings: Rulings, registered: RegisteredValues, bounds: SanitizerConfig, level: Level
    ) -> None:
        self._text = text
        self._known = text.remembered(level)
        self._rulings = rulings
        self._registered = registered
        self._bounds = bounds
        self._level = level
        self._items = bounds.max_items
        self._bytes = bounds.max_bytes
        self._active: set[int] = set()
        self._done: dict[int, tuple[object, object]] = {}

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return the sanitized copy of any value."""
        cls = type(value)
        if cls is str:
            return self.text(value)
        if value is None or cls is bool:
            return value
        if cls is int or cls is float:
            return self._number(value)
        if cls is not dict and isinstance(value, HARMLESS_TYPES):
            return value
        return self._composite(value, depth)

    def text(self, value: str) -> str:
        """Return sanitized text, cut where the payload's allowance of characters ends."""
        size = len(value)
        if size > self._bytes:
            return self._cut(value, self._text.clean)
        self._bytes -= size
        known = self._known.get(value)
        return known if known is not None else self._text.clean(value, self._level)

    def trace(self, value: str) -> str:
        """Return sanitized text that keeps its lines, cut like any other."""
        size = len(value)
        if size > self._bytes:
            return self._cut(value, self._text.clean_trace)
        self._bytes -= size
        return self._text.clean_trace(value, self._level)

    def _cut(self, value: str, clean: Callable[[str, Level], str]) -> str:
        allowed, self._bytes = self._bytes, 0
        # What is cut lies behind an overlap, so that a secret on the edge is still seen whole.
        found = clean(value[: allowed + _OVERLAP], self._level)
        return f"{found[:allowed]}[CUT {len(value) - allowed} characters]"

    def _number(self, value: Any) -> Any:
        if (
            self._level >= Level.MEDIUM
            and _SHORTEST_CARD <= value < _LONGEST_CARD
            and type(value) is int
            and is_card(str(value))
        ):
            return self._text.clean(str(value), self._level)
        if self._registered and self._registered.hide(str(value)) != str(value):
            return "[SECRET]"
        return value

    def _composite(self, value: Any, depth: int) -> Any:
        known = self._done.get(id(value))
        if known is not None:
            return known[1]
        if id(value) in self._active:
            return "[CYCLE]"
        if depth >= self._bounds.max_depth:
            return f"[CUT {type_name(value)} below {depth} levels]"
        self._active.add(id(value))
        try:
            result = self._copy(value, depth + 1)
        except RecursionError:
            result = f"[CUT {type_name(value)}: nested too deeply]"
        except Exception as error:  # noqa: BLE001 - a payload's own class may raise anything while it is read
            result = f"[UNREADABLE {type_name(value)}: {type_name(error)}]"
        finally:
            self._active.discard(id(value))
        self._done[id(value)] = (value, result)
        return result

    def _copy(self, value: Any, depth: int) -> Any:  # noqa: PLR0911, PLR0912, C901 - one branch a shape
        if type(value) is dict or isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, str):
            return value if is_symbolic(value) else self.text(exact_text(value))
        if isinstance(value, bytes | bytearray | memoryview):
            return self._octets(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._named_tuple(value, depth)
        if isinstance(value, list | tuple):
            copied = self._sequence(value, depth)
            return copied if isinstance(value, list) else tuple(copied)
        if isinstance(value, deque):
            return deque(self._sequence(list(value), depth), value.maxlen)
        if isinstance(value, AbstractSet):
            copied_set = frozenset(_hashable(item) for item in self._sequence(value, depth))
            return copied_set if isinstance(value, frozenset) else set(copied_set)
        if is_symbolic(value) or type(value) is Decimal or isinstance(value, complex):
            return value
        if isinstance(value, int | float):
            return self._number(int(value) if isinstance(value, int) else float(value))
        if isinstance(value, BaseException):
            return self._mapping(exception_members(value), depth)
        if isinstance(value, ADDRESS_TYPES):
            return "[IP]" if self._level >= Level.HIGH else value
        if isinstance(value, PurePath):
            cleaned = self.text(str(value))
            return value if cleaned == str(value) else cleaned
        if isinstance(value, TracebackType):
            value = traceback.StackSummary.extract(traceback.walk_tb(value), lookup_lines=False)
        if isinstance(value, traceback.StackSummary | traceback.TracebackException):
            return self.trace(trace_text(value))
        fields = members(value)
        return self._mapping(fields, depth) if fields is not None else self.text(described(value))

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
        copied: dict[Any, Any] = {}
        rulings = self._rulings
        for key, item in value.items():
            if self._items <= 0:
                copied["[CUT]"] = f"{len(value) - len(copied)} more items"
                break
            self._items -= 1
            ruling = rulings[key] if type(key) is str else rulings.of(name_of(key))
            if ruling is not PLAIN and ruling.told:
                ruling = self._told(value) or ruling
            if item is None:
                result = None
            else:
                result = self.value(item, depth) if ruling is PLAIN else self._member(ruling, item, depth)
            shown = self.text(key) if type(key) is str else self._key(key, depth)
            if shown in copied:
                shown = f"{shown}#{len(copied)}"
            copied[shown] = result
        return copied

    def _member(self, ruling: Ruling, item: Any, depth: int) -> Any:
        if ruling.hides(item):
            return ruling.placeholder
        if ruling.plain_id and not self._registered and is_plain_id(item):
            return item
        if ruling.trace and type(item) is str:
            return self.trace(item)
        return self.value(item, depth)

    def _key(self, key: Any, depth: int) -> Any:
        return key if key is None or type(key) in (bool, float) else _hashable(self.value(key, depth))

    def _told(self, value: Mapping[Any, Any]) -> Ruling | None:
        """Return the ruling on the name that a mapping such as ``{"name": "api_key", "value": ...}`` carries."""
        for name in _NAME_NAMES:
            ruling = self._rulings.of(name_of(value.get(name)))
            if ruling.verdict is not None:
                return ruling
        return None

    def _sequence(self, value: Iterable[Any], depth: int) -> list[Any]:
        if isinstance(value, list | tuple):
            if len(value) == _PAIR and (pair := self._pair(value[0], value[1], depth)) is not None:
                return pair
            if len(value) >= SHORTEST_PHRASE and is_phrase(value):
                return ["[SEED_PHRASE]"]
        elif isinstance(value, AbstractSet) and len(value) == _PAIR:
            first, second = value
            return [self._beside(second, first, depth), self._beside(first, second, depth)]
        copied: list[Any] = []
        before: Any = None
        for item in value:
            if self._items <= 0:
                left = len(value) - len(copied) if isinstance(value, list | tuple | AbstractSet) else 0
                copied.append(f"[CUT {left} items]")
                break
            self._items -= 1
            ruling = self._announced(before, item) if type(before) is str else PLAIN
            if ruling.hides(item):
                copied.append(ruling.placeholder)
                before = None
                continue
            before = item
            copied.append(self.value(item, depth))
        return copied

    def _announced(self, before: str, item: Any) -> Ruling:
        """Return the ruling on an item by the one before it: ``--api-key X``, or a name in a flat list of both."""
        if before[:1] == "-":
            return PLAIN if "=" in before else self._rulings.of(before.lstrip("-"))
        ruling = self._rulings.of(before) if len(before) <= _LONGEST_NAME else PLAIN
        if ruling.verdict is None or ruling.verdict.weak or type(item) is not str:
            return PLAIN
        is_name = item.isidentifier() and item.islower() and self._rulings[item].verdict is not None
        return ruling if looks_secret(item) and any(map(str.isdigit, item)) and not is_name else PLAIN

    def _beside(self, name: Any, item: Any, depth: int) -> Any:
        """Return the copy of a member of a set of two, of which the other may be its name."""
        ruling = self._rulings.of(name_of(name))
        return ruling.placeholder if ruling.hides(item) else self.value(item, depth)

    def _pair(self, name: Any, item: Any, depth: int) -> list[Any] | None:
        """Return the copy of a pair whose first member is a sensitive name; None when it is not."""
        ruling = self._rulings.of(name_of(name))
        return [self.value(name, depth), ruling.placeholder] if ruling.hides(item) else None

    def _named_tuple(self, value: Any, depth: int) -> Any:
        copied = [
            self._member(self._rulings.of(name), item, depth) for name, item in zip(value._fields, value, strict=True)
        ]
        return type(value)._make(copied)

    def _octets(self, value: bytes | bytearray | memoryview) -> bytes | bytearray:
        raw = bytes(value)
        try:
            text = raw.decode("utf-8")
            encoding = "utf-8"
        except UnicodeDecodeError:
            text, encoding = raw.decode("latin-1"), "latin-1"
        found = self.trace(text)
        if encoding == "latin-1" and found.count("[") == text.count("["):
            found = text  # control characters are part of binary data
        cleaned = raw if found == text else found.encode(encoding, "replace")
        return bytearray(cleaned) if isinstance(value, bytearray) else cleaned


def _hashable(item: Any) -> Any:
    """Return an item that fits into a set or names a member; what does not becomes its text."""
    try:
        hash(item)
    except TypeError:
        return str(item)
    return item
