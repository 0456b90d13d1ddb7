"""The shapes in which the venue writes orders, trades and balances."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from recoup_sim.markets import wire

if TYPE_CHECKING:
    from recoup_sim.account import Balance
    from recoup_sim.orders import Order, Trade

ZERO = wire(Decimal(0))
"""Nought, as the venue writes it."""


def order_accepted(order: Order) -> dict[str, Any]:
    """Return the FULL answer to a new order."""
    return {**_order(order), "transactTime": order.updated_ms, "fills": [_fill(trade) for trade in order.trades]}


def order_cancelled(order: Order, client_order_id: str) -> dict[str, Any]:
    """Return the answer to a cancel, which carries the cancel's own client id."""
    return {
        **_order(order),
        "origClientOrderId": order.ticket.client_order_id,
        "clientOrderId": client_order_id,
        "transactTime": order.updated_ms,
    }


def order_queried(order: Order) -> dict[str, Any]:
    """Return an order as a query shows it."""
    return {
        **_order(order),
        "stopPrice": ZERO,
        "icebergQty": ZERO,
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.is_open,
        "origQuoteOrderQty": ZERO,
    }


def trade_listed(trade: Trade) -> dict[str, Any]:
    """Return a trade as ``myTrades`` shows it."""
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": wire(trade.price),
        "qty": wire(trade.quantity),
        "quoteQty": wire(trade.price * trade.quantity),
        "commission": wire(trade.commission),
        "commissionAsset": trade.commission_asset,
        "time": trade.time_ms,
        "isBuyer": trade.side.value == "BUY",
        "isMaker": trade.maker,
        "isBestMatch": True,
    }


def balance_listed(asset: str, balance: Balance) -> dict[str, str]:
    """Return a balance as ``account`` shows it."""
    return {"asset": asset, "free": wire(balance.free), "locked": wire(balance.locked)}


def _order(order: Order) -> dict[str, Any]:
    ticket = order.ticket
    return {
        "symbol": ticket.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": ticket.client_order_id,
        "price": wire(ticket.price or Decimal(0)),
        "origQty": wire(ticket.quantity),
        "executedQty": wire(order.filled),
        "cummulativeQuoteQty": wire(order.filled_quote),
        "status": order.status.value,
        "timeInForce": ticket.time_in_force.value,
        "type": ticket.type.value,
        "side": ticket.side.value,
    }


def _fill(trade: Trade) -> dict[str, Any]:
    return {
        "price": wire(trade.price),
        "qty": wire(trade.quantity),
        "commission": wire(trade.commission),
        "commissionAsset": trade.commission_asset,
        "tradeId": trade.trade_id,
    }
