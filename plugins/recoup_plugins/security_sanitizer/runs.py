"""Searches for patterns whose matches are long runs of word characters, in such runs alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from recoup_plugins.security_sanitizer.sample import SHORTEST_RUN

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.security_sanitizer.rule import Search
    from recoup_plugins.security_sanitizer.sample import Sample

_WORD_CLASS = r"\[(?:[A-Za-z0-9]-[A-Za-z0-9]|\w|\\w|\\d)+\]|\\w|\\d|\w"
_COUNT = r"(?:\{(\d{1,3})(?:,\d{1,3})?\})?"
_PART = re.compile(rf"(?:{_WORD_CLASS}){_COUNT}")
_WHOLE = re.compile(rf"\\b(?:(?:{_WORD_CLASS})(?:\{{\d{{1,3}}(?:,\d{{1,3}})?\}})?)+\\b")


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
            return next((found for start, _ in runs if start >= at and (found := pattern.match(text, start))), None)

        return search

    return prepare
