"""Looks at many texts at once: joined, one pass of the engine tells which of them need which steps.

Most texts of a payload hold nothing, and cleaning each costs far more than its characters do. No match is lost in the
joined text: a pattern that matches within one text also matches there, at the same place, since a line feed between
two texts ends a word as the end of a text does; after a hit the search goes on at the next text, so that a match that
began in one text never covers another's. Patterns with anchors are asked about each text by itself.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from recoup_plugins.security_sanitizer.rule import Search

BETWEEN: Final = "\n"
"""What stands between two texts."""


class Joined:
    """Texts as one. Not thread-safe: each look makes its own.

    Attributes:
        texts: the texts.
        sample: all of them, joined.
    """

    __slots__ = ("_starts", "sample", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.sample = Sample(BETWEEN.join(texts))
        self._starts = [0, *accumulate(len(text) + 1 for text in texts)]

    def at(self, place: int) -> int:
        """Return which text holds a place; a text ends with what stands behind it."""
        return bisect_right(self._starts, place) - 1

    def start(self, number: int) -> int:
        """Return where a text begins."""
        return self._starts[number]

    def after(self, number: int) -> int:
        """Return where the text after one begins; behind the last one, a place beyond the end."""
        return self._starts[number + 1]

    def hit(self, search: Search) -> Iterator[int]:
        """Yield the numbers of the texts in which a match begins, each once."""
        last = len(self.texts) - 1
        number, found = -1, search(0)
        while found is not None:
            number = self.at(found.start())
            yield number
            found = search(self.after(number)) if number < last else None
