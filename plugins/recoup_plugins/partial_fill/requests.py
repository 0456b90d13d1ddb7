"""The requests of one settlement, each a guarded call, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio
from attrs import define, evolve, field

from recoup import Exposure, Operation, OperationKind, TradePort

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from recoup import Host
    from recoup_plugins.partial_fill.settlement import Job


class RequestsSpentError(Exception):
    """A settlement has made as many requests as it may."""


@define(eq=False)
class Requests:
    """Asks the venue. Belongs to one settlement.

    Attributes:
        host: makes the calls, so that limits and outages during them are recovered too.
        job: what is settled.
        timeout: seconds that a lookup or a cancel may take.
        left: requests that may still be made.
    """

    host: Host
    job: Job
    timeout: float
    left: int
    _lists: tuple[str, ...] = field(default=("open_orders", "recent_orders"), init=False)

    async def find(self, client_order_id: str) -> Mapping[str, Any] | None:
        """Return an order as it is now, or None where the venue knows no such order by its id."""
        orders, symbol = self.job.orders, self.job.symbol
        found: Mapping[str, Any] | None = await self._ask(orders.find_order, client_order_id, symbol)
        if found is not None and not isinstance(found, Mapping):
            raise TypeError(f"find_order must give an order or None, got {type(found).__name__}")
        return found

    async def find_listed(self, client_order_id: str) -> Mapping[str, Any] | None:
        """Look among the open and the recent orders, since lookups by id may lag behind."""
        for name in self._lists:
            for order in await self._ask(getattr(self.job.orders, name), self.job.symbol):
                if order.get("clientOrderId") == client_order_id:
                    found: Mapping[str, Any] = order
                    return found
        return None

    async def trades(self, client_order_id: str) -> list[Mapping[str, Any]]:
        """Return the trades of an order and maybe of others; none where the port can't tell."""
        orders = self.job.orders
        if not isinstance(orders, TradePort):
            return []
        return list(await self._ask(orders.order_trades, client_order_id, self.job.symbol))

    async def cancel(self, client_order_id: str) -> None:
        """Cancel an order. What comes back is not looked at, since a fill may have been faster."""
        job = self.job
        operation = self._operation(OperationKind.CANCEL, client_order_id=client_order_id, deadline=self.timeout)
        self._count()
        with anyio.fail_after(self.timeout):  # in real time, whatever the clock is
            await self.host.call(
                job.orders.cancel_order, client_order_id, job.symbol, component=job.component, operation=operation
            )

    async def submit_child(self, submit: Callable[..., Any], child: str, amount: Decimal, deadline: float) -> None:
        """Submit a part of what remains, as an intent of its own that whatever protects orders protects."""
        job, whole = self.job, self.job.operation.exposure
        assert whole is not None  # else nothing is completed
        exposure: Exposure = evolve(whole, amount=amount)
        operation = self._operation(
            OperationKind.SUBMIT,
            client_order_id=child,
            parent=job.client_order_id,
            exposure=exposure,
            deadline=deadline,
            reduces_risk=job.operation.reduces_risk,
            still_wanted=job.operation.still_wanted,
        )
        self._count()
        terms = (child, exposure.symbol, exposure.side, amount, exposure.price)
        await self.host.call(submit, *terms, component=job.component, operation=operation)

    def _operation(self, kind: OperationKind, **fields: Any) -> Operation:
        own = self.job.operation
        return Operation(
            kind=kind, key=self.job.key, symbol=self.job.symbol, orders=own.orders, venue=own.venue, **fields
        )

    async def _ask(self, question: Callable[..., Any], *args: Any) -> Any:
        self._count()
        operation = Operation(kind=OperationKind.READ, key=self.job.key, symbol=self.job.symbol, deadline=self.timeout)
        with anyio.fail_after(self.timeout):  # in real time, whatever the clock is
            return await self.host.call(question, *args, component=self.job.component, operation=operation)

    def _count(self) -> None:
        if self.left <= 0:
            raise RequestsSpentError
        self.left -= 1
