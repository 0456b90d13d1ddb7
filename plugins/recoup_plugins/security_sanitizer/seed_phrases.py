"""Finds wallet seed phrases: runs of words from the English BIP-39 list."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

from recoup_plugins.security_sanitizer.placeholders import PLAIN, Placeholders

SHORTEST_PHRASE: Final = 12
"""Words in the shortest phrase that BIP-39 allows."""

SHORT_WORDS: Final = re.compile("(?i:" + "[a-z]{3,8}[^a-z]{1,12}" * 11 + "[a-z]{3,8})", re.ASCII)
"""Matches twelve words in a row of three to eight letters, as every listed word has."""

_WORD = re.compile(r"[A-Za-z]{1,32}")
_GAP = re.compile(r"""[\s,;:.\-_|"'\[\]()#\\0-9]{1,12}""", re.ASCII)
_WIDEST_GAP: Final = 12


@cache
def word_list() -> frozenset[str]:
    """Return the 2,048 English words of BIP-39."""
    text = files("recoup_plugins.security_sanitizer").joinpath("bip39_english.txt").read_text("ascii")
    return frozenset(text.split())


def may_hold_phrase(text: str) -> bool:
    """Tell whether a text has twelve listed words in a row, whatever stands between them."""
    known = word_list()
    length = 0
    for word in _WORD.findall(text.lower()):
        length = length + 1 if word in known else 0
        if length >= SHORTEST_PHRASE:
            return True
    return False


def hide_phrases(text: str, placeholders: Placeholders = PLAIN) -> str:
    """Return text with every run of twelve or more listed words replaced; numbering and punctuation count as gaps."""
    known = word_list()
    pieces: list[str] = []
    done = 0
    start = end = run = 0
    for match in _WORD.finditer(text):
        listed = match.group().lower() in known
        joined = run and match.start() - end <= _WIDEST_GAP and _GAP.fullmatch(text, end, match.start())
        if not (listed and joined):
            if run >= SHORTEST_PHRASE:
                pieces += [text[done:start], placeholders.of("SEED_PHRASE", text[start:end])]
                done = end
            run, start = 0, match.start()
        if listed:
            run += 1
            end = match.end()
    if run >= SHORTEST_PHRASE:
        pieces += [text[done:start], placeholders.of("SEED_PHRASE", text[start:end])]
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def is_phrase(words: list[str] | tuple[str, ...]) -> bool:
    """Tell whether a sequence of strings is itself a seed phrase, one word an item."""
    known = word_list()
    return len(words) >= SHORTEST_PHRASE and all(type(word) is str and word.lower() in known for word in words)
