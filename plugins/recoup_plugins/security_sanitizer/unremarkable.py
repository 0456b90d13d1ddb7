"""Tells of short texts by their form alone that no step changes them, for far less than a look at them costs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER_OR_TIME: Final = re.compile(
    r"[0-9]{1,12}|-?[0-9]{1,11}\.(?:[0-9]{1,14}|[0-9]{16,17})"
    r"|[12][0-9]{3}-[01][0-9]-[0-3][0-9](?:[T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
    r"(?:[.,][0-9]{3}|\.[0-9]{6})?(?:Z|\+00:00)?)?"
)
"""Whole numbers, prices, amounts, dates and times.

Numbers have at most one point, hence are no address of a network and no telephone number, and no part of 13 digits or
more, as cards have, but behind the point, where no card number is looked for. National numbers of 15 and 18 digits are.
"""

_NOTHING: Final = re.compile(r"(?!)")


def unremarkable(*, usual: bool) -> Callable[[str], object]:
    """Return what tells that a text is a number or a time, of which no step hides anything.

    Args:
        usual: nothing is looked for but what the rules here find below level CRITICAL.
    """
    return (_NUMBER_OR_TIME if usual else _NOTHING).fullmatch
