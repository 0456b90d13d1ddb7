"""How one call is cut off by itself: in a task of asyncio, in a task of trio, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Protocol

from recoup_plugins.timeout.alarms import AlarmClock

if TYPE_CHECKING:
    from collections.abc import Callable

    import trio

    from recoup import Clock


class Cutoff(Protocol):
    """One call's end. Belongs to the task or thread that makes the call."""

    def end(self, error: BaseException | None) -> bool:
        """Take note that the call has ended, and say whether what it raised is the cancellation from here."""
        ...


def cutoff_for(clock: Clock, until: float, loop: asyncio.AbstractEventLoop | None) -> Cutoff:
    """Return what cuts off the call that begins now in this task, if it is one.

    Args:
        clock: where ``until`` is read; to be cut off at its pace, it must be an :class:`AlarmClock`.
        until: the deadline, later than now.
        loop: the event loop of asyncio that runs in this thread, or None.
    """
    task = None if loop is None else asyncio.current_task(loop)
    if loop is not None and task is not None:
        return TaskCutoff(task, loop, clock, until)
    trio_module = sys.modules.get("trio")
    if trio_module is not None and trio_module.lowlevel.in_trio_task():
        return ScopeCutoff(clock, until)
    return NoCutoff()


class NoCutoff:
    """Where nothing can be cut off without leaving a thread behind: in synchronous code."""

    __slots__ = ()

    def end(self, error: BaseException | None) -> bool:  # noqa: ARG002 - the protocol's signature
        """Say that there was none."""
        return False


class TaskCutoff:
    """Cancels a task of asyncio by a timer of its own, with the counts of :func:`asyncio.timeout`."""

    __slots__ = ("_cancelling", "_has_expired", "_loop", "_take_back", "_task")

    def __init__(self, task: asyncio.Task[object], loop: asyncio.AbstractEventLoop, clock: Clock, until: float) -> None:
        self._task: asyncio.Task[object] | None = task
        self._loop = loop
        self._cancelling = task.cancelling()
        self._has_expired = False
        self._take_back: Callable[[], object]
        if isinstance(clock, AlarmClock):
            self._take_back = clock.call_at(until, self._on_alarm)
        else:
            self._take_back = loop.call_later(until - clock.monotonic(), self._expire).cancel

    def end(self, error: BaseException | None) -> bool:
        """Take note that the call has ended, and say whether what it raised is the cancellation from here."""
        task, self._task = self._task, None
        self._take_back()
        return self._has_expired and task is not None and is_ours(task, self._cancelling, error)

    def _on_alarm(self) -> None:
        # Not at once, even in the loop's own thread: a task must not be cancelled from within its own step. And a
        # closed loop has nothing left to cut off.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._expire)

    def _expire(self) -> None:
        if self._task is not None:
            self._has_expired = True
            self._task.cancel()


def is_ours(task: asyncio.Task[object], cancelling: int, error: BaseException | None) -> bool:
    """Take back the cancellation that a deadline asked for, and say whether it is what the call ended with.

    It is not where the call ended otherwise, having swallowed it, nor where somebody else has asked as well.

    Args:
        task: the current one, cancelled once from here.
        cancelling: how often it had been asked to cancel when the call began.
        error: what the call ended with.
    """
    return task.uncancel() <= cancelling and isinstance(error, asyncio.CancelledError)


class ScopeCutoff:
    """Cancels what a task of trio does within a cancel scope."""

    __slots__ = ("_scope", "_take_back", "_thread", "_token")

    def __init__(self, clock: Clock, until: float) -> None:
        import trio  # noqa: PLC0415 - an optional dependency, loaded already wherever this is made

        self._thread = threading.get_ident()
        self._token: trio.lowlevel.TrioToken = trio.lowlevel.current_trio_token()
        self._take_back: Callable[[], object] | None = None
        self._scope = trio.CancelScope()
        if not isinstance(clock, AlarmClock):
            self._scope.deadline = trio.current_time() + until - clock.monotonic()
        self._scope.__enter__()
        if isinstance(clock, AlarmClock):
            self._take_back = clock.call_at(until, self._on_alarm)

    def end(self, error: BaseException | None) -> bool:
        """Take note that the call has ended, and say whether what it raised is the cancellation from here.

        Of a group that holds other errors beside the cancellation, it is said all the same.
        """
        if self._take_back is not None:
            self._take_back()
        kind, traceback = (None, None) if error is None else (type(error), error.__traceback__)
        try:
            return self._scope.__exit__(kind, error, traceback) and error is not None
        except BaseExceptionGroup:
            return True

    def _on_alarm(self) -> None:
        if threading.get_ident() == self._thread:
            self._scope.cancel()
        else:
            import trio  # noqa: PLC0415 - as above

            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._scope.cancel)
