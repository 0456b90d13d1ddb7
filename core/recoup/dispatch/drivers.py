"""Drivers for the hooks that may be asynchronous: one implementation at a time, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from recoup.dispatch.timelimit import TimeLimited
from recoup.dispatch.unroll import positional
from recoup.errors import PluginTimeout
from recoup.events import RateLimitDecision
from recoup.outcome import Decision, Recovery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recoup.context import ErrorContext
    from recoup.dispatch.implementation import FailureSink, Implementation

ALLOWED = RateLimitDecision(allowed=True)


class AsyncDriver:
    """The implementations of one hook that may be asynchronous. Immutable, thread-safe and task-safe.

    Attributes:
        needs_loop: whether a call may suspend, so that it takes an event loop.
    """

    def __init__(self, implementations: Sequence[Implementation], failed: FailureSink) -> None:
        self.needs_loop = any(item.is_async or item.time_limit for item in implementations)
        self._calls = tuple((item, positional(item), _in_thread(item)) for item in implementations)
        self._failed = failed


async def _settled(implementation: Implementation, answer: Any) -> Any:
    """Wait for an answer that can be waited for."""
    if implementation.time_limit is None:
        return await answer
    with anyio.move_on_after(implementation.time_limit):
        return await answer
    raise PluginTimeout(implementation.plugin, f"ran over its limit of {implementation.time_limit} s")


async def _from_thread(implementation: Implementation, call: Callable[..., Any], *arguments: Any) -> Any:
    # Boxed, since trio refuses a thread's answer that is a coroutine.
    (answer,) = await to_thread.run_sync(_boxed, call, arguments, abandon_on_cancel=True)
    return await _settled(implementation, answer) if hasattr(answer, "__await__") else answer


def _in_thread(implementation: Implementation) -> bool:
    return isinstance(implementation.function, TimeLimited)


class RateLimitDriver(AsyncDriver):
    """Asks every plugin; the strictest answer wins."""

    async def __call__(self, component: str, operation: str, ip_address: str | None = None) -> RateLimitDecision:
        """Return the strictest decision; with no opinion at all, the operation is allowed."""
        strictest = ALLOWED
        for implementation, call, in_thread in self._calls:
            try:
                if in_thread:
                    answer = await _from_thread(implementation, call, component, operation, ip_address)
                else:
                    answer = call(component, operation, ip_address)
                    if hasattr(answer, "__await__"):
                        answer = await _settled(implementation, answer)
            except Exception as failure:  # noqa: BLE001 - a plugin's failure never changes the answer of the others
                self._failed(implementation, "raised", failure)
                answer = _on_failure(implementation)
            else:
                if answer is not None and not isinstance(answer, RateLimitDecision):
                    self._failed(implementation, "wrong_type", answer)
                    answer = _on_failure(implementation)
            if answer is not None:
                strictest = _stricter(strictest, answer)
        return strictest


class RecoverDriver(AsyncDriver):
    """Asks plugin after plugin until one answers."""

    async def __call__(self, error: Exception, context: ErrorContext) -> tuple[str, Recovery] | None:
        """Return who answered and what, or None."""
        for implementation, call, in_thread in self._calls:
            try:
                if in_thread:
                    answer = await _from_thread(implementation, call, error, context)
                else:
                    answer = call(error, context)
                    if answer is not None and hasattr(answer, "__await__"):
                        answer = await _settled(implementation, answer)
            except Exception as failure:  # noqa: BLE001 - a plugin's failure never changes the answer of the others
                self._failed(implementation, "raised", failure)
                continue
            if answer is None:
                continue
            if not isinstance(answer, Recovery):
                self._failed(implementation, "wrong_type", answer)
            elif answer.decision is Decision.RETRY and not _may_retry(context):
                continue
            elif is_unverified_retry(answer, context):
                self._failed(implementation, "wrong_type", "a retry of a side effect whose outcome is unknown")
            elif answer.decision is Decision.RECOVERED and not answer.verified and context.in_doubt:
                self._failed(implementation, "wrong_type", "a result for a side effect whose outcome is unknown")
            else:
                return implementation.plugin, answer
        return None


def _boxed(function: Callable[..., Any], arguments: Sequence[Any]) -> tuple[Any]:
    return (function(*arguments),)


def _may_retry(context: ErrorContext) -> bool:
    return context.call is None or context.call.may_repeat


def is_unverified_retry(answer: Recovery, context: ErrorContext) -> bool:
    """Say whether an answer would have a call repeated that may have taken effect.

    The promise of the framework: held in one place, so that neither plugin nor strategy can break it by mistake.
    """
    return answer.decision is Decision.RETRY and not (answer.verified or context.may_send_again)


def _on_failure(implementation: Implementation) -> RateLimitDecision | None:
    if implementation.on_failure == "allow":
        return None
    return RateLimitDecision(allowed=False, reason=f"plugin {implementation.plugin} failed and is set to deny")


def _stricter(one: RateLimitDecision, other: RateLimitDecision) -> RateLimitDecision:
    if one.allowed or other.allowed:
        return other if one.allowed and not other.allowed else one
    return other if (other.retry_after or 0.0) > (one.retry_after or 0.0) else one
