"""``recoup audit``: exit codes, what is printed, and what is exported."""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
from datetime import timedelta

import pytest

from recoup import Config, ErrorHandler, RecoveryEvent, StateEvent
from recoup.outcome import Decision
from recoup.testing import FakeClock, check_plugin
from recoup_plugins.audit_trail import AuditTrail, AuditTrailError
from recoup_plugins.audit_trail.chain import GENESIS, body, finish, parse
from recoup_plugins.audit_trail.command import AuditCommand
from recoup_plugins.audit_trail.export import Selection, export_trail
from recoup_plugins.audit_trail.merkle import EMPTY, Frontier, Tree, is_included


def run(*words):
    parser = argparse.ArgumentParser()
    command = AuditCommand()
    command.configure(parser)
    return command.run(parser.parse_args([str(word) for word in words]))


def break_it(trail):
    path = min(trail.glob("audit-*"))
    path.write_bytes(path.read_bytes().replace(b'"detail":"note 2"', b'"detail":"note 3"'))


def test_a_trail_that_is_whole_gives_0(trail, key_env, capsys):
    assert run("verify", trail, "--key-env", key_env) == 0
    assert ": ok: records 1 to" in capsys.readouterr().out


def test_a_trail_that_was_tampered_with_gives_1_and_says_where(trail, key_env, capsys):
    break_it(trail)
    assert run("verify", trail, "--key-env", key_env) == 1
    output = capsys.readouterr().out
    assert "audit-00000001.jsonl, line 5, record 5: changed: its content or its hash was edited" in output
    assert "NOT OK" in output


def test_what_can_not_be_told_gives_2(trail, tmp_path, capsys):
    assert run("verify", tmp_path / "nowhere") == 2
    (tmp_path / "empty").mkdir()
    assert run("verify", tmp_path / "empty") == 2
    assert run("verify", trail, "--key-env", "RECOUP_AUDIT_NO_SUCH_KEY") == 2
    assert "is not set" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        run("verify", trail, "--key-env", "A", "--key-file", "b")
    assert caught.value.code == 2


def test_without_a_key_it_says_what_was_not_checked(trail, capsys):
    assert run("verify", trail) == 0
    assert "signatures not checked" in capsys.readouterr().out


def test_as_json(trail, key_env, capsys):
    break_it(trail)
    assert run("verify", trail, "--key-env", key_env, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert report["findings"][0] | {"detail": ""} == {
        "problem": "changed", "file": "audit-00000001.jsonl", "line": 5, "sequence": 5, "detail": "",
    }  # fmt: skip


def test_a_head_that_was_noted_must_be_there(trail, key_env, capsys):
    run("verify", trail, "--key-env", key_env)
    head = capsys.readouterr().out.splitlines()[-1].removeprefix("head: ")
    assert run("verify", trail, "--key-env", key_env, "--expect", head) == 0
    assert run("verify", trail, "--key-env", key_env, "--expect", f"3:{'ab' * 32}") == 1
    with pytest.raises(SystemExit):
        run("verify", trail, "--expect", "3")


def test_what_an_attacker_wrote_is_shown_on_one_line(trail, key_env, capsys):
    lines = min(trail.glob("audit-*")).read_bytes().splitlines(keepends=True)
    header = lines[0].replace(b'"trail":"', b'"trail":"\\n\\u001b[2J')
    text = header[: header.rindex(b',"hash"')].decode() + "}"
    (trail / "audit-00000099.jsonl").write_bytes(finish(text)[0])
    assert run("verify", trail, "--key-env", key_env) == 1
    assert "\x1b" not in capsys.readouterr().out


@pytest.fixture
def mixed(make_plugin, tmp_path):
    """Records of two components over an hour, in several segments."""
    clock = FakeClock()
    plugin = make_plugin(clock=clock, rotate_bytes=4096)
    plugin.start()
    for number in range(30):
        plugin.monitor(
            RecoveryEvent(
                error_id=f"e-{number}", component=("exchange", "database")[number % 2], operation="=cmd()",
                decision=Decision.RETRY, detail="@SUM(A1)",
            )
        )  # fmt: skip
        clock.advance(120.0)
    plugin.stop()
    return tmp_path / "trail"


def test_an_export_has_what_was_asked_for(mixed, keyring):
    output = io.StringIO()
    start = FakeClock().now()
    selection = Selection(
        since=start + timedelta(minutes=20), until=start + timedelta(minutes=40), components=("exchange",)
    )
    manifest = export_trail(mixed, selection, output, keyring=keyring)
    rows = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [row["record"]["data"]["error_id"] for row in rows] == ["e-10", "e-12", "e-14", "e-16", "e-18"]
    assert manifest["verified"]
    assert manifest["export"]["records"] == 5
    assert manifest["export"]["sha256"] == hashlib.sha256(output.getvalue().encode()).hexdigest()


def test_every_exported_record_of_a_sealed_segment_is_proved_by_its_seal(mixed, keyring):
    output = io.StringIO()
    manifest = export_trail(mixed, Selection(components=("database",)), output, keyring=keyring)
    seals = {item["segment"]: item["seal"] and parse(item["seal"].encode()) for item in manifest["segments"]}
    proved = 0
    for text in output.getvalue().splitlines():
        row = json.loads(text)
        raw = text[text.index('"record":') + len('"record":') : -1].encode()
        record = parse(raw)
        assert record.stored == record.computed
        seal = seals[row["segment"]]
        assert (seal is None) == (row["proof"] is None)
        if seal is not None:
            proof = row["proof"]
            root = seal.value["root"]
            assert is_included(record.computed, proof["leaf"], proof["leaves"], proof["path"], root)
            assert not is_included(record.previous, proof["leaf"], proof["leaves"], proof["path"], root)
            proved += 1
    assert proved > 5


@pytest.mark.parametrize("size", [*range(18), 33, 100])
def test_the_tree_is_that_of_rfc_6962(size):
    leaves = [hashlib.sha256(bytes([number])).hexdigest() for number in range(size)]

    def tree_hash(items):
        if not items:
            return hashlib.sha256(b"").digest()
        if len(items) == 1:
            return hashlib.sha256(b"\x00" + bytes.fromhex(items[0])).digest()
        split = 1 << (len(items) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + tree_hash(items[:split]) + tree_hash(items[split:])).digest()

    frontier, tree = Frontier(), Tree(leaves)
    for leaf in leaves:
        frontier.add(leaf)
    assert frontier.root() == tree.root == tree_hash(leaves).hex()
    assert size or tree.root == EMPTY
    for at, leaf in enumerate(leaves):
        assert is_included(leaf, at, size, tree.path(at), tree.root)
        assert not is_included(leaf, (at + 1) % size, size, tree.path(at), tree.root) or size == 1
        assert not is_included(leaf, at, size, [*tree.path(at), leaf], tree.root)


def test_a_broken_trail_is_not_exported_unless_asked_for(mixed, keyring):
    path = sorted(mixed.glob("audit-*"))[1]
    path.write_bytes(path.read_bytes().replace(b'"retry"', b'"raise"', 1))
    output = io.StringIO()
    with pytest.raises(AuditTrailError, match=f"{path.name} does not verify"):
        export_trail(mixed, Selection(), output, keyring=keyring)
    assert {json.loads(line)["segment"] for line in output.getvalue().splitlines()} == {1}
    manifest = export_trail(mixed, Selection(), io.StringIO(), keyring=keyring, allow_broken=True)
    assert not manifest["verified"]
    assert manifest["findings"][0]["file"] == path.name


def test_no_cell_of_a_csv_is_a_formula(mixed, key_env, tmp_path):
    target = tmp_path / "export.csv"
    assert (
        run("export", mixed, "--key-env", key_env, "--format", "csv", "--component", "exchange", "--output", target)
        == 0
    )
    assert target.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO(target.read_text("utf-8"), newline="")))
    assert len(rows) == 15
    assert {row["operation"] for row in rows} == {"'=cmd()"}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    record = parse(rows[0]["data"].encode())
    assert record.computed == rows[0]["hash"]
    manifest = json.loads((tmp_path / "export.csv.manifest.json").read_text())
    assert manifest["export"]["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()


def test_to_the_standard_output_the_manifest_goes_beside(mixed, key_env, capsys, tmp_path):
    assert run("export", mixed, "--key-env", key_env, "--since", "2026-01-01T00:58:00Z", "--component", "database") == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    assert json.loads(captured.err)["verified"]
    place = tmp_path / "m.json"
    assert run("export", mixed, "--until", "2026-01-01", "--manifest", place) == 0
    assert json.loads(place.read_text())["export"]["records"] == 0
    with pytest.raises(SystemExit):
        run("export", mixed, "--since", "yesterday")


def test_the_first_moment_belongs_to_an_export_and_the_last_does_not(mixed, key_env, capsys):
    zone = ["--key-env", key_env, "--component", "exchange", "--component", "database"]
    run("export", mixed, *zone, "--since", "2026-01-01T02:04:00+02:00", "--until", "2026-01-01T00:08:00")
    rows = [json.loads(line)["record"]["data"]["error_id"] for line in capsys.readouterr().out.splitlines()]
    assert rows == ["e-2", "e-3"]
    assert run("export", mixed, "--since", "2026-01-02", "--until", "2026-01-01") == 2
    assert "must lie before" in capsys.readouterr().err


def test_an_export_does_not_overwrite_the_trail_and_nobody_else_can_read_it(mixed, key_env, tmp_path, capsys):
    segment = min(mixed.glob("audit-*"))
    content = segment.read_bytes()
    for option in ("--output", "--manifest"):
        assert run("export", mixed, "--key-env", key_env, option, segment) == 2
    assert "lies in the trail itself" in capsys.readouterr().err
    assert segment.read_bytes() == content
    target = tmp_path / "was-there"
    target.touch(0o644)
    assert run("export", mixed, "--key-env", key_env, "--output", target) == 0
    assert target.stat().st_mode & 0o777 == 0o600


def test_without_a_standard_output_it_says_so(mixed, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout", None)
    assert run("export", mixed) == 2
    assert "give --output" in capsys.readouterr().err


@pytest.mark.parametrize("blank", ["", " ", "\\u00a0", "\\ufeff", "\\u0000"])
def test_a_forged_cell_is_no_formula_and_can_be_written(trail, blank):
    last = max(trail.glob("audit-*"))
    members = f'"event":"error","data":{{"message":"{blank}=1","operation":"\\ud800"}}'
    with last.open("ab") as file:
        file.write(finish(body(900, "t", "event", members, GENESIS))[0])
    output = io.StringIO()
    export_trail(trail, Selection(), output, is_csv=True, allow_broken=True)
    row = list(csv.DictReader(io.StringIO(output.getvalue(), newline="")))[-1]
    assert (row["message"][0], row["operation"]) == ("'", "\\ud800")


def test_an_export_of_a_broken_trail_gives_1_and_a_refused_one_2(trail, key_env, capsys):
    break_it(trail)
    assert run("export", trail, "--key-env", key_env) == 2
    assert "does not verify" in capsys.readouterr().err
    assert run("export", trail, "--key-env", key_env, "--allow-broken") == 1
    assert json.loads(capsys.readouterr().err)["verified"] is False


def configured(directory, key_env):
    section = {"directory": str(directory), "key_env": key_env, "sync_seconds": 3600, "fsync": "never"}
    return Config.from_dict(
        {"error_handling": {"plugins": {"audit_trail": {"enabled": True, "config": section}}}},
        plugins={"audit_trail": AuditTrail},
    )


def test_it_keeps_the_contract_of_its_hook(tmp_path, key_env):
    checks = check_plugin(AuditTrail, "audit_trail", configured(tmp_path / "trail", key_env))
    assert len(checks) > 3


@pytest.mark.anyio
async def test_no_secret_reaches_the_trail_through_the_whole_handler(tmp_path, key_env, keyring):
    secret = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
    handler = ErrorHandler(
        configured(tmp_path / "trail", key_env), plugins={"audit_trail": AuditTrail}, clock=FakeClock()
    )
    async with handler:
        for number in range(5):
            error = ConnectionRefusedError(f"refused, apiKey={secret}")
            context = handler.create_error_context(
                error, "exchange", "fetch_ticker", details={"api_secret": secret, "n": number}
            )
            await handler.handle_error(error, context)
        handler.publish(StateEvent(subject="s", old="a", new="b", detail=f"password={secret}"))
    content = b"".join(path.read_bytes() for path in (tmp_path / "trail").iterdir())
    assert secret.encode() not in content
    assert content.count(b'"event":"error"') == 5
    assert run("verify", tmp_path / "trail", "--key-env", key_env) == 0


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


def test_it_is_off_unless_enabled():
    handler = ErrorHandler(plugins={"audit_trail": AuditTrail})
    (status,) = [item for item in handler.plugins.statuses() if item.name == "audit_trail"]
    assert status.reason == "off by default; enable it in the configuration"
