"""Halts a market that goes on refusing orders."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recoup import Halt, Host
    from recoup_plugins.order_rejection.rejections import Market

TASK = "order_rejection"
_BY = "order_rejection"
"""Whose halts these are; another's on the same market are not lifted with them."""
_LIFTED = "lifted by order_rejection after its time"


class Halting:
    """Puts halts on, tells a human once, and lifts them after a time where it may. Thread-safe and task-safe.

    Args:
        host: the handler.
        lift_after: seconds, or None where a human lifts them.

    Attributes:
        lifts: when each of its halts is lifted, by :meth:`Clock.monotonic`.
    """

    def __init__(self, host: Host, lift_after: float | None) -> None:
        self._host = host
        self._lift_after = lift_after
        self._lock = threading.Lock()
        self.lifts: dict[Market, tuple[float, Halt]] = {}

    def halt(self, market: Market, component: str, operation: str, reason: str) -> None:
        """Take no new orders in a market; where it has no name, a human alone is told."""
        key, symbol = market
        if symbol is None:
            self._host.escalate(component, operation, f"{reason}; name the symbol in Operation to have it halted")
            return
        if any(halt.by == _BY and (halt.key, halt.symbol) == market for halt in self._host.halts.all()):
            return
        halt = self._host.halts.halt(key, symbol, reason=reason, by=_BY)
        self._host.escalate(component, operation, reason)
        if self._lift_after is None or halt.key is None:
            return
        with self._lock:
            self.lifts[market] = (self._host.clock.monotonic() + self._lift_after, halt)
        self._host.spawn(TASK, self._lift_later)

    def lift_due(self) -> None:
        """Lift what has stood for its time."""
        if not self.lifts:
            return
        now = self._host.clock.monotonic()
        with self._lock:
            due = [(market, halt) for market, (at, halt) in self.lifts.items() if at <= now]
            for market, _ in due:
                del self.lifts[market]
        for _, halt in due:
            if halt in self._host.halts.all():  # and not one that somebody else has put on since
                self._host.halts.lift(halt.key, halt.symbol, reason=_LIFTED, by=_BY)

    async def _lift_later(self) -> None:
        assert self._lift_after is not None  # else nothing is lifted
        await self._host.clock.sleep(self._lift_after)
        self.lift_due()
