"""A crash at any write, also between the seal, the next segment, its head and the key that moves on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from trails import KEY, KEYRING, Host, events

from recoup import StateEvent
from recoup_plugins.audit_trail import AuditTrail, AuditTrailConfig, FsyncPolicy
from recoup_plugins.audit_trail.sealing import Keyring, key_from_file
from recoup_plugins.audit_trail.verify import verify_trail


class Crash(BaseException):
    """The process is gone."""


class Dying:
    """Lets so many changes of the disk happen, tears or does the next one, and refuses all others."""

    def __init__(self, monkeypatch, at, *, is_done):
        self.left, self.is_done = at, is_done
        monkeypatch.setattr(os, "write", self._around(os.write, self._torn))
        monkeypatch.setattr(os, "ftruncate", self._around(os.ftruncate))
        monkeypatch.setattr(Path, "replace", self._around(Path.replace))
        monkeypatch.setattr(Path, "unlink", self._around(Path.unlink))

    def _around(self, real, torn=None):
        def change(*arguments, **named):
            self.left -= 1
            if self.left > 0:
                return real(*arguments, **named)
            if self.left == 0 and self.is_done:
                real(*arguments, **named)
            elif self.left == 0 and torn is not None:
                torn(real, *arguments)
            raise Crash

        return change

    @staticmethod
    def _torn(real, descriptor, content):
        real(descriptor, bytes(content)[: len(content) // 2])


def run(place, numbers, accepted):
    config = AuditTrailConfig(
        directory=str(place / "trail"), key_file=str(place / "key"), forward_secure=True, rotate_bytes=4096,
        retain_segments=2, fsync=FsyncPolicy.NEVER, sync_seconds=3600.0,
    )  # fmt: skip
    plugin = AuditTrail(config, Host())
    try:
        plugin.start()
        for number in numbers:
            plugin.monitor(StateEvent(subject=str(number), old="a", new="b", detail="x" * 700))
            accepted.append(number)
        plugin.stop()
    except Crash:
        plugin.trail._abandon()  # as the end of the process does
        plugin.stop()


@pytest.mark.parametrize("is_done", [False, True])
def test_a_forward_secure_trail_is_whole_after_it(tmp_path, monkeypatch, is_done):
    at, has_crashed, segments = 0, True, set()
    while has_crashed:
        at += 1
        place = tmp_path / str(at)
        place.mkdir()
        (place / "key").write_bytes(KEY)
        (place / "key").chmod(0o600)
        accepted: list[int] = []
        with monkeypatch.context() as patched:
            dying = Dying(patched, at, is_done=is_done)
            run(place, range(16), accepted)
        has_crashed = dying.left <= 0
        run(place, range(100, 103), accepted)

        report = verify_trail(place / "trail", KEYRING)
        assert report.is_ok, (at, report.findings)
        kept = [int(event["subject"]) for event in events(place / "trail")]
        torn_off = [number for number in kept if number not in accepted]
        assert len(torn_off) <= 1, at  # written, and the crash came before it was accepted
        assert [number for number in kept if number in accepted] == accepted[len(torn_off) - len(kept) :], at
        now = max(int(path.name[6:14]) for path in (place / "trail").glob("audit-*"))
        segments.add(now)
        assert key_from_file(place / "key").first == now, at  # no earlier key is left
        assert key_from_file(place / "key").key(now) == Keyring(KEY).key(now), at
        assert not [*place.rglob("*.tmp")], at
    assert at > 40
    assert segments >= {1, 2, 3, 4}
