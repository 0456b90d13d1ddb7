"""The engine on RE2 (package google-re2): automata find which rules a text can match, and where.

RE2 runs in time linear in the text, whatever the pattern and the text. What it reports is only where ``re`` has to
look, so that both engines give the same result.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

import re2

from recoup_plugins.security_sanitizer.engine import NAME_CHARACTERS
from recoup_plugins.security_sanitizer.gate_re2 import AtomSet, Re2Gate, options
from recoup_plugins.security_sanitizer.sample import octets
from recoup_plugins.security_sanitizer.sketch import locator

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from recoup_plugins.security_sanitizer.outline import Needs
    from recoup_plugins.security_sanitizer.rule import Search
    from recoup_plugins.security_sanitizer.sample import Sample

_SET_MEMORY: Final = 1 << 25
"""Bytes that the automaton of one set, or of a finder of many names, may take."""

_SEARCH_MEMORY: Final = 1 << 22
"""Bytes that the automaton of one pattern may take."""

_NAME_OCTET: Final = re.compile(b"[" + NAME_CHARACTERS + b"]")
_BETWEEN_NAMES: Final = bytes(_NAME_OCTET.match(bytes([code])) is None for code in range(256))
"""One for each octet that is no part of a name, else NUL."""


class Re2Engine:
    """Uses RE2 where it helps and is sure to agree with ``re``. Immutable, hence thread-safe and task-safe.

    Args:
        set_memory: bytes that each automaton of a gate may take.
    """

    __slots__ = ("_set_memory",)

    def __init__(self, set_memory: int = _SET_MEMORY) -> None:
        self._set_memory = set_memory

    def gate(self, needs: Sequence[Needs]) -> Re2Gate:
        """Return a gate for steps with these needs."""
        return Re2Gate(needs, self._set_memory)

    def searcher(self, pattern: re.Pattern[str]) -> Callable[[Sample], Search]:
        """Return what prepares the search for a pattern in a text."""
        return _Searcher(pattern)

    def literal_groups(self, groups: Sequence[Collection[bytes]]) -> Callable[[bytes], int]:
        """Return what tells of which groups a text's octets hold a literal."""
        return AtomSet({number: map(re.escape, group) for number, group in enumerate(groups)}, self._set_memory).met

    def name_finder(self, stems: Collection[str], pattern: str = "") -> Re2NameFinder:
        """Return a finder for names that match a pattern, or have one of the stems, which are in lower case."""
        either = "|".join(re.escape(octets(stem)).decode("latin-1").replace("\x80", r"\x80") for stem in stems)
        return Re2NameFinder(pattern or f"(?i:{either})")


class _Searcher:
    """Finds with RE2 where a pattern matches, and lets ``re`` match there. Immutable: thread-safe and task-safe."""

    __slots__ = ("_find", "_pattern")

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._find = _finder(pattern.pattern)

    def __call__(self, sample: Sample) -> Search:
        """Return a search in a text."""
        pattern, text, raw, find = self._pattern, sample.text, sample.raw, self._find
        if find is None:
            return partial(pattern.search, text)

        def search(at: int) -> re.Match[str] | None:
            place = find(raw, at)
            return None if place is None else pattern.search(text, place.start())

        return search


def _finder(pattern: str) -> Callable[[bytes, int], re2._Match | None] | None:
    """Return what finds where a pattern may match, for less than the pattern costs to compile; None for one unread."""
    try:
        find: Callable[[bytes, int], re2._Match | None] = re2.compile(
            locator(pattern).encode("ascii"), options(_SEARCH_MEMORY)
        ).search
    except re2.error:
        return None
    return find


class Re2NameFinder:
    """Looks for names with one automaton. Immutable but for what RE2 locks: thread-safe and task-safe.

    The automaton stops where a match ends, and what is left of the name is read without it: were that a part of the
    pattern, the automaton would make new states with each new name.
    """

    __slots__ = ("_find",)

    def __init__(self, pattern: str) -> None:
        self._find = re2.compile(pattern.encode("ascii"), options(_SET_MEMORY)).finditer

    def spans(self, sample: Sample) -> Iterator[tuple[int, int]]:
        """Yield, in order, where each run of name characters stands in which a match ends."""
        raw = b" " + sample.raw
        between = raw.translate(_BETWEEN_NAMES)
        done = 0
        for found in self._find(raw):
            end = found.end()
            if end > done:
                start = between.rfind(b"\1", 0, end) + 1
                done = between.find(b"\1", end)
                done = done if done >= 0 else len(raw)
                if start < done:
                    yield start - 1, done - 1
