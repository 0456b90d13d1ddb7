"""The words of configuration errors: values and keys described so that no secret is shown."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any


class FromEnvironment(str):
    """Text that came from the environment: it may stand for a number, and is never shown."""

    __slots__ = ()


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` or a list of what is valid."""
    known = sorted(valid)
    lowered = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {lowered[close[0]]!r}?"
    return f"; valid: {', '.join(known)}" if known else "; nothing is valid here"


def show(value: Any) -> str:
    """Describe a value for an error message: its text only where it can't be a secret."""
    if isinstance(value, FromEnvironment):
        return "a value from the environment"
    if isinstance(value, str):
        return repr(value) if _HARMLESS.fullmatch(value) else f"a text of {len(value)} characters"
    if isinstance(value, int | float) and _LONG_NUMBER <= abs(value) < math.inf:
        return "a number of many digits"
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, Mapping | list | tuple):
        return f"a {'mapping' if isinstance(value, Mapping) else 'list'} of {len(value)}"
    return f"a value of type {type(value).__name__}"


def show_key(key: object) -> str:
    """Return a key as it stands in a path, unless it looks more like a secret than like a name."""
    if not isinstance(key, str):
        return show(key)
    is_name = len(key) <= _LONGEST_NAME and sum(character.isdigit() for character in key) <= _DIGITS_IN_NAME
    return key if is_name and key.isprintable() else f"(a key of {len(key)} characters)"


_LONG_NUMBER = 10**8
_LONGEST_NAME = 60
_DIGITS_IN_NAME = 5
_HARMLESS = re.compile(r"[A-Za-z][A-Za-z_ -]{0,23}|[+-]?\d{1,6}(?:\.\d{1,6})?[A-Za-z]{0,2}|")
