"""Tells with automata of RE2 which steps a text needs.

What an automaton costs is the making of its states, and there are the more of them, the more patterns it looks for at
once: one with all sketches makes new states with nearly every text. So literals, of which an automaton has few states,
come first. A sketch with a literal that is rare in logs needs no other look than that. All others are looked for in
groups of a few, and a group only where the text has a literal or an outline of one of its sketches.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import re2

from recoup_plugins.security_sanitizer.outline import Needs
from recoup_plugins.security_sanitizer.sample import SHORTEST_RUN, Sample
from recoup_plugins.security_sanitizer.sketch import sketch
from recoup_plugins.security_sanitizer.typical_log import TYPICAL_LOG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


_SHORTEST_RARE: Final = 5
"""Characters of literals from which finding one is as good as finding the sketch."""

_SHORTEST_TOLD: Final = 3
_TYPICAL: Final = Sample(TYPICAL_LOG)
_TYPICAL_PARTS: Final = (*map(Sample, TYPICAL_LOG.splitlines()), _TYPICAL)
_LARGEST_GROUP: Final = 12
_FEW: Final = 32
"""Sketches that are looked for at once without any gate before them."""

_END: Final = rb"\z"
"""A pattern that matches every text, and nowhere but at its end."""


def options(memory: int) -> re2.Options:
    """Return the options for patterns of octets whose automaton may take so many bytes."""
    chosen = re2.Options()
    chosen.encoding = re2.Options.Encoding.LATIN1
    chosen.log_errors = False
    chosen.max_mem = memory
    chosen.never_capture = True
    return chosen


class Re2Gate:
    """Looks for what the steps need. Thread-safe and task-safe: RE2 locks its automata.

    Sketches of whole long runs of word characters have an automaton for themselves, which only looks at such runs.
    """

    __slots__ = (
        *(
            "_always",
            "_groups",
            "_literals",
            "_needs",
            "_others",
            "_outlines",
            "_over_runs",
            "_over_text",
            "_rare",
            "_runs",
        ),
    )

    def __init__(self, needs: Sequence[Needs], memory: int) -> None:
        self._needs = tuple(needs)
        wide = {index: found for index, need in enumerate(needs) if not need.in_run and (found := sketch(need.pattern))}
        self._over_runs = SketchSet({i: need.pattern for i, need in enumerate(needs) if need.in_run}, memory)
        few = len(wide) <= _FEW
        rare = [] if few else [index for index in wide if _is_rare(needs[index])]
        groups = [[*wide]] if few else _grouped([index for index in wide if index not in rare], needs)
        sets = [SketchSet({index: wide[index] for index in group}, memory, fold=True) for group in groups if group]
        self._over_text = tuple(sets)
        self._rare = _bits(rare)
        self._groups = tuple(_bits(made.steps) for made in sets)
        looked_for = self._rare | self._over_runs.bits | _union(self._groups)
        unsketched = [index for index in range(len(needs)) if not looked_for >> index & 1]
        self._always = tuple(index for index in unsketched if needs[index] == Needs())
        self._others = tuple(index for index in unsketched if needs[index] != Needs())
        gated = () if few else range(len(needs))
        told = {index: map(re.escape, needs[index].literals) for index in gated if _is_told(needs[index])}
        self._literals = AtomSet(told, memory)
        outlined = [index for index in gated if needs[index].digits or needs[index].words]
        self._outlines = AtomSet(
            {
                index: map(_outline, (*needs[index].digits, *needs[index].words))
                for index in outlined
                if not needs[index].run
            },
            memory,
        )
        self._runs = _Runs({index: needs[index].run for index in gated if needs[index].run and index not in outlined})

    def opened(self, sample: Sample) -> list[int]:
        """Return the indices of the steps whose needs the text meets."""
        raw, needs = sample.raw, self._needs
        found = [*self._always, *(index for index in self._others if needs[index].met_by(sample))]
        if not self._literals.bits:
            for sketches in self._over_text:
                found += sketches.found(raw)
        else:
            met = self._literals.met(sample.lowered) & self._outlines.met(sample.digits) & self._runs.met(sample)
            found += [index for index in _indices(met & self._rare) if needs[index].met_by(sample)]
            for group, sketches in zip(self._groups, self._over_text, strict=True):
                if group & met:
                    found += sketches.found(raw)
        if sample.runs:
            found += self._over_runs.found(b" ".join([raw[start:end] for start, end in sample.runs]))
        found.sort()
        return found


class _Runs:
    """Tells which steps have a run of word characters that is long enough. Immutable: thread-safe and task-safe.

    Args:
        least: for each step, how many must stand together.
    """

    __slots__ = ("_lengths", "_met")

    def __init__(self, least: Mapping[int, int]) -> None:
        self._lengths = sorted(set(least.values()))
        self._met = [~_bits(step for step in least if least[step] > met) for met in (0, *self._lengths)]

    def met(self, sample: Sample) -> int:
        """Return the steps whose condition a text meets; all those without one among them."""
        if sample.runs:
            return self._met[bisect_right(self._lengths, max(end - start for start, end in sample.runs))]
        words = sample.words
        shortest, longest = 0, bisect_left(self._lengths, SHORTEST_RUN)
        while shortest < longest:
            middle = (shortest + longest) // 2
            if b"x" * self._lengths[middle] in words:
                shortest = middle + 1
            else:
                longest = middle
        return self._met[shortest]


def _outline(shape: bytes) -> bytes:
    """Return the pattern of a shape for outlines in which digits are told from letters."""
    return re.escape(shape).replace(b"x", b"[0a]")


def _is_told(needs: Needs) -> bool:
    """Tell whether the literals say anything: some of one or two characters stand in nearly every text."""
    return not any(len(literal) < _SHORTEST_TOLD and literal in _TYPICAL.lowered for literal in needs.literals)


def _is_rare(needs: Needs) -> bool:
    """Tell whether a text with what is needed is so rare that the sketch may be left out."""
    if not needs.literals or any(len(literal) < _SHORTEST_RARE for literal in needs.literals):
        return False
    return not needs.met_by(_TYPICAL)


def _grouped(indices: list[int], needs: Sequence[Needs]) -> Iterable[list[int]]:
    """Return the steps in groups: those that most logs need, and the others with much the same literals together."""
    met = {
        index: [place for place, part in enumerate(_TYPICAL_PARTS) if needs[index].met_by(part)] for index in indices
    }
    frequent = sorted((index for index in indices if met[index]), key=lambda index: (-len(met[index]), met[index]))
    others = [index for index in indices if not met[index]]
    others.sort(key=lambda index: (max(needs[index].literals, key=len, default=b""), index))
    for part in (frequent, others):
        yield from (part[start : start + _LARGEST_GROUP] for start in range(0, len(part), _LARGEST_GROUP))


def _bits(indices: Iterable[int]) -> int:
    return _union(1 << index for index in indices)


def _union(parts: Iterable[int]) -> int:
    bits = 0
    for part in parts:
        bits |= part
    return bits


def _indices(bits: int) -> Iterable[int]:
    while bits:
        yield (bits & -bits).bit_length() - 1
        bits &= bits - 1


class AtomSet:
    """Patterns of few states that one automaton looks for. Immutable but for what RE2 locks: thread- and task-safe.

    Args:
        patterns: for each step, those of which a text must hold one; none: no condition.
        memory: bytes that the automaton may take.

    Attributes:
        bits: the steps with a condition, one bit each.
    """

    __slots__ = ("_free", "_masks", "_set", "bits")

    def __init__(self, patterns: Mapping[int, Iterable[bytes]], memory: int) -> None:
        masks: dict[bytes, int] = {}
        for step, held in patterns.items():
            for pattern in held:
                masks[pattern] = masks.get(pattern, 0) | 1 << step
        self._set = _compiled(masks, options(memory))
        self._masks = tuple(masks.values())
        self.bits = _union(masks.values())
        self._free = ~self.bits

    def met(self, octets: bytes) -> int:
        """Return the steps whose condition the octets meet, one bit each; all those without one among them."""
        if not self.bits:
            return self._free
        places = self._set.Match(octets) if self._set is not None else None
        masks = self._masks
        end = len(masks)
        if places is None or end not in places:
            return -1
        bits = self._free
        for place in places:
            if place < end:
                bits |= masks[place]
        return bits


class SketchSet:
    """Sketches that one automaton looks for. Immutable but for what RE2 locks: thread-safe and task-safe.

    RE2 refuses to compile a set when its memory does not suffice, and should it run out later, reports nothing, as if
    nothing matched. So one pattern that matches every text is part of it: without that one in the answer, all match. It
    matches at the end alone, since RE2 takes down what matches after each octet.

    Letters match in either case where nothing hangs on it: that leaves the automaton a third fewer states, and what
    slows it down is that they do not fit into the processor's cache.

    Attributes:
        steps: the steps whose sketches are in the set; RE2 may refuse some.
        bits: the same, one bit each.
    """

    __slots__ = ("_set", "bits", "steps")

    def __init__(self, sketches: Mapping[int, str], memory: int, *, fold: bool = False) -> None:
        chosen = options(memory)
        chosen.case_sensitive = not fold
        self.steps = [step for step, pattern in sketches.items() if _is_read(pattern)]
        self.bits = _bits(self.steps)
        self._set = _compiled([sketches[step].encode("ascii") for step in self.steps], chosen)

    def found(self, octets: bytes) -> list[int]:
        """Return the steps whose sketches match."""
        places = self._set.Match(octets) if self._set is not None else None
        steps = self.steps
        if places is None or len(steps) not in places:
            return steps
        return [steps[place] for place in places if place < len(steps)] if len(places) > 1 else []


def _is_read(pattern: str) -> bool:
    """Tell whether RE2 can read a pattern."""
    with suppress(re2.error, UnicodeEncodeError):
        re2.Set.SearchSet(options(1 << 20)).Add(pattern.encode("ascii"))
        return True
    return False


def _compiled(patterns: Iterable[bytes], chosen: re2.Options) -> re2.Set | None:
    """Return a set of patterns and of one that matches at the end of every text; None where the memory does not do."""
    made = re2.Set.SearchSet(chosen)
    for pattern in (*patterns, _END):
        made.Add(pattern)
    try:
        made.Compile()
    except re2.error:
        return None
    return made
