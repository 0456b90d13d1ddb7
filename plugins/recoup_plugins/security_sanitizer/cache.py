"""A cache with a bound that costs one dictionary look-up to read."""

from __future__ import annotations

from itertools import islice
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(dict[K, V | None]):
    """Keeps what was used since the last two turnovers: at most twice ``half`` entries.

    ``cache[key]`` is None where nothing is remembered. New entries go into the dictionary itself, the young
    generation; once that holds ``half`` entries, they become the old one and what was old is dropped. An entry found
    among the old ones becomes young again, so that what is in use stays, as with LRU. ``get`` sees the young ones only.

    Thread-safe and task-safe without a lock: each step is one atomic dictionary or attribute operation, and losing a
    race costs no more than an entry that has to be computed again.
    """

    __slots__ = ("_half", "_old")

    def __init__(self, half: int) -> None:
        super().__init__()
        self._half = half
        self._old: dict[K, V | None] = {}

    def __missing__(self, key: K) -> V | None:
        value = self._old.get(key)
        if value is not None:
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember a value."""
        if len(self) >= self._half:
            self._old = self.copy()
            super().clear()
        self[key] = value

    def keep(self, entries: dict[K, V]) -> None:
        """Remember many values, as many as the bound allows."""
        if len(entries) > self._half:
            entries = dict(islice(entries.items(), self._half))
        if len(self) + len(entries) > self._half:
            self._old = self.copy()
            super().clear()
        self.update(entries)

    def clear(self) -> None:
        """Forget everything."""
        self._old = {}
        super().clear()

    @property
    def held(self) -> int:
        """How many entries there are, young and old."""
        return len(self) + len(self._old)
