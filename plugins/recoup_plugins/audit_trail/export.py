"""Records of a trail for somebody else, with what proves them.

Each record comes as it stands in the trail, with its place and, where its segment is sealed, the audit path from it to
the root in the seal. The manifest has the seals themselves, the head, and what was asked for.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import attrs
from attrs import frozen

from recoup_plugins.audit_trail.errors import AuditTrailError
from recoup_plugins.audit_trail.merkle import Tree
from recoup_plugins.audit_trail.statements import BadStatement, Head, Retired, read_statement
from recoup_plugins.audit_trail.verify import verify_trail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from recoup_plugins.audit_trail.chain import Record
    from recoup_plugins.audit_trail.findings import Report
    from recoup_plugins.audit_trail.reading import Line
    from recoup_plugins.audit_trail.sealing import Keyring
    from recoup_plugins.audit_trail.verify import VerifiedSegment

COLUMNS = (
    "segment", "line", "seq", "time", "type", "event", "component", "operation", "severity", "error_type", "message",
    "data", "prev", "hash", "leaf", "leaves", "path",
)  # fmt: skip
"""Columns of a CSV export; ``data`` is the record's own JSON, ``path`` the hashes of the audit path."""
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_PASSED_OVER = " \t\r\n\x00\xa0\u200b\ufeff"
"""What a spreadsheet may drop before it looks for a formula."""


class Output(Protocol):
    """Where the export goes."""

    def write(self, text: str, /) -> object:
        """Write text."""
        ...


@frozen(kw_only=True)
class Selection:
    """Which records are exported. Immutable.

    Attributes:
        since: recorded at this time or later; aware, or None.
        until: recorded before this time; aware, or None.
        components: of one of these components; empty for all, and records of the trail itself.
    """

    since: datetime | None = None
    until: datetime | None = None
    components: tuple[str, ...] = ()

    def matches(self, record: Record) -> bool:
        """Tell whether a record is to be exported; one whose time can't be read always is."""
        value = record.value
        if self.components:
            data = value.get("data")
            if not isinstance(data, dict) or data.get("component") not in self.components:
                return False
        try:
            moment = datetime.fromisoformat(value["time"])
        except (KeyError, TypeError, ValueError):
            return True
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)


def export_trail(
    directory: Path,
    selection: Selection,
    output: Output,
    *,
    is_csv: bool = False,
    keyring: Keyring | None = None,
    allow_broken: bool = False,
) -> dict[str, Any]:
    """Write the records that were selected and return the manifest. Holds one segment in memory at a time.

    Each segment is verified before a record of it is written, and the whole trail in the end.

    Args:
        directory: of the trail.
        selection: which records.
        output: where they go.
        is_csv: CSV in place of JSON Lines.
        keyring: checks the signatures; None leaves them unchecked.
        allow_broken: whether to go on in a trail that does not verify; the manifest says what is wrong.

    Raises:
        AuditTrailError: there is no trail, or it does not verify. What was written until then holds.
        OSError: a file can't be read or written.
    """
    writer = _Writer(output, selection, is_csv=is_csv, allow_broken=allow_broken)
    report = verify_trail(directory, keyring, each=writer.segment)
    if not report.is_ok and not allow_broken:
        raise AuditTrailError(f"the trail does not verify: {report.findings[0]}; see `recoup audit verify {directory}`")
    return _manifest(directory, selection, writer, report, is_csv=is_csv)


class _Writer:
    """Writes the selected records of one segment after the other."""

    def __init__(self, output: Output, selection: Selection, *, is_csv: bool, allow_broken: bool) -> None:
        self._output = output
        self._selection = selection
        self._is_csv = is_csv
        self._allow_broken = allow_broken
        self.digest = hashlib.sha256()
        self.records = 0
        self.first: int | None = None
        self.last: int | None = None
        self.segments: list[dict[str, Any]] = []
        if is_csv:
            self._write_row(COLUMNS)

    def segment(self, segment: VerifiedSegment) -> None:
        if not segment.is_sound and not self._allow_broken:
            raise AuditTrailError(
                f"{segment.file.path.name} does not verify, so nothing of it is exported; `recoup audit verify` says "
                "what is wrong with it, and --allow-broken exports what is left"
            )
        selected = [
            (at, line) for at, line in enumerate(segment.chain) if line.record and self._selection.matches(line.record)
        ]
        if not selected:
            return
        tree = _tree(segment)
        seal = segment.seal.raw.decode("ascii") if tree is not None and segment.seal is not None else None
        self.segments.append(
            {"file": segment.file.path.name, "segment": segment.file.number, "verified": segment.is_sound, "seal": seal}
        )
        for at, line in selected:
            proof = None
            if tree is not None and at < tree.size:
                proof = {"leaf": at, "leaves": tree.size, "path": tree.path(at)}
            self._record(segment, line, proof)

    def _record(self, segment: VerifiedSegment, line: Line, proof: dict[str, Any] | None) -> None:
        assert line.record is not None
        self.records += 1
        self.first = self.first or line.record.sequence
        self.last = line.record.sequence
        if self._is_csv:
            self._write_row(_row(segment, line.record, line, proof))
            return
        place = json.dumps({"segment": segment.file.number, "line": line.number, "proof": proof}, separators=(",", ":"))
        # The record's own bytes, so that its hash can be computed again.
        self._write(f'{place[:-1]},"record":{line.raw.decode("ascii")}}}\n')

    def _write_row(self, cells: Sequence[object]) -> None:
        row = io.StringIO()
        csv.writer(row, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
        self._write(row.getvalue())

    def _write(self, text: str) -> None:
        self.digest.update(text.encode("utf-8"))
        self._output.write(text)


def _tree(segment: VerifiedSegment) -> Tree | None:
    """Return the tree that the seal has the root of, or None where the segment is not sealed or not whole."""
    if segment.seal is None or not segment.is_sound:
        return None
    return Tree([line.record.computed for line in segment.chain[:-1] if line.record])


def _row(segment: VerifiedSegment, record: Record, line: Line, proof: dict[str, Any] | None) -> list[object]:
    value = record.value
    said = value.get("data")
    data = said if isinstance(said, dict) else {}
    proof = proof or {}
    return [
        segment.file.number, line.number, record.sequence, value.get("time"), record.kind,
        value.get("event"), data.get("component"), data.get("operation"), data.get("severity"),
        data.get("error_type"), data.get("message"), line.raw.decode("ascii"), record.previous, record.computed,
        proof.get("leaf"), proof.get("leaves"), " ".join(proof.get("path", ())),
    ]  # fmt: skip


def _cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula (CWE-1236): an apostrophe goes before one."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")  # half of a character, in a forged record
    is_formula = text.startswith(_BEGINS_A_FORMULA) or text.lstrip(_PASSED_OVER).startswith(_BEGINS_A_FORMULA)
    return f"'{text}" if is_formula else text


def _manifest(
    directory: Path, selection: Selection, writer: _Writer, report: Report, *, is_csv: bool
) -> dict[str, Any]:
    return {
        "format": 1,
        "trail": report.trail,
        "selection": {
            "since": selection.since.isoformat() if selection.since else None,
            "until": selection.until.isoformat() if selection.until else None,
            "components": list(selection.components),
        },
        "export": {
            "format": "csv" if is_csv else "jsonl",
            "sha256": writer.digest.hexdigest(),
            "records": writer.records,
            "first_sequence": writer.first,
            "last_sequence": writer.last,
        },
        "verified": report.is_ok,
        "signatures_checked": report.is_key_checked,
        "findings": [attrs.asdict(finding) for finding in report.findings],
        "more_findings": report.more,
        "trail_records": {"first": report.first_sequence, "last": report.last_sequence, "last_hash": report.last_hash},
        "lost": report.lost,
        "segments": writer.segments,
        "head": _as_it_is(directory, Head),
        "retired": _as_it_is(directory, Retired),
    }


def _as_it_is(directory: Path, kind: type[Any]) -> str | None:
    """Return a statement's line, which can be checked with the key, or None where there is none that can be read."""
    try:
        if read_statement(directory, kind, None) is None:
            return None
    except BadStatement:
        return None
    text: str = (directory / kind.NAME).read_text("ascii")
    return text.removesuffix("\n")
