"""A trail that nobody touched is whole; one that was cut or set back is not, and does not become so again."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from trails import KEYRING, write

from recoup_plugins.audit_trail.files import segment_name
from recoup_plugins.audit_trail.verify import verify_trail


@settings(max_examples=25, deadline=None)
@given(
    sessions=st.lists(st.lists(st.integers(0, 50), max_size=40), min_size=1, max_size=4),
    retain=st.none() | st.integers(1, 3),
)
def test_what_nobody_touched_is_whole(sessions, retain):
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "trail"
        for numbers in sessions:
            write(directory, numbers, retain_segments=retain)
        report = verify_trail(directory, KEYRING)
        assert report.is_ok, report.findings
        assert report.unsigned == 0
        if retain is None:
            assert report.first_sequence == 1
            assert report.records == report.last_sequence


@settings(max_examples=30, deadline=None)
@given(numbers=st.lists(st.integers(0, 50), min_size=2, max_size=30), cut=st.integers(1, 3000))
def test_a_tail_that_was_cut_is_told_for_ever(numbers, cut):
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "trail"
        write(directory, numbers)
        last = max(directory.glob("audit-*"))
        content = last.read_bytes()
        last.write_bytes(content[: -min(cut, len(content))])
        assert not verify_trail(directory, KEYRING).is_ok
        write(directory, numbers)
        findings = verify_trail(directory, KEYRING).findings
        assert "loss_stated" in {finding.problem for finding in findings}


def test_a_trail_that_was_set_back_is_found_by_what_was_noted_elsewhere(tmp_path):
    directory = tmp_path / "trail"
    write(directory, range(5))
    earlier = shutil.copytree(directory, tmp_path / "earlier")
    write(directory, range(5))
    report = verify_trail(directory, KEYRING)
    noted = (report.last_sequence, report.last_hash)
    assert verify_trail(directory, KEYRING, witness=noted).is_ok
    assert verify_trail(earlier, KEYRING).is_ok
    (finding,) = verify_trail(earlier, KEYRING, witness=noted).findings
    assert finding.problem == "witness"


def test_an_old_head_is_not_taken_for_a_new_one(tmp_path):
    directory = tmp_path / "trail"
    write(directory, range(3))
    old = (directory / "HEAD").read_bytes()
    write(directory, range(50))
    (directory / "HEAD").write_bytes(old)
    assert {finding.problem for finding in verify_trail(directory, KEYRING).findings} == {"head_stale"}


def test_segments_of_two_trails_do_not_mix(tmp_path):
    for name in ("one", "other"):
        write(tmp_path / name, range(50))
    shutil.copy(tmp_path / "other" / segment_name(2), tmp_path / "one")
    assert "segment_inserted" in {finding.problem for finding in verify_trail(tmp_path / "one", KEYRING).findings}
