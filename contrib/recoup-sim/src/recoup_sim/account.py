"""The one trading account of the venue."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import define

from recoup_sim.answers import insufficient_balance

if TYPE_CHECKING:
    from collections.abc import Mapping


@define
class Balance:
    """What the account holds of one asset: free, and locked in open orders."""

    free: Decimal = Decimal(0)
    locked: Decimal = Decimal(0)


class Account:
    """Balances that never go below zero. Owned by the matching engine; neither thread- nor task-safe by itself.

    Args:
        balances: Free amount of each asset at the start.

    Raises:
        ValueError: When an amount is not a finite Decimal of zero or more.
    """

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        self._balances = {asset: Balance(_checked(asset, amount)) for asset, amount in balances.items()}

    def balances(self, assets: set[str]) -> dict[str, Balance]:
        """Return the balance of each asset held or named, sorted by asset."""
        return {asset: self._of(asset) for asset in sorted({*self._balances, *assets})}

    def lock(self, asset: str, amount: Decimal) -> None:
        """Set ``amount`` aside for an order.

        Raises:
            VenueError: -2010 when less than that is free.
        """
        balance = self._of(asset)
        if balance.free < amount:
            raise insufficient_balance()
        balance.free -= amount
        balance.locked += amount

    def release(self, asset: str, amount: Decimal) -> None:
        """Give back what an order no longer needs."""
        balance = self._of(asset)
        balance.locked -= amount
        balance.free += amount

    def spend(self, asset: str, amount: Decimal) -> None:
        """Pay ``amount`` out of what is locked."""
        self._of(asset).locked -= amount

    def receive(self, asset: str, amount: Decimal) -> None:
        """Take in the proceeds of a fill."""
        self._of(asset).free += amount

    def _of(self, asset: str) -> Balance:
        return self._balances.setdefault(asset, Balance())


def _checked(asset: str, amount: Any) -> Decimal:
    if not isinstance(amount, Decimal) or not amount.is_finite() or amount < 0:
        raise ValueError(f"balances[{asset!r}] must be a Decimal of zero or more, got {amount!r}")
    return amount
