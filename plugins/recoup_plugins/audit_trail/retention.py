"""Which sealed segments have had their time, and how they go: stated and signed first, removed after."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen

from recoup_plugins.audit_trail.ageing import is_believable
from recoup_plugins.audit_trail.chain import LONGEST_LINE, UnreadableLine, parse, without_hash
from recoup_plugins.audit_trail.errors import IrregularFile
from recoup_plugins.audit_trail.files import open_to_read, segment_name, segment_numbers
from recoup_plugins.audit_trail.statements import is_signed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from recoup_plugins.audit_trail.ageing import AgeClock
    from recoup_plugins.audit_trail.config import AuditTrailConfig
    from recoup_plugins.audit_trail.sealing import Keyring

_SEAL_BYTES = 4096
"""No seal is as long."""


@frozen(kw_only=True)
class SealedSegment:
    """A segment that may be retired. Immutable.

    Attributes:
        number: its number.
        size: in bytes.
        sequence: of its seal.
        hash: of its seal.
        sealed: when.
        ahead: by how many seconds the clock was then ahead of the time known to have passed.
    """

    number: int
    size: int
    sequence: int
    hash: str
    sealed: datetime
    ahead: int


def sealed_segments(directory: Path, current: int, keyring: Keyring) -> list[SealedSegment]:
    """Return the segments before the current one, oldest first, up to the first that does not end in its own seal.

    One without its seal has been tampered with, and what may be evidence is not removed. Where the key has moved on,
    a signature can't be checked any more: then the next segment must be chained to the seal.
    """
    found = []
    for number in segment_numbers(directory):
        if number >= current:
            break
        segment = _read_seal(directory, number, keyring)
        if segment is None:
            break
        found.append(segment)
    return found


def overdue(segments: Sequence[SealedSegment], config: AuditTrailConfig, clock: AgeClock) -> list[SealedSegment]:
    """Return the oldest segments that the configuration no longer keeps."""
    kept_bytes = sum(segment.size for segment in segments)
    due = []
    for at, segment in enumerate(segments):
        left = len(segments) - at
        too_many = config.retain_segments is not None and left > config.retain_segments
        too_large = config.retain_bytes is not None and kept_bytes > config.retain_bytes
        too_old = config.retain_seconds is not None and clock.age(segment.sealed, segment.ahead) > config.retain_seconds
        if not (too_many or too_large or too_old):
            break
        due.append(segment)
        kept_bytes -= segment.size
    return due


def _read_seal(directory: Path, number: int, keyring: Keyring) -> SealedSegment | None:
    try:
        with open_to_read(directory / segment_name(number)) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _SEAL_BYTES))
            lines = file.read(_SEAL_BYTES).splitlines()
        record = parse(lines[-1])
        members = record.value
        sealed, ahead = datetime.fromisoformat(members["time"]), members.get("ahead", 0)
    except (IrregularFile, UnreadableLine, LookupError, ValueError, TypeError):
        return None
    if record.kind != "seal" or sealed.tzinfo is None or record.stored != record.computed or not is_believable(ahead):
        return None
    is_its_own = (
        is_signed(without_hash(record.line), keyring, number, "seal")
        if number >= keyring.first
        else _is_chained_to(directory / segment_name(number + 1), record.computed)
    )
    if not is_its_own:
        return None
    return SealedSegment(
        number=number, size=size, sequence=record.sequence, hash=record.computed, sealed=sealed, ahead=ahead
    )


def _is_chained_to(path: Path, digest: str) -> bool:
    try:
        with open_to_read(path) as file:
            return parse(file.readline(LONGEST_LINE)).previous == digest
    except (FileNotFoundError, IrregularFile, UnreadableLine):
        return False
