"""What verifying a trail comes to."""

from __future__ import annotations

from attrs import define, field, frozen

MOST_FINDINGS = 1000
"""Findings that are kept; the others are counted."""


@frozen(kw_only=True)
class Finding:
    """One thing that is wrong, and where. Immutable.

    Attributes:
        problem: ``changed``, ``removed``, ``inserted``, ``duplicated``, ``reordered``, ``torn``, ``truncated``,
            ``seal_missing``, ``seal_forged``, ``segment_missing``, ``segment_renamed``, ``segment_inserted``,
            ``segment_replaced``, ``head_missing``, ``head_forged``, ``head_stale``, ``retired_forged``,
            ``loss_stated`` or ``witness``.
        file: name of the segment or statement.
        line: counted from 1, or None where no line is to be named.
        sequence: number of the record, or of the first one, or None.
        detail: one sentence.
    """

    problem: str
    file: str
    line: int | None = None
    sequence: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        line = "" if self.line is None else f", line {self.line:,}"
        sequence = "" if self.sequence is None else f", record {self.sequence:,}"
        return f"{self.file}{line}{sequence}: {self.problem}: {self.detail}"


@define(kw_only=True)
class Report:
    """What a trail holds, and everything that is wrong with it. Belongs to one verification.

    Attributes:
        trail: identifies it, or ``""``.
        is_key_checked: whether signatures were checked; False where no key was given.
        segments: segments read.
        sealed: those with a seal that fits, or any seal where no key was given.
        records: lines that are records.
        first_sequence: of the first record that is there, or 0.
        last_sequence: of the last one, or 0.
        last_hash: of the last one, or ``""``; worth noting elsewhere.
        unsigned: records after the last signed head; these could be removed unseen.
        retired_through: number of the last segment that the trail removed itself, or 0.
        repairs: ends that a crash tore and the next start cut off.
        lost: records that the trail says it could not write.
        clock_steps: times that the trail says its clock was set, or stood still for a pause.
        findings: what is wrong, at most 1,000.
        more: how many further findings there were.
    """

    trail: str = ""
    is_key_checked: bool = False
    segments: int = 0
    sealed: int = 0
    records: int = 0
    first_sequence: int = 0
    last_sequence: int = 0
    last_hash: str = ""
    unsigned: int = 0
    retired_through: int = 0
    repairs: int = 0
    lost: int = 0
    clock_steps: int = 0
    findings: list[Finding] = field(factory=list)
    more: int = 0

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def add(self, finding: Finding) -> None:
        """Keep a finding, unless the same place was named or there are too many."""
        if finding.line is not None and any(
            (known.file, known.line) == (finding.file, finding.line) for known in self.findings[-8:]
        ):
            return
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)
        else:
            self.more += 1
