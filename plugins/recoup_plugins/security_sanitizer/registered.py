"""Secrets that the application has named, found by value in every usual encoding."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from threading import Lock
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST_SECRET: Final = 4
"""Characters below which a registered value would blank ordinary text."""

MOST_SECRETS: Final = 1024
"""Values that one sanitizer accepts."""

_PLACEHOLDER: Final = "[SECRET]"
_LONGEST_SPLIT: Final = 512
_SHORTEST_ENCODED: Final = 6
_URL_SAFE: Final = str.maketrans("+/", "-_")


class RegisteredValues:
    """The registered secrets. Thread-safe and task-safe: readers see one immutable tuple, writers take a lock."""

    __slots__ = ("_lock", "_needles", "_values")

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: frozenset[str] = frozenset()
        self._needles: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._needles)

    def add(self, value: str | bytes) -> None:
        """Register a secret.

        Raises:
            TypeError: the value is neither str nor bytes.
            ValueError: it is shorter than 4 characters, or 1,024 values are registered already.
        """
        if not isinstance(value, str | bytes):
            raise TypeError(f"register_secret: expected str or bytes, got {type(value).__name__}")
        text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
        if len(text.strip()) < SHORTEST_SECRET:
            raise ValueError(
                f"register_secret: the value has {len(text.strip())} characters; give at least {SHORTEST_SECRET}, "
                "or name its key so that it is found by key"
            )
        with self._lock:
            if text in self._values:
                return
            if len(self._values) >= MOST_SECRETS:
                raise ValueError(f"register_secret: {MOST_SECRETS} values are registered already; remove unused ones")
            self._values |= {text}
            self._needles = tuple(sorted({*self._needles, *spellings(text)}, key=len, reverse=True))

    def hide(self, text: str) -> str:
        """Return the text without the registered values, in whichever encoding, also with white space between."""
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, _PLACEHOLDER)
        squeezed = "".join(text.split())
        if len(squeezed) != len(text):
            for value in self._values:
                if len(value) <= _LONGEST_SPLIT and "".join(value.split()) in squeezed:
                    text = re.sub(r"\s{0,16}".join(map(re.escape, "".join(value.split()))), _PLACEHOLDER, text)
        return text


def spellings(value: str) -> frozenset[str]:
    """Return the value as it is and as it appears URL-, JSON-, HTML-, Python-, hex- and base64-encoded."""
    raw = value.encode("utf-8", "surrogateescape")
    quoted = {
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
        html.escape(value),
    }
    quoted |= {json.dumps(value, ensure_ascii=False)[1:-1], raw.decode("latin-1"), quote(raw, safe="").lower()}
    encoded = {raw.hex(), raw.hex().upper(), *_base64(raw)}
    return frozenset({value} | quoted | {text for text in encoded if len(text) >= _SHORTEST_ENCODED})


def _base64(raw: bytes) -> set[str]:
    """Return what base64 texts have in common that end with, or hold, the bytes 0, 1 or 2 places off a triple."""
    found: set[str] = set()
    for offset, foreign in ((0, 0), (1, 2), (2, 3)):
        padded = b64encode(bytes(offset) + raw).decode("ascii")[foreign:]
        whole = padded.rstrip("=")
        common = whole[: len(whole) - ((len(raw) + offset) % 3 > 0)]
        found |= {text.translate(safe) for text in (padded, whole, common) for safe in ({}, _URL_SAFE)}
    return found
