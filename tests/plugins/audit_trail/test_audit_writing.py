"""What the plugin writes, where, by which key, and for how long."""

from __future__ import annotations

import os

import pytest
from trails import events, records

from recoup import PluginEvent
from recoup.testing import FakeClock
from recoup_plugins.audit_trail import (
    AuditKeyError,
    AuditTrailConfig,
    AuditTrailError,
    AuditTrailLocked,
    AuditWriteError,
)
from recoup_plugins.audit_trail.chain import parse
from recoup_plugins.audit_trail.sealing import Keyring, key_from_file
from recoup_plugins.audit_trail.verify import verify_trail


def test_every_event_is_one_line_of_json_with_its_fields(make_plugin, event, tmp_path):
    plugin = make_plugin()
    plugin.start()
    plugin.monitor(event(7))
    plugin.stop()
    segment, start, recorded, stop = records(tmp_path / "trail")
    assert (segment["type"], start["type"], stop["type"]) == ("segment", "start", "stop")
    assert recorded["type"] == "event"
    assert recorded["event"] == "state"
    assert recorded["time"] == "2026-01-01T00:00:00.000000+00:00"
    assert recorded["data"] == {"subject": "venue:7", "old": "normal", "new": "maintenance", "detail": "note 7"}
    assert [record["seq"] for record in (segment, start, recorded, stop)] == [1, 2, 3, 4]


def test_each_record_holds_the_hash_of_the_one_before(trail):
    lines = [line for path in sorted(trail.glob("audit-*")) for line in path.read_bytes().splitlines()]
    parsed = [parse(line) for line in lines]
    assert all(record.stored == record.computed for record in parsed)
    assert [record.previous for record in parsed[1:]] == [record.computed for record in parsed[:-1]]
    assert parsed[0].previous == "0" * 64


def test_only_its_owner_can_read_it(trail):
    assert trail.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in trail.iterdir()} == {0o600}


def test_a_directory_that_others_can_enter_is_refused(make_plugin, tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "open").chmod(0o755)
    with pytest.raises(AuditTrailError, match="chmod 700"):
        make_plugin(tmp_path / "open").start()


def test_it_goes_on_where_it_was_stopped(make_plugin, event, tmp_path, keyring):
    for number in range(3):
        plugin = make_plugin()
        plugin.start()
        plugin.monitor(event(number))
        plugin.stop()
    assert [data["subject"] for data in events(tmp_path / "trail")] == ["venue:0", "venue:1", "venue:2"]
    report = verify_trail(tmp_path / "trail", keyring)
    assert report.is_ok
    assert (report.segments, report.unsigned) == (1, 0)


def test_a_second_writer_is_refused_and_told_who_writes(make_plugin, tmp_path):
    make_plugin().start()
    with pytest.raises(AuditTrailLocked, match=f"process {os.getpid()}"):
        make_plugin().start()


def test_a_writer_that_is_gone_holds_nobody_up(make_plugin, event):
    first = make_plugin()
    first.start()
    first.stop()
    second = make_plugin()
    second.start()
    second.monitor(event())


def test_a_forked_child_does_not_write(make_plugin, event, monkeypatch, tmp_path, keyring):
    plugin = make_plugin()
    plugin.start()
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    with pytest.raises(AuditWriteError, match="fork"):
        plugin.monitor(event())
    monkeypatch.undo()


def test_plugins_that_come_and_go_do_not_open_it(make_plugin, event, tmp_path):
    plugin = make_plugin()
    plugin.monitor(PluginEvent(plugin="retry", fault="registered"))
    assert not (tmp_path / "trail").exists()
    plugin.monitor(event())
    assert [record["event"] for record in records(tmp_path / "trail") if "event" in record] == ["plugin", "state"]


def test_after_the_stop_only_plugins_that_go_are_passed_over(make_plugin, event):
    plugin = make_plugin()
    plugin.start()
    plugin.stop()
    plugin.monitor(PluginEvent(plugin="retry", fault="stopped"))
    with pytest.raises(AuditTrailError, match="after the audit trail was stopped"):
        plugin.monitor(event())


def test_only_the_configured_kinds_are_recorded(make_plugin, event, tmp_path):
    plugin = make_plugin(events=("plugin",))
    plugin.start()
    plugin.monitor(event())
    plugin.monitor(PluginEvent(plugin="retry", fault="raised"))
    assert [record["event"] for record in records(tmp_path / "trail") if "event" in record] == ["plugin"]


def test_a_segment_turns_over_with_its_size(trail):
    sizes = [path.stat().st_size for path in sorted(trail.glob("audit-*"))]
    assert all(3000 < size < 5000 for size in sizes[:-1])
    assert [record["type"] for record in records(trail)].count("seal") == len(sizes) - 1


def test_a_segment_turns_over_with_its_age_also_across_a_restart(make_plugin, event, tmp_path):
    clock = FakeClock()
    for _ in range(3):
        plugin = make_plugin(clock=clock, rotate_seconds=100.0)
        plugin.start()
        plugin.monitor(event())
        plugin.stop()
        clock.advance(60.0)
    assert [record["type"] for record in records(tmp_path / "trail")].count("seal") == 1


@pytest.mark.parametrize(
    "limits",
    [{"retain_segments": 2}, {"retain_bytes": 9000}, {"retain_seconds": 30.0}],
    ids=lambda value: next(iter(value)),
)
def test_old_segments_are_retired_with_a_statement(make_plugin, event, tmp_path, keyring, limits):
    clock = FakeClock()
    plugin = make_plugin(clock=clock, rotate_bytes=4096, **limits)
    plugin.start()
    for number in range(120):
        plugin.monitor(event(number))
        clock.advance(1.0)
    plugin.stop()
    left = sorted(path.name for path in (tmp_path / "trail").glob("audit-*"))
    assert left[0] != "audit-00000001.jsonl"
    assert len(left) <= 4
    report = verify_trail(tmp_path / "trail", keyring)
    assert report.is_ok
    assert report.retired_through == int(left[0][6:14]) - 1


def test_a_key_that_moves_on_can_sign_no_sealed_segment(make_plugin, event, tmp_path):
    key_file = tmp_path / "key"
    key_file.write_text("x" * 40)
    key_file.chmod(0o600)
    initial = key_from_file(key_file)
    plugin = make_plugin(key_file=str(key_file), forward_secure=True, rotate_bytes=4096)
    plugin.start()
    for number in range(40):
        plugin.monitor(event(number))
    plugin.stop()
    assert verify_trail(tmp_path / "trail", initial).is_ok
    stolen = key_from_file(key_file)
    assert stolen.first == len(list((tmp_path / "trail").glob("audit-*")))
    with pytest.raises(AuditKeyError, match="initial key"):
        stolen.sign(stolen.first - 1, "seal", b"")
    with pytest.raises(AuditKeyError, match="initial key"):
        verify_trail(tmp_path / "trail", stolen)
    plugin = make_plugin(key_file=str(key_file), forward_secure=True, rotate_bytes=4096)
    plugin.start()
    plugin.monitor(event())
    plugin.stop()
    assert verify_trail(tmp_path / "trail", initial).is_ok


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [("short", 0o600, "at least 32"), ("x" * 40, 0o644, "chmod 600"), (None, 0, "can't be read")],
)
def test_a_key_file_that_is_no_good_is_refused(make_plugin, tmp_path, content, mode, words):
    key_file = tmp_path / "key"
    if content is not None:
        key_file.write_text(content)
        key_file.chmod(mode)
    with pytest.raises(AuditKeyError, match=words) as caught:
        make_plugin(key_file=str(key_file)).start()
    assert content is None or content not in str(caught.value)


def test_the_key_does_not_lie_beside_the_trail(make_plugin, tmp_path):
    (tmp_path / "trail").mkdir(mode=0o700)
    with pytest.raises(AuditTrailError, match="beside what it signs"):
        make_plugin(key_file=str(tmp_path / "trail" / "key")).start()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "needs a signing key"),
        ({"key_file": "a", "key_env": "B"}, "needs a signing key"),
        ({"key_env": "B", "forward_secure": True}, "needs key_file"),
        ({"key_env": "B", "events": ("eror",)}, "no kind of event 'eror'"),
        ({"key_env": "B", "rotate_seconds": float("inf")}, "at most"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        AuditTrailConfig(directory="x", **settings)


def test_the_keys_follow_from_each_other():
    ring = Keyring(b"k" * 32)
    later = Keyring(ring.key(5), first=5)
    assert ring.sign(9, "seal", b"m") == later.sign(9, "seal", b"m")
    assert ring.sign(9, "head", b"m") != ring.sign(9, "seal", b"m")
    assert ring.sign(2, "seal", b"m") != ring.sign(9, "seal", b"m")
    assert b"k" * 8 not in repr(ring).encode()
