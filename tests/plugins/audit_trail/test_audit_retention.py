"""What retention removes, and what it leaves alone."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from trails import KEY

from recoup.testing import FakeClock
from recoup_plugins.audit_trail.chain import body, finish
from recoup_plugins.audit_trail.sealing import Keyring
from recoup_plugins.audit_trail.verify import verify_trail


@pytest.mark.parametrize("forward_secure", [False, True])
@pytest.mark.parametrize("rehash", [False, True])
def test_a_seal_that_was_dated_back_does_not_have_its_segment_removed(
    make_plugin, event, tmp_path, forward_secure, rehash
):
    key_file = tmp_path / "key"
    key_file.write_bytes(KEY)
    key_file.chmod(0o600)
    settings = {"rotate_bytes": 4096, "retain_seconds": 86_400.0}
    plugin = make_plugin(key_file=str(key_file), forward_secure=forward_secure, **settings)
    plugin.start()
    for number in range(30):
        plugin.monitor(event(number))
    first = tmp_path / "trail" / "audit-00000001.jsonl"
    *lines, seal = first.read_bytes().splitlines(keepends=True)
    said = json.loads(seal)
    old = said["time"].replace(said["time"][:4], "1999", 1)
    forged = seal.replace(said["time"].encode(), old.encode())
    if rehash:
        members = json.dumps({name: said[name] for name in ("segment", "records", "root", "mac")})[1:-1]
        forged, _ = finish(body(said["seq"], old, "seal", members, said["prev"]))
    first.write_bytes(b"".join([*lines, forged]))
    for number in range(30):
        plugin.monitor(event(number))
    plugin.stop()
    assert first.exists()
    report = verify_trail(tmp_path / "trail", Keyring(KEY))
    assert not report.is_ok
    assert report.retired_through == 0


def test_a_clock_that_was_set_back_does_not_keep_a_segment_open(make_plugin, event, tmp_path, keyring):
    clock = FakeClock()
    plugin = make_plugin(clock=clock, rotate_seconds=3600.0)
    plugin.start()
    plugin.monitor(event())
    clock._start -= timedelta(days=365)
    plugin.monitor(event())
    plugin.monitor(event())
    plugin.stop()
    assert len(list((tmp_path / "trail").glob("audit-*"))) == 2
    assert verify_trail(tmp_path / "trail", keyring).is_ok
