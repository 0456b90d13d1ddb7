"""One plugin's implementation of one hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

SYNC_HOOKS = ("classify", "sanitize", "analyze", "monitor")
ASYNC_HOOKS = ("rate_limit", "recover")
HOOKS = SYNC_HOOKS + ASYNC_HOOKS


@frozen(kw_only=True)
class Implementation:
    """One plugin's implementation of one hook. Immutable.

    Attributes:
        plugin: the plugin's name.
        hook: the hook's name.
        function: the bound method.
        arguments: the hook's arguments that it takes, in its own order.
        is_wrapper: whether it is a generator around the others.
        is_async: whether it is a coroutine function.
        tier: -1 for ``tryfirst``, 1 for ``trylast``, else 0.
        time_limit: seconds that one call may take, or None.
        on_failure: for ``rate_limit``: ``deny`` or ``allow``.
    """

    plugin: str
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    is_wrapper: bool = False
    is_async: bool = False
    tier: int = 0
    time_limit: float | None = None
    on_failure: str = "allow"


class FailureSink(Protocol):
    """Where the dispatcher reports a plugin's failure. Never raises."""

    def __call__(self, implementation: Implementation, fault: str, cause: Any = None) -> None:
        """Record that ``implementation`` ``raised``, ``timed_out`` or gave the ``wrong_type``.

        Args:
            implementation: which one.
            fault: one of the faults of :class:`recoup.PluginEvent`.
            cause: the exception, or the value of a wrong type.
        """
        ...
