"""Asks the other side whether something has happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

import anyio
from attrs import define, field, frozen

from recoup import Operation, OperationKind, OrderNotVerifiable, Priority, TradePort

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Host
    from recoup.ports import OrderPort
    from recoup_plugins.order_submission.submission import Submission

_SHORTEST_LOOKUP = 5.0
"""A lookup that begins just before the window ends still gets a fair chance: an adopted order is worth the seconds."""
_CLOCK_SKEW = timedelta(seconds=60)
"""Venues refuse requests whose time is further off, so no trade of an order is dated earlier before its send."""
_NOT_VERIFIABLE_ENOUGH = 3
"""``OrderNotVerifiable`` is permanent by its meaning; so many in a row rule out that only one answer was odd."""
_LISTS = ("open_orders", "recent_orders")


class Finding(Enum):
    """What lookups came to."""

    FOUND = "found"
    ABSENT = "absent"
    UNRESOLVED = "unresolved"


@frozen
class Answer:
    """What one lookup came to. Immutable.

    Attributes:
        finding: as it says.
        order: with ``FOUND``, what was found.
    """

    finding: Finding
    order: Any = None


_ABSENT, _UNRESOLVED = Answer(Finding.ABSENT), Answer(Finding.UNRESOLVED)


@define(kw_only=True)
class Lookup:
    """The lookups of one submission, each a guarded call, so that limits and outages during it are recovered too.

    Belongs to one task at a time.

    Attributes:
        host: makes the calls.
        submission: what is looked up.
        count: lookups made.
        failure: class name of the last failed one's exception, or ``""``.
        has_trades: whether trades were seen that only this order can explain.
    """

    host: Host
    submission: Submission
    count: int = field(default=0, init=False)
    failure: str = field(default="", init=False)
    has_trades: bool = field(default=False, init=False)
    _not_verifiable: int = field(default=0, init=False)

    @property
    def is_hopeless(self) -> bool:
        """Whether the other side said often enough that it can't tell."""
        return self._not_verifiable >= _NOT_VERIFIABLE_ENOUGH

    async def look(self, left: float) -> Answer:
        """Ask once, for so many seconds at most; for a few in any case."""
        self.count += 1
        try:
            found = await self._find(left)
        except Exception as error:  # noqa: BLE001 - whatever a lookup raises, it says nothing of the order
            self._failed(error)
            return _UNRESOLVED
        self._not_verifiable = 0
        return _ABSENT if found is None else Answer(Finding.FOUND, found)

    async def cross_check(self, left: float) -> Answer:
        """Look among the open orders, the recent ones and the trades, since lookups by id may lag behind.

        What the port lacks is left out; the lists too, where ``find_order`` says that it ``searches_everywhere``.
        """
        orders = self.submission.orders
        if orders is None:
            return _ABSENT
        try:
            return await self._cross_check(orders, left)
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(error)
            return _UNRESOLVED

    async def _find(self, left: float) -> Any:
        operation, orders = self.submission.operation, self.submission.orders
        if orders is None:
            assert operation.verify is not None  # else it would not be looked up
            return await self._ask(operation.verify, left=left)
        found = await self._ask(orders.find_order, operation.client_order_id, operation.symbol, left=left)
        if found is not None and not (isinstance(found, Mapping) and found):
            raise TypeError(f"find_order must give an order or None, got {type(found).__name__}")
        return found

    async def _cross_check(self, orders: OrderPort, left: float) -> Answer:
        wanted = self.submission.operation.client_order_id
        listed: list[Mapping[str, Any]] | None = None
        if not getattr(orders, "searches_everywhere", False):
            listed = await self._listed(orders, left)
            for order in listed:
                if order.get("clientOrderId") == wanted:
                    return Answer(Finding.FOUND, order)
        if isinstance(orders, TradePort) and await self._has_unexplained_trades(orders, listed, left):
            self.failure, self.has_trades = "trade that belongs to no other order", True
            return _UNRESOLVED
        return _ABSENT

    async def _listed(self, orders: OrderPort, left: float) -> list[Mapping[str, Any]]:
        listed: list[Mapping[str, Any]] = []
        for name in _LISTS:
            method = getattr(orders, name, None)
            if method is not None:
                listed += _mappings(await self._ask(method, self.submission.operation.symbol, left=left), name)
        return listed

    async def _has_unexplained_trades(self, orders: Any, listed: list[Mapping[str, Any]] | None, left: float) -> bool:
        """Say whether a trade is this order's, or may be: since the send, and of no other order that is known."""
        operation = self.submission.operation
        earliest = (self.submission.sent_at - _CLOCK_SKEW).timestamp() * 1000
        answer = await self._ask(orders.order_trades, operation.client_order_id, operation.symbol, left=left)
        trades = [trade for trade in _mappings(answer, "order_trades") if not _is_before(trade, earliest)]
        ids = {trade.get("clientOrderId") for trade in trades}
        if operation.client_order_id in ids:
            return True
        nameless = [trade for trade in trades if trade.get("clientOrderId") is None]
        if nameless and listed is None:
            listed = await self._listed(orders, left)
        others = {order.get("id") for order in listed or () if order.get("id") is not None}
        return any(trade.get("order") not in others for trade in nameless)

    async def _ask(self, function: Callable[..., Any], *args: Any, left: float) -> Any:
        left = max(left, _SHORTEST_LOOKUP)
        operation = self.submission.operation
        lookup = Operation(
            kind=OperationKind.READ,
            key=operation.key,
            venue=operation.venue,
            symbol=operation.symbol,
            deadline=left,
            priority=Priority.HIGH,  # an order hangs on it
        )
        # In real time, whatever the clock is: a client that hangs must not keep the caller for ever.
        with anyio.fail_after(left):
            return await self.host.call(function, *args, component=self.submission.component, operation=lookup)

    def _failed(self, error: Exception) -> None:
        self.failure = type(error).__name__
        self._not_verifiable = self._not_verifiable + 1 if isinstance(error, OrderNotVerifiable) else 0


def _mappings(answer: Any, name: str) -> list[Mapping[str, Any]]:
    items = list(answer) if isinstance(answer, Iterable) and not isinstance(answer, Mapping | str) else None
    if items is None or not all(isinstance(item, Mapping) for item in items):
        raise TypeError(f"{name} must give a list of mappings, got {type(answer).__name__}")
    return items


def _is_before(trade: Mapping[str, Any], earliest: float) -> bool:
    when = trade.get("timestamp")
    return isinstance(when, int | float) and when < earliest
