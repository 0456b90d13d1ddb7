"""Finds the sensitive name that ends right before a place in running text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from unicodedata import category

from recoup_plugins.security_sanitizer.keys import FILLER, words_of
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.values import looks_random

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.keys import KeyPolicy, Verdict

NAME_WINDOW: Final = 80
"""Characters before a value in which its name is looked for."""

_NAME_CHARS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-$"
_AROUND_NAME: Final = " \t\"'`\\*])"
_CONNECTIVES: Final = frozenset(
    ["where", "from", "and", "or", "with", "by", "on", "in", "select", "order", "group", "into", "set"]
)
_PLACEHOLDER = re.compile(r"(?:\A|\W)\[[A-Z_]{2,32}(?: [0-9a-f]{4,8})?\]\Z")
_REMARK = re.compile(r"[ \t]\([^()]{1,48}\)\Z|[ \t]?#\d{1,3}\Z|\[\d{0,3}\]\Z")
_TYPE: Final = (
    r"[ \t]{0,2}&?(?:'\w{1,16} )?(?:[a-z]{1,16}\.)?(?:str|string|String|bytes|Optional|Option|Final|ClassVar|Annotated|"
    r"SecretStr|Secret|any|Any|object|Union|Literal|bool|int|float|dict|list|tuple|Path|Decimal)\b[\w\[\]<>|. ]{0,48}"
)
_TYPE_BEFORE = re.compile(f":{_TYPE}\\Z")
_TYPE_AFTER = re.compile(f"{_TYPE}=(?!=)")
_READERS: Final = frozenset(
    [
        *("get", "fetch", "load", "read", "has", "is", "require", "find", "lookup", "resolve", "check", "verify"),
        *("validate", "delete", "remove", "list", "describe"),
    ]
)
_OWNER = re.compile(r"[ \t](?:for|of|on|to)[ \t][\w \-./]{1,40}[ \t]?\Z")
_REMARK_ENDS: Final = frozenset(")]0123456789")


def name_before(  # noqa: C901, PLR0912 - one step a word
    keys: KeyPolicy, text: str, end: int, floor: int, level: Level
) -> tuple[str, Verdict | None]:
    """Return the sensitive name of up to three words that ends right before a place."""
    window = text[max(floor, end - NAME_WINDOW) : end]
    if window[-1:] == "]" and _PLACEHOLDER.search(window):
        return "", None
    window = window.rstrip(_AROUND_NAME)
    if window.endswith(".."):
        window = window.rstrip(". ")
    rest = _before_word(window)
    name = _last_part(window[len(rest) :])
    if rest[-1:] == "\\" and name[:1] in ("n", "r", "t"):  # the end of an escape, as in a header dump's repr
        name = name[1:]
    if not name or (name[0].isdigit() and name[-1].isdigit()):  # a number, or the hour of a time
        return "", None
    found = keys.verdict(name)
    if found.kind and found.level <= level and not found.weak:
        return name, found
    phrase = name
    weak: Verdict | None = None
    for _ in range(2):
        window = rest.rstrip(" ")
        if len(rest) - len(window) != 1:
            break
        rest = _before_word(window)
        word = window[len(rest) :]
        if rest[-1:] == "=":  # the value of another name, as in "logger=secrets t=..."
            break
        if not word or word[-1] in ".-" or word[0].isdigit() or word.lower() in _CONNECTIVES or looks_random(word):
            break
        phrase = f"{word} {phrase}"
        verdict = keys.verdict(phrase)
        if found.weak and not verdict.kind:  # "cache key", "max tokens"
            return "", None
        if found.kind and found.level > verdict.level:  # "authentication acct": the last word says what it is
            break
        if verdict.kind and verdict.weak and verdict.level <= level:
            weak = weak or verdict
        if verdict.kind and verdict.level <= level and not verdict.weak and verdict.level < Level.CRITICAL:
            return phrase, verdict
    return name, found if found.kind and found.level <= level else weak


def _last_part(path: str) -> str:
    """Return the last part of a dotted name, with the one before it where the last tells one of several apart."""
    if "." not in path:
        return path
    before, _, name = path.rpartition(".")
    return f"{before.rpartition('.')[2]}.{name}" if before and name.lower() in FILLER else name


def _before_word(text: str) -> str:
    """Return what stands before the last word of a text, in any script."""
    rest = text.rstrip(_NAME_CHARS)
    while not rest.isascii() and _is_foreign(rest[-1]):
        rest = rest[:-1].rstrip(_NAME_CHARS)
    return rest


def _is_foreign(char: str) -> bool:
    """Tell whether a character outside ASCII belongs to a word: a letter, or the sign of a vowel as in Thai."""
    return not char.isascii() and (char.isalnum() or category(char)[0] == "M")


def end_of_remarked(text: str, start: int, floor: int, separator: str) -> int | None:
    """Return where a name ends that has a remark, a number or its type behind it: ``password (okx)``, ``key #2``."""
    floor = max(floor, start - NAME_WINDOW)
    found = None
    if text[start - 1 : start] == " " and text[start - 2 : start - 1] in _REMARK_ENDS:
        start -= 1
    if text[start - 1 : start] in _REMARK_ENDS:
        found = _REMARK.search(text, floor, start)
    if found is None and separator == "=" and ":" in text[floor:start]:
        found = _TYPE_BEFORE.search(text, floor, start)
    return found.start() if found else None


def is_typed(text: str, end: int) -> bool:
    """Tell whether the type of a name follows its colon, and the value only then: ``api_key: str = "..."``."""
    return _TYPE_AFTER.match(text, end) is not None


def reads(name: str) -> bool:
    """Tell whether a function gets a secret by what it is given: ``get_secret("okx-1")``."""
    return not _READERS.isdisjoint(words_of(name)[:1])


def end_of_owned(text: str, start: int, floor: int) -> int | None:
    """Return where a name ends whose owner is told behind it: ``the passphrase for okx``."""
    floor = max(floor, start - NAME_WINDOW)
    tail = text[floor:start]
    if " for " not in tail and " of " not in tail and " on " not in tail and " to " not in tail:
        return None
    found = _OWNER.search(text, floor, start)
    return found.start() if found else None


def name_in_path(keys: KeyPolicy, text: str, start: int, level: Level) -> tuple[str, Verdict | None]:
    """Return the credential that a quoted key with parts names in any of them: ``"apiKey:binance"``."""
    quote = text.rfind(text[start], max(0, start - NAME_WINDOW), start)
    path = text[quote + 1 : start] if quote >= 0 else ""
    if ":" in path or "/" in path:
        for part in path.replace("/", ":").split(":"):
            verdict = keys.verdict(part)
            if verdict.kind and verdict.level is Level.LOW <= level and not verdict.weak:
                return path, verdict
    return "", None
