"""What happened to the records of one segment.

The chain is followed backwards, from the end that is trusted most: a hash names the one record that can have stood
before, so whatever it does not name is foreign, and whatever it names and is not there is gone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from attrs import Factory, define, frozen

from recoup_plugins.audit_trail.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from recoup_plugins.audit_trail.reading import Line


@frozen(kw_only=True)
class Expected:
    """What is known of a segment from elsewhere. Immutable.

    Attributes:
        first: sequence number of its first record, or None.
        last: sequence number of its last record, or None.
        hashes: hashes of records by sequence number, from a seal, a head or the next segment.
    """

    first: int | None
    last: int | None
    hashes: Mapping[int, str]


@define
class Diagnosis:
    """The records that belong to the chain, and what is wrong. Belongs to one verification."""

    chain: list[Line]
    findings: list[Finding] = Factory(list)


def is_sound(lines: Sequence[Line], expected: Expected) -> bool:
    """Tell whether every line follows from the one before and fits what is known; the ordinary case."""
    sequence, previous = expected.first, None
    for line in lines:
        record = line.record
        if record is None or not line.is_whole or record.stored != record.computed:
            return False
        if (sequence is not None and record.sequence != sequence) or (
            previous is not None and record.previous != previous
        ):
            return False
        if expected.hashes.get(record.sequence, record.computed) != record.computed:
            return False
        sequence, previous = record.sequence + 1, record.computed
    return expected.last is None or sequence == expected.last + 1


def diagnose(file: str, lines: Sequence[Line], expected: Expected) -> Diagnosis:
    """Tell the records of the chain from the others, and name everything that is wrong.

    Args:
        file: name of the segment.
        lines: all of them.
        expected: what is known from elsewhere.
    """
    case = _Case(file, lines, expected)
    case.choose()
    case.find_gaps()
    case.find_order()
    case.find_rest()
    chain = sorted(case.chosen.items())
    case.findings.sort(key=lambda finding: (finding.line or 0, finding.sequence or 0))
    return Diagnosis([line for _, line in chain], case.findings)


class _Case:
    def __init__(self, file: str, lines: Sequence[Line], expected: Expected) -> None:
        self._file = file
        self._expected = expected
        self._by_sequence: dict[int, list[Line]] = defaultdict(list)
        self._unreadable: list[Line] = []
        for line in lines:
            if line.record is None or not line.is_whole:
                self._unreadable.append(line)
            else:
                self._by_sequence[line.record.sequence].append(line)
        self._last_line = lines[-1].number if lines else 0
        self.chosen: dict[int, Line] = {}
        self.findings: list[Finding] = []

    def choose(self) -> None:
        """Go back from the end and take, for each number, the record that the one after it was chained to."""
        wanted: dict[int, str] = {}
        for sequence in sorted(self._by_sequence, reverse=True):
            if not self._is_within(sequence):
                continue
            candidates = self._by_sequence[sequence]
            want = self._expected.hashes.get(sequence) or wanted.get(sequence)
            before = {item.record.computed for item in self._by_sequence.get(sequence - 1, ()) if item.record}
            line, is_named = _pick(candidates, want, before, self.chosen.get(sequence + 1))
            self.chosen[sequence] = line
            assert line.record is not None
            if line.record.stored != line.record.computed:
                self._name("changed", line, "its content or its hash was edited: they do not fit each other")
            elif want is not None and not is_named:
                detail = (
                    "something else was signed or chained to in its place: it was edited and its hash computed anew, "
                    "or a record before it was and the chain from there on"
                )
                self._name("changed", line, detail)
            if is_named or line.record.previous in before:
                wanted[sequence - 1] = line.record.previous

    def find_gaps(self) -> None:
        """Name what is missing between the chosen ones; a line there that can't be read stands for one of them."""
        numbers = sorted(self.chosen)
        for before, after in pairwise(numbers):
            self._missing(before + 1, after - 1, self.chosen[before].number, self.chosen[after].number)
        first, last = self._expected.first, self._expected.last
        if numbers and first is not None:
            self._missing(first, numbers[0] - 1, 0, self.chosen[numbers[0]].number)
        if numbers and last is not None:
            self._missing(numbers[-1] + 1, last, self.chosen[numbers[-1]].number, self._last_line + 1)
        elif not numbers and first is not None and last is not None:
            self._missing(first, last, 0, self._last_line + 1)

    def find_order(self) -> None:
        """Name the fewest records without which the rest stand in their order."""
        ordered = [self.chosen[sequence] for sequence in sorted(self.chosen)]
        in_order = _increasing([line.number for line in ordered])
        for at, line in enumerate(ordered):
            if at not in in_order:
                self._name("reordered", line, "it stands at another place than its number says")

    def find_rest(self) -> None:
        """Name every line that is not part of the chain."""
        for sequence, candidates in self._by_sequence.items():
            chosen = self.chosen.get(sequence)
            for line in candidates:
                if line is chosen:
                    continue
                assert line.record is not None
                same = (
                    chosen is not None and chosen.record is not None and line.record.computed == chosen.record.computed
                )
                if same:
                    self._name("duplicated", line, "the same record stands here once more")
                else:
                    self._name("inserted", line, "no record is chained to it")
        for line in self._unreadable:
            if not line.is_whole and line.number == self._last_line:
                self._name(
                    "torn", line, "an incomplete last line: a crash, which the next start repairs, or bytes added"
                )
            else:
                self._name("inserted", line, f"a line that is no record: {line.problem}")

    def _is_within(self, sequence: int) -> bool:
        first, last = self._expected.first, self._expected.last
        return (first is None or sequence >= first) and (last is None or sequence <= last)

    def _missing(self, first: int, last: int, after: int, before: int) -> None:
        while first <= last:
            line = next((item for item in self._unreadable if after < item.number < before and item.is_whole), None)
            if line is None:
                many = f"records {first:,} to {last:,} are" if last > first else f"record {first:,} is"
                self.findings.append(
                    Finding(problem="removed", file=self._file, line=before, sequence=first, detail=f"{many} gone")
                )
                return
            self._unreadable.remove(line)
            self.findings.append(
                Finding(
                    problem="changed",
                    file=self._file,
                    line=line.number,
                    sequence=first,
                    detail=f"it can't be read any more: {line.problem}",
                )
            )
            first += 1

    def _name(self, problem: str, line: Line, detail: str) -> None:
        sequence = line.record.sequence if line.record is not None else None
        self.findings.append(
            Finding(problem=problem, file=self._file, line=line.number, sequence=sequence, detail=detail)
        )


def _pick(
    candidates: Sequence[Line], want: str | None, before: AbstractSet[str], after: Line | None
) -> tuple[Line, bool]:
    """Return the candidate that is wanted, and whether its hash says so; else the one that has most for it."""

    def merits(line: Line) -> tuple[bool, ...]:
        assert line.record is not None
        record = line.record
        return (
            want is not None and record.computed == want,
            want is not None and record.stored == want,
            record.computed == record.stored,
            record.previous in before,
            after is not None and line.number == after.number - 1,
        )

    best = max(candidates, key=merits)
    return best, merits(best)[0]


def _increasing(numbers: Sequence[int]) -> set[int]:
    """Return the positions of a longest increasing subsequence, by patience sorting."""
    tails: list[int] = []
    tails_at: list[int] = []
    came_from: list[int] = []
    for at, number in enumerate(numbers):
        pile = bisect_left(tails, number)
        came_from.append(tails_at[pile - 1] if pile else -1)
        if pile == len(tails):
            tails.append(number)
            tails_at.append(at)
        else:
            tails[pile], tails_at[pile] = number, at
    return set(_back(tails_at[-1] if tails_at else -1, came_from))


def _back(at: int, came_from: Sequence[int]) -> Iterator[int]:
    while at >= 0:
        yield at
        at = came_from[at]
