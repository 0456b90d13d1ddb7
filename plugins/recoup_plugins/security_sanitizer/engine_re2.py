"""The engine on RE2 (package google-re2): automata find which rules a text can match, and where.

RE2 runs in time linear in the text, whatever the pattern and the text. What it reports is only where ``re`` has to
look, so that both engines give the same result.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

import re2

from recoup_plugins.security_sanitizer.engine import NAME_CHARACTERS
from recoup_plugins.security_sanitizer.sample import octets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from recoup_plugins.security_sanitizer.outline import Needs
    from recoup_plugins.security_sanitizer.rule import Search
    from recoup_plugins.security_sanitizer.sample import Sample

_SET_MEMORY: Final = 1 << 25
"""Bytes that the automaton of one set may take; one level's set is in use as a rule."""

_SEARCH_MEMORY: Final = 1 << 22
"""Bytes that the automaton of one pattern may take."""

_LARGEST_PROGRAM: Final = 8000
"""Instructions above which RE2 is slower than ``re`` once its automaton does not fit into its memory."""

_LONGEST_COUNT: Final = 64
"""Word characters in a row beyond this count are not counted by a gate."""

_TELLING_LITERAL: Final = 3
"""Characters from which on a literal is rare enough to be looked for together with others."""

_NOTHING: Final = rb"[^\x00-\xff]"
"""A pattern that matches nowhere."""

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[\^$]", re.DOTALL)


def translated(pattern: str) -> bytes:
    r"""Return a pattern of ``re`` for RE2: ``\Z`` is written ``\z`` there, and ``$`` does not see a last line feed.

    Raises:
        UnicodeEncodeError: the pattern has characters outside ASCII.
    """
    anchors = {r"\Z": r"\z", "$": r"(?:\n?\z)", "^": r"\A"}
    return _TOKEN.sub(lambda token: anchors.get(token.group(), token.group()), pattern).encode("ascii")


def _options(memory: int) -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.max_mem = memory
    return options


class Re2Engine:
    """Uses RE2 where it helps and is sure to agree with ``re``. Immutable, hence thread-safe and task-safe.

    Args:
        set_memory: bytes that the automaton of a gate may take.
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

    def name_finder(self, stems: Collection[str]) -> Re2NameFinder:
        """Return a finder for names with one of the stems, which are in lower case."""
        return Re2NameFinder(stems)


class Re2Gate:
    """Looks for all literals, and for all shapes, in one pass each. Thread-safe and task-safe: RE2 locks its automata.

    A set refuses to be compiled when its memory does not suffice, and should it run out later, reports nothing, as if
    nothing matched. So one pattern that matches every text is part of it: without that one in the answer, every step is
    needed.
    """

    __slots__ = ("_all", "_by_literal", "_by_shape", "_find", "_shapes", "_unnamed", "_unshaped", "_witness")

    def __init__(self, needs: Sequence[Needs], memory: int) -> None:
        self._all = tuple(range(len(needs)))
        shaped = {index: need.digits + need.words for index, need in enumerate(needs) if need.digits or need.words}
        named = {index: need.literals for index, need in enumerate(needs) if _are_telling(need.literals)}
        self._unshaped = frozenset(self._all) - frozenset(shaped)
        self._unnamed = tuple(() if index in named else need.literals or (b"",) for index, need in enumerate(needs))
        self._by_literal = _by_literal(named)
        longest_first = b"|".join(map(re.escape, sorted(self._by_literal, reverse=True)))
        self._find = re2.compile(longest_first or _NOTHING, _options(memory)).search
        self._by_shape = tuple(shaped)
        self._shapes: re2.Set | None = re2.Set.SearchSet(_options(memory))
        for shapes in shaped.values():
            self._shapes.Add(b"|".join(map(_outline_pattern, shapes)))
        self._witness = self._shapes.Add(b"")
        try:
            self._shapes.Compile()
        except re2.error:  # the memory does not suffice for so many shapes
            self._shapes = None

    def opened(self, sample: Sample) -> Sequence[int]:
        """Return the indices of the steps whose needs the text meets."""
        found = self._shapes.Match(sample.digits) if self._shapes is not None else ()
        if self._witness not in found:
            return self._all
        named, unnamed = self._named(sample.lowered), self._unnamed
        holds = sample.lowered.__contains__
        shaped = {self._by_shape[place] for place in found if place != self._witness} | self._unshaped
        return sorted(index for index in shaped if index in named or any(map(holds, unnamed[index])))

    def _named(self, lowered: bytes) -> set[int]:
        find, by_literal = self._find, self._by_literal
        named: set[int] = set()
        place = find(lowered)
        while place is not None:
            start, end = place.span()
            named |= by_literal[lowered[start:end]]
            place = find(lowered, start + 1)
        return named


def _are_telling(literals: tuple[bytes, ...]) -> bool:
    return bool(literals) and min(map(len, literals)) >= _TELLING_LITERAL


def _by_literal(named: dict[int, tuple[bytes, ...]]) -> dict[bytes, frozenset[int]]:
    """Return which steps a literal stands for; one that is found also stands for those that it begins with."""
    steps: dict[bytes, set[int]] = {}
    for index, literals in named.items():
        for literal in literals:
            steps.setdefault(literal, set()).add(index)
    none: frozenset[int] = frozenset()
    return {
        literal: none.union(*(steps.get(literal[:size], ()) for size in range(1, len(literal) + 1)))
        for literal in steps
    }


def _outline_pattern(shape: bytes) -> bytes:
    """Return the pattern for a shape, with characters in a row counted, and runs no further than needed."""
    pieces = []
    for code, run in groupby(shape):
        count = len(list(run))
        one = b"[0a]" if code == ord("x") else re.escape(bytes([code]))
        pieces.append(one + b"{%d}" % (min(count, _LONGEST_COUNT) if code == ord("x") else count))
    return b"".join(pieces)


class _Searcher:
    """Finds with RE2 where a pattern matches, and lets ``re`` match there. Immutable: thread-safe and task-safe."""

    __slots__ = ("_found", "_pattern")

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._found = _compiled(pattern.pattern)

    def __call__(self, sample: Sample) -> Search:
        """Return a search in a text."""
        pattern, text, raw = self._pattern, sample.text, sample.raw
        if self._found is None:
            return partial(pattern.search, text)
        find = self._found.search

        def search(at: int) -> re.Match[str] | None:
            place = find(raw, at)
            return None if place is None else pattern.search(text, place.start())

        return search


def _compiled(pattern: str) -> re2._Regexp | None:
    try:
        compiled = re2.compile(translated(pattern), _options(_SEARCH_MEMORY))
    except (re2.error, UnicodeEncodeError):
        return None
    return compiled if compiled.programsize <= _LARGEST_PROGRAM else None


class Re2NameFinder:
    """Looks for stems with one automaton. Immutable but for what RE2 locks: thread-safe and task-safe."""

    __slots__ = ("_names",)

    def __init__(self, stems: Collection[str]) -> None:
        either = b"|".join(re.escape(octets(stem)) for stem in stems)
        around = b"[" + NAME_CHARACTERS + b"]*"
        self._names = re2.compile(around + b"(?:" + either + b")" + around, _options(_SEARCH_MEMORY))

    def spans(self, sample: Sample) -> Iterator[tuple[int, int]]:
        """Yield, in order, where each run of name characters stands that contains a stem in any casing."""
        for name in self._names.finditer(sample.lowered):
            yield name.span()
