"""The ways in which the venue fails, each a kind of fault.

::

    Fault
    ├── WindowFault     opens a window on the whole venue: rate_limited, ban, maintenance, clock_skew
    ├── RefusingFault   answers instead of executing: *_before, insufficient_balance
    ├── HidingFault     executes, then hides the answer: *_after, html_200, empty_200, reset_mid_answer
    ├── LateAcceptance  answers an error now, and executes later
    └── PartialFill     executes, but fills only a part

All are values, so safe to share between threads and tasks.
"""

from __future__ import annotations

import enum
import math
from abc import ABC, abstractmethod
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from attrs import evolve, frozen

from recoup_sim.answers import Answer, Delivery, VenueError, html_answer, insufficient_balance

if TYPE_CHECKING:
    from recoup_sim.gate import Gate
    from recoup_sim.venue_time import VenueTime


class RequestKind(enum.Enum):
    """What a request does to orders; ``QUERY`` is any read of orders or trades."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    QUERY = "query"


@frozen(kw_only=True)
class Fault:
    """What strikes, and when: exactly one of ``at``, ``rate`` and ``start``.

    Attributes:
        request: The kind of request that it hits.
        at: Hits the orders with these ordinals: the n-th intent that was ever submitted, from 1.
        rate: Hits each attempt with this probability, above 0 to 1.
        start: Hits from this venue time on, in seconds. Called ``from`` in files.
        duration: How long a window stays open, in seconds of venue time. Called ``for`` in files.
        times: How many attempts of one intent it may hit.

    Raises:
        ValueError: When the trigger is missing, double, or out of bounds.
    """

    kind: ClassVar[str]
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset(RequestKind)
    lasts: ClassVar[bool] = False

    request: RequestKind = RequestKind.SUBMIT
    at: tuple[int, ...] = ()
    rate: float = 0.0
    start: float | None = None
    duration: float | None = None
    times: int = 1

    def __attrs_post_init__(self) -> None:
        if [bool(self.at), self.rate != 0, self.start is not None].count(True) != 1:
            raise ValueError("give exactly one of at (order ordinals), rate (above 0 to 1) and from (seconds)")
        if any(ordinal < 1 for ordinal in self.at):
            raise ValueError(f"at counts orders from 1, got {list(self.at)}")
        if not 0 <= self.rate <= 1:
            raise ValueError(f"rate is a probability above 0 to 1, got {self.rate}")
        if self.start is not None and not _is_time(self.start):
            raise ValueError(f"from is a venue time in seconds, 0 or later, got {self.start}")
        if self.duration is not None and not _is_length(self.duration):
            raise ValueError(f"for is a number of seconds above 0, got {self.duration}")
        if self.start is not None and self.duration is None:
            raise ValueError("from needs for: how long the window stays open, in seconds")
        if self.times < 1:
            raise ValueError(f"times is 1 or more, got {self.times}")
        if self.request not in self.may_hit:
            allowed = ", ".join(sorted(kind.value for kind in self.may_hit))
            raise ValueError(f"request: a {self.kind} hits only {allowed}, got {self.request.value}")
        if self.duration is not None and self.start is None and not self.lasts:
            raise ValueError(f"for goes with from: a {self.kind} hits one request at a time otherwise")


def _is_time(seconds: float) -> bool:
    return math.isfinite(seconds) and seconds >= 0


def _is_length(seconds: float) -> bool:
    return math.isfinite(seconds) and seconds > 0


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
        if not _is_time(self.extension):
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
    """503 for 60, or ``for``, seconds."""

    kind: ClassVar[str] = "maintenance"
    body: MaintenanceBody = MaintenanceBody.HTML
    retry_after: bool = False

    def strike(self, gate: Gate, time: VenueTime, until: float | None) -> None:
        """Answer every request with 503."""
        gate.maintain(
            until=_end(time, until, 60.0), html=self.body is MaintenanceBody.HTML, retry_after=self.retry_after
        )


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


def _end(time: VenueTime, until: float | None, default: float) -> float:
    return time.seconds() + default if until is None else until


@frozen(kw_only=True)
class RefusingFault(Fault, ABC):
    """Answers without executing the request."""

    @abstractmethod
    def answer(self) -> Answer:
        """Return what the client gets.

        Raises:
            VenueError: For a true rejection, which the ledger records.
        """


@frozen(kw_only=True)
class InsufficientBalance(RefusingFault):
    """-2010: a true rejection, which no retry heals."""

    kind: ClassVar[str] = "insufficient_balance"
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.SUBMIT})

    def answer(self) -> Answer:
        """Refuse as the venue itself does."""
        raise insufficient_balance()


@frozen(kw_only=True)
class ResetBefore(RefusingFault):
    """TCP reset, nothing executed."""

    kind: ClassVar[str] = "reset_before"

    def answer(self) -> Answer:
        """Return no answer but a reset."""
        return Answer(status=0, delivery=Delivery.RESET)


@frozen(kw_only=True)
class TimeoutBefore(RefusingFault):
    """Silence until the client gives up, nothing executed."""

    kind: ClassVar[str] = "timeout_before"

    def answer(self) -> Answer:
        """Return no answer at all."""
        return Answer(status=0, delivery=Delivery.HANG)


class ErrorStatus(enum.Enum):
    """HTTP statuses of a server error. The venue's codes for them say that the execution status is unknown."""

    INTERNAL = 500
    BAD_GATEWAY = 502
    UNAVAILABLE = 503
    GATEWAY_TIMEOUT = 504


def server_error(status: ErrorStatus) -> Answer:
    """Return a server error: JSON with -1006, -1000 or -1007, or a proxy's HTML page for 502."""
    if status is ErrorStatus.BAD_GATEWAY:
        return html_answer("502 Bad Gateway", status=502)
    code, message = {
        ErrorStatus.INTERNAL: (
            -1006,
            "An unexpected response was received from the message bus. Execution status unknown.",
        ),
        ErrorStatus.UNAVAILABLE: (-1000, "Unknown error, please check your request or try again later."),
        ErrorStatus.GATEWAY_TIMEOUT: (
            -1007,
            "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
        ),
    }[status]
    return VenueError(code, message, status=status.value).answer()


@frozen(kw_only=True)
class ServerErrorBefore(RefusingFault):
    """A server error that says "status unknown", nothing executed."""

    kind: ClassVar[str] = "server_error_before"
    status: ErrorStatus = ErrorStatus.UNAVAILABLE

    def answer(self) -> Answer:
        """Return the server error."""
        return server_error(self.status)


@frozen(kw_only=True)
class HidingFault(Fault, ABC):
    """Executes the request, then hides its answer."""

    @abstractmethod
    def disguise(self, answer: Answer) -> Answer:
        """Return what the client gets instead of ``answer``."""


@frozen(kw_only=True)
class ResetAfter(HidingFault):
    """Executed, then TCP reset."""

    kind: ClassVar[str] = "reset_after"

    def disguise(self, answer: Answer) -> Answer:
        """Reset instead of answering."""
        return evolve(answer, delivery=Delivery.RESET)


@frozen(kw_only=True)
class ResetMidAnswer(HidingFault):
    """Executed, then TCP reset halfway through the body."""

    kind: ClassVar[str] = "reset_mid_answer"

    def disguise(self, answer: Answer) -> Answer:
        """Cut the body."""
        return evolve(answer, delivery=Delivery.TRUNCATED)


@frozen(kw_only=True)
class TimeoutAfter(HidingFault):
    """Executed, then silence until the client gives up."""

    kind: ClassVar[str] = "timeout_after"

    def disguise(self, answer: Answer) -> Answer:
        """Keep the answer back."""
        return evolve(answer, delivery=Delivery.HANG)


@frozen(kw_only=True)
class ServerErrorAfter(HidingFault):
    """Executed, then a server error that says "status unknown"."""

    kind: ClassVar[str] = "server_error_after"
    status: ErrorStatus = ErrorStatus.UNAVAILABLE

    def disguise(self, answer: Answer) -> Answer:  # noqa: ARG002 - the common signature
        """Answer with the server error."""
        return server_error(self.status)


@frozen(kw_only=True)
class Html200(HidingFault):
    """Executed, then a 200 with a page of HTML."""

    kind: ClassVar[str] = "html_200"

    def disguise(self, answer: Answer) -> Answer:  # noqa: ARG002 - the common signature
        """Answer with the page."""
        return html_answer("Please wait")


@frozen(kw_only=True)
class Empty200(HidingFault):
    """Executed, then a 200 with nothing in it."""

    kind: ClassVar[str] = "empty_200"

    def disguise(self, answer: Answer) -> Answer:
        """Drop the body."""
        return evolve(answer, status=200, body=b"")


@frozen(kw_only=True)
class LateAcceptance(Fault):
    """A server error now; the order is accepted ``delay`` seconds of venue time later."""

    kind: ClassVar[str] = "late_acceptance"
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.SUBMIT})
    delay: float = 1.0
    status: ErrorStatus = ErrorStatus.UNAVAILABLE

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not _is_length(self.delay):
            raise ValueError(f"delay is a number of seconds above 0, got {self.delay}")

    def answer(self) -> Answer:
        """Return the server error."""
        return server_error(self.status)


@frozen(kw_only=True)
class PartialFill(Fault):
    """Accepted, but a crossing order fills only a ``fraction`` of its quantity, rounded down to the lot."""

    kind: ClassVar[str] = "partial_fill"
    may_hit: ClassVar[frozenset[RequestKind]] = frozenset({RequestKind.SUBMIT})
    fraction: Decimal = Decimal("0.5")

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not self.fraction.is_finite() or not 0 < self.fraction < 1:
            raise ValueError(f"fraction is above 0 and below 1, got {self.fraction}")


KINDS: dict[str, type[Fault]] = {
    kind.kind: kind
    for kind in (
        RateLimited,
        Ban,
        Maintenance,
        ClockSkew,
        InsufficientBalance,
        ResetBefore,
        ResetAfter,
        ResetMidAnswer,
        TimeoutBefore,
        TimeoutAfter,
        ServerErrorBefore,
        ServerErrorAfter,
        LateAcceptance,
        Html200,
        Empty200,
        PartialFill,
    )
}
"""Every kind of fault, by the name that files give it."""
