"""How many further attempts all calls of one kind have left."""

from __future__ import annotations

import threading
from typing import Final

WHOLE: Final = 1_000_000
"""One attempt; a budget is kept in millionths, so that it adds up exactly."""


class HedgeBudget:
    """A bucket into which each call puts its share of a further attempt, and from which each such attempt is taken.

    It begins full and holds ``burst`` attempts, so that of any number of calls, no more than ``burst`` and ``budget``
    for each call are made beside the first. The scheme is Finagle's retry budget.

    Thread-safe and task-safe, by a lock: to read the balance and write it back is not atomic.

    Args:
        budget: attempts put in by each call.
        burst: attempts held at most.
    """

    __slots__ = ("_balance", "_lock", "_most", "_share")

    def __init__(self, budget: float, burst: int) -> None:
        self._lock = threading.RLock()  # a call that is collected as garbage is released by whatever thread comes to it
        self._share = round(budget * WHOLE)
        self._balance = self._most = burst * WHOLE

    def configure(self, budget: float, burst: int) -> None:
        """Change the terms from now on. What has been saved up stays, as far as there is room."""
        with self._lock:
            self._share = round(budget * WHOLE)
            self._most = burst * WHOLE
            self._balance = min(self._balance, self._most)

    def put_in(self) -> None:
        """Take note of a call."""
        with self._lock:
            self._balance = min(self._balance + self._share, self._most)

    def take(self) -> bool:
        """Take one attempt out, and say whether there was one."""
        with self._lock:
            if self._balance < WHOLE:
                return False
            self._balance -= WHOLE
            return True
