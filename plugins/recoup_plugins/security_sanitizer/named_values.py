"""The step that hides the values of sensitive names, in the entries of a log that hold one."""

from __future__ import annotations

from bisect import bisect_right, insort
from operator import itemgetter
from sys import maxsize
from typing import TYPE_CHECKING

from recoup_plugins.security_sanitizer.entries import entries, entry_around
from recoup_plugins.security_sanitizer.notations import Notations
from recoup_plugins.security_sanitizer.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recoup_plugins.security_sanitizer.assignments import Assignments
    from recoup_plugins.security_sanitizer.engine import Engine
    from recoup_plugins.security_sanitizer.levels import Level
    from recoup_plugins.security_sanitizer.notations import Located
    from recoup_plugins.security_sanitizer.rules_tables import Span
    from recoup_plugins.security_sanitizer.screening import Joined
    from recoup_plugins.security_sanitizer.suspects import Suspects


class NamedValues:
    """Hides the values of sensitive names. Thread-safe and task-safe.

    By definition a name and its value stand in one entry, and only an entry with a suspect is looked at. Where the
    engine tells where the notations are, only entries that have one are asked for suspects.

    Args:
        suspects: finds the names that may be sensitive.
        assignments: finds values by their names.
        level: what to hide.
        engine: looks for the notations.
    """

    __slots__ = ("_assignments", "_level", "_notations", "_suspects")
    follows = True

    def __init__(self, suspects: Suspects, assignments: Assignments, level: Level, engine: Engine) -> None:
        self._suspects = suspects
        self._assignments = assignments
        self._level = level
        self._notations = Notations(suspects.stems, level, engine)

    def __call__(self, sample: Sample, _: Sample) -> str:
        """Return the text without the values of sensitive names."""
        located = self._notations.look(sample)
        return self._cleaned(sample, located) if located else sample.text

    def hits(self, joined: Joined) -> Iterator[tuple[int, bool]]:
        """Yield the numbers of the texts that hold a value, or may hold one, and whether they change as they are."""
        located = self._notations.look(joined.sample)
        if self._notations.located:
            for (start, _), within in _by_part(located, len(joined.sample.text), joined.around).items():
                text = joined.texts[number := joined.at(start)]
                yield number, self._cleaned(Sample(text), within) is not text
        elif located:
            end = 0
            for place in self._suspects.places(joined.sample):
                if place >= end:
                    yield (number := joined.at(place)), True
                    end = joined.after(number)

    def _cleaned(self, sample: Sample, located: Located) -> str:
        text = sample.text
        pieces: list[str] = []
        done = 0
        for start, end, within in self._entries(sample, located):
            entry = text[start:end]
            found = self._assignments.apply(entry, self._level, self._notations.look, within)
            if found is not entry and (within is None or self._suspects.any(entry)):
                pieces += [text[done:start], found]
                done = end
        return "".join([*pieces, text[done:]]) if pieces else text

    def _entries(self, sample: Sample, located: Located) -> Iterator[tuple[int, int, Located | None]]:
        """Yield the spans of the entries in which a value may stand, in order, and where in them if that is known."""
        text = sample.text
        if not self._notations.located:
            for start, end in entries(text, self._suspects.places(sample)):
                yield start, end, None
            return
        held = _by_part(located, len(text), lambda place: entry_around(text, place))
        for (start, end), within in sorted(held.items(), key=itemgetter(0)):
            yield start, end, within


def _by_part(located: Located, size: int, around: Callable[[int], Span]) -> dict[Span, Located]:
    """Return the parts of a text in which notations may stand, and where in them; what overlaps two is in both.

    Args:
        located: where in the text notations may stand.
        size: how long the text is; a span may reach beyond it.
        around: gives the part that holds a place.
    """
    parts: list[Span] = []
    held: dict[Span, Located] = {}
    for start, end, notation in sorted((*span, notation) for notation, spans in located.items() for span in spans):
        place = start
        while place < min(end, size):
            known = bisect_right(parts, (place, maxsize)) - 1
            part = parts[known] if known >= 0 and place < parts[known][1] else around(place)
            if part not in held:
                insort(parts, part)
            spans = held.setdefault(part, {}).setdefault(notation, [])
            spans.append((max(start - part[0], 0), end - part[0]))
            place = max(part[1], place + 1)  # a place between two parts belongs to none
    return held
