"""An event loop for each thread of synchronous code."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

_inherited: list[ThreadLoop] = []
"""Loops of the process that this one was forked from. They share its selector, so that closing one here would close
what its owner waits for: they are kept as they are."""


class ThreadLoop:
    """The event loop of one thread, kept from one call to the next. Belongs to that thread.

    To make a loop and to close it takes ten times as long as what most coroutines do in it. The loop is an ordinary one
    and the coroutine an ordinary task, so that whatever looks for the loop, the task or the library finds what
    :func:`asyncio.run` would show it. As there, no task outlives the call. The loop is nobody's current one: a thread
    that runs a loop of its own does not meet it. It is closed with its thread, or at the end of the process.

    Attributes:
        process: the number of the process that it was made in.
    """

    __slots__ = ("__weakref__", "_loop", "process")

    def __init__(self) -> None:
        self.process = os.getpid()
        self._loop = asyncio.new_event_loop()
        weakref.finalize(self, self._loop.close)

    @classmethod
    def of_this_thread(cls) -> ThreadLoop:
        """Return the loop of the calling thread, which runs none."""
        known: ThreadLoop | None = getattr(_local, "loop", None)
        if known is not None and known.process == os.getpid():
            return known
        if known is not None:
            _inherited.append(known)
        known = _local.loop = cls()
        return known

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, and cancel what it leaves behind.

        Raises:
            BaseException: what the coroutine raised; or a :class:`KeyboardInterrupt`, with the coroutine cancelled.
        """
        try:
            return self._loop.run_until_complete(coroutine)
        finally:
            left = asyncio.all_tasks(self._loop)
            if left:
                self._end(left)

    def _end(self, tasks: set[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


_local = threading.local()
