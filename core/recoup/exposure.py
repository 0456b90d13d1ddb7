"""What orders of unknown outcome may have put at risk."""

from __future__ import annotations

import threading
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from attrs.validators import in_, instance_of, optional

if TYPE_CHECKING:
    from collections.abc import Callable


def _quantity(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            raise ValueError(f"an exposure's quantity must be a decimal number, got {value!r}") from None
    return value


def _is_quantity(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, Decimal):
        raise TypeError(
            f"Exposure.{attribute.name} takes a Decimal or its text, got the {type(value).__name__} {value!r}"
        )
    if not (value.is_finite() and value >= 0):
        raise ValueError(f"Exposure.{attribute.name} must be finite and not negative, got {value}")


@frozen(kw_only=True)
class Exposure:
    """What an order puts at risk if it is executed. Immutable.

    Attributes:
        symbol: the market.
        side: ``buy`` or ``sell``.
        amount: in the base currency; text is taken as a decimal number.
        price: in the quote currency, or None for a market order.

    Raises:
        TypeError: a quantity is a float, which has lost digits already.
        ValueError: a quantity is negative or no number, or there is no such side.
    """

    symbol: str = field(validator=instance_of(str))
    side: str = field(validator=in_(("buy", "sell")))
    amount: Decimal = field(converter=_quantity, validator=_is_quantity)
    price: Decimal | None = field(default=None, converter=_quantity, validator=optional(_is_quantity))


IntentId = tuple[str, str]
"""The venue's key and the client order id."""


class Exposures:
    """What is reserved for orders of which nobody knows whether they exist. Thread-safe and task-safe.

    A bot that sizes its next order asks here for what may be open already. It grows with the unknown orders alone,
    which whoever reserves keeps within bounds.

    Args:
        changed: told the intent, and the exposure or None, whenever a reservation is made or given back.
    """

    def __init__(self, changed: Callable[[IntentId, Exposure | None], None] = lambda _id, _exposure: None) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._reserved: dict[IntentId, Exposure] = {}

    def reserve(self, key: str, client_order_id: str, exposure: Exposure) -> None:
        """Reserve what an order of unknown outcome may have put at risk; once for each order."""
        with self._lock:
            is_new = self._reserved.get((key, client_order_id)) != exposure
            self._reserved[key, client_order_id] = exposure
        if is_new:
            self._changed((key, client_order_id), exposure)

    def release(self, key: str, client_order_id: str) -> None:
        """Give a reservation back, if there is one: the order is known to exist, or not to."""
        with self._lock:
            known = self._reserved.pop((key, client_order_id), None)
        if known is not None:
            self._changed((key, client_order_id), None)

    def reserved(self, key: str | None = None, symbol: str | None = None) -> dict[IntentId, Exposure]:
        """Return what is reserved at one venue, or at all, in one market or in all."""
        with self._lock:
            items = list(self._reserved.items())
        return {
            intent: exposure
            for intent, exposure in items
            if key in (None, intent[0]) and symbol in (None, exposure.symbol)
        }

    def amount(self, key: str, symbol: str, side: str) -> Decimal:
        """Return how much of the base currency may have been bought or sold besides what is known."""
        found = self.reserved(key, symbol).values()
        return sum((exposure.amount for exposure in found if exposure.side == side), Decimal(0))
