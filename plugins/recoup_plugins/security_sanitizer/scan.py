"""The scan that decides, at the cost of a few dictionary look-ups, which rules a text needs at all.

Text is split at white space into tokens, lower-cased and with every digit written as 0, so that ordinary text consists
of few distinct ones. What a token can be part of is worked out once and remembered.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from recoup_plugins.security_sanitizer.cache import BoundedCache

if TYPE_CHECKING:
    from collections.abc import Collection

    from recoup_plugins.security_sanitizer.rule import Rule

NOTHING: Final = 0
NAMES: Final = 1
"""A sensitive name may stand beside a value."""
SHAPES: Final = 2
"""Some rule's outline is present, or a character that has to go."""


def _normal(code: int) -> int:
    """Letters in lower case, digits as 0; control characters and everything outside ASCII as NUL."""
    char = chr(code)
    if not char.isascii() or (not char.isprintable() and char not in "\t\n"):
        return 0
    return ord("0") if char.isdigit() else ord(char.lower())


_NORMAL: Final = bytes(map(_normal, range(256)))
_LETTERS: Final = bytes(ord("a") if chr(code) == "_" or (97 <= code <= 122) else code for code in range(256))  # noqa: PLR2004 - a to z
_WORDS: Final = bytes(ord("x") if chr(code) in "0a" else code for code in range(256))
_RUN: Final = b"x" * 16
_RUN_TEXT: Final = "x" * 16

_ORDINARY, _SEPARATES, _NAME, _MIXED, _ASSIGNS, _SHAPED, _BOTH = b".:smARB"
_NAMED = re.compile(rb"[AB]|s.{0,2}[:mR]", re.DOTALL)
_ENCODED = re.compile(rb"%[0a-f][0a-f]|\\u00|\\x|&#|&[a-z]{2,6};|\0|-----")
_SPACED = re.compile(rb"0{3,4}\)? 0{3}|00 00 00")
_SEPARATORS: Final = (b"=", b":", b">", b'"', b"'", b"`")
_SEPARATING_WORDS: Final = (b"is", b"was", b"=", b":")
_SHORTEST_MIXED: Final = 6
_SYMBOLS: Final = re.compile(rb"[0!#$%^&*@]")
_LONGEST_REMEMBERED: Final = 64


@frozen
class Outline:
    """A text with its characters reduced to their classes. Immutable, hence thread-safe and task-safe."""

    digits: bytes
    words: bytes
    long_run: bool

    @classmethod
    def of(cls, text: str) -> Outline:
        """Return the outline of a text; characters outside Latin-1 stand for themselves only as ``?``."""
        digits = text.encode("latin-1", "replace").translate(_NORMAL).translate(_LETTERS)
        words = digits.translate(_WORDS)
        return cls(digits, words, _RUN in words)


@frozen
class Gate:
    """Rules that share their outlines, so that these are looked for once. Immutable: thread-safe and task-safe."""

    digits: tuple[bytes, ...]
    words: tuple[bytes, ...]
    needs_run: bool
    rules: tuple[Rule, ...]

    def opens(self, outline: Outline) -> bool:
        """Tell whether a text with this outline can match one of the rules."""
        if self.needs_run:
            return outline.long_run and any(map(outline.words.__contains__, self.words))
        if not self.digits and not self.words:
            return True
        return any(map(outline.digits.__contains__, self.digits)) or any(map(outline.words.__contains__, self.words))


def gates(rules: Collection[Rule]) -> tuple[Gate, ...]:
    """Return rules in their order, those with the same outlines side by side joined behind one gate."""
    joined: list[Gate] = []
    for rule in rules:
        digits = tuple(shape.encode() for shape in rule.shapes if "x" not in shape)
        words = tuple(shape.encode() for shape in rule.shapes if "x" in shape)
        needs_run = bool(rule.shapes) and all(_RUN_TEXT in shape for shape in rule.shapes)
        same = joined and (joined[-1].digits, joined[-1].words) == (digits, words)
        before = joined.pop().rules if same else ()
        joined.append(Gate(digits, words, needs_run, (*before, rule)))
    return tuple(joined)


class Scan:
    """Remembers what tokens can be part of. Thread-safe and task-safe: the cache is, the rest is immutable."""

    __slots__ = ("_classes", "_gates", "_literals", "_stems")

    def __init__(self, rules: Collection[Rule], stems: Collection[str], remembered: int = 8192) -> None:
        self._gates = tuple(
            (gate, tuple(literal.encode().translate(_NORMAL) for literal in rule.literals))
            for rule in rules
            if rule.shapes
            for gate in gates([rule])
        )
        self._literals = tuple(
            literal.encode() for rule in rules if not rule.shapes and not rule.beside_name for literal in rule.literals
        )
        self._stems = tuple(stem.encode("latin-1").translate(_NORMAL) for stem in stems)
        self._classes: BoundedCache[bytes, int] = BoundedCache(remembered)

    def look(self, text: str) -> tuple[int, list[bytes]]:
        """Return which of NAMES and SHAPES an ASCII text needs, and its tokens."""
        normal = text.encode("latin-1", "replace").translate(_NORMAL)
        tokens = normal.split()
        known = self._classes.__getitem__
        try:
            classes = bytes(map(known, tokens))  # type: ignore[arg-type]  # None raises and is what we wait for
        except TypeError:
            classes = bytes([known(token) or self._classify(token) for token in tokens])
        needs = NOTHING
        if b"R" in classes or b"B" in classes or ((b"0 0" in normal or b"0) 0" in normal) and _SPACED.search(normal)):
            needs = SHAPES
        if (b"s" in classes or b"A" in classes or b"B" in classes) and _NAMED.search(classes):
            needs |= NAMES
        return needs, tokens

    def _classify(self, token: bytes) -> int:
        letters = token.translate(_LETTERS)
        words = letters.translate(_WORDS)
        outline = Outline(letters, words, _RUN in words)
        separates = token in _SEPARATING_WORDS or any(mark in token for mark in _SEPARATORS)
        named = any(stem in token for stem in self._stems)
        mixed = len(token) >= _SHORTEST_MIXED and _SYMBOLS.search(token) is not None
        shaped = _ENCODED.search(token) or any(literal in token for literal in self._literals)
        if shaped or any(
            (not literals or any(map(token.__contains__, literals))) and gate.opens(outline)
            for gate, literals in self._gates
        ):
            found = _BOTH if named else _SHAPED
        elif named:
            found = _ASSIGNS if separates or mixed or token.startswith(b"-") else _NAME
        elif separates:
            found = _SEPARATES
        else:
            found = _MIXED if mixed else _ORDINARY
        if len(token) <= _LONGEST_REMEMBERED:
            self._classes.put(token, found)
        return found
