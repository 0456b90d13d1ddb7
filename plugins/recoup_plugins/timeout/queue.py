"""Many calls with the same time limit on one timer of their event loop."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

Entry: TypeAlias = list[Any]
"""A call under way: its task, its deadline, how often the task had been asked to cancel when the call began, the token
of the deadline passed on, and its queue. Empty once the call has ended, where it has not left the queue."""

TASK, UNTIL, CANCELLING, TOKEN, QUEUE = range(5)
EXPIRED: Final = 0.0
"""Stands for the deadline in the entry of a call that was cut off."""
FEWEST: Final = 64
"""Entries up to which a queue is never searched for those that have ended."""


class _Unknown:
    """Stands for a loop that does not say in which thread it runs."""

    _thread_id = None


class DeadlineQueue:
    """The calls of one event loop that have the same time limit, in the order in which it cuts them off.

    Equal limits run out in the order in which they began, so an entry is only ever appended. A call that ends takes its
    own out where that is the last, as it is while there is one call at a time, and empties it otherwise. A single timer
    of the loop waits for the first of them and owns the queue: when it has run out and no call is under way, the queue
    goes with it. So nothing outlives the loop.

    Belongs to the thread of its loop and takes no lock: calls are put in, emptied and cut off by that thread alone,
    which holds for builds of Python without a global lock as well. Task-safe.

    Args:
        loop: the running loop.
        seconds: the limit that all calls have.
        monotonic: the time by which deadlines go; passes as fast as the loop's own.

    Attributes:
        loop: the running loop, or None once the timer has run out; nothing may be put in then.
        runner: the loop where it says, by ``_thread_id``, in which thread it runs, else an object of which it is None.
        calls: entries, the first to be cut off first. Those that have ended in between stay, empty, until purged.
        has_ended: whether any such were left since the last purge; then :meth:`make_room` comes before the next entry.
        room: entries at which these are purged.
    """

    __slots__ = ("__weakref__", "_monotonic", "calls", "has_ended", "loop", "room", "runner")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, monotonic: Callable[[], float]) -> None:
        self.loop: asyncio.AbstractEventLoop | None = loop
        self.runner: Any = loop if hasattr(loop, "_thread_id") else _Unknown
        self._monotonic = monotonic
        self.calls: deque[Entry] = deque()
        self.has_ended = False
        self.room = FEWEST
        loop.call_later(seconds, self._on_timer)

    def make_room(self) -> None:
        """Drop the entries of calls that have ended, where it is time.

        The next time is when there are twice as many entries as now are left, so that a call pays for one entry on
        average, and a call that hangs at the front keeps no more in memory than twice what was under way at once.
        """
        if len(self.calls) < self.room:
            return
        self.calls = deque(filter(None, self.calls))
        self.has_ended = False
        self.room = max(FEWEST, 2 * len(self.calls))

    def _on_timer(self) -> None:
        loop = self.loop
        assert loop is not None
        now = self._monotonic()
        while self.calls:
            entry = self.calls[0]
            if entry and entry[UNTIL] > now:
                loop.call_later(entry[UNTIL] - now, self._on_timer)
                return
            self.calls.popleft()
            if entry:
                entry[UNTIL], entry[QUEUE] = EXPIRED, None
                entry[TASK].cancel()
        self.loop, self.runner = None, _Unknown
