"""Which calls still use a set of plugins that has been replaced."""

from __future__ import annotations

import threading


class Generation:
    """One set of plugins, and the calls that use it. A context manager around each such call.

    Thread-safe and task-safe.
    """

    def __init__(self, predecessor: Generation | None = None) -> None:
        self._lock = threading.Lock()
        self._active = 0
        self._retired = False
        self._drained = threading.Event()
        self._predecessor = predecessor

    def __enter__(self) -> None:
        with self._lock:
            self._active += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._active -= 1
            self._check()

    def successor(self) -> Generation:
        """Retire this generation and return the next one."""
        with self._lock:
            self._retired = True
            self._check()
        return Generation(None if self.is_drained() else self)

    def is_drained(self) -> bool:
        """Say whether it was replaced and no call uses it, or one before it, any more."""
        before = self._predecessor
        if before is not None and before.is_drained():
            self._predecessor = before = None
        return self._drained.is_set() and before is None

    def wait_drained(self) -> None:
        """Block until the last call that uses a generation before this one has ended."""
        before = self._predecessor
        while before is not None:
            before._drained.wait()  # noqa: SLF001 - of the same class
            before = before._predecessor  # noqa: SLF001 - of the same class

    def _check(self) -> None:
        if self._retired and self._active == 0:
            self._drained.set()
