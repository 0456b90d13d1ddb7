"""One verification of a submission that a call holds: how long, what follows, and what is known afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import Decision, Recovery
from recoup_plugins.order_submission.intents import SendState
from recoup_plugins.order_submission.lookup import Finding
from recoup_plugins.order_submission.submission import ID_RULES
from recoup_plugins.order_submission.verification import Verdict, Verification

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Call, Host
    from recoup_plugins.order_submission.book import Book
    from recoup_plugins.order_submission.config import OrderSubmissionConfig
    from recoup_plugins.order_submission.queue import LookupQueue
    from recoup_plugins.order_submission.submission import Submission

WRONG_RULE = Recovery.unknown(f"the order port's client_id_rule must be one of {ID_RULES}")


class Rounds:
    """Runs verifications. Thread-safe and task-safe.

    Args:
        config: how long they take.
        host: the handler.
        book: what is known of each submission.
        queue: where they wait for their turn.
    """

    def __init__(self, config: OrderSubmissionConfig, host: Host, book: Book, queue: LookupQueue) -> None:
        self._config = config
        self._host = host
        self._book = book
        self._queue = queue

    async def run(
        self,
        submission: Submission,
        holder: object,
        old: SendState,
        verification: Verification,
        decide: Callable[[Verdict], Recovery | None],
    ) -> Recovery | None:
        """Verify what the holder holds since it was ``old``, and remember what was decided."""
        self._book.verifying(submission, old)
        unresolved = SendState.ACCEPTED if old is SendState.ACCEPTED else SendState.UNKNOWN
        state: SendState | None = unresolved
        detail = "the verification was broken off"
        try:
            if unresolved is SendState.UNKNOWN:
                self._book.doubt(submission)
            verdict = await verification.run()
            if verdict.is_contradicted:
                self._book.intents.contradict(submission.key, holder)
            recovery = decide(verdict)
            state, detail = _state_after(recovery, unresolved), str(verdict)
        finally:
            # Also where the task is cancelled: whoever submits the intent next must not find it held.
            self._book.end(submission, holder, state, detail)
        return recovery

    def verification(
        self, submission: Submission, settle_time: float, window: float, *, is_contradicted: bool
    ) -> Verification:
        """Return a verification that is yet to be run."""
        config = self._config
        return Verification(
            host=self._host,
            queue=self._queue,
            submission=submission,
            settle_time=settle_time,
            window=window,
            poll_interval=config.poll_interval,
            max_pause=config.max_pause,
            cross_checks=config.cross_check or submission.id_rule == "none",
            is_contradicted=is_contradicted,
        )

    def window(self, call: Call) -> float:
        """Return the seconds that the lookups for a call may take.

        They go on for the settle time even past the deadline, which forbids only to send.
        """
        remaining = call.remaining(self._host.clock.monotonic())
        if remaining is None:
            return self._config.verify_timeout
        return min(self._config.verify_timeout, max(remaining, self._config.settle_time))

    def is_too_late(self, call: Call) -> bool:
        """Say whether the deadline of a call has passed."""
        remaining = call.remaining(self._host.clock.monotonic())
        return remaining is not None and remaining <= 0


def _state_after(recovery: Recovery | None, unresolved: SendState) -> SendState:
    if recovery is None or recovery.decision is Decision.RETRY:
        return SendState.NOT_FOUND
    return SendState.ACCEPTED if recovery.decision is Decision.RECOVERED else unresolved


def found_earlier(verdict: Verdict) -> Recovery | None:
    """Return the order that an earlier call has sent, or that nobody knows; None where it was not sent."""
    if verdict.finding is Finding.FOUND:
        return Recovery.recovered(verdict.order, verified=True, detail=f"sent by an earlier call; {verdict}")
    if verdict.finding is Finding.UNRESOLVED:
        return Recovery.unknown(f"sent by an earlier call; {verdict}")
    if verdict.is_contradicted:
        return Recovery.unknown(f"accepted earlier, yet {verdict}")
    return None
