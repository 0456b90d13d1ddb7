"""What a text's outline, its characters reduced to their classes, must hold for a rule to match."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from recoup_plugins.security_sanitizer.runs import stays_in_run
from recoup_plugins.security_sanitizer.sample import octets

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.rule import Rule
    from recoup_plugins.security_sanitizer.sample import Sample

_OF_DIGITS: Final = re.compile(b"[0a]")


@frozen
class Needs:
    """What a text must hold: one of the literals, and one of the shapes. Immutable: thread-safe and task-safe.

    Attributes:
        literals: octets in lower case; empty, like the shapes together: no condition.
        digits: shapes with ``0`` for a digit and ``a`` for a letter or underscore.
        words: shapes with ``x`` for any of these and something else, or with neither.
        run: word characters without a gap, of which there must be so many; 0: no condition. Like the shapes together.
        pattern: a regular expression that must match, which only an automaton looks for; empty: no condition.
        in_run: it must match within a long run of word characters.
    """

    literals: tuple[bytes, ...] = ()
    digits: tuple[bytes, ...] = ()
    words: tuple[bytes, ...] = ()
    run: int = 0
    pattern: str = ""
    in_run: bool = False

    @classmethod
    def of(cls, rule: Rule) -> Needs:
        """Return the needs that a rule has by its literals, shapes and sketch."""
        outlines = [shape.encode("ascii") for shape in rule.shapes]
        runs = [shape for shape in outlines if not shape.strip(b"x")]
        return cls(
            literals=tuple(map(octets, rule.literals)),
            digits=tuple(shape for shape in outlines if _OF_DIGITS.search(shape)),
            words=tuple(shape for shape in outlines if not _OF_DIGITS.search(shape) and shape not in runs),
            run=min(map(len, runs), default=0),
            pattern=rule.sketch or rule.pattern,
            in_run=stays_in_run(rule.pattern),
        )

    def met_by(self, sample: Sample) -> bool:
        """Tell whether a text has the literals and shapes that are needed."""
        if self.literals and not any(map(sample.lowered.__contains__, self.literals)):
            return False
        return self.has_shape(sample)

    def has_shape(self, sample: Sample) -> bool:
        """Tell whether a text has one of the shapes that are needed."""
        if self.run and sample.longest_run >= self.run:
            return True
        if not self.digits and not self.words:
            return not self.run
        return any(map(sample.digits.__contains__, self.digits)) or any(map(sample.words.__contains__, self.words))
