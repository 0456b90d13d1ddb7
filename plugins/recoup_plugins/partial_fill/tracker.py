"""What is known of the fills of one order."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from recoup_plugins.partial_fill.quantities import filled_of, quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

FINAL = frozenset({"closed", "canceled", "cancelled", "expired", "rejected"})
"""States of an order in which nothing is filled any more."""
_ZERO = Decimal(0)


class FillTracker:
    """What is known of the fills of one order, from trades and states that may come twice, late, or not at all.

    Trades count once for each id; of states the one with the greatest cumulative quantity counts. So events may be
    repeated and come in any order, and after one fresh query :attr:`filled` is the venue's truth, whatever was lost.
    Pure: no I/O, no time. Thread-safe and task-safe.

    Args:
        amount: what was ordered, in the base currency.
        max_trades: trades that are told apart at most; further ones count by the order's states alone.

    Raises:
        TypeError: the amount is a float, or no number.
        ValueError: the amount is negative or no number, or no trade could be kept.
    """

    def __init__(self, amount: Decimal | str, *, max_trades: int = 10_000) -> None:
        if max_trades < 1:
            raise ValueError(f"max_trades must be 1 or more, got {max_trades}")
        self._amount = quantity(amount, "amount")
        self._max_trades = max_trades
        self._lock = threading.Lock()
        self._trades: dict[str, Decimal] = {}
        self._traded = _ZERO
        self._cumulative = _ZERO
        self._order_id: str | None = None
        self._status: str | None = None

    def apply(self, trade: Mapping[str, Any]) -> bool:
        """Take note of a trade with ``id``, ``amount`` and, where the venue tells it, its ``order``.

        Returns:
            Whether it was news: False for one that is known, belongs to another order, or is one too many.

        Raises:
            TypeError: the amount is a float or missing.
            ValueError: it has no id, or an amount that is none or differs from what the same id had.
        """
        number, amount = trade.get("id"), quantity(trade.get("amount"), "the trade's amount")
        if number is None:
            raise ValueError("the trade has no id, so that its repetition could not be told: use the order's states")
        with self._lock:
            if None not in (self._order_id, trade.get("order")) and str(trade["order"]) != self._order_id:
                return False
            known = self._trades.get(str(number))
            if known is not None and known != amount:
                raise ValueError(f"trade {number} had the amount {known}, and comes again with {amount}")
            if known is not None or len(self._trades) >= self._max_trades:
                return False
            self._trades[str(number)] = amount
            self._traded += amount
            return True

    def observe(self, order: Mapping[str, Any]) -> bool:
        """Take note of an order's state, with ``filled`` (or ``amount`` and ``remaining``) and ``status``.

        Returns:
            False where it is older than what is known already; then nothing of it counts.

        Raises:
            TypeError: the quantity is a float or missing.
            ValueError: the quantity is none.
        """
        filled, status = filled_of(order), order.get("status")
        with self._lock:
            if filled < max(self._cumulative, self._traded):
                return False
            if filled == self._cumulative and self._status in FINAL and status not in FINAL:
                return False
            self._cumulative = filled
            if self._status not in FINAL or status in FINAL:
                self._status = status
            if order.get("id") is not None:
                self._order_id = str(order["id"])
            return True

    @property
    def amount(self) -> Decimal:
        """What was ordered."""
        return self._amount

    @property
    def filled(self) -> Decimal:
        """At least this much is filled: after a fresh query, exactly this much."""
        return max(self._cumulative, self._traded)

    @property
    def remainder(self) -> Decimal:
        """Ordered and not known to be filled."""
        return max(_ZERO, self._amount - self.filled)

    @property
    def overfilled(self) -> Decimal:
        """Filled beyond what was ordered; 0 as long as all is well."""
        return max(_ZERO, self.filled - self._amount)

    @property
    def missing(self) -> Decimal:
        """Filled by trades that are not known: they were lost, and are to be asked for."""
        return max(_ZERO, self._cumulative - self._traded)

    @property
    def is_behind(self) -> bool:
        """Whether trades are known that no state of the order tells of yet."""
        return self._traded > self._cumulative

    @property
    def status(self) -> str | None:
        """The latest state by name, or None."""
        return self._status

    @property
    def order_id(self) -> str | None:
        """The venue's own id of the order, once a state has told it."""
        return self._order_id

    @property
    def is_final(self) -> bool:
        """Whether nothing is filled any more."""
        return self._status in FINAL and not self.is_behind
