"""Replaces parts of a text, and tells where the rest of it stands then."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recoup_plugins.security_sanitizer.notations import Span


class Replacements:
    """Parts of a text with what takes their places. Immutable, hence thread-safe and task-safe.

    Args:
        parts: where each part begins and ends, and what takes its place; in ascending order, without overlap.
    """

    __slots__ = ("_moved", "_parts", "_starts")

    def __init__(self, parts: Sequence[tuple[int, int, str]]) -> None:
        self._parts = parts
        self._starts = [start for start, _, _ in parts]
        self._moved = [0, *accumulate(len(new) - (end - start) for start, end, new in parts)]

    def applied(self, text: str) -> str:
        """Return the text with each part replaced."""
        pieces: list[str] = []
        done = 0
        for start, end, new in self._parts:
            pieces += [text[done:start], new]
            done = end
        return "".join([*pieces, text[done:]])

    def moved(self, spans: Sequence[Span]) -> list[Span]:
        """Return where spans of the text stand then, but for those that end within a part, which is gone."""
        return [(self._place(start), self._place(end)) for start, end in spans if not self._holds(end)]

    def _place(self, place: int) -> int:
        number = bisect_right(self._starts, place)
        if self._holds(place):
            return self._starts[number - 1] + self._moved[number - 1]
        return place + self._moved[number]

    def _holds(self, place: int) -> bool:
        number = bisect_right(self._starts, place)
        return number > 0 and place < self._parts[number - 1][1]
