"""One wake-up for one waiter, across threads and event loops."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.clock import Clock

_GIVEN: Final = "given"
_LEFT: Final = "left"
_GIVER: Final = "giver"
_WAITER: Final = "waiter"


@runtime_checkable
class Alarm(Protocol):
    """A :class:`recoup.Clock` that does not follow real time, such as a :class:`recoup.testing.FakeClock`."""

    def wake_after(self, seconds: float, wake: Callable[[], object]) -> Callable[[], object]:
        """Call ``wake`` once, from any thread, when the seconds are over, and return a function that calls it off."""
        ...


class Turn:
    """One wake-up, given from any thread, for the one thread or task that waits for it. Thread-safe and task-safe.

    It is either given or left, whichever comes first, so that what goes with it is never lost and never had twice: a
    waiter that is cancelled calls :meth:`leave`, and where that says False, it hands on what it was given.

    No lock is taken, since a turn may be left while the garbage collector runs, in the middle of anything. What each
    side writes goes into one dictionary, whose single operations are atomic and, in a free-threaded build, under the
    dictionary's own lock: of two sides that both write and then read, at least one sees what the other wrote.
    """

    __slots__ = ("_notes",)

    def __init__(self) -> None:
        self._notes: dict[str, Any] = {}

    @property
    def given(self) -> bool:
        """Whether it was given before the waiter left."""
        return self._notes.get("fate") is _GIVEN

    def give(self) -> bool:
        """Wake the waiter, or save it the wait.

        Returns:
            False where nobody takes it any more: the waiter has left, or its event loop has ended.
        """
        notes = self._notes
        if notes.setdefault("fate", _GIVEN) is _LEFT:
            return False
        wake = notes.get("wake")
        return wake is None or wake() or notes.setdefault("owner", _GIVER) is _WAITER

    def leave(self) -> bool:
        """Stop waiting.

        Returns:
            True where it was not given, and never will be; False where the waiter has it.
        """
        notes = self._notes
        if notes.setdefault("fate", _LEFT) is _LEFT:
            return True
        return notes.setdefault("owner", _WAITER) is not _WAITER

    async def taken(self, timeout: float | None = None, *, clock: Clock | Alarm | None = None) -> bool:  # noqa: ASYNC109 - a cancel scope around cannot tell a wake-up that comes with it
        """Wait in a task, on asyncio or trio, until it is given. Waited for at most once.

        Cancelled, the turn is still neither left nor given back: that is up to the caller, by :meth:`leave`.

        Args:
            timeout: seconds after which it is left, or None for no limit.
            clock: what they are measured by, where it is an :class:`Alarm`; by default the event loop.

        Returns:
            Whether it was given; where not, it never will be.
        """
        event = anyio.Event()
        self._notes["wake"] = wake = waker(event)
        if not self.given:
            if timeout is None:
                await event.wait()
            elif isinstance(clock, Alarm):
                call_off = clock.wake_after(timeout, wake)
                try:
                    await event.wait()
                finally:
                    call_off()
            else:
                with anyio.move_on_after(timeout):
                    await event.wait()
        return not self.leave()

    def taken_sync(self, timeout: float | None = None, *, clock: Clock | Alarm | None = None) -> bool:
        """As :meth:`taken`, by blocking the calling thread."""
        asleep = threading.Lock()
        asleep.acquire()

        def wake() -> bool:
            with suppress(RuntimeError):  # both the giver and the alarm may wake it
                asleep.release()
            return True

        self._notes["wake"] = wake
        if not self.given:
            if timeout is None:
                asleep.acquire()
            elif isinstance(clock, Alarm):
                call_off = clock.wake_after(timeout, wake)
                try:
                    asleep.acquire()
                finally:
                    call_off()
            else:
                asleep.acquire(timeout=min(max(0.0, timeout), threading.TIMEOUT_MAX))
        return not self.leave()


def waker(event: anyio.Event) -> Callable[[], bool]:
    """Return a function that sets an event of this task's loop from any thread; False where the loop has ended."""
    loop = running_loop()
    soon = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon

    def wake() -> bool:
        try:
            if running_loop() is loop:
                event.set()
            else:
                soon(event.set)
        except RuntimeError:  # both asyncio and trio say so that the loop has ended
            return False
        return True

    return wake


def running_loop() -> Any:
    """Return the event loop that runs in this thread, asyncio's or trio's token for it, or None."""
    from anyio import lowlevel  # noqa: PLC0415 - brings in dataclasses, for those alone who wait

    try:
        token = lowlevel.current_token()
    except RuntimeError:
        return None
    return getattr(token, "native_token", token)  # older versions of anyio give the loop's own token
