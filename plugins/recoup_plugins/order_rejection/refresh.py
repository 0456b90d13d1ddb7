"""Loads limits and balances anew once they have turned out to be wrong."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from recoup import FailureReason, LRUCache, Operation, OperationKind, StateEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from recoup import Host

    Want = tuple[str, str]

TASK = "order_rejection"
LIMITS = "limits"
BALANCES = "balances"
_VENUES_KEPT = 1000
_DOUBTFUL = {
    FailureReason.INSUFFICIENT_FUNDS: (BALANCES,),
    FailureReason.INVALID_REQUEST: (LIMITS,),
    FailureReason.ORDER_REJECTED: (LIMITS, BALANCES),
}
"""What the application may be wrong about when its order is refused for that reason."""


class Refreshes:
    """Refreshes each venue's limits and balances, each at most once in an interval. Thread-safe and task-safe.

    It goes on beside the application. Where no event loop lasts for it, the next order of that venue waits for it,
    which is what it is good for.

    Args:
        host: the handler.
        interval: seconds.
    """

    def __init__(self, host: Host, interval: float) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._recent: LRUCache[Want, bool] = LRUCache(_VENUES_KEPT, ttl=interval, clock=host.clock)
        self._wanted: dict[Want, None] = {}
        self._attended: set[Want] = set()

    def want(self, key: str, reason: FailureReason) -> None:
        """Take note of a refusal that puts what the application knows of a venue in doubt."""
        for what in _DOUBTFUL.get(reason, ()):
            want = (key, what)
            if self._question(want) is None or want in self._recent:
                continue
            with self._lock:
                if len(self._wanted) < _VENUES_KEPT:
                    self._recent.set(want, True)  # noqa: FBT003 - that it is there is what counts
                    self._wanted[want] = None
        self.start(key)

    def start(self, key: str) -> bool:
        """Have what is wanted of a venue refreshed beside the application, if it can be; say whether that is so."""
        return not self._open(key) or self._host.spawn(TASK, self.run, key)

    async def run(self, key: str) -> None:
        """Refresh what is wanted of a venue and nobody attends to yet."""
        while (want := self._take(key)) is not None:
            try:
                await self._refresh(want)
            finally:
                with self._lock:
                    self._attended.discard(want)

    def _open(self, key: str) -> bool:
        if not self._wanted:
            return False
        with self._lock:
            return any(want[0] == key and want not in self._attended for want in self._wanted)

    def _take(self, key: str) -> Want | None:
        with self._lock:
            for want in self._wanted:
                if want[0] == key and want not in self._attended:
                    self._attended.add(want)
                    return want
        return None

    async def _refresh(self, want: Want) -> None:
        key, what = want
        question = self._question(want)
        try:
            if question is not None:
                operation = Operation(kind=OperationKind.READ, key=key)
                await self._host.call(question, component=key, operation=operation)
                self._host.publish(StateEvent(subject=f"{what}:{key}", old="doubtful", new="refreshed"))
        except Exception as failure:  # noqa: BLE001 - that call has been handled and reported by itself
            detail = f"{type(failure).__name__}; the next refusal tries again"
            self._host.publish(StateEvent(subject=f"{what}:{key}", old="doubtful", new="stale", detail=detail))
            self._recent.delete(want)
        # Cut off, it is still wanted, and whoever comes next makes it.
        with self._lock:
            self._wanted.pop(want, None)

    def _question(self, want: Want) -> Callable[[], Any] | None:
        key, what = want
        ports = self._host.venues.get(key)
        if what == BALANCES:
            return None if ports.balances is None else ports.balances.balances
        return getattr(ports.venue, "refresh_markets", None)
