"""Finds wallet seed phrases: runs of words from the English BIP-39 list."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

SHORTEST_PHRASE: Final = 12
"""Words in the shortest phrase that BIP-39 allows."""

SHORTEST_TEXT: Final = 47
"""Characters of the shortest phrase: twelve words of three letters with what stands between them."""

_WORD = re.compile(r"[A-Za-z]{1,32}")
_GAP = re.compile(r"""[\s,;:.\-_|"'\[\]()#\\0-9]{1,12}""", re.ASCII)
_WIDEST_GAP: Final = 12
_AROUND: Final = b"\"',.;:[](){}#-_|0123456789"
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz"


@cache
def word_list() -> frozenset[str]:
    """Return the 2,048 English words of BIP-39."""
    text = files("recoup_plugins.security_sanitizer").joinpath("bip39_english.txt").read_text("ascii")
    return frozenset(text.split())


@cache
def _known_tokens() -> frozenset[bytes]:
    return frozenset(word.encode() for word in word_list())


def _may_belong(token: bytes, known: frozenset[bytes]) -> bool:
    word = token.strip(_AROUND)
    return word in known or not word


def may_hold_phrase(tokens: list[bytes]) -> bool:
    """Tell cheaply whether lower-case tokens of a text can hold a phrase.

    A run of twelve words covers two places in a row that are multiples of six, so that only every sixth token is
    looked up. Numbers count as listed words, since phrases are printed numbered; so do tokens glued together.
    """
    known = _known_tokens()
    hit = False
    for place in range(0, len(tokens), 6):
        before, hit = hit, _may_belong(tokens[place], known)
        if before and hit and all(_may_belong(token, known) for token in tokens[place - 5 : place]):
            return True
    return max(map(len, tokens), default=0) >= SHORTEST_TEXT and any(
        len(token) >= SHORTEST_TEXT and len(token.translate(None, _LETTERS)) >= SHORTEST_PHRASE - 1 for token in tokens
    )


def hide_phrases(text: str, placeholder: str) -> str:
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
                pieces += [text[done:start], placeholder]
                done = end
            run, start = 0, match.start()
        if listed:
            run += 1
            end = match.end()
    if run >= SHORTEST_PHRASE:
        pieces += [text[done:start], placeholder]
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def is_phrase(words: list[str] | tuple[str, ...]) -> bool:
    """Tell whether a sequence of strings is itself a seed phrase, one word an item."""
    known = word_list()
    return len(words) >= SHORTEST_PHRASE and all(type(word) is str and word.lower() in known for word in words)
