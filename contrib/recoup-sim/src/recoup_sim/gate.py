"""The venue's gate: request weight, order counts, rate limits, bans, maintenance and outages.

Source: Binance spot API, "Limits" and "HTTP return codes": 429 when a limit is broken, 418 when an
address keeps sending after 429s, ``Retry-After`` in whole seconds, bans of two minutes to three days.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from attrs import Attribute, define, field, frozen

from recoup_sim.answers import Answer, Delivery, VenueError, retry_after_header
from recoup_sim.ledger import BanEntry, Ledger
from recoup_sim.maintenance import MaintenanceMode, MaintenanceWindow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup_sim.faults import RequestKind
    from recoup_sim.venue_time import VenueTime

WEIGHT_WINDOW = 60.0
"""Seconds over which request weight is counted."""
ORDER_WINDOW = 10.0
"""Seconds over which orders are counted."""
MAX_BAN = 3 * 24 * 3600.0
"""Longest ban in seconds: three days, as documented by the venue."""


def _above_zero(_: Any, attribute: Attribute[Any], value: Any) -> None:
    if not value > 0 or not math.isfinite(value):
        raise ValueError(f"RateLimits.{attribute.name} must be above zero, got {value!r}")


@frozen(kw_only=True)
class RateLimits:
    """How much the venue takes. A value, so safe to share between threads and tasks.

    The weights and counts are those that Binance spot publishes in ``exchangeInfo``.

    Attributes:
        weight_per_minute: Request weight an address may use a minute.
        orders_per_10s: Orders an account may place in ten seconds.
        refusals_before_ban: 429 answers in one limited period, after which the next request earns a ban.
        ban_seconds: Length of such a ban.
        ban_extension: Seconds by which each request during such a ban lengthens it.
    """

    weight_per_minute: int = field(default=6_000, validator=_above_zero)
    orders_per_10s: int = field(default=100, validator=_above_zero)
    refusals_before_ban: int = field(default=5, validator=_above_zero)
    ban_seconds: float = field(default=120.0, validator=_above_zero)
    ban_extension: float = field(default=1.0, validator=_above_zero)


@frozen(kw_only=True)
class Refusal:
    """A request turned away at the gate: the answer, and the window that it fell into."""

    answer: Answer
    window: str


@define
class _Window:
    until: float = 0.0
    retry_after: bool = True


@define
class _Ban(_Window):
    extension: float = 0.0


@define
class _Limit(_Window):
    refusals: int = 0


@define
class _Outage(_Window):
    refuses: bool = False


@define
class _Count:
    """A count that starts anew with each period of ``length`` seconds."""

    length: float
    period: int = 0
    value: int = 0

    def add(self, amount: int, now: float) -> int:
        period = int(now // self.length)
        if period != self.period:
            self.period, self.value = period, 0
        self.value += amount
        return self.value

    def ends(self) -> float:
        return (self.period + 1) * self.length


class Gate:
    """Turns requests away while a window is open. Neither thread- nor task-safe by itself: the exchange locks.

    Args:
        limits: How much the venue takes.
        time: The venue's time.
        ledger: Where bans are recorded.
    """

    def __init__(self, *, limits: RateLimits, time: VenueTime, ledger: Ledger) -> None:
        self._limits = limits
        self._time = time
        self._ledger = ledger
        self._weight = _Count(WEIGHT_WINDOW)
        self._orders = _Count(ORDER_WINDOW)
        self._banned = _Ban()
        self._limited = _Limit()
        self._maintenance = MaintenanceWindow()
        self._down = _Outage()

    def ban(self, *, until: float, extension: float) -> None:
        """BanEntry the address until ``until``, or longer if it is banned for longer; requests lengthen it."""
        now = self._time.seconds()
        self._banned = _Ban(until=max(until, self._banned.until), extension=extension)
        self._ledger.record_ban(BanEntry(at=self._time.now(), seconds=until - now))

    def limit(self, *, until: float, retry_after: bool) -> None:
        """Refuse requests with 429 until ``until``."""
        self._limited = _Limit(until=until, retry_after=retry_after)

    def maintain(self, window: MaintenanceWindow) -> None:
        """Refuse what the window says with 503 or -1013."""
        self._maintenance = window

    def take_down(self, *, until: float, refuses: bool) -> None:
        """Reset every connection until ``until``.

        Args:
            until: The end, in seconds of venue time.
            refuses: Whether new connections are refused meanwhile, as where nobody listens.
        """
        self._down = _Outage(until=until, refuses=refuses)

    def refuses_connections(self) -> bool:
        """Tell whether nobody should listen now."""
        return self._down.refuses and self._time.seconds() < self._down.until

    def mode(self) -> MaintenanceMode | None:
        """Return what the venue still takes during the maintenance that is open; None when none is."""
        return self._maintenance.mode if self._time.seconds() < self._maintenance.until else None

    def outage(self) -> Refusal | None:
        """Return the reset that is due while the venue is down."""
        if self._time.seconds() >= self._down.until:
            return None
        return Refusal(answer=Answer(status=0, delivery=Delivery.RESET), window="outage")

    def admit(self, weight: int, kind: RequestKind | None, params: Mapping[str, str]) -> Refusal | None:
        """Count a request, and return the refusal if it may not pass."""
        now = self._time.seconds()
        used = self._weight.add(weight, now)
        refusal = self.refusal(kind, params)
        if refusal is None and used > self._limits.weight_per_minute:
            self.limit(until=self._weight.ends(), retry_after=True)
            refusal = self.refusal(kind, params)
        return refusal

    def refusal(self, kind: RequestKind | None, params: Mapping[str, str]) -> Refusal | None:
        """Return the refusal that is due now, None when the gate is open.

        Args:
            kind: What the request does to orders, if anything.
            params: Its parameters.
        """
        now = self._time.seconds()
        if now < self._banned.until:
            return self._refuse_banned(now)
        if now < self._maintenance.until and self._maintenance.refuses(kind, params):
            return Refusal(answer=self._maintenance.answer(now), window="maintenance")
        if now < self._limited.until:
            return self._refuse_limited(now)
        return None

    def admit_order(self) -> None:
        """Refuse an order beyond the order count.

        Raises:
            VenueError: 429 with -1015.
        """
        now = self._time.seconds()
        if self._orders.add(0, now) >= self._limits.orders_per_10s:
            raise VenueError(
                -1015,
                f"Too many new orders; current limit is {self._limits.orders_per_10s} orders per 10 SECOND.",
                status=429,
                headers=retry_after_header(self._orders.ends() - now),
            )

    def count_order(self) -> None:
        """Count an accepted order."""
        self._orders.add(1, self._time.seconds())

    def headers(self) -> dict[str, str]:
        """Return the headers that tell a client how much it has used."""
        now = self._time.seconds()
        weight, orders = self._weight.add(0, now), self._orders.add(0, now)
        return {
            "X-MBX-USED-WEIGHT": str(weight),
            "X-MBX-USED-WEIGHT-1M": str(weight),
            "X-MBX-ORDER-COUNT-10S": str(orders),
        }

    def describe(self) -> list[dict[str, Any]]:
        """Return the ``rateLimits`` of ``exchangeInfo``."""
        return [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": self._limits.weight_per_minute,
            },
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": self._limits.orders_per_10s},
        ]

    def _refuse_banned(self, now: float) -> Refusal:
        ban = self._banned
        ban.until = min(ban.until + ban.extension, now + MAX_BAN)
        return self._banned_answer(now)

    def _refuse_limited(self, now: float) -> Refusal:
        limit = self._limited
        limit.refusals += 1
        if limit.refusals > self._limits.refusals_before_ban:
            self.ban(until=now + self._limits.ban_seconds, extension=self._limits.ban_extension)
            return self._banned_answer(now)
        text = (
            f"Too much request weight used; current limit is {self._limits.weight_per_minute} request weight per "
            "1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API."
        )
        headers = retry_after_header(limit.until - now) if limit.retry_after else {}
        return Refusal(answer=VenueError(-1003, text, status=429, headers=headers).answer(), window="rate_limited")

    def _banned_answer(self, now: float) -> Refusal:
        remaining = self._banned.until - now
        until_ms = self._time.clock_ms() + math.ceil(remaining * 1000)
        text = (
            f"Way too much request weight used; IP banned until {until_ms}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        headers = retry_after_header(remaining)
        return Refusal(answer=VenueError(-1003, text, status=418, headers=headers).answer(), window="ban")
