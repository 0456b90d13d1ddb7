"""What the account holds, and the trades of an order."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from recoup import UnreadableAnswer
from recoup_ccxt.errors import NotOffered
from recoup_ccxt.exact import exact, exact_trade

if TYPE_CHECKING:
    from recoup_ccxt.lookup import Lookup
    from recoup_ccxt.steps import Steps

_PARTS = ("free", "used", "total")
_WITHOUT_POSITIONS = frozenset({"spot", "margin", None})


class Account:
    """The requests about one account. Keeps no state; thread-safe and task-safe as far as the client is."""

    def __init__(self, exchange: Any, lookup: Lookup) -> None:
        self._exchange = exchange
        self._lookup = lookup

    def order_trades(self, client_order_id: str, symbol: str | None) -> Steps[list[dict[str, Any]]]:
        """Find the order, then its trades; those of its market where the venue does not list them by order."""
        order = yield from self._lookup.find(client_order_id, symbol)
        if order is None:
            return []
        has = self._exchange.has
        if has.get("fetchOrderTrades") is True:
            trades = yield from self._lookup.ask(partial(self._exchange.fetch_order_trades, order["id"], symbol))
        elif has.get("fetchMyTrades"):
            trades = yield from self._lookup.ask(partial(self._exchange.fetch_my_trades, symbol))
        else:
            raise NotOffered(f"{self._exchange.id} tells no trades of an order")
        if not isinstance(trades, list) or not self._lookup.answered_with_json():
            raise UnreadableAnswer(f"{self._exchange.id} answered with something else than a list of trades")
        return [exact_trade(trade) for trade in trades if trade.get("order") in (order["id"], None)]

    def balances(self) -> Steps[dict[str, dict[str, Decimal]]]:
        """Return what is free, used and in total of each currency; what the venue leaves out is left out."""
        found = yield from self._lookup.ask(self._exchange.fetch_balance)
        if (
            not isinstance(found, Mapping)
            or found.get("info") in (None, "", {})
            or not self._lookup.answered_with_json()
        ):
            raise UnreadableAnswer(f"{self._exchange.id} answered with something else than balances")
        return {
            currency: {part: exact(held[part]) for part in _PARTS if held.get(part) is not None}
            for currency, held in found.items()
            if isinstance(held, Mapping) and "total" in held and currency not in (*_PARTS, "info", "debt")
        }

    def positions(self, symbol: str | None) -> Steps[list[dict[str, Any]]]:
        """Return the positions, short ones with a negative number of contracts; none on a spot market."""
        if not self._exchange.has.get("fetchPositions") or not self._may_have_positions(symbol):
            return []
        found = yield from self._lookup.ask(
            partial(self._exchange.fetch_positions, None if symbol is None else [symbol])
        )
        if not isinstance(found, list) or not self._lookup.answered_with_json():
            raise UnreadableAnswer(f"{self._exchange.id} answered with something else than a list of positions")
        return [{**position, "contracts": _signed(position)} for position in found]

    def _may_have_positions(self, symbol: str | None) -> bool:
        market = (self._exchange.markets or {}).get(symbol)
        if market is not None:
            return bool(market.get("contract"))
        return ":" in symbol if symbol else self._exchange.options.get("defaultType") not in _WITHOUT_POSITIONS


def _signed(position: Mapping[str, Any]) -> Any:
    contracts = exact(position.get("contracts"))
    return -abs(contracts) if isinstance(contracts, Decimal) and position.get("side") == "short" else contracts
