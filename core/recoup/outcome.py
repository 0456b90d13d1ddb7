"""What came of handling an error."""

from __future__ import annotations

from contextlib import suppress
from enum import Enum
from math import inf
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from attrs.validators import ge, instance_of, lt

if TYPE_CHECKING:
    from recoup.classification import Classification
    from recoup.events import RateLimitDecision


class Decision(Enum):
    """What the caller does next."""

    RECOVERED = "recovered"
    """The call's purpose is achieved; take ``value`` as its result."""
    RETRY = "retry"
    """It is known that the call may be made again, after ``delay`` seconds."""
    RAISE = "raise"
    """A known failure; let the error through."""
    UNKNOWN = "unknown"
    """Nobody could find out whether the side effect happened. Send nothing; a human has been told."""


@frozen(kw_only=True)
class Recovery:
    """The answer of the ``recover`` hook. Immutable.

    Attributes:
        decision: what the caller shall do.
        value: with ``RECOVERED``, the call's result, such as an adopted order.
        delay: with ``RETRY``, seconds to wait before the call is made again.
        verified: whether the other side was asked and said that the side effect did not happen or did.
        detail: one line for the operator; holds no secret.
    """

    decision: Decision = field(validator=instance_of(Decision))
    value: Any = None
    delay: float = field(default=0.0, validator=[instance_of((int, float)), ge(0), lt(inf)])
    verified: bool = field(default=False, validator=instance_of(bool))
    detail: str = field(default="", validator=instance_of(str))

    @classmethod
    def recovered(cls, value: Any = None, *, detail: str = "", verified: bool = False) -> Recovery:
        """Answer with the call's result."""
        return cls(decision=Decision.RECOVERED, value=value, verified=verified, detail=detail)

    @classmethod
    def retry(cls, delay: float = 0.0, *, detail: str = "", verified: bool = False) -> Recovery:
        """Answer that the call may be made again after ``delay`` seconds."""
        return cls(decision=Decision.RETRY, delay=delay, verified=verified, detail=detail)

    @classmethod
    def give_up(cls, detail: str = "") -> Recovery:
        """Answer that the failure is final, so that no later plugin is asked."""
        return cls(decision=Decision.RAISE, detail=detail)

    @classmethod
    def unknown(cls, detail: str = "") -> Recovery:
        """Answer that the outcome could not be found out; it is escalated."""
        return cls(decision=Decision.UNKNOWN, detail=detail)


@frozen(kw_only=True)
class Outcome:
    """All that :meth:`ErrorHandler.process` decided. Immutable.

    Attributes:
        error_id: of the context that was handled.
        decision: what to do next.
        classification: what the error is.
        plugin: who answered, or None where nobody did.
        value: with ``RECOVERED``, the call's result.
        delay: with ``RETRY``, seconds still to be waited before the next attempt.
        verified: whether the other side was asked.
        attempts: recoveries tried for this context so far, this one included.
        elapsed: seconds that handling took.
        limited: the rate limit that refused the handling, or None.
        escalated: whether an escalation went out.
        detail: one line for the operator.
    """

    error_id: str
    decision: Decision
    classification: Classification
    plugin: str | None = None
    value: Any = None
    delay: float = 0.0
    verified: bool = False
    attempts: int = 0
    elapsed: float = 0.0
    limited: RateLimitDecision | None = None
    escalated: bool = False
    detail: str = ""

    @property
    def handled(self) -> bool:
        """Whether the caller may go on: the purpose is achieved, or the call may be repeated."""
        return self.decision in _HANDLED


def outcome_of(error: BaseException) -> Outcome | None:
    """Return what handling came to for an exception that a guarded call let through, or None where nobody handled it.

    It tells a known failure (``Decision.RAISE``) from one whose outcome is unknown (``Decision.UNKNOWN``): then the
    order may be at the venue, and nothing may be sent again.
    """
    outcome: Outcome | None = getattr(error, _ATTRIBUTE, None)
    return outcome


def attach_outcome(error: BaseException, outcome: Outcome) -> None:
    """Have :func:`outcome_of` find the outcome; an exception that takes no attributes goes without."""
    with suppress(AttributeError):
        setattr(error, _ATTRIBUTE, outcome)


_ATTRIBUTE = "__recoup_outcome__"
_HANDLED = frozenset({Decision.RECOVERED, Decision.RETRY})
