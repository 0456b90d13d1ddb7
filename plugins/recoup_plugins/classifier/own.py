"""recoup's own errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from recoup import ErrorCategory, ErrorSeverity, FailureReason, FailureStage
from recoup_plugins.classifier.rule import Table, verdict

if TYPE_CHECKING:
    from recoup import Classification
    from recoup_plugins.classifier.rule import Inquiry

_REFUSED = verdict(
    FailureReason.REFUSED,
    ErrorSeverity.MEDIUM,
    ErrorCategory.SYSTEM,
    retryable=True,
    known=True,
    stage=FailureStage.BEFORE_SEND,
)
_MISCONFIGURED = verdict(
    FailureReason.PROGRAMMING, ErrorSeverity.HIGH, ErrorCategory.CONFIGURATION, retryable=False, known=True
)

_UNREADABLE = verdict(
    FailureReason.BAD_RESPONSE,
    ErrorSeverity.MEDIUM,
    ErrorCategory.EXCHANGE,
    retryable=True,
    known=False,
    stage=FailureStage.ANSWER_BEGUN,
)


def _refused(error: Any, inquiry: Inquiry) -> Classification:  # noqa: ARG001 - shape of an inspector
    """A refusal that came out of the function itself does not tell that this was not called."""
    found = evolve(_REFUSED, outcome_known=False, stage=None) if error.from_within else _REFUSED
    return found if error.retry_after is None else evolve(found, retry_after=max(0.0, error.retry_after))


def _degraded(error: Any, inquiry: Inquiry) -> Classification:
    """Degraded service stands for a call that did fail, so what that one left open stays open."""
    cause = error.__cause__ or error.__context__
    known = cause is None or ((found := inquiry.nested(cause)) is not None and found.outcome_known)
    return evolve(_refused(error, inquiry), outcome_known=known)


TABLE: Table = {
    "recoup.ConfigError": _MISCONFIGURED,
    "recoup.HandlerStateError": _MISCONFIGURED,
    "recoup.OrderNotVerifiable": verdict(
        FailureReason.OTHER, ErrorSeverity.HIGH, ErrorCategory.EXCHANGE, retryable=False, known=False
    ),
    "recoup.OutcomeUnknown": verdict(
        FailureReason.REFUSED, ErrorSeverity.HIGH, ErrorCategory.SYSTEM, retryable=False, known=False
    ),
    "recoup.PluginError": _MISCONFIGURED,
    "recoup.PolicyUnavailable": _MISCONFIGURED,
    "recoup.Refused": _refused,
    "recoup.ServiceDegraded": _degraded,
    "recoup.UnreadableAnswer": _UNREADABLE,
}
