"""What a policy keeps for each key, such as its bulkheads by name."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

S = TypeVar("S")


class KeyedStates(Generic[S]):
    """One state for each key, for as long as anything uses it. Thread-safe and task-safe.

    A pipeline holds the states that it was compiled with, so that they outlive any bound. Of those that nothing holds,
    the ``max_kept`` asked for last live on, so that a pipeline compiled anew finds them as they were.

    Args:
        max_kept: states kept at most that nothing else holds.
    """

    def __init__(self, *, max_kept: int) -> None:
        self._max_kept = max_kept
        self._lock = threading.Lock()
        self._alive: WeakValueDictionary[str, S] = WeakValueDictionary()
        self._recent: OrderedDict[str, S] = OrderedDict()

    def obtain(self, key: str, make: Callable[[], S]) -> S:
        """Return the state of a key, and make it where there is none; its class needs weak references."""
        with self._lock:
            state = self._alive.get(key)
            if state is None:
                state = self._alive[key] = make()
            self._recent[key] = state
            self._recent.move_to_end(key)
            dropped = self._recent.popitem(last=False) if len(self._recent) > self._max_kept else None
        del dropped  # may end a state, and with it anything that it held: not while the lock is held
        return state

    def find(self, key: str) -> S | None:
        """Return the state of a key, or None where there is none."""
        return self._alive.get(key)

    def snapshot(self) -> dict[str, S]:
        """Return all states by key."""
        with self._lock:
            return dict(self._alive)
