"""The step that hides seed phrases, in texts with as many listed words in a row as the shortest phrase has."""

from __future__ import annotations

from functools import cache
from string import ascii_letters
from typing import TYPE_CHECKING, AnyStr, Final
from unicodedata import combining

from recoup_plugins.security_sanitizer.sample import OPAQUE, octets
from recoup_plugins.security_sanitizer.seed_phrases import SHORTEST_PHRASE, all_words, hide_phrases, words_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from recoup_plugins.security_sanitizer.placeholders import Placeholders
    from recoup_plugins.security_sanitizer.sample import Sample
    from recoup_plugins.security_sanitizer.screening import Joined

_LETTERS: Final = bytes(code | 0x20 if chr(code) in ascii_letters else ord(" ") for code in range(256))
"""Small letters for letters, blanks for everything else."""

_WITH_OPAQUE: Final = bytes(code if code == OPAQUE else letter for code, letter in enumerate(_LETTERS))
_FEW: Final = 16
"""Characters that are sooner replaced one by one."""

_STRIDE: Final = 3
_SOME: Final = b"\1" * (SHORTEST_PHRASE // _STRIDE)
_ENOUGH: Final = b"\1" * SHORTEST_PHRASE


class PhraseStep:
    """Hides seed phrases. Immutable, hence thread-safe and task-safe.

    Args:
        placeholders: makes what takes a phrase's place.
    """

    __slots__ = ("_placeholders",)
    follows = True

    def __init__(self, placeholders: Placeholders) -> None:
        self._placeholders = placeholders

    def __call__(self, sample: Sample, _: Sample) -> str:
        """Return the text without seed phrases."""
        text = sample.text
        return hide_phrases(text, self._placeholders) if _has_words(text, sample.raw) else text

    def hits(self, joined: Joined) -> Iterator[tuple[int, str]]:
        """Yield the numbers of the texts with listed words in a row, which may be a phrase."""
        if _has_words(joined.sample.text, joined.sample.raw):
            for number, text in enumerate(joined.texts):
                if _has_words(text, octets(text)):
                    yield number, hide_phrases(text, self._placeholders)


@cache
def _listed() -> frozenset[bytes]:
    return frozenset(word.encode("ascii") for word in all_words() if word.isascii())


def _has_words(text: str, raw: bytes) -> bool:
    """Tell whether a text has as many listed words in a row as a phrase has, whatever stands between them."""
    if _has_run(raw.translate(_LETTERS).split(), _listed().__contains__):
        return True
    foreign = [] if text.isascii() else [char for char in set(text) if not char.isascii()]
    if not any(map(_is_of_word, foreign)):
        return False
    apart = octets(_without(text, [char for char in foreign if not _is_of_word(char)]))
    return _has_run(apart.translate(_WITH_OPAQUE).split(), _may_be_listed) and _has_run(
        words_in(text), all_words().__contains__
    )


def _is_of_word(char: str) -> bool:
    return char.isalpha() or combining(char) > 0


def _without(text: str, chars: Sequence[str]) -> str:
    if len(chars) > _FEW:
        return text.translate(dict.fromkeys(map(ord, chars), " "))
    for char in chars:
        text = text.replace(char, " ")
    return text


def _may_be_listed(word: bytes) -> bool:
    return word in _listed() or OPAQUE in word


def _has_run(words: Sequence[AnyStr], is_listed: Callable[[AnyStr], bool]) -> bool:
    return _SOME in bytes(map(is_listed, words[::_STRIDE])) and _ENOUGH in bytes(map(is_listed, words))
