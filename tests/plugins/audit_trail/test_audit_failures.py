"""Crashes, full disks, and what they cost: a crash nothing that was accepted, a failure what the trail says."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from trails import events, records

from recoup.testing import FakeClock
from recoup_plugins.audit_trail import (
    AuditWriteError,
    FsyncPolicy,
)
from recoup_plugins.audit_trail import files as files_module
from recoup_plugins.audit_trail import writer as writer_module
from recoup_plugins.audit_trail.chain import parse
from recoup_plugins.audit_trail.verify import verify_trail


def test_a_crash_between_statement_and_removal_is_made_good(make_plugin, event, tmp_path, keyring, monkeypatch):
    plugin = make_plugin(rotate_bytes=4096, retain_segments=2)
    plugin.start()

    unlink = writer_module.Path.unlink

    def fail(path, **kwargs):
        if path.name.startswith("audit-"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        unlink(path, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(AuditWriteError, match="settled"):
        patch.setattr(writer_module.Path, "unlink", fail)
        for number in range(100):
            plugin.monitor(event(number))
    plugin.stop()
    directory = tmp_path / "trail"
    retired = json.loads((directory / "RETIRED").read_text())["through"]
    assert (directory / f"audit-{retired:08d}.jsonl").exists()
    assert verify_trail(directory, keyring).is_ok
    make_plugin().start()
    assert not (directory / f"audit-{retired:08d}.jsonl").exists()
    assert verify_trail(directory, keyring).is_ok


class FullDisk:
    """Writes only what fits, as a disk does."""

    def __init__(self, monkeypatch):
        self.room = None
        self.calls = 0
        real = os.write

        def write(descriptor, data):
            self.calls += 1
            if self.room is None:
                return real(descriptor, data)
            if self.room == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written = real(descriptor, bytes(data[: self.room]))
            self.room -= written
            return written

        monkeypatch.setattr(files_module.os, "write", write)


def test_a_full_disk_raises_once_is_counted_and_told(make_plugin, event, tmp_path, keyring, monkeypatch):
    clock = FakeClock()
    plugin = make_plugin(clock=clock)
    plugin.start()
    plugin.monitor(event(1))
    disk = FullDisk(monkeypatch)
    disk.room = 100
    with pytest.raises(AuditWriteError, match="No space left") as caught:
        plugin.monitor(event(2))
    assert caught.value.lost == 1
    for _ in range(30):
        plugin.monitor(event(3))
    clock.advance(20.0)
    with pytest.raises(AuditWriteError) as caught:
        plugin.monitor(event(4))
    assert caught.value.lost == 32
    disk.room = None
    plugin.monitor(event(5))
    plugin.stop()
    assert [data["subject"] for data in events(tmp_path / "trail")] == ["venue:1", "venue:5"]
    (gap,) = [record for record in records(tmp_path / "trail") if record["type"] == "gap"]
    assert gap["lost"] == 32
    assert "No space left" in gap["reason"]
    report = verify_trail(tmp_path / "trail", keyring)
    assert (report.is_ok, report.lost) == (True, 32)


def test_a_full_disk_while_segments_change_loses_nothing_that_was_written(
    make_plugin, event, tmp_path, keyring, monkeypatch
):
    for room in range(0, 1200, 37):
        directory = tmp_path / f"room-{room}"
        plugin = make_plugin(directory, rotate_bytes=4096, clock=FakeClock())
        plugin.start()
        number = 0
        while plugin.trail._file.size < 3900:
            plugin.monitor(event(number))
            number += 1
        with monkeypatch.context() as patch:
            disk = FullDisk(patch)
            disk.room = room
            written = number
            for _ in range(5):
                lost = plugin.trail.lost
                with suppress(AuditWriteError):
                    plugin.monitor(event(number))
                written += plugin.trail.lost == lost
        plugin.monitor(event(number))
        plugin.stop()
        report = verify_trail(directory, keyring)
        assert report.is_ok, (room, report.findings)
        assert len(events(directory)) == written + 1
        assert report.lost == 5 - (written - number)


def test_a_trail_that_can_not_be_opened_costs_one_attempt_a_second(make_plugin, event, tmp_path, monkeypatch):
    clock = FakeClock()
    (tmp_path / "trail").write_text("no directory")
    plugin = make_plugin(clock=clock)
    with pytest.raises(AuditWriteError):
        plugin.monitor(event())
    (tmp_path / "trail").unlink()
    plugin.monitor(event())
    assert not (tmp_path / "trail").exists()
    clock.advance(1.0)
    plugin.monitor(event())
    (gap,) = [record for record in records(tmp_path / "trail") if record["type"] == "gap"]
    assert gap["lost"] == 2


def test_a_disk_that_can_not_be_forced_is_told(make_plugin, event, tmp_path, monkeypatch):
    plugin = make_plugin(fsync=FsyncPolicy.ALWAYS)
    plugin.start()

    def fail(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(files_module.os, "fsync", fail)
        with pytest.raises(AuditWriteError, match="settled"):
            plugin.monitor(event())
    plugin.monitor(event())
    (gap,) = [record for record in records(tmp_path / "trail") if record["type"] == "gap"]
    assert (gap["lost"], gap["unsynced"]) == (0, 1)


def test_what_fails_in_the_background_is_raised_by_the_next_event(make_plugin, event):
    plugin = make_plugin()
    plugin.start()
    plugin._fail_later(OSError(errno.EIO, "Input/output error"))
    with pytest.raises(AuditWriteError, match="settled"):
        plugin.monitor(event())
    plugin.monitor(event())


WRITER = """
import os, sys
from recoup import StateEvent
from recoup.testing import FakeClock
from recoup_plugins.audit_trail import AuditTrail, AuditTrailConfig
class Host:
    clock = FakeClock()
    def sanitize(self, payload): return payload
config = AuditTrailConfig(directory=sys.argv[1], key_env="RECOUP_AUDIT_TEST_KEY", rotate_bytes=20000)
plugin = AuditTrail(config, Host())
plugin.start()
number = 0
while True:
    plugin.monitor(StateEvent(subject=f"n:{number}", old="a", new="b"))
    number += 1
    os.write(1, b"%d\\n" % number)
"""


def test_a_process_that_is_killed_loses_no_record_that_was_accepted(make_plugin, event, tmp_path, keyring):
    directory = tmp_path / "trail"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(directory)], stdout=subprocess.PIPE)
    accepted = 0
    for line in process.stdout:
        accepted = int(line)
        if accepted >= 500:
            process.send_signal(signal.SIGKILL)
            break
    accepted = max([accepted, *map(int, filter(None, process.stdout.read().rpartition(b"\n")[0].split(b"\n")))])
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    plugin = make_plugin(directory)
    plugin.start()
    plugin.monitor(event("after"))
    plugin.stop()
    subjects = [data["subject"] for data in events(directory)]
    assert subjects[-1] == "venue:after"
    assert subjects[:accepted] == [f"n:{number}" for number in range(accepted)]
    report = verify_trail(directory, keyring)
    assert report.is_ok, report.findings


def test_a_crash_at_any_byte_is_repaired_and_loses_nothing_before_it(make_plugin, event, tmp_path, keyring, copy_of):
    plugin = make_plugin()
    plugin.start()
    signed = (tmp_path / "trail" / "audit-00000001.jsonl").stat().st_size
    for number in range(2):
        plugin.monitor(event(number))
    directory = copy_of(tmp_path / "trail")
    whole, head = (directory / "audit-00000001.jsonl").read_bytes(), (directory / "HEAD").read_bytes()
    lines = [at for at in range(signed, len(whole) + 1) if whole[at - 1 : at] == b"\n"]
    near = {at + by for at in lines for by in (-1, 0, 1)}
    for end in sorted(near & set(range(signed, len(whole) + 1)) | set(range(signed, len(whole), 9))):
        (directory / "audit-00000001.jsonl").write_bytes(whole[:end])
        (directory / "HEAD").write_bytes(head)
        kept = whole[:end].count(b"\n") - 2
        torn = end - (whole[:end].rfind(b"\n") + 1)
        again = make_plugin(directory)
        again.start()
        again.stop()
        assert [data["subject"] for data in events(directory)] == [f"venue:{number}" for number in range(kept)]
        report = verify_trail(directory, keyring)
        assert report.is_ok, (end, report.findings)
        assert report.repairs == (1 if torn else 0)
        (start,) = [record for record in records(directory)[2:] if record["type"] == "start"]
        assert start.get("repair", [{"bytes": 0}])[0]["bytes"] == torn


def test_a_crash_in_the_change_of_segments_is_repaired(make_plugin, event, tmp_path, keyring, trail, copy_of):
    *_, sealed, last = sorted(trail.glob("audit-*"))
    head = json.loads((trail / "HEAD").read_text())
    assert head["segment"] == int(last.name[6:14])
    # The head as it was signed when the sealed segment was begun.
    lines = sealed.read_bytes().splitlines(keepends=True)
    from recoup_plugins.audit_trail.statements import Head, write_statement

    header = parse(lines[0])
    old = Head(
        trail=head["trail"], segment=header.value["segment"], sequence=header.sequence, hash=header.computed, time="t"
    )
    whole, next_header = sealed.read_bytes(), last.read_bytes().splitlines(keepends=True)[0]
    seal_from = len(whole) - len(lines[-1])
    crashes = [(whole[:end], None) for end in (*range(seal_from, len(whole), 7), len(whole) - 1, len(whole))]
    crashes += [
        (whole, next_header[:end]) for end in (*range(0, len(next_header), 7), len(next_header) - 1, len(next_header))
    ]
    directory, begun_before = copy_of(trail), {path.name for path in trail.iterdir()} - {last.name}
    for content, begun in crashes:
        for path in directory.iterdir():
            if path.name not in begun_before:
                path.unlink()
        (directory / sealed.name).write_bytes(content)
        if begun is not None:
            (directory / last.name).write_bytes(begun)
        write_statement(directory, old, keyring, durable=False)
        again = make_plugin(directory, rotate_bytes=4096)
        again.start()
        again.monitor(event("after"))
        again.stop()
        report = verify_trail(directory, keyring)
        assert report.is_ok, (len(content), begun, report.findings)
        assert events(directory)[-1]["subject"] == "venue:after"


def test_leftovers_of_a_replaced_file_are_removed(make_plugin, trail):
    (trail / "HEAD.tmp").write_text("half")
    make_plugin(trail).start()
    assert not (trail / "HEAD.tmp").exists()


class Hostile:
    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __repr__


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("recovers", [True, False])
def test_a_stop_between_two_segments(make_plugin, event, tmp_path, keyring, monkeypatch, recovers):
    plugin = make_plugin(rotate_bytes=4096)
    plugin.start()
    with monkeypatch.context() as patch:
        patch.setattr(plugin.trail, "_open_segment", full)
        with pytest.raises(AuditWriteError, match="No space left"):
            for number in range(30):
                plugin.monitor(event(number))
        if not recovers:
            with pytest.raises(OSError, match="No space left"):
                plugin.stop()
    plugin.stop()
    make_plugin().start()
    report = verify_trail(tmp_path / "trail", keyring)
    assert report.is_ok, report.findings
    assert report.lost == (1 if recovers else 0)


@pytest.mark.parametrize("what", ["segments", "directory"])
def test_a_trail_that_is_removed_while_it_is_written_is_told_and_begun_anew(
    make_plugin, event, tmp_path, keyring, what
):
    plugin = make_plugin(sync_seconds=0.0)
    plugin.start()
    plugin.monitor(event(1))
    directory = tmp_path / "trail"
    for path in directory.iterdir():
        if what == "directory" or path.name.startswith("audit-"):
            path.unlink()
    if what == "directory":
        directory.rmdir()
    with pytest.raises(AuditWriteError, match="somebody has removed"):
        plugin.monitor(event(2))
    plugin.monitor(event(3))
    plugin.stop()
    assert [data["subject"] for data in events(directory)] == ["venue:3"]
    assert "loss_stated" in {finding.problem for finding in verify_trail(directory, keyring).findings}


@pytest.mark.parametrize("at", range(30))
def test_an_interrupt_between_a_line_and_the_note_of_it_leaves_a_trail_that_goes_on(
    make_plugin, event, tmp_path, keyring, monkeypatch, at
):
    """As Ctrl-C may come: after any write, be it of a record, a seal or the first line of a segment."""
    plugin = make_plugin(rotate_bytes=4096)
    plugin.start()
    append, calls = files_module.AppendFile.append, 0

    def interrupted(file, piece):
        nonlocal calls
        append(file, piece)
        calls += 1
        if calls == at + 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(files_module.AppendFile, "append", interrupted)
    for number in range(30):
        with suppress(KeyboardInterrupt):
            plugin.monitor(event(number))
    plugin.stop()
    assert calls > at + 1
    report = verify_trail(tmp_path / "trail", keyring)
    assert report.is_ok, report.findings
    written = [data["subject"] for data in events(tmp_path / "trail")]
    assert len(written) >= 29
    assert len(set(written)) == len(written)
