"""The six hooks that plugins implement.

Mark a method of the plugin class with :data:`hookimpl` and give it the hook's name. It may take any subset of the
hook's arguments, by name. An implementation must be callable from several threads and tasks at once.

``classify``, ``sanitize``, ``analyze`` and ``monitor`` are plain functions, and may be wrapped
(``@hookimpl(wrapper=True)``); ``rate_limit`` and ``recover`` may be plain functions or coroutine functions.

Among plugins, the ones that ``plugin_order`` in the configuration names are asked first, in that order; then those
marked ``tryfirst``, then the rest by name, then those marked ``trylast``. A plugin class whose attribute
``asked_after`` names other plugins is asked after these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from recoup.classification import Classification, SensitivityLevel
    from recoup.context import ErrorContext
    from recoup.events import ErrorEvent, Event, RateLimitDecision
    from recoup.outcome import Recovery
    from recoup.patterns import ErrorPattern

PROJECT = "recoup"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def classify(error: Exception, context: ErrorContext) -> Classification | None:
    """Say what an error is. Called once for each error, before anything else; the first answer counts.

    Answer from the error's type, attributes, ``__cause__`` chain and message. Say ``outcome_known=False`` whenever a
    request may have reached the other side: a time-out after the send, a reset, a 5xx. That keeps orders from being
    sent twice.

    Args:
        error: the exception.
        context: what is known of it; ``context.call`` tells what kind of operation failed.

    Returns:
        The classification, or None to leave the error to the next plugin. If nobody answers, the error counts as not
        retryable with an unknown outcome.

    A plugin that raises or returns anything else is recorded and the next one is asked.
    """


@hookspec(firstresult=True)
def sanitize(payload: Any, level: SensitivityLevel) -> Any | None:
    """Return a copy of a payload without anything secret. The first answer counts.

    Called before anything is observed: for each error event, for the text of other events, and for
    :meth:`ErrorContext.to_dict`. ``payload`` is what an attacker may have written, of any type and size. It must not
    be changed. Keep its shape: a dict with its keys, a list, a string.

    Args:
        payload: a string, a dictionary of plain values, or whatever the application passes.
        level: how much to hide.

    Returns:
        The sanitized copy, of the payload's own type, or None to leave it to the next plugin.

    The stage fails closed: if an implementation raises or answers with another type, or nobody answers, the payload
    is withheld and ``"[WITHHELD]"`` stands in its place. No later plugin is asked after a failure.
    """


@hookspec
def rate_limit(
    component: str, operation: str, ip_address: str | None
) -> RateLimitDecision | Awaitable[RateLimitDecision | None] | None:
    """Say whether an operation may go on. All plugins are asked; the strictest answer wins.

    Called for each error before recovery, so that a storm of errors can't occupy the application, and from
    application code for whatever it wants limited. May be a coroutine function.

    Args:
        component: such as ``"exchange"``.
        operation: such as ``"create_order"``.
        ip_address: of whoever caused it, in text form, or None.

    Returns:
        The decision, or None for no opinion. Among several refusals the longest ``retry_after`` counts.

    If a plugin raises, its ``on_failure`` setting decides: ``deny`` refuses, ``allow`` (the default, unless the plugin
    class says otherwise in an attribute ``on_failure``) leaves the decision to the rest.
    """


@hookspec(firstresult=True)
def recover(error: Exception, context: ErrorContext) -> Recovery | Awaitable[Recovery | None] | None:
    """Recover from an error. The first answer counts. May be a coroutine function.

    The context is raw: ``context.call`` holds the operation with its client order id and ports,
    ``context.classification`` the answer of ``classify``. Never answer ``Recovery.retry`` for a side effect whose
    outcome is unknown unless it was verified that it did not happen. Waiting belongs into ``Recovery.retry(delay)``,
    so that the caller can honour its deadline; a plugin waits itself only between lookups.

    Args:
        error: the exception.
        context: what is known of it.

    Returns:
        What to do, or None for "not mine": the next plugin is asked. If nobody answers, the error is let through.

    A plugin that raises or returns anything else is recorded and the next one is asked.
    """


@hookspec
def analyze(event: ErrorEvent) -> Sequence[ErrorPattern] | None:
    """Look for patterns in the stream of errors. All plugins are called, in the thread or task that handles the error.

    Keep it short, and every history bounded.

    Args:
        event: one error, sanitized.

    Returns:
        The patterns that this event revealed or changed, or None.

    A plugin that raises or returns anything else is recorded; after repeated failures its implementation is disabled
    and an event says so.
    """


@hookspec
def monitor(event: Event) -> None:
    """Take note of what happens: log it, count it, pass it on. All plugins are called.

    Called for every event, in the thread or task where it occurs. Keep it short: whatever takes long belongs into a
    queue of the plugin's own, with a bound. Tell events apart by class or by their ``kind``.

    Args:
        event: any of :data:`recoup.Event`, sanitized.

    A plugin that raises is recorded; after repeated failures its implementation is disabled and an event says so.
    """
