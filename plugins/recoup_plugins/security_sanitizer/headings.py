"""Tells sentences behind a colon from values: messages of loggers and exceptions, and what a document says of a field.

``bot.exchange.authentication: Expired session, trying again``, ``InvalidAddress: 83309 has no address``,
``include_secrets: whether to show them``, ``password: Redis password``.
"""

# ruff: noqa: SIM905 - long lists of words read best as text

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.keys import words_of
from recoup_plugins.security_sanitizer.seed_phrases import word_list
from recoup_plugins.security_sanitizer.values import looks_random

_FEWEST_PACKAGES: Final = 2
_FEWEST_HUMPS: Final = 2
_BEFORE_SOURCE: Final = " \t\n[(|"
_COMPLAINT: Final = re.compile(
    r"(?:Invalid|Missing|Unknown|Unsupported|Bad|No|Not|Wrong|Duplicate|Expired|Failed|Unauthori[sz]ed|Incorrect)[A-Z]",
    re.ASCII,
)
_NOT_IN_SOURCE: Final = re.compile(r"[^\w.]", re.ASCII)
_MESSAGE: Final = re.compile(
    r" (?:[\"'(]?[A-Za-z][A-Za-z']{0,23}[\"')]?[,.:]?|`[^`\n]{1,60}`) [a-z][a-z']{0,23}(?![\w=+/])", re.ASCII
)
_ABOUT: Final = re.compile(
    r" \[?[\w\-]{1,40} (?:\d{1,5}\] )?[A-Za-z_.]{1,64}(?:\(\))? [a-z]{1,24}(?![\w=+/])", re.ASCII
)
_WORD: Final = re.compile(r"[A-Za-z]?[a-z']{0,11}(?:-[a-z]{1,12})?[,.]?", re.ASCII)
_CONNECTING: Final = frozenset(
    """
    a an the of to is was are be not in on for and or with by from no it has should cannot could which as at if already
""".split()
)
"""Words that hold a sentence together; none of them is in the list of words for seed phrases."""

_OF_THINGS: Final = frozenset(["the", "of", "a", "an"])
_SCHEMES: Final = (" Bearer ", " Basic ", " Token ", " Digest ", " ApiKey ", " JWT ")
_DESCRIPTION: Final = re.compile(r"[ ]{1,40}[A-Za-z\-]")
_LONGEST_WORD: Final = 9
_SHORT_WORD: Final = 7
_WINDOW: Final = 160
_FIRST_WORDS: Final = 5
_CHOSEN: Final = frozenset(["USER", "ACCOUNT", "PASSWORD"])
"""What may be any word: only a sentence about a thing of that name is believed to be one."""


def is_sentence(text: str, colon: int, name: str, kind: str) -> bool:
    """Tell whether a sentence follows the colon behind a sensitive name, instead of a value.

    Args:
        text: any text.
        colon: where the colon stands.
        name: the name before it.
        kind: the placeholder that the name calls for.
    """
    if kind == "SEED_PHRASE" or not text.startswith(": ", colon) or text.startswith(_SCHEMES, colon + 1):
        return False
    words = text[colon + 2 : colon + _WINDOW].partition("\n")[0].split(" ", _FIRST_WORDS)[:_FIRST_WORDS]
    if len(words) > 1 and _is_of_thing(words, name, kind):
        return True
    return kind != "PASSWORD" and _is_heading(text, colon)


def is_explained(option: re.Match[str], kind: str) -> bool:
    """Tell whether what stands behind an option is no value: its description in a help text, or the next word.

    Args:
        option: a match whose groups are the name of the option and what may be its value.
        kind: the placeholder that the name calls for.
    """
    value = option.group(2).strip("[]<>")
    if not value.replace("-", "").isalpha():
        return False
    apart = option.group()[: option.start(2) - option.start()].endswith("  ")
    described = _DESCRIPTION.match(option.string, option.end())
    if described is not None and (apart or described.group().startswith("  ")):
        return True
    return kind in ("SIGNATURE", "AUTHORIZATION") and value.islower() and len(value) <= _LONGEST_WORD


def _is_of_thing(words: list[str], name: str, kind: str) -> bool:
    """Tell whether words speak of a thing: they name it, or hold together as a sentence does."""
    if _WORD.fullmatch(words[0]) is None:
        return False
    second = words[1].rstrip(".,;:)")
    if words_of(name)[-1:] == [second.lower()]:
        return True
    if kind in _CHOSEN:
        return second in _OF_THINGS
    if words[0].endswith("ing") and words[0].istitle() and second.islower():
        return True  # "aws_secret.okx: Refreshing state"
    if len(words) > _FEWEST_HUMPS and all(map(_WORD.fullmatch, words[:3])) and not word_list().issuperset(words[:3]):
        return True  # "references non-existent secret keys"
    short = kind != "SECRET" and len(words[0]) <= _SHORT_WORD and second.isalpha() and second.islower()
    return short or not _CONNECTING.isdisjoint(words[1:])


def is_remark(value: str) -> bool:
    """Tell whether a bracketed value is what a validator says of a field: ``['min length is 8']``."""
    words = value.strip("[](){}'\"").split(" ", _FIRST_WORDS)
    return len(words) > _FEWEST_HUMPS and not _CONNECTING.isdisjoint(words) and not any(map(looks_random, words))


def _is_heading(text: str, colon: int) -> bool:
    """Tell whether a logger's or an exception's name ends at the colon, and a message follows."""
    window = text[max(0, colon - _WINDOW) : colon]
    foreign = [*_NOT_IN_SOURCE.finditer(window)]
    source = window[foreign[-1].end() :] if foreign else window
    if foreign and foreign[-1].group() not in _BEFORE_SOURCE:
        return False
    packages, _, last = source.rpartition(".")
    if _COMPLAINT.match(last) and _ABOUT.match(text, colon + 1):
        return True
    is_class = last.isalnum() and last[:1].isupper() and len(words_of(last)) >= _FEWEST_HUMPS
    is_source = is_class or packages.count(".") + 1 >= _FEWEST_PACKAGES
    return is_source and _MESSAGE.match(text, colon + 1) is not None
