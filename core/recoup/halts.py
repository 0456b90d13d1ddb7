"""Where nothing new is traded, and why."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from attrs import frozen

from recoup.errors import TradingHalted
from recoup.events import StateEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from recoup.clock import Clock
    from recoup.operation import Operation

HALTS_KEPT = 10_000
"""Beyond it, a halt of one market halts its whole venue: to forget one would be worse."""


@frozen(kw_only=True)
class Halt:
    """One halt. Immutable.

    Attributes:
        key: the venue's, or None for all venues.
        symbol: the market, or None for all of the venue's.
        reason: one line.
        by: who put it on, where it is theirs alone to lift, such as a plugin's name; else empty.
        since: when it began; aware.
    """

    key: str | None
    symbol: str | None
    reason: str
    since: datetime
    by: str = ""


class Halts:
    """Takes no new orders where somebody said so. Thread-safe and task-safe.

    Guarded calls of kind SUBMIT and AMEND are refused with :class:`TradingHalted` before anything is sent. Cancels
    pass, and so does an operation that says ``reduces_risk``.

    Args:
        clock: where the time comes from.
        publish: where events go.
    """

    def __init__(self, clock: Clock, publish: Callable[[StateEvent], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._lock = threading.Lock()
        self._halts: dict[tuple[str | None, str | None], dict[str, Halt]] = {}

    def __len__(self) -> int:
        return len(self._halts)

    def halt(self, key: str | None = None, symbol: str | None = None, *, reason: str, by: str = "") -> Halt:
        """Take no new orders in one market, of a venue or of all, at one venue, or at all.

        Returns:
            The halt; one by the same that stands already is left as it is.
        """
        with self._lock:
            if symbol is not None and len(self._halts) >= HALTS_KEPT:
                symbol = None
            standing = self._halts.get((key, symbol), {})
            if by in standing:
                return standing[by]
            halt = Halt(key=key, symbol=symbol, reason=reason, since=self._clock.now(), by=by)
            self._halts[key, symbol] = standing | {by: halt}
        if not standing:
            self._publish(StateEvent(subject=_subject(key, symbol), old="trading", new="halted", detail=reason))
        return halt

    def lift(
        self, key: str | None = None, symbol: str | None = None, *, reason: str = "lifted", by: str | None = None
    ) -> bool:
        """End what was put on exactly this, or of that what one has put on; return whether there was any."""
        with self._lock:
            standing = self._halts.get((key, symbol), {})
            left = {} if by is None else {name: halt for name, halt in standing.items() if name != by}
            if left:
                self._halts[key, symbol] = left
            else:
                self._halts.pop((key, symbol), None)
        if standing and not left:
            self._publish(StateEvent(subject=_subject(key, symbol), old="halted", new="trading", detail=reason))
        return len(left) < len(standing)

    def all(self) -> tuple[Halt, ...]:
        """Return every halt, the oldest first."""
        with self._lock:
            return tuple(halt for standing in self._halts.values() for halt in standing.values())

    def on(self, key: str | None, symbol: str | None = None) -> Halt | None:
        """Return the halt that concerns a market, the widest first, or None."""
        halts = self._halts
        if not halts:
            return None
        places = ((None, None), (key, None), (None, symbol), (key, symbol))
        found = (halt for place in places for halt in halts.get(place, {}).values())
        return next(found, None)

    def check(self, operation: Operation, component: str) -> None:
        """Let an operation pass or refuse it.

        Raises:
            TradingHalted: its market is halted, and it does not reduce risk.
        """
        if not self._halts or operation.reduces_risk or not operation.kind.is_side_effect:
            return
        key = operation.key or component
        exposure = operation.exposure
        symbol = operation.symbol or (exposure.symbol if exposure is not None else None)
        halt = self.on(key, symbol)
        if halt is not None:
            where = f"{symbol} at {key}" if halt.symbol is not None else halt.key or "every venue"
            raise TradingHalted(f"no new orders for {where}: {halt.reason}", key=key)


def _subject(key: str | None, symbol: str | None) -> str:
    return ":".join(part for part in ("halt", key, symbol) if part is not None)
