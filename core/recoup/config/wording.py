"""The words of configuration errors: values and keys described so that no secret is shown."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class FromEnvironment(str):
    """Text that came from the environment: it may stand for a number, and is never shown."""

    __slots__ = ()


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` or a list of what is valid."""
    known = sorted(valid)
    lowered = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=_SIMILAR)
    if close:
        return f"; did you mean {lowered[close[0]]!r}?"
    return f"; valid: {', '.join(known)}" if known else "; nothing is valid here"


@contextmanager
def below(key: object) -> Iterator[None]:
    """While what stands under ``key`` is looked at, :func:`show` shows nothing of it where the key names a secret."""
    token = _confidential.set(_confidential.get() or (isinstance(key, str) and bool(_NAMES_A_SECRET.search(key))))
    try:
        yield
    finally:
        _confidential.reset(token)


def show(value: Any, valid: Iterable[str] = ()) -> str:
    """Describe a value for an error message: its text only where that can't be a secret.

    Args:
        value: as it was given.
        valid: texts that would have been right; one that is close to them is shown as well.
    """
    if isinstance(value, FromEnvironment):
        return "a value from the environment"
    if isinstance(value, str):
        return repr(value) if _is_harmless(value, valid) else f"a text of {len(value)} characters"
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int | float):
        return _show_number(value)
    if isinstance(value, Mapping | list | tuple):
        return f"a {'mapping' if isinstance(value, Mapping) else 'list'} of {len(value)}"
    return f"a value of type {type(value).__name__}"


def _show_number(value: float) -> str:
    if _confidential.get():
        return "a number"
    return "a number of many digits" if _LONG_NUMBER <= abs(value) < math.inf else repr(value)


def show_key(key: object) -> str:
    """Return a key as it stands in a path, unless it looks more like a secret than like a name."""
    if not isinstance(key, str):
        return show(key)
    is_name = len(key) <= _LONGEST_NAME and sum(character.isdigit() for character in key) <= _DIGITS_IN_NAME
    return key if is_name and key.isprintable() else f"(a key of {len(key)} characters)"


def _is_harmless(text: str, valid: Iterable[str]) -> bool:
    if _confidential.get():
        return not text
    if len(text) <= _SHORTEST_SECRET:
        return True
    return bool(difflib.get_close_matches(text.lower(), [item.lower() for item in valid], n=1, cutoff=_CLOSE))


_SIMILAR = 0.6
"""Likeness (0 to 1, as :mod:`difflib` measures it) from which a valid name is suggested."""
_CLOSE = 0.75
"""Likeness from which a text is a valid one misspelt, rather than something of its own."""
_SHORTEST_SECRET = 6
_confidential: ContextVar[bool] = ContextVar("recoup_confidential", default=False)
_NAMES_A_SECRET = re.compile(
    r"secret|passw|passphrase|token|credential|auth|private|signature|cookie|mnemonic|api_?key"
    r"|(?:^|[_-])(?:pwd|pin|keys?)$",
    re.IGNORECASE,
)
_LONG_NUMBER = 10**8
_LONGEST_NAME = 60
_DIGITS_IN_NAME = 5
