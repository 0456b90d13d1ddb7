"""Credentials in series (level LOW): a key and its secret side by side, lists of codes, keys with a number.

``creds (K, S)``, ``key and secret are K and S``, ``Backup codes:`` with one to a line, ``Unseal Key 3: X``, and strings
that source code writes one below the other in brackets.
"""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.key_words import IDENTIFYING
from recoup_plugins.security_sanitizer.keys import judge, words_of
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, accepted
from recoup_plugins.security_sanitizer.values import SYMBOLS, is_ordinary, is_placeholder, looks_random

_VALUE: Final = r"[\w+/=\-.~]{16,128}"
_HIDDEN: Final = r"\[[A-Z_]{3,20}(?: [0-9a-f]{4,8})?\]"
_WEAK: Final = frozenset(["key", "keys", "token", "tokens"])
_CLASSES: Final = 3
_LINE_END: Final = r"(?:\r?\n|\\r\\n|\\n)"
_CODE: Final = r"[ \t]{0,8}(?:\d{1,2}[.):][ \t]{1,4}|[\-*\u2022] )?([A-Za-z0-9]{4,12}(?:[ \-][A-Za-z0-9]{4,12}){0,3})"
_NEXT_CODE = re.compile(f"{_LINE_END}{_CODE}(?=[ \\t]{{0,8}}(?:\\r?\\n|\\\\r|\\\\n|[\"']|\\Z))", re.ASCII)
_MOST_CODES: Final = 64
_NEXT_STRING = re.compile(r"[\"']\s{1,64}[bruf]{0,2}[\"']([^\"'\n]{1,256})(?=[\"'])")


def _pair(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept two values that look random, or the second where the first is hidden; beside a weak name no digests."""
    first, second = match.group(2).rstrip("."), match.group(3).rstrip(".")
    values = [second] if is_placeholder(first) else [first, second]
    if not all(map(looks_random, values)) or (match.group(1).lower() in _WEAK and not all(map(_is_of_classes, values))):
        return None
    start = match.start(2) if len(values) > 1 else match.start(3)
    return start, match.start(3) + len(second)


def _is_of_classes(value: str) -> bool:
    kinds = {"A" if char.isupper() else "a" if char.islower() else "0" for char in value if char.isalnum()}
    return len(kinds) == _CLASSES


def _codes(match: re.Match[str]) -> tuple[int, int] | None:
    """Return from the first code to the last, where at least two stand one below the other with the same layout."""
    start = end = match.end(1)
    layout = ""
    for _ in range(_MOST_CODES):
        following = _NEXT_CODE.match(match.string, end)
        if following is None or (layout and _layout(following.group(1)) != layout):
            break
        start = following.start(1) if not layout else start
        layout, end = _layout(following.group(1)), following.end()
    codes = match.string[start:end]
    return (start, end) if layout and "\n" in codes.replace("\\n", "\n") and any(map(str.isdigit, codes)) else None


def _layout(code: str) -> str:
    return re.sub(r"[A-Za-z0-9]", "x", code)


def _numbered(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what looks random behind a name that is a credential's without its number."""
    name = match.group(1).replace(" ", "_")
    verdict = judge(name)
    is_credential = bool(verdict.kind) and verdict.level is Level.LOW and IDENTIFYING.isdisjoint(words_of(name))
    return match.span(2) if is_credential and looks_random(match.group(2)) else None


def _is_chosen(value: str) -> bool:
    """Tell whether a value is a password: digits among its letters, or a symbol inside."""
    bare = value.rstrip(".,;:!?)]}")
    is_mixed = any(map(str.isdigit, bare)) and any(map(str.isalpha, bare))
    return (is_mixed or not SYMBOLS.isdisjoint(bare[:-1])) and not is_ordinary(bare)


def _is_in_groups(code: str) -> bool:
    """Tell whether a code is of groups of one length, with digits in it."""
    return len({len(group) for group in code.split("-")}) == 1 and any(map(str.isdigit, code))


def _strings(match: re.Match[str]) -> tuple[int, int] | None:
    """Return from the first string to the last, with the quotes between them."""
    end = match.end(1)
    while (following := _NEXT_STRING.match(match.string, end)) is not None:
        end = following.end(1)
    return None if is_placeholder(match.group(1)) else (match.start(1), end)


SERIES_RULES: Final = (
    Rule(
        name="key_and_secret",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b((?:api[ _\-]?)?keys?|secrets?|tokens?|creds?|credentials)"
        r"(?: ?(?:/|&|\+|and|,) ?(?:api[ _\-]?)?(?:key|secret|token|passphrase)s?)?"
        r"(?: (?:are|is|were|was|pair|(?:for|of|on) \w{1,24}(?: are| is| were| was)?))?)"
        rf"[ :=(\[\"'`]{{1,4}}({_VALUE}|{_HIDDEN})[\"'`]?(?: ?[,/:;|&+] ?| and )[\"'`]?({_VALUE})",
        literals=("key", "secret", "token", "cred"),
        locate=_pair,
    ),
    Rule(
        name="listed_codes",
        kind="OTP",
        level=Level.LOW,
        pattern=r"(?i:\b(?:backup|recovery|scratch|emergency|one[ \-]time|2fa|mfa)[ _\-](?:codes?|keys?|passwords?)\b"
        rf"[^\n\\]{{0,48}}){_LINE_END}?()(?:\r?\n|\\r\\n|\\n)[ \t]{{0,8}}(?:\d{{1,2}}[.):][ \t]{{1,4}}|[\-*] )?"
        r"[A-Za-z0-9]{4,12}",
        literals=("code", "keys", "password"),
        locate=_codes,
    ),
    Rule(
        name="spoken_code_in_groups",
        kind="OTP",
        level=Level.LOW,
        pattern=r"(?i:\b(?:backup|recovery|scratch|emergency|one[ \-]time|2fa|mfa|device|user|pairing|licen[cs]e|"
        r"product|serial|activation|registration|invite|invitation)[ _\-](?:code|key)s?"
        r"(?: is:?| was|:|=)? ?[\"'`(]?)([A-Za-z0-9]{4,8}-[A-Za-z0-9][A-Za-z0-9\-]{3,64})\b",
        literals=("code", "key"),
        shapes=("xxxx-xxxx",),
        sketch=r"(?i:[a-z][ _\-](?:code|key))s?[ :=][^\n]{0,8}[A-Za-z0-9]{4,8}-[A-Za-z0-9]{4}",
        locate=accepted(_is_in_groups),
    ),
    Rule(
        name="numbered_key",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b([a-z]{3,16}[ _](?:key|secret|token|share|shard|password)s?) ?#?\d{1,3}(?: is|:|=)) ?[\"'`]?"
        r"([\w+/=\-.]{16,512})",
        literals=("key", "secret", "token", "share", "shard", "password"),
        shapes=("a 0", "a0", "a#0", "a #0"),
        locate=_numbered,
    ),
    Rule(
        name="strings_in_brackets",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:(?:secret|token|password|passphrase|(?:api|private|signing)_?key|mnemonic)[\"']?\]?"
        r" {0,2}[:=] {0,2})\(\s{1,64}[bruf]{0,2}[\"']([^\"'\n]{6,256})[\"']",
        literals=tuple(f"{sign}{blanks}(" for sign in ":=" for blanks in ("", " ", "  ")),
        locate=_strings,
    ),
    Rule(
        name="replaced_by",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|pwd?|secret|token|key|pin)s?\b[^\n:=\"']{0,32}\b(?:set|replaced|"
        r"changed|rotated|updated|"
        r"reset|swapped|overwritten|exchanged) (?:by|with|to|for|from|as) )[\"'`]?([^\s\"'`]{6,256})",
        literals=(
            "set as",
            "set to",
            "replaced",
            "changed",
            "rotated",
            "updated",
            "reset",
            "swapped",
            "overwritten",
            "exchanged",
        ),
        locate=accepted(looks_random),
    ),
    Rule(
        name="set_to",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:set|sets|chang(?:e|es|ed|ing)|updat(?:e|es|ed|ing)|reset|resets|resetting|setting) "
        r"(?:the |my |our |your |his |her |their )?(?:\w{1,16} )?(?:password|passphrase|passcode|passwd|pwd|pin) "
        r"(?:to|from) )[\"'`]?([^\s\"'`]{6,256})",
        literals=tuple(
            f"{word} {to} " for word in ("word", "phrase", "code", "passwd", "pwd", "pin") for to in ("to", "from")
        ),
        locate=accepted(_is_chosen),
    ),
    Rule(
        name="held_in_field",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|pwd?|secret|token|key|pin)s?"
        r"(?: (?:field|value|parameter|column|input|box))? "
        r"(?:contains|contained|equals|equalled|holds|held|reads|has|had) )[\"'`]?([^\s\"'`]{6,256})",
        literals=("contain", "equal", "holds", "held", "reads", " has ", " had "),
        locate=accepted(looks_random),
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
