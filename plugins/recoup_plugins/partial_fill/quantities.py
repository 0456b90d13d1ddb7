"""Quantities as venues give them, exactly."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def quantity(value: Any, name: str) -> Decimal:
    """Return an amount as a decimal number.

    Args:
        value: a Decimal, its text, or a whole number.
        name: what it is, for the error.

    Raises:
        TypeError: it is a float, which has lost digits already, or no number at all.
        ValueError: it is no number, not finite or negative.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        raise TypeError(f"{name} takes a Decimal or its text, got the {type(value).__name__} {value!r}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{name} must be a decimal number, got {value!r}") from None
    if not number.is_finite() or number < 0:
        raise ValueError(f"{name} must be finite and not negative, got {value!r}")
    return number


def filled_of(order: Mapping[str, Any]) -> Decimal:
    """Return the cumulative filled quantity of an order: ``filled``, or ``amount`` less ``remaining``.

    Raises:
        TypeError: as :func:`quantity`; it is not inferred from anything else, such as a status.
        ValueError: as :func:`quantity`.
    """
    if order.get("filled") is None and order.get("remaining") is not None:
        return quantity(order.get("amount"), "amount") - quantity(order["remaining"], "remaining")
    return quantity(order.get("filled"), "filled")
