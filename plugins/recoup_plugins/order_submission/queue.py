"""Keeps many orders of unknown outcome from being looked up all at once."""

from __future__ import annotations

import threading
from collections import defaultdict
from itertools import islice

from attrs import define, field


@define(eq=False)
class _Line:
    inside: set[int] = field(factory=set)
    waiting: dict[int, None] = field(factory=dict)


class LookupQueue:
    """Lets so many lookups at one venue be under way, in the order in which they asked. Thread-safe.

    Args:
        limit: lookups under way at one venue at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._lines: defaultdict[str, _Line] = defaultdict(_Line)

    def enter(self, venue: str, who: object) -> bool:
        """Begin a lookup, or take one's place in the queue and ask again later."""
        with self._lock:
            line = self._lines[venue]
            line.waiting[id(who)] = None
            free = self._limit - len(line.inside)
            if free <= 0 or id(who) not in islice(line.waiting, free):
                return False
            del line.waiting[id(who)]
            line.inside.add(id(who))
            return True

    def enter_at_once(self, venue: str, who: object) -> bool:
        """Begin a lookup if nobody waits and there is room."""
        with self._lock:
            line = self._lines[venue]
            if line.waiting or len(line.inside) >= self._limit:
                return False
            line.inside.add(id(who))
            return True

    def leave(self, venue: str, who: object) -> None:
        """End a lookup, or give up one's place in the queue."""
        with self._lock:
            line = self._lines[venue]
            line.inside.discard(id(who))
            line.waiting.pop(id(who), None)
            if not line.inside and not line.waiting:
                del self._lines[venue]
