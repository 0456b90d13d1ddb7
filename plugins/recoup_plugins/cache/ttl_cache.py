"""Values by key, for a time."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from recoup import SystemClock

if TYPE_CHECKING:
    from collections.abc import Hashable

    from recoup import Clock

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")
D = TypeVar("D")


class Entry(Generic[V]):
    """A value, since when it is kept, and whether anybody has asked for it since it was last passed over."""

    __slots__ = ("at", "used", "value")

    def __init__(self, value: V, at: float) -> None:
        self.value = value
        self.at = at
        self.used = False


class TTLCache(Generic[K, V]):
    """A mapping with bounds in items and age, whose hits take no lock. Thread-safe and task-safe.

    For room, what nobody has asked for since it was last passed over goes first, in a circle: CLOCK, or second chance
    (F. J. Corbató, *A Paging Experiment with the Multics System*, 1969). So a hit moves nothing and has no more to
    write than one mark, once in each round.

    A hit is one ``get`` of a dictionary, which is atomic, in free-threaded builds as well; what it finds was complete
    before it was put there, and only its mark is ever changed, where the order of writers does not matter. All else
    happens under a lock. What is too old goes at the latest when something is put in ``ttl`` and ``grace`` after the
    last look through all: each item put in pays for two looks at most.

    Args:
        ttl: seconds that a value is given out.
        max_items: values kept at most.
        grace: seconds past ``ttl`` for which :meth:`stale` still has it.
        clock: where the time comes from; the system's by default.

    Attributes:
        ttl: as given.
        find: returns the :class:`Entry` of a key, whatever its age, or None.
        monotonic: the clock's.
    """

    __slots__ = (
        "__weakref__",
        "_entries",
        "_grace",
        "_hand",
        "_lock",
        "_max_items",
        "_ring",
        "_sweep_at",
        "find",
        "monotonic",
        "ttl",
    )

    def __init__(self, ttl: float, max_items: int = 1000, grace: float = 0.0, *, clock: Clock | None = None) -> None:
        _check(ttl, max_items, grace)
        clock = SystemClock() if clock is None else clock
        # Past the method that only hands it on, which would cost as much as the look-up.
        self.monotonic = clock.monotonic
        self.ttl = ttl
        self._grace = grace
        self._max_items = max_items
        self._lock = threading.RLock()  # a finalizer that the garbage collector runs may come back here
        self._entries: dict[K, Entry[V]] = {}
        self.find = self._entries.get
        self._ring: list[K] = []
        self._hand = 0
        self._sweep_at = -math.inf

    def __len__(self) -> int:
        """Values kept, those too old to be given out included."""
        return len(self._entries)

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: D) -> V | D: ...
    def get(self, key: K, default: D | None = None) -> V | D | None:
        """Return the value of a key, or ``default`` where there is none or it is too old."""
        entry = self.find(key)
        if entry is None or self.monotonic() - entry.at >= self.ttl:
            return default
        if not entry.used:
            entry.used = True
        return entry.value

    def stale(self, key: K, default: D) -> V | D:
        """Return the value of a key even past ``ttl``, or ``default`` where there is none or ``grace`` is over."""
        entry = self.find(key)
        if entry is None or self.monotonic() - entry.at >= self.ttl + self._grace:
            return default
        return entry.value

    def set(self, key: K, value: V) -> None:
        """Keep a value in place of an older one, and drop what no longer fits."""
        now = self.monotonic()
        entry = Entry(value, now)
        with self._lock:
            dropped = self._sweep(now) if now >= self._sweep_at else []
            before = self._entries.get(key)
            dropped.append(self._take_place(key) if before is None else before)
            self._entries[key] = entry
        del dropped  # may end a value, which may come back here: not while the lock is held

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            dropped = list(self._entries.values())
            self._entries.clear()
            self._ring = []
            self._hand = 0
        del dropped

    def reconfigure(self, ttl: float, max_items: int, grace: float = 0.0) -> None:
        """Change the bounds; they hold for what is kept already."""
        _check(ttl, max_items, grace)
        with self._lock:
            self.ttl = ttl
            self._grace = grace
            self._max_items = max_items
            dropped = self._sweep(self.monotonic())
            dropped += [self._entries.pop(key) for key in self._ring[: max(0, len(self._ring) - max_items)]]
            self._ring = list(self._entries)
        del dropped

    def _take_place(self, key: K) -> Entry[V] | None:
        """Put a new key into the circle, and return what it has displaced where there was no room."""
        ring = self._ring
        if len(ring) < self._max_items:
            ring.append(key)
            return None
        hand = self._hand
        while (entry := self._entries[ring[hand]]).used:
            entry.used = False
            hand = (hand + 1) % len(ring)
        displaced = self._entries.pop(ring[hand])
        ring[hand] = key
        self._hand = (hand + 1) % len(ring)
        return displaced

    def _sweep(self, now: float) -> list[Entry[V] | None]:
        """Take out what is too old, and return it."""
        longest = self.ttl + self._grace
        old = [key for key, entry in self._entries.items() if now - entry.at >= longest]
        dropped: list[Entry[V] | None] = [self._entries.pop(key) for key in old]
        self._ring = list(self._entries)
        self._hand = 0
        self._sweep_at = now + longest
        return dropped


def _check(ttl: float, max_items: int, grace: float) -> None:
    if not ttl > 0:
        raise ValueError(f"ttl is in seconds and must be positive, got {ttl}")
    if max_items < 1:
        raise ValueError(f"max_items is the number of values kept and must be at least 1, got {max_items}")
    if not grace >= 0:
        raise ValueError(f"grace is in seconds and must be 0 or more, got {grace}")
