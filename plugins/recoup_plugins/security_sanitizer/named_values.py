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
    from recoup_plugins.security_sanitizer.surroundings import Around, Surroundings
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
            return self._cleaned(text, ((*span, everywhere(Sample(text[slice(*span)]))) for span in spans))
        names = list(self._suspects.spans(sample))
        if not names:
            return text
        return self._cleaned(text, _located(text, self._surroundings.of(sample), names, 0, len(text)))

    def hits(self, joined: Joined) -> Iterator[tuple[int, bool]]:
        """Yield the numbers of the texts with names that may be sensitive, and whether they change as they are."""
        if self._suspects.everywhere:
            yield from ((number, True) for number, text in enumerate(joined.texts) if text)
            return
        text = joined.sample.text
        around: Around | None = None
        for number, names in groupby(self._suspects.spans(joined.sample), key=lambda name: joined.at(name[0])):
            around = around or self._surroundings.of(joined.sample)
            parts = _located(text, around, names, joined.start(number), joined.after(number) - 1)
            yield number, any(self._without_values(text[start:end], located) for start, end, located in parts)

    def _cleaned(self, text: str, parts: Iterable[tuple[int, int, Located]]) -> str:
        pieces: list[str] = []
        done = 0
        for start, end, located in parts:
            if found := self._without_values(text[start:end], located):
                pieces += [text[done:start], found]
                done = end
        return "".join([*pieces, text[done:]]) if pieces else text

    def _without_values(self, entry: str, located: Located) -> str | None:
        """Return an entry without the values of sensitive names; None where it has none."""
        found = self._assignments.apply(entry, self._level, self._look, located)
        return None if found is entry else found

    def _look(self, sample: Sample) -> Located:
        if self._suspects.everywhere:
            return everywhere(sample)
        return self._surroundings.of(sample).beside(self._suspects.spans(sample), 0, len(sample.raw))


def _located(
    text: str, around: Around, names: Iterable[Span], first: int, last: int
) -> Iterator[tuple[int, int, Located]]:
    """Yield the spans of the entries that may have a sensitive value, and which notations may stand where in them.

    Args:
        text: the text.
        around: what stands around the names in it.
        names: where names stand that may be sensitive, in ascending order.
        first: where the part of the text begins that the names are in.
        last: where that ends.
    """
    start = end = first
    held: list[Span] = []
    for name in names:
        if name[0] >= end:
            if held and (located := around.beside(held, start, end)):
                yield start, end, located
            start, end = entry_around(text, name[0], first, last)
            held = []
        held.append(name)
    if held and (located := around.beside(held, start, end)):
        yield start, end, located
