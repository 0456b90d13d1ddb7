"""Orders that wait for a connection, in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque

from recoup import Turn


class OrderQueue:
    """Waiting orders of one connection, at most ``capacity``. Thread-safe and task-safe.

    Args:
        capacity: orders that may wait at a time.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._turns: deque[Turn] = deque()

    def __len__(self) -> int:
        return len(self._turns)

    def enter(self) -> Turn | None:
        """Line up at the end; None where there is no room."""
        with self._lock:
            if len(self._turns) >= self._capacity:
                return None
            turn = Turn()
            self._turns.append(turn)
            return turn

    def forget(self, turn: Turn) -> None:
        """Take one out that waits no longer."""
        with self._lock:
            if turn in self._turns:
                self._turns.remove(turn)

    def release(self) -> bool:
        """Let the first one go; return False where nobody waits any more."""
        while True:
            with self._lock:
                if not self._turns:
                    return False
                turn = self._turns.popleft()
            if turn.give():
                return True
