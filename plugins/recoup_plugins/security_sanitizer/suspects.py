"""Finds, for next to nothing, the places where a sensitive name may stand, so that only those are read closely."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.cache import BoundedCache
from recoup_plugins.security_sanitizer.key_tables import ANYWHERE, LAST, PHRASES
from recoup_plugins.security_sanitizer.keys import words_of
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.name_stems import FIX_TAGS, LOGIN_WORDS, pattern_of, substrings_of
from recoup_plugins.security_sanitizer.rules_names import name_before
from recoup_plugins.security_sanitizer.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.security_sanitizer.engine import Engine
    from recoup_plugins.security_sanitizer.keys import KeyPolicy

_LONGEST_NAME: Final = 64
_MOST_DIGITS: Final = 7
_MOST_PARTS: Final = 6
_MOST_WORDS: Final = 3
_WIDEST_NEIGHBOURS: Final = 2 * (_LONGEST_NAME + 2)
_ESCAPES: Final = frozenset("nrt")
_OF_TIMES: Final = "0123456789:,"
_PARTS = re.compile(r"[.$\-]{1,64}")
_NAME_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-$"
_AFTER = re.compile(r" ([^\W\d][\w.$\-]{0,63})(?: ([^\W\d][\w.$\-]{0,63}))?")
_BEFORE_OPERATION = re.compile(r"[:=]\s{0,3}\\{0,8}[\"']?[\w./\-]{0,32}\Z", re.ASCII)
_WIDEST_BEFORE: Final = 48
_BEHIND_TAGS: Final = ("=", '"', "'", "\\")
"""What may stand behind the tag of a FIX field, which is a name in quotes where the message is JSON."""

_MADE_BY_ANY_WORD: Final = ("key", "keys")
"""Names that are sensitive behind nearly any word; others need one beside them that is in the tables too."""


class Suspects:
    """The names that are sensitive at one level, alone or with the words beside them. Thread-safe and task-safe.

    What it remembers of a text are keyed 64-bit hashes, since what stands where a name could be may be a secret.

    Args:
        keys: what says whether a name is sensitive.
        level: the level at which it is asked.
        engine: finds the names that hold a stem.
    """

    __slots__ = (
        *("_beside", "_continued", "_finder", "_has_own", "_keys", "_known", "_level", "_own", "_spoken"),
        "_vocabulary",
    )

    def __init__(self, keys: KeyPolicy, level: Level, engine: Engine) -> None:
        own = tuple(stem.lower() for stem in keys.stems(level))
        self._keys = keys
        self._level = level
        self._own = own
        self._has_own = bool(own)
        pattern = "|".join((pattern_of(level), *(f"(?i:{re.escape(stem)})" for stem in own if stem.isascii())))
        stems = {*substrings_of(level), *own}
        self._finder = None if level is Level.CRITICAL else engine.name_finder(sorted(stems), pattern)
        self._beside: BoundedCache[int, bool] = BoundedCache(4096)
        self._continued: BoundedCache[int, bool] = BoundedCache(4096)
        self._known: BoundedCache[int, bool] = BoundedCache(4096)
        self._spoken: BoundedCache[int, bool] = BoundedCache(4096)
        tables = (ANYWHERE, LAST, PHRASES)
        self._vocabulary = " ".join((name for table in tables for name, (_, low) in table.items() if low <= level))

    @property
    def everywhere(self) -> bool:
        """Whether every name may be sensitive: amounts, prices and orders have the names of everyday."""
        return self._finder is None

    def spans(self, sample: Sample) -> Iterator[tuple[int, int]]:
        """Yield in ascending order where names stand that may be sensitive."""
        text = sample.text
        if self._finder is None:
            yield from ((place, place) for place in range(len(text)))
            return
        for begin, end in self._finder.spans(sample):
            before = text[begin - 1 : begin]
            if before == "/" == text[end : end + 1]:
                continue  # a part of a path
            is_escape = before == "\\" and text[begin] in _ESCAPES
            start = begin + is_escape
            if end - start > _LONGEST_NAME:
                if not _is_number(text[start:end]):
                    yield start, end
            elif (
                self._is_suspect(text[start:end])
                or self._is_in_phrase(text, start, end)
                or _logs_in(text, start, end)
                or (text[end - 1].isdigit() and text[end : end + 1] in _BEHIND_TAGS and self._is_tag(text[start:end]))
            ):
                yield start, end

    def places(self, sample: Sample) -> Iterator[int]:
        """Yield in ascending order where names begin that may be sensitive."""
        return (start for start, _ in self.spans(sample))

    def any(self, text: str) -> bool:
        """Tell whether a name that may be sensitive stands anywhere in a text."""
        return next(self.places(Sample(text)), None) is not None

    def goes_on(self, text: str, start: int, end: int, last: int) -> bool:
        """Tell whether a name is a part of one that ends with the first word behind it, or with the second one.

        Args:
            text: any text.
            start: where the name begins.
            end: where it ends.
            last: where the words behind it end.
        """
        floor = start
        if text[start - 1 : start] == " ":
            window = max(0, start - _WIDEST_NEIGHBOURS)
            floor = max(text.rfind(" ", window, start - 1) + 1, window)
        words = hash(text[floor:last])
        known = self._continued[words]
        if known is None:
            ends = {last, text.rfind(" ", end + 1, last)} - {-1}
            known = any(name_before(self._keys, text, place, floor, self._level)[1] for place in ends)
            self._continued.put(words, known)
        return known

    def _is_suspect(self, name: str) -> bool:
        known = self._known[hash(name)]
        if known is None:
            known = self._judge(name)
            self._known.put(hash(name), known)
        return known

    def _judge(self, name: str) -> bool:
        """Tell whether a name, or one of the names in a dotted path or header, is sensitive."""
        if self._own and any(map(name.lower().__contains__, self._own)):
            return True
        parts = [part for part in _PARTS.split(name) if part]
        return len(parts) > _MOST_PARTS or any(
            self._is_sensitive("-".join(parts[start:])) for start in range(len(parts))
        )

    def _is_tag(self, name: str) -> bool:
        """Tell whether a number is the tag of a sensitive FIX field, also behind its separator written as ``^A``."""
        lowest = FIX_TAGS.get(name.rpartition("\u2401")[2].removeprefix("A"))
        return lowest is not None and lowest <= self._level

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
            known = self._makes_phrase(text, start, end)
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


def _logs_in(text: str, start: int, end: int) -> bool:
    """Tell whether a value is the name of an operation that logs in."""
    name = text[start:end].lower()
    if not any(map(name.__contains__, LOGIN_WORDS)):
        return False
    return _BEFORE_OPERATION.search(text, max(0, start - _WIDEST_BEFORE), start) is not None


def _is_number(name: str) -> bool:
    """Tell whether a long run is a hash, an identifier or a key, which no name is, by its letters and digits."""
    return name.isalnum() and sum(map(str.isdigit, name[-_LONGEST_NAME:])) > _MOST_DIGITS


def _words_before(text: str, at: int) -> list[str]:
    """Return up to two words that stand before a place, each with one space behind it."""
    words: list[str] = []
    while len(words) < _MOST_WORDS - 1 and text[at - 1 : at] == " ":
        window = text[max(0, at - 1 - _LONGEST_NAME) : at - 1]
        before = window.rstrip(_NAME_CHARACTERS)
        word = window[len(before) :]
        if before[-1:] == "\\" and word[:1] in _ESCAPES:
            word = word[1:]
        if not word or word[0].isdigit():  # a number is no part of a name
            break
        words.insert(0, word)
        at -= 1 + len(word)
    return words
