"""Public endpoints: the venue's time, its symbols and their prices."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from recoup_sim.answers import VenueError
from recoup_sim.maintenance import MaintenanceMode
from recoup_sim.markets import wire
from recoup_sim.orders import Side, required

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup_sim.exchange import Desk

_STATUS = {
    MaintenanceMode.CLOSED: "system maintenance",
    MaintenanceMode.CANCEL_ONLY: "cancel only",
    MaintenanceMode.POST_ONLY: "post only",
}
_DEPTH_QUANTITY = Decimal(10)
_DEFAULT_DEPTH = 100
_MAX_DEPTH = 5_000


def ping(desk: Desk, params: Mapping[str, str]) -> Any:  # noqa: ARG001 - the common signature
    """GET /api/v3/ping."""
    return {}


def server_time(desk: Desk, params: Mapping[str, str]) -> Any:  # noqa: ARG001 - the common signature
    """GET /api/v3/time."""
    return {"serverTime": desk.time.server_ms()}


def exchange_info(desk: Desk, params: Mapping[str, str]) -> Any:
    """GET /api/v3/exchangeInfo, of all symbols or of ``symbol`` or ``symbols``."""
    return {
        "timezone": "UTC",
        "serverTime": desk.time.server_ms(),
        "rateLimits": desk.gate.describe(),
        "exchangeFilters": [],
        "symbols": [desk.engine.market(symbol).describe() for symbol in _symbols(desk, params)],
    }


def no_symbols(desk: Desk, params: Mapping[str, str]) -> Any:  # noqa: ARG001 - the common signature
    """GET exchangeInfo of the derivatives markets, where nothing is listed."""
    return {"timezone": "UTC", "serverTime": desk.time.server_ms(), "rateLimits": [], "symbols": []}


def empty_list(desk: Desk, params: Mapping[str, str]) -> Any:  # noqa: ARG001 - the common signature
    """GET the margin pairs, of which there are none."""
    return []


def coins(desk: Desk, params: Mapping[str, str]) -> Any:  # noqa: ARG001 - the common signature
    """GET /sapi/v1/capital/config/getall: the coins, none of which can be deposited or withdrawn."""
    return [
        {
            "coin": asset,
            "name": asset,
            "isLegalMoney": False,
            "trading": True,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "free": wire(balance.free),
            "locked": wire(balance.locked),
            "networkList": [],
        }
        for asset, balance in desk.engine.balances().items()
    ]


def system_status(desk: Desk, params: Mapping[str, str]) -> Any:  # noqa: ARG001 - the common signature
    """GET /sapi/v1/system/status, which answers during maintenance too; announced windows are the simulator's own."""
    mode = desk.gate.mode()
    announced = [told for window in desk.announced if (told := window.describe(desk.time)) is not None]
    return {
        **({"status": 0, "msg": "normal"} if mode is None else {"status": 1, "msg": _STATUS[mode]}),
        **({"maintenance": announced} if announced else {}),
    }


def ticker_price(desk: Desk, params: Mapping[str, str]) -> Any:
    """GET /api/v3/ticker/price."""
    return _one_or_all(
        params, [{"symbol": symbol, "price": wire(desk.engine.prices[symbol])} for symbol in _symbols(desk, params)]
    )


def book_ticker(desk: Desk, params: Mapping[str, str]) -> Any:
    """GET /api/v3/ticker/bookTicker."""
    return _one_or_all(params, [_top_of_book(desk, symbol) for symbol in _symbols(desk, params)])


def ticker_24h(desk: Desk, params: Mapping[str, str]) -> Any:
    """GET /api/v3/ticker/24hr; the venue keeps no history, so the day is flat and without volume."""
    now = desk.time.server_ms()
    tickers = []
    for symbol in _symbols(desk, params):
        price = wire(desk.engine.prices[symbol])
        names = ("weightedAvgPrice", "prevClosePrice", "lastPrice", "openPrice", "highPrice", "lowPrice")
        zero = wire(Decimal(0))
        tickers.append(
            {
                **_top_of_book(desk, symbol),
                **dict.fromkeys(names, price),
                **dict.fromkeys(("priceChange", "priceChangePercent", "lastQty", "volume", "quoteVolume"), zero),
                "openTime": now - 86_400_000,
                "closeTime": now,
                "count": 0,
            }
        )
    return _one_or_all(params, tickers)


def depth(desk: Desk, params: Mapping[str, str]) -> Any:
    """GET /api/v3/depth: the venue's own quotes a tick either side, and the orders that rest."""
    symbol = required(params, "symbol")
    limit = params.get("limit", str(_DEFAULT_DEPTH))
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= _MAX_DEPTH:
        raise VenueError(-1100, f"Illegal parameter 'limit'; legal range is 1 to {_MAX_DEPTH}.")
    bid, ask = _quotes(desk, symbol)
    levels = {Side.BUY: {bid: _DEPTH_QUANTITY}, Side.SELL: {ask: _DEPTH_QUANTITY}}
    for order in desk.engine.open_orders(symbol):
        price = order.reserve_price
        side = levels[order.ticket.side]
        side[price] = side.get(price, Decimal(0)) + order.remaining
    return {
        "lastUpdateId": desk.time.server_ms(),
        "bids": _levels(levels[Side.BUY], int(limit), best_first_descending=True),
        "asks": _levels(levels[Side.SELL], int(limit), best_first_descending=False),
    }


def _levels(side: Mapping[Decimal, Decimal], limit: int, *, best_first_descending: bool) -> list[list[str]]:
    prices = sorted(side, reverse=best_first_descending)[:limit]
    return [[wire(price), wire(side[price])] for price in prices]


def _quotes(desk: Desk, symbol: str) -> tuple[Decimal, Decimal]:
    tick = desk.engine.market(symbol).tick_size
    price = desk.engine.prices[symbol]
    return price - tick, price + tick


def _top_of_book(desk: Desk, symbol: str) -> dict[str, str]:
    bid, ask = _quotes(desk, symbol)
    quantity = wire(_DEPTH_QUANTITY)
    return {"symbol": symbol, "bidPrice": wire(bid), "bidQty": quantity, "askPrice": wire(ask), "askQty": quantity}


def _symbols(desk: Desk, params: Mapping[str, str]) -> list[str]:
    if "symbol" in params:
        return [desk.engine.market(params["symbol"]).symbol]
    if "symbols" not in params:
        return list(desk.engine.markets)
    try:
        symbols = json.loads(params["symbols"])
    except json.JSONDecodeError:
        symbols = None
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise VenueError(-1100, "Illegal characters found in parameter 'symbols'.")
    return [desk.engine.market(symbol).symbol for symbol in symbols]


def _one_or_all(params: Mapping[str, str], entries: list[dict[str, Any]]) -> Any:
    return entries[0] if "symbol" in params else entries
