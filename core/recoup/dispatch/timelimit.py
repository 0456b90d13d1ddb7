"""A time limit for plain functions, which can't be interrupted."""

from __future__ import annotations

import queue
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from recoup.errors import PluginTimeout

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future


class TimeLimited:
    """A function that runs in a worker thread of its own and is given up on after ``seconds``.

    Python can't stop a thread, so a function that hangs keeps its one worker until it returns; meanwhile every further
    call fails at once instead of starting another. The worker is a daemon and starts with the first call.
    Thread-safe and task-safe: calls take turns.
    """

    def __init__(self, function: Callable[..., Any], seconds: float, plugin: str) -> None:
        self._function = function
        self._seconds = seconds
        self._plugin = plugin
        self._turn = threading.Lock()
        self._queueing = threading.Lock()
        self._closed = False
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None
        self._stuck: Future[Any] | None = None

    def __call__(self, *args: Any) -> Any:
        """Call the function.

        Raises:
            PluginTimeout: it took longer than the limit, or an earlier call still does.
        """
        with self._turn:
            if self._stuck is not None and not self._stuck.done():
                raise PluginTimeout(self._plugin, f"a call that ran over its limit of {self._seconds} s still runs")
            self._stuck = None
            future = self._submit(args)
            try:
                return future.result(self._seconds)
            except TimeoutError:
                if future.done():
                    return future.result()
                self._stuck = future
                raise PluginTimeout(self._plugin, f"ran over its limit of {self._seconds} s") from None

    def close(self) -> None:
        """Let the worker end once it has nothing to do; a call that still comes gets a thread of its own."""
        with self._queueing:
            self._closed = True
            self._jobs.put(None)

    def _submit(self, args: tuple[Any, ...]) -> Future[Any]:
        from concurrent.futures import Future  # noqa: PLC0415 - brings in logging, for a feature rarely used

        future: Future[Any] = Future()
        context = copy_context()

        def job() -> None:
            try:
                future.set_result(context.run(self._function, *args))
            except BaseException as failure:  # noqa: BLE001 - it is raised again in the calling thread
                future.set_exception(failure)

        with self._queueing:
            if self._closed:
                self._start(job)
            else:
                if self._worker is None:
                    self._worker = self._start(self._work)
                self._jobs.put(job)
        return future

    def _start(self, target: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=target, name=f"recoup-{self._plugin}", daemon=True)
        thread.start()
        return thread

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # it holds the call's arguments until the next one comes
