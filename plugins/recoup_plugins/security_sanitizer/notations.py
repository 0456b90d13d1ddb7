"""The notations in which a sensitive name has its value in running text, and what each cannot do without."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.name_stems import LOGIN_WORDS
from recoup_plugins.security_sanitizer.sample import octets

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.sample import Sample


class Notation(IntEnum):
    """The ways to write a name and its value, in the order in which they are tried."""

    TOLD = 0
    NAMED = 1
    FLAG = 2
    ELEMENT = 3
    FIX = 4
    INSERT = 5
    TABLE = 6
    LOGIN = 7
    COMMAND = 8
    SPACED = 9


_LITERALS: Final = {
    Notation.TOLD: (
        *("val", " from ", " --", ": invalid ", "content", "data", "string", "v=", 'v"', "v'", "entry"),
        *("key=", "name=", "duplicate"),
    ),
    Notation.FLAG: ("-",),
    Notation.ELEMENT: ("</",),
    Notation.FIX: ("8=fix", "554=", "35=", '"35', "'35"),
    Notation.INSERT: ("(",),
    Notation.TABLE: ("\n", "\\n", "\t", "|", "\u2502", "\u2503", "\u2551", "  "),
    Notation.LOGIN: LOGIN_WORDS,
    Notation.COMMAND: ("set", "env ", "arg ", "add ", "put ", "export "),
}
"""Of which one stands in every text with the notation. The other notations need nothing that is worth a look."""

_OCTETS: Final = {notation: tuple(map(octets, _LITERALS.get(notation, ("",)))) for notation in Notation}

Span = tuple[int, int]
"""Where something begins and ends."""

Located = dict[Notation, list[Span]]
"""Where in a text which notation may stand: spans in ascending order, which may overlap."""


def everywhere(sample: Sample) -> Located:
    """Return the notations that a text may hold by its literals, each of which may stand anywhere in it."""
    whole = [(0, len(sample.raw))]
    holds = sample.lowered.__contains__
    return {notation: whole for notation, literals in _OCTETS.items() if any(map(holds, literals))}
