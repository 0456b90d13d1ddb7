"""Widens patterns of ``re`` into sketches: patterns that an automaton decides with few states.

A sketch matches wherever its pattern does, and in few other places. Long counts lose their end, anchors go, and
characters outside ASCII become the one octet that stands for all of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_COUNT: Final = 16
_WIDEST_COUNT: Final = 8
_USUAL_RUN: Final = 64
"""Characters up to which runs of hashes and keys are everyday; longer ones are worth the states they take."""

_FOREIGN: Final = r"(?:[^\x00-\x7f]|\\u[0-9a-fA-F]{4}|\\x[89a-fA-F][0-9a-fA-F])"
_FOREIGN_ONE = re.compile(_FOREIGN)
_FOREIGN_RANGE = re.compile(rf"(?:{_FOREIGN}|\\?[\x00-\x7f])-{_FOREIGN}|{_FOREIGN}")
_TOKEN = re.compile(
    rf"{_FOREIGN}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{{(?P<least>\d{{1,4}})(?:,(?P<most>\d{{0,4}}))?\}}\??|[\^$]",
    re.DOTALL,
)
_ANCHORS: Final = frozenset([r"\A", r"\Z", "^", "$"])
_OPAQUE: Final = r"\x80"


def sketch(pattern: str) -> str:
    """Return a pattern for RE2, in ASCII, that matches the octets of each text that a pattern of ``re`` matches."""
    return _counting(pattern, _widened)


def locator(pattern: str) -> str:
    """Return a sketch whose matches end as early as they can, or a search for the next one would read on and on."""
    return _counting(pattern, _shortened)


def _counting(pattern: str, count: Callable[[re.Match[str]], str]) -> str:
    return _TOKEN.sub(lambda token: _over_octets(token) if token["least"] is None else count(token), pattern)


def _over_octets(token: re.Match[str]) -> str:
    found = token.group()
    if found[0] == "[":
        if found[1] == "^":  # what stands for all characters outside ASCII also stands for those that are not excluded
            return _FOREIGN_RANGE.sub("", found)
        return _FOREIGN_ONE.sub(lambda _: _OPAQUE, found)
    if found in _ANCHORS:
        return ""
    return _OPAQUE if _FOREIGN_ONE.match(found) else found


def _shortened(token: re.Match[str]) -> str:
    widened = _widened(token)
    return f"{widened}?" if widened.endswith(",}") else widened


def _widened(token: re.Match[str]) -> str:
    least, most = int(token["least"]), token["most"]
    if most is None and not _LONGEST_COUNT < least <= _USUAL_RUN:
        return f"{{{least}}}"
    if most and int(most) - least <= _WIDEST_COUNT and int(most) <= _LONGEST_COUNT:
        return f"{{{least},{most}}}"
    return f"{{{min(least, _LONGEST_COUNT)},}}"
