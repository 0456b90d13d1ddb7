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
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


async def ask_strategy(
    strategy: RecoveryStrategy | Callable[..., Any], error: Exception, context: ErrorContext
) -> Recovery | None:
    """Return the strategy's answer, or None where it did not recover.

    Raises:
        Exception: whatever the strategy raises.
    """
    if isinstance(strategy, RecoveryStrategy):
        values = context.to_dict(include_sensitive=True)
        values |= {"classification": context.classification, "may_send_again": context.may_send_again}
        if context.recovery_attempts >= strategy.max_attempts or not strategy.can_recover(error, values):
            return None
        answer = strategy.recover(error, values)
    else:
        positional, named = _arguments(strategy, error, context)
        answer = strategy(*positional, **named)
    if inspect.isawaitable(answer):
        answer = await answer
    if isinstance(answer, Recovery):
        return answer
    return None if answer is False else Recovery.recovered(answer)


def _arguments(
    strategy: Callable[..., Any], error: Exception, context: ErrorContext
) -> tuple[list[Any], dict[str, Any]]:
    """Choose what the function is given.

    A parameter named ``error`` or ``context`` takes just that. What is then left goes, the error first, to the
    parameters that must be given and to ``*args`` and ``**kwargs``. A default is left alone: ``lambda e, order=order:``
    is how a loop binds its variable.
    """
    offers: dict[str, Any] = {"error": error, "context": context}
    try:
        parameters = list(inspect.signature(strategy).parameters.values())
    except ValueError:  # some functions written in C show no signature
        return [], {}
    named = {item.name: offers.pop(item.name) for item in parameters if item.kind in _NAMED and item.name in offers}
    positional: list[Any] = []
    in_line = True
    for item in parameters:
        if item.kind in _POSITIONAL and in_line:
            if item.name in named:
                positional.append(named.pop(item.name))
            elif item.default is item.empty and offers:
                positional.append(offers.pop(next(iter(offers))))
            else:
                in_line = False
        elif item.kind is inspect.Parameter.VAR_POSITIONAL and in_line:
            positional.extend(offers.values())
            offers.clear()
        elif item.kind is inspect.Parameter.VAR_KEYWORD:
            named |= offers
    return positional, named
