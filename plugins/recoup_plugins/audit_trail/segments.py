"""Which file holds which segment, by what the files say and what they are called."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import frozen

from recoup_plugins.audit_trail.chain import HIGHEST
from recoup_plugins.audit_trail.errors import IrregularFile
from recoup_plugins.audit_trail.files import segment_name, segment_numbers
from recoup_plugins.audit_trail.findings import Finding
from recoup_plugins.audit_trail.reading import read_lines
from recoup_plugins.audit_trail.sealing import LAST_SEGMENT

if TYPE_CHECKING:
    from pathlib import Path

    from recoup_plugins.audit_trail.chain import Record


@frozen(kw_only=True)
class SegmentFile:
    """A file and the segment that it holds. Immutable.

    Attributes:
        path: the file.
        number: of the segment.
        header: its first record, where the second was chained to it or there is no second; else None.
    """

    path: Path
    number: int
    header: Record | None

    @property
    def trail(self) -> Any:
        """What identifies its trail, or None."""
        return self.header.value.get("trail") if self.header else None


def find_segments(directory: Path, trail: str | None) -> tuple[list[SegmentFile], list[Finding]]:
    """Return the segments of a trail in their order, and the files that are not what they are called.

    Args:
        directory: of the trail.
        trail: identifies it, or None to go by the first segment.

    Raises:
        OSError: a file can't be read.
    """
    files: dict[int, SegmentFile] = {}
    findings = []
    seen = segment_numbers(directory)
    # Reading the names may miss one that comes meanwhile, and have a later one; reading them again does not miss it.
    numbers = [number for number in segment_numbers(directory) if seen and number <= seen[-1]]
    read = []
    for number in numbers:
        path = directory / segment_name(number)
        try:
            read.append(_read(path, number))
        except IrregularFile as failure:
            findings.append(Finding(problem="segment_replaced", file=path.name, detail=str(failure)))
        except FileNotFoundError:
            continue  # retired since, or else missed by whoever follows the chain
    named_right = [file.path.name == segment_name(file.number) for file in read]
    trail = trail or next((file.trail for file in read if file.trail is not None), None)
    # Files that are called what they are come first: a copy under another name does not take their place.
    for at in sorted(range(len(read)), key=lambda at: not named_right[at]):
        file = read[at]
        if not 1 <= file.number <= LAST_SEGMENT:
            detail = f"there is no segment {file.number}"
            findings.append(Finding(problem="segment_inserted", file=file.path.name, line=1, detail=detail))
        elif file.trail is not None and file.trail != trail:
            detail = f"it belongs to another trail, {str(file.trail)[:64]!r}"
            findings.append(Finding(problem="segment_inserted", file=file.path.name, line=1, detail=detail))
        elif file.number in files:
            detail = f"it holds segment {file.number} once more"
            findings.append(Finding(problem="segment_inserted", file=file.path.name, line=1, detail=detail))
        else:
            files[file.number] = file
            if not named_right[at]:
                detail = f"it holds segment {file.number}, which belongs into {segment_name(file.number)}"
                findings.append(Finding(problem="segment_renamed", file=file.path.name, line=1, detail=detail))
    return [files[number] for number in sorted(files)], findings


def _read(path: Path, number: int) -> SegmentFile:
    first = [line.record for line in islice(read_lines(path), 2)]
    header = first[0] if first else None
    if header is None or header.kind != "segment" or header.stored != header.computed:
        return SegmentFile(path=path, number=number, header=None)
    if len(first) > 1 and (first[1] is None or first[1].previous != header.computed):
        return SegmentFile(path=path, number=number, header=None)
    said = header.value.get("segment")
    return SegmentFile(path=path, number=said if type(said) is int and 0 < said <= HIGHEST else number, header=header)
