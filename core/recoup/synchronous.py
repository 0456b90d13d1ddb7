"""Running the handler from plain synchronous code."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from recoup.errors import HandlerStateError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from anyio.from_thread import BlockingPortal

T = TypeVar("T")


class SyncBridge:
    """Runs a coroutine to its end for a caller that can't await. Thread-safe.

    Where the handler was entered in an event loop, coroutines run in that loop, since its plugins may hold resources
    there. Otherwise they run in a loop that the calling thread keeps for that, a :class:`ThreadLoop`; and without any
    loop where no plugin needs one. In the thread of a running loop, which can't be waited for there, they run as far as
    they come without waiting.
    """

    def __init__(self) -> None:
        self._home: tuple[BlockingPortal, int] | None = None

    def attach(self, portal: BlockingPortal) -> None:
        """Use the event loop of this thread from now on."""
        self._home = portal, threading.get_ident()

    def detach(self) -> None:
        """Use it no longer."""
        self._home = None

    def run(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any, needs_loop: bool) -> T:
        """Run ``function(*args)`` to its end.

        Raises:
            HandlerStateError: it has to wait for the event loop that occupies this thread.
        """
        home = self._home
        if home is not None and home[1] != threading.get_ident():
            answer: T = home[0].call(function, *args)
            return answer
        if needs_loop and not _has_running_loop():
            from recoup.thread_loop import ThreadLoop  # noqa: PLC0415 - asyncio, for whoever needs a loop

            return ThreadLoop.of_this_thread().run(function(*args))
        return run_without_loop(function(*args))


def run_without_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that does not have to wait.

    Raises:
        HandlerStateError: it has to.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise HandlerStateError(
        "a plugin has to wait for an event loop that this synchronous call can't give it: it was made in the thread of "
        "a running loop (await the asynchronous method, or call from another thread), or a plain function of a plugin "
        "returned an awaitable (declare it with async def)"
    )


def _has_running_loop() -> bool:
    from anyio import lowlevel  # noqa: PLC0415 - brings in dataclasses, for synchronous callers alone

    try:
        lowlevel.current_token()
    except RuntimeError:
        return False
    return True
