"""What a member's name means for its value at one level, worked out once for each name."""

from __future__ import annotations

import re
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import field, frozen

from recoup_plugins.security_sanitizer.cache import BoundedCache
from recoup_plugins.security_sanitizer.keys import Verdict, words_of
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.objects import exact_text
from recoup_plugins.security_sanitizer.order_frames import SHORT_NAMES, TICKER_NAMES
from recoup_plugins.security_sanitizer.statements import holds_no_secret, says_about
from recoup_plugins.security_sanitizer.values import VALUE_NAMES, is_nobodys, is_placeholder, looks_like, looks_random

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recoup_plugins.security_sanitizer.keys import KeyPolicy

_ITEMS_NAMES: Final = frozenset(
    ["rows", "data", "values", "records", "row", "tuples", "args", "params", "arguments", "parameters", "payload"]
)
_TRACE_NAMES: Final = frozenset(["stack_trace", "stacktrace", "traceback", "exc_text", "stack", "exc_info"])
_HIDDEN_IF_ANY: Final = frozenset(["PASSWORD", "USER", "ACCOUNT", "CARD", "PHONE", "IP", "MAC"])
_HEX_OR_DIGITS: Final = re.compile(r"[0-9a-fA-Fx-]{0,72}")
_ETHEREUM_ADDRESS: Final = 42
names_nothing: Final = re.compile(r"-?[0-9]{0,20}\.[0-9]{1,20}|[0-9]{7,64}").fullmatch
"""Tells prices and amounts, which stand first in the pairs of order books, and order ids, under which orders are kept.
Shorter whole numbers may be tags of FIX."""

_LONGEST_REMEMBERED: Final = 128
_MOST_PARTS: Final = 8
_CONTAINERS: Final = (dict, list, tuple, set, frozenset)


@frozen
class Ruling:
    """What one level makes of a name. Immutable, hence thread-safe and task-safe.

    Attributes:
        verdict: the verdict that hides the value at this level, or None.
        plain_id: numbers and hexadecimal strings under this name are shown without a further look.
        trace: text under this name keeps its lines.
        told: another member may tell what the value is, as in ``{"name": "api_key", "value": ...}``.
        name: the name, where it hides something.
        framed: the ruling where the members beside it say that the mapping is an order or a balance.
        apart: another member may explain the items, as ``{"columns": ["api_key"], "rows": ...}``.
        leans: one of the last three, so that another member may matter.
    """

    verdict: Verdict | None = None
    plain_id: bool = False
    trace: bool = False
    told: bool = False
    apart: bool = False
    name: str = ""
    framed: Ruling | None = None
    leans: bool = field(init=False)

    @leans.default
    def _leans(self) -> bool:
        return self.told or self.apart or self.framed is not None

    def hides(self, item: Any) -> bool:
        """Tell whether the name hides this value; nothing and placeholders are left as they are."""
        verdict = self.verdict
        if (
            verdict is None
            or holds_no_secret(item)
            or (verdict.kind == "WALLET" and (self._is_table(item) or is_nobodys(item)))
        ):
            return False
        if verdict.weak and verdict.kind == "AUTHORIZATION" and type(item) in (tuple, list):
            return self._is_login(item)
        return self._hides(verdict, item)

    def _hides(self, verdict: Verdict, item: Any) -> bool:
        if isinstance(item, bytes | bytearray):
            item = item.decode("latin-1")
        elif type(item) is UUID:
            item = str(item)
        if isinstance(item, str):
            text = exact_text(item)
            told = verdict.level is Level.LOW or verdict.kind == "ACCOUNT"
            if is_placeholder(text) or (told and says_about(self.name, text, verdict.kind)):
                return False
            return not verdict.weak or looks_like(verdict.kind, text)
        if type(item) is int and verdict.level is Level.LOW and says_about(self.name, str(item), verdict.kind):
            return False
        if not verdict.weak or verdict.kind in _HIDDEN_IF_ANY:
            return True
        if verdict.level is Level.LOW and type(item) in _CONTAINERS:
            return _holds_keys(item)
        return looks_like(verdict.kind, str(item)) if type(item) is int else verdict.level is Level.CRITICAL

    def _is_login(self, item: Sequence[Any]) -> bool:
        """Tell whether a pair under ``auth`` is a user and his password, as HTTP clients take it; no schemes."""
        texts = [part for part in item if type(part) is str]
        if len(texts) != len(item) or len(texts) != len(("user", "password")):
            return any(map(looks_random, texts[:_MOST_PARTS]))
        return not (is_placeholder(texts[1]) or says_about(self.name, texts[1], "AUTHORIZATION"))

    def _is_table(self, item: Any) -> bool:
        """Tell whether the name says what an item's keys are, as ``balances_by_wallet``: they speak for themselves."""
        return type(item) is dict and "by" in words_of(self.name)


def _holds_keys(item: Any) -> bool:
    """Tell whether all that a container holds are texts that can only be keys, no names, addresses or digests.

    Of a mapping that says what its value is, only that counts: ``{"value": ..., "expires": ...}``.
    """
    told = (item.get(name) for name in VALUE_NAMES) if type(item) is dict else ()
    held = [part for part in told if type(part) is str] or list(
        islice(item.values() if type(item) is dict else item, _MOST_PARTS + 1)
    )
    return bool(held) and all(
        type(part) is str and looks_random(part) and not is_plain_id(part) and part[:2] != "0x" for part in held
    )


PLAIN: Final = Ruling()
"""The ruling on every name that says nothing about its value."""

_FRAMED: Final = {
    name: Ruling(Verdict(kind, Level.CRITICAL, weak=False, plain_id=False))
    for name, kind in (SHORT_NAMES | dict.fromkeys(TICKER_NAMES, "PRICE")).items()
}


class Rulings(BoundedCache[str, Ruling]):
    """The rulings of one level: ``rulings[name]`` always has one. Thread-safe and task-safe, as its base is."""

    __slots__ = ("_keys", "_level")

    def __init__(self, keys: KeyPolicy, level: Level, remembered: int = 4096) -> None:
        super().__init__(remembered)
        self._keys = keys
        self._level = level

    def __missing__(self, name: str) -> Ruling:
        if names_nothing(name):
            return PLAIN
        found = super().__missing__(name)
        if found is None:
            found = self._rule(name)
            if len(name) <= _LONGEST_REMEMBERED:
                self.put(name, found)
        return found

    if TYPE_CHECKING:  # what __missing__ sees to

        def __getitem__(self, name: str) -> Ruling: ...

    def of(self, name: str | None) -> Ruling:
        """Return the ruling on a name, or that on none."""
        return PLAIN if name is None else self[name]

    def _rule(self, name: str) -> Ruling:
        verdict = self._keys.verdict(name)
        ruling = Ruling(
            verdict if verdict.kind and verdict.level <= self._level else None,
            plain_id=verdict.plain_id and self._level < Level.CRITICAL,
            trace=name in _TRACE_NAMES,
            told=name.lower() in VALUE_NAMES,
            apart=name.lower() in _ITEMS_NAMES,
            name=name[:_LONGEST_REMEMBERED] if verdict.kind and verdict.level <= self._level else "",
            framed=_FRAMED.get(name) if self._level is Level.CRITICAL else None,
        )
        return PLAIN if ruling == PLAIN else ruling


def is_plain_id(item: object) -> bool:
    """Tell whether a value is a whole number or short hexadecimal text, and no wallet's address."""
    if type(item) is int:
        return True
    return type(item) is str and len(item) != _ETHEREUM_ADDRESS and _HEX_OR_DIGITS.fullmatch(item) is not None


def name_of(key: object) -> str | None:
    """Return a key as a name: text, bytes or an enum member's value; None for anything else."""
    if isinstance(key, str):
        return exact_text(key)
    if isinstance(key, bytes):
        return key.decode("latin-1")
    told = key.value if isinstance(key, Enum) else None
    return told if isinstance(told, str) else None
