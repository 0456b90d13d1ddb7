"""Errors of this distribution, all below :class:`recoup.RecoupError`."""

from __future__ import annotations

from recoup.errors import RecoupError


class NotOffered(RecoupError):
    """The venue, or ccxt for it, has no such request."""


class ClockNotSyncable(NotOffered):
    """The venue offers no time to set the client's clock by."""
