"""Trails that the tests of the audit trail write and read."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from recoup import StateEvent
from recoup.testing import FakeClock
from recoup_plugins.audit_trail import AuditTrail, AuditTrailConfig, FsyncPolicy
from recoup_plugins.audit_trail.sealing import Keyring

KEY = b"0123456789abcdef" * 4
KEYRING = Keyring(KEY)


class Host:
    def __init__(self):
        self.clock = FakeClock()

    def sanitize(self, payload):
        return payload


def write(directory, numbers, **config):
    with tempfile.TemporaryDirectory() as keys:
        key = Path(keys) / "key"
        key.write_bytes(KEY)
        key.chmod(0o600)
        given_config = AuditTrailConfig(
            directory=str(directory), key_file=str(key), rotate_bytes=4096, fsync=FsyncPolicy.NEVER,
            sync_seconds=3600.0, **config,
        )  # fmt: skip
        plugin = AuditTrail(given_config, Host())
        plugin.start()
        for number in numbers:
            plugin.monitor(StateEvent(subject=f"n:{number}", old="a", new="b", detail="x" * (number % 7)))
        plugin.stop()


def records(directory):
    return [
        json.loads(line)
        for path in sorted(directory.glob("audit-*.jsonl"))
        for line in path.read_text("ascii").splitlines()
    ]


def events(directory):
    return [record["data"] for record in records(directory) if record["type"] == "event"]
