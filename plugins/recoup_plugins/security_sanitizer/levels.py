"""The four sensitivity levels and how they are read from what a caller passes."""

from __future__ import annotations

from enum import Enum, IntEnum

from recoup import RecoupError


class Level(IntEnum):
    """How much is hidden; each level hides all that the one before does."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class UnknownLevelError(RecoupError, ValueError):
    """The sensitivity level is none of LOW, MEDIUM, HIGH and CRITICAL."""

    def __init__(self, given: object) -> None:
        super().__init__(
            f"sensitivity_level: {str(given)[:40]!r} is not a level; use one of {', '.join(Level.__members__)}"
        )
        self.given = given


_BY_NAME = {spelling: level for name, level in Level.__members__.items() for spelling in (name, name.lower())}


def parse_level(given: object) -> Level:
    """Return the level for a name in any casing, or for an enum member whose value is such a name.

    Raises:
        UnknownLevelError: for anything else.
    """
    if isinstance(given, Level):
        return given
    if isinstance(given, Enum):
        given = given._value_  # what .value returns, without a descriptor's detour
    if not isinstance(given, str):
        raise UnknownLevelError(given)
    level = _BY_NAME.get(given) or _BY_NAME.get(given.strip().upper())
    if level is None:
        raise UnknownLevelError(given)
    return level
