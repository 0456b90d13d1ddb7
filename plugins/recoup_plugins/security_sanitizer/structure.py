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
from recoup_plugins.security_sanitizer.seed_phrases import SHORTEST_PHRASE, is_phrase
from recoup_plugins.security_sanitizer.values import VALUE_NAMES, is_placeholder, looks_like

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.config import SanitizerConfig
    from recoup_plugins.security_sanitizer.keys import KeyPolicy, Verdict
    from recoup_plugins.security_sanitizer.registered import RegisteredValues
    from recoup_plugins.security_sanitizer.text import TextSanitizer

_TRACE_NAMES: Final = frozenset(["stack_trace", "stacktrace", "traceback", "exc_text", "stack", "exc_info"])
_NAME_NAMES: Final = ("name", "key", "header", "field", "k", "parameter")
_HEX_OR_DIGITS: Final = frozenset("0123456789abcdefABCDEFx-")
_LONGEST_PLAIN_ID: Final = 72
_SHORTEST_CARD: Final = 10**12
_LONGEST_CARD: Final = 10**19
_OVERLAP: Final = 4096


class Walk:
    """One pass over one payload. Not thread-safe: each call of the sanitizer makes its own."""

    __slots__ = ("_active", "_bounds", "_bytes", "_done", "_items", "_keys", "_level", "_registered", "_text")

    def __init__(
        self, text: TextSanitizer, keys: KeyPolicy, registered: RegisteredValues, bounds: SanitizerConfig, level: Level
    ) -> None:
        self._text = text
        self._keys = keys
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
        if isinstance(value, HARMLESS_TYPES):
            return value
        return self._composite(value, depth)

    def text(self, value: str, *, lines: bool = False) -> str:
        """Return sanitized text, cut where the payload's allowance of characters ends."""
        size = len(value)
        if size <= self._bytes:
            self._bytes -= size
            return self._text.clean_trace(value, self._level) if lines else self._text.clean(value, self._level)
        allowed, self._bytes = self._bytes, 0
        # What is cut lies behind an overlap, so that a secret on the edge is still seen whole.
        window = value[: allowed + _OVERLAP]
        found = self._text.clean_trace(window, self._level) if lines else self._text.clean(window, self._level)
        return f"{found[:allowed]}[CUT {size - allowed} characters]"

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
        if isinstance(value, Mapping):
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
            return self.text(trace_text(value), lines=True)
        fields = members(value)
        return self._mapping(fields, depth) if fields is not None else self.text(described(value))

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
        copied: dict[Any, Any] = {}
        told = self._told_verdict(value)
        left = len(value)
        for key, item in value.items():
            if self._items <= 0:
                copied["[CUT]"] = f"{left} more items"
                break
            self._items -= 1
            left -= 1
            name = key if type(key) is str else _name_of(key)
            verdict = self._keys.verdict(name) if name is not None else None
            if told is not None and name is not None and name.lower() in VALUE_NAMES:
                verdict = told
            result = self._member(name, verdict, item, depth)
            shown = self._key(key, depth)
            if shown in copied:
                shown = f"{shown}#{len(copied)}"
            copied[shown] = result
        return copied

    def _member(self, name: str | None, verdict: Verdict | None, item: Any, depth: int) -> Any:
        if verdict is not None:
            if verdict.kind and verdict.level <= self._level:
                if self._hides(verdict, item):
                    return f"[{verdict.kind}]"
            elif verdict.plain_id and self._level < Level.CRITICAL and self._is_plain_id(item):
                return item
            if name in _TRACE_NAMES and type(item) is str:
                return self.text(item, lines=True)
        return self.value(item, depth)

    def _key(self, key: Any, depth: int) -> Any:
        if type(key) is str:
            return self.text(key)
        if key is None or type(key) in (int, bool, float):
            return self._number(key) if type(key) is int else key
        return _hashable(self.value(key, depth))

    def _told_verdict(self, value: Mapping[Any, Any]) -> Verdict | None:
        """Return the verdict on the name that a mapping such as ``{"name": "api_key", "value": ...}`` carries."""
        for name in _NAME_NAMES:
            told = value.get(name)
            if told is not None and (text := _name_of(told)) is not None:
                verdict = self._keys.verdict(text)
                if verdict.kind and verdict.level <= self._level:
                    return verdict
        return None

    @staticmethod
    def _hides(verdict: Verdict, item: Any) -> bool:
        """Tell whether a sensitive name hides this value; nothing and placeholders are left as they are."""
        if item is None:
            return False
        if isinstance(item, bytes | bytearray):
            item = item.decode("latin-1")
        if isinstance(item, str):
            text = exact_text(item)
            return not is_placeholder(text) and (not verdict.weak or looks_like(verdict.kind, text))
        if not verdict.weak or verdict.kind in ("PASSWORD", "USER", "ACCOUNT", "CARD", "PHONE", "IP", "MAC"):
            return True
        return looks_like(verdict.kind, str(item)) if type(item) is int else verdict.level is Level.CRITICAL

    def _is_plain_id(self, item: Any) -> bool:
        if type(item) is int:
            return not self._registered
        return (
            type(item) is str
            and not self._registered
            and len(item) <= _LONGEST_PLAIN_ID
            and len(item) != _ETHEREUM_ADDRESS
            and _HEX_OR_DIGITS.issuperset(item)
        )

    def _sequence(self, value: Iterable[Any], depth: int) -> list[Any]:
        if isinstance(value, list | tuple):
            if len(value) == 2 and (pair := self._pair(value, depth)) is not None:  # noqa: PLR2004 - a pair
                return pair
            if len(value) >= SHORTEST_PHRASE and is_phrase(value):
                return ["[SEED_PHRASE]"]
        copied: list[Any] = []
        left = len(value) if isinstance(value, list | tuple | AbstractSet) else 0
        flag: Verdict | None = None
        for item in value:
            if self._items <= 0:
                copied.append(f"[CUT {left} items]")
                break
            self._items -= 1
            left -= 1
            if flag is not None and self._hides(flag, item):
                copied.append(f"[{flag.kind}]")
                flag = None
                continue
            flag = self._flag(item) if type(item) is str and item[:1] == "-" else None
            copied.append(self.value(item, depth))
        return copied

    def _flag(self, item: str) -> Verdict | None:
        verdict = self._keys.verdict(item.lstrip("-"))
        return verdict if verdict.kind and verdict.level <= self._level and "=" not in item else None

    def _pair(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any] | None:
        """Return the copy of a pair whose first member is a sensitive name; None when it is not."""
        name = _name_of(value[0])
        if name is None:
            return None
        verdict = self._keys.verdict(name)
        if not verdict.kind or verdict.level > self._level or not self._hides(verdict, value[1]):
            return None
        second = _name_of(value[1])
        if second is not None and self._keys.verdict(second).kind:
            return None
        return [self.value(value[0], depth), f"[{verdict.kind}]"]

    def _named_tuple(self, value: Any, depth: int) -> Any:
        copied = [
            self._member(name, self._keys.verdict(name), item, depth)
            for name, item in zip(value._fields, value, strict=True)
        ]
        return type(value)._make(copied)

    def _octets(self, value: bytes | bytearray | memoryview) -> bytes | bytearray:
        raw = bytes(value)
        try:
            text = raw.decode("utf-8")
            encoding = "utf-8"
        except UnicodeDecodeError:
            text, encoding = raw.decode("latin-1"), "latin-1"
        found = self.text(text, lines=True)
        if encoding == "latin-1" and found.count("[") == text.count("["):
            found = text  # control characters are part of binary data
        cleaned = raw if found == text else found.encode(encoding, "replace")
        return bytearray(cleaned) if isinstance(value, bytearray) else cleaned


_ETHEREUM_ADDRESS: Final = 42


def _name_of(key: object) -> str | None:
    """Return a key as a name: text, bytes or an enum member's value."""
    if isinstance(key, str):
        return exact_text(key)
    if isinstance(key, bytes):
        return key.decode("latin-1")
    told = getattr(key, "value", None) if is_symbolic(key) else None
    return told if isinstance(told, str) else None


def _hashable(item: Any) -> Any:
    """Return an item that fits into a set or names a member; what does not becomes its text."""
    try:
        hash(item)
    except TypeError:
        return str(item)
    return item
