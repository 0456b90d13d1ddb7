"""Work that goes on while the application does something else."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING, Any

import anyio
from attrs import define

from recoup.turn import running_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MAX_TASKS = 1_000


@define(eq=False)
class _Task:
    loop: Any
    scope: anyio.CancelScope
    done: anyio.Event


class Background:
    """Runs coroutine functions beside the application, in whatever event loop it is asked in.

    A task here neither outlives its event loop nor takes it down: an error of its own is reported. It inherits no
    context variable, so no deadline of whoever started it. Task-safe; from a thread without an event loop nothing can
    be started.

    Args:
        report: told the name of a task that raised, and what.
    """

    def __init__(self, report: Callable[[str, Exception], None]) -> None:
        self._report = report
        self._tasks: set[_Task] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, name: str, function: Callable[..., Awaitable[Any]], *args: Any) -> bool:
        """Run ``function(*args)`` in the running event loop.

        Returns:
            False where there is no running event loop, or there are ``MAX_TASKS`` tasks already: nothing was started.
        """
        if len(self._tasks) >= MAX_TASKS:
            return False
        library = _running_library()
        if library == "asyncio":
            task = _Task(running_loop(), anyio.CancelScope(), anyio.Event())
            self._tasks.add(task)
            running = asyncio.get_running_loop().create_task(self._run(task, name, function, args), context=Context())
            running.add_done_callback(lambda _: self._tasks.discard(task))
            return True
        if library == "trio":
            from trio.lowlevel import spawn_system_task  # noqa: PLC0415 - an extra

            task = _Task(running_loop(), anyio.CancelScope(), anyio.Event())
            self._tasks.add(task)
            spawn_system_task(self._run, task, name, function, args, name=name, context=Context())
            return True
        return False

    async def close(self) -> None:
        """Cancel every task, and wait until those of this event loop have ended."""
        loop = running_loop()
        own = [task for task in self._tasks if task.loop is loop]
        for task in self._tasks.difference(own):
            _cancel_from_outside(task)
            self._tasks.discard(task)  # nobody tells here when it ends; its loop may have ended without it
        for task in own:
            task.scope.cancel()
        for task in own:
            await task.done.wait()

    async def _run(
        self, task: _Task, name: str, function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]
    ) -> None:
        try:
            with task.scope:
                await function(*args)
        except Exception as failure:  # noqa: BLE001 - told; nobody else waits for it
            self._report(name, failure)
        finally:
            self._tasks.discard(task)
            task.done.set()


def _cancel_from_outside(task: _Task) -> None:
    soon = getattr(task.loop, "call_soon_threadsafe", None) or task.loop.run_sync_soon
    with suppress(RuntimeError):  # both asyncio and trio say so that the loop has ended
        soon(task.scope.cancel)


def _running_library() -> str | None:
    trio = sys.modules.get("trio")  # where it was never imported, no loop of its own runs
    if trio is not None and trio.lowlevel.in_trio_task():
        return "trio"
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return None
    return "asyncio"
