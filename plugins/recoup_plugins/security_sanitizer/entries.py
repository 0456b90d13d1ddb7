"""Divides a log into its entries, so that a name in one is never joined to a value in the next.

An entry begins at a line with the head that loggers write: a time, a level, or both, an access log's address, or an
object of JSON Lines. What follows up to the next head belongs to it: a stack trace, a block of YAML, a table. A time
alone is no head where a delimiter of tables follows it, since rows of tables begin with times too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEVEL: Final = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b"
_TIME: Final = r"\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+\-]\d\d:?\d\d)?"
_ENTRY: Final = (
    rf"\[?(?:(?:\d{{4}}[\-/]\d\d[\-/]\d\d[T ]|[A-Z][a-z]{{2}} [ \d]\d )?{_TIME}\]?"
    rf"(?: (?=[A-Za-z\[(<])|[ \-|]{{1,4}}\[?(?={_LEVEL}))|{_LEVEL}(?:\]|:|\]:)? (?=\S)|"
    r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3} - )|\{\""
)
_HEAD = re.compile(_ENTRY, re.ASCII)
_NEXT_HEAD = re.compile(f"\n(?={_ENTRY})", re.ASCII)


def entry_around(text: str, at: int, first: int = 0, last: int | None = None) -> tuple[int, int]:
    """Return where the entry begins that holds a place, and where it ends: behind its last line feed.

    Args:
        text: any text.
        at: a place in it.
        first: where the log begins that the text has in it.
        last: where that ends; None: with the text.
    """
    last = len(text) if last is None else last
    start = max(text.rfind("\n", first, at) + 1, first)
    while start > first and not _HEAD.match(text, start, last):
        start = max(text.rfind("\n", first, start - 1) + 1, first)
    after = _NEXT_HEAD.search(text, at, last)
    return start, last if after is None else after.end()


def entries(text: str, places: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Yield the spans of the entries that hold one of the places, each once. Places come in ascending order."""
    end = 0
    for place in places:
        if place >= end:
            start, end = entry_around(text, place)
            yield start, end
