"""Which endpoints the venue has, what each weighs, and who may call it.

Weights are those of Binance's spot API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from recoup_sim import market_routes, order_routes
from recoup_sim.faults import RequestKind

if TYPE_CHECKING:
    from recoup_sim.exchange import Desk

Handler = Callable[["Desk", Mapping[str, str]], Any]
Weight = Callable[[Mapping[str, str]], int]

_DEPTH_WEIGHTS = ((100, 5), (500, 25), (1_000, 50))
_DEEPEST_WEIGHT = 250


@frozen(kw_only=True)
class Route:
    """One endpoint. A value, so safe to share between threads and tasks.

    Attributes:
        handler: Makes the JSON body; None for new orders, which the exchange takes itself because faults reach into it.
        weight: Request weight by parameters.
        signed: Whether key, signature and timestamp are checked.
        kind: What it does to orders; None when faults per request leave it alone.
        always_open: Whether it answers during bans, limits and maintenance.
    """

    handler: Handler | None
    weight: Weight
    signed: bool = False
    kind: RequestKind | None = None
    always_open: bool = False


def _flat(weight: int) -> Weight:
    return lambda _: weight


def _per_symbol(one: int, every: int) -> Weight:
    return lambda params: one if "symbol" in params else every


def _depth(params: Mapping[str, str]) -> int:
    limit = params.get("limit", "100")
    if not limit.isdigit():
        return _DEPTH_WEIGHTS[0][1]
    return next((weight for up_to, weight in _DEPTH_WEIGHTS if int(limit[:9]) <= up_to), _DEEPEST_WEIGHT)


def _query(handler: Handler, weight: Weight) -> Route:
    return Route(handler=handler, weight=weight, signed=True, kind=RequestKind.QUERY)


def _cancel(handler: Handler) -> Route:
    return Route(handler=handler, weight=_flat(1), signed=True, kind=RequestKind.CANCEL)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v3/ping"): Route(handler=market_routes.ping, weight=_flat(1)),
    ("GET", "/api/v3/time"): Route(handler=market_routes.server_time, weight=_flat(1)),
    ("GET", "/api/v3/exchangeInfo"): Route(handler=market_routes.exchange_info, weight=_flat(20)),
    ("GET", "/api/v3/ticker/price"): Route(handler=market_routes.ticker_price, weight=_per_symbol(2, 4)),
    ("GET", "/api/v3/ticker/bookTicker"): Route(handler=market_routes.book_ticker, weight=_per_symbol(2, 4)),
    ("GET", "/api/v3/ticker/24hr"): Route(handler=market_routes.ticker_24h, weight=_per_symbol(2, 80)),
    ("GET", "/api/v3/depth"): Route(handler=market_routes.depth, weight=_depth),
    ("GET", "/api/v3/account"): Route(handler=order_routes.account, weight=_flat(20), signed=True),
    ("POST", "/api/v3/order"): Route(handler=None, weight=_flat(1), signed=True, kind=RequestKind.SUBMIT),
    ("GET", "/api/v3/order"): _query(order_routes.query_order, _flat(4)),
    ("GET", "/api/v3/openOrders"): _query(order_routes.open_orders, _per_symbol(6, 80)),
    ("GET", "/api/v3/allOrders"): _query(order_routes.all_orders, _flat(20)),
    ("GET", "/api/v3/myTrades"): _query(order_routes.my_trades, _flat(20)),
    ("DELETE", "/api/v3/order"): _cancel(order_routes.cancel_order),
    ("DELETE", "/api/v3/openOrders"): _cancel(order_routes.cancel_open_orders),
    ("GET", "/sapi/v1/system/status"): Route(handler=market_routes.system_status, weight=_flat(1), always_open=True),
    ("GET", "/sapi/v1/capital/config/getall"): Route(handler=market_routes.coins, weight=_flat(10), signed=True),
    ("GET", "/sapi/v1/margin/allPairs"): Route(handler=market_routes.empty_list, weight=_flat(1), signed=True),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): Route(
        handler=market_routes.empty_list, weight=_flat(10), signed=True
    ),
    ("GET", "/fapi/v1/exchangeInfo"): Route(handler=market_routes.no_symbols, weight=_flat(1)),
    ("GET", "/dapi/v1/exchangeInfo"): Route(handler=market_routes.no_symbols, weight=_flat(1)),
}
"""Every endpoint, by method and path."""
