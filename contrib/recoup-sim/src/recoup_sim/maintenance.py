"""Maintenance: what is refused during it, how, and what is announced of it."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING

from attrs import frozen

from recoup_sim.answers import Answer, VenueError, html_answer, json_answer, retry_after_header
from recoup_sim.faults import RequestKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup_sim.venue_time import VenueTime


class MaintenanceMode(enum.Enum):
    """What a venue in maintenance still takes."""

    CLOSED = "closed"
    """Nothing."""
    CANCEL_ONLY = "cancel_only"
    """Everything but new orders."""
    POST_ONLY = "post_only"
    """As always, but of new orders only those that can't take: LIMIT_MAKER."""


_MESSAGES = {
    MaintenanceMode.CANCEL_ONLY: "Market is in cancel only mode.",
    MaintenanceMode.POST_ONLY: "Market is in post only mode.",
}


@frozen(kw_only=True)
class MaintenanceWindow:
    """One maintenance. A value, so safe to share between threads and tasks.

    Attributes:
        until: Its end, in seconds of venue time.
        mode: What is still taken.
        html: Whether what is refused gets a page with 503; JSON otherwise.
        retry_after: Whether a 503 tells when to come back.
    """

    until: float = -math.inf
    mode: MaintenanceMode = MaintenanceMode.CLOSED
    html: bool = True
    retry_after: bool = False

    def refuses(self, kind: RequestKind | None, params: Mapping[str, str]) -> bool:
        """Say whether a request is turned away.

        Args:
            kind: What it does to orders, if anything.
            params: Its parameters.
        """
        if self.mode is MaintenanceMode.CLOSED:
            return True
        is_new = kind is RequestKind.SUBMIT
        return is_new and (self.mode is MaintenanceMode.CANCEL_ONLY or params.get("type") != "LIMIT_MAKER")

    def answer(self, now: float) -> Answer:
        """Return what a request gets that is turned away.

        JSON is 503 with -1 where the venue is closed, and 400 with -1013 where only new orders are refused.
        """
        headers = retry_after_header(self.until - now) if self.retry_after else {}
        if self.html:
            return html_answer("503 Service Temporarily Unavailable", status=503, headers=headers)
        if self.mode is MaintenanceMode.CLOSED:
            return json_answer({"code": -1, "msg": "System is under maintenance."}, status=503, headers=headers)
        return VenueError(-1013, _MESSAGES[self.mode], headers=headers).answer()


@frozen(kw_only=True)
class Announcement:
    """A maintenance that the venue's status tells of beforehand. A value, so safe to share.

    Attributes:
        told: From when it is announced, in seconds of venue time.
        start: When it begins.
        end: When it ends.
        mode: What is still taken.
    """

    told: float
    start: float
    end: float
    mode: MaintenanceMode

    def describe(self, time: VenueTime) -> dict[str, int | str] | None:
        """Return start and end in milliseconds since 1970 and the mode; None before it is told and after its end."""
        if not self.told <= time.seconds() < self.end:
            return None
        return {"start": time.clock_ms_at(self.start), "end": time.clock_ms_at(self.end), "mode": self.mode.value}
