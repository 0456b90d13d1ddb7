"""One thread writes for all: in order, in as few transactions as there can be, and again where it must."""

from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from recoup import Intent, IntentState, Turn
from recoup_plugins.recovery_journal import JournalError, RecoveryJournal, RecoveryJournalConfig
from recoup_plugins.recovery_journal import writer as writer_module
from recoup_plugins.recovery_journal.config import Synchronous
from recoup_plugins.recovery_journal.schema import open_to_write
from recoup_plugins.recovery_journal.store import Store
from recoup_plugins.recovery_journal.writer import Change, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(path: Path) -> Store:
    return Store(open_to_write(path, synchronous=Synchronous.NORMAL, busy_timeout=5.0), path, run="test")


@pytest.fixture
def statements(store: Store) -> list[str]:
    seen: list[str] = []
    store._connection.set_trace_callback(seen.append)
    return seen


@pytest.fixture
def make_writer(store: Store) -> Iterator[Callable[..., Writer]]:
    made: list[Writer] = []

    def make(max_batch: int = 100, tidy: Callable[[Store], bool] = lambda _: False) -> Writer:
        made.append(Writer(store, max_batch, tidy))
        return made[0]

    yield make
    for writer in made:
        assert writer.end()


def intent(client_order_id: str) -> Intent:
    return Intent(key="venue:main", client_order_id=client_order_id, created=NOW)


def begin(writer: Writer, client_order_id: str) -> Change:
    change = Change(lambda store: store.begin(intent(client_order_id)), Turn())
    writer.put(change)
    return change


def hold(writer: Writer) -> threading.Event:
    """Have the writer wait within a transaction, so that what follows piles up."""
    begun, go = threading.Event(), threading.Event()

    def wait(_: Store) -> None:
        begun.set()
        assert go.wait(20)

    writer.put(Change(wait))
    assert begun.wait(20)
    return go


def taken(change: Change) -> Any:
    assert change.turn is not None
    assert change.turn.taken_sync()
    return change.outcome()


@pytest.mark.parametrize(("max_batch", "transactions"), [(100, 1), (10, 3)])
def test_what_piles_up_shares_a_transaction(
    make_writer: Callable[..., Writer], statements: list[str], max_batch: int, transactions: int
) -> None:
    writer = make_writer(max_batch)
    go = hold(writer)
    changes = [begin(writer, f"bot-{number}") for number in range(30)]
    del statements[:]
    go.set()
    assert [taken(change) for change in changes] == [None] * 30
    writer.do(lambda _: None)
    # The one that was held, and the last, have a transaction of their own.
    assert statements.count("COMMIT") == transactions + 2


def test_what_nobody_waits_for_shares_the_next_transaction(
    make_writer: Callable[..., Writer], statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "LINGER_SECONDS", 3600.0)
    writer = make_writer()
    for number in range(20):
        one = intent(f"bot-{number}")
        assert taken(begin(writer, one.client_order_id)) is None
        writer.put(Change(lambda store, one=one: store.settle(one, IntentState.ACCEPTED, "", NOW)))
    assert statements.count("COMMIT") == 20
    assert writer.end()  # which waits for no company


def test_what_nobody_waits_for_is_written_soon_without_company(make_writer: Callable[..., Writer]) -> None:
    written = threading.Event()
    make_writer().put(Change(lambda _: written.set()))
    assert written.wait(20)


def test_changes_are_made_in_the_order_given(make_writer: Callable[..., Writer], store: Store) -> None:
    writer = make_writer()
    go = hold(writer)
    for number in range(50):
        begin(writer, f"bot-{number}")
    go.set()
    found = writer.do(lambda store: store.records(tuple(IntentState), 100))
    assert [record.intent.client_order_id for record in found] == [f"bot-{number}" for number in range(50)]
    assert store.unresolved == 50


def test_who_waits_is_told_of_a_failure_and_what_nobody_waits_for_is_tried_again(
    make_writer: Callable[..., Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY_SECONDS", 0.01)
    writer = make_writer()
    tries: list[int] = []

    def fails_twice(_: Store) -> None:
        tries.append(len(tries))
        if len(tries) < 3:
            raise sqlite3.OperationalError("database or disk is full")

    go = hold(writer)
    waiting = begin(writer, "bot-1")
    writer.put(Change(fails_twice))
    go.set()
    with pytest.raises(JournalError, match="disk is full"):
        taken(waiting)
    while len(tries) < 3:
        writer.put(Change(lambda _: None))
    assert writer.do(lambda store: store.find(intent("bot-1").id)) == []  # nothing of the failed transaction is there


def test_what_can_not_be_written_is_tried_again_at_a_pace(
    make_writer: Callable[..., Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY_SECONDS", 3600.0)
    writer = make_writer()
    tries: list[int] = []

    def fails(_: Store) -> None:
        tries.append(1)
        raise sqlite3.OperationalError("database or disk is full")

    writer.put(Change(fails))
    for _ in range(3):
        with pytest.raises(JournalError):  # comes in one transaction with what fails
            writer.do(lambda _: None)
    assert len(tries) <= 1 + 3  # with each that comes, and not a thousand times in between


def test_a_fault_in_a_change_is_not_tried_again_and_holds_nothing_up(make_writer: Callable[..., Writer]) -> None:
    writer = make_writer()
    writer.put(Change(lambda _: 1 / 0))
    with pytest.raises(JournalError, match="division by zero"):
        writer.do(lambda _: 1 / 0)
    assert writer.do(lambda _: "goes on") == "goes on"


def test_the_end_writes_all_that_waits_and_takes_nothing_more(
    make_writer: Callable[..., Writer], rows: Callable[..., Any]
) -> None:
    writer = make_writer(max_batch=2)
    go = hold(writer)
    for number in range(7):
        begin(writer, f"bot-{number}")
    threading.Timer(0, go.set).start()
    assert writer.end()
    assert writer.end()
    assert len(rows()) == 7
    with pytest.raises(JournalError, match="closed"):
        begin(writer, "late")


def test_what_can_not_be_written_does_not_pile_up_for_ever(
    make_writer: Callable[..., Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_KEPT", 5)
    writer = make_writer()
    go = hold(writer)
    for number in range(5):
        begin(writer, f"bot-{number}")
    with pytest.raises(JournalError, match="5 changes wait"):
        begin(writer, "bot-5")
    go.set()


def test_a_journal_that_nobody_holds_any_more_ends_its_thread_and_its_lock(host: Any, path: Path) -> None:
    def writers() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name == "recoup-journal"}

    before = writers()
    for _ in range(3):
        journal = RecoveryJournal(RecoveryJournalConfig(path=str(path)), host)
        journal.unresolved()  # opened as in synchronous code, and never stopped
        assert len(writers() - before) == 1
        del journal
        gc.collect()
        assert writers() <= before


def test_a_program_that_just_ends_has_the_end_of_its_calls_written(
    path: Path, states: Callable[[], dict[str, str]]
) -> None:
    program = """
import sys
from recoup import Config, ErrorHandler, Guard, Operation, OperationKind
from recoup_plugins.recovery_journal import RecoveryJournal
plugins = {"recovery_journal": RecoveryJournal}
section = {"recovery_journal": {"enabled": True, "config": {"path": sys.argv[1]}}}
config = Config.from_dict({"error_handling": {"plugins": section}}, plugins=plugins)
handler = ErrorHandler(config, plugins=plugins, discover=False)
for number in range(50):
    operation = Operation(kind=OperationKind.SUBMIT, key="venue:main", client_order_id=f"bot-{number}")
    Guard(operation=operation, component="exchange", handler=handler).call_sync(lambda: {"id": "1"})
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(path)], timeout=60, check=True)
    assert states() == {f"bot-{number}": "accepted" for number in range(50)}


def fill(store: Store, count: int, *, state: IntentState = IntentState.ACCEPTED, age: float = 0.0, name: str) -> None:
    moment = NOW - timedelta(seconds=age)
    with store.transaction():
        for number in range(count):
            one = intent(f"{name}-{number:05}")
            store.begin(one)
            if state is not IntentState.PENDING:
                store.settle(one, state, "", moment)


def test_resolved_records_go_when_they_are_old_and_unresolved_ones_never(store: Store) -> None:
    fill(store, 3, age=100, name="old")
    fill(store, 3, age=100, state=IntentState.UNKNOWN, name="unknown")
    fill(store, 3, state=IntentState.PENDING, name="pending")
    fill(store, 3, age=10, state=IntentState.FAILED, name="new")
    assert not store.remove_old(NOW, retain_seconds=50, max_resolved=1000)
    left = [record.intent.client_order_id[:-6] for record in store.records(tuple(IntentState), 100)]
    assert left == ["unknown"] * 3 + ["pending"] * 3 + ["new"] * 3
    store.close()


def test_of_too_many_the_oldest_go_in_bounded_pieces(store: Store, path: Path) -> None:
    for age in range(30):
        fill(store, 100, age=age, name=f"age{age:02}")
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    size = path.stat().st_size
    rounds = 1
    while store.remove_old(NOW, retain_seconds=1e6, max_resolved=200):
        rounds += 1
    assert rounds == 6  # 2,800 records, 500 at a time
    left = {record.intent.client_order_id[:5] for record in store.records(tuple(IntentState), 1000)}
    assert left == {"age00", "age01"}
    store.close()
    assert path.stat().st_size < size / 4  # the pages were given back


def test_old_records_are_removed_at_the_start_and_every_hour(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Any],
    states: Callable[[], dict[str, str]],
    host: Any,
) -> None:
    journal = make_journal(retain_seconds=5000.0)

    def trade(client_order_id: str) -> None:
        call = make_call(client_order_id)
        assert journal.admit_sync(call, "exchange") is None
        journal.settle(call, "exchange", None)
        journal.unresolved()

    trade("first")
    for hour in range(3):
        host.clock.advance(3600.0)
        trade(f"hour-{hour}")
    journal.stop()  # whatever was begun is ended
    assert set(states()) == {"hour-1", "hour-2"}
    host.clock.advance(86_400.0)
    make_journal(retain_seconds=5000.0).stop()
    assert states() == {}
