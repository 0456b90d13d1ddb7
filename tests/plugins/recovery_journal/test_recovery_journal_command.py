"""``recoup journal``: what is printed, what is changed, and the exit codes."""

from __future__ import annotations

import argparse
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from recoup_plugins.recovery_journal.command import JournalCommand

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from recoup import Call
    from recoup_plugins.recovery_journal import RecoveryJournal

KEY = "venue:main"


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    command = JournalCommand()
    command.configure(parser)
    return command.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def journal(make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call]) -> RecoveryJournal:
    """Return a running journal with an accepted, a failed, an unknown and a pending order."""
    journal = make_journal()
    ends: dict[str, BaseException | None] = {
        "accepted-1": None,
        "failed-1": ValueError("rejected"),
        "unknown-1": TimeoutError(),
    }
    for client_order_id, error in ends.items():
        call = make_call(client_order_id)
        journal.admit_sync(call, "exchange")
        call.unresolved = isinstance(error, TimeoutError)
        journal.settle(call, "exchange", error)
    journal.admit_sync(make_call("pending-1", exposure=None), "exchange")
    journal.unresolved()
    return journal


def test_list_prints_a_line_for_each_beside_a_running_bot(
    journal: RecoveryJournal, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("list", path) == 0
    order = "buy 0.10 BTC/USDT at 50000.50"
    assert capsys.readouterr().out.splitlines() == [
        f"2026-01-01T00:00:00Z accepted venue:main accepted-1 submit {order}",
        f"2026-01-01T00:00:00Z failed   venue:main failed-1 submit {order}  (the call failed with ValueError)",
        f"2026-01-01T00:00:00Z unknown  venue:main unknown-1 submit {order}  (the call ended with TimeoutError)",
        "2026-01-01T00:00:00Z pending  venue:main pending-1 submit BTC/USDT",
    ]


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (["--unresolved"], ["unknown-1", "pending-1"]),
        (["--state", "failed", "--state", "accepted"], ["accepted-1", "failed-1"]),
        (["--limit", "2"], ["unknown-1", "pending-1"]),
    ],
)
def test_list_prints_what_is_asked_for(
    journal: RecoveryJournal, path: Path, capsys: pytest.CaptureFixture[str], words: list[str], listed: list[str]
) -> None:
    assert run("list", path, *words, "--json") == 0
    assert [row["client_order_id"] for row in json.loads(capsys.readouterr().out)] == listed


def test_show_prints_all_that_is_recorded(
    journal: RecoveryJournal, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("show", path, KEY, "unknown-1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "state            unknown" in lines
    assert "exposure amount  0.10" in lines
    assert run("show", path, KEY, "unknown-1", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["exposure"] == {"symbol": "BTC/USDT", "side": "buy", "amount": "0.10", "price": "50000.50"}


def test_what_is_not_there_gives_1(journal: RecoveryJournal, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", path, KEY, "nothing") == 1
    assert run("resolve", path, KEY, "nothing", "failed", "--because", "seen") == 1
    assert "nothing under 'venue:main' 'nothing'" in capsys.readouterr().err


def test_what_can_not_be_done_gives_2(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", path) == 2
    assert "there is no journal at" in capsys.readouterr().err
    assert run("resolve", path, KEY, "x", "failed", "--because", "seen") == 2
    path.write_text("no database " * 1000)
    path.chmod(0o600)
    assert run("list", path) == 2
    assert "is damaged" in capsys.readouterr().err
    assert run("list", path, "--limit", "0") == 2
    assert not list(tmp_path.glob("*.lock"))


def test_an_unknown_order_is_resolved_while_the_bot_runs(
    journal: RecoveryJournal,
    make_call: Callable[..., Call],
    path: Path,
    states: Callable[[], dict[str, str]],
    rows: Callable[..., Any],
    orders: Any,
) -> None:
    assert run("resolve", path, KEY, "unknown-1", "failed", "--because", "not on the\nstatement of 3 May") == 0
    assert states()["unknown-1"] == "failed"
    assert rows()[2]["detail"] == "said by hand: not on the statement of 3 May"
    assert journal.admit_sync(make_call("unknown-1"), "exchange") is None  # the bot heeds it at once
    assert orders.asked == []


def test_a_pending_order_is_resolved_only_while_no_bot_runs(
    journal: RecoveryJournal, path: Path, states: Callable[[], dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("resolve", path, KEY, "pending-1", "accepted", "--because", "on the statement")
    assert run(*words) == 2
    assert "its call may be under way" in capsys.readouterr().err
    assert states()["pending-1"] == "pending"
    journal.stop()
    assert run(*words) == 0
    assert states()["pending-1"] == "accepted"


def test_what_is_resolved_is_not_changed(
    journal: RecoveryJournal, path: Path, states: Callable[[], dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("resolve", path, KEY, "accepted-1", "failed", "--because", "I think so") == 2
    assert "accepted-1 is accepted already" in capsys.readouterr().err
    assert states()["accepted-1"] == "accepted"


def test_once_all_is_resolved_by_hand_the_next_process_need_not_resume(
    journal: RecoveryJournal,
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    path: Path,
) -> None:
    journal.stop()
    for client_order_id in ("unknown-1", "pending-1"):
        assert run("resolve", path, KEY, client_order_id, "failed", "--because", "asked the venue") == 0
    assert make_journal().admit_sync(make_call("next"), "exchange") is None


def test_an_id_can_not_write_to_the_terminal(
    journal: RecoveryJournal, make_call: Callable[..., Call], path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.admit_sync(make_call("evil\x1b[2J\nid"), "exchange")
    assert run("list", path) == 0
    assert "evil\\x1b[2J\\nid" in capsys.readouterr().out


def test_reading_never_writes(journal: RecoveryJournal, path: Path) -> None:
    from recoup_plugins.recovery_journal.schema import open_existing

    with closing(open_existing(path, writable=False)) as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM intents")
