"""A text as the engines see it: its octets, its outline, and its long runs of word characters."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

OPAQUE: Final = 0x80
"""The octet that stands for a character outside ASCII: no ASCII class or word boundary of a rule matches it."""

SHORTEST_RUN: Final = 25
"""Word characters without a gap that make a long run: longer than ordinary words, shorter than keys and addresses."""

_OPAQUE_CODEC: Final = "recoup.opaque"


def _opaque(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return bytes([OPAQUE]) * (error.end - error.start), error.end


codecs.register_error(_OPAQUE_CODEC, _opaque)


def octets(text: str) -> bytes:
    """Return one octet for each character; offsets are those of the text."""
    return text.encode("ascii", _OPAQUE_CODEC)


def _character_class(code: int) -> int:
    """Digits as 0, letters and underscores as a; control characters and everything outside ASCII as NUL."""
    char = chr(code)
    if not char.isascii() or (not char.isprintable() and char not in "\t\n"):
        return 0
    if char.isdigit():
        return ord("0")
    return ord("a") if char.isalpha() or char == "_" else code


_CLASSES: Final = bytes(map(_character_class, range(256)))
_WORDS: Final = bytes(ord("x") if chr(code) in "0a" else code for code in _CLASSES)
_WORDS_APART: Final = bytes(code if code == ord("x") else ord(" ") for code in _WORDS)
_LONG_RUN: Final = b"x" * SHORTEST_RUN
_REST_OF_RUN: Final = re.compile(b"x*")


class Sample:
    """A text with what is worked out from it at most once. Not thread-safe: each call makes its own.

    Attributes:
        text: the text.
        raw: one octet for each character.
    """

    __slots__ = ("_digits", "_longest_run", "_lowered", "_runs", "_words", "raw", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.raw = octets(text)
        self._lowered: bytes | None = None
        self._digits: bytes | None = None
        self._words: bytes | None = None
        self._longest_run = -1
        self._runs: list[tuple[int, int]] | None = None

    @property
    def lowered(self) -> bytes:
        """The octets with capitals as small letters."""
        if self._lowered is None:
            self._lowered = self.raw.lower()
        return self._lowered

    @property
    def digits(self) -> bytes:
        """The octets by class: ``0`` for a digit, ``a`` for a letter or underscore, else the character itself."""
        if self._digits is None:
            self._digits = self.raw.translate(_CLASSES)
        return self._digits

    @property
    def words(self) -> bytes:
        """The octets by class: ``x`` for a digit, letter or underscore, else the character itself."""
        if self._words is None:
            self._words = self.raw.translate(_WORDS)
        return self._words

    @property
    def longest_run(self) -> int:
        """How many word characters stand together at most."""
        if self._longest_run < 0:
            self._longest_run = max(map(len, self.raw.translate(_WORDS_APART).split()), default=0)
        return self._longest_run

    @property
    def runs(self) -> list[tuple[int, int]]:
        """Where the long runs of word characters stand."""
        if self._runs is None:
            self._runs = list(_long_runs(self.words))
        return self._runs


def _long_runs(words: bytes) -> Iterator[tuple[int, int]]:
    end = 0
    while (start := words.find(_LONG_RUN, end)) >= 0:
        end = _REST_OF_RUN.match(words, start).end()  # type: ignore[union-attr]  # matches nothing, too
        yield start, end
