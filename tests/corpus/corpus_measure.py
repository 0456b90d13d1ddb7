"""Recall, false positives and what is kept around a secret, for anything that sanitizes."""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

from attrs import Factory, define

if TYPE_CHECKING:
    from corpus_model import Benign, Case

Subject = Callable[[Any, str, tuple[str, ...]], Any]
"""Returns a sanitized payload for a payload, a level and the values that the application registered."""

_LONG: Final = 20
_WINDOW: Final = 8
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")
_ESCAPE: Final = re.compile(r"\\+u([0-9A-Fa-f]{4})|\\+x([0-9A-Fa-f]{2})")


@define
class Tally:
    """What came of one kind. Neither thread-safe nor task-safe."""

    cases: int = 0
    hidden: int = 0
    fragments: int = 0
    kept: int = 0


@define
class Measured:
    """What came of a corpus. Neither thread-safe nor task-safe."""

    kinds: dict[str, Tally] = Factory(lambda: defaultdict(Tally))
    misses: list[tuple[Case, str, str]] = Factory(list)
    lost: list[tuple[Case, str, str]] = Factory(list)

    @property
    def recall(self) -> float:
        return sum(tally.hidden for tally in self.kinds.values()) / sum(tally.cases for tally in self.kinds.values())

    @property
    def context(self) -> float:
        return sum(tally.kept for tally in self.kinds.values()) / sum(tally.fragments for tally in self.kinds.values())


def measure(subject: Subject, cases: Iterable[Case]) -> Measured:
    """Run every case through a subject; one that raises lets everything through."""
    measured = Measured()
    for case in cases:
        tally = measured.kinds[case.kind]
        tally.cases += 1
        tally.fragments += len(case.context)
        try:
            left = rendered(subject(case.payload, case.level, case.registered))
        except Exception as error:
            measured.misses.append((case, "raised", repr(error)))
            continue
        survivor = surviving(case, left)
        if survivor is None:
            tally.hidden += 1
        else:
            measured.misses.append((case, survivor, left))
        gone = [fragment for fragment in case.context if fragment not in left]
        tally.kept += len(case.context) - len(gone)
        measured.lost.extend((case, fragment, left) for fragment in gone)
    return measured


def changed(subject: Subject, rows: Iterable[Benign]) -> list[tuple[Benign, Any]]:
    """Return the rows that did not stay as they were, with what became of them."""
    results = ((row, subject(row.payload, row.level, ())) for row in rows)
    return [(row, result) for row, result in results if result != row.payload]


def rendered(value: Any) -> str:
    """Return every piece of text that a payload holds, its types left out."""
    pieces: list[str] = []
    _collect(value, pieces)
    return "\n".join(pieces)


def _collect(value: Any, pieces: list[str]) -> None:
    if isinstance(value, BaseException):
        pieces.extend((type(value).__name__, str(value)))
        _collect(value.args, pieces)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            _collect(key, pieces)
            _collect(member, pieces)
    elif isinstance(value, list | tuple | set | frozenset):
        for member in value:
            _collect(member, pieces)
    elif isinstance(value, bytes | bytearray | memoryview):
        pieces.append(bytes(value).decode("utf-8", "replace"))
    elif isinstance(value, str | int | float | None):
        pieces.append(str(value))
    else:
        pieces.extend((str(value), repr(value)))


def surviving(case: Case, left: str) -> str | None:
    """Return what of a case's secrets is still there, if anything."""
    views = [left, *_decoded(left)]
    for secret in case.secrets:
        for fragment in _fragments(secret):
            if any(fragment in view for view in views):
                return fragment
    return None


def _fragments(secret: str) -> Iterable[str]:
    yield secret
    words = secret.split(" ")
    if len(words) >= 12:
        yield from (" ".join(words[i : i + 3]) for i in range(len(words) - 2))
    elif len(secret) >= _LONG and len(words) == 1 and "@" not in secret:
        yield from (secret[i : i + _WINDOW] for i in range(len(secret) - _WINDOW + 1))


def _decoded(text: str) -> Iterable[str]:
    unescaped = _ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
    views = {unquote_plus(text), unquote_plus(unquote_plus(text)), html.unescape(text), unescaped}
    views.add("".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf"))
    yield from views - {text}
    for run in _BASE64.findall(text):
        bare = run.rstrip("=")
        for start in range(4):
            piece = bare[start:]
            piece = piece[: len(piece) - (len(piece) % 4 == 1)]
            yield base64.urlsafe_b64decode(piece.replace("+", "-").replace("/", "_") + "=" * (-len(piece) % 4)).decode(
                "latin-1"
            )
    for run in _HEX.findall(text):
        yield binascii.unhexlify(run).decode("latin-1")
