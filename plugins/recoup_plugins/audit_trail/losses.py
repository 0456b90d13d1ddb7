"""Records that could not be written, until the trail can say so."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from recoup_plugins.audit_trail.encoding import plain_members

if TYPE_CHECKING:
    from collections.abc import Callable


class Losses:
    """Counts what was lost since the trail last said so. Thread-safe; holds one count and one reason.

    Args:
        sanitize: cleans the reason, which is the system's own text.
    """

    def __init__(self, sanitize: Callable[[str], str]) -> None:
        self._sanitize = sanitize
        self._lock = threading.RLock()  # a signal handler may come in
        self._lost = 0
        self._unsynced = 0
        self._since = ""
        self._reason = ""

    @property
    def lost(self) -> int:
        """Records lost so far."""
        return self._lost

    def add(self, time: str, failure: Exception, *, lost: int = 0, unsynced: int = 0) -> int:
        """Count records that were lost, or may not be on the disk; return how many are lost by now."""
        if not lost and not unsynced:
            return self._lost
        named = isinstance(failure, OSError) and failure.strerror
        reason = self._sanitize(f"{type(failure).__name__}: {failure.strerror if named else failure}"[:200])  # type: ignore[attr-defined]  # an OSError where named
        with self._lock:
            self._lost += lost
            self._unsynced += unsynced
            self._since = self._since or time
            self._reason = reason
            return self._lost

    def statement(self) -> tuple[str, int, int] | None:
        """Return the members of the record that tells of the gap with what it covers, or None without one."""
        with self._lock:
            if not self._lost and not self._unsynced:
                return None
            members = plain_members(
                lost=self._lost, unsynced=self._unsynced or None, since=self._since, reason=self._reason
            )
            return members, self._lost, self._unsynced

    def stated(self, lost: int, unsynced: int) -> None:
        """Forget what a record that was written tells of."""
        with self._lock:
            self._lost -= lost
            self._unsynced -= unsynced
            if not self._lost and not self._unsynced:
                self._since = self._reason = ""
