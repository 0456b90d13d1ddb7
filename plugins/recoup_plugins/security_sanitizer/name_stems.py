"""What every sensitive name has in it, worked out from the tables of names, so that each entry is looked for.

A table's word is looked for where it can be a word of a name: at an end of the name, beside a separator, or where
capitals part the words (``apiToken``). ``being`` holds no ``ein`` then, and ``cancelled`` no ``cell``.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.key_tables import ANYWHERE, LAST, PHRASES, WITHIN
from recoup_plugins.security_sanitizer.levels import Level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_BETWEEN: Final = "[_.$-]?"
"""What may part the letters of a word that is a name of its own: ``e-mail``, ``user_name``."""

_SHORTEST_SPOKEN: Final = 8
"""Letters from which such a word may be written as several: ``mot de passe``."""

_APART: Final = "[0-9]{0,4}[_.$ -]{0,3}"
"""What may part the words of a phrase."""

_BEFORE: Final = r"(?:[^A-Za-z0-9]|\\[nrt])"
_AFTER: Final = r"s?(?:(?-i:[A-Z0-9_.$\x80-])|\b)"
_SHORTEST_COMPOUNDED: Final = 5
"""Letters from which a credential's word may end another: ``zugangstoken``."""

_ENDS: Final = ("secret", "token")
FIX_TAGS: Final = {"554": Level.LOW, "925": Level.LOW, "96": Level.LOW, "553": Level.HIGH}
"""Tags of FIX fields that hold credentials and users, with the levels at which they do."""

LOGIN_WORDS: Final = ("auth", "login", "logon", "signin", "sign_in", "server.sign")
"""Of which the name of each operation has one that logs in."""

_LOGIN_NAMES: Final = "(?i:" + "|".join(map(re.escape, LOGIN_WORDS)) + ")"
FOREIGN_OCTET: Final = "\\x80"
"""Any character outside ASCII, since names in other scripts are looked for as they are."""

_FOREIGN_LETTER: Final = "\u00e9"


@cache
def pattern_of(level: Level) -> str:
    """Return a pattern for RE2 that matches in each text with a name that the tables make sensitive at a level.

    It is for octets with one that is no letter or digit before them, and counts case. A match ends within the name. All
    names are in few tries, since what an automaton costs is the making of its states, each of which holds all that may
    begin at any place.
    """
    names = {word: {_AFTER} for word in _entries(level) if word.isascii()}
    for phrase in _phrases_at(level):
        first, *others = phrase.split("-")
        names.setdefault(first, set()).add("".join(f"{_APART}{re.escape(word)}" for word in others) + _AFTER)
    low = (word for word, (_, lowest) in {**ANYWHERE, **LAST}.items() if lowest is Level.LOW and word.isascii())
    within = {word: {_AFTER} for word in low if len(word) >= _SHORTEST_COMPOUNDED} | {word: {""} for word in WITHIN}
    tags = "|".join(tag for tag, lowest in FIX_TAGS.items() if lowest <= level)
    begins = sorted((letter.upper(), rests) for letter, rests in _by_letter(names).items() if letter.isalpha())
    begun = "|".join(f"{letter}(?i:{_trie(rests)})" for letter, rests in begins)
    spoken = "|".join(
        _spoken(word) for word in sorted(_entries(level)) if word.isascii() and len(word) >= _SHORTEST_SPOKEN
    )
    parts = (
        f"{_BEFORE}(?i:{_trie(names)})",
        begun,
        f"{_BEFORE}(?i:{spoken}){_AFTER}",
        f"(?i:{_trie(within)})",
        f"(?i:{'|'.join(map(_spoken, sorted(WITHIN)))})",
        rf"[^0-9](?:{tags})\b",
        _LOGIN_NAMES,
    )
    return "|".join((*parts, FOREIGN_OCTET))


@cache
def substrings_of(level: Level) -> frozenset[str]:
    """Return texts in lower case of which each such name has one once it is rid of ``_``, ``-``, ``.``, ``$``."""
    words = {word for word in _entries(level) if word.isascii()}
    stems = _shortest({*words, *WITHIN, *_ENDS})
    for phrase in _phrases_at(level):
        parts = phrase.split("-")
        if not any(stem in part for stem in stems for part in parts):
            stems.add(max(parts, key=len))
    tags = (tag for tag, lowest in FIX_TAGS.items() if lowest <= level)
    logins = (word.replace("_", "").replace(".", "") for word in LOGIN_WORDS)
    return frozenset({*_shortest(stems), *tags, *logins, _FOREIGN_LETTER})


def _entries(level: Level) -> Iterator[str]:
    for table in (ANYWHERE, LAST):
        yield from (word for word, (_, lowest) in table.items() if lowest <= level)


def _phrases_at(level: Level) -> Iterator[str]:
    yield from (phrase for phrase, (_, lowest) in PHRASES.items() if lowest <= level and phrase.isascii())


def _shortest(stems: Collection[str]) -> set[str]:
    """Return the stems that hold no other one."""
    kept: set[str] = set()
    for stem in sorted(stems, key=lambda stem: (len(stem), stem)):
        if not any(shorter in stem for shorter in kept):
            kept.add(stem)
    return kept


def _spoken(word: str) -> str:
    """Return what matches a word also with blanks in it, though not beside a single letter at its ends."""
    return word[:2] + "".join(f" ?{letter}" for letter in word[2:-1]) + word[-1:]


def _trie(words: Mapping[str, Collection[str]]) -> str:
    """Return a pattern for words in which each beginning stands once.

    Args:
        words: words of ASCII, each with the patterns for what may follow it.
    """
    letters = sorted(_by_letter(words).items())
    branches = [f"{re.escape(letter)}{_BETWEEN}(?:{_trie(rests)})" for letter, rests in letters]
    ends = sorted(words.get("", ()), key=lambda end: (len(end), end))  # the word before the phrases that it begins
    return "|".join((*branches, *ends))


def _by_letter(words: Mapping[str, Collection[str]]) -> dict[str, dict[str, Collection[str]]]:
    """Return the words without their first letters, by these."""
    held: dict[str, dict[str, Collection[str]]] = {}
    for word, follows in words.items():
        if word:
            held.setdefault(word[0], {})[word[1:]] = follows
    return held
