"""A clock that tests own."""

from __future__ import annotations

import heapq
import itertools
import math
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import anyio
import anyio.lowlevel

from recoup.turn import waker

if TYPE_CHECKING:
    from collections.abc import Callable

    _Sleeper: TypeAlias = tuple[float, int, Callable[[], object]]


class FakeClock:
    """A :class:`recoup.Clock` that moves only when it is told to. Thread-safe and task-safe.

    Args:
        start: the wall-clock time at which it starts; aware.
        auto_advance: True: whoever sleeps moves the clock by that much and goes on at once, and plugins run nothing in
            the background. False: sleepers wait until :meth:`advance` has moved the clock past their time, and wake in
            order.

    Attributes:
        sleeps: every delay asked for, in order.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC), *, auto_advance: bool = True) -> None:
        if start.tzinfo is None:
            raise ValueError(f"start needs a time zone, got the naive {start!r}")
        self.auto_advance = auto_advance
        self.sleeps: list[float] = []
        self._start = start
        self._elapsed = 0.0
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._sleepers: list[_Sleeper] = []

    def now(self) -> datetime:
        """Return the wall-clock time as an aware datetime."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Move the clock and wake every sleeper whose time has come, in order.

        Raises:
            ValueError: ``seconds`` is negative or not finite; time does not go backwards.
        """
        if not math.isfinite(seconds) or seconds < 0:
            raise ValueError(f"a clock moves forward by a finite time, got {seconds}")
        due: list[Callable[[], object]] = []
        with self._lock:
            self._elapsed += seconds
            while self._sleepers and self._sleepers[0][0] <= self._elapsed:
                due.append(heapq.heappop(self._sleepers)[2])
        for wake in due:
            wake()

    async def sleep(self, seconds: float) -> None:
        """Wait in a task; always a checkpoint."""
        self.sleeps.append(seconds)
        if seconds <= 0 or self.auto_advance:
            self.advance(max(0.0, seconds))
            await anyio.lowlevel.checkpoint()
            return
        event = anyio.Event()
        entry = self._enqueue(seconds, waker(event))
        try:
            await event.wait()
        finally:
            self._forget(entry)

    def sleep_sync(self, seconds: float) -> None:
        """Block the calling thread until the clock has moved."""
        self.sleeps.append(seconds)
        if seconds <= 0 or self.auto_advance:
            self.advance(max(0.0, seconds))
            return
        event = threading.Event()
        self._enqueue(seconds, event.set)
        event.wait()

    def wake_after(self, seconds: float, wake: Callable[[], object]) -> Callable[[], object]:
        """Call ``wake`` once the clock has moved by the seconds, and return a function that calls it off.

        Somebody waits for it, so with ``auto_advance`` the clock moves by that much at once, as for whoever sleeps.
        """
        if seconds <= 0 or self.auto_advance:
            self.advance(max(0.0, seconds))
            wake()
            return lambda: None
        entry = self._enqueue(seconds, wake)
        return lambda: self._forget(entry)

    def call_at(self, when: float, wake: Callable[[], object]) -> Callable[[], object]:
        """Call ``wake`` once the clock shows ``when``, and return a function that calls it off.

        Nobody waits for it, so it does not move the clock, whatever ``auto_advance`` says.
        """
        entry = self._enqueue(when - self._elapsed, wake)
        return lambda: self._forget(entry)

    def _enqueue(self, seconds: float, wake: Callable[[], object]) -> _Sleeper:
        with self._lock:
            entry = (self._elapsed + seconds, next(self._order), wake)
            heapq.heappush(self._sleepers, entry)
        return entry

    def _forget(self, entry: _Sleeper) -> None:
        """Drop a sleeper that was cancelled, so that nobody wakes it in a loop that may have ended."""
        with self._lock:
            if entry in self._sleepers:
                self._sleepers.remove(entry)
                heapq.heapify(self._sleepers)
