"""The step that hides the values of sensitive names, in the entries of a log that hold one."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from recoup_plugins.security_sanitizer.entries import entries, entry_around
from recoup_plugins.security_sanitizer.notations import everywhere
from recoup_plugins.security_sanitizer.sample import Sample
from recoup_plugins.security_sanitizer.surroundings import beside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from recoup_plugins.security_sanitizer.assignments import Assignments
    from recoup_plugins.security_sanitizer.levels import Level
    from recoup_plugins.security_sanitizer.notations import Located, Span
    from recoup_plugins.security_sanitizer.screening import Joined
    from recoup_plugins.security_sanitizer.suspects import Suspects


class NamedValues:
    """Hides the values of sensitive names. Thread-safe and task-safe.

    By definition a name and its value stand in one entry, and only an entry with a suspect is looked at.

    Args:
        suspects: finds the names that may be sensitive.
        assignments: finds values by their names.
        level: the level at which the names are sensitive.
    """

    __slots__ = ("_assignments", "_level", "_suspects")
    follows = True

    def __init__(self, suspects: Suspects, assignments: Assignments, level: Level) -> None:
        self._suspects = suspects
        self._assignments = assignments
        self._level = level

    def __call__(self, sample: Sample, _: Sample) -> str:
        """Return the text without the values of sensitive names."""
        if self._suspects.everywhere:
            text = sample.text
            spans = entries(text, iter(range(len(text))))
            return self._cleaned(sample, ((start, end, None) for start, end in spans))
        return self._cleaned(sample, _by_entry(sample.text, self._suspects.spans(sample)))

    def hits(self, joined: Joined) -> Iterator[tuple[int, bool]]:
        """Yield the numbers of the texts with names that may be sensitive, and whether they change as they are."""
        if self._suspects.everywhere:
            yield from ((number, True) for number, text in enumerate(joined.texts) if text)
            return
        for number, names in groupby(self._suspects.spans(joined.sample), key=lambda name: joined.at(name[0])):
            sample, start = Sample(joined.texts[number]), joined.start(number)
            within = ((name[0] - start, name[1] - start) for name in names)
            yield number, self._cleaned(sample, _by_entry(sample.text, within)) is not sample.text

    def _cleaned(self, sample: Sample, parts: Iterable[tuple[int, int, list[Span] | None]]) -> str:
        """Return the text with those of its entries cleaned that have names which may be sensitive."""
        text = sample.text
        pieces: list[str] = []
        done = 0
        for start, end, names in parts:
            entry = text[start:end]
            part = sample if len(entry) == len(text) else Sample(entry)
            located = everywhere(part) if names is None else beside(part, names)
            found = self._assignments.apply(entry, self._level, self._look, located) if located else entry
            if found is not entry:
                pieces += [text[done:start], found]
                done = end
        return "".join([*pieces, text[done:]]) if pieces else text

    def _look(self, sample: Sample) -> Located:
        return everywhere(sample) if self._suspects.everywhere else beside(sample, self._suspects.spans(sample))


def _by_entry(text: str, names: Iterable[Span]) -> Iterator[tuple[int, int, list[Span]]]:
    """Yield the spans of the entries that names stand in, and where in them these stand."""
    start = end = 0
    held: list[Span] = []
    for name in names:
        if name[0] >= end:
            if held:
                yield start, end, held
            start, end = entry_around(text, name[0])
            held = []
        held.append((name[0] - start, name[1] - start))
    if held:
        yield start, end, held
