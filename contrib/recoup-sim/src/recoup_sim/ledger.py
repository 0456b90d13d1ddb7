"""What really happened at the venue: the truth that a bot's own account is held against."""

from __future__ import annotations

import threading
from collections import Counter, deque
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recoup_sim.orders import Order, Trade

BROKER_PREFIX = "x-"


def intent_of(client_order_id: str) -> str:
    """Return the intent that a client order id belongs to.

    A bot that sends one intent several times under different ids writes them ``<intent>-<rest>``: the
    intent is what stands before the first ``-``. An id without both parts is an intent by itself, and
    so is a broker id (``x-...``), which ccxt makes up when it is given none.

    >>> intent_of("a17-2"), intent_of("a17"), intent_of("x-TKT5PX2F1b2c")
    ('a17', 'a17', 'x-TKT5PX2F1b2c')
    """
    intent, _, rest = client_order_id.partition("-")
    if not intent or not rest or client_order_id.startswith(BROKER_PREFIX):
        return client_order_id
    return intent


@frozen(kw_only=True)
class ReceivedRequest:
    """A request as it came in, and what became of it. A value, so safe to share.

    Attributes:
        received_at: The clock's time.
        method: HTTP method.
        path: URL path, without the query.
        client_order_id: The order it names, where it names one by client id.
        status: HTTP status of the answer, also where a fault kept it back; 0 where the venue had none to give.
        fault: Kind of the fault that hit it, or None.
        window: ``"ban"``, ``"maintenance"``, ``"outage"`` or ``"rate_limited"`` when it came in during one, else None.
    """

    received_at: datetime
    method: str
    path: str
    client_order_id: str | None
    status: int
    fault: str | None
    window: str | None


@frozen(kw_only=True)
class AcceptedOrder:
    """An order that the venue really took. A value, so safe to share.

    Attributes:
        order_id: The venue's id.
        client_order_id: The client's id.
        intent: See :func:`intent_of`.
        symbol: For example ``BTCUSDT``.
        quantity: In base.
        price: Limit in quote per base; None for a market order.
        received_at: When the request came in.
        accepted_at: When the venue took the order; later than ``received_at`` for a late acceptance.
        fault: Kind of the fault that hit its request, or None.
        completes: Whether it asked for no more than the intent's earlier orders had left: these had ended, and what
            they had filled and it together are at most what the first of them was for. False for the first.
    """

    order_id: int
    client_order_id: str
    intent: str
    symbol: str
    quantity: Decimal
    price: Decimal | None
    received_at: datetime
    accepted_at: datetime
    fault: str | None
    completes: bool = False


@frozen(kw_only=True)
class Rejection:
    """An order that the venue refused. A value, so safe to share."""

    at: datetime
    client_order_id: str
    intent: str
    code: int
    message: str


@frozen(kw_only=True)
class BanEntry:
    """A ban handed out. A value, so safe to share.

    Attributes:
        at: The clock's time.
        seconds: Its length when it was handed out, before any extension.
    """

    at: datetime
    seconds: float


class Ledger:
    """Append-only record of requests, acceptances, fills, rejections and bans. Thread-safe and task-safe.

    Requests, rejections and bans are kept up to ``max_records`` each, oldest dropped first, and
    ``dropped`` counts what went; the counts per code and window stay exact. Acceptances and fills are
    never dropped: the matching engine bounds them by refusing orders.

    Args:
        max_records: How many requests, rejections and bans to keep, each.
    """

    def __init__(self, *, max_records: int = 100_000) -> None:
        self._lock = threading.Lock()
        self._requests: deque[ReceivedRequest] = deque(maxlen=max_records)
        self._rejections: deque[Rejection] = deque(maxlen=max_records)
        self._bans: deque[BanEntry] = deque(maxlen=max_records)
        self._accepted: list[AcceptedOrder] = []
        self._orders: dict[str, list[Order]] = {}
        self._filled: dict[str, Decimal] = {}
        self._totals: Counter[str] = Counter()
        self._during: Counter[str] = Counter()
        self._codes: Counter[int] = Counter()

    @property
    def requests(self) -> tuple[ReceivedRequest, ...]:
        """The requests received, oldest first."""
        with self._lock:
            return tuple(self._requests)

    @property
    def accepted(self) -> tuple[AcceptedOrder, ...]:
        """The orders really accepted, oldest first."""
        with self._lock:
            return tuple(self._accepted)

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """The orders refused, oldest first."""
        with self._lock:
            return tuple(self._rejections)

    @property
    def bans(self) -> tuple[BanEntry, ...]:
        """The bans handed out, oldest first."""
        with self._lock:
            return tuple(self._bans)

    @property
    def dropped(self) -> int:
        """How many requests, rejections and bans were dropped for want of room."""
        with self._lock:
            kept = len(self._requests) + len(self._rejections) + len(self._bans)
            return self._totals.total() - kept

    def requests_during(self, window: str) -> int:
        """Return how many requests came in during one kind of window.

        Args:
            window: ``"ban"``, ``"maintenance"``, ``"outage"`` or ``"rate_limited"``.
        """
        with self._lock:
            return self._during[window]

    def rejections_by_code(self) -> dict[int, int]:
        """Return how many orders were refused, by the venue's code."""
        with self._lock:
            return dict(self._codes)

    def accepted_by_intent(self) -> dict[str, tuple[AcceptedOrder, ...]]:
        """Return the accepted orders of each intent that has any."""
        by_intent: dict[str, list[AcceptedOrder]] = {}
        for order in self.accepted:
            by_intent.setdefault(order.intent, []).append(order)
        return {intent: tuple(orders) for intent, orders in by_intent.items()}

    def duplicates(self) -> dict[str, tuple[AcceptedOrder, ...]]:
        """Return the intents accepted more than once, with their orders.

        An order that completes what earlier ones had left (``completes``) is none too many.
        """
        return {
            intent: orders
            for intent, orders in self.accepted_by_intent().items()
            if sum(not order.completes for order in orders) > 1
        }

    def over_fills(self) -> dict[str, Decimal]:
        """Return by how much more was filled than the intent ordered, in base; only of intents with more.

        What an intent ordered is the quantity of its first accepted order; what is filled counts over all of them.
        """
        with self._lock:
            ordered = {intent: orders[0].ticket.quantity for intent, orders in self._orders.items()}
            return {
                intent: filled - ordered[intent] for intent, filled in self._filled.items() if filled > ordered[intent]
            }

    def missing(self, intents: Iterable[str]) -> tuple[str, ...]:
        """Return those of ``intents`` that were never accepted, in their order."""
        accepted = {order.intent for order in self.accepted}
        return tuple(intent for intent in intents if intent not in accepted)

    def filled_by_intent(self) -> dict[str, Decimal]:
        """Return the quantity filled for each intent that has fills, in base, over all its orders."""
        with self._lock:
            return dict(self._filled)

    def describe(self) -> dict[str, Any]:
        """Return the ledger as plain data for JSON; amounts are text, times ISO 8601, requests only counted."""
        accepted = self.accepted
        return {
            "requests": self.requests_by_kind(),
            "accepted": [_described(order) for order in accepted],
            "rejections": [_described(rejection) for rejection in self.rejections],
            "bans": [_described(ban) for ban in self.bans],
            "duplicates": {intent: len(orders) for intent, orders in self.duplicates().items()},
            "filled": {intent: exact(quantity) for intent, quantity in self.filled_by_intent().items()},
            "over_fills": {intent: exact(quantity) for intent, quantity in self.over_fills().items()},
            "requests_during": self.requests_by_window(),
            "dropped": self.dropped,
        }

    def requests_by_kind(self) -> dict[str, int]:
        """Return how many of the requests kept there are, by method and path."""
        return dict(Counter(f"{request.method} {request.path}" for request in self.requests))

    def requests_by_window(self) -> dict[str, int]:
        """Return how many requests came in during each kind of window that there was."""
        with self._lock:
            return dict(self._during)

    def record_request(self, request: ReceivedRequest) -> None:
        """Append a request."""
        with self._lock:
            self._requests.append(request)
            self._totals["requests"] += 1
            if request.window is not None:
                self._during[request.window] += 1

    def record_acceptance(
        self, order: Order, *, received_at: datetime, accepted_at: datetime, fault: str | None
    ) -> None:
        """Append an accepted order; its fills are recorded apart."""
        ticket = order.ticket
        intent = intent_of(ticket.client_order_id)
        with self._lock:
            earlier = self._orders.setdefault(intent, [])
            completes = _completes(order, earlier)
            earlier.append(order)
        entry = AcceptedOrder(
            order_id=order.order_id,
            client_order_id=ticket.client_order_id,
            intent=intent,
            symbol=ticket.symbol,
            quantity=ticket.quantity,
            price=ticket.price,
            received_at=received_at,
            accepted_at=accepted_at,
            fault=fault,
            completes=completes,
        )
        with self._lock:
            self._accepted.append(entry)

    def record_fills(self, trades: Iterable[Trade]) -> None:
        """Add fills to their intents."""
        with self._lock:
            for trade in trades:
                intent = intent_of(trade.client_order_id)
                self._filled[intent] = self._filled.get(intent, Decimal(0)) + trade.quantity

    def record_rejection(self, rejection: Rejection) -> None:
        """Append a refused order."""
        with self._lock:
            self._rejections.append(rejection)
            self._totals["rejections"] += 1
            self._codes[rejection.code] += 1

    def record_ban(self, ban: BanEntry) -> None:
        """Append a ban."""
        with self._lock:
            self._bans.append(ban)
            self._totals["bans"] += 1


def exact(amount: Decimal) -> str:
    """Return an amount in plain digits, without zeros at its end."""
    return f"{amount.normalize():f}"


def _described(entry: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(entry).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return exact(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _completes(order: Order, earlier: list[Order]) -> bool:
    if not earlier:
        return False
    wanted = earlier[0].ticket.quantity
    taken = sum((other.ticket.quantity if other.is_open else other.filled for other in earlier), Decimal(0))
    return taken + order.ticket.quantity <= wanted
