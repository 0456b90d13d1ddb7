"""What is done once a submission has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import FailureReason, Recovery
from recoup_plugins.order_submission.intents import SendState
from recoup_plugins.order_submission.lookup import Finding
from recoup_plugins.order_submission.rounds import WRONG_RULE, Rounds
from recoup_plugins.order_submission.submission import ID_RULES, is_verifiable

if TYPE_CHECKING:
    from recoup import Call, ErrorContext
    from recoup_plugins.order_submission.book import Book
    from recoup_plugins.order_submission.config import OrderSubmissionConfig
    from recoup_plugins.order_submission.intents import IntentKey
    from recoup_plugins.order_submission.submission import Submission
    from recoup_plugins.order_submission.verification import Verdict

NAME = "order_submission"
"""Under which the core counts this plugin's answers in ``Call.answers``."""

_MAX_DOUBLINGS = 6
_PACED = frozenset({FailureReason.RATE_LIMITED, FailureReason.BANNED, FailureReason.MAINTENANCE})
_NEVER_IN_DOUBT = frozenset({None, SendState.SUBMITTED})


class SubmissionRecovery:
    """Finds out what became of a submission that failed, before it is sent again. Thread-safe and task-safe.

    Args:
        config: how long that takes.
        book: what is known of each submission.
        rounds: runs verifications.
    """

    def __init__(self, config: OrderSubmissionConfig, book: Book, rounds: Rounds) -> None:
        self._config = config
        self._book = book
        self._rounds = rounds

    async def recover(self, context: ErrorContext, call: Call) -> Recovery | None:
        """Adopt the order, have it sent again where it verifiably was not placed, or answer that nobody knows."""
        if not is_verifiable(call.operation):
            return None  # not to be looked up here; where nobody else can, the core calls it unknown
        if not self._concerns(context, call, self._book.key(call, context.component)):
            return None
        submission = self._book.submission(call, context.component)
        if submission.id_rule not in ID_RULES:
            return WRONG_RULE
        is_duplicate = _is(context, FailureReason.DUPLICATE_ORDER)
        window = self._rounds.window(call)
        verification = self._rounds.verification(
            submission,
            self._settle_time(context, call, submission, window),
            window,
            is_contradicted=is_duplicate or self._book.intents.is_contradicted(submission.key),
        )
        old = self._book.intents.verify(submission.key, call)
        if old is None:
            return _adopt_only(await verification.run())

        def decide(verdict: Verdict) -> Recovery | None:
            return self._decide(context, call, verdict)

        return await self._rounds.run(submission, call, old, verification, decide)

    def _concerns(self, context: ErrorContext, call: Call, key: IntentKey | None) -> bool:
        """Whether an unknown outcome is involved: this failure's own, or that of an earlier send of the intent."""
        classification = context.classification
        if classification is None:
            return False
        if not classification.outcome_known or classification.reason is FailureReason.DUPLICATE_ORDER:
            return True
        if classification.reason in _PACED:
            return False
        return call.answers[NAME] > 0 or (key is not None and self._book.intents.state(key) not in _NEVER_IN_DOUBT)

    def _settle_time(self, context: ErrorContext, call: Call, submission: Submission, window: float) -> float:
        config = self._config
        if _is(context, FailureReason.DUPLICATE_ORDER):
            return config.duplicate_settle_time
        settle_time = config.settle_time * 2.0 ** min(call.answers[NAME], _MAX_DOUBLINGS)
        settle_time = max(settle_time, config.least_settle_time(protected=submission.is_protected))
        asked = context.classification.retry_after if context.classification is not None else None
        # To look on is the best use of a wait that the venue asks for; a whole window of it would leave no room to act.
        return max(settle_time, min(asked or 0.0, window / 2))

    def _decide(self, context: ErrorContext, call: Call, verdict: Verdict) -> Recovery | None:
        if verdict.finding is Finding.FOUND:
            return Recovery.recovered(verdict.order, verified=True, detail=str(verdict))
        if verdict.finding is Finding.UNRESOLVED:
            return Recovery.unknown(str(verdict))
        if verdict.is_contradicted:
            return Recovery.unknown(f"refused as a duplicate, which may be of an older order, yet {verdict}")
        if context.classification is not None and context.classification.outcome_known:
            return None  # this failure and all before it are known now
        obstacle = self._obstacle(call)
        if obstacle is not None:
            return Recovery.unknown(f"{verdict}; {obstacle}")
        return Recovery.retry(0.0, verified=True, detail=f"{verdict}; sent again under the same id")

    def _obstacle(self, call: Call) -> str | None:
        """Say why what was not found is not sent again, or None where it may be."""
        if self._rounds.is_too_late(call):
            return "the deadline has passed, so it is not sent again"
        if call.answers[NAME] >= self._config.max_resends:
            return f"it was sent again {self._config.max_resends} times already"
        return None if call.may_repeat else "the guard does not repeat calls"


def _is(context: ErrorContext, reason: FailureReason) -> bool:
    return context.classification is not None and context.classification.reason is reason


def _adopt_only(verdict: Verdict) -> Recovery:
    """Answer for a call that must not send, since another one with the same id may."""
    if verdict.finding is Finding.FOUND:
        return Recovery.recovered(verdict.order, verified=True, detail=str(verdict))
    return Recovery.unknown(f"{verdict}; another call may be sending an order under the same id")
