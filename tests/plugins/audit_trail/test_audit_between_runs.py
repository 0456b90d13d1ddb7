"""Between two runs nobody writes: a record there without a signed head was added, or the head is an old one."""

from __future__ import annotations

import pytest
from trails import KEYRING, records, write

from recoup_plugins.audit_trail import verify
from recoup_plugins.audit_trail.chain import body, finish, parse
from recoup_plugins.audit_trail.statements import Head
from recoup_plugins.audit_trail.verify import verify_trail

TIME = "2026-01-01T00:00:00.000000+00:00"


def chain_on(directory, *kinds):
    """Append records as anybody can compute them."""
    path = max(directory.glob("audit-*"))
    end = parse(path.read_bytes().splitlines()[-1])
    sequence, previous = end.sequence, end.computed
    with path.open("ab") as file:
        for kind in kinds:
            sequence += 1
            line, previous = finish(body(sequence, TIME, kind, '"format":1,"segment":1', previous))
            file.write(line)
    return end.sequence


@pytest.mark.parametrize("kinds", [["event"], ["event"] * 3, ["start", "event"], ["gap", "retired"], ["stop"]])
def test_what_is_chained_to_a_stopped_trail_is_named(tmp_path, kinds):
    directory = tmp_path / "trail"
    write(directory, range(5))
    last = chain_on(directory, *kinds)
    (finding,) = verify_trail(directory, KEYRING).findings
    first = last + (2 if kinds[0] in {"start", "gap"} else 1)
    assert (finding.problem, finding.sequence) == ("inserted", first)


def test_it_is_not_signed_away_by_the_next_start(tmp_path):
    directory = tmp_path / "trail"
    write(directory, range(5))
    chain_on(directory, "event", "event")
    write(directory, range(5))
    write(directory, range(5))
    (finding,) = verify_trail(directory, KEYRING).findings
    assert finding.problem == "loss_stated"
    assert "'appended': 2" in finding.detail


@pytest.mark.parametrize("kept", [0, 1])
def test_an_old_head_of_the_same_segment_is_found_after_a_restart(tmp_path, kept):
    directory = tmp_path / "trail"
    heads = []
    for _ in range(2):
        write(directory, range(2))
        heads.append((directory / Head.NAME).read_bytes())
    write(directory, range(2))
    assert len(list(directory.glob("audit-*"))) == 1
    (directory / Head.NAME).write_bytes(heads[kept])
    (finding,) = verify_trail(directory, KEYRING).findings
    assert finding.problem == "inserted"


def test_starts_that_could_not_be_signed_are_no_forgery(make_plugin, event, tmp_path, keyring, monkeypatch):
    plugin = make_plugin()
    plugin.start()
    plugin.monitor(event())
    plugin.stop()
    with monkeypatch.context() as broken:
        broken.setattr("recoup_plugins.audit_trail.writer.write_statement", _no_space)
        for _ in range(3):
            with pytest.raises(OSError, match="no space"):
                make_plugin().start()
    assert verify_trail(tmp_path / "trail", keyring).is_ok
    again = make_plugin()
    again.start()
    again.monitor(event())
    again.stop()
    assert verify_trail(tmp_path / "trail", keyring).is_ok
    assert [record["type"] for record in records(tmp_path / "trail")].count("start") == 5


def _no_space(*_, **__):
    raise OSError(28, "no space")


def test_what_a_killed_process_left_unsigned_is_no_forgery(make_plugin, event, tmp_path, keyring):
    plugin = make_plugin()
    plugin.start()
    for number in range(3):
        plugin.monitor(event(number))
    plugin.trail._abandon()  # as the end of the process does
    plugin.stop()
    assert verify_trail(tmp_path / "trail", keyring).unsigned == 3
    again = make_plugin()
    again.start()
    again.stop()
    assert verify_trail(tmp_path / "trail", keyring).is_ok


def test_a_restart_while_it_is_read_is_no_forgery(tmp_path, monkeypatch):
    directory = tmp_path / "trail"
    write(directory, range(2))
    find = verify.find_segments

    def restarted(*arguments):
        write(directory, range(2))
        return find(*arguments)

    monkeypatch.setattr(verify, "find_segments", restarted)
    report = verify_trail(directory, KEYRING)
    assert report.is_ok, report.findings
