"""Which handler serves code that was given none: the one entered last in this task or thread, else the default."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from recoup.errors import HandlerStateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.error_handler import ErrorHandler

current_handler: ContextVar[ErrorHandler | None] = ContextVar("recoup_current_handler", default=None)
_default: list[Callable[[], ErrorHandler]] = []


def set_default_provider(provider: Callable[[], ErrorHandler]) -> None:
    """Say who makes the default handler when it is first needed; the last one said counts."""
    _default[:] = [provider]


def resolve_handler(handler: ErrorHandler | None = None) -> ErrorHandler:
    """Return the given handler, else the current one, else the default one.

    Raises:
        HandlerStateError: there is none of the three, because :mod:`recoup` itself was never imported.
    """
    found = handler or current_handler.get()
    if found is not None:
        return found
    if not _default:
        raise HandlerStateError("no handler is current and none is the default: import recoup, or pass handler=...")
    return _default[0]()
