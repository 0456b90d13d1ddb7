"""One writer for one journal."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING

from recoup_plugins.recovery_journal.errors import JournalLocked

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_OWNER = 20


def lock_path(journal: Path) -> Path:
    """Return the file that is locked: beside the journal, since SQLite locks parts of the journal itself."""
    return journal.with_name(journal.name + ".lock")


class JournalLock:
    """Holds a journal for one writer, until it is released or the process ends. Not thread-safe.

    Uses ``flock``, which tells two handlers of one process apart, or ``msvcrt.locking`` where there is no ``fcntl``.
    A child that is forked lets go of its copy, so that it does not outlive the parent's hold.

    Args:
        journal: the journal's file.

    Raises:
        JournalLocked: somebody else holds it.
        OSError: the file can't be opened.
    """

    def __init__(self, journal: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(lock_path(journal), flags, 0o600)
        try:
            _lock(self._descriptor)
        except OSError as failure:
            owner = os.pread(self._descriptor, _LONGEST_OWNER, 0) if hasattr(os, "pread") else b""
            self.release()
            process = owner.decode("ascii", "replace").strip()
            who = f"process {process}" if process.isdigit() else "another process"
            raise JournalLocked(
                f"the journal {journal} is in use by {who}: give each bot a journal of its own, or end that process"
            ) from failure
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode("ascii"))
        _held.add(self)

    def release(self) -> None:
        """Let the next one write. A second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            self.release()


_held: weakref.WeakSet[JournalLock] = weakref.WeakSet()


def _let_go() -> None:
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    import msvcrt
    from typing import Any

    _FAR = 1 << 30  # a byte beyond the owner's number, which others may then still read

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        windows: Any = msvcrt
        windows.locking(descriptor, windows.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
