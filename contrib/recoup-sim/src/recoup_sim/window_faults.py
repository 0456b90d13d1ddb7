"""Faults that strike the whole venue for a while: limits, bans, maintenance, outages and the clock."""

from __future__ import annotations

import enum
import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from recoup_sim.faults import Fault, is_time
from recoup_sim.maintenance import Announcement, MaintenanceMode, MaintenanceWindow

if TYPE_CHECKING:
    from recoup_sim.gate import Gate
    from recoup_sim.venue_time import VenueTime


@frozen(kw_only=True)
class WindowFault(Fault, ABC):
    """Opens a window on the whole venue: at ``start``, or when an order is hit."""

    lasts: ClassVar[bool] = True

    @abstractmethod
    def strike(self, gate: Gate, time: VenueTime, until: float | None) -> None:
        """Open the window, until the venue time ``until`` or for the kind's own length."""


@frozen(kw_only=True)
class RateLimited(WindowFault):
    """429 for one second, or ``for`` seconds, with or without ``Retry-After``."""

    kind: ClassVar[str] = "rate_limited"
    retry_after: bool = True

    def strike(self, gate: Gate, time: VenueTime, until: float | None) -> None:
        """Refuse every request with 429."""
        gate.limit(until=_end(time, until, 1.0), retry_after=self.retry_after)


@frozen(kw_only=True)
class Ban(WindowFault):
    """418 for 30, or ``for``, seconds; each request during it adds ``extension`` seconds."""

    kind: ClassVar[str] = "ban"
    extension: float = 1.0

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not is_time(self.extension):
            raise ValueError(f"extension is a number of seconds from 0, got {self.extension}")

    def strike(self, gate: Gate, time: VenueTime, until: float | None) -> None:
        """Ban the client."""
        gate.ban(until=_end(time, until, 30.0), extension=self.extension)


class MaintenanceBody(enum.Enum):
    """What the venue shows during maintenance."""

    HTML = "html"
    JSON = "json"


@frozen(kw_only=True)
class Maintenance(WindowFault):
    """Closed, or for cancels or makers only, for 60, or ``for``, seconds; told ``announced`` seconds before."""

    kind: ClassVar[str] = "maintenance"
    body: MaintenanceBody = MaintenanceBody.HTML
    retry_after: bool = False
    mode: MaintenanceMode = MaintenanceMode.CLOSED
    announced: float | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.announced is not None and not is_time(self.announced):
            raise ValueError(f"announced is a number of seconds from 0, got {self.announced}")
        if self.announced is not None and self.start is None:
            raise ValueError("announced goes with from: nobody knows of the others beforehand")

    @property
    def announcement(self) -> Announcement | None:
        """What the venue's status tells of it, if anything."""
        if self.announced is None or self.start is None or self.duration is None:
            return None
        end = self.start + self.duration
        return Announcement(told=self.start - self.announced, start=self.start, end=end, mode=self.mode)

    def strike(self, gate: Gate, time: VenueTime, until: float | None) -> None:
        """Refuse what the mode refuses."""
        end, html = _end(time, until, 60.0), self.body is MaintenanceBody.HTML
        gate.maintain(MaintenanceWindow(until=end, mode=self.mode, html=html, retry_after=self.retry_after))


@frozen(kw_only=True)
class ClockSkew(WindowFault):
    """The server clock jumps by ``ms`` milliseconds: for good, or for ``for`` seconds."""

    kind: ClassVar[str] = "clock_skew"
    ms: int

    def strike(self, gate: Gate, time: VenueTime, until: float | None) -> None:  # noqa: ARG002 - the common signature
        """Move the server clock."""
        if until is None:
            time.jump(self.ms)
        else:
            time.jump_until(self.ms, until)


@frozen(kw_only=True)
class ClockDrift(WindowFault):
    """The server clock goes wrong by ``ms_per_second`` more each second: for ever, or for ``for`` seconds."""

    kind: ClassVar[str] = "clock_drift"
    ms_per_second: float

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not math.isfinite(self.ms_per_second) or not self.ms_per_second:
            raise ValueError(f"ms_per_second is a finite number other than 0, got {self.ms_per_second}")

    def strike(self, gate: Gate, time: VenueTime, until: float | None) -> None:  # noqa: ARG002 - the common signature
        """Let the server clock go wrong."""
        time.drift(self.ms_per_second, math.inf if until is None else until)


class OutageManner(enum.Enum):
    """How a venue that is down meets a connection."""

    RESET = "reset"
    REFUSED = "refused"


@frozen(kw_only=True)
class Outage(WindowFault):
    """Nothing gets through for 30, or ``for``, seconds: connections are reset, or nobody listens at all.

    The request that brings it about is lost unexecuted, or with ``executes`` its answer is lost.
    """

    kind: ClassVar[str] = "outage"
    manner: OutageManner = OutageManner.RESET
    executes: bool = False

    def strike(self, gate: Gate, time: VenueTime, until: float | None) -> None:
        """Take the venue down."""
        gate.take_down(until=_end(time, until, 30.0), refuses=self.manner is OutageManner.REFUSED)


def _end(time: VenueTime, until: float | None, default: float) -> float:
    return time.seconds() + default if until is None else until
