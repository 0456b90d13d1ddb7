"""Keeps looking for orders of unknown outcome after their calls have ended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from attrs import define

from recoup_plugins.order_submission.intents import SendState
from recoup_plugins.order_submission.lookup import Finding, Lookup
from recoup_plugins.order_submission.submission import ID_RULES, has_id, is_verifiable
from recoup_plugins.order_submission.verification import Absence

if TYPE_CHECKING:
    from recoup import Host
    from recoup_plugins.order_submission.book import Book
    from recoup_plugins.order_submission.config import OrderSubmissionConfig
    from recoup_plugins.order_submission.intents import IntentKey
    from recoup_plugins.order_submission.lookup import Answer
    from recoup_plugins.order_submission.queue import LookupQueue
    from recoup_plugins.order_submission.submission import Submission

TASK = "order_submission"
_GROWTH = 2.0


@define(eq=False)
class _Watch:
    """One unknown submission. Belongs to whoever attends to it."""

    submission: Submission
    lookup: Lookup
    absence: Absence
    interval: float
    due: float
    end: float


class BackgroundChecks:
    """Looks unknown submissions up at a growing interval, until each is found, absent beyond doubt, or given up.

    It never sends anything. Each check is one lookup, during which it holds the intent; a call that is to send the
    same intent waits that long, and looks it up itself. A check that a call precedes is put off.

    A number of tasks beside the application make the checks as they fall due. Where there is no event loop for a task,
    whoever submits next at the same venue makes one check that is due, see :meth:`has_overdue`.

    Thread-safe and task-safe.

    Args:
        config: how often and how long.
        host: the handler.
        book: what is known of each submission.
        queue: where verifications of one venue wait for their turn.
    """

    def __init__(self, config: OrderSubmissionConfig, host: Host, book: Book, queue: LookupQueue) -> None:
        self._config = config
        self._host = host
        self._book = book
        self._queue = queue
        self._lock = threading.Lock()
        self._watched: dict[IntentKey, _Watch] = {}
        self._waiting: dict[IntentKey, _Watch] = {}
        self._tasks = 0

    def __len__(self) -> int:
        return len(self._watched)

    def watch(self, submission: Submission) -> None:
        """Look after a submission from now on, if it can be looked up."""
        if not is_verifiable(submission.operation):
            return
        config, now, key = self._config, self._host.clock.monotonic(), submission.key
        watch = _Watch(
            submission=submission,
            lookup=Lookup(host=self._host, submission=submission),
            # Evidence from before its last send says nothing, so that it begins anew.
            absence=Absence(config.least_settle_time(protected=submission.is_protected)),
            interval=config.background_interval,
            due=now + config.background_interval,
            end=now + config.background_for,
        )
        with self._lock:
            self._watched[key] = self._waiting[key] = watch
        self._start()

    def has_overdue(self, venue: str) -> bool:
        """Say whether a check is due at the venue, of a submission that no task attends to, nor can be had to."""
        if not self._waiting or self._start():
            return False
        with self._lock:
            now = self._host.clock.monotonic()
            return any(key[0] == venue and watch.due <= now for key, watch in self._waiting.items())

    async def check_overdue(self, venue: str) -> None:
        """Make one check that is due at the venue, if nobody attends to it."""
        watch = self._take(venue)
        if watch is None:
            return
        try:
            await self._check(watch)
        finally:
            self._put_back(watch)

    def _start(self) -> bool:
        """Start a task where a submission waits for one.

        Returns:
            Whether there is one for every submission, or as many as there may be.
        """
        if not self._waiting or self._tasks >= self._config.max_background:
            return True
        return self._host.spawn(TASK, self._attend)

    async def _attend(self) -> None:
        clock = self._host.clock
        with self._lock:  # counted here, since a task whose loop ends before it begins never gets here
            self._tasks += 1
        try:
            while (watch := self._take()) is not None:
                try:
                    await clock.sleep(max(0.0, watch.due - clock.monotonic()))
                    await self._check(watch)
                finally:
                    self._put_back(watch)
        finally:
            with self._lock:
                self._tasks -= 1

    def _take(self, venue: str | None = None) -> _Watch | None:
        """Attend to the submission that is due first; of one venue, only where it is due now."""
        with self._lock:
            now = self._host.clock.monotonic()
            waiting = [watch for key, watch in self._waiting.items() if venue in (None, key[0])]
            watch = min(waiting, key=lambda watch: watch.due, default=None)
            if watch is None or (venue is not None and watch.due > now):
                return None
            del self._waiting[watch.submission.key]
            return watch

    def _put_back(self, watch: _Watch) -> None:
        key = watch.submission.key
        with self._lock:
            if self._watched.get(key) is watch:
                self._waiting[key] = watch

    async def _check(self, watch: _Watch) -> None:
        now = self._host.clock.monotonic()
        submission, holder = watch.submission, object()
        if now >= watch.end:
            self._give_up(watch)
            return
        watch.due = now + watch.interval
        if not self._book.intents.check(submission.key, holder):
            if not self._book.intents.is_open(submission.key):  # its call or another one has found it out
                self._forget(watch)
            return
        is_settled = False
        try:
            if self._queue.enter_at_once(submission.key[0], holder):
                watch.interval = min(watch.interval * _GROWTH, self._config.background_max_interval)
                try:
                    answer = await self._look(watch)
                finally:
                    self._queue.leave(submission.key[0], holder)
                is_settled = self._conclude(watch, holder, answer)
        finally:
            if not is_settled:
                self._book.intents.end(submission.key, holder, SendState.UNKNOWN)

    async def _look(self, watch: _Watch) -> Answer:
        clock = self._host.clock
        left = watch.absence.settle_time
        asked = clock.monotonic()
        answer = await watch.lookup.look(left)
        if answer.finding is not Finding.ABSENT:
            watch.absence.discard()
            return answer
        watch.absence.confirm(asked, clock.monotonic())
        if watch.absence.conclusive and self._cross_checks(watch.submission):
            answer = await watch.lookup.cross_check(left)
        return answer

    def _conclude(self, watch: _Watch, holder: object, answer: Answer) -> bool:
        submission, order = watch.submission, answer.order
        found = answer.finding is Finding.FOUND
        if watch.lookup.has_trades:
            self._book.intents.contradict(submission.key, holder)
        if not found and not self._is_absent(watch, answer):
            return False
        detail = "found in the background" if found else "absent beyond doubt, as found in the background"
        self._forget(watch)
        self._book.conclude(submission, holder, order, found=found, detail=detail)
        return True

    def _is_absent(self, watch: _Watch, answer: Answer) -> bool:
        submission = watch.submission
        if answer.finding is not Finding.ABSENT or not watch.absence.conclusive or submission.id_rule not in ID_RULES:
            return False
        return not self._book.intents.is_contradicted(submission.key)

    def _cross_checks(self, submission: Submission) -> bool:
        return self._config.cross_check or submission.id_rule == "none"

    def _give_up(self, watch: _Watch) -> None:
        submission = watch.submission
        self._forget(watch)
        if self._book.intents.state(submission.key) is not SendState.UNKNOWN:
            return  # whoever holds it has it watched anew if that comes to nothing
        if not has_id(submission.operation):
            self._book.intents.forget(submission.key)
        self._host.escalate(
            submission.component,
            submission.name,
            f"order {submission.key[1]}: still unknown after {self._config.background_for:.0f} s of lookups; a human "
            "must find out at the venue what became of it, and nothing is sent under its id until then",
        )

    def _forget(self, watch: _Watch) -> None:
        with self._lock:
            if self._watched.get(watch.submission.key) is watch:
                del self._watched[watch.submission.key]
