"""One thread that writes for all: whatever waits goes into one transaction."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from attrs import define

from recoup import Turn
from recoup_plugins.recovery_journal.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.recovery_journal.store import Store

MAX_KEPT = 100_000
"""Changes that wait to be written at most; nobody waits for the oldest of those that are dropped beyond."""
RETRY_SECONDS = 1.0
"""Of real time between two attempts to write what could not be written and nobody waits for."""

LINGER_SECONDS = 0.05
"""Of real time for which a change that nobody waits for may wait to share the next one's transaction."""
END_SECONDS = 10.0
"""Of real time that the end waits for the disk."""


@define(eq=False)
class Change:
    """Something to be done in the next transaction. Made by one thread or task, done by the writer.

    Attributes:
        work: what; may be done again where the transaction fails.
        turn: given when it is durable or has failed; None where nobody waits.
        result: what the work returned.
        failure: why it is not durable, or None.
    """

    work: Callable[[Store], Any]
    turn: Turn | None = None
    result: Any = None
    failure: Exception | None = None

    def fail(self, failure: Exception) -> None:
        """Tell whoever waits that it could not be done."""
        if self.turn is not None:
            self.failure = failure
            self.turn.give()

    def outcome(self) -> Any:
        """Return the result, once the turn was given.

        Raises:
            JournalError: it could not be written.
        """
        if self.failure is not None:
            raise JournalError(f"the journal can't be written: {self.failure}") from self.failure
        return self.result


class Writer:
    """Makes changes durable, as many at a time as there are (group commit), in the order given. Thread-safe.

    Changes for which somebody waits are done once, and tell of their failure. The others are tried again until they
    are written, in front of everything that came later; at most :data:`MAX_KEPT` are kept.

    Args:
        store: is read and changed by this thread alone from now on.
        max_batch: changes in one transaction at most.
        tidy: called between two transactions while nothing waits; returns whether it has more to do.
    """

    def __init__(self, store: Store, max_batch: int, tidy: Callable[[Store], bool]) -> None:
        self._store = store
        self._max_batch = max_batch
        self._tidy = tidy
        self._changed = threading.Condition()
        self._waiting: deque[Change] = deque()
        self._is_urgent = False
        self._is_ended = False
        self._owner = os.getpid()
        self._thread = threading.Thread(target=self._run, name="recoup-journal", daemon=True)
        self._thread.start()

    @property
    def is_inherited(self) -> bool:
        """Whether this process is a child that was forked, in which no thread writes."""
        return os.getpid() != self._owner

    def put(self, change: Change) -> None:
        """Have a change made. Quick, and without I/O.

        Raises:
            JournalError: the writer has ended, or too much waits already; nobody will give the turn.
        """
        with self._changed:
            if self._is_ended:
                raise JournalError("the journal is closed")
            if len(self._waiting) >= MAX_KEPT:
                raise JournalError(f"{MAX_KEPT:,} changes wait to be written already")
            self._waiting.append(change)
            self._is_urgent = self._is_urgent or change.turn is not None
            self._changed.notify()

    def do(self, work: Callable[[Store], Any], *, timeout: float = 60.0) -> Any:
        """Have work done after all that was put before, and wait by blocking the calling thread.

        Raises:
            JournalError: it could not be done, or not within ``timeout`` seconds of real time.
        """
        change = Change(work, Turn())
        self.put(change)
        assert change.turn is not None
        if not change.turn.taken_sync(timeout):
            raise JournalError(f"the disk has not answered within {timeout:g} s")
        return change.outcome()

    def end(self) -> bool:
        """Write what waits, close the store and end the thread. A second time does nothing.

        Returns:
            Whether it has ended; False where the disk takes too long, or in a child that was forked.
        """
        if self.is_inherited:
            return False  # the lock may have been held by a thread that is not here
        with self._changed:
            self._is_ended = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:  # where the garbage collector runs is anybody's guess
            self._thread.join(END_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._write()
        finally:
            with self._changed:
                self._is_ended = True
                left, self._waiting = self._waiting, deque()
            for change in left:  # nobody else would wake them
                change.fail(JournalError("the journal is closed"))
            self._store.close()

    def _write(self) -> None:
        has_more, pause = True, None
        while True:
            with self._changed:
                if pause is not None:
                    self._changed.wait(pause)
                while not self._waiting and not self._is_ended and not has_more:
                    self._changed.wait()
                if self._waiting:
                    self._changed.wait_for(lambda: self._is_urgent or self._is_ended, LINGER_SECONDS)
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._max_batch))]
                self._is_urgent = bool(self._waiting)
                is_last = self._is_ended and not batch
            if is_last:
                return
            pause = None
            if batch:
                has_more = True
                if not self._commit(batch):
                    pause = RETRY_SECONDS
                    if self._is_ended:
                        return
            else:
                has_more = self._tidied()

    def _commit(self, batch: list[Change]) -> bool:
        """Make changes durable; say whether they are."""
        failure: Exception | None = None
        try:
            with self._store.transaction():
                for change in batch:
                    change.result = change.work(self._store)
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            failure = error
            if isinstance(error, sqlite3.Error):
                with self._changed:
                    self._waiting.extendleft(change for change in reversed(batch) if change.turn is None)
        for change in batch:
            if failure is not None:
                change.fail(failure)
            elif change.turn is not None:
                change.turn.give()
        return failure is None

    def _tidied(self) -> bool:
        try:
            return self._tidy(self._store)
        except (sqlite3.Error, JournalError):
            return False  # disk full, or a reader in the way: there is a next time
