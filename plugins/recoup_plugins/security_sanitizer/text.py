"""Sanitizes text: a cheap scan decides which rules can match at all, and only those run."""

from __future__ import annotations

import html
import re
from itertools import chain
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus

from attrs import frozen

from recoup_plugins.security_sanitizer.assignments import Assignments
from recoup_plugins.security_sanitizer.cache import BoundedCache
from recoup_plugins.security_sanitizer.characters import fold, on_one_line, without_controls, without_invisible
from recoup_plugins.security_sanitizer.key_tables import STEMS
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.pem import MARK, hide_private_keys
from recoup_plugins.security_sanitizer.scan import NAMES, SHAPES, Gate, Outline, Scan, gates
from recoup_plugins.security_sanitizer.seed_phrases import (
    SHORTEST_TEXT,
    hide_phrases,
    may_hold_phrase,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from recoup_plugins.security_sanitizer.keys import KeyPolicy
    from recoup_plugins.security_sanitizer.registered import RegisteredValues
    from recoup_plugins.security_sanitizer.rule import Rule

_LONGEST_REMEMBERED: Final = 512
_DEEPEST_ENCODING: Final = 3
_FRAME: Final = '  File "'

_UNICODE_ESCAPE = re.compile(r"\\{1,8}(?:u00|x)([0-9a-fA-F]{2})")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")


@frozen
class _Plan:
    """What applies at one level."""

    scan: Scan
    gates: tuple[Gate, ...]
    beside_names: tuple[Rule, ...]

    @classmethod
    def of(cls, rules: Collection[Rule], off: frozenset[str], level: Level) -> _Plan:
        active = [rule for rule in rules if rule.level <= level and rule.name not in off]
        stems = [stem for low in Level if low <= level for stem in STEMS[low]]
        return cls(
            Scan(active, stems),
            gates([rule for rule in active if not rule.beside_name]),
            tuple(rule for rule in active if rule.beside_name),
        )


class TextSanitizer:
    """Applies rules, assignments and registered values to text.

    Thread-safe and task-safe: everything but the caches is immutable, and those are. Only texts that came out
    unchanged are remembered, and frames of stack traces, so that no cache holds a secret that was found.
    """

    __slots__ = ("_assignments", "_off", "_plans", "_registered", "_remembered")

    def __init__(
        self,
        rules: Collection[Rule],
        keys: KeyPolicy,
        registered: RegisteredValues,
        off: frozenset[str],
        remembered: int = 4096,
    ) -> None:
        self._assignments = Assignments(keys)
        self._registered = registered
        self._off = off
        self._plans = {level: _Plan.of(rules, off, level) for level in Level}
        self._remembered = {level: BoundedCache[str, str](remembered) for level in Level}

    def forget(self) -> None:
        """Empty the caches, as after a new secret has been registered."""
        for cache in self._remembered.values():
            cache.clear()

    def remembered(self, level: Level) -> BoundedCache[str, str]:
        """Return the texts that a level leaves as they are, and frames with what becomes of them."""
        return self._remembered[level]

    def clean(self, text: str, level: Level, *, lines: bool = False) -> str:
        r"""Return the text without what the level hides, and without characters that would forge a log line.

        Args:
            text: any text.
            level: what to hide.
            lines: keep line feeds; otherwise they are written as ``\n``.
        """
        cache = self._remembered[level]
        if (known := cache[text]) is not None:
            return known
        found = self._clean(text, level, 0)
        if "\n" in found:
            return found if lines else on_one_line(found)
        if found == text and len(text) <= _LONGEST_REMEMBERED:
            cache.put(text, text)
        return found

    def clean_trace(self, trace: str, level: Level) -> str:
        """Return a stack trace without what the level hides; frames seen before cost one look-up each."""
        cache = self._remembered[level]
        result: list[str] = []
        block: list[str] = []
        for line in trace.replace("\r\n", "\n").split("\n"):
            if line.startswith(_FRAME):
                if block:
                    result.append(self.clean("\n".join(block), level, lines=True))
                    block = []
                known = cache[line]
                if known is None:
                    known = self._clean(line, level, 0)
                    if len(line) <= _LONGEST_REMEMBERED:
                        cache.put(line, known)
                result.append(known)
            else:
                block.append(line)
        if block:
            result.append(self.clean("\n".join(block), level, lines=True))
        return "\n".join(result)

    def _clean(self, text: str, level: Level, depth: int) -> str:
        if not text.isprintable():
            text = without_controls(text if text.isascii() else without_invisible(text))
        if self._registered:
            text = self._registered.hide(text)
        plan = self._plans[level]
        if text.isascii():
            needs, tokens = plan.scan.look(text)
            if not needs and (len(text) < SHORTEST_TEXT or not may_hold_phrase(tokens)):
                return text
        else:
            needs = NAMES | SHAPES
        found = self._find(text, plan, level, needs)
        return self._decoded(found, level, depth) if needs & SHAPES and depth < _DEEPEST_ENCODING else found

    def _find(self, text: str, plan: _Plan, level: Level, needs: int) -> str:
        outline = Outline.of(text) if needs & SHAPES else None
        lowered = text.lower()
        if MARK in text and "pem" not in self._off:
            text = hide_private_keys(text)
        if needs & NAMES:
            if "assignment" not in self._off:
                text = self._assignments.apply(text, level)
            for rule in plan.beside_names:
                text = rule.apply(text, level)
        if outline is not None:
            for rule in chain.from_iterable(gate.rules for gate in plan.gates if gate.opens(outline)):
                if not rule.literals or any(map(lowered.__contains__, rule.literals)):
                    text = rule.apply(text, level)
        is_long = len(text) >= SHORTEST_TEXT and "seed_phrase" not in self._off
        if is_long and may_hold_phrase(lowered.encode("latin-1", "replace").split()):
            text = hide_phrases(text, "[SEED_PHRASE]")
        return text

    def _decoded(self, text: str, level: Level, depth: int) -> str:
        """Return the decoded text where something shows only once an encoding is undone, else the text as it is."""
        for decode in self._encodings(text):
            plain = without_controls(without_invisible(decode(text)))
            if plain != text and (found := self._clean(plain, level, depth + 1)) != plain:
                text = found
        return text

    @staticmethod
    def _encodings(text: str) -> list[Callable[[str], str]]:
        undo: list[Callable[[str], str]] = []
        if not text.isascii():
            undo.append(fold)
        if "%" in text and _PERCENT.search(text):
            undo.append(unquote_plus if "=" in text or "%3D" in text or "%3d" in text else unquote)
        if "\\u00" in text or "\\x" in text:
            undo.append(_without_escapes)
        if "&" in text and ";" in text:
            undo.append(html.unescape)
        return undo


def _without_escapes(text: str) -> str:
    return _UNICODE_ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)
