"""What a fault is, and those that lose an answer.

::

    Fault
    ├── WindowFault       opens a window on the whole venue: rate_limited, ban, maintenance, outage, clock_*
    ├── RefusingFault     answers instead of executing: *_before, insufficient_balance, rejection
    ├── HidingFault       executes, then changes the answer: *_after, html_200, empty_200, reset_mid_answer, trades_*
    ├── LateAcceptance    answers an error now, and executes later
    ├── PartialFill       executes, but fills only a part
    ├── FillBeforeCancel  fills the order that is about to be cancelled
    └── Crash             strikes the bot's own process, and the venue not at all

All are values, so safe to share between threads and tasks.
"""

from __future__ import annotations

import enum
import math
from abc import ABC, abstractmethod
from typing import ClassVar

from attrs import evolve, frozen

from recoup_sim.answers import Answer, Delivery, VenueError, html_answer


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
        if self.start is not None and not is_time(self.start):
            raise ValueError(f"from is a venue time in seconds, 0 or later, got {self.start}")
        if self.duration is not None and not is_length(self.duration):
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


def is_time(seconds: float) -> bool:
    """Say whether this is a finite number of seconds from 0."""
    return math.isfinite(seconds) and seconds >= 0


def is_length(seconds: float) -> bool:
    """Say whether this is a finite number of seconds above 0."""
    return math.isfinite(seconds) and seconds > 0


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
