"""The engine on RE2 (package google-re2): automata find which rules a text can match, and where.

RE2 runs in time linear in the text, whatever the pattern and the text. What it reports is only where ``re`` has to
look, so that both engines give the same result.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import re2

from recoup_plugins.security_sanitizer.engine import NAME_CHARACTERS
from recoup_plugins.security_sanitizer.sample import octets
from recoup_plugins.security_sanitizer.sketch import over_octets, sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from recoup_plugins.security_sanitizer.engine import Finder
    from recoup_plugins.security_sanitizer.outline import Needs
    from recoup_plugins.security_sanitizer.rule import Search
    from recoup_plugins.security_sanitizer.sample import Sample

_SET_MEMORY: Final = 1 << 25
"""Bytes that the automaton of one set, or of a finder of many names, may take."""

_SEARCH_MEMORY: Final = 1 << 22
"""Bytes that the automaton of one pattern may take."""

_LARGEST_PROGRAM: Final = 8000
"""Instructions above which RE2 is slower than ``re`` once its automaton does not fit into its memory."""

_END: Final = rb"\z"
"""A pattern that matches every text, and nowhere but at its end."""


def _options(memory: int) -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.max_mem = memory
    options.never_capture = True
    return options


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

    def finder(self, pattern: str) -> Finder | None:
        """Return what finds the longest matches of a sketch; None where RE2 cannot read it."""
        options = _options(_SET_MEMORY)
        options.longest_match = True
        try:
            search = re2.compile(over_octets(pattern).encode("ascii"), options).search
        except re2.error:
            return None

        def find(raw: bytes, at: int) -> tuple[int, int] | None:
            found = search(raw, at)
            return None if found is None else found.span()

        return find

    def name_finder(self, stems: Collection[str]) -> Re2NameFinder:
        """Return a finder for names with one of the stems, which are in lower case."""
        return Re2NameFinder(stems)


class Re2Gate:
    """Looks for the sketches of all steps in a few passes. Thread-safe and task-safe: RE2 locks its automata.

    One automaton looks for all that may stand anywhere: most of what a pass costs is fetching states from memory, so a
    second automaton costs more than the greater number of states. Sketches of whole long runs of word characters have
    one for themselves, which only looks at such runs.
    """

    __slots__ = ("_over_runs", "_over_text", "_unsketched")

    def __init__(self, needs: Sequence[Needs], memory: int) -> None:
        other: dict[int, str] = {}
        runs: dict[int, str] = {}
        for index, need in enumerate(needs):
            wide = sketch(need.pattern)
            if need.in_run:
                runs[index] = need.pattern
            elif wide:
                other[index] = wide
        self._over_runs = _SketchSet(runs, memory, case_sensitive=True)
        self._over_text = (_SketchSet(other, memory),) if other else ()
        sketched = {step for part in (self._over_runs, *self._over_text) for step in part.steps}
        self._unsketched = tuple((index, need) for index, need in enumerate(needs) if index not in sketched)

    def opened(self, sample: Sample) -> Sequence[int]:
        """Return the indices of the steps whose needs the text meets."""
        raw = sample.raw
        found = [index for index, need in self._unsketched if need.met_by(sample)]
        for sketches in self._over_text:
            found += sketches.found(raw)
        if sample.runs:
            found += self._over_runs.found(b" ".join([raw[start:end] for start, end in sample.runs]))
        found.sort()
        return found


class _SketchSet:
    """Sketches that one automaton looks for. Immutable but for what RE2 locks: thread-safe and task-safe.

    RE2 refuses to compile a set when its memory does not suffice, and should it run out later, reports nothing, as if
    nothing matched. So one pattern that matches every text is part of it: without that one in the answer, all match. It
    matches at the end alone, since RE2 takes down what matches after each octet.

    Letters match in either case where nothing hangs on it: that leaves the automaton a third fewer states, and what
    slows it down is that they do not fit into the processor's cache.

    Attributes:
        steps: the steps whose sketches are in the set; RE2 may refuse some.
    """

    __slots__ = ("_set", "steps")

    def __init__(self, sketches: Mapping[int, str], memory: int, *, case_sensitive: bool = False) -> None:
        options = _options(memory)
        options.case_sensitive = case_sensitive
        made = re2.Set.SearchSet(options)
        self._set: re2.Set | None = made
        self.steps: list[int] = []
        for step, pattern in sketches.items():
            with suppress(re2.error, UnicodeEncodeError):
                made.Add(pattern.encode("ascii"))
                self.steps.append(step)
        made.Add(_END)
        try:
            made.Compile()
        except re2.error:  # the memory does not suffice for so many
            self._set = None

    def found(self, octets: bytes) -> list[int]:
        """Return the steps whose sketches match."""
        places = self._set.Match(octets) if self._set is not None else None
        steps = self.steps
        if places is None or len(steps) not in places:
            return steps
        return [steps[place] for place in places if place < len(steps)] if len(places) > 1 else []


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
    """Return what finds a pattern in octets; None where RE2 cannot read it or would be slower than ``re``."""
    try:
        compiled = re2.compile(over_octets(pattern).encode("ascii"), _options(_SEARCH_MEMORY))
    except re2.error:
        return None
    return compiled.search if compiled.programsize <= _LARGEST_PROGRAM else None


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
