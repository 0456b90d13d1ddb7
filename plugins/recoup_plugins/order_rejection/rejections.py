"""How often each market refused orders in the same words."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict, deque
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Hashable

    from recoup import FailureReason
    from recoup_plugins.order_rejection.config import OrderRejectionConfig

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")

Market = tuple[str, str | None]
"""The venue's key and the symbol."""

_SCANNED = 1024
_BETWEEN = re.compile(r"[^0-9A-Za-z_-]+")
_DIGIT = re.compile(r"[0-9]")
_LONGEST_WORD = 24
_NUMBER = "#"


@frozen
class Fingerprint:
    """What makes two refusals alike. Immutable.

    Attributes:
        kind: class name of the error.
        reason: its classification.
        text: its message without what differs from order to order.
    """

    kind: str
    reason: FailureReason
    text: str

    @classmethod
    def of(cls, error: Exception, reason: FailureReason, *ids: str | None) -> Fingerprint:
        """Read an error; ``ids`` are texts that are of this order alone."""
        message = str(error)[:_SCANNED]
        for text in ids:
            if text:
                message = message.replace(text, _NUMBER)
        return cls(type(error).__name__, reason, normalised(message))


def normalised(message: str) -> str:
    """Return a message in lower case, with one mark for the numbers, identifiers and overlong words in a row."""
    words = (
        _NUMBER if len(word) > _LONGEST_WORD or _DIGIT.search(word) else word.lower()
        for word in _BETWEEN.split(message.replace(_NUMBER, "0"))
        if word
    )
    return " ".join(word for word, _ in groupby(words))


class Rejections:
    """Counts refusals by market and fingerprint, within bounds. Thread-safe and task-safe.

    Args:
        config: how many are too many, and how many are counted.
    """

    def __init__(self, config: OrderRejectionConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._markets: OrderedDict[Market, OrderedDict[Fingerprint, deque[float]]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many fingerprints are counted."""
        with self._lock:
            return sum(map(len, self._markets.values()))

    def count(self, market: Market, fingerprint: Fingerprint, now: float) -> bool:
        """Take note of a refusal; say whether it was one too many, upon which counting begins anew."""
        config = self._config
        with self._lock:
            prints = _last(self._markets, market, OrderedDict(), config.max_markets)
            times = _last(prints, fingerprint, deque(maxlen=config.halt_after), config.max_fingerprints)
            times.append(now)
            if len(times) < config.halt_after or now - times[0] > config.window:
                return False
            del prints[fingerprint]
            return True

    def forget(self, market: Market) -> None:
        """Begin anew for a market, since it took an order."""
        if market in self._markets:
            with self._lock:
                self._markets.pop(market, None)


def _last(table: OrderedDict[K, V], key: K, new: V, most: int) -> V:
    """Return the entry of a key, moved to the end of its table, which loses its first where it has too many."""
    entry = table.setdefault(key, new)
    table.move_to_end(key)
    if len(table) > most:
        table.popitem(last=False)
    return entry
