"""Which queue of deadlines is whose."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from recoup_plugins.timeout.queue import DeadlineQueue

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Queues:
    """The queues of deadlines in use, one for each event loop and limit. Thread-safe and task-safe.

    A queue that is in use keeps its loop in memory and is itself kept by the loop's timer, so that no other loop can
    have the same identity meanwhile, and nothing here keeps either.

    Args:
        monotonic: the time by which deadlines go.
    """

    __slots__ = ("_lock", "_queues", "monotonic")

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self._lock = threading.Lock()
        self._queues: WeakValueDictionary[tuple[int, float], DeadlineQueue] = WeakValueDictionary()

    def obtain(self, loop: asyncio.AbstractEventLoop, seconds: float) -> DeadlineQueue:
        """Return the queue for calls with this limit in the loop that runs in this thread."""
        key = (id(loop), seconds)
        with self._lock:
            queue = self._queues.get(key)
            if queue is None or queue.loop is not loop:
                queue = self._queues[key] = DeadlineQueue(loop, seconds, self.monotonic)
            return queue

    def __len__(self) -> int:
        return len(self._queues)
