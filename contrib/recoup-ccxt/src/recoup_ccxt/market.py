"""The venue's own state, its clock, and the pictures of its markets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from recoup_ccxt.errors import ClockNotSyncable, NotOffered

if TYPE_CHECKING:
    from recoup_ccxt.steps import Steps

_DOWN = {"error": "maintenance", "post_only": "maintenance"}
_ANNOUNCED = ("cancel_only", "post_only")
"""What Kraken says besides "online" and "maintenance" (Get System Status), and ccxt takes for maintenance."""


class Market:
    """The requests about a venue and its markets. Keeps no state; thread-safe and task-safe as far as the client is."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    def probe(self) -> Steps[Any]:
        """Ask for the time, the status, or else the markets: whatever costs least."""
        if self._has("fetchTime"):
            return (yield self._exchange.fetch_time)
        if self._has("fetchStatus"):
            return (yield self._exchange.fetch_status)
        return (yield from self.refresh())

    def refresh(self) -> Steps[Any]:
        """Load the markets anew."""
        return (yield partial(self._exchange.load_markets, True))  # noqa: FBT003 - ccxt's own reload flag

    def sync_clock(self) -> Steps[Any]:
        """Take the difference to the venue's clock into the client's options."""
        if not self._has("fetchTime"):
            raise ClockNotSyncable(f"{self._exchange.id} has no fetchTime; set the machine's clock by NTP")
        return (yield self._exchange.load_time_difference)

    def server_time(self) -> Steps[int]:
        """Return the venue's time in milliseconds since 1970."""
        if not self._has("fetchTime"):
            raise NotOffered(f"{self._exchange.id} does not tell its time")
        time: int = yield self._exchange.fetch_time
        return time

    def status(self) -> Steps[dict[str, Any]]:
        """Return what the venue announces; one that announces nothing is in service if it answers."""
        if not self._has("fetchStatus"):
            yield from self.probe()
            return {"status": "ok", "eta": None}
        found = yield self._exchange.fetch_status
        said = _raw_status(found)
        status = said if said in _ANNOUNCED else found.get("status")
        return {**found, "status": _DOWN.get(status, status), "eta": found.get("eta")}

    def snapshot(self, symbol: str) -> Steps[Any]:
        """Fetch the order book; one that a stream had built is dropped, so that the stream begins anew."""
        if not self._has("fetchOrderBook"):
            raise NotOffered(f"{self._exchange.id} has no order book to fetch")
        book = yield partial(self._exchange.fetch_order_book, symbol)
        self._drop(symbol)
        return book

    def resubscribe(self, symbol: str) -> Steps[Any]:
        """Subscribe to the order book anew, and wait for its first picture."""
        if not self._has("watchOrderBook"):
            raise NotOffered(f"{self._exchange.id} has no stream here: take a client from ccxt.pro")
        if self._has("unWatchOrderBook"):
            yield partial(self._exchange.un_watch_order_book, symbol)
        self._drop(symbol)
        return (yield partial(self._exchange.watch_order_book, symbol))

    def _has(self, what: str) -> bool:
        return bool(self._exchange.has.get(what))

    def _drop(self, symbol: str) -> None:
        books = getattr(self._exchange, "orderbooks", None)
        if isinstance(books, dict):
            books.pop(symbol, None)


def _raw_status(found: Mapping[str, Any]) -> Any:
    info = found.get("info")
    for level in (info, info.get("result") if isinstance(info, Mapping) else None):
        if isinstance(level, Mapping) and isinstance(level.get("status"), str):
            return level["status"]
    return None
