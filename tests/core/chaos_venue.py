"""A venue that fails in every way, in virtual time. What it has executed is the truth."""

from __future__ import annotations

import asyncio
import selectors
from datetime import UTC, datetime, timedelta

import anyio
from attrs import define, field

from recoup import FailureReason

LATENCY = 0.05
SENDS = ["ok", "lost_before", "lost_after", "garbage", "late", "hang_before", "hang_after", "no_funds", "limited"]
LOOKUPS = ["ok", "ok", "fail", "hang", "limited"]
CANCELS = ["ok", "lost_before", "lost_after", "limited"]
REFUSALS = {"no_funds": FailureReason.INSUFFICIENT_FUNDS, "limited": FailureReason.RATE_LIMITED}


class VenueError(Exception):
    def __init__(self, reason, *, known):
        super().__init__(reason.value)
        self.reason, self.known = reason, known


class VirtualClock:
    """The time of the event loop, which jumps to the next timer whenever nothing is left to do."""

    def monotonic(self):
        return anyio.current_time()

    def now(self):
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=anyio.current_time())

    async def sleep(self, seconds):
        await anyio.sleep(max(0.0, seconds))

    def sleep_sync(self, seconds):
        raise AssertionError("nothing here is synchronous")


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers are due as soon as nothing else is ready."""

    class Selector(selectors.SelectSelector):
        waited = 0.0

        def select(self, timeout=None):
            if timeout is None:
                raise AssertionError("everything waits for something that never comes")
            events = super().select(0)
            if not events:
                self.waited += max(0.0, timeout)
            return events

    def __init__(self):
        self._selector_of_time = self.Selector()
        super().__init__(self._selector_of_time)

    def time(self):
        return self._selector_of_time.waited


@define(eq=False)
class Send:
    """One request for an order, and when the venue executes it, if it does."""

    client_id: str
    sent: float
    due: float
    order: dict | None = None
    is_duplicate: bool = False


@define(eq=False)
class Venue:
    """Executes orders at once, or late, or not. What it has executed is the truth."""

    id_rule: str
    fills: bool
    id_lag: float
    list_lag: float
    late: float
    send_faults: list = field(factory=list)
    lookup_faults: list = field(factory=list)
    cancel_faults: list = field(factory=list)
    pending: list = field(factory=list)
    executed: list = field(factory=list)
    archived: set = field(factory=set)
    requests: int = 0

    @property
    def client_id_rule(self):
        return self.id_rule

    def executions(self, client_id):
        return [send for send in self.executed if send.client_id == client_id]

    def catch_up(self):
        now = anyio.current_time()
        for send in sorted(self.pending, key=lambda send: send.due):
            if send.due <= now:
                self.pending.remove(send)
                self._execute(send)

    def _execute(self, send):
        earlier = [other.order for other in self.executions(send.client_id)]
        is_open = any(order["status"] == "open" for order in earlier)
        if (earlier and self.id_rule == "forever") or (is_open and self.id_rule == "open_only"):
            send.is_duplicate = True
            return
        status = "closed" if self.fills else "open"
        send.order = {"id": str(len(self.executed) + 1), "clientOrderId": send.client_id, "status": status}
        self.executed.append(send)

    async def _arrive(self):
        self.requests += 1
        await anyio.sleep(LATENCY)
        self.catch_up()

    async def submit(self, client_id):
        fault = self.send_faults.pop(0) if self.send_faults else "ok"
        now = anyio.current_time()
        send = Send(client_id, sent=now, due=now + LATENCY + (self.late if fault == "late" else 0.0))
        if fault not in {"lost_before", "hang_before", *REFUSALS}:
            self.pending.append(send)
        await self._arrive()
        if fault in REFUSALS:
            raise VenueError(REFUSALS[fault], known=True)
        if fault in {"lost_before", "late"}:
            raise VenueError(FailureReason.CONNECTION_LOST, known=False)
        if fault in {"hang_before", "hang_after"}:
            await anyio.sleep_forever()
        await anyio.sleep(LATENCY)
        if fault == "lost_after":
            raise VenueError(FailureReason.SERVER_ERROR, known=False)
        if fault == "garbage":
            raise VenueError(FailureReason.BAD_RESPONSE, known=False)
        if send.is_duplicate:
            raise VenueError(FailureReason.DUPLICATE_ORDER, known=True)
        return dict(send.order)

    async def find_order(self, client_order_id, symbol):
        found = await self._looked_up(self.id_lag)
        return next((order for order in found if order["clientOrderId"] == client_order_id), None)

    async def open_orders(self, symbol):
        return [order for order in await self._looked_up(self.list_lag) if order["status"] == "open"]

    async def recent_orders(self, symbol):
        return [order for order in await self._looked_up(self.list_lag) if order["status"] != "open"]

    async def order_trades(self, client_order_id, symbol):
        found = await self._looked_up(self.list_lag)
        return [{"id": f"t{order['id']}", "order": order["id"]} for order in found if order["status"] == "closed"]

    async def cancel_order(self, client_order_id, symbol):
        fault = self.cancel_faults.pop(0) if self.cancel_faults else "ok"
        await self._arrive()
        if fault == "limited":
            raise VenueError(FailureReason.RATE_LIMITED, known=True)
        resting = [send.order for send in self.executions(client_order_id) if send.order["status"] == "open"]
        if fault != "lost_before":
            for order in resting:
                order["status"] = "canceled"
        if fault in {"lost_before", "lost_after"}:
            raise VenueError(FailureReason.CONNECTION_LOST, known=False)
        if not resting:
            raise VenueError(FailureReason.ORDER_NOT_FOUND, known=True)
        return dict(resting[0])

    async def _looked_up(self, lag):
        fault = self.lookup_faults.pop(0) if self.lookup_faults else "ok"
        await self._arrive()
        if fault == "hang":
            await anyio.sleep_forever()
        if fault == "fail":
            raise VenueError(FailureReason.CONNECTION_FAILED, known=True)
        if fault == "limited":
            raise VenueError(FailureReason.RATE_LIMITED, known=True)
        visible_since = anyio.current_time() - lag
        visible = [send for send in self.executed if send.due <= visible_since and send.client_id not in self.archived]
        found = [dict(send.order) for send in visible]
        await anyio.sleep(LATENCY)
        return found
