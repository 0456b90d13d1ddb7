"""Running the handler from plain synchronous code."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from recoup.errors import HandlerStateError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from anyio.from_thread import BlockingPortal

T = TypeVar("T")


class SyncBridge:
    """Runs a coroutine to its end for a caller that can't await. Thread-safe.

    Where the handler was entered in an event loop, coroutines run in that loop, since its plugins may hold resources
    there. Otherwise they run in a loop of their own, in the calling thread; and without any loop where no plugin
    needs one.
    """

    def __init__(self) -> None:
        self._portal: BlockingPortal | None = None
        self._thread: int | None = None

    def attach(self, portal: BlockingPortal) -> None:
        """Use the event loop of this thread from now on."""
        self._portal, self._thread = portal, threading.get_ident()

    def detach(self) -> None:
        """Use it no longer."""
        self._portal = self._thread = None

    def run(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any, needs_loop: bool) -> T:
        """Run ``function(*args)`` to its end.

        Raises:
            HandlerStateError: it takes an event loop, and this thread is occupied by one.
        """
        portal = self._portal
        if portal is not None and self._thread != threading.get_ident():
            answer: T = portal.call(function, *args)
            return answer
        if not needs_loop:
            return run_without_loop(function(*args))
        if _has_running_loop():
            raise HandlerStateError(
                "a synchronous call was made in the thread of a running event loop, which it would block while a "
                "plugin waits for that loop: await the asynchronous method, or call from another thread"
            )
        return anyio.run(function, *args)


def run_without_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends.

    Raises:
        HandlerStateError: it suspended; a plugin returned an awaitable from a plain function.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise HandlerStateError(
        "a plugin returned an awaitable from a plain function; declare it with async def, so that synchronous callers "
        "can be given an event loop"
    )


def _has_running_loop() -> bool:
    from anyio import lowlevel  # noqa: PLC0415 - brings in dataclasses, for synchronous callers alone

    try:
        lowlevel.current_token()
    except RuntimeError:
        return False
    return True
