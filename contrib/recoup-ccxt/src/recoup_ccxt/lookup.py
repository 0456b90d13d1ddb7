"""Finding an order by its client order id: by itself, among the open ones, among the final ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from recoup import FailureReason
from recoup.errors import OrderNotVerifiable, UnreadableAnswer
from recoup_ccxt.exact import exact_order
from recoup_ccxt.exception_table import ccxt_class
from recoup_ccxt.judgement import judge
from recoup_ccxt.message import Message
from recoup_ccxt.responses import ResponseTap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup_ccxt.client_ids import IdProfile
    from recoup_ccxt.steps import Request, Steps

Order = dict[str, Any]

_FINAL = frozenset({"closed", "canceled", "cancelled", "rejected", "expired"})


class Lookup:
    """The requests that find orders at one venue. Keeps no state; thread-safe and task-safe as far as the client is."""

    def __init__(self, exchange: Any, profile: IdProfile) -> None:
        self._exchange = exchange
        self._tap = ResponseTap.of(exchange)
        self._profile = profile

    def find(self, client_order_id: str, symbol: str | None) -> Steps[Order | None]:
        """Return the order, or None only where the venue itself searched for the id and found nothing.

        Where it searches in one request, that is all: its lists cost many times the weight, and whoever has to be sure
        asks for them once.
        """
        wanted = self._profile.sent(client_order_id)
        if self._profile.lookup is not None:
            return (yield from self._direct(wanted, symbol))
        params = {self._profile.filter: wanted} if self._profile.filter is not None else {}
        for steps in (self.open_orders(symbol, params), self.recent_orders(symbol, params)):
            orders = yield from steps
            for order in orders:
                if order.get("clientOrderId") == wanted:
                    return order
        if not self._profile.conclusive:
            raise OrderNotVerifiable(
                f"{self._exchange.id}: order {client_order_id} is not among the open and recent orders, but this venue "
                "offers no search by client order id through ccxt, so it may exist all the same: check it by hand"
            )
        return None

    def open_orders(self, symbol: str | None, params: Mapping[str, Any]) -> Steps[list[Order]]:
        """Return the resting orders; none where ccxt offers no way to ask."""
        if not self._exchange.has.get("fetchOpenOrders"):
            return []
        orders = yield from self.ask(partial(self._exchange.fetch_open_orders, symbol, None, None, dict(params)))
        return self._readable(orders)

    def recent_orders(self, symbol: str | None, params: Mapping[str, Any]) -> Steps[list[Order]]:
        """Return the final orders of the last while, as far back as the venue's default goes."""
        collected: list[Order] = []
        for method in self._sources():
            orders = yield from self.ask(partial(method, symbol, None, None, dict(params)))
            collected.extend(order for order in self._readable(orders) if order.get("status") in _FINAL)
        return collected

    def by_own_id(self, order_id: str, symbol: str | None) -> Steps[Order | None]:
        """Return the order that the venue knows under its own id, or None where it knows none."""
        return (yield from self._fetch(partial(self._exchange.fetch_order, order_id, symbol), order_id, symbol))

    def _direct(self, wanted: str, symbol: str | None) -> Steps[Order | None]:
        request = partial(self._exchange.fetch_order, wanted, symbol, {self._profile.lookup: wanted})
        order = yield from self._fetch(request, wanted, symbol)
        return order if order is not None and order.get("clientOrderId") in (wanted, None) else None

    def _fetch(self, request: Request, wanted: str, symbol: str | None) -> Steps[Order | None]:
        try:
            order = yield from self.ask(request)
        except Exception as error:
            name = ccxt_class(error)
            if name == "ArgumentsRequired":
                raise OrderNotVerifiable(
                    f"{self._exchange.id} can't look up order {wanted} with symbol {symbol!r}: "
                    "give the operation its symbol"
                ) from error
            if name is None or judge(error, name, Message.of(error)).reason is not FailureReason.ORDER_NOT_FOUND:
                raise
            return None
        self._check(order)
        found: Order = exact_order(order)
        return found

    def ask(self, request: Request) -> Steps[Any]:
        """Make a request; ccxt's parsers stumble over bodies of another shape with errors of their own."""
        try:
            return (yield request)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise UnreadableAnswer(f"{self._exchange.id} answered a lookup with what ccxt can't read") from error

    def _sources(self) -> list[Any]:
        has = self._exchange.has
        if has.get("fetchOrders") is True:
            return [self._exchange.fetch_orders]
        if has.get("fetchCanceledAndClosedOrders") is True:
            return [self._exchange.fetch_canceled_and_closed_orders]
        sources = []
        if has.get("fetchClosedOrders"):
            sources.append(self._exchange.fetch_closed_orders)
        if has.get("fetchCanceledOrders"):
            sources.append(self._exchange.fetch_canceled_orders)
        return sources

    def answered_with_json(self) -> bool:
        """Say whether the latest answer was any: ccxt makes an empty list of a page, as if there were nothing."""
        opening = None if self._tap is None else self._tap.opening
        return opening is None or opening[:1] in ("{", "[")

    def _readable(self, orders: Any) -> list[Order]:
        if not isinstance(orders, list) or not self.answered_with_json():
            raise UnreadableAnswer(f"{self._exchange.id} answered with something else than a list of orders")
        for order in orders:
            self._check(order)
        return [exact_order(order) for order in orders]

    def _check(self, order: Any) -> None:
        if not isinstance(order, dict) or order.get("id") is None:
            raise UnreadableAnswer(f"{self._exchange.id} answered a lookup without an order id")
