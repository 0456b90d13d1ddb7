"""Journals in a temporary folder, calls to be recorded in them, and what the files hold."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

from recoup import Call, Exposure, Operation, OperationKind
from recoup_plugins.recovery_journal import RecoveryJournal, RecoveryJournalConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = "venue:main"
ORDER = {"id": "77", "clientOrderId": "bot-1", "status": "open"}


@define(eq=False)
class Orders:
    """A venue that answers lookups from a list, whose last item repeats; an exception is raised."""

    answers: list[Any] = field(factory=lambda: [None])
    asked: list[str] = field(factory=list)

    async def find_order(self, client_order_id: str, _: str | None) -> Any:
        self.asked.append(client_order_id)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def order() -> dict[str, str]:
    return dict(ORDER)


@pytest.fixture
def orders() -> Orders:
    return Orders()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def host(make_host: Callable[..., Any]) -> Any:
    """Return a host that tells its journals what was found, as a handler does."""

    class Host(make_host):
        def __init__(self) -> None:
            super().__init__()
            self.journals: list[RecoveryJournal] = []

        def settle(self, intent: Any, finding: Any) -> None:
            super().settle(intent, finding)
            for journal in self.journals:
                journal.resolve(intent, finding)

    return Host()


@pytest.fixture
def make_journal(host: Any, path: Path) -> Iterator[Callable[..., RecoveryJournal]]:
    """Return a function that starts a journal; stopped at the end."""
    made: list[RecoveryJournal] = []

    def make(**config: Any) -> RecoveryJournal:
        journal = RecoveryJournal(RecoveryJournalConfig(**({"path": str(path)} | config)), host)
        journal.start()
        made.append(journal)
        host.journals = [journal]
        return journal

    yield make
    for journal in made:
        journal.stop()


@pytest.fixture
def make_call(orders: Orders, host: Any) -> Callable[..., Call]:
    """Return a function that makes a call under way, by default the submission of ``bot-1``."""

    def make(client_order_id: str | None = "bot-1", kind: OperationKind = OperationKind.SUBMIT, **more: Any) -> Call:
        fields: dict[str, Any] = {
            "kind": kind,
            "client_order_id": client_order_id,
            "key": KEY,
            "symbol": "BTC/USDT",
            "orders": orders,
            "exposure": Exposure(symbol="BTC/USDT", side="buy", amount="0.10", price="50000.50"),
        }
        operation = Operation(**(fields | more))
        return Call(operation=operation, component="exchange", name="create_order", started=host.clock.monotonic())

    return make


@pytest.fixture
def rows(path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that reads what is committed, with SQL and without the journal's own code."""

    def read() -> list[dict[str, Any]]:
        with closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM intents ORDER BY sequence")]

    return read


@pytest.fixture
def states(rows: Callable[..., list[dict[str, Any]]]) -> Callable[[], dict[str, str]]:
    return lambda: {row["client_order_id"]: row["state"] for row in rows()}
