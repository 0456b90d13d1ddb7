"""When a venue is in maintenance: announced by it, or learned from when it was."""

from __future__ import annotations

import bisect
import threading
from datetime import datetime, timedelta
from typing import Any

from attrs import field, frozen
from attrs.validators import instance_of

WINDOWS_KEPT = 256
"""For each venue, of those that lie ahead."""
LAPSES_KEPT = 16
"""For each venue, of those that are over."""
_WEEK = timedelta(days=7)
_TOLERANCE = timedelta(minutes=15)
"""Within which two beginnings count as the same time of the week."""
_RECURS = 2
"""Weeks in which it began at the same time, from which on it is expected."""


def _has_time_zone(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"{attribute.name} must be a date and time with a time zone, got {value!r}")


@frozen(kw_only=True)
class MaintenanceWindow:
    """A maintenance that a venue has announced. Immutable.

    Attributes:
        key: the venue's.
        start: when it begins; aware.
        end: when it ends; aware.
        cancel_only: whether the venue still takes cancels, and answers questions; else it is asked nothing.

    Raises:
        ValueError: a time has no time zone, or the end is not after the start.
    """

    key: str = field(validator=instance_of(str))
    start: datetime = field(validator=_has_time_zone)
    end: datetime = field(validator=_has_time_zone)
    cancel_only: bool = False

    def __attrs_post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"the window of {self.key} must end after it starts, got {self.start} to {self.end}")


class Calendar:
    """Announced windows and past maintenance, by venue. Thread-safe and task-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, list[MaintenanceWindow]] = {}
        self._lapses: dict[str, list[tuple[datetime, timedelta]]] = {}

    def announce(self, window: MaintenanceWindow, now: datetime) -> None:
        """Put a window down; beyond ``WINDOWS_KEPT`` the one goes that lies farthest ahead."""
        with self._lock:
            ahead = [known for known in self._windows.get(window.key, []) if known.end > now and known != window]
            bisect.insort(ahead, window, key=lambda known: known.start)
            self._windows[window.key] = ahead[:WINDOWS_KEPT]

    def __contains__(self, key: str) -> bool:
        """Say whether a venue has a window that has not been seen to be over."""
        return key in self._windows

    def current(self, key: str, now: datetime) -> MaintenanceWindow | None:
        """Return the window that a venue is in, of several the one that ends last, or None."""
        windows = self._windows.get(key)
        if windows is None:
            return None
        with self._lock:
            windows = self._windows[key] = [known for known in windows if known.end > now]
            if not windows:
                del self._windows[key]
        inside = [known for known in windows if known.start <= now]
        return max(inside, key=lambda known: known.end, default=None)

    def remember(self, key: str, start: datetime, length: timedelta) -> None:
        """Take note of a maintenance that is over."""
        with self._lock:
            lapses = self._lapses.setdefault(key, [])
            lapses.append((start, length))
            del lapses[:-LAPSES_KEPT]

    def expected_length(self, key: str, start: datetime) -> timedelta | None:
        """Return how long a maintenance that begins now is likely to last, or None.

        Only one that began at the same time in ``_RECURS`` earlier weeks is expected, and to last as long as the
        shortest of these. It holds no call back before the venue itself has refused one.
        """
        with self._lock:
            lengths = [length for before, length in self._lapses.get(key, ()) if _weeks_apart(before, start)]
        return min(lengths) if len(lengths) >= _RECURS else None


def _weeks_apart(before: datetime, now: datetime) -> bool:
    distance = (now - before) % _WEEK
    return now - before > _WEEK / 2 and min(distance, _WEEK - distance) <= _TOLERANCE
