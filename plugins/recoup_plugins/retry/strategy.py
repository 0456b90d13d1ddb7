"""The seed's retry strategy."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen
from attrs.validators import ge, instance_of

from recoup import Classification, Clock, OperationKind, SystemClock
from recoup_plugins.retry.backoff import Backoff

_DEFECTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    NotImplementedError,
    SyntaxError,
    TypeError,
)
"""Built-in exceptions that tell of a defect in the program, which no repetition heals."""


@frozen
class RetryRecovery:
    """Waits with exponential backoff, then has the caller repeat. A :class:`recoup.RecoveryStrategy`.

    Immutable, so thread-safe and task-safe.

    Attributes:
        max_attempts: recoveries for one context at most.
        base_delay: seconds before the first repetition.
        max_delay: seconds that no delay exceeds.
        exponential_base: factor from one delay to the next.
        clock: where the strategy waits; the system's by default.
    """

    max_attempts: int = field(default=3, validator=[instance_of(int), ge(1)])
    base_delay: float = 1.0
    max_delay: float = 60.0
    exponential_base: float = 2.0
    clock: Clock = field(factory=SystemClock, kw_only=True, repr=False)
    _backoff: Backoff = field(init=False, repr=False, eq=False)

    @_backoff.default
    def _build_backoff(self) -> Backoff:
        return Backoff(base_delay=self.base_delay, max_delay=self.max_delay, exponential_base=self.exponential_base)

    def can_recover(self, error: Exception, context: dict[str, Any]) -> bool:
        """Say whether a repetition has a chance and does no harm.

        Args:
            error: the exception.
            context: ``recovery_attempts`` counts the recoveries already made (0 where it is absent). A
                :class:`recoup.Classification` under ``classification`` says what the error is; without one, built-in
                exceptions that tell of a defect, such as :class:`TypeError`, are not worth a repetition, and an
                ``operation`` that creates or changes an order by its name counts as having happened.

        Raises:
            ValueError: ``recovery_attempts`` is not a count.
        """
        if _recoveries(context) >= self.max_attempts:
            return False
        kind = OperationKind.from_name(context.get("operation") or "")
        classification = context.get("classification")
        if isinstance(classification, Classification):
            return classification.retryable and (classification.outcome_known or kind.repeatable)
        # Classes derived from ValueError are left out: decoding errors are among them, and those come and go.
        defect = isinstance(error, _DEFECTS) or type(error) is ValueError
        return not defect and not kind.is_side_effect

    async def recover(self, error: Exception, context: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - protocol
        """Wait until the call may be repeated.

        Returns:
            ``action`` (``"retry"``), ``delay`` (the seconds waited) and ``attempt`` (this recovery's number, from 1).

        Raises:
            ValueError: ``recovery_attempts`` in ``context`` is not a count.
        """
        made = _recoveries(context)
        delay = self._backoff.longest(made)
        await self.clock.sleep(delay)
        return {"action": "retry", "delay": delay, "attempt": made + 1}


def _recoveries(context: dict[str, Any]) -> int:
    made = context.get("recovery_attempts", 0)
    if not isinstance(made, int) or isinstance(made, bool) or made < 0:
        raise ValueError(f"context['recovery_attempts'] counts recoveries from 0, got {made!r}")
    return made
