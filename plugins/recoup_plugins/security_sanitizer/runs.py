"""Searches for patterns whose matches are long runs of word characters, in such runs alone."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.sample import SHORTEST_RUN

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.security_sanitizer.rule import Search
    from recoup_plugins.security_sanitizer.sample import Sample

_WORD_CLASS = r"\[(?:[A-Za-z0-9]-[A-Za-z0-9]|\w|\\w|\\d)+\]|\\w|\\d|\w"
_COUNT = r"(?:\{(\d{1,3})(?:,\d{1,3})?\})?"
_PART = re.compile(rf"(?:{_WORD_CLASS}){_COUNT}")
_WHOLE = re.compile(rf"\\b(?:(?:{_WORD_CLASS})(?:\{{\d{{1,3}}(?:,\d{{1,3}})?\}})?)+\\b")

MIXED_CASE: Final = r"[a-z]\d{0,126}[A-Z]|[A-Z]\d{0,126}[a-z]"
"""Matches in each run of up to 128 letters and digits that has capitals and small letters, so in no digest."""


def stays_in_run(pattern: str) -> bool:
    """Tell whether each match is a whole long run: enough word characters, with a boundary at either end."""
    if not _WHOLE.fullmatch(pattern):
        return False
    return sum(int(part.group(1) or 1) for part in _PART.finditer(pattern[2:-2])) >= SHORTEST_RUN


def within_runs(pattern: re.Pattern[str]) -> Callable[[Sample], Search]:
    """Return what prepares the search for such a pattern in a text."""

    def prepare(sample: Sample) -> Search:
        text, runs = sample.text, sample.runs

        def search(at: int) -> re.Match[str] | None:
            first = bisect_left(runs, (at, 0))
            return next(
                (found for start, _ in islice(runs, first, None) if (found := pattern.match(text, start))), None
            )

        return search

    return prepare
