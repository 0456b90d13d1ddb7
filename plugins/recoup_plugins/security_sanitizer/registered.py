"""Secrets that the application has named, found by value in every usual spelling.

Looking costs one pass over the text, whatever the number of secrets. The text is reduced to its letters and digits in
lower case, which undoes white space, line wrapping, separators and case at once, and cut into blocks of 8 characters.
A spelling of 15 letters or digits covers at least one such block wholly, and that block begins at one of its first 8
places; so those 8 pieces of each spelling, kept in a hash table, are enough to notice it. Spellings of 7 to 14 are
noticed by blocks of 4 and those of 3 to 6 by blocks of 2. (Sampled q-grams, as in Wu and Manber, "A fast algorithm for
multi-pattern searching", 1994.) Only a text in which a block is known is looked at closely.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import blake2b
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal, NoReturn

from attrs import evolve

from recoup_plugins.security_sanitizer.spellings import SHORTEST_SECRET, Spelling, core, spellings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["MOST_SECRETS", "RegisteredValues"]

MOST_SECRETS: Final = 1024
"""Values that one sanitizer accepts."""

Span = tuple[int, int, str]
"""Where a registered value starts and ends in a text, and what takes its place."""

_LONGEST_NUMBER: Final = 64
_FEW: Final = 8
_ESCAPED_GAPS: Final = ("\\r", "\\n", "\\t")


class _Blocks:
    """The spellings that are noticed by blocks of one width. Thread-safe: entries are only added, each at once.

    A few spellings are looked for one by one, since that is faster.
    """

    __slots__ = ("_begun", "_few", "_format", "shortest", "width")

    def __init__(self, width: int, format_: Literal["Q", "I", "H"]) -> None:
        self.width = width
        self.shortest = 2 * width - 1
        self._format: Literal["Q", "I", "H"] = format_
        self._begun: dict[int, tuple[Spelling, ...]] = {}
        self._few: tuple[Spelling, ...] = ()

    def add(self, spelling: Spelling) -> None:
        self._few = (*self._few, spelling)[: _FEW + 1]
        for start in range(self.width):
            piece = spelling.core[start : start + self.width]
            (number,) = memoryview(piece).cast(self._format)
            self._begun[number] = (*self._begun.get(number, ()), spelling)

    def noticed(self, letters: bytes) -> set[Spelling]:
        """Return the spellings that the letters and digits of a text may hold."""
        begun, few = self._begun, self._few
        if len(few) <= _FEW:
            return {spelling for spelling in few if spelling.core in letters}
        blocks = memoryview(letters)[: len(letters) - len(letters) % self.width].cast(self._format)
        if begun.keys().isdisjoint(blocks):
            return set()
        return set(chain.from_iterable(begun[block] for block in begun.keys() & set(blocks)))


class RegisteredValues:
    """The registered secrets. Thread-safe and task-safe: a look sees each secret wholly or not, writers take a lock.

    A secret's spellings are kept in memory, since a text must be compared with them; neither ``repr`` nor pickling nor
    copying gives them out, and no cache holds them. Which values are registered is kept as keyed digests only.

    Attributes:
        generation: how often a value was added; what was found before the last time may be out of date.

    Args:
        placeholder: makes what takes a value's place; by default ``[SECRET]``.
    """

    __slots__ = (
        *("_blocks", "_digests", "_key", "_lock", "_number_values", "_numbers", "_placeholder", "_unusual"),
        "generation",
    )

    def __init__(self, placeholder: Callable[[str], str] = lambda _: "[SECRET]") -> None:
        self._placeholder = placeholder
        self._lock = Lock()
        self._key = os.urandom(32)
        self._digests: set[bytes] = set()
        self.generation = 0
        self._numbers: set[bytes] = set()
        self._number_values: set[float] = set()
        self._unusual: tuple[tuple[str, str], ...] = ()
        self._blocks = (_Blocks(8, "Q"), _Blocks(4, "I"), _Blocks(2, "H"))

    def __bool__(self) -> bool:
        return bool(self._digests)

    def __repr__(self) -> str:
        return f"<RegisteredValues: {len(self._digests)} values>"

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("registered secrets are neither copied nor pickled; register them where they are needed")

    def add(self, value: str | bytes) -> None:
        """Register a secret.

        Raises:
            TypeError: the value is neither str nor bytes.
            ValueError: it is shorter than 4 characters, or 1,024 values are registered already.
        """
        if not isinstance(value, str | bytes):
            raise TypeError(f"register_secret: expected str or bytes, got {type(value).__name__}")
        raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        text = raw.decode("utf-8", "surrogateescape").strip() if isinstance(value, bytes) else value.strip()
        if len(text) < SHORTEST_SECRET:
            raise ValueError(
                f"register_secret: the value has {len(text)} characters; give at least {SHORTEST_SECRET}, "
                "or name its key so that it is found by key"
            )
        digest = self._digest(text)
        with self._lock:
            if digest in self._digests:
                return
            if len(self._digests) >= MOST_SECRETS:
                raise ValueError(f"register_secret: {MOST_SECRETS} values are registered already; remove unused ones")
            placeholder = self._placeholder(text)
            for spelling in spellings(text, raw.strip()):
                self._add(evolve(spelling, placeholder=placeholder))
            if not core(text)[2:]:
                self._unusual = (*self._unusual, (text, placeholder))
            if len(text) <= _LONGEST_NUMBER and text.lstrip("+-").replace(".", "").isdecimal():
                self._numbers.add(digest)
                with suppress(ValueError):  # a version, such as 1.2.3
                    self._number_values.add(float(text) if "." in text else int(text))
            self._digests.add(digest)
            self.generation += 1

    def _add(self, spelling: Spelling) -> None:
        for blocks in self._blocks:
            if len(spelling.core) >= blocks.shortest:
                blocks.add(spelling)
                return

    def _digest(self, text: str) -> bytes:
        return blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()

    @property
    def holds_numbers(self) -> bool:
        """Whether any value is a number."""
        return bool(self._numbers)

    def is_number(self, text: str) -> bool:
        """Tell whether a number's text is registered."""
        return bool(self._numbers) and len(text) <= _LONGEST_NUMBER and self._digest(text) in self._numbers

    def may_be_among(self, numbers: Iterable[float]) -> bool:
        """Tell whether one of the numbers may be registered; one look."""
        return not self._number_values.isdisjoint(numbers)

    def hide(self, text: str) -> str:
        """Return the text without the registered values, in whichever spelling, also with gaps between the characters.

        Where one lies in another or overlaps it, one placeholder takes the place of both.
        """
        spans = self.spans(text)
        if not spans:
            return text
        pieces = []
        done = 0
        for start, end, placeholder in spans:
            pieces += [text[done:start], placeholder]
            done = end
        return "".join([*pieces, text[done:]])

    def spans(self, text: str) -> list[Span]:
        """Return where registered values stand in a text, in order and without overlaps."""
        if not self._digests:
            return []
        found = self._found(text)
        if "\\" in text:
            plain = _without_gaps(text)
            if plain != text:
                found += self._found(plain)
        for value, placeholder in self._unusual:
            at = text.find(value)
            while at >= 0:
                found.append((at, at + len(value), placeholder))
                at = text.find(value, at + len(value))
        return _merged(found)

    def _found(self, text: str) -> list[Span]:
        letters = core(text)
        noticed = [spelling for blocks in self._blocks for spelling in blocks.noticed(letters)]
        found: list[Span] = []
        places: list[int] | None = None
        for spelling in noticed:
            at = letters.find(spelling.core)
            while at >= 0:
                if places is None:
                    places = [place for place, char in enumerate(text) if char.isascii() and char.isalnum()]
                last = at + len(spelling.core)
                if (span := spelling.span(text, places[at], places[last - 1] + 1)) is not None:
                    found.append((*span, spelling.placeholder))
                at = letters.find(spelling.core, last if span is not None else at + 1)
        return found

    def may_hold(self, texts: Sequence[str]) -> bool:
        """Tell whether one of the texts, or several that follow each other, may hold a registered value; one look."""
        joined = "".join(texts)
        looks = [joined]
        if "\\" in joined:
            looks += [_without_gaps(joined), _without_gaps("\n".join(texts))]
        return any(value in joined for value, _ in self._unusual) or any(map(self._suspects, looks))

    def _suspects(self, text: str) -> bool:
        letters = core(text)
        return any(spelling.core in letters for blocks in self._blocks for spelling in blocks.noticed(letters))

    def split_over(self, texts: Sequence[str]) -> set[int]:
        """Return which of neighbouring texts hold, joined, parts of one registered value.

        Parts with other texts between them are not found: what belongs together could only be guessed.
        """
        held: set[int] = set()
        for start, end, _ in self.spans("".join(texts)):
            at = 0
            parts = []
            for place, text in enumerate(texts):
                if at < end and at + len(text) > start:
                    parts.append(place)
                at += len(text)
            if len(parts) > 1:
                held.update(parts)
        return held


def _without_gaps(text: str) -> str:
    """Return a text with the escapes of white space as blanks."""
    for gap in _ESCAPED_GAPS:
        text = text.replace(gap, "  ")
    return text


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order; of those that overlap, the longest gives the placeholder."""
    merged: list[Span] = []
    for span in sorted(spans):
        if not merged or span[0] >= merged[-1][1]:
            merged.append(span)
            continue
        before = merged[-1]
        longest = max(before, span, key=lambda one: one[1] - one[0])
        merged[-1] = (before[0], max(before[1], span[1]), longest[2])
    return merged
