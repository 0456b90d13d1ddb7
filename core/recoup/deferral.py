"""An order that had to wait is looked at again before it is sent."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from recoup.errors import NotWanted
from recoup.events import StateEvent

if TYPE_CHECKING:
    from recoup.error_handler import ErrorHandler
    from recoup.operation import Call

FRESH = 1.0
"""Seconds since its beginning in which a call counts as not having waited."""


def has_waited(call: Call, now: float) -> bool:
    """Say whether the application is to be asked whether it still wants the call."""
    return call.operation.still_wanted is not None and now - call.started > FRESH


async def check_wanted(handler: ErrorHandler, call: Call) -> None:
    """Ask the application.

    Raises:
        NotWanted: it does not want the call any more, or can't tell.
    """
    try:
        answer = _ask(call)
        if inspect.isawaitable(answer):
            answer = await answer
    except Exception as failure:
        raise _dropped(handler, call, f"still_wanted raised {type(failure).__name__}") from failure
    if not answer:
        raise _dropped(handler, call, "the application does not want it any more")


def check_wanted_sync(handler: ErrorHandler, call: Call) -> None:
    """As :func:`check_wanted`, for synchronous code."""
    try:
        answer = _ask(call)
        if inspect.isawaitable(answer):
            answer = handler.wait_sync(answer)
    except Exception as failure:
        raise _dropped(handler, call, f"still_wanted raised {type(failure).__name__}") from failure
    if not answer:
        raise _dropped(handler, call, "the application does not want it any more")


def note_dropped(handler: ErrorHandler, call: Call, reason: str) -> None:
    """Put on record that a call which had to wait was never sent."""
    what = call.operation.client_order_id or call.name
    handler.publish(StateEvent(subject=f"deferred:{what}", old="waiting", new="dropped", detail=reason))


def _ask(call: Call) -> Any:
    assert call.operation.still_wanted is not None  # has_waited said so
    return call.operation.still_wanted()


def _dropped(handler: ErrorHandler, call: Call, reason: str) -> NotWanted:
    waited = handler.clock.monotonic() - call.started
    note_dropped(handler, call, f"after {waited:.1f} s: {reason}")
    key = call.operation.client_order_id or call.operation.key or call.component
    return NotWanted(f"{call.name} had to wait {waited:.1f} s and is not sent: {reason}", key=key)
