"""The engine on Python's ``re``: outlines and literals decide which patterns are tried."""

from __future__ import annotations

import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.engine import NAME_CHARACTERS
from recoup_plugins.security_sanitizer.sample import octets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from recoup_plugins.security_sanitizer.outline import Needs
    from recoup_plugins.security_sanitizer.rule import Search
    from recoup_plugins.security_sanitizer.sample import Sample

_NAME: Final = re.compile(b"[" + NAME_CHARACTERS + b"]+")
_BETWEEN_WORDS: Final = b"_.$-"
_BEGIN: Final = 4
"""Octets of an unsigned integer."""


class StandardEngine:
    """Needs nothing beyond the standard library. Immutable, hence thread-safe and task-safe."""

    __slots__ = ()

    def gate(self, needs: Sequence[Needs]) -> StandardGate:
        """Return a gate for steps with these needs."""
        return StandardGate(needs)

    def searcher(self, pattern: re.Pattern[str]) -> Callable[[Sample], Search]:
        """Return what prepares the search for a pattern in a text."""
        return lambda sample: partial(pattern.search, sample.text)

    def literal_groups(self, groups: Sequence[Collection[bytes]]) -> Callable[[bytes], int]:
        """Return what tells of which groups a text's octets hold a literal."""
        literals = _Literals(literal for group in groups for literal in group)
        wanted = [(1 << number, frozenset(group)) for number, group in enumerate(groups)]

        def held(octets: bytes) -> int:
            found = literals.found(octets)
            return sum(bit for bit, group in wanted if not group.isdisjoint(found))

        return held

    def name_finder(self, stems: Collection[str], _: str = "") -> StandardNameFinder:
        """Return a finder for names with one of the stems, which are in lower case."""
        return StandardNameFinder(stems)


class _Literals:
    """Finds which of many literals a text holds. Immutable, hence thread-safe and task-safe.

    A literal is only looked for where its first four octets are in the text, which is one look into a set for all.
    """

    __slots__ = ("_by_begin", "_short")

    def __init__(self, literals: Iterable[bytes]) -> None:
        self._by_begin: dict[int, list[bytes]] = {}
        self._short: list[bytes] = []
        for literal in dict.fromkeys(literals):
            if len(literal) < _BEGIN:
                self._short.append(literal)
            else:
                self._by_begin.setdefault(int.from_bytes(literal[:_BEGIN], sys.byteorder), []).append(literal)

    def found(self, octets: bytes) -> set[bytes]:
        """Return the literals that the octets hold."""
        view = memoryview(octets)
        begins: set[int] = set()
        for start in range(_BEGIN):
            begins.update(view[start : start + (len(octets) - start) // _BEGIN * _BEGIN].cast("I"))
        found = set(filter(octets.__contains__, self._short))
        for begin in begins & self._by_begin.keys():
            found.update(filter(octets.__contains__, self._by_begin[begin]))
        return found


class StandardGate:
    """Looks for each step's literals and shapes. Immutable, hence thread-safe and task-safe."""

    __slots__ = ("_literals", "_needs")

    def __init__(self, needs: Sequence[Needs]) -> None:
        self._needs = tuple(needs)
        self._literals = _Literals(literal for need in needs for literal in need.literals)

    def opened(self, sample: Sample) -> list[int]:
        """Return the indices of the steps whose needs the text meets."""
        found = self._literals.found(sample.lowered)
        return [
            index
            for index, needs in enumerate(self._needs)
            if not (needs.literals and found.isdisjoint(needs.literals)) and needs.has_shape(sample)
        ]


class StandardNameFinder:
    """Looks for stems in each name. Immutable, hence thread-safe and task-safe."""

    __slots__ = ("_stems",)

    def __init__(self, stems: Collection[str]) -> None:
        self._stems = tuple(map(octets, stems))

    def spans(self, sample: Sample) -> Iterator[tuple[int, int]]:
        """Yield, in order, where each run of name characters stands that contains a stem in any casing."""
        joined = sample.lowered.translate(None, _BETWEEN_WORDS)
        present = [stem for stem in self._stems if stem in joined]
        for name in _NAME.finditer(sample.lowered) if present else ():
            if any(map(name.group().translate(None, _BETWEEN_WORDS).__contains__, present)):
                yield name.span()
