"""What the sanitizer asks of a regular expression engine, and which one serves.

Both engines answer alike, character for character: they only decide where Python's ``re`` has to look at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Collection, Iterable, Sequence

    from recoup_plugins.security_sanitizer.outline import Needs
    from recoup_plugins.security_sanitizer.rule import Search
    from recoup_plugins.security_sanitizer.sample import Sample


class Gate(Protocol):
    """Decides which steps a text needs. Implementations are thread-safe and task-safe."""

    def opened(self, sample: Sample) -> Collection[int]:
        """Return the indices, ascending, of at least those steps whose needs the text meets."""
        ...


class NameFinder(Protocol):
    """Finds names that contain one of its stems. Implementations are thread-safe and task-safe."""

    def spans(self, sample: Sample) -> Iterable[tuple[int, int]]:
        """Yield, in order, where each run of name characters stands that contains a stem in any casing."""
        ...


class Engine(Protocol):
    """Makes gates, searches and finders of names. Implementations are immutable, hence thread-safe and task-safe."""

    def gate(self, needs: Sequence[Needs]) -> Gate:
        """Return a gate for steps with these needs."""
        ...

    def searcher(self, pattern: re.Pattern[str]) -> Callable[[Sample], Search]:
        """Return what prepares the search for a pattern in a text."""
        ...

    def literal_groups(self, groups: Sequence[Collection[bytes]]) -> Callable[[bytes], int]:
        """Return what tells of which groups a text's octets hold a literal: one bit a group, from the lowest on."""
        ...

    def name_finder(self, stems: Collection[str], pattern: str = "") -> NameFinder:
        """Return a finder for names with one of the stems.

        Args:
            stems: parts of names, in lower case and without marks between words.
            pattern: what an automaton looks for instead, in octets with a blank before them, counting case; it must
                match in each name that matters, and each match ends within a name.
        """
        ...


NAME_CHARACTERS: Final = b"A-Za-z0-9_.$\\-\\x80"
"""What a name consists of, for a character class of octets."""


def best_engine() -> Engine:
    """Return the engine on RE2 where google-re2 is installed, else the one on Python's ``re``."""
    try:
        from recoup_plugins.security_sanitizer.engine_re2 import Re2Engine  # noqa: PLC0415 - re2 is optional
    except ModuleNotFoundError as missing:
        if missing.name != "re2":
            raise
        from recoup_plugins.security_sanitizer.engine_standard import StandardEngine  # noqa: PLC0415 - see above

        return StandardEngine()
    return Re2Engine()
