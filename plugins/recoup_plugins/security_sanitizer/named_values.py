"""The step that hides the values of sensitive names, in the entries of a log that hold one."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from recoup_plugins.security_sanitizer.entries import entries, entry_around
from recoup_plugins.security_sanitizer.notations import everywhere
from recoup_plugins.security_sanitizer.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from recoup_plugins.security_sanitizer.assignments import Assignments
    from recoup_plugins.security_sanitizer.levels import Level
    from recoup_plugins.security_sanitizer.notations import Located, Span
    from recoup_plugins.security_sanitizer.screening import Joined
    from recoup_plugins.security_sanitizer.surroundings import Surroundings
    from recoup_plugins.security_sanitizer.suspects import Suspects


class NamedValues:
    """Hides the values of sensitive names. Thread-safe and task-safe.

    By definition a name and its value stand in one entry, and only an entry with a suspect is looked at.

    Args:
        suspects: finds the names that may be sensitive.
        surroundings: tell in which notations a name may have a value.
        assignments: finds values by their names.
        level: the level at which the names are sensitive.
    """

    __slots__ = ("_assignments", "_level", "_surroundings", "_suspects")
    follows = True

    def __init__(self, suspects: Suspects, surroundings: Surroundings, assignments: Assignments, level: Level) -> None:
        self._suspects = suspects
        self._surroundings = surroundings
        self._assignments = assignments
        self._level = level

    def __call__(self, sample: Sample, _: Sample) -> str:
        """Return the text without the values of sensitive names."""
        text = sample.text
        if self._suspects.everywhere:
            spans = entries(text, iter(range(len(text))))
            every = ((*span, everywhere(Sample(text[slice(*span)]))) for span in spans)
            return self._cleaned(text, every, 0, len(text)) or text
        names = list(self._suspects.spans(sample))
        parts = self._located(sample, names, 0, len(text))
        return self._cleaned(text, parts, 0, len(text)) or text

    def hits(self, joined: Joined) -> Iterator[tuple[int, str]]:
        """Yield the numbers of the texts with names that may be sensitive, and the texts without their values."""
        if self._suspects.everywhere:
            for number, one in enumerate(joined.texts):
                yield number, self(sample := Sample(one), sample)
            return
        text = joined.sample.text
        for number, names in groupby(self._suspects.spans(joined.sample), key=lambda name: joined.at(name[0])):
            first, last = joined.start(number), joined.after(number) - 1
            parts = self._located(joined.sample, names, first, last)
            yield number, self._cleaned(text, parts, first, last) or joined.texts[number]

    def _located(
        self, sample: Sample, names: Iterable[Span], first: int, last: int
    ) -> Iterator[tuple[int, int, Located]]:
        """Yield the spans of the entries that may have a sensitive value, and which notations may stand where in them.

        Args:
            sample: the text.
            names: where names stand that may be sensitive, in ascending order.
            first: where the part of the text begins that the names are in.
            last: where that ends.
        """
        beside = self._surroundings.beside
        start = end = first
        held: list[Span] = []
        for name in names:
            if name[0] >= end:
                if held and (located := beside(sample, held, start, end)):
                    yield start, end, located
                start, end = entry_around(sample.text, name[0], first, last)
                held = []
            held.append(name)
        if held and (located := beside(sample, held, start, end)):
            yield start, end, located

    def _cleaned(self, text: str, parts: Iterable[tuple[int, int, Located]], first: int, last: int) -> str | None:
        """Return a part of a text without the values of sensitive names; None where it has none."""
        pieces: list[str] = []
        done = first
        for start, end, located in parts:
            if found := self._without_values(text[start:end], located):
                pieces += [text[done:start], found]
                done = end
        return "".join([*pieces, text[done:last]]) if pieces else None

    def _without_values(self, entry: str, located: Located) -> str | None:
        """Return an entry without the values of sensitive names; None where it has none."""
        found = self._assignments.apply(entry, self._level, located)
        return None if found is entry else found
