"""Asking a recovery strategy that the application passed along."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from recoup.outcome import Recovery
from recoup.recovery import RecoveryStrategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.context import ErrorContext

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


async def ask_strategy(
    strategy: RecoveryStrategy | Callable[..., Any], error: Exception, context: ErrorContext
) -> Recovery | None:
    """Return the strategy's answer, or None where it did not recover.

    Raises:
        Exception: whatever the strategy raises.
    """
    if isinstance(strategy, RecoveryStrategy):
        values = context.to_dict(include_sensitive=True)
        if context.recovery_attempts >= strategy.max_attempts or not strategy.can_recover(error, values):
            return None
        answer = await strategy.recover(error, values)
    else:
        answer = strategy(*_arguments(strategy, error, context))
        if inspect.isawaitable(answer):
            answer = await answer
    if isinstance(answer, Recovery):
        return answer
    return None if answer is False else Recovery.recovered(answer)


def _arguments(strategy: Callable[..., Any], error: Exception, context: ErrorContext) -> list[Any]:
    """Choose what the function is given: by parameter name, else ``error`` first and ``context`` second."""
    try:
        parameters = list(inspect.signature(strategy).parameters.values())
    except ValueError:  # some functions written in C show no signature
        return []
    if any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters):
        return [error, context]
    names = [parameter.name for parameter in parameters if parameter.kind in _POSITIONAL]
    offers = {"error": error, "context": context}
    if names[:2] and all(name in offers for name in names[:2]):
        return [offers[name] for name in names[:2]]
    return [error, context][: len(names)]
