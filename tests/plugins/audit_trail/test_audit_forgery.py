"""What somebody without the key, or with another trail of the same key, can put in the place of a trail's files."""

from __future__ import annotations

import json
import os
import shutil
import time

import pytest

from recoup.testing import FakeClock
from recoup_plugins.audit_trail.chain import GENESIS, HIGHEST, body, finish
from recoup_plugins.audit_trail.command import _one_line
from recoup_plugins.audit_trail.files import AppendFile, segment_name
from recoup_plugins.audit_trail.sealing import key_from_file
from recoup_plugins.audit_trail.verify import verify_trail


def problems(directory, keyring):
    return {(finding.file, finding.problem) for finding in verify_trail(directory, keyring).findings}


@pytest.fixture
def retiring(make_plugin, event, tmp_path):
    """Another trail under the same key, whose first segments have been retired."""
    plugin = make_plugin(tmp_path / "retiring", rotate_bytes=4096, retain_segments=2)
    plugin.start()
    for number in range(120):
        plugin.monitor(event(number))
    plugin.stop()
    assert json.loads((tmp_path / "retiring" / "RETIRED").read_text())["through"] >= 3
    return tmp_path / "retiring"


@pytest.mark.parametrize("more", [0, 10])
def test_a_forged_open_segment_does_not_do_for_all_that_the_head_was_signed_for(trail, keyring, more):
    head = json.loads((trail / "HEAD").read_text())
    for path in trail.glob("audit-*"):
        path.unlink()
    previous, forged = GENESIS, b""
    for sequence in range(1, head["sequence"] + more + 1):
        kind, members = ("event", '"event":"state","data":{}')
        if sequence == 1:
            kind, members = ("segment", f'"format":1,"trail":"{head["trail"]}","segment":1')
        line, previous = finish(body(sequence, "2026-01-01T00:00:00+00:00", kind, members, previous))
        forged += line
    (trail / "audit-00000001.jsonl").write_bytes(forged)
    (finding,) = verify_trail(trail, keyring).findings
    assert (finding.problem, finding.sequence) == ("changed", head["sequence"])
    assert finding.file == f"audit-{head['segment']:08d}.jsonl"


def test_a_retirement_of_another_trail_is_named_and_removes_nothing(trail, retiring, keyring, make_plugin):
    shutil.copy(retiring / "RETIRED", trail)
    before = sorted(trail.glob("audit-*"))
    assert problems(trail, keyring) == {("RETIRED", "retired_forged")}
    make_plugin(trail).start()
    assert sorted(trail.glob("audit-*")) == before


def test_a_head_and_a_retirement_of_another_trail_remove_nothing_either(trail, retiring, keyring, make_plugin):
    for name in ("HEAD", "RETIRED"):
        shutil.copy(retiring / name, trail)
    before = sorted(trail.glob("audit-*"))
    assert {problem for _, problem in problems(trail, keyring)} >= {"segment_inserted", "truncated"}
    make_plugin(trail).start()
    assert set(before) <= set(trail.glob("audit-*"))


def irregular(path, how):
    content = path.read_bytes()
    path.unlink()
    if how == "directory":
        path.mkdir()
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "device":
        path.symlink_to("/dev/zero")
    else:
        (path.parent.parent / "elsewhere").write_bytes(content)
        path.symlink_to(path.parent.parent / "elsewhere")


@pytest.mark.parametrize("how", ["directory", "pipe", "device", "link"])
@pytest.mark.parametrize(
    ("name", "problem"),
    [("audit-00000002.jsonl", "segment_replaced"), ("HEAD", "head_forged")],
    ids=["segment", "head"],
)
def test_what_is_no_plain_file_is_named_and_holds_nobody_up(trail, keyring, name, problem, how):
    irregular(trail / name, how)
    assert (name, problem) in problems(trail, keyring)


@pytest.mark.parametrize("lines", [slice(0, None), slice(-1, None)], ids=["copy", "seal"])
def test_there_is_no_segment_0(trail, keyring, lines):
    content = (trail / "audit-00000001.jsonl").read_bytes().splitlines(keepends=True)
    (trail / "audit-00000000.jsonl").write_bytes(b"".join(content[lines]))
    assert problems(trail, keyring) == {("audit-00000000.jsonl", "segment_inserted")}


@pytest.mark.parametrize("digits", [4299, 4300])
def test_numbers_that_python_can_not_print_are_not_believed(trail, keyring, digits):
    line, _ = finish(f'{{"seq":{"9" * digits},"time":"t","type":"gap","lost":{"9" * digits},"prev":"{GENESIS}"}}')
    (trail / "audit-00000002.jsonl").unlink()
    (trail / "audit-00000001.jsonl").write_bytes(line)
    report = verify_trail(trail, keyring)
    assert not report.is_ok
    assert all(_one_line(str(finding)) for finding in report.findings)
    assert report.lost <= HIGHEST


@pytest.mark.parametrize("name", ["HEAD", "RETIRED"])
def test_a_statement_that_lost_but_its_last_byte_is_named(retiring, keyring, name):
    path = retiring / name
    path.write_bytes(path.read_bytes()[:-1])
    assert (name, f"{name.lower()}_forged") in problems(retiring, keyring)


def test_a_start_removes_no_segment_that_nobody_can_read(trail, keyring, make_plugin, event):
    rubbish = {path.name: path.read_bytes()[::-1] + b"\n" for path in trail.glob("audit-*")}
    for name, content in rubbish.items():
        (trail / name).write_bytes(content)
    plugin = make_plugin(trail)
    plugin.start()
    plugin.monitor(event())
    plugin.stop()
    assert {name: (trail / name).read_bytes() for name in rubbish} == rubbish
    named = {finding.file for finding in verify_trail(trail, keyring).findings}
    assert named >= set(rubbish)


def test_a_retirement_by_an_earlier_key_is_no_finding_after_a_restart(make_plugin, event, tmp_path):
    key_file = tmp_path / "key"
    key_file.write_text("x" * 40)
    key_file.chmod(0o600)
    initial, clock = key_from_file(key_file), FakeClock()
    settings = {"key_file": str(key_file), "forward_secure": True, "rotate_bytes": 4096}
    plugin = make_plugin(clock=clock, retain_seconds=50.0, **settings)
    plugin.start()
    for number in range(70):
        plugin.monitor(event(number))
        clock.advance(3.0 if number < 30 else 0.0)
    plugin.stop()
    directory = tmp_path / "trail"
    statement = json.loads((directory / "RETIRED").read_text())
    assert statement["segment"] < key_from_file(key_file).first
    make_plugin(**settings).start()
    report = verify_trail(directory, initial)
    assert report.is_ok, report.findings
    assert report.retired_through == statement["through"]


def test_variants_by_the_thousand_of_two_records_are_judged_in_linear_time(trail, keyring):
    path = trail / segment_name(1)
    lines = path.read_bytes().splitlines(keepends=True)
    many = 12_000
    forged = []
    for line in lines[2:4]:
        said = json.loads(line)
        forged += [
            finish(body(said["seq"], said["time"], "event", f'"event":"state","n":{number}', said["prev"]))[0]
            for number in range(many)
        ]
    path.write_bytes(b"".join([*lines[:2], *forged, *lines[2:]]))
    before = time.process_time()
    report = verify_trail(trail, keyring)
    assert time.process_time() - before < 10  # one by one it would be 144 million comparisons
    assert len(report.findings) + report.more == 2 * many
    assert {finding.problem for finding in report.findings} == {"inserted"}


def test_a_file_that_can_not_be_opened_leaves_nothing_to_close(tmp_path):
    missing = AppendFile.__new__(AppendFile)
    with pytest.raises(FileNotFoundError):
        missing.__init__(tmp_path / "missing", create=False)  # type: ignore[misc]
    missing.__del__()
