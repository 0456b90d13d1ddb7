"""Matching against a reference price: simple, and the same every time.

A limit order that crosses its symbol's reference price fills whole at that price; any other rests
until ``set_price`` moves the reference price across its limit, and then fills at its limit.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from recoup_sim.account import Account, Balance
from recoup_sim.answers import VenueError, filter_failure
from recoup_sim.markets import DECIMALS, Market, invalid_symbol
from recoup_sim.orders import Order, OrderType, Side, Status, Ticket, TimeInForce, Trade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WIRE_STEP = Decimal(1).scaleb(-DECIMALS)


class MatchingEngine:
    """Order book, balances and trades of the venue. Neither thread- nor task-safe by itself: the exchange locks.

    Args:
        markets: The symbols listed.
        balances: Free amount of each asset at the start.
        fee_rate: Commission as a share of what a fill brings in.
        max_orders: How many orders the engine keeps; it refuses more, and forgets none.
    """

    def __init__(
        self, *, markets: Iterable[Market], balances: Mapping[str, Decimal], fee_rate: Decimal, max_orders: int
    ) -> None:
        self.markets = {market.symbol: market for market in markets}
        self.prices = {symbol: market.price for symbol, market in self.markets.items()}
        self.account = Account(balances)
        self._fee_rate = fee_rate
        self._max_orders = max_orders
        self._orders: dict[int, Order] = {}
        self._orders_by_symbol: dict[str, list[Order]] = {symbol: [] for symbol in self.markets}
        self._trades_by_symbol: dict[str, list[Trade]] = {symbol: [] for symbol in self.markets}
        self._open: dict[int, Order] = {}
        self._open_by_client_id: dict[str, Order] = {}
        self._latest_by_client_id: dict[str, Order] = {}
        self._next_trade_id = 1

    def market(self, symbol: str) -> Market:
        """Return the market of ``symbol``.

        Raises:
            VenueError: -1121 when the venue doesn't list it.
        """
        try:
            return self.markets[symbol]
        except KeyError:
            raise invalid_symbol() from None

    def balances(self) -> dict[str, Balance]:
        """Return the balance of every asset held or listed, sorted by asset."""
        listed = {asset for market in self.markets.values() for asset in (market.base, market.quote)}
        return self.account.balances(listed)

    def submit(self, ticket: Ticket, *, time_ms: int, fill_share: Decimal = Decimal(1)) -> Order:
        """Accept an order, and fill it if it crosses.

        Args:
            ticket: What the client asked for.
            time_ms: The venue's time.
            fill_share: How much of a crossing order fills at once, above 0 to 1; the rest stays open.

        Raises:
            VenueError: -1121, -1013 or -2010; nothing was accepted then.
        """
        market = self.market(ticket.symbol)
        reference = self.prices[ticket.symbol]
        self._check(ticket, market, reference)
        reserve_price = ticket.price or reference
        self.account.lock(*_funding(market, ticket, ticket.quantity, reserve_price))
        order = Order(
            order_id=len(self._orders) + 1,
            ticket=ticket,
            market=market,
            reserve_price=reserve_price,
            created_ms=time_ms,
            updated_ms=time_ms,
        )
        self._book(order)
        if _crosses(ticket, reference):
            share = ticket.quantity * fill_share // market.step_size * market.step_size
            if share:
                self._fill(order, share, reference, time_ms, maker=False)
        if order.is_open and not _rests(ticket):
            self._end(order, Status.EXPIRED, time_ms)
        return order

    def cancel(self, order: Order, time_ms: int) -> None:
        """Take an open order off the book.

        Raises:
            VenueError: -2011 when it is not open.
        """
        if not order.is_open:
            raise unknown_order()
        self._end(order, Status.CANCELED, time_ms)

    def find(self, symbol: str, order_id: int | None, client_order_id: str | None) -> Order | None:
        """Return an order by its id, or the newest one by its client id; None when there is none."""
        self.market(symbol)
        if order_id is not None:
            order = self._orders.get(order_id)
        else:
            order = self._latest_by_client_id.get(client_order_id or "")
        return order if order is not None and order.ticket.symbol == symbol else None

    def open_orders(self, symbol: str | None) -> list[Order]:
        """Return open orders, oldest first; of all symbols when ``symbol`` is None."""
        return [order for order in self._open.values() if symbol in {None, order.ticket.symbol}]

    def orders(self, symbol: str) -> list[Order]:
        """Return every order of ``symbol``, oldest first."""
        self.market(symbol)
        return list(self._orders_by_symbol[symbol])

    def trades(self, symbol: str) -> list[Trade]:
        """Return every trade of ``symbol``, oldest first."""
        self.market(symbol)
        return list(self._trades_by_symbol[symbol])

    def set_price(self, symbol: str, price: Decimal, time_ms: int) -> list[Trade]:
        """Move the reference price, fill every resting order that it crosses, and return the fills.

        Raises:
            VenueError: -1121 or -1013 for a symbol or price that the venue doesn't know.
        """
        self.market(symbol).check_price(price)
        self.prices[symbol] = price
        fills = []
        for order in self.open_orders(symbol):
            if _crosses(order.ticket, price):
                assert order.ticket.price is not None, "a market order never rests"
                fills.append(self._fill(order, order.remaining, order.ticket.price, time_ms, maker=True))
        return fills

    def _check(self, ticket: Ticket, market: Market, reference: Decimal) -> None:
        if ticket.price is not None:
            market.check_price(ticket.price)
        market.check_quantity(ticket.quantity)
        market.check_notional(ticket.price or reference, ticket.quantity)
        if len(self._orders) >= self._max_orders:
            raise filter_failure("EXCHANGE_MAX_NUM_ORDERS")
        if ticket.client_order_id in self._open_by_client_id:
            raise VenueError(-2010, "Duplicate order sent.")
        if ticket.type is OrderType.LIMIT_MAKER and _crosses(ticket, reference):
            raise VenueError(-2010, "Order would immediately match and take.")

    def _book(self, order: Order) -> None:
        client_order_id = order.ticket.client_order_id
        self._orders[order.order_id] = order
        self._orders_by_symbol[order.ticket.symbol].append(order)
        self._open[order.order_id] = order
        self._open_by_client_id[client_order_id] = order
        self._latest_by_client_id[client_order_id] = order

    def _fill(self, order: Order, quantity: Decimal, price: Decimal, time_ms: int, *, maker: bool) -> Trade:
        ticket, market = order.ticket, order.market
        asset, locked = _funding(market, ticket, quantity, order.reserve_price)
        _, cost = _funding(market, ticket, quantity, price)
        self.account.spend(asset, cost)
        self.account.release(asset, locked - cost)
        gained, proceeds = (market.base, quantity) if ticket.side is Side.BUY else (market.quote, quantity * price)
        commission = (proceeds * self._fee_rate).quantize(_WIRE_STEP, rounding=ROUND_DOWN)
        self.account.receive(gained, proceeds - commission)
        trade = Trade(
            trade_id=self._next_trade_id,
            order_id=order.order_id,
            client_order_id=ticket.client_order_id,
            symbol=ticket.symbol,
            side=ticket.side,
            price=price,
            quantity=quantity,
            commission=commission,
            commission_asset=gained,
            time_ms=time_ms,
            maker=maker,
        )
        self._next_trade_id += 1
        order.trades.append(trade)
        self._trades_by_symbol[ticket.symbol].append(trade)
        if order.remaining == 0:
            self._end(order, Status.FILLED, time_ms)
        else:
            order.status, order.updated_ms = Status.PARTIALLY_FILLED, time_ms
        return trade

    def _end(self, order: Order, status: Status, time_ms: int) -> None:
        ticket = order.ticket
        if order.remaining:
            self.account.release(*_funding(order.market, ticket, order.remaining, order.reserve_price))
        order.status, order.updated_ms = status, time_ms
        del self._open[order.order_id]
        del self._open_by_client_id[ticket.client_order_id]


def unknown_order() -> VenueError:
    """Return the refusal to cancel an order that is not open (-2011)."""
    return VenueError(-2011, "Unknown order sent.")


def _crosses(ticket: Ticket, reference: Decimal) -> bool:
    if ticket.price is None:
        return True
    return ticket.price >= reference if ticket.side is Side.BUY else ticket.price <= reference


def _rests(ticket: Ticket) -> bool:
    return ticket.price is not None and ticket.time_in_force is TimeInForce.GTC


def _funding(market: Market, ticket: Ticket, quantity: Decimal, price: Decimal) -> tuple[str, Decimal]:
    if ticket.side is Side.BUY:
        return market.quote, quantity * price
    return market.base, quantity
