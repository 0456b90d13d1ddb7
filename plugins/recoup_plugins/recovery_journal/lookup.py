"""Asks the venue about an order that the journal knows from before."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import anyio
from attrs import frozen

from recoup import Operation, OperationKind

if TYPE_CHECKING:
    from recoup import Call, Host
    from recoup.ports import OrderPort
    from recoup_plugins.recovery_journal.config import RecoveryJournalConfig

_SHORTEST_LOOKUP = 5.0
"""Real seconds that one lookup may take in any case."""


class Answer(Enum):
    """What the venue said."""

    FOUND = "found"
    ABSENT = "absent"
    """It knew no such order, for as long as it had to."""
    NONE = "none"
    """Nothing conclusive."""


@frozen
class Lookup:
    """Where and for how long to ask. Belongs to one task.

    Attributes:
        host: makes the lookups as guarded calls.
        config: for how long.
        call: the call that is to send the order; has a client order id.
    """

    host: Host
    config: RecoveryJournalConfig
    call: Call

    async def run(self, settle_time: float) -> tuple[Answer, Any, str]:
        """Look until the order is found, was absent for the settle time, or the time is over.

        Args:
            settle_time: seconds for which every answer must be "no such order"; 0 for one answer.

        Returns:
            What was found, the order with FOUND, and one line about it.
        """
        operation = self.call.operation
        orders = operation.orders or self.host.venues.get(operation.key or self.call.component).orders
        if orders is None and operation.verify is None:
            return Answer.NONE, None, "no order port is registered for its venue"
        clock = self.host.clock
        end = clock.monotonic() + self._window()
        absent_since: float | None = None
        while True:
            asked = clock.monotonic()
            try:
                order = await self._ask(orders, end - asked)
            except Exception as failure:  # noqa: BLE001 - whatever a lookup raises, it says nothing of the order
                absent_since, detail = None, f"its lookup failed ({type(failure).__name__})"
            else:
                if order is not None:
                    return Answer.FOUND, order, "the venue has the order"
                detail = "the venue knows no such order"
                if settle_time <= asked - (absent_since if absent_since is not None else asked):
                    return Answer.ABSENT, None, detail
                if absent_since is None:
                    absent_since = clock.monotonic()
            if clock.monotonic() + self.config.poll_interval > end:
                return Answer.NONE, None, detail
            await clock.sleep(self.config.poll_interval)

    def _window(self) -> float:
        left = self.call.remaining(self.host.clock.monotonic())
        return self.config.lookup_timeout if left is None else min(self.config.lookup_timeout, max(left, 0.0))

    async def _ask(self, orders: OrderPort | None, left: float) -> Any:
        """Ask the port, or whatever the operation names where there is none; None where it did not happen."""
        operation = self.call.operation
        left = max(left, _SHORTEST_LOOKUP)
        lookup = Operation(
            kind=OperationKind.READ,
            key=operation.key,
            venue=operation.venue,
            symbol=operation.symbol,
            deadline=left,
        )
        function: Any = operation.verify
        words: tuple[Any, ...] = ()
        if orders is not None:
            function, words = orders.find_order, (operation.client_order_id, operation.symbol)
        with anyio.fail_after(left):  # real time, whatever the clock is: a client that hangs must not keep the caller
            found = await self.host.call(function, *words, component=self.call.component, operation=lookup)
        if orders is not None and found is not None and not (isinstance(found, Mapping) and found):
            raise TypeError(f"find_order must give an order or None, got {type(found).__name__}")
        return found
