"""Finds wallet seed phrases: runs of words from the English BIP-39 list."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

from recoup_plugins.security_sanitizer.phrase_windows import phrase_window
from recoup_plugins.security_sanitizer.placeholders import PLAIN, Placeholders

SHORTEST_PHRASE: Final = 12
"""Words in the shortest phrase that BIP-39 allows."""

_BETWEEN: Final = r"""[\s,;:.\-_|"'\[\]()#\\0-9]"""

SHORT_WORDS: Final = re.compile(
    r"(?:\b|[^A-Za-z])" + rf"[A-Za-z]{{3,8}}{_BETWEEN}{{1,12}}" * 11 + "[A-Za-z]{3,8}", re.ASCII
)
"""Matches twelve words in a row of three to eight letters, as every listed word has, with what may part them."""

_WORD = re.compile(r"[A-Za-z]{1,32}")
_GAP = re.compile(_BETWEEN + "{1,12}", re.ASCII)
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
    """Return text with every run of twelve or more listed words replaced; numbering and punctuation count as gaps.

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
    first, last = phrase_window([match.group().lower() for match in run])
    start, end = run[first].start(), run[last - 1].end()
    pieces += [text[done:start], placeholders.of("SEED_PHRASE", text[start:end])]
    return end


def is_phrase(words: list[str] | tuple[str, ...]) -> bool:
    """Tell whether a sequence of strings is itself a seed phrase, one word an item."""
    known = word_list()
    return len(words) >= SHORTEST_PHRASE and all(type(word) is str and word.lower() in known for word in words)
