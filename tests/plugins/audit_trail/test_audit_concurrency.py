"""Threads, tasks, signal handlers and the background: one chain, and no record lost."""

from __future__ import annotations

import gc
import json
import os
import threading

import anyio
import pytest
from trails import events

from recoup_plugins.audit_trail import (
    AuditWriteError,
    FsyncPolicy,
)
from recoup_plugins.audit_trail import files as files_module
from recoup_plugins.audit_trail.verify import verify_trail


@pytest.mark.parametrize("policy", list(FsyncPolicy))
def test_eight_threads_write_one_chain_and_none_is_lost(make_plugin, event, tmp_path, keyring, policy):
    plugin = make_plugin(fsync=policy, rotate_bytes=65_536)
    plugin.start()
    barrier = threading.Barrier(8)

    def work(thread):
        barrier.wait()
        for number in range(60):
            plugin.monitor(event(f"{thread}-{number}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    plugin.stop()
    subjects = [data["subject"] for data in events(tmp_path / "trail")]
    assert sorted(subjects) == sorted(f"venue:{thread}-{number}" for thread in range(8) for number in range(60))
    for thread in range(8):
        own = [subject for subject in subjects if subject.startswith(f"venue:{thread}-")]
        assert own == [f"venue:{thread}-{number}" for number in range(60)]
    assert verify_trail(tmp_path / "trail", keyring).is_ok


def test_threads_that_wait_share_one_call_for_the_disk(make_plugin, event, monkeypatch):
    plugin = make_plugin(fsync=FsyncPolicy.ALWAYS)
    plugin.start()
    real, calls, entered, go = os.fsync, [], threading.Event(), threading.Event()

    def fsync(descriptor):
        calls.append(descriptor)
        entered.set()
        go.wait(10)
        real(descriptor)

    monkeypatch.setattr(files_module.os, "fsync", fsync)
    threads = [threading.Thread(target=plugin.monitor, args=(event(number),)) for number in range(6)]
    threads[0].start()
    assert entered.wait(10)
    first = plugin.trail.tip.sequence
    for thread in threads[1:]:
        thread.start()
    while plugin.trail.tip.sequence < first + 5:
        pass
    go.set()
    for thread in threads:
        thread.join()
    assert len(calls) == 2


def test_a_signal_handler_that_comes_in_between_breaks_no_chain(make_plugin, event, tmp_path, keyring, monkeypatch):
    plugin = make_plugin(fsync=FsyncPolicy.ALWAYS)
    plugin.start()
    real = os.write

    def interrupted(descriptor, data):
        monkeypatch.setattr(files_module.os, "write", real)
        with pytest.raises(AuditWriteError, match="within itself"):
            plugin.monitor(event("from the signal handler"))
        return real(descriptor, data)

    monkeypatch.setattr(files_module.os, "write", interrupted)
    plugin.monitor(event("before"))
    plugin.monitor(event("after"))
    plugin.stop()
    assert [data["subject"] for data in events(tmp_path / "trail")] == ["venue:before", "venue:after"]
    report = verify_trail(tmp_path / "trail", keyring)
    assert (report.is_ok, report.lost) == (True, 1)


@pytest.mark.anyio
async def test_tasks_write_one_chain(make_plugin, event, tmp_path, keyring):
    plugin = make_plugin(rotate_bytes=8192)
    plugin.start()

    async def work(task):
        for number in range(20):
            plugin.monitor(event(f"{task}-{number}"))
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        for task in range(8):
            group.start_soon(work, task)
    plugin.stop()
    assert len(events(tmp_path / "trail")) == 160
    assert verify_trail(tmp_path / "trail", keyring).is_ok


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


def test_the_head_is_signed_in_the_background(make_plugin, event, tmp_path):
    plugin = make_plugin(sync_seconds=0.001)
    plugin.start()
    plugin.monitor(event())
    for _ in range(1000):
        if json.loads((tmp_path / "trail" / "HEAD").read_text())["sequence"] == plugin.trail.tip.sequence:
            break
        threading.Event().wait(0.01)
    else:
        pytest.fail("no checkpoint was made")


def test_with_no_interval_every_record_is_signed(make_plugin, event, tmp_path):
    plugin = make_plugin(sync_seconds=0.0)
    plugin.start()
    for number in range(3):
        plugin.monitor(event(number))
        assert json.loads((tmp_path / "trail" / "HEAD").read_text())["sequence"] == plugin.trail.tip.sequence


def test_a_trail_that_is_dropped_ends_its_thread(make_plugin, event):
    plugin = make_plugin(sync_seconds=0.001)
    plugin.start()
    before = [item for item in threading.enumerate() if item.name == "recoup-audit-checkpoints"]
    assert before
    plugin.stop()
    gc.collect()
    assert not [item for item in threading.enumerate() if item in before and item.is_alive()]
