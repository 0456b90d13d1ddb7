"""Cuts a log into records: what belongs together and has to be looked at as one text.

A record is a line with the lines that go on with it: indented ones, closing brackets, the body of a private key, the
words of a seed phrase written one to a line, what follows ``name =`` at a line's end. Memory is bounded by the longest
line and record, whatever the log's size.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LINE: Final = 1 << 20
"""Bytes of a line that is looked at as a whole; a longer one comes in parts of that size."""

LONGEST_RECORD: Final = 1 << 18
"""Bytes after which a record of several lines ends."""

_OPEN_END = re.compile(rb"(?:[=\\]|:[ \t]?[|>]?[+\-]?)[ \t]{0,8}\r?\n?\Z")
_WORD_LINE = re.compile(rb"(?:\d{1,2}[.):]?\s)?[A-Za-z]{3,8}\r?\n?\Z")
_GOES_ON: Final = (b" ", b"\t", b"}", b"]", b")", b"\r", b"\n")
_KEY_BEGINS = re.compile(rb"-{3,5} ?BEGIN [A-Z0-9 ]{0,48}PRIVATE[A-Z0-9 ]{0,48}-{3,5}")
_KEY_ENDS = re.compile(rb"-{3,5} ?END [A-Z0-9 ]{0,48}-{3,5}")
_KEY_HEADER = re.compile(rb"(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash|MessageID):", re.IGNORECASE)
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
_KEY_TOKEN: Final = 32


class ByteReader(Protocol):
    """What a log is read from."""

    def readline(self, size: int, /) -> bytes:
        """Return the next line, at most ``size`` bytes of it; nothing at the end."""
        ...


@frozen
class Record:
    """Lines that belong together. Immutable, hence thread-safe and task-safe.

    Attributes:
        data: the bytes, line ends included.
        lines: how many lines it has.
        partial: the line goes on in the next record, since it is longer than :data:`LONGEST_LINE`.
    """

    data: bytes
    lines: int = 1
    partial: bool = False


class Records:
    """Iterates over the records of a log. Not thread-safe: it reads a file."""

    def __init__(self, source: ByteReader) -> None:
        self._source = source
        self._held: list[bytes] = []
        self._size = 0
        self._in_key = False

    def __iter__(self) -> Iterator[Record]:
        swallowing = False
        while line := self._source.readline(LONGEST_LINE):
            if swallowing:
                # What is left of a private key that is longer than a record: its beginning is hidden already.
                ended = _KEY_ENDS.search(line) is not None
                if ended or _is_of_a_key(line):
                    swallowing = not ended
                    continue
                swallowing = False
            is_partial = len(line) == LONGEST_LINE and not line.endswith(b"\n")
            if self._held and (is_partial or not self._belongs(line)):
                yield self._ended()
            if is_partial:
                yield Record(line, partial=True)
                while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    line = self._source.readline(LONGEST_LINE)
                    yield Record(line, partial=len(line) == LONGEST_LINE and not line.endswith(b"\n"))
                continue
            self._hold(line)
            if self._size >= LONGEST_RECORD:
                swallowing = self._in_key
                yield self._ended()
        if self._held:
            yield self._ended()

    def _belongs(self, line: bytes) -> bool:
        if self._in_key:
            return _is_of_a_key(line) or _KEY_ENDS.search(line) is not None
        before = self._held[-1]
        if _OPEN_END.search(before[-16:]):
            return True
        return line.startswith(_GOES_ON) or (
            _WORD_LINE.match(line) is not None and _WORD_LINE.match(before) is not None
        )

    def _hold(self, line: bytes) -> None:
        self._held.append(line)
        self._size += len(line)
        if b"PRIVATE" in line and (begins := [*_KEY_BEGINS.finditer(line)]):
            self._in_key = _KEY_ENDS.search(line, begins[-1].end()) is None
        elif self._in_key and b"END" in line and _KEY_ENDS.search(line):
            self._in_key = False

    def _ended(self) -> Record:
        record = Record(b"".join(self._held), len(self._held))
        self._held, self._size, self._in_key = [], 0, False
        return record


def _is_of_a_key(line: bytes) -> bool:
    """Tell whether a line can belong to a private key's armour, also with a log's prefix before it."""
    words = line.split()
    if not words or _KEY_HEADER.match(line.lstrip()):
        return True
    last = words[-1]
    is_base64 = _BASE64.issuperset(last)
    return is_base64 and (len(words) == 1 or len(last) >= _KEY_TOKEN or last.endswith(b"="))
