"""ccxt's numbers as decimals."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_ORDER_QUANTITIES = ("amount", "filled", "remaining", "price", "average", "cost")
_TRADE_QUANTITIES = ("amount", "price", "cost")


def exact(value: Any) -> Any:
    """Turn one of ccxt's numbers into a decimal; what is none of them stays as it is.

    ccxt reads the venue's decimal text into a float, whose shortest notation gives up to 15 significant digits back
    just as they were (IEEE 754 binary64). An application that needs more sets ``exchange.number = str``, and the text
    comes through here digit by digit.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, str) and value:
        return Decimal(value)
    return value


def exact_order(order: Any) -> Any:
    """Return an order with decimals for its quantities; what is no order stays as it is."""
    return _with_decimals(order, _ORDER_QUANTITIES)


def exact_trade(trade: Any) -> Any:
    """Return a trade with decimals for its quantities."""
    return _with_decimals(trade, _TRADE_QUANTITIES)


def _with_decimals(found: Any, names: tuple[str, ...]) -> Any:
    if not isinstance(found, Mapping):
        return found
    return {**found, **{name: exact(found[name]) for name in names if name in found}}
