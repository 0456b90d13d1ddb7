"""The engine on Python's ``re``: outlines and literals decide which patterns are tried."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.engine import NAME_CHARACTERS
from recoup_plugins.security_sanitizer.sample import octets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from recoup_plugins.security_sanitizer.outline import Needs
    from recoup_plugins.security_sanitizer.rule import Search
    from recoup_plugins.security_sanitizer.sample import Sample

_NAME: Final = re.compile(b"[" + NAME_CHARACTERS + b"]+")
_BETWEEN_WORDS: Final = b"_.$-"


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

        def held(octets: bytes) -> int:
            return sum(1 << number for number, group in enumerate(groups) if any(map(octets.__contains__, group)))

        return held

    def name_finder(self, stems: Collection[str], _: str = "") -> StandardNameFinder:
        """Return a finder for names with one of the stems, which are in lower case."""
        return StandardNameFinder(stems)


class StandardGate:
    """Looks for each step's literals and shapes. Immutable, hence thread-safe and task-safe."""

    __slots__ = ("_needs",)

    def __init__(self, needs: Sequence[Needs]) -> None:
        self._needs = tuple(needs)

    def opened(self, sample: Sample) -> list[int]:
        """Return the indices of the steps whose needs the text meets."""
        return [index for index, needs in enumerate(self._needs) if needs.met_by(sample)]


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
