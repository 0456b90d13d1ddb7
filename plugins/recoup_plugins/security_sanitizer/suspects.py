"""Finds, for next to nothing, the places where a sensitive name may stand, so that only those are read closely."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.cache import BoundedCache
from recoup_plugins.security_sanitizer.key_tables import ANYWHERE, LAST, PHRASES
from recoup_plugins.security_sanitizer.key_words import STEMS
from recoup_plugins.security_sanitizer.keys import words_of
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.sample import Sample, octets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.security_sanitizer.engine import Engine
    from recoup_plugins.security_sanitizer.keys import KeyPolicy

_LONGEST_NAME: Final = 64
_MOST_DIGITS: Final = 7
_MOST_PARTS: Final = 6
_MOST_WORDS: Final = 3
_WIDEST_NEIGHBOURS: Final = 2 * (_LONGEST_NAME + 2)
_OF_TIMES: Final = "0123456789:,"
_PARTS = re.compile(r"[.$\-]{1,64}")
_NAME_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-$"
_AFTER = re.compile(r" ([^\W\d][\w.$\-]{0,63})(?: ([^\W\d][\w.$\-]{0,63}))?")
_LOGIN: Final = ("auth", "login", "logon", "signin", "sign_in", "server.sign")
_MADE_BY_ANY_WORD: Final = ("key", "keys")
"""Names that are sensitive behind nearly any word; others need one beside them that is in the tables too."""

_MARKS: Final = "=:\"'"


class Suspects:
    """The names that are sensitive at one level, alone or with the words beside them. Thread-safe and task-safe.

    What it remembers of a text are keyed 64-bit hashes, since what stands where a name could be may be a secret.

    Args:
        keys: what says whether a name is sensitive.
        level: the level at which it is asked.
        engine: finds the names that hold a stem.

    Attributes:
        stems: parts of names, in lower case, of which every sensitive name has one.
    """

    __slots__ = (
        "_beside",
        "_certain",
        "_finder",
        "_has_own",
        "_keys",
        "_known",
        "_level",
        "_numbers",
        "_spoken",
        "_tag_finder",
        "_tags",
        "_vocabulary",
        "stems",
    )

    def __init__(self, keys: KeyPolicy, level: Level, engine: Engine) -> None:
        own = [stem.lower() for stem in keys.stems(level)]
        stems = {stem.rstrip(_MARKS) for low in Level if low <= level for stem in STEMS[low]}.union(own)
        self._keys = keys
        self._level = level
        self._certain = (*_LOGIN, *own)
        self._numbers = frozenset(stem for stem in stems if stem.isdigit())
        self._tags = tuple(octets(f"{number}=") for number in self._numbers)
        self._finder = None if "" in stems else engine.name_finder(sorted(stems - self._numbers))
        self._tag_finder = engine.name_finder(sorted(stems)) if self._tags and self._finder else self._finder
        self._beside: BoundedCache[int, bool] = BoundedCache(4096)
        self._known: BoundedCache[int, bool] = BoundedCache(4096)
        self._spoken: BoundedCache[int, bool] = BoundedCache(4096)
        self._has_own = bool(own)
        self.stems = frozenset(stems)
        tables = (ANYWHERE, LAST, PHRASES)
        self._vocabulary = " ".join((name for table in tables for name, (_, low) in table.items() if low <= level))

    def places(self, sample: Sample) -> Iterator[int]:
        """Yield in ascending order where names stand that may be sensitive; every place where any name may be."""
        text = sample.text
        if self._finder is None:
            yield from range(len(text))
            return
        is_fix = any(map(sample.lowered.__contains__, self._tags))
        for start, end in (self._tag_finder if is_fix and self._tag_finder else self._finder).spans(sample):
            if end - start > _LONGEST_NAME:
                if not _is_number(text[start:end]):
                    yield start
            elif self._is_suspect(text[start:end]) or self._is_in_phrase(text, start, end):
                yield start

    def any(self, text: str) -> bool:
        """Tell whether a name that may be sensitive stands anywhere in a text."""
        return next(self.places(Sample(text)), None) is not None

    def _is_suspect(self, name: str) -> bool:
        known = self._known[hash(name)]
        if known is None:
            known = self._judge(name)
            self._known.put(hash(name), known)
        return known

    def _judge(self, name: str) -> bool:
        """Tell whether a name, or one of the names in a dotted path or header, is sensitive."""
        tag = name.removeprefix("A")  # of FIX, behind its separator written as ^A
        if tag.isdigit():
            return tag in self._numbers
        if any(map(name.lower().__contains__, self._certain)):
            return True
        parts = [part for part in _PARTS.split(name) if part]
        return len(parts) > _MOST_PARTS or any(
            self._is_sensitive("-".join(parts[start:end])) for start, end in combinations(range(len(parts) + 1), 2)
        )

    def _is_in_phrase(self, text: str, start: int, end: int) -> bool:
        """Tell whether a name becomes sensitive by the words beside it, as in ``account number``."""
        earlier: list[str] = []
        later: list[str] = []
        if text[start - 1 : start] == " ":
            window = text[max(0, start - _WIDEST_NEIGHBOURS) : start - 1]
            earlier = window.rsplit(" ", _MOST_WORDS - 1)[1 - _MOST_WORDS :]
            if not earlier[-1].strip(_OF_TIMES):
                earlier.clear()
            elif not earlier[0].strip(_OF_TIMES):
                del earlier[0]
        if text[end : end + 1] == " " and not text[end + 1 : end + 2].isdigit():
            later = text[end + 1 : end + _WIDEST_NEIGHBOURS].split(" ", _MOST_WORDS - 1)[: _MOST_WORDS - 1]
        if not earlier and not later:
            return False
        beside = hash((len(earlier), text[start:end], *earlier, *later))
        known = self._beside[beside]
        if known is None:
            known = self._is_spoken(text[start:end]) and self._makes_phrase(text, start, end)
            self._beside.put(beside, known)
        return known

    def _makes_phrase(self, text: str, start: int, end: int) -> bool:
        earlier = _words_before(text, start)
        after = _AFTER.match(text, end)
        if not earlier and after is None:
            return False
        later = [word for word in after.groups() if word] if after else []
        name = text[start:end].rpartition(".")[2]
        if not name.lower().endswith(_MADE_BY_ANY_WORD) and not any(map(self._is_spoken, (*earlier, *later))):
            return False
        words = [*earlier, name, *later]
        place = len(earlier)
        return any(
            self._is_phrase(" ".join(words[first:last]))
            for first in range(place + 1)
            for last in range(place + 1, min(first + _MOST_WORDS, len(words)) + 1)
            if last - first > 1
        )

    def _is_spoken(self, name: str) -> bool:
        """Tell whether a name, without others beside it, is a part of a sensitive phrase."""
        known = self._spoken[hash(name)]
        if known is None:
            words = words_of(name)
            known = self._has_own or not name.isascii() or any(word.rstrip("s") in self._vocabulary for word in words)
            self._spoken.put(hash(name), known)
        return known

    def _is_phrase(self, phrase: str) -> bool:
        known = self._known[hash(phrase)]
        if known is None:
            known = self._is_sensitive(phrase)
            self._known.put(hash(phrase), known)
        return known

    def _is_sensitive(self, name: str) -> bool:
        verdict = self._keys.verdict(name)
        return bool(verdict.kind) and verdict.level <= self._level


def _is_number(name: str) -> bool:
    """Tell whether a long run is a hash, an identifier or a key, which no name is, by its letters and digits."""
    return name.isalnum() and sum(map(str.isdigit, name[-_LONGEST_NAME:])) > _MOST_DIGITS


def _words_before(text: str, at: int) -> list[str]:
    """Return up to two words that stand before a place, each with one space behind it."""
    words: list[str] = []
    while len(words) < _MOST_WORDS - 1 and text[at - 1 : at] == " ":
        window = text[max(0, at - 1 - _LONGEST_NAME) : at - 1]
        word = window[len(window.rstrip(_NAME_CHARACTERS)) :]
        if not word or word[0].isdigit():  # a number is no part of a name
            break
        words.insert(0, word)
        at -= 1 + len(word)
    return words
