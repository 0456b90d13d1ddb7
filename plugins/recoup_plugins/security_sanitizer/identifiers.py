"""Recognises the names that people give to things in source code. Random letters and digits do not keep to them."""

from __future__ import annotations

import re
from typing import Final

_SEPARATORS: Final = re.compile(r"[._]")
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD: Final = re.compile(r"[A-Z]{0,6}[a-z]{1,20}\d{0,2}|[A-Z]{1,20}\d{0,2}", re.ASCII)
_LONGEST: Final = 120
_LEAST_LETTERS: Final = 3
_LONGEST_WORD: Final = 12


def words_in(name: str) -> list[str]:
    """Return the words of a name such as ``next_token``, ``ApiKey``, ``MAX_KEYS2`` or ``signal.SIGTERM``; none if none.

    The words of a name in camel case have three letters on average, which those of random letters do not have.
    """
    if len(name) > _LONGEST:
        return []
    parts = _SEPARATORS.split(name.strip("_"))
    words = [word for part in parts for word in _HUMPS.split(part)]
    if not all(map(_WORD.fullmatch, words)):
        return []
    return words if len(words) == len(parts) or len(name) >= _LEAST_LETTERS * len(words) else []


def is_identifier(value: str) -> bool:
    """Tell whether a value is a name of at least one word, without a dot; a name of one word is short."""
    if "." in value:
        return False
    words = words_in(value)
    return len(words) > 1 or (len(words) == 1 and (len(value) <= _LONGEST_WORD or value[0] == "_"))


def is_path(value: str) -> bool:
    """Tell whether a value is names joined by dots: ``order.base_asset``."""
    return "." in value and bool(words_in(value))


def is_compound(value: str) -> bool:
    """Tell whether a value is a name of several words, or one that begins with an underscore, without digits or dot."""
    words = words_in(value) if value.replace("_", "").isalpha() else []
    return len(words) > 1 or (len(words) == 1 and value[0] == "_")


def is_jumbled(value: str) -> bool:
    """Tell whether letters have capitals among them as no name has: ``sQzEMJXPpqYeZ``."""
    return value.isalpha() and not (value[1:].islower() or value.isupper() or is_identifier(value))
