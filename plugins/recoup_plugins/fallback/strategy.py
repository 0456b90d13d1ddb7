"""The seed's fallback strategy."""

from __future__ import annotations

import inspect
from typing import Any

from attrs import field, frozen
from attrs.validators import ge, instance_of

from recoup import Classification, OperationKind


@frozen
class FallbackRecovery:
    """Gives an alternative in place of what failed. A :class:`recoup.RecoveryStrategy`.

    Immutable, so thread-safe and task-safe where the alternative is.

    Attributes:
        fallback: a plain or coroutine function that is called with the error and the context and whose result is the
            recovered value; or, where it can't be called, that value itself. False means "not recovered", as the
            protocol has it.
        max_attempts: recoveries for one context at most; repetitions by other means count as well.
    """

    fallback: Any
    max_attempts: int = field(default=3, validator=[instance_of(int), ge(1)], kw_only=True)

    def can_recover(self, error: Exception, context: dict[str, Any]) -> bool:  # noqa: ARG002 - protocol
        """Say whether an alternative may stand in.

        Not where ``recovery_attempts`` in ``context`` has reached ``max_attempts``, nor where a side effect may have
        happened, which a stand-in would hide: a :class:`recoup.Classification` under ``classification`` says so, or,
        without one, an ``operation`` that creates or changes an order by its name.
        """
        if context.get("recovery_attempts", 0) >= self.max_attempts:
            return False
        kind = OperationKind.from_name(context.get("operation") or "")
        classification = context.get("classification")
        if isinstance(classification, Classification):
            return classification.outcome_known or kind.repeatable
        return kind not in (OperationKind.SUBMIT, OperationKind.AMEND)

    async def recover(self, error: Exception, context: dict[str, Any]) -> Any:
        """Return the alternative.

        Raises:
            Exception: what the fallback function raises.
        """
        if not callable(self.fallback):
            return self.fallback
        value = self.fallback(error, context)
        return await value if inspect.isawaitable(value) else value
