"""The seed's LRU cache."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from recoup.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")
D = TypeVar("D")


class LRUCache(Generic[K, V]):
    """A mapping with bounds in items, bytes and age. Thread-safe and task-safe; its lock is held for memory work only.

    Args:
        max_size: items kept at most; the least recently used one goes first.
        ttl: seconds after which an item is gone, or None for no limit. An access does not prolong it.
        max_bytes: bytes kept at most by the measure of ``size_of``, or None for no limit. An item larger than that
            on its own is not kept.
        size_of: bytes of one key and its value; by default :func:`sys.getsizeof` of both, which does not follow
            references.
        clock: where the time comes from; the system's by default.

    Attributes:
        hits: lookups that found their item.
        misses: lookups that did not.
        evictions: items dropped for room; ``expired`` items are counted apart.
        expired: items dropped for age.
    """

    def __init__(
        self,
        max_size: int = 1000,
        ttl: float | None = None,
        *,
        max_bytes: int | None = None,
        size_of: Callable[[K, V], int] | None = None,
        clock: Clock | None = None,
    ) -> None:
        if max_size < 1:
            raise ValueError(f"max_size is the number of items kept and must be at least 1, got {max_size}")
        if ttl is not None and ttl <= 0:
            raise ValueError(f"ttl is in seconds and must be positive, or None for no limit; got {ttl}")
        if max_bytes is not None and max_bytes < 1:
            raise ValueError(f"max_bytes must be at least 1, or None for no limit; got {max_bytes}")
        self.max_size = max_size
        self.ttl = ttl
        self.max_bytes = max_bytes
        self.hits = self.misses = self.evictions = self.expired = 0
        self._size_of = size_of or _shallow_size
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._items: OrderedDict[K, tuple[V, float, int]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: K) -> bool:
        with self._lock:
            entry = self._items.get(key)
            return entry is not None and not self._is_old(entry)

    @property
    def bytes_used(self) -> int:
        """Bytes of all that is kept, by the measure of ``size_of``; zero where no ``max_bytes`` was asked for."""
        return self._bytes

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: D) -> V | D: ...
    def get(self, key: K, default: D | None = None) -> V | D | None:
        """Return the value and count the item as used, or ``default`` where it is absent or too old."""
        with self._lock:
            entry = self._items.get(key)
            if entry is None:
                self.misses += 1
                return default
            if self._is_old(entry):
                self._drop(key)
                self.expired += 1
                self.misses += 1
                return default
            self._items.move_to_end(key)
            self.hits += 1
            return entry[0]

    def set(self, key: K, value: V) -> None:
        """Keep a value under ``key`` and drop what no longer fits."""
        size = self._size_of(key, value) if self.max_bytes is not None else 0
        with self._lock:
            if key in self._items:
                self._drop(key)
            if self.max_bytes is not None and size > self.max_bytes:
                self.evictions += 1
                return
            self._items[key] = (value, self._clock.monotonic(), size)
            self._bytes += size
            while len(self._items) > self.max_size or (self.max_bytes is not None and self._bytes > self.max_bytes):
                self._drop(next(iter(self._items)))
                self.evictions += 1

    def delete(self, key: K) -> bool:
        """Drop an item; return whether it was there."""
        with self._lock:
            if key not in self._items:
                return False
            self._drop(key)
            return True

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._items.clear()
            self._bytes = 0

    def cleanup(self) -> int:
        """Drop what is too old; return how many items went."""
        with self._lock:
            old = [key for key, entry in self._items.items() if self._is_old(entry)]
            for key in old:
                self._drop(key)
            self.expired += len(old)
            return len(old)

    def items(self) -> list[tuple[K, V]]:
        """Return what is kept and not too old, least recently used first."""
        with self._lock:
            return [(key, entry[0]) for key, entry in self._items.items() if not self._is_old(entry)]

    def _is_old(self, entry: tuple[V, float, int]) -> bool:
        return self.ttl is not None and self._clock.monotonic() - entry[1] >= self.ttl

    def _drop(self, key: K) -> None:
        self._bytes -= self._items.pop(key)[2]


def _shallow_size(key: object, value: object) -> int:
    return sys.getsizeof(key) + sys.getsizeof(value)
