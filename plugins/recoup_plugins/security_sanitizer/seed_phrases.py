"""Finds wallet seed phrases: runs of words from one of the lists of BIP-39, the English one or those of nine others."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from recoup_plugins.security_sanitizer.phrase_windows import phrase_window
from recoup_plugins.security_sanitizer.placeholders import PLAIN, Placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_PHRASE: Final = 12
"""Words in the shortest phrase that BIP-39 allows."""

_BETWEEN: Final = r"""[\s\u3000,;:.+\-_|"'\[\](){}=>#\\0-9\u2192\u2022\u00b7/]"""
_WORD = re.compile(r"[A-Za-z]{1,32}")
_ANY_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u3099\u309a]){1,32}")
_GAP = re.compile(_BETWEEN + "{1,12}", re.ASCII)
_WIDEST_GAP: Final = 12
_LONGEST_PHRASE: Final = 24
_LARGEST_ITEM: Final = 3
_FEWEST_LABELS: Final = 10
"""Times that a word stands in a run that is no part of the phrase, but of the names of its words."""


@cache
def word_list() -> frozenset[str]:
    """Return the 2,048 English words of BIP-39."""
    text = files("recoup_plugins.security_sanitizer").joinpath("bip39_english.txt").read_text("ascii")
    return frozenset(text.split())


@cache
def other_languages() -> dict[str, tuple[int, ...]]:
    """Return the words of BIP-39 in nine other languages, composed (NFC), each with the numbers of its languages."""
    path = files("recoup_plugins.security_sanitizer").joinpath("bip39_other_languages.txt")
    languages: dict[str, tuple[int, ...]] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines()):
        for word in line.split():
            languages[word] = (*languages.get(word, ()), number)
    return languages


@cache
def all_words() -> frozenset[str]:
    """Return the words of BIP-39 in all ten languages, composed (NFC)."""
    return word_list().union(other_languages())


def words_in(text: str) -> list[str]:
    """Return the words of a text in any language, composed (NFC) and in lower case."""
    return _ANY_WORD.findall(normalize("NFC", text).lower())


def hide_phrases(text: str, placeholders: Placeholders = PLAIN) -> str:
    """Return text with every phrase in any of the languages replaced."""
    text = _hide_english(text, placeholders)
    pieces: list[str] = []
    done = 0
    for start, end in _runs_of_others(text):
        pieces += [text[done:start], placeholders.of("SEED_PHRASE", text[start:end])]
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _runs_of_others(text: str) -> Iterator[tuple[int, int]]:
    """Yield where twelve words or more stand in a row that one of the other languages lists."""
    languages = other_languages()
    runs: dict[int, tuple[int, int]] = {}  # by language: words so far, and where the first stands
    end = 0
    for match in _ANY_WORD.finditer(text):
        word = match.group().lower()
        listed = languages.get(word if word.isascii() else normalize("NFC", word), ())
        joined = match.start() - end <= _WIDEST_GAP and _GAP.fullmatch(text, end, match.start()) is not None
        going = {language: runs[language] for language in listed if joined and language in runs}
        if not going and (start := _begin_of_phrase(runs)) is not None:
            yield start, end
        runs = {}
        for language in listed:
            count, start = going.get(language, (0, match.start()))
            runs[language] = count + 1, start
        end = match.end()
    if (start := _begin_of_phrase(runs)) is not None:
        yield start, end


def _begin_of_phrase(runs: dict[int, tuple[int, int]]) -> int | None:
    count, start = max(runs.values(), default=(0, 0))
    return start if count >= SHORTEST_PHRASE else None


def _hide_english(text: str, placeholders: Placeholders = PLAIN) -> str:
    """Return text with every run of twelve or more English words replaced; numbering and punctuation count as gaps.

    Of a run that is too long for a phrase, only the words are replaced that have a phrase's checksum.
    """
    known = word_list()
    pieces: list[str] = []
    done = 0
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        listed = match.group().lower() in known
        end = run[-1].end() if run else 0
        joined = run and match.start() - end <= _WIDEST_GAP and _GAP.fullmatch(text, end, match.start())
        if not (listed and joined):
            done = _hide_run(text, run, done, pieces, placeholders)
            run = []
        if listed:
            run.append(match)
    done = _hide_run(text, run, done, pieces, placeholders)
    return "".join([*pieces, text[done:]]) if pieces else text


def _hide_run(text: str, run: list[re.Match[str]], done: int, pieces: list[str], placeholders: Placeholders) -> int:
    """Add what stands before the phrase in a run, and its placeholder; return where the text goes on."""
    if len(run) < SHORTEST_PHRASE:
        return done
    words = Counter(match.group().lower() for match in run)
    if len(run) > _LONGEST_PHRASE - SHORTEST_PHRASE and max(words.values()) >= _FEWEST_LABELS:
        labels = {word for word, count in words.items() if count >= _FEWEST_LABELS}  # "word_1=..., word_2=..."
        run = [match for match in run if match.group().lower() not in labels]
        if len(run) < SHORTEST_PHRASE:
            return done
    first, last = phrase_window([match.group().lower() for match in run])
    start, end = run[first].start(), run[last - 1].end()
    pieces += [text[done:start], placeholders.of("SEED_PHRASE", text[start:end])]
    return end


def end_of_phrase(text: str, start: int) -> int | None:
    """Return where the phrase of English words ends that begins at a place, whatever parts them; None for no phrase."""
    known = word_list()
    count, end = 0, start
    for match in _WORD.finditer(text, start):
        joined = match.start() == start or _GAP.fullmatch(text, end, match.start()) is not None
        if not joined or match.group().lower() not in known or count == _LONGEST_PHRASE:
            break
        count, end = count + 1, match.end()
    return end if count >= SHORTEST_PHRASE else None


def is_numbered_phrase(items: list[Any]) -> bool:
    """Tell whether items are the words of a phrase with their numbers: pairs, or mappings such as ``{"i": 0, "w": …}``.

    Each has exactly one text; the items of order books have two.
    """
    if len(items) < SHORTEST_PHRASE or type(items[0]) not in (tuple, list, dict):
        return False
    words = []
    for item in items:
        parts = list(item.values()) if type(item) is dict else item
        if type(parts) not in (tuple, list) or len(parts) > _LARGEST_ITEM:
            return False
        texts = [part for part in parts if type(part) is str]
        if len(texts) != 1:
            return False
        words += texts
    return is_phrase(words)


def is_phrase(words: list[str] | tuple[str, ...]) -> bool:
    """Tell whether a sequence of strings is itself a seed phrase, one word an item."""
    if len(words) < SHORTEST_PHRASE or not all(type(word) is str for word in words):
        return False
    known = word_list()
    if len(set(words)) < len(words) / 2:
        return False
    if words[0].lower() in known and all(word.lower() in known for word in words):
        return True
    others = other_languages()
    if normalize("NFC", words[0].lower()) not in others:
        return False
    listed = [others.get(normalize("NFC", word.lower())) for word in words]
    return listed[0] is not None and any(all(at and language in at for at in listed) for language in listed[0])
