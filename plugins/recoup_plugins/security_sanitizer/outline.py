"""What a text's outline, its characters reduced to their classes, must hold for a rule to match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from recoup_plugins.security_sanitizer.sample import octets

if TYPE_CHECKING:
    from collections.abc import Collection

    from recoup_plugins.security_sanitizer.sample import Sample


@frozen
class Needs:
    """What a text must hold: one of the literals, and one of the shapes. Immutable: thread-safe and task-safe.

    Attributes:
        literals: octets in lower case; empty, like the shapes together: no condition.
        digits: shapes with ``0`` for a digit and ``a`` for a letter or underscore.
        words: shapes with ``x`` for any of these.
    """

    literals: tuple[bytes, ...] = ()
    digits: tuple[bytes, ...] = ()
    words: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, literals: Collection[str], shapes: Collection[str]) -> Needs:
        """Return the needs that literals and shapes, as a rule states them, amount to."""
        outlines = [shape.encode("ascii") for shape in shapes]
        return cls(
            tuple(map(octets, literals)),
            tuple(shape for shape in outlines if b"x" not in shape),
            tuple(shape for shape in outlines if b"x" in shape),
        )

    def met_by(self, sample: Sample) -> bool:
        """Tell whether a text has what is needed."""
        if self.literals and not any(map(sample.lowered.__contains__, self.literals)):
            return False
        if not self.digits and not self.words:
            return True
        return any(map(sample.digits.__contains__, self.digits)) or any(map(sample.words.__contains__, self.words))
