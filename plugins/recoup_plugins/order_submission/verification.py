"""Looks a submission up until there is evidence enough to act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from recoup_plugins.order_submission.lookup import Answer, Finding, Lookup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from recoup import Host
    from recoup_plugins.order_submission.queue import LookupQueue
    from recoup_plugins.order_submission.submission import Submission

_POLL_GROWTH = 1.5
_FAILURE_GROWTH = 2.0
_TURN_INTERVAL = 0.05
"""Seconds between two looks at whether it is one's turn to ask."""
_SHORTEST_PAUSE = 0.01
"""Keeps rounding in the settle time from turning the last poll into a busy loop."""


@frozen(kw_only=True)
class Verdict:
    """The end of a verification. Immutable.

    Attributes:
        finding: what the lookups came to.
        order: with ``FOUND``, the order as the port gave it.
        lookups: how many were made.
        failure: class name of the last failed lookup's exception, or ``""``.
        is_contradicted: whether something says that it exists, so that to find nothing proves nothing.
    """

    finding: Finding
    order: Any = None
    lookups: int = 0
    failure: str = ""
    is_contradicted: bool = False

    def __str__(self) -> str:
        lookups = f"{self.lookups} lookup{'s' if self.lookups != 1 else ''}"
        if self.finding is Finding.FOUND:
            return f"the venue has the order ({lookups})"
        if self.finding is Finding.ABSENT:
            return f"the venue knows no such order ({lookups})"
        return f"no conclusive answer in {lookups}" + (f", the last failure a {self.failure}" if self.failure else "")


@define
class Absence:
    """Evidence that the venue does not know the order. Belongs to one task at a time.

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


@define(kw_only=True, eq=False)
class Verification:
    """One round of lookups for one submission. Belongs to one task, and is run once.

    Attributes:
        host: makes the lookups.
        queue: where it waits for its turn at the venue.
        submission: what is looked up.
        settle_time: seconds for which "not found" must persist.
        window: seconds after which no further lookup begins; one is made in any case.
        poll_interval: seconds between the first lookups; grows.
        max_pause: most that it grows to.
        cross_checks: whether "not found" is held against the venue's lists before it counts.
        is_contradicted: whether the venue said that it exists.
    """

    host: Host
    queue: LookupQueue
    submission: Submission
    settle_time: float
    window: float
    poll_interval: float
    max_pause: float
    cross_checks: bool
    is_contradicted: bool
    _lookup: Lookup = field(init=False)
    _absence: Absence = field(init=False)
    _end: float = field(init=False, default=0.0)
    _asked: float = field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        self._lookup = Lookup(host=self.host, submission=self.submission)
        self._absence = Absence(self.settle_time)

    async def run(self) -> Verdict:
        """Look until it is found, is absent beyond doubt, can't be looked up, or the window has passed."""
        self._end = self.host.clock.monotonic() + self.window
        return self._verdict(await self._look())

    async def _look(self) -> Answer:
        clock, pause = self.host.clock, self.poll_interval
        checks_early = self.is_contradicted
        while True:
            answer = await self._in_turn(self._lookup.look)
            if answer.finding is Finding.ABSENT:
                self._absence.confirm(self._asked, clock.monotonic())
                if self._absence.conclusive or checks_early:
                    answer, checks_early = await self._cross_checked(), False
            else:
                self._absence.discard()
            now = clock.monotonic()
            if answer.finding is Finding.FOUND:
                return answer
            if answer.finding is Finding.ABSENT and self._absence.conclusive:
                return answer
            if now >= self._end or self._lookup.is_hopeless:
                return Answer(Finding.UNRESOLVED)
            wait, growth = pause, _FAILURE_GROWTH
            if answer.finding is Finding.ABSENT:
                wait, growth = min(pause, self._absence.missing(now)), _POLL_GROWTH
            pause = min(pause * growth, self.max_pause)
            await clock.sleep(max(_SHORTEST_PAUSE, min(wait, self._end - now)))

    async def _cross_checked(self) -> Answer:
        if not self.cross_checks:
            return Answer(Finding.ABSENT)
        return await self._in_turn(self._lookup.cross_check)

    async def _in_turn(self, ask: Callable[[float], Awaitable[Answer]]) -> Answer:
        """Ask when it is its turn: a place is held for the question alone, not for the pauses between two."""
        clock, venue = self.host.clock, self.submission.key[0]
        try:
            while not self.queue.enter(venue, self):
                if self._lookup.count and clock.monotonic() >= self._end:
                    return Answer(Finding.UNRESOLVED)
                await clock.sleep(_TURN_INTERVAL)
            self._asked = clock.monotonic()
            return await ask(self._end - self._asked)
        finally:
            self.queue.leave(venue, self)

    def _verdict(self, answer: Answer) -> Verdict:
        return Verdict(
            finding=answer.finding,
            order=answer.order,
            lookups=self._lookup.count,
            failure=self._lookup.failure,
            is_contradicted=self.is_contradicted or self._lookup.has_trades,
        )
