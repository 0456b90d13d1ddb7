"""What a mapping table holds: an answer, or a function that looks into the error for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from recoup import Classification, ErrorCategory, ErrorSeverity

if TYPE_CHECKING:
    from recoup import Clock, FailureReason, FailureStage


class Inquiry(Protocol):
    """What an inspector may ask while it looks into an error."""

    @property
    def clock(self) -> Clock:
        """Where dates such as a ``Retry-After`` are compared with the time."""
        ...

    def nested(self, error: object) -> Classification | None:
        """Classify an error that another one carries; None where it is not known or lies too deep."""
        ...


Inspector = Callable[[Any, Inquiry], Classification | None]
"""Looks into one error; None leaves it to the next rule."""

Rule = Classification | Inspector
Table = Mapping[str, Rule]
"""Rules by ``package.ClassName``: the top-level package where a class is defined, and its qualified name. Modules in
between are left out, since libraries move their classes between them."""


def verdict(
    reason: FailureReason,
    severity: ErrorSeverity = ErrorSeverity.MEDIUM,
    category: ErrorCategory = ErrorCategory.NETWORK,
    *,
    retryable: bool,
    known: bool,
    retry_after: float | None = None,
    stage: FailureStage | None = None,
) -> Classification:
    """Build a table's entry; whoever writes one must say whether it is retryable and its outcome known."""
    return Classification(
        severity=severity,
        category=category,
        retryable=retryable,
        outcome_known=known,
        retry_after=retry_after,
        reason=reason,
        stage=stage,
    )
