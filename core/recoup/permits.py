"""A number of permits, and the queue for them, that threads and tasks share."""

from __future__ import annotations

import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Literal

from recoup.deadline import remaining
from recoup.errors import BulkheadFull, DeadlineExceeded
from recoup.turn import Turn, running_loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.clock import Clock
    from recoup.errors import Refused

FREE_THREADED: Final[bool] = not getattr(sys, "_is_gil_enabled", lambda: True)()


MOST_PERMITS: Final = 1_000_000
"""Permits are entries of a list; this many take 8 MB."""


class Permits:
    """Admits a limited number of calls at a time; who comes later waits in a queue. Thread-safe and task-safe.

    A permit that comes back goes to whoever has waited longest, and nobody who comes later gets ahead of the queue. The
    methods fit :class:`recoup.Gate`.

    Each permit is one entry of a list, so there can never be more of them out than there are. While nobody waits,
    taking one is a ``pop`` and giving it back an ``append``, without a lock. That no waiter is forgotten rests on the
    order of two steps on either side: whoever gives back first appends and then looks whether anybody waits; whoever
    begins to wait first says so and then looks for a permit. Under the GIL at least one of the two sees the other. A
    free-threaded build promises no such order, and both sides take the lock there each time.

    The lock is reentrant, since a coroutine whose event loop was closed under it leaves the queue when it is destroyed,
    which the garbage collector may do in the middle of a hand-over. It is held for memory work and wake-ups only.

    Args:
        key: what the permits are for, as refusals say it.
        limit: calls at a time, 0 or more.
        clock: what waits are measured by.
        report: told ``"queued"`` or ``"refused"`` and one line, whenever that happens.
        max_queue: calls that may wait at a time. May be changed.
        max_wait: seconds that each waits at most, or None for no limit. May be changed.
    """

    __slots__ = (
        "__weakref__",
        "_clock",
        "_free",
        "_limit",
        "_lock",
        "_made",
        "_report",
        "_slow",
        "_waiting",
        "key",
        "max_queue",
        "max_wait",
    )

    def __init__(
        self,
        key: str,
        limit: int,
        *,
        clock: Clock,
        report: Callable[[str, str], object],
        max_queue: int = 0,
        max_wait: float | None = None,
    ) -> None:
        self.key = key
        self.max_queue = max_queue
        self.max_wait = max_wait
        self._limit = self._made = limit
        self._clock = clock
        self._report = report
        self._free: list[Literal[True]] = [True] * limit
        self._waiting: deque[Turn] = deque()
        self._lock = threading.RLock()
        self._slow = FREE_THREADED

    @property
    def limit(self) -> int:
        """Calls at a time."""
        return self._limit

    @property
    def inside(self) -> int:
        """Permits that are out; more than the limit for a while after :meth:`resize` has lowered it."""
        return self._made - len(self._free)

    @property
    def waiting(self) -> int:
        """Calls in the queue."""
        return len(self._waiting)

    def acquire(self) -> Literal[True] | None:
        """Take a permit, or return None where there is none and the queue has room; see :meth:`wait`.

        Raises:
            BulkheadFull: there is neither.
        """
        if self._slow:
            if self._take_in_order():
                return True
        elif free := self._free:
            try:
                return free.pop()
            except IndexError:  # another thread was quicker
                pass
        if len(self._waiting) >= self.max_queue:
            raise self._refused(BulkheadFull, f"{self._all_out()}, and {self._room()}")
        return None

    def release(self, permit: Literal[True], error: BaseException | None = None) -> None:  # noqa: ARG002 - as a gate's
        """Give a permit back, or hand it to whoever has waited longest."""
        self._free.append(permit)
        if self._slow:
            with self._lock:
                self._settle()

    async def wait(self) -> Literal[True]:
        """Wait for a permit in a task, on asyncio or trio. Cancelled, it holds none and is in no queue.

        Raises:
            BulkheadFull: there was none within ``max_wait``, or the queue is full by now.
            DeadlineExceeded: the deadline around the call is nearer than that, and there was none before it.
        """
        seconds, kind = self._patience()
        turn = Turn()
        try:
            self._enter(turn, seconds, kind)
            taken = await turn.taken(seconds, clock=self._clock)
        except BaseException:
            self._leave(turn)
            raise
        return self._permit(turn, kind, seconds, taken=taken)

    def wait_sync(self) -> Literal[True]:
        """As :meth:`wait`, by blocking the calling thread.

        Raises:
            BulkheadFull: as for :meth:`wait`; and at once in the thread of a running event loop, which may be what the
                permits' owners wait for.
        """
        seconds, kind = self._patience()
        if running_loop() is not None:
            raise self._refused(
                BulkheadFull,
                f"{self._all_out()}, and to wait for one would block the event loop of this thread: "
                "make the call asynchronously, or in a thread of its own",
            )
        turn = Turn()
        try:
            self._enter(turn, seconds, kind)
            taken = turn.taken_sync(seconds, clock=self._clock)
        except BaseException:
            self._leave(turn)
            raise
        return self._permit(turn, kind, seconds, taken=taken)

    def resize(self, limit: int) -> None:
        """Change the limit. Who is inside stays; where there are too many, none is let in until enough have left."""
        with self._lock:
            self._limit = limit
            missing = limit - self._made
            if missing > 0:
                self._made = limit
                self._free.extend([True] * missing)
            self._slow = True
            self._settle()

    def _take_in_order(self) -> bool:
        with self._lock:
            self._settle()
            if self._waiting or not self._free:
                return False
            try:
                self._free.pop()
            except IndexError:
                return False
            return True

    def _settle(self) -> None:
        """Withdraw permits beyond the limit and hand the others to those who wait. The lock is held."""
        free, waiting = self._free, self._waiting
        while waiting or self._made > self._limit:
            try:
                permit = free.pop()
            except IndexError:
                return
            if self._made > self._limit:
                self._made -= 1
                continue
            while waiting:
                if waiting.popleft().give():
                    break
            else:
                free.append(permit)
        self._slow = FREE_THREADED

    def _enter(self, turn: Turn, seconds: float | None, kind: type[Refused]) -> None:
        if seconds is not None and seconds <= 0:
            raise self._too_late(kind, seconds)
        with self._lock:
            has_room = len(self._waiting) < self.max_queue
            if has_room:
                self._slow = True
                self._waiting.append(turn)
                self._settle()
        if not has_room:
            raise self._refused(BulkheadFull, f"{self._all_out()}, and {self._room()}")
        if not turn.given:
            self._report("queued", self._all_out())

    def _leave(self, turn: Turn) -> None:
        if not turn.leave():
            self.release(True)  # noqa: FBT003 - the permit itself
            return
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
            self._settle()

    def _permit(self, turn: Turn, kind: type[Refused], seconds: float | None, *, taken: bool) -> Literal[True]:
        if not taken:
            self._leave(turn)  # whoever gives finds that out by itself, but its place in the queue is needed
            raise self._too_late(kind, seconds)
        return True

    def _patience(self) -> tuple[float | None, type[Refused]]:
        """Return the seconds to wait at most, and what it is when they are over."""
        left = remaining(clock=self._clock)
        if left is None or (self.max_wait is not None and self.max_wait <= left):
            return self.max_wait, BulkheadFull
        return left, DeadlineExceeded

    def _too_late(self, kind: type[Refused], seconds: float | None) -> Refused:
        by = "the deadline around the call" if kind is DeadlineExceeded else f"{seconds or 0.0:g} s"
        return self._refused(kind, f"{self._all_out()}, and none came back within {by}")

    def _refused(self, kind: type[Refused], detail: str) -> Refused:
        self._report("refused", detail)
        return kind(f"{self.key!r}: {detail}", key=self.key)

    def _all_out(self) -> str:
        return f"all {self._limit} permits are out"

    def _room(self) -> str:
        return f"all {self.max_queue} places in the queue are taken" if self.max_queue else "there is no queue"
