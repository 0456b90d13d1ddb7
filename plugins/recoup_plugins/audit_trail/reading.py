"""Reading a segment that an attacker may have written: every line, none of them believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from recoup_plugins.audit_trail.chain import LONGEST_LINE, UnreadableLine, parse
from recoup_plugins.audit_trail.errors import AuditTrailError
from recoup_plugins.audit_trail.files import open_to_read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recoup_plugins.audit_trail.chain import Record

MOST_LINES = 2_000_000
"""Lines of one segment that are read at most."""


@frozen
class Line:
    """One line of a file. Immutable.

    Attributes:
        number: counted from 1.
        raw: its bytes, without the end of line.
        record: what it says, or None where it is no record.
        problem: why it is none, or ``""``.
        is_whole: whether it has its end of line.
    """

    number: int
    raw: bytes
    record: Record | None
    problem: str
    is_whole: bool


def read_lines(path: Path) -> Iterator[Line]:
    """Yield every line of a segment.

    Raises:
        AuditTrailError: there are too many, or it is no plain file.
        OSError: the file can't be read.
    """
    with open_to_read(path) as file:
        number = 0
        while raw := file.readline(LONGEST_LINE):
            number += 1
            if number > MOST_LINES:
                raise AuditTrailError(f"{path} has more than {MOST_LINES:,} lines, which no segment has")
            is_whole = raw.endswith(b"\n")
            raw = raw.removesuffix(b"\n")
            try:
                yield Line(number, raw, parse(raw), "", is_whole)
            except UnreadableLine as failure:
                yield Line(number, raw, None, str(failure), is_whole)
