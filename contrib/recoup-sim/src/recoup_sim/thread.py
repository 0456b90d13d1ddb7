"""The venue on a thread of its own, for synchronous clients."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from recoup_sim.venue import SimulatedVenue


class VenueThread:
    """Serves a venue from a background thread with its own event loop.

    ::

        with VenueThread(SimulatedVenue()) as venue:
            client = ccxt.binance(venue.exchange_options())

    Opening and closing belong to one thread; the venue inside may be used from any.

    Args:
        venue: A venue that isn't open.
    """

    def __init__(self, venue: SimulatedVenue) -> None:
        self._venue = venue
        self._running: _Running | None = None

    def __enter__(self) -> SimulatedVenue:
        """Start the thread, and return the venue once it listens.

        Raises:
            RuntimeError: When the thread runs already, or the venue is open.
            OSError: When the venue can't listen.
        """
        if self._running is not None:
            raise RuntimeError("the venue's thread runs already")
        running = _Running(self._venue)
        running.start()
        self._running = running
        return self._venue

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the venue, and wait for the thread to end; what went wrong there is raised here."""
        assert self._running is not None, "__exit__ comes after __enter__"
        running, self._running = self._running, None
        running.stop()


class _Running:
    """One run of the thread, from start to stop."""

    def __init__(self, venue: SimulatedVenue) -> None:
        self._venue = venue
        self._opened: Future[Callable[[], object]] = Future()
        self._closed: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="recoup-sim-venue", daemon=True)

    def start(self) -> None:
        self._thread.start()
        try:
            self._opened.result()
        except BaseException:
            self._opened.add_done_callback(_stop_opened)
            self._thread.join()
            raise

    def stop(self) -> None:
        _stop_opened(self._opened)
        self._thread.join()
        self._closed.result()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            (self._closed if self._opened.done() else self._opened).set_exception(error)
        else:
            self._closed.set_result(None)

    async def _serve(self) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        async with self._venue:
            self._opened.set_result(lambda: loop.call_soon_threadsafe(stop.set))
            await stop.wait()


def _stop_opened(opened: Future[Callable[[], object]]) -> None:
    if opened.exception() is None:
        opened.result()()
