"""A trail that is written to while it is verified is whole, whatever rotation and retention do in between."""

from __future__ import annotations

import io

import pytest

from recoup_plugins.audit_trail import reading, segments
from recoup_plugins.audit_trail import verify as verify_module
from recoup_plugins.audit_trail.export import Selection, export_trail
from recoup_plugins.audit_trail.files import segment_name
from recoup_plugins.audit_trail.verify import verify_trail


@pytest.fixture
def live(make_plugin, event, tmp_path):
    """What writes, as many records as it is told, and where."""
    plugin = make_plugin(rotate_bytes=4096, retain_segments=4)
    plugin.start()

    def write(many):
        for number in range(many):
            plugin.monitor(event(number))

    write(50)
    return write, tmp_path / "trail"


@pytest.mark.parametrize("many", [1, 20, 60, 200])
@pytest.mark.parametrize("after", [1, 2, 3])
def test_while_its_segments_are_read(live, keyring, many, after):
    write, directory = live
    seen = []

    def each(segment):
        seen.append(segment.file.number)
        if len(seen) == after:
            write(many)

    report = verify_trail(directory, keyring, each=each)
    assert report.is_ok, report.findings


@pytest.mark.parametrize("many", [20, 200])
def test_between_the_head_and_the_names_of_the_files(live, keyring, monkeypatch, many):
    write, directory = live
    find_segments = verify_module.find_segments

    def later(*arguments):
        write(many)
        return find_segments(*arguments)

    monkeypatch.setattr(verify_module, "find_segments", later)
    report = verify_trail(directory, keyring)
    assert report.is_ok, report.findings


def test_an_export_passes_over_what_was_retired_meanwhile(live, keyring):
    write, directory = live
    output = io.StringIO()
    written = []

    class Selecting(Selection):
        def matches(self, record):
            if not written:
                written.append(write(200))
            return super().matches(record)

    assert export_trail(directory, Selecting(), output, keyring=keyring)["verified"]


def test_a_segment_that_vanishes_without_having_been_retired_is_missed(trail, keyring):
    def each(segment):
        if segment.file.number == 1:
            (trail / segment_name(2)).unlink()

    problems = {(finding.file, finding.problem) for finding in verify_trail(trail, keyring, each=each).findings}
    assert problems == {(segment_name(2), "segment_missing")}


def test_a_line_that_is_just_being_written_is_read_again(live, keyring, monkeypatch):
    _, directory = live
    last = max(directory.glob("audit-*"))
    whole = last.read_bytes()
    reads = []

    def read_lines(path):
        if path == last and not reads:
            reads.append(path)
            last.write_bytes(whole[:-20])
            yield from reading.read_lines(path)
            last.write_bytes(whole)
        else:
            yield from reading.read_lines(path)

    monkeypatch.setattr(verify_module, "read_lines", read_lines)
    assert verify_trail(directory, keyring).is_ok
    assert reads


def test_a_segment_without_its_first_line_yet_is_no_truncation(trail, keyring):
    number = int(max(trail.glob("audit-*")).name[6:14])
    (trail / segment_name(number + 1)).touch()
    report = verify_trail(trail, keyring)
    assert "truncated" not in {finding.problem for finding in report.findings}
    assert report.last_sequence > 1


def test_a_name_that_came_while_the_names_were_read(live, keyring, monkeypatch):
    write, directory = live
    real, calls = segments.segment_numbers, []

    def segment_numbers(place):
        numbers = real(place)
        calls.append(numbers)
        if len(calls) == 1:
            write(40)
            later = real(place)
            # The system may give the last of the new names without the one before it.
            return [number for number in later if number in numbers or number == later[-1]]
        return numbers

    monkeypatch.setattr(segments, "segment_numbers", segment_numbers)
    report = verify_trail(directory, keyring)
    assert report.is_ok, report.findings
    assert calls[-1][-1] >= calls[0][-1] + 2
