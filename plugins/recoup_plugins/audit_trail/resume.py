"""Taking up a trail where it was left: what a crash tore is cut off, and whatever does not fit is told.

Only a torn end is repaired: bytes after the last line that can be read. Nothing before that line is touched, be it
right or wrong, nor a segment of which no line can be read, which no crash leaves behind; these are for
:mod:`recoup_plugins.audit_trail.verify` to judge.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, frozen

from recoup_plugins.audit_trail.chain import GENESIS, Tip
from recoup_plugins.audit_trail.errors import AuditKeyError, AuditTrailError
from recoup_plugins.audit_trail.files import segment_name, segment_numbers, sync_directory
from recoup_plugins.audit_trail.merkle import Frontier
from recoup_plugins.audit_trail.reading import read_lines
from recoup_plugins.audit_trail.retention import sealed_segments
from recoup_plugins.audit_trail.statements import BadStatement, Head, Retired, read_statement
from recoup_plugins.audit_trail.unsigned import UnsignedEnd

if TYPE_CHECKING:
    from pathlib import Path

    from recoup_plugins.audit_trail.chain import Record
    from recoup_plugins.audit_trail.sealing import Keyring


@frozen(kw_only=True)
class Found:
    """What there is to go on from. Immutable.

    Attributes:
        trail: identifies the trail, or None where there is none yet.
        tip: where the chain ends.
        frontier: over the open segment's records.
        opened: when the open segment was begun, or None where the next one must be.
        latest: what the clock showed when the trail was last signed, or None where nothing says.
        ahead: by how many seconds the clock was then ahead of the time known to have passed.
        notes: members for the record that says how the trail was found.
    """

    trail: str | None
    tip: Tip
    frontier: Frontier
    opened: datetime | None
    latest: datetime | None
    ahead: int
    notes: dict[str, Any]


@define
class _Scan:
    """What one segment holds, as far as it can be read.

    Whole lines are counted in ``lines``, and in ``appended`` those that no writer left there.
    """

    frontier: Frontier = field(factory=Frontier)
    first: Record | None = None
    last: Record | None = None
    end: int = 0
    hash_at: str | None = None
    lines: int = 0
    appended: int = 0


def take_up(directory: Path, keyring: Keyring, *, durable: bool) -> Found:
    """Repair the end of a trail, on the disk where ``durable``, and say how it was found.

    Raises:
        OSError: a file can't be read or repaired.
    """
    for beside in directory.glob("*.tmp"):
        with suppress(FileNotFoundError):
            beside.unlink()
    notes: dict[str, Any] = {}
    head = _statement(directory, Head, keyring, notes)
    retired = _statement(directory, Retired, keyring, notes)
    numbers = segment_numbers(directory)
    _finish_retirement(directory, numbers, retired)
    highest = numbers[-1] if numbers else 0
    scan, number = _Scan(), 0
    while numbers and scan.last is None:
        number = numbers.pop()
        scan = _read(directory, number, head)
        if scan.last is None and (scan.lines or number != highest):
            notes.setdefault("unreadable", []).append(segment_name(number))
        else:
            _cut_torn_end(directory, number, scan, notes, durable=durable)
    if head is None and scan.last is not None:
        notes.setdefault("head", "HEAD is missing")
    tip = _tip(scan, number, head, retired)
    if "unreadable" in notes:
        tip = evolve(tip, segment=highest)
    _compare(directory, scan, head, notes)
    trail = _trail(scan, head, retired)
    latest, ahead = _last_signed(directory, head if head and head.trail == trail else None, keyring, highest)
    goes_on = tip.segment == number and scan.last is not None and scan.last.kind != "seal" and number >= keyring.first
    return Found(
        trail=trail,
        tip=tip,
        frontier=scan.frontier if goes_on else Frontier(),
        opened=_opened(scan) if goes_on else None,
        latest=latest,
        ahead=ahead,
        notes=notes,
    )


def read_end(directory: Path, number: int) -> tuple[Record, Frontier]:
    """Return the last record of a segment that this process writes, and the frontier over its records."""
    scan = _read(directory, number, None)
    if scan.last is None:
        raise AuditTrailError(f"{segment_name(number)} was changed while it was written to")
    return scan.last, scan.frontier


def _statement(directory: Path, kind: type[Any], keyring: Keyring, notes: dict[str, Any]) -> Any:
    try:
        return read_statement(directory, kind, keyring)
    except AuditKeyError as failure:
        # A key that moves on leaves behind what it retired earlier, but never the head, which is signed first.
        if kind is Head:
            notes[kind.PURPOSE] = str(failure)
        return None
    except BadStatement as failure:
        notes[kind.PURPOSE] = str(failure)
        return None


def _finish_retirement(directory: Path, numbers: list[int], retired: Retired | None) -> None:
    """Remove segments that a crash left behind after they had been stated to be retired."""
    while retired is not None and len(numbers) > 1 and numbers[0] <= retired.through:
        path = directory / segment_name(numbers[0])
        header = next(read_lines(path), None)
        if header is None or header.record is None or header.record.value.get("trail") != retired.trail:
            break  # a statement of another trail: nothing to act on
        path.unlink()
        del numbers[0]


def _read(directory: Path, number: int, head: Head | None) -> _Scan:
    scan, offset = _Scan(), 0
    unsigned = UnsignedEnd(head.sequence) if head is not None else None
    for line in read_lines(directory / segment_name(number)):
        offset += len(line.raw) + line.is_whole
        scan.lines += line.is_whole
        record = line.record
        if record is None or not line.is_whole:
            continue
        scan.first, scan.last, scan.end = scan.first or record, record, offset
        scan.frontier.add(record.computed)
        if head is not None and record.sequence == head.sequence:
            scan.hash_at = record.computed
        if unsigned is not None:
            unsigned.see(record)
            scan.appended = unsigned.count
    return scan


def _cut_torn_end(directory: Path, number: int, scan: _Scan, notes: dict[str, Any], *, durable: bool) -> None:
    """Cut off what stands after the last readable line; a segment without any is removed."""
    path = directory / segment_name(number)
    with path.open("rb") as file:
        file.seek(scan.end)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        torn = file.tell() - scan.end
    if torn:
        notes.setdefault("repair", []).append({"file": path.name, "offset": scan.end, "bytes": torn, "sha256": digest})
    if scan.last is None:
        path.unlink()
        if durable:
            sync_directory(directory)
    elif torn:
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0))
        try:
            os.ftruncate(descriptor, scan.end)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _tip(scan: _Scan, number: int, head: Head | None, retired: Retired | None) -> Tip:
    """Return where to go on; where every segment is gone, what is signed says where that was."""
    if scan.last is not None:
        return Tip(number, scan.last.sequence, scan.last.computed)
    if head is not None and head.sequence:
        return Tip(head.segment, head.sequence, head.hash)
    if retired is not None:
        return Tip(retired.through, retired.sequence, retired.hash)
    return Tip(0, 0, GENESIS)


def _compare(directory: Path, scan: _Scan, head: Head | None, notes: dict[str, Any]) -> None:
    """Note where the trail is not what its head was signed for."""
    if scan.appended:
        notes["appended"] = scan.appended
    if head is None or not head.sequence:
        return
    if scan.last is None:
        notes["missing"] = "every segment is gone"
    elif head.sequence > scan.last.sequence:
        notes["missing"] = head.sequence - scan.last.sequence
    else:
        found = scan.hash_at
        if found is None and (directory / segment_name(head.segment)).exists():
            found = _read(directory, head.segment, head).hash_at
        if found != head.hash:
            notes["mismatch"] = head.sequence


def _trail(scan: _Scan, head: Head | None, retired: Retired | None) -> str | None:
    if scan.first is not None and isinstance(trail := scan.first.value.get("trail"), str):
        return trail
    statement = head or retired
    return statement.trail if statement else None


def _opened(scan: _Scan) -> datetime | None:
    """Return when the segment was begun, or None where its first line does not say."""
    return None if scan.first is None else _moment(scan.first.value.get("time"))


def _last_signed(directory: Path, head: Head | None, keyring: Keyring, highest: int) -> tuple[datetime | None, int]:
    """Return when the trail was last signed, and how far the clock was ahead; without a head the newest seal says."""
    if head is not None:
        return _moment(head.time), head.ahead
    sealed = sealed_segments(directory, highest + 1, keyring)
    return (sealed[-1].sealed, sealed[-1].ahead) if sealed else (None, 0)


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
