"""How long recent calls took."""

from __future__ import annotations

import math
import threading
from typing import Final

KEPT: Final = 128
"""Times kept; the oldest makes room for the newest."""
ENOUGH: Final = 20
"""Times below which no quantile is given: of fewer, the 95th percentile is the maximum."""
FRESH_FOR: Final = 16
"""New times after which quantiles are taken anew, since that means sorting."""


class LatencyWindow:
    """The times that the latest calls took, and a quantile of them. Thread-safe and task-safe, by a lock."""

    __slots__ = ("_known", "_lock", "_quantiles", "_times")

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a call that is collected as garbage is released by whatever thread comes to it
        self._times: list[float] = []
        self._known = 0
        self._quantiles: dict[float, float] = {}

    def record(self, seconds: float) -> None:
        """Take note of a call's time."""
        with self._lock:
            if len(self._times) < KEPT:
                self._times.append(seconds)
            else:
                self._times[self._known % KEPT] = seconds
            self._known += 1
            if self._known % FRESH_FOR == 0:
                self._quantiles.clear()

    def quantile(self, share: float) -> float | None:
        """Return the time that this share of the calls did not exceed, by nearest rank; None of too few calls.

        Args:
            share: above 0, below 1.
        """
        with self._lock:
            if self._known < ENOUGH:
                return None
            found = self._quantiles.get(share)
            if found is None:
                found = sorted(self._times)[math.ceil(share * len(self._times)) - 1]
                self._quantiles[share] = found
            return found
