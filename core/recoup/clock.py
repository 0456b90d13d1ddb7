"""Time and chance as parameters, so that tests and simulations own both."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

import anyio


@runtime_checkable
class Clock(Protocol):
    """Where recoup and its plugins read the time and wait.

    Implementations are thread-safe and task-safe.
    """

    def now(self) -> datetime:
        """Return the wall-clock time as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary origin; never goes backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait in a task; a cancellation point, also for ``seconds <= 0``."""
        ...

    def sleep_sync(self, seconds: float) -> None:
        """Block the calling thread; returns at once for ``seconds <= 0``."""
        ...


class SystemClock:
    """The machine's own clock; waits on whichever event loop anyio finds. Thread-safe and task-safe."""

    __slots__ = ()

    def now(self) -> datetime:
        """Return the wall-clock time as an aware UTC datetime."""
        return datetime.now(UTC)

    # Not a method that hands it on: that would cost twice as much as reading the time.
    monotonic = staticmethod(time.monotonic)

    async def sleep(self, seconds: float) -> None:
        """Wait ``seconds`` in a task; with ``seconds <= 0`` only a checkpoint."""
        await anyio.sleep(max(0.0, seconds))

    def sleep_sync(self, seconds: float) -> None:
        """Block for ``seconds``; a delay of zero costs no system call."""
        if seconds > 0:
            time.sleep(seconds)
