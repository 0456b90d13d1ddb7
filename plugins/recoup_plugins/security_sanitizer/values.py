"""Judges a value that stands beside a sensitive name: is it the secret, or only speaks of one."""

# ruff: noqa: SIM905 - long lists of words read best as text

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.levels import Level

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.keys import KeyPolicy

_MASK = re.compile(
    r"\*{1,256}|[xX]{3,64}|[•●…]{1,64}|[.\-_]{1,64}|<[\w \-.*]{0,64}>|\[[A-Z][A-Z_]{1,31}(?: [0-9a-f]{4,8})?\]|"
    r"\{\w{0,64}\}|\$\{?\w{1,64}\}?|%\(?\w{0,64}\)?[sdr]|\{\{ ?[\w.]{1,64} ?\}\}"
)
_NOTHING: Final = frozenset(
    ["", "none", "null", "nil", "undefined", "n/a", "na", "redacted", "masked", "hidden", "filtered", "removed"]
)
_TYPES: Final = frozenset(
    [
        "str",
        "bytes",
        "int",
        "float",
        "bool",
        "object",
        "any",
        "string",
        "secretstr",
        "dict",
        "list",
        "tuple",
        "optional",
    ]
)
_ROOTS: Final = frozenset(
    """
    self cls os config cfg conf settings args kwargs env environ ctx context request req client exchange params
    process options opts this app secrets vault credentials creds keyring getpass session obj data payload body
    headers
""".split()
)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
_PATH_OF_NAMES = re.compile(r"([A-Za-z_]{1,64})[.\[]")
_CALL = re.compile(r"[A-Za-z_][A-Za-z_.]{2,63}\((?:[\"'A-Za-z_)]|\Z)")
_PROSE: Final = frozenset(
    """
    a an and are as at be been before but by can cannot check could does doesn don empty error expired failed
    failure for format from has have if in incorrect insufficient invalid is it its malformed mismatch missing
    must no not null of on only or order permission permissions please provided rejected required revoked see
    should that the then this timeout timed to too try unauthorized unauthorised unknown unset unable
    verification was were will with without wrong you your denied forbidden disabled enabled accepted valid ok
    locked blocked already never none still being used needed set generated cached refreshed rotated stored
    loaded hidden redacted masked bad unrecognized unrecognised unsupported authentication connection network
    exchange server service request response retry retrying after when while
""".split()
)
_ORDINARY_TOKEN = re.compile(
    r"[A-Z]{1,12}|[A-Z0-9]{1,6}|[A-Z0-9]{1,12}[/:_\-][A-Z0-9]{2,12}|[a-z]{1,24}|[A-Z]?[a-z]{1,24}|\d{1,5}|v?\d[\d.]{0,12}"
)
VALUE_NAMES: Final = frozenset(["value", "val", "v", "content", "data", "text"])
"""Names under which a pair written as two members keeps its value."""

_CHOSEN_BY_PEOPLE: Final = frozenset(["PASSWORD", "SECRET"])
_LONG_TOKEN: Final = 16
_SHORTEST_SECRET: Final = 6
_WORDS_OF_A_PHRASE: Final = 6


def is_placeholder(value: str) -> bool:
    """Tell whether a value hides or denies a secret: a mask, a placeholder, a template variable, nothing."""
    return value.lower() in _NOTHING or _MASK.fullmatch(value) is not None


def is_reference(name: str, value: str, keys: KeyPolicy, *, literal: bool = False) -> bool:
    """Tell whether a value is source code that refers to a secret: an attribute, a call, a variable, a type.

    A literal refers to nothing but the name itself or a type. ``TradingDesk`` may be a class, but beside a name such as
    ``password`` it counts as one that somebody chose.
    """
    found = _PATH_OF_NAMES.match(value)
    if (found and found.group(1) in _ROOTS) or _CALL.match(value):
        return True
    bare = value.rstrip("|,)]}:;")
    if not _IDENTIFIER.fullmatch(bare) or any(char.isdigit() for char in bare):
        return False
    if bare.lower() in _TYPES or bare.replace("_", "").lower() == name.replace("_", "").lower():
        return True
    if literal or (not (bare[0].islower() or bare.isupper()) and keys.verdict(name).kind in _CHOSEN_BY_PEOPLE):
        return False
    other = keys.verdict(bare)
    return other.kind != "" and other.level < Level.CRITICAL


def is_prose(value: str) -> bool:
    """Tell whether a bare value is a word of a sentence about a secret."""
    return value.strip(".,;:!?()'\"").lower() in _PROSE


def looks_secret(value: str) -> bool:
    """Tell whether a value looks like a key or token instead of a word, a symbol, a version or a small number."""
    if len(value) < _SHORTEST_SECRET or _ORDINARY_TOKEN.fullmatch(value):
        return False
    if " " in value:
        return value.count(" ") >= _WORDS_OF_A_PHRASE - 1 and value.replace(" ", "").isalpha()
    digits = sum(char.isdigit() for char in value)
    letters = sum(char.isalpha() for char in value)
    if digits and letters:
        return True
    return len(value) >= _LONG_TOKEN


def looks_like(kind: str, value: str) -> bool:
    """Tell whether a value under a weak name looks like what the name may mean."""
    if kind in ("USER", "ACCOUNT", "PASSWORD"):
        return not is_prose(value)
    if kind in ("IP", "MAC", "CARD", "PHONE", "AMOUNT", "BALANCE", "PRICE", "ORDER", "OTP"):
        return any(char.isdigit() for char in value)
    return "@" in value if kind == "EMAIL" else looks_secret(value)
