"""The journal's file: who may read it, who may write to it, what it must be, and how it is brought up to date."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from recoup import IntentState, JournalUnavailable, ResumeRequired
from recoup_plugins.recovery_journal import (
    JournalDamaged,
    JournalError,
    JournalLocked,
    OnFailure,
    RecoveryJournal,
    RecoveryJournalConfig,
)
from recoup_plugins.recovery_journal.schema import APPLICATION_ID, VERSION, open_existing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from recoup import Call

VERSION_1 = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = 1382238828;
CREATE TABLE intents (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, client_order_id TEXT NOT NULL, kind TEXT NOT NULL,
    component TEXT NOT NULL, name TEXT NOT NULL, symbol TEXT, exposure_symbol TEXT, exposure_side TEXT,
    exposure_amount TEXT, exposure_price TEXT, created TEXT NOT NULL, changed TEXT NOT NULL, state TEXT NOT NULL,
    detail TEXT NOT NULL, run TEXT NOT NULL, UNIQUE (key, client_order_id, kind)
);
INSERT INTO intents VALUES (
    7, 'venue:main', 'old-1', 'submit', 'exchange', 'create_order', 'BTC/USDT', 'BTC/USDT', 'sell', '1.50', NULL,
    '2025-12-31T10:00:00.000000+00:00', '2025-12-31T10:00:01.000000+00:00', 'unknown', 'TimeoutError', 'abc'
);
PRAGMA user_version = 1;
"""


def refusal(journal: RecoveryJournal, make_call: Callable[..., Call]) -> str:
    with pytest.raises(JournalUnavailable) as caught:
        journal.admit_sync(make_call(), "exchange")
    return str(caught.value)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_nobody_else_may_read_any_of_its_files(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], path: Path
) -> None:
    with umask(0):
        journal = make_journal()
        journal.admit_sync(make_call(), "exchange")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(["journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock"], 0o600)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_file_that_others_may_read_is_not_used(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], path: Path
) -> None:
    make_journal().stop()
    path.chmod(0o644)
    assert "open to others (mode 0644): chmod 600" in refusal(make_journal(), make_call)


def test_it_is_in_wal_mode_and_every_commit_is_forced_to_the_disk(
    make_journal: Callable[..., RecoveryJournal], path: Path
) -> None:
    journal = make_journal()
    connection = journal._opened().store._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_a_second_handler_of_the_same_process_is_kept_out(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], host: Any
) -> None:
    first = make_journal()
    second = make_journal()
    assert f"in use by process {os.getpid()}" in refusal(second, make_call)
    assert host.escalated == [("recovery_journal", "start", host.escalated[0][2])]  # a human knows from the start
    first.stop()
    host.clock.advance(1.0)
    assert second.admit_sync(make_call(), "exchange") is None  # it is tried again


def test_another_process_is_kept_out_until_this_one_ends(
    make_journal: Callable[..., RecoveryJournal], path: Path
) -> None:
    program = (
        "import sys; from pathlib import Path; from recoup_plugins.recovery_journal.lock import JournalLock; "
        "JournalLock(Path(sys.argv[1]))"
    )
    words = [sys.executable, "-c", program, str(path)]
    make_journal()
    held = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert "JournalLocked" in held.stderr
    assert str(os.getpid()) in held.stderr


def test_resume_does_not_take_a_journal_that_it_can_not_open_for_an_empty_one(
    make_journal: Callable[..., RecoveryJournal],
) -> None:
    make_journal()
    with pytest.raises(JournalLocked):
        make_journal().unresolved()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty, as no journal ever is"),
        (b"these are my notes, and no database at all\n" * 200, "is damaged (file is not a database)"),
    ],
)
def test_what_is_no_journal_is_left_as_it_is(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    path: Path,
    content: bytes,
    message: str,
) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    assert message in refusal(make_journal(), make_call)
    assert path.read_bytes() == content


def test_another_applications_database_is_left_alone(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], path: Path
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE trades (id)")
    path.chmod(0o600)
    before = path.read_bytes()
    assert "no journal of recoup's" in refusal(make_journal(), make_call)
    assert path.read_bytes() == before


def test_damage_in_the_middle_is_found_at_the_start(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], path: Path
) -> None:
    journal = make_journal()
    for number in range(300):
        journal.admit_sync(make_call(f"bot-{number}"), "exchange")
    journal.stop()
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)
    message = refusal(make_journal(), make_call)
    assert "is damaged" in message
    assert "left as it is" in message
    assert path.read_bytes() == content


@pytest.mark.parametrize(("column", "value"), [("exposure_amount", "much"), ("kind", "gift"), ("created", "today")])
def test_a_record_that_somebody_has_edited_is_not_read_as_something_else(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    path: Path,
    column: str,
    value: str,
) -> None:
    journal = make_journal()
    journal.admit_sync(make_call(), "exchange")
    journal.stop()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE intents SET {column} = ?", (value,))
        connection.commit()
    journal = make_journal()
    assert "a record of the journal can't be read" in refusal(journal, make_call)
    with pytest.raises(JournalDamaged):
        journal.unresolved()


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": ""},
        {"settle_time": 0},
        {"settle_time": 200.0},
        {"max_batch": 0},
        {"retain_seconds": 1e12},
        {"retain_seconds": float("inf")},
        {"on_failure": "refuse"},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        RecoveryJournalConfig(**({"path": "journal.db"} | wrong))


def test_a_log_without_its_journal_is_no_reason_to_begin_anew(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], path: Path
) -> None:
    path.with_name("journal.db-wal").write_bytes(b"\x37\x7f\x06\x82" + b"\0" * 28)
    assert "is gone, but not its log" in refusal(make_journal(), make_call)
    assert not path.exists()


def test_a_directory_that_is_missing_is_named(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], tmp_path: Path
) -> None:
    journal = make_journal(path=str(tmp_path / "missing" / "journal.db"))
    assert f"there is no directory {tmp_path / 'missing'}" in refusal(journal, make_call)


def test_a_symbolic_link_is_not_followed(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], path: Path
) -> None:
    make_journal().stop()
    real = path.rename(path.with_name("elsewhere.db"))
    path.symlink_to(real)
    assert "no plain file" in refusal(make_journal(), make_call)


def test_a_file_that_is_removed_while_in_use_takes_no_more_orders(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], path: Path, host: Any
) -> None:
    journal = make_journal()
    assert journal.admit_sync(make_call(), "exchange") is None
    path.unlink()
    for client_order_id in ("bot-2", "bot-3"):
        with pytest.raises(JournalUnavailable, match="removed or replaced"):
            journal.admit_sync(make_call(client_order_id), "exchange")
        host.clock.advance(7200.0)  # nor is it an end to the writer that old records are due


def test_its_path_means_the_same_after_the_application_has_changed_its_directory(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    journal = make_journal(path="relative.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert journal.admit_sync(make_call(), "exchange") is None
    assert (tmp_path / "relative.db").exists()


def test_a_later_schema_is_left_to_the_later_release(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], path: Path
) -> None:
    make_journal().stop()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    assert f"has schema version {VERSION + 1}, and this release knows {VERSION}" in refusal(make_journal(), make_call)


def test_an_older_schema_is_brought_up_to_date_with_all_that_is_in_it(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], path: Path, rows: Callable[..., Any]
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
    path.chmod(0o600)
    assert APPLICATION_ID == 1382238828
    with pytest.raises(JournalError, match="has schema version 1"):
        open_existing(path, writable=False)
    journal = make_journal()
    (intent,) = journal.unresolved()
    assert (intent.client_order_id, intent.state, intent.parent) == ("old-1", IntentState.UNKNOWN, None)
    assert intent.created == datetime(2025, 12, 31, 10, tzinfo=UTC)
    assert intent.exposure is not None
    assert (str(intent.exposure.amount), intent.exposure.price) == ("1.50", None)
    with pytest.raises(ResumeRequired):
        journal.admit_sync(make_call(), "exchange")
    journal.resumed()
    assert journal.admit_sync(make_call(parent="old-1"), "exchange") is None
    assert [(row["client_order_id"], row["parent"]) for row in rows()] == [("old-1", None), ("bot-1", "old-1")]


def test_an_upgrade_that_fails_leaves_the_older_schema(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], path: Path
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1 + "CREATE TABLE unresolved (in_the_way);")
    path.chmod(0o600)
    assert "can't be opened" in refusal(make_journal(), make_call)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        columns = {row[1] for row in connection.execute("PRAGMA table_info(intents)")}
    assert "parent" not in columns


def test_on_a_full_disk_orders_are_refused_and_what_ended_is_written_as_soon_as_there_is_room(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal, call = make_journal(), make_call()
    assert journal.admit_sync(call, "exchange") is None
    with _full(journal):
        assert "database or disk is full" in _refused_until_full(journal, make_call)
        journal.settle(call, "exchange", None)
        assert states()["bot-1"] == "pending"
    journal.unresolved()
    assert states()["bot-1"] == "accepted"
    assert journal.admit_sync(make_call("after"), "exchange") is None


def test_where_it_is_told_to_send_all_the_same_a_human_is_told(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    states: Callable[[], dict[str, str]],
    host: Any,
) -> None:
    journal = make_journal(on_failure=OnFailure.SEND)
    sent = []
    with _full(journal):
        for number in range(200):
            sent.append(make_call(f"fill-{number}"))
            assert journal.admit_sync(sent[-1], "exchange") is None
            if host.escalated:
                break
    assert "sent without a record: the journal can't be written" in host.escalated[0][2]
    sent[-1].unresolved = True
    journal.settle(sent[-1], "exchange", ConnectionResetError())
    journal.unresolved()
    # It could not be recorded before, but what became of it is.
    assert states()[str(sent[-1].operation.client_order_id)] == "unknown"


@contextmanager
def _full(journal: RecoveryJournal) -> Iterator[None]:
    """Keep the file from growing, as a full disk would."""
    writer = journal._opened().writer
    pages = writer.do(lambda store: store._connection.execute("PRAGMA page_count").fetchone()[0])
    writer.do(lambda store: store._connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    yield
    writer.do(lambda store: store._connection.execute("PRAGMA max_page_count = 1000000").fetchone())


def _refused_until_full(journal: RecoveryJournal, make_call: Callable[..., Call]) -> str:
    with pytest.raises(JournalUnavailable) as caught:
        for number in range(500):
            journal.admit_sync(make_call(f"fill-{number}"), "exchange")
    return str(caught.value)


def test_nothing_but_what_a_verification_needs_is_in_the_file(
    make_host: Callable[..., Any], make_call: Callable[..., Call], path: Path
) -> None:
    class Host(make_host):  # type: ignore[misc,valid-type] # the fixture gives a class
        def sanitize(self, payload: str) -> str:
            return payload.replace("hunter2", "[withheld]")

    call = make_call()
    call.name = "create_order hunter2"
    call.kwargs = {"apiKey": "vmPUZE6mv9SD5VNH"}
    journal = RecoveryJournal(RecoveryJournalConfig(path=str(path)), Host())
    journal.admit_sync(call, "exchange hunter2")
    journal.settle(call, "exchange hunter2", ValueError("hunter2 vmPUZE6mv9SD5VNH"))
    journal.stop()
    content = path.read_bytes()
    assert b"create_order [withheld]" in content
    assert b"hunter2" not in content
    assert b"vmPUZE6mv9SD5VNH" not in content


def test_a_handler_that_is_only_looked_at_writes_nothing(path: Path) -> None:
    from recoup import Config, ErrorHandler

    section = {"recovery_journal": {"enabled": True, "config": {"path": str(path)}}}
    plugins = {"recovery_journal": RecoveryJournal}
    config = Config.from_dict({"error_handling": {"plugins": section}}, plugins=plugins)
    handler = ErrorHandler(config, plugins=plugins, discover=False)
    assert json.dumps(sorted(dict(handler.plugins.items()))) == '["recovery_journal"]'
    assert list(path.parent.iterdir()) == []
