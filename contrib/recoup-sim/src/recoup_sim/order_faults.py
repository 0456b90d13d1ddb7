"""Faults in the life of an order: refusals, fills, and what is told of them."""

from __future__ import annotations

import enum
import json
from abc import abstractmethod
from decimal import Decimal
from http import HTTPStatus
from typing import Any, ClassVar

from attrs import evolve, frozen

from recoup_sim.answers import (
    Answer,
    VenueError,
    duplicate_order,
    filter_failure,
    insufficient_balance,
    json_answer,
    would_match,
)
from recoup_sim.faults import ErrorStatus, Fault, HidingFault, RefusingFault, RequestKind, is_length, server_error

MAX_TRADES = 100
"""Trades in which a partial fill comes at most."""


@frozen(kw_only=True)
class InsufficientBalance(RefusingFault):
    """-2010: a true rejection, which no retry heals."""

    kind: ClassVar[str] = "insufficient_balance"
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.SUBMIT})

    def answer(self) -> Answer:
        """Refuse as the venue itself does."""
        raise insufficient_balance()


class Reason(enum.Enum):
    """Why an order is refused."""

    LOT_SIZE = "lot_size"
    MIN_NOTIONAL = "min_notional"
    PRICE_FILTER = "price_filter"
    MARKET_CLOSED = "market_closed"
    WOULD_MATCH = "would_match"
    ACTION_DISABLED = "action_disabled"
    SYMBOL_NOT_PERMITTED = "symbol_not_permitted"
    PERMISSIONS = "permissions"


def _refusal(reason: Reason) -> VenueError:
    match reason:
        case Reason.LOT_SIZE | Reason.MIN_NOTIONAL | Reason.PRICE_FILTER:
            return filter_failure(reason.name)
        case Reason.MARKET_CLOSED:
            return VenueError(-1013, "Market is closed.")
        case Reason.WOULD_MATCH:
            return would_match()
        case Reason.ACTION_DISABLED:
            return VenueError(-2010, "This action is disabled on this account.")
        case Reason.SYMBOL_NOT_PERMITTED:
            return VenueError(-2010, "This symbol is not permitted for this account.")
        case Reason.PERMISSIONS:
            return VenueError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)


@frozen(kw_only=True)
class Refused(RefusingFault):
    """A true rejection for ``reason``, which no retry heals."""

    kind: ClassVar[str] = "rejection"
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.SUBMIT})
    reason: Reason

    def answer(self) -> Answer:
        """Refuse as the venue itself does."""
        raise _refusal(self.reason)


@frozen(kw_only=True)
class DuplicateRefusal(HidingFault):
    """Executed, then refused as a duplicate of itself: a gateway within the venue has sent it twice."""

    kind: ClassVar[str] = "duplicate_refusal"
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.SUBMIT})

    def disguise(self, answer: Answer) -> Answer:
        """Refuse what was accepted; a true rejection stays one."""
        return duplicate_order().answer() if answer.status == HTTPStatus.OK else answer


@frozen(kw_only=True)
class LateAcceptance(Fault):
    """A server error now; the order is accepted ``delay`` seconds of venue time later."""

    kind: ClassVar[str] = "late_acceptance"
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.SUBMIT})
    delay: float = 1.0
    status: ErrorStatus = ErrorStatus.UNAVAILABLE

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not is_length(self.delay):
            raise ValueError(f"delay is a number of seconds above 0, got {self.delay}")

    def answer(self) -> Answer:
        """Return the server error."""
        return server_error(self.status)


@frozen(kw_only=True)
class PartialFill(Fault):
    """Accepted, but a crossing order fills only a ``fraction`` of its quantity, in so many ``trades``.

    Each trade is rounded down to the lot; what is nothing then is no trade.
    """

    kind: ClassVar[str] = "partial_fill"
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.SUBMIT})
    fraction: Decimal = Decimal("0.5")
    trades: int = 1

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not self.fraction.is_finite() or not 0 < self.fraction < 1:
            raise ValueError(f"fraction is above 0 and below 1, got {self.fraction}")
        if not 1 <= self.trades <= MAX_TRADES:
            raise ValueError(f"trades is 1 to {MAX_TRADES}, got {self.trades}")


@frozen(kw_only=True)
class FillBeforeCancel(Fault):
    """The order that is to be cancelled is filled first, by a ``fraction`` of what remains of it.

    Where nothing remains then, the cancel is refused with -2011. Hits cancels only, whatever order they name.
    """

    kind: ClassVar[str] = "fill_before_cancel"
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.CANCEL})
    request: RequestKind = RequestKind.CANCEL
    fraction: Decimal = Decimal(1)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not self.fraction.is_finite() or not 0 < self.fraction <= 1:
            raise ValueError(f"fraction is above 0 to 1, got {self.fraction}")


@frozen(kw_only=True)
class _TradesFault(HidingFault):
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.QUERY})
    request: RequestKind = RequestKind.QUERY

    def disguise(self, answer: Answer) -> Answer:
        """Change a list of trades; every other answer stays as it is."""
        if answer.status != HTTPStatus.OK:
            return answer
        listed = json.loads(answer.body)
        if not isinstance(listed, list) or not all("isMaker" in entry for entry in listed):
            return answer
        return evolve(json_answer(self.tell(listed)), headers=answer.headers)

    @abstractmethod
    def tell(self, trades: list[Any]) -> list[Any]:
        """Return what the client is told of the trades, oldest first."""


@frozen(kw_only=True)
class TradesRepeated(_TradesFault):
    """Every trade of the list is told twice."""

    kind: ClassVar[str] = "trades_repeated"

    def tell(self, trades: list[Any]) -> list[Any]:
        """Tell them twice."""
        return [trade for trade in trades for _ in range(2)]


@frozen(kw_only=True)
class TradesMissing(_TradesFault):
    """The newest trade of the list is not told yet."""

    kind: ClassVar[str] = "trades_missing"

    def tell(self, trades: list[Any]) -> list[Any]:
        """Keep the newest back."""
        return trades[:-1]


class CrashPoint(enum.Enum):
    """How far an order has come when the bot's process ends."""

    BEFORE_SEND = "before_send"
    AFTER_SEND = "after_send"
    AFTER_ANSWER = "after_answer"


@frozen(kw_only=True)
class Crash(Fault):
    """The bot's process is killed. The venue takes no part in it: it is carried out by whoever runs the bot."""

    kind: ClassVar[str] = "crash"
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.SUBMIT})
    point: CrashPoint = CrashPoint.AFTER_SEND
