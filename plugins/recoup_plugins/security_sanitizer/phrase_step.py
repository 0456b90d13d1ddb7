"""The step that hides seed phrases, in texts with as many listed words in a row as the shortest phrase has."""

from __future__ import annotations

from functools import cache
from string import ascii_letters
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.seed_phrases import (
    SHORT_WORDS,
    SHORTEST_PHRASE,
    hide_phrases,
    may_hold_phrase,
    other_languages,
    word_list,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.security_sanitizer.engine import Engine
    from recoup_plugins.security_sanitizer.placeholders import Placeholders
    from recoup_plugins.security_sanitizer.sample import Sample
    from recoup_plugins.security_sanitizer.screening import Joined

_LETTERS: Final = bytes(code | 0x20 if chr(code) in ascii_letters else ord(" ") for code in range(256))
"""Small letters for letters, blanks for everything else."""

_ENOUGH: Final = b"\1" * SHORTEST_PHRASE
_HALF: Final = SHORTEST_PHRASE // 2
_TWO: Final = b"\1\1"


class PhraseStep:
    """Hides seed phrases. Immutable, hence thread-safe and task-safe.

    Args:
        engine: looks for words in a row.
        placeholders: makes what takes a phrase's place.
    """

    __slots__ = ("_placeholders", "_short_words")
    follows = True

    def __init__(self, engine: Engine, placeholders: Placeholders) -> None:
        self._short_words = engine.searcher(SHORT_WORDS)
        self._placeholders = placeholders

    def __call__(self, sample: Sample, _: Sample) -> str:
        """Return the text without seed phrases."""
        text = sample.text
        if not _has_words(sample):
            return text
        first = self._short_words(sample)(0)
        if first is None or not may_hold_phrase(text[first.start() :]):
            return text
        return hide_phrases(text, self._placeholders)

    def hits(self, joined: Joined) -> Iterator[tuple[int, bool]]:
        """Yield the numbers of the texts with words in a row, and whether they may be a phrase."""
        if _has_words(joined.sample):
            for number in joined.hit(self._short_words(joined.sample)):
                yield number, may_hold_phrase(joined.texts[number])


@cache
def _listed() -> frozenset[bytes]:
    """Return the words of BIP-39 in any of the languages that have ASCII words."""
    return frozenset(word.encode("ascii") for word in (*word_list(), *other_languages()) if word.isascii())


def _has_words(sample: Sample) -> bool:
    """Tell whether a text has as many listed words in a row as a phrase has, or letters outside ASCII."""
    if not sample.text.isascii():
        return True
    words, is_listed = sample.raw.translate(_LETTERS).split(), _listed().__contains__
    if _TWO not in bytes(map(is_listed, words[::_HALF])):  # which two words of each phrase are among
        return False
    return _ENOUGH in bytes(map(is_listed, words))
