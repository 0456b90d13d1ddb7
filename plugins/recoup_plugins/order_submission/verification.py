"""Looks an order up until there is evidence enough to act on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import anyio
from attrs import define, field, frozen

from recoup import Operation, OperationKind, OrderNotVerifiable

if TYPE_CHECKING:
    from recoup import Host
    from recoup.ports import OrderPort

_POLL_GROWTH = 1.5
_FAILURE_GROWTH = 2.0
_SHORTEST_LOOKUP = 5.0
"""A lookup that begins just before the window ends still gets a fair chance: an adopted order is worth the seconds."""
_SHORTEST_PAUSE = 0.01
"""Keeps rounding in the settle time from turning the last poll into a busy loop."""
_NOT_VERIFIABLE_ENOUGH = 3
"""``OrderNotVerifiable`` is permanent by its meaning; so many in a row rule out that only one answer was odd."""


class Finding(Enum):
    """What the lookups came to."""

    FOUND = "found"
    ABSENT = "absent"
    """Successful lookups, none failed in between, knew no such order for the whole settle time."""
    UNRESOLVED = "unresolved"


@frozen(kw_only=True)
class Verdict:
    """The end of a verification. Immutable.

    Attributes:
        finding: what the lookups came to.
        order: with ``FOUND``, the order as the port gave it.
        lookups: how many were made.
        failure: class name of the last failed lookup's exception, or ``""``.
    """

    finding: Finding
    order: Any = None
    lookups: int = 0
    failure: str = ""


@define
class Absence:
    """Evidence that the venue does not know the order. Belongs to one task.

    Counts only an unbroken run of successful lookups, and only the time from the first answer to the last question:
    whatever passed before and after it may have been spent waiting, not looking.
    """

    settle_time: float
    _since: float | None = None
    _until: float = 0.0

    def confirm(self, asked: float, answered: float) -> None:
        """Count a lookup that succeeded and found nothing."""
        if self._since is None:
            self._since = answered
        self._until = asked

    def discard(self) -> None:
        """Start again, since a lookup failed: the venue that answers next may have only just come back."""
        self._since = None

    @property
    def conclusive(self) -> bool:
        """Whether nothing was found for the whole settle time. Takes two lookups at least."""
        return self._since is not None and self._until - self._since >= self.settle_time

    def missing(self, now: float) -> float:
        """Return the seconds until a lookup could be the last one needed."""
        return self.settle_time if self._since is None else max(0.0, self._since + self.settle_time - now)


@define(kw_only=True)
class Verification:
    """One round of lookups for one order. Belongs to one task.

    Attributes:
        host: makes the lookups as guarded calls, so that limits and outages during them are recovered too.
        component: as in the context of the failed submission.
        operation: the submission; has a client order id.
        orders: its order port.
        settle_time: seconds for which "not found" must persist.
        window: seconds after which no further lookup begins; one is made in any case.
        poll_interval: seconds between the first lookups; grows.
        max_pause: most that it grows to.
    """

    host: Host
    component: str
    operation: Operation
    client_order_id: str
    orders: OrderPort
    settle_time: float
    window: float
    poll_interval: float
    max_pause: float
    _lookups: int = field(default=0, init=False)
    _failure: str = field(default="", init=False)
    _not_verifiable: int = field(default=0, init=False)

    async def run(self) -> Verdict:
        """Look until the order is found, is absent beyond doubt, can't be looked up, or the window has passed."""
        clock = self.host.clock
        end = clock.monotonic() + self.window
        absence = Absence(self.settle_time)
        pause = self.poll_interval
        while True:
            asked = clock.monotonic()
            answer = await self._look_up(end - asked)
            now = clock.monotonic()
            if isinstance(answer, Mapping):
                return self._verdict(Finding.FOUND, answer)
            if answer is None:
                absence.confirm(asked, now)
                if absence.conclusive:
                    return self._verdict(Finding.ABSENT)
                wait, pause = min(pause, absence.missing(now)), pause * _POLL_GROWTH
            else:
                absence.discard()
                wait, pause = pause, pause * _FAILURE_GROWTH
            pause = min(pause, self.max_pause)
            if now >= end or self._not_verifiable >= _NOT_VERIFIABLE_ENOUGH:
                return self._verdict(Finding.UNRESOLVED)
            await clock.sleep(max(_SHORTEST_PAUSE, min(wait, end - now)))

    async def _look_up(self, left: float) -> Mapping[str, Any] | Exception | None:
        self._lookups += 1
        left = max(left, _SHORTEST_LOOKUP)
        lookup = Operation(
            kind=OperationKind.READ,
            key=self.operation.key,
            venue=self.operation.venue,
            symbol=self.operation.symbol,
            deadline=left,
        )
        failure: Exception
        try:
            # In real time, whatever the clock is: a client that hangs must not keep the caller for ever.
            with anyio.fail_after(left):
                answer = await self.host.call(
                    self.orders.find_order,
                    self.client_order_id,
                    self.operation.symbol,
                    component=self.component,
                    operation=lookup,
                )
        except Exception as error:  # noqa: BLE001 - whatever a lookup raises, it says nothing of the order
            failure = error
        else:
            self._not_verifiable = 0
            if answer is None or (isinstance(answer, Mapping) and answer):
                return answer
            failure = TypeError(f"find_order must give an order or None, got {type(answer).__name__}")
        self._failure = type(failure).__name__
        self._not_verifiable = self._not_verifiable + 1 if isinstance(failure, OrderNotVerifiable) else 0
        return failure

    def _verdict(self, finding: Finding, order: Any = None) -> Verdict:
        return Verdict(finding=finding, order=order, lookups=self._lookups, failure=self._failure)
