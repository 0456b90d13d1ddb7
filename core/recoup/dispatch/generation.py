"""Which calls still use a set of plugins that has been replaced."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any


class _Ledger:
    """Counts the calls under way, by the number of the generation that each began with."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.Lock())
        self.active: Counter[int] = Counter()
        self.newest = 0


class Generation:
    """One set of plugins, and the calls that use it. A context manager around each such call.

    It also remembers what has been worked out for these plugins, which is forgotten with it.

    Thread-safe and task-safe. All generations of a handler share one count, so that a call which enters a generation
    in the moment of its replacement is waited for as well.
    """

    def __init__(self, ledger: _Ledger | None = None, number: int = 0) -> None:
        self._ledger = ledger or _Ledger()
        self._number = number
        self._memos: dict[object, dict[Any, Any]] = {}

    def __enter__(self) -> None:
        with self._ledger.changed:
            self._ledger.active[self._number] += 1

    def __exit__(self, *_: object) -> None:
        ledger = self._ledger
        with ledger.changed:
            ledger.active[self._number] -= 1
            if not ledger.active[self._number]:
                del ledger.active[self._number]
                if self._number < ledger.newest:
                    ledger.changed.notify_all()

    def memo(self, owner: object) -> dict[Any, Any]:
        """Return what ``owner`` has worked out for these plugins, to be read and added to."""
        return self._memos.setdefault(owner, {})

    def successor(self) -> Generation:
        """Retire this generation and return the next one."""
        with self._ledger.changed:
            self._ledger.newest = self._number + 1
        return Generation(self._ledger, self._number + 1)

    def wait_drained(self) -> None:
        """Block until the last call that uses a generation before this one has ended."""
        with self._ledger.changed:
            self._ledger.changed.wait_for(self._is_alone)

    def _is_alone(self) -> bool:
        return all(number >= self._number for number in self._ledger.active)
