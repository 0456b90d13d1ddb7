"""Finds private keys in PEM armour: whole, indented, escaped, on one line, or cut off."""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.placeholders import PLAIN, Placeholders

_BEGIN = re.compile(r"-{3,5} ?BEGIN ([A-Z0-9 ]{0,48})-{3,5}")
_END = re.compile(r"-{3,5} ?END [A-Z0-9 ]{0,48}-{3,5}")
MARK: Final = "BEGIN "


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
    return "".join([*pieces, text[done:]]) if pieces else text
