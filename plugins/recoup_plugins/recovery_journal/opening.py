"""A journal that is open for writing: its lock, its records, its writer."""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from recoup_plugins.recovery_journal.errors import JournalError
from recoup_plugins.recovery_journal.lock import JournalLock
from recoup_plugins.recovery_journal.schema import open_to_write
from recoup_plugins.recovery_journal.store import Store
from recoup_plugins.recovery_journal.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Clock
    from recoup_plugins.recovery_journal.config import RecoveryJournalConfig

_BATCHES_BETWEEN = 1000
_HOUR = 3600.0


@frozen
class Journal:
    """What is open together and closed together. Thread-safe.

    Attributes:
        store: the records; belongs to the writer's thread, except for its counts.
        writer: makes changes.
        left: how many unresolved records were found that earlier processes left.
    """

    store: Store
    writer: Writer
    left: int
    _lock: JournalLock = field(repr=False)

    def close(self) -> None:
        """Write what waits and let the next process in. A second time does nothing."""
        if self.writer.end():
            self._lock.release()


def open_journal(config: RecoveryJournalConfig, clock: Clock) -> Journal:
    """Lock a journal and open it, made where there is none.

    Raises:
        JournalError: it can't be opened, or somebody else writes to it.
    """
    path = Path(config.path).absolute()  # the application may change its directory
    if not path.parent.is_dir():
        raise JournalError(f"there is no directory {path.parent} for the journal: make it, open to its owner only")
    try:
        lock = JournalLock(path)
    except OSError as failure:
        raise JournalError(f"the journal {path} can't be locked: {failure}") from failure
    try:
        connection = open_to_write(path, synchronous=config.synchronous, busy_timeout=config.busy_timeout)
        try:
            store = Store(connection, path, run=secrets.token_hex(8))
            left = len(store.left())
        except BaseException:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as failure:
        lock.release()
        raise JournalError(f"the journal {path} can't be opened: {failure}") from failure
    except BaseException:
        lock.release()
        raise
    return Journal(store, Writer(store, config.max_batch, _tidy(config, clock)), left, lock)


def _tidy(config: RecoveryJournalConfig, clock: Clock) -> Callable[[Store], bool]:
    """Return what removes old records: at the start, then hourly, and after every so many transactions."""
    last, since = float("-inf"), 0

    def tidy(store: Store) -> bool:
        nonlocal last, since
        since += 1
        now = clock.monotonic()
        if since < _BATCHES_BETWEEN and now - last < _HOUR:
            return False
        if store.remove_old(clock.now(), retain_seconds=config.retain_seconds, max_resolved=config.max_resolved):
            return True
        last, since = now, 0
        return False

    return tidy
