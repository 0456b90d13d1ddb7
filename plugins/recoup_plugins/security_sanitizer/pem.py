"""Finds private keys in PEM armour: whole, indented, escaped, on one line, or cut off."""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.placeholders import PLAIN, Placeholders

_BEGIN = re.compile(r"-{3,5} ?BEGIN ([A-Z0-9 ]{0,48})-{3,5}")
_END = re.compile(r"-{3,5} ?END [A-Z0-9 ]{0,48}-{3,5}")
_LINE = re.compile(r"[ \t]{0,32}(?:\.{3}|\u2026)?[A-Za-z0-9+/=]{4,128}\r?\n")
MARK: Final = "PRIVATE KEY"


def hide_private_keys(text: str, placeholders: Placeholders = PLAIN) -> str:
    """Return text without PEM private keys (RFC 7468, also OpenSSH and PGP); one without an end runs to the text's end.

    Certificates and public keys stay.
    """
    pieces: list[str] = []
    done = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() < done or "PRIVATE" not in begin.group(1):
            continue
        end = _END.search(text, begin.end())
        stop = end.end() if end else len(text)
        pieces += [text[done : begin.start()], placeholders.of("PRIVATE_KEY", text[begin.start() : stop])]
        done = stop
    for rest in _END.finditer(text, done):
        start = _without_begin(text, done, rest)
        if start is not None:
            pieces += [text[done:start], placeholders.of("PRIVATE_KEY", text[start : rest.end()])]
            done = rest.end()
    return "".join([*pieces, text[done:]]) if pieces else text


def _without_begin(text: str, floor: int, end: re.Match[str]) -> int | None:
    """Return where the lines of a private key begin of which only the end is left."""
    if "PRIVATE" not in end.group():
        return None
    at = end.start()
    while at > floor:
        start = max(floor, text.rfind("\n", 0, at - 1) + 1)
        if not _LINE.fullmatch(text, start, at):
            break
        at = start
    return at if at < end.start() else None
