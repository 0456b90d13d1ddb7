"""Bounded state for more keys than there is room for.

What is in use is never evicted: a key keeps its entry until the entry has expired by itself, whoever else arrives.
Newcomers that find no room are counted in a sketch of fixed size, which may count them too high and never too low.
So a flood of addresses can push out neither the state of an attacker nor that of his victim, and gains the flooder no
extra requests.
"""

from __future__ import annotations

import secrets
from array import array
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from recoup_plugins.security_rate_limiter.gcra import Limit

V = TypeVar("V")

_LOOKED_AT = 8
"""Entries looked at for an expired one when a newcomer needs room: a constant price for each."""


class LiveTable(Generic[V]):
    """A mapping of at most ``max_keys`` entries that gives up an entry only after its time.

    An expired entry is reclaimed when a newcomer needs its place, by a hand that goes around as in the CLOCK
    page-replacement algorithm (Corbató, 1968), here without any second guess: what lives, stays. Not thread-safe; its
    owner holds a lock.

    Args:
        max_keys: entries kept at most.
        expiry: the tick from which on a value says nothing.

    Attributes:
        max_keys: as given.
    """

    __slots__ = ("_expiry", "_hand", "_ring", "_values", "max_keys")

    def __init__(self, max_keys: int, expiry: Callable[[V], int]) -> None:
        self.max_keys = max_keys
        self._expiry = expiry
        self._values: dict[Hashable, V] = {}
        self._ring: list[Hashable] = []
        self._hand = 0

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> V | None:
        """Return the value, or None where the key has no entry."""
        return self._values.get(key)

    def put(self, key: Hashable, value: V, now: int) -> bool:
        """Keep a value; return False where the key is new and everything that was looked at is alive."""
        values = self._values
        if key in values:
            values[key] = value
            return True
        if len(values) < self.max_keys:
            self._ring.append(key)
            values[key] = value
            return True
        ring, hand = self._ring, self._hand
        for _ in range(min(_LOOKED_AT, len(ring))):
            tenant = ring[hand]
            if self._expiry(values[tenant]) <= now:
                del values[tenant]
                ring[hand] = key
                values[key] = value
                self._hand = (hand + 1) % len(ring)
                return True
            hand = (hand + 1) % len(ring)
        self._hand = hand
        return False


class ArrivalSketch:
    """Theoretical arrival times of any number of keys in fixed memory: 512 KiB.

    A count-min sketch (Cormode and Muthukrishnan, 2005) with conservative update (Estan and Varghese, 2002), holding
    times in place of counts: a key's time is the least of its four cells, and never below the true one. Cells are
    chosen by Python's SipHash (PEP 456) of a secret prefix and the key, so that nobody can compute an address that
    shares a victim's cells, not even where the process's own hash key is fixed. Not thread-safe; its owner holds a
    lock.
    """

    __slots__ = ("_rows", "_salt")

    ROWS = 4
    WIDTH = 1 << 14

    def __init__(self) -> None:
        self._salt = secrets.token_hex(16)
        self._rows = tuple(array("q", bytes(8 * self.WIDTH)) for _ in range(self.ROWS))

    def get(self, key: Hashable) -> int:
        """Return a time at or after the key's own; 0 where nothing is known."""
        (row_a, row_b, row_c, row_d), (a, b, c, d) = self._rows, self._cells(key)
        return min(row_a[a], row_b[b], row_c[c], row_d[d])

    def put(self, key: Hashable, tat: int) -> None:
        """Move the key's time up to ``tat``."""
        for row, cell in zip(self._rows, self._cells(key), strict=True):
            row[cell] = max(row[cell], tat)

    def _cells(self, key: Hashable) -> tuple[int, int, int, int]:
        bits, mask = hash(self._salt + repr(key)), self.WIDTH - 1
        return bits & mask, bits >> 14 & mask, bits >> 28 & mask, bits >> 42 & mask


def _itself(tat: int) -> int:
    return tat


class ArrivalTable(LiveTable[int]):
    """Theoretical arrival times by key: exact for ``max_keys`` keys at a time, in a sketch beyond them.

    A key that moves from the sketch into the table takes its time along, so changing place grants no fresh burst.
    Not thread-safe; its owner holds a lock.

    Args:
        max_keys: keys followed exactly at most.
    """

    __slots__ = ("_sketch",)

    def __init__(self, max_keys: int) -> None:
        super().__init__(max_keys, _itself)
        self._sketch: ArrivalSketch | None = None

    def arrival(self, key: Hashable) -> int:
        """Return the key's theoretical arrival time, or 0."""
        tat = self._values.get(key)
        if tat is not None:
            return tat
        return 0 if self._sketch is None else self._sketch.get(key)

    def keep(self, key: Hashable, tat: int, now: int) -> None:
        """Keep the key's theoretical arrival time."""
        if key in self._values:
            self._values[key] = tat
        elif not self.put(key, tat, now):
            if self._sketch is None:
                self._sketch = ArrivalSketch()
            self._sketch.put(key, tat)

    def admit(self, key: Hashable, limit: Limit, now: int) -> int:
        """Count a request if it conforms; return 0, or the ticks until one will."""
        tat = self.arrival(key)
        wait = limit.wait(tat, now)
        if wait > 0:
            return wait
        self.keep(key, limit.after(tat, now), now)
        return 0
