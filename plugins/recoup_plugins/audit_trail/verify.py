"""Whether a trail is whole: every segment, every link, every signature, and what it says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from recoup_plugins.audit_trail.chain import GENESIS, HIGHEST, without_hash
from recoup_plugins.audit_trail.diagnosis import Diagnosis, Expected, diagnose, is_sound
from recoup_plugins.audit_trail.errors import AuditTrailError
from recoup_plugins.audit_trail.files import segment_name
from recoup_plugins.audit_trail.findings import Finding, Report
from recoup_plugins.audit_trail.merkle import Frontier
from recoup_plugins.audit_trail.reading import read_lines
from recoup_plugins.audit_trail.sealing import LAST_SEGMENT
from recoup_plugins.audit_trail.segments import find_segments
from recoup_plugins.audit_trail.statements import BadStatement, Head, Retired, is_signed, read_statement
from recoup_plugins.audit_trail.unsigned import UnsignedEnd

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from recoup_plugins.audit_trail.chain import Record
    from recoup_plugins.audit_trail.reading import Line
    from recoup_plugins.audit_trail.sealing import Keyring
    from recoup_plugins.audit_trail.segments import SegmentFile

_NOT_TAMPERED = {"repair", "format", "segment", "seq", "time", "type", "prev", "hash"}
_LISTINGS = 100
"""How often the names of the files are read at most, where retention removes them faster than they can be verified."""


@frozen(kw_only=True)
class VerifiedSegment:
    """A segment and what its verification found. Immutable.

    Attributes:
        file: where it is.
        lines: all of them.
        chain: those that belong to the chain, in its order.
        seal: its last one, where that is a seal that fits, or any seal without a key.
        is_sound: whether nothing in it is wrong.
    """

    file: SegmentFile
    lines: Sequence[Line]
    chain: Sequence[Line]
    seal: Line | None
    is_sound: bool


def verify_trail(
    directory: str | os.PathLike[str],
    keyring: Keyring | None = None,
    *,
    witness: tuple[int, str] | None = None,
    each: Callable[[VerifiedSegment], None] | None = None,
) -> Report:
    """Verify a trail and name everything that is wrong with it. Holds one segment in memory at a time.

    Args:
        directory: of the trail.
        keyring: checks seals, head and retirement; None leaves these unchecked, and anybody could have written them.
        witness: sequence number and hash of a record, noted elsewhere earlier; finds a trail that was set back.
        each: called with each segment, in the order of the trail.

    Raises:
        AuditTrailError: there is no trail, or the key does not reach back to its beginning.
        OSError: a file can't be read.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise AuditTrailError(f"there is no directory {directory}")
    # The trail may be written to while it is read. It only grows after its head was read, and what is gone before it
    # could be read has been stated to be retired by then.
    report = Report(is_key_checked=keyring is not None)
    head, has_head = _statement(directory, Head, keyring, report)
    files, findings = find_segments(directory, head.trail if head else None)
    retired, has_retired = _statement(directory, Retired, keyring, report)
    if head is not None and retired is not None and retired.trail != head.trail:
        detail = f"it belongs to another trail, {retired.trail[:64]!r}"
        report.add(Finding(problem="retired_forged", file=Retired.NAME, line=1, detail=detail))
        retired = None
    if not files and not findings and not has_head and not has_retired:
        raise AuditTrailError(f"there is no audit trail in {directory}")
    for finding in findings:
        report.add(finding)
    run = _Run(directory, keyring, report, head, retired, witness)
    for _ in range(_LISTINGS):
        if not _verify_each(run, files, each):
            break
        files, _ = find_segments(directory, head.trail if head else None)
        run.renew_retired()
    run.end(files, has_head=has_head)
    return report


def _verify_each(run: _Run, files: Sequence[SegmentFile], each: Callable[[VerifiedSegment], None] | None) -> bool:
    """Verify the segments in turn; return whether the last one was retired meanwhile, so that later ones are there."""
    is_behind = False
    for at, file in enumerate(files):
        try:
            verified = run.segment(file, files[at + 1] if at + 1 < len(files) else None)
        except FileNotFoundError:
            is_behind = run.skip(file)
            continue
        is_behind = False
        if each is not None:
            each(verified)
    return is_behind


def _statement(directory: Path, kind: type[Any], keyring: Keyring | None, report: Report) -> tuple[Any, bool]:
    try:
        statement = read_statement(directory, kind, keyring)
    except BadStatement as failure:
        report.add(Finding(problem=f"{kind.PURPOSE}_forged", file=kind.NAME, line=1, detail=str(failure)))
        return None, True
    return statement, statement is not None


@define
class _Run:
    """One verification, as it goes from segment to segment."""

    directory: Path
    keyring: Keyring | None
    report: Report
    head: Head | None
    retired: Retired | None
    witness: tuple[int, str] | None
    number: int = field(init=False, default=0)
    sequence: int | None = field(init=False, default=0)
    hash: str | None = field(init=False, default=GENESIS)
    is_trusted: bool = field(init=False, default=True)
    is_witnessed: bool = field(init=False, default=False)
    is_head_found: bool = field(init=False, default=False)
    unsigned: UnsignedEnd | None = field(init=False, default=None)
    appended: Finding | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.unsigned = UnsignedEnd(self.head.sequence) if self.head is not None else None

    def skip(self, file: SegmentFile) -> bool:
        """Pass over a segment that was there when the names were read; return whether it has been retired since.

        One that has not is missed when its successor, or the end, is not the one that follows.

        Raises:
            OSError: RETIRED can't be read.
        """
        self.renew_retired()
        if self.retired is not None and self.retired.through >= file.number:
            self.number, self.sequence, self.hash, self.is_trusted = 0, 0, GENESIS, True
            return True
        return False

    def renew_retired(self) -> None:
        """Read again what has been retired, which goes before its removal."""
        retired, _ = _statement(self.directory, Retired, self.keyring, self.report)
        if retired is not None and (self.head is None or retired.trail == self.head.trail):
            self.retired = retired

    def segment(self, file: SegmentFile, following: SegmentFile | None) -> VerifiedSegment:
        """Verify one segment and go on behind it."""
        self._begin_at(file)
        lines = list(read_lines(file.path))
        self.report.segments += 1
        if not all(line.is_whole for line in lines):
            lines = list(read_lines(file.path))  # what was being written a moment ago is whole by now
        seal = self._seal(file, lines)
        expected = self._expected(file, following, lines, seal)
        known = len(self.report.findings)
        sound = is_sound(lines, expected)
        diagnosis = Diagnosis(lines) if sound else diagnose(file.path.name, lines, expected)
        for finding in diagnosis.findings:
            self.report.add(finding)
        chain = diagnosis.chain
        self._check_links(file, chain, seal, following)
        self._take_note(file, chain)
        end = chain[-1].record if chain else None
        self.number, self.is_trusted = file.number, seal is not None
        if end is not None:
            self.sequence, self.hash = end.sequence, end.computed
        elif following is not None:
            self.sequence = self.hash = None
        return VerifiedSegment(
            file=file, lines=lines, chain=chain, seal=seal, is_sound=len(self.report.findings) == known
        )

    def end(self, files: Sequence[SegmentFile], *, has_head: bool) -> None:
        """Hold the end of the trail against its head and the witness."""
        report, head = self.report, self.head
        report.retired_through = self.retired.through if self.retired else 0
        report.last_sequence, report.last_hash = self.sequence or 0, self.hash or ""
        if not has_head:
            detail = "without it, records removed from the end can't be noticed"
            report.add(Finding(problem="head_missing", file=Head.NAME, detail=detail))
        if head is not None:
            last = self.sequence or 0
            report.unsigned = max(0, last - head.sequence)
            if head.sequence > last:
                detail = f"HEAD was signed for {head.sequence:,} records, and the trail ends after {last:,}"
                name = files[-1].path.name if files else segment_name(head.segment)
                report.add(Finding(problem="truncated", file=name, sequence=last + 1, detail=detail))
            elif head.sequence and not self.is_head_found:
                self._head_not_found(head)
            elif self.number > head.segment + 1:
                self._head_stale(head)
            elif self.appended is not None:
                self._appended(self.appended)
        if self.witness is not None and not self.is_witnessed:
            sequence = self.witness[0]
            if self.retired is None or sequence > self.retired.sequence:
                detail = "the record that was noted elsewhere is not here: the trail was set back, or is another one"
                report.add(Finding(problem="witness", file=str(self.directory), sequence=sequence, detail=detail))

    def _head_stale(self, head: Head) -> None:
        latest = read_statement(self.directory, Head, self.keyring)
        if latest is not None and self.number > latest.segment + 1:
            detail = f"it was signed in segment {head.segment}, before the later ones were begun: an old one is back"
            self.report.add(Finding(problem="head_stale", file=Head.NAME, line=1, detail=detail))

    def _appended(self, finding: Finding) -> None:
        """Name records that no head was signed for, unless one was meanwhile, since the trail goes on."""
        latest = read_statement(self.directory, Head, self.keyring)
        if latest is None or latest.sequence < (finding.sequence or 0):
            self.report.add(finding)

    def _head_not_found(self, head: Head) -> None:
        """Name the record that HEAD was signed for, unless something was found there already."""
        if self.retired is not None and head.segment <= self.retired.through:
            self._head_stale(head)
            return
        name = segment_name(head.segment)
        if not any(known.file == name and known.sequence in {head.sequence, None} for known in self.report.findings):
            detail = "HEAD was signed for another record, or for this one in another segment"
            self.report.add(Finding(problem="changed", file=name, sequence=head.sequence, detail=detail))

    def _begin_at(self, file: SegmentFile) -> None:
        """Go on after what retention has removed, or after segments that nobody said would be."""
        if self.number == 0 and self.retired is not None and file.number <= self.retired.through:
            # Removing them was stated, and a crash kept it from being done: their seals speak for them.
            self.sequence = self.hash = None
        elif self.number == 0 and self.retired is not None:
            self.number, self.sequence, self.hash = self.retired.through, self.retired.sequence, self.retired.hash
        if file.number > self.number + 1 and self.hash is not None:
            missing = (
                f"segments {self.number + 1} to {file.number - 1} are"
                if file.number > self.number + 2
                else (f"segment {self.number + 1} is")
            )
            detail = f"{missing} gone, and no signed statement says that they were retired"
            name = segment_name(self.number + 1)
            sequence = None if self.sequence is None else self.sequence + 1
            self.report.add(Finding(problem="segment_missing", file=name, sequence=sequence, detail=detail))
            self.sequence = self.hash = None

    def _seal(self, file: SegmentFile, lines: Sequence[Line]) -> Line | None:
        """Return the seal that fits, or without a key the one at the end; name any that does not."""
        seals = [line for line in lines if line.record is not None and line.record.kind == "seal" and line.is_whole]
        if self.keyring is None:
            return seals[-1] if seals and seals[-1] is lines[-1] else None
        good = None
        for line in seals:
            assert line.record is not None
            if is_signed(without_hash(line.raw), self.keyring, file.number, "seal"):
                good = good or line
            else:
                detail = (
                    "its signature does not fit: the seal was changed, or records before it and the chain from there"
                )
                self._find("seal_forged", file, line.number, line.record.sequence, detail)
        return good

    def _expected(
        self, file: SegmentFile, following: SegmentFile | None, lines: Sequence[Line], seal: Line | None
    ) -> Expected:
        first = None if self.sequence is None else self.sequence + 1
        last: int | None = None
        hashes: dict[int, str] = {}
        if self.head is not None and self.head.segment == file.number:
            hashes[self.head.sequence] = self.head.hash
        if seal is not None and seal.record is not None and (self.keyring is not None or following is None):
            last = seal.record.sequence
            hashes[last] = seal.record.computed
        elif following is not None and following.header is not None and following.number == file.number + 1:
            last = following.header.sequence - 1
            hashes[last] = following.header.previous
        if first is None and file.header is not None:
            first = file.header.sequence
        if last is not None and first is not None and not first <= last <= first + len(lines) + LAST_SEGMENT:
            last = None  # what the next segment says of this one can't be so
        return Expected(first=first, last=last, hashes=hashes)

    def _check_links(
        self, file: SegmentFile, chain: Sequence[Line], seal: Line | None, following: SegmentFile | None
    ) -> None:
        first = chain[0].record if chain else None
        if first is not None and self.hash is not None and first.previous != self.hash and self.is_trusted:
            detail = "it does not follow the end of the segment before"
            self._find("changed", file, chain[0].number, first.sequence, detail)
        if first is not None and first.kind != "segment":
            self._find("changed", file, chain[0].number, first.sequence, "a segment begins with its own description")
        if seal is None and following is not None:
            last = chain[-1] if chain else None
            if last is None or last.record is None or last.record.kind != "seal":
                detail = "a segment that is followed by another one ends with a seal"
                self._find("seal_missing", file, last.number if last else None, None, detail)
        elif seal is not None and chain and seal is chain[-1]:
            self.report.sealed += 1
            self._check_seal(file, chain, seal)

    def _check_seal(self, file: SegmentFile, chain: Sequence[Line], seal: Line) -> None:
        assert seal.record is not None
        frontier = Frontier()
        for line in chain[:-1]:
            assert line.record is not None
            frontier.add(line.record.computed)
        said = seal.record.value
        if (said.get("segment"), said.get("records"), said.get("root")) != (
            file.number,
            frontier.size,
            frontier.root(),
        ):
            self._find(
                "seal_forged", file, seal.number, seal.record.sequence, "it seals something else than stands here"
            )

    def _take_note(self, file: SegmentFile, chain: Sequence[Line]) -> None:
        """Count the records, and hear what they say of the trail itself."""
        report = self.report
        report.records += len(chain)
        for line in chain:
            record = line.record
            assert record is not None
            report.first_sequence = report.first_sequence or record.sequence
            head = self.head
            if head is not None and (head.segment, head.sequence, head.hash) == (
                file.number,
                record.sequence,
                record.computed,
            ):
                self.is_head_found = True
            self._follow_unsigned(file, line, record)
            if self.witness == (record.sequence, record.computed):
                self.is_witnessed = True
            if record.kind == "segment":
                report.trail = report.trail or str(record.value.get("trail", ""))
            elif record.kind == "gap":
                lost = record.value.get("lost")
                report.lost += lost if type(lost) is int and 0 <= lost <= HIGHEST else 0
            elif record.kind == "clock":
                report.clock_steps += 1
            elif record.kind == "start":
                repairs = record.value.get("repair")
                report.repairs += len(repairs) if isinstance(repairs, list) else 0
                stated = {name: value for name, value in record.value.items() if name not in _NOT_TAMPERED}
                if stated:
                    detail = f"the trail was not found as it had been left: {str(stated)[:200]}"
                    self._find("loss_stated", file, line.number, record.sequence, detail)

    def _follow_unsigned(self, file: SegmentFile, line: Line, record: Record) -> None:
        if self.unsigned is None:
            return
        self.unsigned.see(record)
        if self.unsigned.first == record.sequence:
            detail = (
                "between two runs, and no HEAD was signed for it: it was added with what follows, or HEAD is an old one"
            )
            self.appended = Finding(
                problem="inserted", file=file.path.name, line=line.number, sequence=record.sequence, detail=detail
            )

    def _find(self, problem: str, file: SegmentFile, line: int | None, sequence: int | None, detail: str) -> None:
        self.report.add(Finding(problem=problem, file=file.path.name, line=line, sequence=sequence, detail=detail))
