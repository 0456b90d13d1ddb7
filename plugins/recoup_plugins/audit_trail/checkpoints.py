"""Signs how far the trail has come, every so often, also while nothing happens."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from recoup_plugins.audit_trail.errors import AuditTrailError

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.audit_trail.writer import Trail


class Checkpoints:
    """A thread that has a trail make a checkpoint at every interval. Thread-safe; ends with the trail.

    Args:
        trail: whose checkpoints; not kept alive.
        seconds: of real time between two.
        failed: told what went wrong; the next interval tries again.
    """

    def __init__(self, trail: Trail, seconds: float, failed: Callable[[Exception], None]) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=_run,
            args=(weakref.ref(trail, lambda _: self._ended.set()), seconds, self._ended, failed),
            name="recoup-audit-checkpoints",
            daemon=True,
        )
        self._thread.start()

    def end(self) -> None:
        """End the thread and wait until it has."""
        self._ended.set()
        self._thread.join()


def _run(
    reference: weakref.ref[Trail], seconds: float, ended: threading.Event, failed: Callable[[Exception], None]
) -> None:
    while not ended.wait(seconds):
        trail = reference()
        if trail is None:
            return
        try:
            trail.checkpoint()
        except (OSError, AuditTrailError) as failure:
            failed(failure)
        del trail
