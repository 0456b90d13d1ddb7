"""Differences between two pictures of one account. Pure functions; quantities are decimals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import frozen

from recoup import Drift

Order = Mapping[str, Any]


@frozen(kw_only=True)
class Picture:
    """What one side says of an account. Immutable.

    Attributes:
        orders: open orders by client order id; None where this side can't say.
        positions: contracts by market, without those that are zero; None where this side can't say.
        balances: totals by currency, without those that are zero; None where this side can't say.
    """

    orders: Mapping[str, Order] | None = None
    positions: Mapping[str, Decimal] | None = None
    balances: Mapping[str, Decimal] | None = None


def by_client_id(orders: Sequence[Order]) -> dict[str, Order]:
    """Return orders by their client order id; one without any goes by the venue's own id."""
    return {str(order.get("clientOrderId") or order.get("id")): order for order in orders}


def by_symbol(positions: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Return the contracts held by market; what is zero is no position.

    Raises:
        ValueError: a quantity is no number.
    """
    held: dict[str, Decimal] = {}
    for position in positions:
        symbol = str(position["symbol"])
        held[symbol] = held.get(symbol, Decimal(0)) + decimal(position.get("contracts"))
    return {symbol: contracts for symbol, contracts in held.items() if contracts}


def by_currency(balances: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return the totals held by currency; what is zero is not held, and what has no ``total`` is no balance.

    Raises:
        ValueError: a quantity is no number.
    """
    totals = {
        currency: decimal(balance["total"])
        for currency, balance in balances.items()
        if isinstance(balance, Mapping) and "total" in balance
    }
    return {currency: total for currency, total in totals.items() if total}


def decimal(value: Any) -> Decimal:
    """Return a quantity as it was written; None is zero.

    Raises:
        ValueError: it is no number.
    """
    if value is None:
        return Decimal(0)
    try:
        found = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"a quantity must be a number, got {value!r}") from None
    if not found.is_finite():
        raise ValueError(f"a quantity must be finite, got {value!r}")
    return found


def differences(key: str, believed: Picture, actual: Picture) -> list[Drift]:
    """Return every difference that both sides can speak of; markets and ids in order."""
    found: list[Drift] = []
    if believed.orders is not None and actual.orders is not None:
        found += _order_drifts(key, believed.orders, actual.orders)
    for subject in ("position", "balance"):
        ours, theirs = getattr(believed, f"{subject}s"), getattr(actual, f"{subject}s")
        if ours is not None and theirs is not None:
            found += _quantity_drifts(key, subject, ours, theirs)
    return found


def _order_drifts(key: str, believed: Mapping[str, Order], actual: Mapping[str, Order]) -> list[Drift]:
    found = []
    for name in sorted(believed.keys() | actual.keys()):
        ours, theirs = believed.get(name), actual.get(name)
        if ours is None or theirs is None:
            symbol = (ours or theirs or {}).get("symbol")
            found.append(
                Drift(key=key, subject="order", symbol=symbol, client_order_id=name, believed=ours, actual=theirs)
            )
        elif decimal(ours.get("filled")) != decimal(theirs.get("filled")):
            found.append(
                Drift(
                    key=key,
                    subject="fill",
                    symbol=theirs.get("symbol"),
                    client_order_id=name,
                    believed=decimal(ours.get("filled")),
                    actual=decimal(theirs.get("filled")),
                )
            )
    return found


def _quantity_drifts(
    key: str, subject: str, believed: Mapping[str, Decimal], actual: Mapping[str, Decimal]
) -> list[Drift]:
    return [
        Drift(
            key=key,
            subject=subject,
            symbol=symbol,
            believed=believed.get(symbol, Decimal(0)),
            actual=actual.get(symbol, Decimal(0)),
        )
        for symbol in sorted(believed.keys() | actual.keys())
        if believed.get(symbol, Decimal(0)) != actual.get(symbol, Decimal(0))
    ]
