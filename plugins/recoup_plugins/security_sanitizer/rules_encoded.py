"""Base 64 that holds a credential with its name (level LOW): ``api_secret=...&mode=live``, ``password: ...``, JSON.

Each of three alignments of a name gives its own characters, by which the text is found without decoding any other.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule

_NAMES: Final = (
    *("password", "passwd", "passphrase", "Password", "PASSWORD", "secret", "Secret", "SECRET"),
    *("api_key", "apiKey", "API_KEY", "private_key", "privateKey", "PRIVATE_KEY", "mnemonic", "access_token"),
    *("Authorization", "authorization", "token"),
)
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LONGEST: Final = 16_384
_ALIGNMENTS: Final = 3
_GROUP: Final = 4
_ASSIGNED: Final = re.compile(
    rf"(?:{'|'.join(_NAMES)})\w{{0,32}}\\{{0,4}}[\"']?\s{{0,4}}[:=]\s{{0,4}}\\{{0,4}}[\"']?[^\s\"'&]{{4}}"
)


def _aligned(name: str) -> set[str]:
    """Return what is certain to stand in base 64 of a name, for each alignment of it."""
    found = set()
    for shift in range(_ALIGNMENTS):
        encoded = b64encode(bytes(shift) + name.encode()).rstrip(b"=").decode()
        whole = (shift + len(name)) * 8 // 6
        found.add(encoded[(shift * 8 + 5) // 6 : whole])
    return found


_MARKS: Final = sorted({mark for name in _NAMES for mark in _aligned(name)})


def _whole_run(match: re.Match[str]) -> tuple[int, int] | None:
    """Return the whole of the base 64 around a mark, where it is text in which a name has a value."""
    text = match.string
    floor = max(0, match.start() - _LONGEST)
    start = floor + len(text[floor : match.start()].rstrip(_ALPHABET))
    rest = text[match.end() : match.end() + _LONGEST]
    end = match.end() + len(rest) - len(rest.lstrip(_ALPHABET))
    run = text[start:end]
    plain = b64decode(run[: len(run) // _GROUP * _GROUP])
    tail = run[len(run) // _GROUP * _GROUP :]
    if len(tail) > 1:
        plain += b64decode(tail + "=" * (_GROUP - len(tail)))
    if _ASSIGNED.search(plain.decode("latin-1")) is None:
        return None
    return start, end + len(text[end : end + 2]) - len(text[end : end + 2].lstrip("="))


ENCODED_RULES: Final = (
    Rule(
        name="base64_of_credential",
        kind="SECRET",
        level=Level.LOW,
        pattern=f"(?:{'|'.join(map(re.escape, _MARKS))})",
        literals=tuple(sorted({mark.lower() for mark in _MARKS})),
        locate=_whole_run,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
