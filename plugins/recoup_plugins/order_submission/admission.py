"""What may be sent at once, what waits, and what is looked up first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import Decision, Recovery, TradingHalted
from recoup_plugins.order_submission.intents import SendState
from recoup_plugins.order_submission.rounds import WRONG_RULE, Rounds, found_earlier
from recoup_plugins.order_submission.submission import ID_RULES, has_id, is_named, is_verifiable

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from recoup import Call, Host
    from recoup_plugins.order_submission.book import Book
    from recoup_plugins.order_submission.config import OrderSubmissionConfig
    from recoup_plugins.order_submission.intents import IntentKey
    from recoup_plugins.order_submission.submission import Submission
    from recoup_plugins.order_submission.verification import Verdict


class Admissions:
    """Has every intent belong to one call at a time. Thread-safe and task-safe.

    Args:
        config: how long to wait for another call.
        host: the handler.
        book: what is known of each submission.
        rounds: runs verifications.
    """

    def __init__(self, config: OrderSubmissionConfig, host: Host, book: Book, rounds: Rounds) -> None:
        self._config = config
        self._host = host
        self._book = book
        self._rounds = rounds

    def admit(self, call: Call, component: str) -> Recovery | Awaitable[Recovery | None] | None:
        """Let the first send of an intent go at once; have every other one wait and be looked up first.

        Raises:
            TradingHalted: so many orders are unknown that no other could be remembered.
        """
        key = self._book.key(call, component)
        if key is None or not is_named(call.operation):
            return None if key is None else self._admit_unseen(key)
        intents = self._book.intents
        if intents.send(key, call):
            return None
        if intents.is_stuck and intents.state(key) is None:
            raise TradingHalted(f"{len(intents)} orders are of unknown outcome, and no more are remembered", key=key[0])
        return self._admit_again(call, component, key)

    def settle(self, call: Call, component: str, error: BaseException | None) -> None:
        """Remember what became of the intent that a call holds."""
        key = self._book.key(call, component)
        if error is None:
            self._settle_result(call, key)
        elif call.unresolved:
            self._settle_unknown(call, component, error)
        elif key is not None:
            self._book.release(key, call, None)

    def _settle_result(self, call: Call, key: IntentKey | None) -> None:
        if key is None:
            return
        # What stands in for a result is given for known failures alone.
        succeeded = is_named(call.operation) and not call.stood_in
        self._book.release(key, call, SendState.ACCEPTED if succeeded else None)

    def _settle_unknown(self, call: Call, component: str, error: BaseException) -> None:
        if not (has_id(call.operation) or is_verifiable(call.operation)):
            return
        submission = self._book.submission(call, component)
        if not is_named(call.operation):  # nobody holds it before it has failed
            self._book.intents.send(submission.key, call)
        self._book.end(submission, call, SendState.UNKNOWN, f"the call ended with {type(error).__name__}")

    def _admit_unseen(self, key: IntentKey) -> Recovery | None:
        """Let go what can't be looked up, unless it is unknown already: then nobody could say that it was not sent."""
        if self._book.intents.state(key) is not SendState.UNKNOWN:
            return None
        return Recovery.unknown("sent by an earlier call, and it takes an order port or `verify` to look it up")

    async def _admit_again(self, call: Call, component: str, key: IntentKey) -> Recovery | None:
        clock, intents = self._host.clock, self._book.intents
        submission = self._book.submission(call, component)
        if submission.id_rule not in ID_RULES:
            return WRONG_RULE
        window = self._rounds.window(call)
        end = clock.monotonic() + window
        while (old := intents.send_or_verify(key, call)) is None:
            if clock.monotonic() >= end:
                return Recovery.unknown("another call under the same client order id, or too many, have not ended yet")
            await clock.sleep(self._config.poll_interval)
        if old is SendState.SUBMITTED:  # the other call has failed, and was not executed
            if not self._rounds.is_too_late(call):
                return None
            intents.end(key, call, None)
            return Recovery.unknown("the deadline has passed while another call had the same client order id")
        contradicted = intents.is_contradicted(key)
        settle_time = self._config.least_settle_time(protected=submission.is_protected)
        if contradicted:
            settle_time = max(settle_time, self._config.duplicate_settle_time)
        verification = self._rounds.verification(
            submission, settle_time, end - clock.monotonic(), is_contradicted=contradicted
        )

        def decide(verdict: Verdict) -> Recovery | None:
            return self._decide(call, submission, old, verdict)

        return await self._rounds.run(submission, call, old, verification, decide)

    def _decide(self, call: Call, submission: Submission, old: SendState, verdict: Verdict) -> Recovery | None:
        """Decide whether a call may send an intent that an earlier one has sent, and tell the journals what is known.

        They are asked after this plugin, or not at all.
        """
        recovery = found_earlier(verdict)
        if old is SendState.UNKNOWN and (recovery is None or recovery.decision is Decision.RECOVERED):
            self._book.settle(submission, verdict.order, found=recovery is not None, detail=str(verdict))
        if recovery is None and self._rounds.is_too_late(call):
            return Recovery.unknown(f"{verdict}; the deadline has passed, so it is not sent again")
        return recovery
