"""One order of a settlement, brought to its end."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, auto
from typing import TYPE_CHECKING

from attrs import define

from recoup_plugins.partial_fill.quantities import quantity
from recoup_plugins.partial_fill.requests import RequestsSpentError
from recoup_plugins.partial_fill.tracker import FillTracker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from recoup import Clock
    from recoup_plugins.partial_fill.config import PartialFillConfig
    from recoup_plugins.partial_fill.requests import Requests

_LONGEST_PAUSE = 5.0


class Reading(Enum):
    """What one look at an order came to."""

    FRESH = auto()
    STALE = auto()
    """The venue's answer is older than what is known."""
    ABSENT = auto()
    UNREADABLE = auto()


@define(eq=False)
class Pauses:
    """Pauses between looks, each twice as long as the one before. Belongs to one task.

    Attributes:
        clock: where the time comes from.
        end: :meth:`Clock.monotonic` at which there are no more.
        pause: seconds of the next one.
    """

    clock: Clock
    end: float
    pause: float

    async def wait(self) -> bool:
        """Wait for the next look; return False where there is no time for one."""
        if self.clock.monotonic() + self.pause > self.end:
            return False
        await self.clock.sleep(self.pause)
        self.pause = min(self.pause * 2, _LONGEST_PAUSE)
        return True


@define(eq=False)
class Leg:
    """One order of a settlement. Belongs to one settlement.

    Attributes:
        client_order_id: of the order.
        config: how long things take.
        clock: where the time comes from.
        requests: asks the venue.
        tracker: what is known of its fills, or None before the first look where nobody said what was ordered.
        order: as the venue gave it last, or None.
        failure: what went wrong last, in a word.
    """

    client_order_id: str
    config: PartialFillConfig
    clock: Clock
    requests: Requests
    tracker: FillTracker | None = None
    order: Mapping[str, Any] | None = None
    failure: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing of it is filled any more, as far as is known."""
        return self.tracker is not None and self.tracker.is_final

    @property
    def filled(self) -> Decimal:
        """At least this much of it is filled."""
        return Decimal(0) if self.tracker is None else self.tracker.filled

    async def read(self) -> Reading:
        """Look once."""
        try:
            order = await self.requests.find(self.client_order_id)
            if order is None:
                order = await self.requests.find_listed(self.client_order_id)
        except RequestsSpentError:
            raise
        except Exception as failure:  # noqa: BLE001 - a lookup that failed says nothing of the order
            self.failure = type(failure).__name__
            return Reading.UNREADABLE
        if order is None:
            self.failure = "the venue knows no such order"
            return Reading.ABSENT
        try:
            return self._take(order)
        except (TypeError, ValueError) as failure:
            self.failure = str(failure)
            return Reading.UNREADABLE

    async def look(self) -> bool:
        """Look until there is a fresh answer; return whether there was one."""
        pauses = self._pauses(self.config.cancel_timeout)
        while await self.read() is not Reading.FRESH:
            if not await pauses.wait():
                return False
        return True

    async def rest(self, patience: float, requests: int) -> None:
        """Let it rest until it is final, for so many seconds and requests."""
        pauses = self._pauses(patience)
        least = self.requests.left - requests
        while True:
            await self.read()
            if self.is_final or self.requests.left <= least or not await pauses.wait():
                return

    async def close(self) -> bool:
        """Cancel it until it is final, and its final state is sure; return whether that is so.

        What a cancel answers counts for nothing, neither that it succeeded nor that there is no such order: the order's
        own state is read after it.
        """
        pauses = self._pauses(self.config.cancel_timeout)
        while True:
            if await self.read() is Reading.FRESH:
                if not self.is_final:
                    await self._cancel()
                elif await self._is_sure():
                    return True
            if not await pauses.wait():
                return False

    def _pauses(self, seconds: float) -> Pauses:
        return Pauses(self.clock, self.clock.monotonic() + seconds, self.config.poll_interval)

    def _take(self, order: Mapping[str, Any]) -> Reading:
        if self.tracker is None:
            self.tracker = FillTracker(quantity(order.get("amount"), "amount"))
        if not self.tracker.observe(order):
            self.failure = "the venue's answers are older than what is known"
            return Reading.STALE
        self.order = order
        return Reading.FRESH

    async def _cancel(self) -> None:
        try:
            await self.requests.cancel(self.client_order_id)
        except RequestsSpentError:
            raise
        except Exception as failure:  # noqa: BLE001 - whatever it is, the next look tells what became of the order
            self.failure = type(failure).__name__

    async def _is_sure(self) -> bool:
        """Hold a final state that leaves a remainder against the trades, and against a second look."""
        assert self.tracker is not None  # as it was read
        if self.tracker.remainder == 0:
            return True
        await self._ask_for_trades(self.tracker)
        if self.tracker.is_behind:
            return False
        seen = self.tracker.filled
        await self.clock.sleep(self.config.confirm_after)
        return await self.read() is Reading.FRESH and self.is_final and self.tracker.filled == seen

    async def _ask_for_trades(self, tracker: FillTracker) -> None:
        try:
            trades = await self.requests.trades(self.client_order_id)
            for trade in trades:
                if trade.get("order") is not None and str(trade["order"]) == tracker.order_id:
                    tracker.apply(trade)
        except RequestsSpentError:
            raise
        except Exception as failure:  # noqa: BLE001 - a second source that says nothing takes nothing from the first
            self.failure = type(failure).__name__
