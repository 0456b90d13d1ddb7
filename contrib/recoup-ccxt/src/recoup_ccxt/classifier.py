"""The ``ccxt_classifier`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from recoup import Classification, ErrorContext, FailureReason, FailureStage, UnreadableAnswer, hookimpl
from recoup_ccxt import verdicts
from recoup_ccxt.exception_table import ccxt_class
from recoup_ccxt.judgement import judge
from recoup_ccxt.message import Message
from recoup_ccxt.transport import Stage, stage_of
from recoup_ccxt.venue import CcxtVenue
from recoup_ccxt.waiting import asked_wait

if TYPE_CHECKING:
    from recoup.host import Host

_WITH_WAIT = frozenset(
    {FailureReason.RATE_LIMITED, FailureReason.BANNED, FailureReason.MAINTENANCE, FailureReason.SERVER_ERROR}
)
_STAGES = {
    Stage.NEVER_SENT: FailureStage.BEFORE_SEND,
    Stage.CERTIFICATE: FailureStage.BEFORE_SEND,
    Stage.UNDER_WAY: FailureStage.SENT,
    Stage.BROKE_OFF: FailureStage.ANSWER_BEGUN,
    Stage.ANSWERED: FailureStage.ANSWER_BEGUN,
}


class CcxtClassifier:
    """Says what ccxt's errors mean for the order that was sent. Thread-safe and task-safe; does not import ccxt.

    In doubt an error leaves the outcome unknown.
    """

    def __init__(self, host: Host) -> None:
        self._clock = host.clock

    @hookimpl
    def classify(self, error: Exception, context: ErrorContext) -> Classification | None:
        """Answer for ccxt's own errors and those of this distribution."""
        if isinstance(error, UnreadableAnswer):
            return evolve(verdicts.UNREADABLE, stage=FailureStage.ANSWER_BEGUN)
        name = ccxt_class(error)
        if name is None:
            return None
        message = Message.of(error)
        found = evolve(judge(error, name, message), stage=_stage(error, message))
        if found.reason not in _WITH_WAIT:
            return found
        wait = asked_wait(error, message, _venue(context), self._clock)
        return found if wait is None else evolve(found, retry_after=wait)

    def needs_error(self, kind: type[Exception]) -> bool:
        """Say whether errors of exactly this class have to be looked into: all of ccxt's, whose message tells more."""
        return any(base.__module__.partition(".")[0] == "ccxt" for base in kind.__mro__)


def _stage(error: Exception, message: Message) -> FailureStage | None:
    """Say how far the request had come; ccxt names its own method where it refuses arguments before it sends."""
    if message.bare:
        return _STAGES[stage_of(error)]
    if message.answered:
        return FailureStage.ANSWER_BEGUN
    return FailureStage.BEFORE_SEND if message.own else None


def _venue(context: ErrorContext) -> CcxtVenue | None:
    if context.call is None:
        return None
    operation = context.call.operation
    for port in (operation.venue, operation.orders):
        if isinstance(port, CcxtVenue):
            return port
    return None
