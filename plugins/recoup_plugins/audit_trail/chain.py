"""One line of the trail: its bytes, its hash, and the link to the line before it.

A line is a JSON object in ASCII whose last member is ``hash``, the SHA-256 of the same line without that member. So
the bytes that are hashed are those that stand in the file, and no second way of writing them can matter.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from attrs import frozen

from recoup_plugins.audit_trail.errors import AuditTrailError

FORMAT = 1
GENESIS = "0" * 64
"""What the first line of a trail has for the hash of the line before it."""
LONGEST_LINE = 4_194_304
"""Bytes of a line that are read at most; the writer stays far below."""
HIGHEST = 2**63 - 1
"""Highest number that is believed of a line; no trail gets there."""
_HEX_DIGITS = 64
_HEX = frozenset("0123456789abcdef")
_HASH_OPENS = b',"hash":"'
_HASH_BYTES = len(_HASH_OPENS) + _HEX_DIGITS + len(b'"}')


class UnreadableLine(AuditTrailError):
    """A line that is no record."""


@frozen
class Tip:
    """Where the chain ends. Immutable.

    Attributes:
        segment: number of the segment.
        sequence: of its last record.
        hash: of its last record.
    """

    segment: int
    sequence: int
    hash: str


@frozen
class Record:
    """One line, as it was read. Immutable.

    Attributes:
        sequence: its number.
        kind: its type, such as ``event`` or ``seal``.
        previous: hash of the line before it, as it says.
        stored: its own hash, as it says.
        computed: its own hash, as it is.
        line: the line itself, without its end.
    """

    sequence: int
    kind: str
    previous: str
    stored: str
    computed: str
    line: bytes

    @property
    def value(self) -> dict[str, Any]:
        """All its members; read from the line each time, since a verifier holds many records and asks few."""
        members: dict[str, Any] = json.loads(self.line)
        return members


def body(sequence: int, time: str, kind: str, members: str, previous: str) -> str:
    """Return a record's text without its hash; ``members`` is JSON without the braces around it."""
    return f'{{"seq":{sequence},"time":"{time}","type":"{kind}",{members},"prev":"{previous}"}}'


def finish(text: str) -> tuple[bytes, str]:
    """Return the line for a record's text, with its hash and the end of line, and the hash."""
    content = text.encode("ascii")
    digest = hashlib.sha256(content).hexdigest()
    return b"".join((content[:-1], _HASH_OPENS, digest.encode("ascii"), b'"}\n')), digest


def parse(line: bytes) -> Record:
    """Read a line, with or without its end of line.

    Raises:
        UnreadableLine: it is no record; a wrong hash alone does not make it so.
    """
    line = line.removesuffix(b"\n")
    opens = len(line) - _HASH_BYTES
    if opens <= 0 or line[opens : opens + len(_HASH_OPENS)] != _HASH_OPENS:
        raise UnreadableLine("it does not end with its hash")
    try:
        value = json.loads(line.decode("ascii"))
    except (ValueError, RecursionError):
        raise UnreadableLine("it is not JSON in ASCII") from None
    sequence, kind, previous, stored = (value.get(name) for name in ("seq", "type", "prev", "hash"))
    if type(sequence) is not int or not 1 <= sequence <= HIGHEST or not isinstance(kind, str):
        raise UnreadableLine("it has no sequence number or no type")
    if not is_digest(previous) or not is_digest(stored):
        raise UnreadableLine("it has no hash, or none of the line before it")
    computed = hashlib.sha256(line[:opens] + b"}").hexdigest()
    return Record(sequence, kind, previous, computed if stored == computed else stored, computed, line)


def without_hash(line: bytes) -> str:
    """Return the text whose hash a record's line holds, given the line without its end."""
    return line[:-_HASH_BYTES].decode("ascii") + "}"


def is_digest(value: object) -> bool:
    """Tell whether a value is a SHA-256 digest or MAC in lower-case hexadecimal."""
    return isinstance(value, str) and len(value) == _HEX_DIGITS and _HEX.issuperset(value)
