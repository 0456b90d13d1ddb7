"""The limits of one handler, by name."""

from __future__ import annotations

import threading
from itertools import islice
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from recoup import PolicyMisuse
from recoup_plugins.rate_limit.limiter import KeyedLimiter

if TYPE_CHECKING:
    from recoup import Clock
    from recoup_plugins.rate_limit.config import RateLimitConfig

_LOOKS = 64
"""Limits looked at for one that may go."""


class LimitRegistry:
    """Keeps one limiter for each name, for as long as there is something to keep. Thread-safe and task-safe.

    A limiter outlives the pipelines that use it. Past the bound, one that has recovered in full makes room: it equals
    a new one. A pipeline that still uses it keeps it alive, and whoever asks for the name gets the same one.

    Args:
        max_limits: limiters kept at most that no pipeline uses.
        clock: where the time comes from.
    """

    def __init__(self, *, max_limits: int, clock: Clock) -> None:
        self._max_limits = max_limits
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, KeyedLimiter] = {}
        self._alive: WeakValueDictionary[str, KeyedLimiter] = WeakValueDictionary()

    def obtain(self, name: str, config: RateLimitConfig) -> KeyedLimiter:
        """Return the limiter of that name, with the limit changed to the given one.

        Raises:
            PolicyMisuse: there is no room for another.
        """
        with self._lock:
            limiter = self._alive.get(name)
            if limiter is None:
                self._make_room(name)
                limiter = self._alive[name] = KeyedLimiter(config, name=name, clock=self._clock)
            elif limiter.config != config:
                limiter.reconfigure(config)
            if len(self._kept) < self._max_limits:
                self._kept.setdefault(name, limiter)
            return limiter

    def find(self, name: str) -> KeyedLimiter | None:
        """Return the limiter of that name, or None."""
        return self._alive.get(name)

    def _make_room(self, name: str) -> None:
        if len(self._kept) < self._max_limits:
            return
        for other in list(islice(self._kept, _LOOKS)):
            limiter = self._kept.pop(other)
            if limiter.is_idle():
                return
            self._kept[other] = limiter
        raise PolicyMisuse(
            f"no room for the limit {name!r}: {self._max_limits} are kept and in use; share one by a name, or raise "
            "max_limits of the plugin rate_limit"
        )
