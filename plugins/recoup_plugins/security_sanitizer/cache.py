"""A cache with a bound that costs one dictionary look-up to read."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps what was used since the last two turnovers: at most twice ``half`` entries.

    New entries go into a young generation; once that holds ``half`` entries, it becomes the old one and what was old
    is dropped. An entry found among the old ones becomes young again, so that what is in use stays, as with LRU.

    Thread-safe and task-safe without a lock: each step is one atomic dictionary or attribute operation, and losing a
    race costs no more than an entry that has to be computed again.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, half: int) -> None:
        self._half = half
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return the value, or None when it was never put or has been dropped."""
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember a value."""
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def clear(self) -> None:
        """Forget everything."""
        self._young, self._old = {}, {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
