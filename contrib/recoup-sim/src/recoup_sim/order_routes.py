"""Signed endpoints: orders, trades and the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recoup_sim import wire
from recoup_sim.answers import VenueError
from recoup_sim.markets import wire as amount_text
from recoup_sim.matching import unknown_order
from recoup_sim.orders import Order, required

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup_sim.exchange import Desk

_DEFAULT_LIMIT = 500
_MAX_LIMIT = 1_000
_MAX_DIGITS = 18


def query_order(desk: Desk, params: Mapping[str, str]) -> Any:
    """GET /api/v3/order, by ``orderId`` or ``origClientOrderId``; -2013 when there is none."""
    order = find_order(desk, params)
    if order is None:
        raise VenueError(-2013, "Order does not exist.")
    return wire.order_queried(order)


def cancel_order(desk: Desk, params: Mapping[str, str]) -> Any:
    """DELETE /api/v3/order, by ``orderId`` or ``origClientOrderId``; -2011 when none is open."""
    order = _find_open(desk, params)
    if order is None:
        raise unknown_order()
    desk.engine.cancel(order, desk.time.server_ms())
    return wire.order_cancelled(order, params.get("newClientOrderId", f"cancel{order.order_id}"))


def cancel_open_orders(desk: Desk, params: Mapping[str, str]) -> Any:
    """DELETE /api/v3/openOrders of one symbol; -2011 when none is open."""
    orders = desk.engine.open_orders(desk.engine.market(required(params, "symbol")).symbol)
    if not orders:
        raise unknown_order()
    for order in orders:
        desk.engine.cancel(order, desk.time.server_ms())
    return [wire.order_cancelled(order, f"cancel{order.order_id}") for order in orders]


def open_orders(desk: Desk, params: Mapping[str, str]) -> Any:
    """GET /api/v3/openOrders, of one symbol or all."""
    symbol = params.get("symbol")
    if symbol is not None:
        desk.engine.market(symbol)
    return [wire.order_queried(order) for order in desk.engine.open_orders(symbol)]


def all_orders(desk: Desk, params: Mapping[str, str]) -> Any:
    """GET /api/v3/allOrders: open and closed ones of a symbol, oldest first."""
    orders = desk.engine.orders(required(params, "symbol"))
    from_id = _integer(params, "orderId")
    start, end = _integer(params, "startTime"), _integer(params, "endTime")
    chosen = [
        order
        for order in orders
        if (from_id is None or order.order_id >= from_id) and _within(order.created_ms, start, end)
    ]
    page = chosen[: _limit(params)] if from_id is not None or start is not None else chosen[-_limit(params) :]
    return [wire.order_queried(order) for order in page]


def my_trades(desk: Desk, params: Mapping[str, str]) -> Any:
    """GET /api/v3/myTrades: the account's trades of a symbol, oldest first."""
    trades = desk.engine.trades(required(params, "symbol"))
    order_id, from_id = _integer(params, "orderId"), _integer(params, "fromId")
    start, end = _integer(params, "startTime"), _integer(params, "endTime")
    chosen = [
        trade
        for trade in trades
        if (order_id is None or trade.order_id == order_id)
        and (from_id is None or trade.trade_id >= from_id)
        and _within(trade.time_ms, start, end)
    ]
    page = chosen[: _limit(params)] if from_id is not None or start is not None else chosen[-_limit(params) :]
    return [wire.trade_listed(trade) for trade in page]


def account(desk: Desk, params: Mapping[str, str]) -> Any:  # noqa: ARG001 - the common signature
    """GET /api/v3/account: the balances."""
    rate = amount_text(desk.fee_rate)
    return {
        "makerCommission": int(desk.fee_rate * 10_000),
        "takerCommission": int(desk.fee_rate * 10_000),
        "commissionRates": {"maker": rate, "taker": rate, "buyer": wire.ZERO, "seller": wire.ZERO},
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "updateTime": desk.time.server_ms(),
        "accountType": "SPOT",
        "balances": [wire.balance_listed(asset, balance) for asset, balance in desk.engine.balances().items()],
        "permissions": ["SPOT"],
    }


def client_order_id(desk: Desk, params: Mapping[str, str]) -> str | None:
    """Return the client id of the order that a request concerns; None when it names none that is known."""
    named = params.get("newClientOrderId") if "side" in params else params.get("origClientOrderId")
    if named:
        return named
    if "orderId" not in params or params.get("symbol") not in desk.engine.markets:
        return None
    try:
        order = find_order(desk, params)
    except VenueError:
        return None
    return order.ticket.client_order_id if order is not None else None


def find_order(desk: Desk, params: Mapping[str, str]) -> Order | None:
    """Return the order that a request names by ``orderId`` or ``origClientOrderId``, if the venue has it.

    Raises:
        VenueError: -1102, -1100 or -1121 for parameters that name none.
    """
    symbol = required(params, "symbol")
    order_id, named = _integer(params, "orderId"), params.get("origClientOrderId")
    if order_id is None and not named:
        raise VenueError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    return desk.engine.find(symbol, order_id, named)


def _find_open(desk: Desk, params: Mapping[str, str]) -> Order | None:
    order = find_order(desk, params)
    return order if order is not None and order.is_open else None


def _within(time_ms: int, start: int | None, end: int | None) -> bool:
    return (start is None or time_ms >= start) and (end is None or time_ms <= end)


def _limit(params: Mapping[str, str]) -> int:
    limit = _integer(params, "limit")
    if limit is None:
        return _DEFAULT_LIMIT
    if not 1 <= limit <= _MAX_LIMIT:
        raise VenueError(-1100, f"Illegal parameter 'limit'; legal range is 1 to {_MAX_LIMIT}.")
    return limit


def _integer(params: Mapping[str, str], name: str) -> int | None:
    text = params.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        raise VenueError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")
    return int(text)
