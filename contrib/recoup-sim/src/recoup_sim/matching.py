"""Matching against a reference price: simple, and the same every time.

A limit order that crosses its symbol's reference price fills whole at that price; any other rests
until ``set_price`` moves the reference price across its limit, and then fills at its limit, or until
it is filled in part by hand.
"""

from __future__ import annotations

import enum
from collections import Counter
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from attrs import frozen

from recoup_sim.account import Account, Balance
from recoup_sim.answers import VenueError, duplicate_order, filter_failure, would_match
from recoup_sim.markets import DECIMALS, Market, invalid_symbol
from recoup_sim.orders import Order, OrderType, Side, Status, Ticket, TimeInForce, Trade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WIRE_STEP = Decimal(1).scaleb(-DECIMALS)


class ClientIdRule(enum.Enum):
    """Which client order ids a venue refuses as duplicates."""

    OPEN_ONLY = "open_only"
    """Those of open orders, as on Binance spot."""
    FOREVER = "forever"
    """All that it ever accepted."""
    NONE = "none"
    """None at all."""


@frozen(kw_only=True)
class Fill:
    """How much of a crossing order fills at once. A value, so safe to share between threads and tasks.

    Attributes:
        share: Of its quantity, above 0 to 1; the rest stays open.
        trades: In how many trades, as far as the lot allows.
    """

    share: Decimal = Decimal(1)
    trades: int = 1

    def quantities(self, whole: Decimal, step: Decimal) -> list[Decimal]:
        """Return the quantity of each trade, on the step; together the share of ``whole``, rounded down to it."""
        steps = int(whole * self.share // step)
        each, rest = divmod(steps, self.trades)
        counts = [each] * (self.trades - 1) + [each + rest]
        return [count * step for count in counts if count]


_WHOLE = Fill()


class MatchingEngine:
    """Order book, balances and trades of the venue. Neither thread- nor task-safe by itself: the exchange locks.

    Args:
        markets: The symbols listed.
        balances: Free amount of each asset at the start.
        fee_rate: Commission as a share of what a fill brings in.
        max_orders: How many orders the engine keeps; it refuses more, and forgets none.
        client_id_rule: Which client ids it refuses as duplicates.
    """

    def __init__(
        self,
        *,
        markets: Iterable[Market],
        balances: Mapping[str, Decimal],
        fee_rate: Decimal,
        max_orders: int,
        client_id_rule: ClientIdRule = ClientIdRule.OPEN_ONLY,
    ) -> None:
        self.markets = {market.symbol: market for market in markets}
        self.prices = {symbol: market.price for symbol, market in self.markets.items()}
        self.account = Account(balances)
        self._fee_rate = fee_rate
        self._max_orders = max_orders
        self._client_id_rule = client_id_rule
        self._orders: dict[int, Order] = {}
        self._orders_by_symbol: dict[str, list[Order]] = {symbol: [] for symbol in self.markets}
        self._trades_by_symbol: dict[str, list[Trade]] = {symbol: [] for symbol in self.markets}
        self._open: dict[int, Order] = {}
        self._open_by_client_id: Counter[str] = Counter()
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

    def submit(self, ticket: Ticket, *, time_ms: int, fill: Fill = _WHOLE) -> Order:
        """Accept an order, and fill it if it crosses.

        Args:
            ticket: What the client asked for.
            time_ms: The venue's time.
            fill: How much of it fills at once if it crosses.

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
            for quantity in fill.quantities(ticket.quantity, market.step_size):
                self._fill(order, quantity, reference, time_ms, maker=False)
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

    def fill(self, order: Order, quantity: Decimal, time_ms: int) -> Trade:
        """Fill a part of an open order at its limit.

        Raises:
            VenueError: -1013 for a quantity off the lot or above what remains.
        """
        if not 0 < quantity <= order.remaining or quantity % order.market.step_size:
            raise filter_failure("LOT_SIZE")
        return self._fill(order, quantity, order.reserve_price, time_ms, maker=True)

    def fill_resting(self, client_order_id: str, quantity: Decimal, time_ms: int) -> Trade:
        """As :meth:`fill`, of the newest order with this client id.

        Raises:
            VenueError: -2011 when it is not open.
        """
        order = self._latest_by_client_id.get(client_order_id)
        if order is None or not order.is_open:
            raise unknown_order()
        return self.fill(order, quantity, time_ms)

    def _check(self, ticket: Ticket, market: Market, reference: Decimal) -> None:
        if ticket.price is not None:
            market.check_price(ticket.price)
        market.check_quantity(ticket.quantity)
        market.check_notional(ticket.price or reference, ticket.quantity)
        if len(self._orders) >= self._max_orders:
            raise filter_failure("EXCHANGE_MAX_NUM_ORDERS")
        if self._is_taken(ticket.client_order_id):
            raise duplicate_order()
        if ticket.type is OrderType.LIMIT_MAKER and _crosses(ticket, reference):
            raise would_match()

    def _is_taken(self, client_order_id: str) -> bool:
        match self._client_id_rule:
            case ClientIdRule.OPEN_ONLY:
                return client_order_id in self._open_by_client_id
            case ClientIdRule.FOREVER:
                return client_order_id in self._latest_by_client_id
            case ClientIdRule.NONE:
                return False

    def _book(self, order: Order) -> None:
        client_order_id = order.ticket.client_order_id
        self._orders[order.order_id] = order
        self._orders_by_symbol[order.ticket.symbol].append(order)
        self._open[order.order_id] = order
        self._open_by_client_id[client_order_id] += 1
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
        self._open_by_client_id[ticket.client_order_id] -= 1
        if not self._open_by_client_id[ticket.client_order_id]:
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
