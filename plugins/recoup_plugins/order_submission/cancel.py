"""What is done once a cancel has failed: a cancel and a fill race, and whichever won, the order is final."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import FailureReason, Recovery
from recoup_plugins.order_submission.lookup import Finding, Lookup
from recoup_plugins.order_submission.recovery import NAME
from recoup_plugins.order_submission.submission import Submission

if TYPE_CHECKING:
    from recoup import Call, Classification, ErrorContext, Host
    from recoup_plugins.order_submission.book import Book
    from recoup_plugins.order_submission.config import OrderSubmissionConfig
    from recoup_plugins.order_submission.lookup import Answer

_FINAL = frozenset({"closed", "canceled", "cancelled", "expired", "rejected"})
_MAX_DOUBLINGS = 6


class CancelRecovery:
    """Reads the final state of an order whose cancel failed, and has the cancel repeated while it is open.

    Thread-safe and task-safe: it keeps nothing but what the book does.

    Args:
        config: how often and how long.
        host: the handler.
        book: told where an order of unknown outcome is seen.
    """

    def __init__(self, config: OrderSubmissionConfig, host: Host, book: Book) -> None:
        self._config = config
        self._host = host
        self._book = book

    async def recover(self, context: ErrorContext, call: Call) -> Recovery | None:
        """Give the order where it is final, have the cancel sent again where it is open or can't be read.

        For calls of kind CANCEL. None where the venue answered that it knows no such order, or where the failure is not
        about the order.
        """
        operation = call.operation
        if operation.client_order_id is None or operation.orders is None or not _concerns(context.classification):
            return None
        key = (operation.key or context.component, operation.client_order_id)
        submission = Submission.of_call(key, call, context.component, self._host.clock)
        answer, failure = await self._read(submission, call)
        if answer.finding is Finding.ABSENT:
            return None
        if answer.finding is Finding.UNRESOLVED:
            return self._again(call, f"the order could not be read ({failure})")
        self._book.adopt(submission, answer.order)
        status = answer.order.get("status")
        if status in _FINAL:
            return Recovery.recovered(answer.order, verified=True, detail=f"the order is {status}")
        return self._again(call, f"the order is {status}")

    async def _read(self, submission: Submission, call: Call) -> tuple[Answer, str]:
        """Look the order up until there is an answer, for the settle time at most: it is to be cancelled soon."""
        clock, pause = self._host.clock, self._config.poll_interval
        lookup = Lookup(host=self._host, submission=submission)
        end = clock.monotonic() + self._config.settle_time
        while True:
            answer = await lookup.look(self._left(call, end))
            if answer.finding is Finding.ABSENT:
                answer = await lookup.cross_check(self._left(call, end))
            if answer.finding is not Finding.UNRESOLVED or lookup.is_hopeless or clock.monotonic() + pause > end:
                return answer, lookup.failure
            await clock.sleep(pause)
            pause *= 2.0

    def _left(self, call: Call, end: float) -> float:
        now = self._host.clock.monotonic()
        remaining = call.remaining(now)
        return end - now if remaining is None else min(end - now, remaining)

    def _again(self, call: Call, detail: str) -> Recovery:
        """Have the cancel sent again, or say that nobody knows whether the order still rests."""
        times = call.answers[NAME]
        delay = self._config.poll_interval * 2.0 ** min(times, _MAX_DOUBLINGS)
        remaining = call.remaining(self._host.clock.monotonic())
        if remaining is not None and remaining <= delay:
            return Recovery.unknown(f"{detail}; the deadline comes before another cancel")
        if times >= self._config.max_cancels:
            return Recovery.unknown(f"{detail}; it was cancelled {times} times more")
        if not call.may_repeat:
            return Recovery.unknown(f"{detail}; the guard does not repeat calls")
        return Recovery.retry(delay, verified=True, detail=f"{detail}; cancelled again")


def _concerns(classification: Classification | None) -> bool:
    """Say whether a failure leaves open what the order's state is."""
    if classification is None:
        return False
    return not classification.outcome_known or classification.reason is FailureReason.ORDER_NOT_FOUND
