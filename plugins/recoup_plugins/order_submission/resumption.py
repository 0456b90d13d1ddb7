"""What became of the intents that an earlier process has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import IntentFinding, IntentState, OperationKind, Recovery
from recoup_plugins.order_submission.lookup import Finding
from recoup_plugins.order_submission.submission import ID_RULES, Submission

if TYPE_CHECKING:
    from recoup import Host, Intent
    from recoup_plugins.order_submission.book import Book
    from recoup_plugins.order_submission.config import OrderSubmissionConfig
    from recoup_plugins.order_submission.rounds import Rounds
    from recoup_plugins.order_submission.verification import Verdict

_AMENDMENT = IntentFinding(
    state=IntentState.UNKNOWN, detail="an order does not tell whether it was amended as intended: compare it by hand"
)
_UNDER_WAY = IntentFinding(
    state=IntentState.UNKNOWN, detail="a call under the same client order id is under way, or there is no room"
)


class Resumptions:
    """Looks up intents whose calls belonged to an earlier process. Thread-safe and task-safe.

    Args:
        config: how long that takes.
        host: the handler.
        book: what is known of each submission.
        rounds: runs verifications.
    """

    def __init__(self, config: OrderSubmissionConfig, host: Host, book: Book, rounds: Rounds) -> None:
        self._config = config
        self._host = host
        self._book = book
        self._rounds = rounds

    async def verify(self, intent: Intent) -> IntentFinding | None:
        """Look an intent up and remember it; None where nobody said where to look.

        The process may have ended just after it sent the order, so that "not found" has to persist from now on.
        """
        orders = self._host.venues.get(intent.key).orders
        if orders is None:
            return None
        if intent.kind is not OperationKind.SUBMIT:
            return _AMENDMENT
        submission = Submission.of_intent(intent, orders)
        holder = object()
        clock = self._host.clock
        end = clock.monotonic() + self._config.verify_timeout
        while (old := self._book.intents.verify(submission.key, holder)) is None:
            if clock.monotonic() >= end:
                return _UNDER_WAY
            await clock.sleep(self._config.poll_interval)
        contradicted = self._book.intents.is_contradicted(submission.key)
        settle_time = self._config.least_settle_time(protected=submission.is_protected)
        verification = self._rounds.verification(
            submission, settle_time, end - clock.monotonic(), is_contradicted=contradicted
        )
        findings: list[IntentFinding] = []

        def decide(verdict: Verdict) -> Recovery | None:
            findings.append(_finding(verdict, submission))
            return _as_recovery(findings[0])

        await self._rounds.run(submission, holder, old, verification, decide)
        if findings[0].state is IntentState.FAILED:
            self._book.intents.end(submission.key, holder, None)  # nobody is left to send it
        return findings[0]


def _finding(verdict: Verdict, submission: Submission) -> IntentFinding:
    detail = str(verdict)
    if verdict.finding is Finding.FOUND:
        return IntentFinding(state=IntentState.ACCEPTED, order=verdict.order, detail=detail)
    if verdict.finding is Finding.ABSENT and not verdict.is_contradicted and submission.id_rule in ID_RULES:
        return IntentFinding(state=IntentState.FAILED, detail=detail)
    return IntentFinding(state=IntentState.UNKNOWN, detail=detail)


def _as_recovery(finding: IntentFinding) -> Recovery | None:
    if finding.state is IntentState.ACCEPTED:
        return Recovery.recovered(finding.order, verified=True)
    return None if finding.state is IntentState.FAILED else Recovery.unknown(finding.detail)
