"""The journal's records, in the terms of the database."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from attrs import frozen

from recoup import Exposure, Intent, IntentState, OperationKind
from recoup_plugins.recovery_journal.errors import JournalDamaged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from recoup import IntentId

_COLUMNS = (
    "key, client_order_id, kind, component, name, symbol, exposure_symbol, exposure_side, exposure_amount, "
    "exposure_price, created, state, detail, parent, changed, run"
)
_INSERT = f"INSERT OR REPLACE INTO intents ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
_SELECT = f"SELECT {_COLUMNS} FROM intents"  # noqa: S608 - constants
_UNRESOLVED = "state IN ('pending', 'unknown')"
_RESOLVED = "state IN ('accepted', 'failed')"
_PIECE = 500
"""Records removed in one transaction, and pages given back: what waits for the writer waits for no more than that."""


@frozen(kw_only=True)
class Record:
    """One intent as it stands in the journal. Immutable.

    Attributes:
        intent: with its state and detail.
        changed: when it last changed; aware.
        run: of which process.
    """

    intent: Intent
    changed: datetime
    run: str


class Store:
    """Reads and changes records. Belongs to one thread at a time.

    Args:
        connection: in autocommit mode.
        path: its file.
        run: names this process; a reader needs none.

    Attributes:
        unresolved: how many records are.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, run: str = "") -> None:
        self._connection = connection
        self._path = path
        self._inode = path.stat().st_ino
        self._run = run
        self.unresolved = 0
        self._recount()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything within one transaction, which is durable when the block ends.

        Raises:
            sqlite3.Error: it could not be written; nothing of it has happened.
        JournalDamaged: the file was removed or replaced while it was open.
        """
        before = self.unresolved
        self._check_file()
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._recount()
            self._connection.execute("COMMIT")
        except BaseException:
            self.unresolved = before
            with suppress(sqlite3.Error):  # SQLite may have rolled back by itself; the first error is the one to tell
                self._connection.execute("ROLLBACK")
            raise

    def begin(self, intent: Intent, *, is_absent: bool = False) -> Intent | None:
        """Record an intent as PENDING, unless one of its id stands against it.

        Args:
            intent: what is to be sent.
            is_absent: whether the venue was asked and knows no such order, so that only an ACCEPTED one stands against
                it, which somebody else has found since.

        Returns:
            None where it is recorded and may be sent; else what stands against it, unchanged.
        """
        obstacle = _obstacle(intent, {row.intent.kind: row.intent for row in self.find(intent.id)})
        if obstacle is not None and not (is_absent and not obstacle.state.is_resolved):
            return obstacle
        self._insert(intent, IntentState.PENDING, "", intent.created)
        return None

    def settle(self, intent: Intent, state: IntentState, detail: str, now: datetime) -> None:
        """Record how a call ended; what is resolved already stays, and what could not be recorded before is now."""
        changed = self._connection.execute(
            f"UPDATE intents SET state = ?, detail = ?, changed = ? WHERE key = ? AND client_order_id = ? AND kind = ? "  # noqa: S608 - constants
            f"AND {_UNRESOLVED}",
            (state.value, detail, _text(now), *intent.id, intent.kind.value),
        )
        if not changed.rowcount and not any(row.intent.kind is intent.kind for row in self.find(intent.id)):
            self._insert(intent, state, detail, now)

    def resolve(self, intent: IntentId, state: IntentState, detail: str, now: datetime) -> int:
        """Record what a verification came to, for whatever is unresolved under the id; returns how many records."""
        changed = self._connection.execute(
            f"UPDATE intents SET state = ?, detail = ?, changed = ? WHERE key = ? AND client_order_id = ? "  # noqa: S608 - constants
            f"AND {_UNRESOLVED}",
            (state.value, detail, _text(now), *intent),
        )
        return changed.rowcount

    def find(self, intent: IntentId) -> list[Record]:
        """Return the records of an id: the order itself and its last change, where there are any."""
        return self._records(f"{_SELECT} WHERE key = ? AND client_order_id = ? ORDER BY sequence", intent)

    def left(self) -> list[Record]:
        """Return what earlier processes left unresolved, in the order in which it was recorded."""
        return self._records(f"{_SELECT} WHERE {_UNRESOLVED} AND run != ? ORDER BY sequence", (self._run,))

    def records(self, states: Sequence[IntentState], limit: int) -> list[Record]:
        """Return the latest records of some states, the oldest first."""
        marks = ", ".join("?" * len(states))
        query = f"{_SELECT} WHERE state IN ({marks}) ORDER BY sequence DESC LIMIT ?"
        return self._records(query, (*(state.value for state in states), limit))[::-1]

    def remove_old(self, now: datetime, *, retain_seconds: float, max_resolved: int) -> bool:
        """Remove some resolved records that are too old or too many, and give some free pages back.

        Returns:
            Whether there is more to be removed.
        """
        (count,) = self._connection.execute(f"SELECT count(*) FROM intents WHERE {_RESOLVED}").fetchone()  # noqa: S608 - constants
        too_many = min(_PIECE, max(0, count - max_resolved))
        before = _text(now - timedelta(seconds=retain_seconds))
        oldest = f"SELECT sequence FROM intents WHERE {_RESOLVED}"  # noqa: S608 - constants
        with self.transaction():
            removed = self._connection.execute(
                f"DELETE FROM intents WHERE sequence IN ({oldest} ORDER BY changed LIMIT ?) "  # noqa: S608 - constants
                f"OR sequence IN ({oldest} AND changed < ? ORDER BY changed LIMIT ?)",
                (too_many, before, _PIECE),
            ).rowcount
        # Not execute, which takes a single step of it and so gives back a single page.
        self._connection.executescript(f"PRAGMA incremental_vacuum({_PIECE})")
        return removed >= _PIECE

    def close(self) -> None:
        """Move the log into the file and close it."""
        try:
            with suppress(sqlite3.Error):  # a reader may be in the way; the log is moved the next time
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self._connection.close()

    def _recount(self) -> None:
        self.unresolved = self._connection.execute(f"SELECT count(*) FROM intents WHERE {_UNRESOLVED}").fetchone()[0]  # noqa: S608 - constants

    def _check_file(self) -> None:
        try:
            inode = self._path.stat().st_ino
        except OSError:
            inode = -1
        if inode != self._inode:
            # What is written to a file without a name is gone with the process.
            raise JournalDamaged(f"somebody has removed or replaced {self._path} while it was in use: restart the bot")

    def _insert(self, intent: Intent, state: IntentState, detail: str, now: datetime) -> None:
        exposure = intent.exposure
        risk: tuple[str | None, ...] = (None,) * 4
        if exposure is not None:
            price = None if exposure.price is None else str(exposure.price)
            risk = (exposure.symbol, exposure.side, str(exposure.amount), price)
        who = (*intent.id, intent.kind.value, intent.component, intent.name, intent.symbol)
        state_of = (_text(intent.created), state.value, detail, intent.parent, _text(now), self._run)
        self._connection.execute(_INSERT, (*who, *risk, *state_of))

    def _records(self, query: str, values: Sequence[object]) -> list[Record]:
        rows = self._connection.execute(query, values).fetchall()
        try:
            return [_record(row) for row in rows]
        except (ValueError, TypeError) as failure:
            raise JournalDamaged(f"a record of the journal can't be read: {failure}") from failure


def _obstacle(intent: Intent, found: dict[OperationKind, Intent]) -> Intent | None:
    submitted, own = found.get(OperationKind.SUBMIT), found.get(intent.kind)
    if intent.kind is not OperationKind.SUBMIT and submitted is not None and not submitted.state.is_resolved:
        return submitted  # nobody knows whether what it changes exists
    if own is None or own.state is IntentState.FAILED:
        return None
    # A change that was made is over, and another one under the same id is another wish; an order is not.
    is_over = own.state is IntentState.ACCEPTED and intent.kind is not OperationKind.SUBMIT
    return None if is_over else own


def _record(row: tuple[Any, ...]) -> Record:
    key, client_order_id, kind, component, name, symbol, market, side, amount, price, created, state, detail, parent = (
        row[:14]
    )
    return Record(
        intent=Intent(
            key=key,
            client_order_id=client_order_id,
            kind=OperationKind(kind),
            component=component,
            name=name,
            symbol=symbol,
            exposure=None if market is None else Exposure(symbol=market, side=side, amount=amount, price=price),
            parent=parent,
            created=datetime.fromisoformat(created),
            state=IntentState(state),
            detail=detail,
        ),
        changed=datetime.fromisoformat(row[14]),
        run=row[15],
    )


def _text(moment: datetime) -> str:
    """Return a time in UTC as text that sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
