"""``fsync: always`` means on the disk: where nobody knows, whoever waits is told, and the trail says so."""

from __future__ import annotations

import errno
import os
import threading

import pytest
from trails import records

from recoup_plugins.audit_trail import AuditWriteError, FsyncPolicy
from recoup_plugins.audit_trail import files as files_module
from recoup_plugins.audit_trail.encoding import plain_members
from recoup_plugins.audit_trail.verify import verify_trail

MEMBERS = plain_members(event="state", data={"subject": "venue:1"})


class Disk:
    """Fails as often as it is told to, and, like Linux, only once for the same data."""

    def __init__(self, monkeypatch) -> None:
        self.failures = 0
        self.calls = 0
        real = os.fsync

        def fsync(descriptor):
            self.calls += 1
            self.before()
            if self.failures:
                self.failures -= 1
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            real(descriptor)

        self.before = lambda: None
        monkeypatch.setattr(files_module.os, "fsync", fsync)


def gaps(directory):
    return [record for record in records(directory) if record["type"] == "gap"]


def in_a_thread(trail, failures):
    """Append a record in another thread, which keeps what it is told."""

    def append():
        try:
            trail.append("event", MEMBERS)
        except AuditWriteError as failure:
            failures.append(failure)

    thread = threading.Thread(target=append)
    thread.start()
    return thread


def wait_until(is_so):
    while not is_so():
        threading.Event().wait(0.001)


def test_who_waits_behind_a_call_that_fails_is_told_too(make_plugin, tmp_path, keyring, monkeypatch):
    plugin = make_plugin(fsync=FsyncPolicy.ALWAYS)
    plugin.start()
    trail, disk, failures = plugin.trail, Disk(monkeypatch), []
    begun, others_wait = threading.Event(), threading.Event()

    def before():
        begun.set()
        others_wait.wait(10)

    disk.before, disk.failures = before, 1
    before_them = trail.tip.sequence
    first = in_a_thread(trail, failures)
    begun.wait(10)
    second = in_a_thread(trail, failures)
    wait_until(lambda: trail.tip.sequence == before_them + 2)
    others_wait.set()
    first.join()
    second.join()
    assert len(failures) == 2
    trail.append("event", MEMBERS)
    (gap,) = gaps(tmp_path / "trail")
    assert (gap["lost"], gap["unsynced"]) == (0, 2)
    plugin.stop()
    assert verify_trail(tmp_path / "trail", keyring).is_ok


@pytest.mark.parametrize("settings", [{"fsync": FsyncPolicy.ALWAYS}, {"sync_seconds": 0.0}], ids=["synced", "signed"])
def test_a_record_before_a_seal_that_could_not_be_forced_is_not_taken_for_safe(
    make_plugin, tmp_path, keyring, monkeypatch, settings
):
    plugin = make_plugin(rotate_bytes=4096, **{"fsync": FsyncPolicy.INTERVAL} | settings)
    plugin.start()
    trail, disk, failures = plugin.trail, Disk(monkeypatch), []
    while trail._file.size + len(MEMBERS) + 300 < 4096:
        trail.append("event", MEMBERS)
    last = trail.tip.sequence
    with trail._syncing:  # so that the other one has written, and waits for the disk, when the segment is sealed
        other = in_a_thread(trail, failures)
        wait_until(lambda: trail.tip.sequence == last + 1)
        disk.failures = 1
        with pytest.raises(AuditWriteError, match="Input/output error") as caught:
            trail.append("event", plain_members(event="state", data={"subject": "x" * 600}))
        assert caught.value.lost == 1
    other.join()
    assert [failure.lost for failure in failures] == [1]
    trail.append("event", MEMBERS)
    (gap,) = gaps(tmp_path / "trail")
    assert (gap["lost"], gap["unsynced"]) == (1, 2)  # the other one's record and the seal
    plugin.stop()
    assert verify_trail(tmp_path / "trail", keyring).is_ok


def test_a_failure_in_the_background_counts_every_record_since_the_last_success(
    make_plugin, event, tmp_path, monkeypatch
):
    plugin = make_plugin(fsync=FsyncPolicy.INTERVAL)
    plugin.start()
    for number in range(7):
        plugin.monitor(event(number))
    disk = Disk(monkeypatch)
    disk.failures = 3
    for _ in range(3):  # as the thread of the checkpoints does, each time it comes round
        with pytest.raises(OSError, match="Input/output") as caught:
            plugin.trail.checkpoint()
        plugin._fail_later(caught.value)
    with pytest.raises(AuditWriteError, match="settled"):
        plugin.monitor(event(8))
    (gap,) = gaps(tmp_path / "trail")
    assert (gap["lost"], gap["unsynced"]) == (0, 7)


def test_threads_share_calls_and_none_returns_before_its_record_is_on_the_disk(make_plugin, tmp_path, monkeypatch):
    plugin = make_plugin(fsync=FsyncPolicy.ALWAYS, rotate_bytes=4096)
    plugin.start()
    trail, disk, failures = plugin.trail, Disk(monkeypatch), []
    threads = [in_a_thread(trail, failures) for _ in range(40)]
    for thread in threads:
        thread.join()
    assert failures == []
    assert trail._disk.synced == trail.tip.sequence
    assert disk.calls < 3 * 40


def test_who_waits_for_a_trail_that_is_let_go_of_is_told(make_plugin, tmp_path):
    plugin = make_plugin(fsync=FsyncPolicy.ALWAYS)
    plugin.start()
    trail, failures = plugin.trail, []
    last = trail.tip.sequence
    with trail._syncing:
        other = in_a_thread(trail, failures)
        wait_until(lambda: trail.tip.sequence == last + 1)
        trail._abandon()
    other.join()
    assert len(failures) == 1
