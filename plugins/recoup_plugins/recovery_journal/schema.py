"""The journal's file: made, checked, brought up to date."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

from recoup_plugins.recovery_journal.errors import JournalDamaged, JournalError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from recoup_plugins.recovery_journal.config import Synchronous

APPLICATION_ID = 0x52634A6C
"""``RcJl`` in SQLite's header (offset 68), which tells a journal from any other database."""
_MODE = 0o600
_CHECKPOINT_PAGES = 1000
_MIGRATIONS: tuple[Sequence[str], ...] = (
    (
        """
        CREATE TABLE intents (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL,
            client_order_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            component TEXT NOT NULL,
            name TEXT NOT NULL,
            symbol TEXT,
            exposure_symbol TEXT,
            exposure_side TEXT,
            exposure_amount TEXT,
            exposure_price TEXT,
            created TEXT NOT NULL,
            changed TEXT NOT NULL,
            state TEXT NOT NULL,
            detail TEXT NOT NULL,
            run TEXT NOT NULL,
            UNIQUE (key, client_order_id, kind)
        )
        """,
    ),
    (
        "ALTER TABLE intents ADD COLUMN parent TEXT",
        "CREATE INDEX unresolved ON intents (sequence) WHERE state IN ('pending', 'unknown')",
        "CREATE INDEX resolved ON intents (changed) WHERE state IN ('accepted', 'failed')",
    ),
)
"""What leads from each version of the schema to the next; never changed once released, only added to."""
VERSION = len(_MIGRATIONS)
"""The version that this release writes, in ``PRAGMA user_version``."""


def open_to_write(path: Path, *, synchronous: Synchronous, busy_timeout: float) -> sqlite3.Connection:
    """Open a journal, made where there is none and brought up to date where it is of an older version.

    The caller holds the journal's lock. The connection is in autocommit mode and may be used by one thread at a time.

    Raises:
        JournalDamaged: the file is no journal, or is damaged; it is left as it is.
        JournalError: it was written by a later release, is open to others, or its directory is missing.
        OSError: it can't be made.
    """
    if not path.exists():
        _make(path)
    _check_file(path)
    connection = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None, check_same_thread=False)
    try:
        _check_content(connection, path, thoroughly=True)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous.name}")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone leaves it in the disk's own memory
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        _migrate(connection, VERSION)
    except sqlite3.Error as failure:
        connection.close()
        raise _translated(failure, path) from failure
    except BaseException:
        connection.close()
        raise
    return connection


def open_existing(path: Path, *, writable: bool, busy_timeout: float = 5.0) -> sqlite3.Connection:
    """Open a journal that is there, beside whoever writes to it.

    Raises:
        JournalDamaged: the file is no journal, or is damaged.
        JournalError: there is none, or it is of another version.
    """
    if not path.exists():
        raise JournalError(f"there is no journal at {path}")
    _check_file(path)
    # Even a reader takes part in the WAL's shared memory, so the file is opened for writing and the session forbids it.
    connection = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None)
    try:
        if not writable:
            connection.execute("PRAGMA query_only = ON")
        _check_version(_check_content(connection, path, thoroughly=False), path)
    except sqlite3.Error as failure:
        connection.close()
        raise _translated(failure, path) from failure
    except BaseException:
        connection.close()
        raise
    return connection


def _make(path: Path) -> None:
    """Make an empty journal under another name first: an empty file in its place is always a damaged one."""
    if _wal(path).exists():
        raise JournalDamaged(f"the journal {path} is gone, but not its log {_wal(path).name}: restore it from a copy")
    if not path.parent.is_dir():
        raise JournalError(f"there is no directory {path.parent} for the journal: make it, open to its owner only")
    beside = path.with_name(path.name + ".new")
    for leftover in (beside, _wal(beside), beside.with_name(beside.name + "-shm")):
        leftover.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), _MODE)
    os.close(descriptor)
    with closing(sqlite3.connect(beside, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _migrate(connection, VERSION)
    _sync(beside)
    beside.replace(path)
    if os.name == "posix":
        _sync(path.parent)


def _check_file(path: Path) -> None:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise JournalDamaged(f"{path} is no plain file, as a journal would be")
    mode = stat.S_IMODE(found.st_mode)
    if os.name == "posix" and mode & 0o077:
        raise JournalError(f"the journal {path} is open to others (mode {mode:04o}): chmod 600 {path}")
    if found.st_size == 0:
        raise JournalDamaged(
            f"the journal {path} is empty, as no journal ever is: restore it from a copy, or look at the venue's "
            "orders yourself, and remove it"
        )


def _check_content(connection: sqlite3.Connection, path: Path, *, thoroughly: bool) -> int:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise JournalDamaged(f"{path} is a database, but no journal of recoup's: give the journal a path of its own")
    if version > VERSION:
        raise JournalError(
            f"the journal {path} has schema version {version}, and this release knows {VERSION}: use the later release"
        )
    if thoroughly:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise JournalDamaged(_damaged(path, found))
    return version


def _check_version(version: int, path: Path) -> None:
    if version != VERSION:
        raise JournalError(
            f"the journal {path} has schema version {version}, and this release reads {VERSION}: the bot brings it up "
            "to date when it starts"
        )


def _migrate(connection: sqlite3.Connection, target: int) -> None:
    """Bring the schema up to date in one transaction: after a crash it is either the old or the new one."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == target:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in _MIGRATIONS[version:target]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {target}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _translated(failure: sqlite3.Error, path: Path) -> JournalError:
    if getattr(failure, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return JournalDamaged(_damaged(path, str(failure)))
    return JournalError(f"the journal {path} can't be opened: {failure}")


def _damaged(path: Path, detail: str) -> str:
    return (
        f"the journal {path} is damaged ({detail}). It is left as it is: save what can be read with "
        f"`sqlite3 {path.name} .recover`, or look at the venue's orders yourself, and move it away"
    )


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError as failure:
        if failure.errno != errno.EINVAL:  # a file system that can't sync directories
            raise
    finally:
        os.close(descriptor)
