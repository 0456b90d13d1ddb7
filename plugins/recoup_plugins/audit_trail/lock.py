"""One writer for one trail."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from recoup_plugins.audit_trail.errors import AuditTrailLocked

if TYPE_CHECKING:
    from pathlib import Path

LOCK_NAME = "LOCK"
_LONGEST_OWNER = 20


class TrailLock:
    """Holds a trail for one writer, until it is released or the process ends. Not thread-safe.

    Uses ``flock``, which tells two handlers of one process apart, or ``msvcrt.locking`` where there is no ``fcntl``.
    Both belong to the machine: a directory on a network file system may be locked on each machine by itself.

    Args:
        directory: of the trail.

    Raises:
        AuditTrailLocked: somebody else holds it.
        OSError: the file can't be opened.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / LOCK_NAME
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            _lock(self._descriptor)
        except OSError as failure:
            owner = os.pread(self._descriptor, _LONGEST_OWNER, 0) if hasattr(os, "pread") else b""
            self.release()
            process = owner.decode("ascii", "replace").strip()
            who = f"process {process}" if process.isdigit() else "another process"
            raise AuditTrailLocked(
                f"the audit trail in {directory} is written by {who}; give each handler a directory of its own"
            ) from failure
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode("ascii"))

    def release(self) -> None:
        """Let the next one write. A second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            self.release()


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
