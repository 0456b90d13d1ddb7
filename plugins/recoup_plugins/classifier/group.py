"""Exception groups: the worst member speaks for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from recoup import UNCLASSIFIED, ErrorSeverity

if TYPE_CHECKING:
    from recoup import Classification
    from recoup_plugins.classifier.rule import Inquiry

MAX_MEMBERS = 64
"""Members looked into; the outcome of a larger group counts as unknown."""

_RANK = {severity: rank for rank, severity in enumerate(ErrorSeverity)}


def worst_member(error: Any, inquiry: Inquiry) -> Classification | None:
    """Take the most severe member; retryable only if all are, outcome known only if every one is."""
    members = error.exceptions
    found = [inquiry.nested(member) for member in members[:MAX_MEMBERS]]
    if not any(found):
        return None
    answers = [answer or UNCLASSIFIED for answer in found]
    stages = {answer.stage for answer in answers}
    whole = len(members) <= MAX_MEMBERS
    return evolve(
        min(answers, key=lambda answer: _RANK[answer.severity]),
        retryable=whole and all(answer.retryable for answer in answers),
        outcome_known=whole and all(answer.outcome_known for answer in answers),
        stage=stages.pop() if len(stages) == 1 else None,
        retry_after=max((answer.retry_after for answer in answers if answer.retry_after is not None), default=None),
    )
