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
        names = () if self._suspects.everywhere else self._suspects.spans(sample)
        return self._cleaned(sample.text, self._parts(sample, names))

    def hits(self, joined: Joined) -> Iterator[tuple[int, bool]]:
        """Yield the numbers of the texts with names that may be sensitive, and whether they change as they are."""
        if self._suspects.everywhere:
            yield from ((number, True) for number, text in enumerate(joined.texts) if text)
            return
        for number, names in groupby(self._suspects.spans(joined.sample), key=lambda name: joined.at(name[0])):
            text, start = joined.texts[number], joined.start(number)
            within = ((name[0] - start, name[1] - start) for name in names)
            yield number, self._cleaned(text, self._parts(Sample(text), within)) is not text

    def _parts(self, sample: Sample, names: Iterable[Span]) -> Iterator[tuple[int, int, Located]]:
        """Yield the spans of the entries that may have a sensitive value, and which notations may stand where in them.

        Args:
            sample: the text.
            names: where names stand in it that may be sensitive.
        """
        text = sample.text
        if self._suspects.everywhere:
            for start, end in entries(text, iter(range(len(text)))):
                yield start, end, everywhere(Sample(text[start:end]))
            return
        around: Around | None = None
        for start, end, within in _by_entry(text, names):
            around = around or self._surroundings.of(sample)
            if located := around.beside(within, start, end):
                yield start, end, located

    def _cleaned(self, text: str, parts: Iterable[tuple[int, int, Located]]) -> str:
        pieces: list[str] = []
        done = 0
        for start, end, located in parts:
            entry = text[start:end]
            found = self._assignments.apply(entry, self._level, self._look, located)
            if found is not entry:
                pieces += [text[done:start], found]
                done = end
        return "".join([*pieces, text[done:]]) if pieces else text

    def _look(self, sample: Sample) -> Located:
        if self._suspects.everywhere:
            return everywhere(sample)
        return self._surroundings.of(sample).beside(self._suspects.spans(sample), 0, len(sample.raw))


def _by_entry(text: str, names: Iterable[Span]) -> Iterator[tuple[int, int, list[Span]]]:
    """Yield the spans of the entries that names stand in, and these names."""
    start = end = 0
    held: list[Span] = []
    for name in names:
        if name[0] >= end:
            if held:
                yield start, end, held
            start, end = entry_around(text, name[0])
            held = []
        held.append(name)
    if held:
        yield start, end, held
