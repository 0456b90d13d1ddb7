"""Errors of this distribution, all below :class:`recoup.RecoupError`."""

from __future__ import annotations

from recoup.errors import RecoupError


class UnreadableAnswer(RecoupError):
    """The venue answered and ccxt could not read an order in it, such as a page of HTML with status 200.

    ccxt raises nothing in this case and returns an order whose id is None. A submit may well have been accepted.

    Attributes:
        client_order_id: the order that was asked about, or None.
    """

    def __init__(self, message: str, *, client_order_id: str | None = None) -> None:
        self.client_order_id = client_order_id
        super().__init__(message)


class NotOffered(RecoupError):
    """The venue, or ccxt for it, has no such request."""


class ClockNotSyncable(NotOffered):
    """The venue offers no time to set the client's clock by."""
