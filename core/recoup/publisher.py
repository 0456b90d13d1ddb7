"""The way of an event: sanitized first, then to every observer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import attrs
from attrs import evolve

from recoup.context import WITHHELD, error_message
from recoup.events import ErrorEvent, PluginEvent, Sanitized
from recoup.stack import stack_trace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup.classification import Classification, SensitivityLevel
    from recoup.context import ErrorContext
    from recoup.dispatch.hooks import CompiledHooks, Hooks
    from recoup.events import Event

_LABELS_KEPT = 1024
_LABEL_LENGTH = 200
_OPTIONAL = ("user_id", "bot_id", "symbol", "order_id", "stack_trace")
_TEXT = ("component", "venue", "operation", "error_type", "message")
_LIFE_CYCLE = frozenset({"registered", "unregistered", "started", "stopped"})


class CleanTrace(str):
    """A stack trace that went through the sanitize stage, so that it need not go again."""

    __slots__ = ()


class Publisher:
    """Makes events and hands them to the observers. Thread-safe and task-safe; never raises.

    Args:
        hooks: where the sanitizer and the observers are.
        level: how much is hidden.
    """

    def __init__(self, hooks: Hooks, level: SensitivityLevel) -> None:
        self._hooks = hooks
        self._level = level
        self._labels: dict[str, Any] = {}
        self._labels_of: CompiledHooks | None = None

    def error_event(self, context: ErrorContext, classification: Classification) -> ErrorEvent:
        """Return the sanitized event of an error; what the sanitizer can't vouch for is withheld in it."""
        error = context.error
        is_clean = isinstance(context.stack_trace, CleanTrace)
        payload = {
            "component": context.component,
            "venue": (context.call.operation.key if context.call is not None else None) or context.component,
            "operation": context.operation,
            "error_type": type(error).__name__,
            "message": error_message(error),
            "user_id": context.user_id,
            "bot_id": context.bot_id,
            "symbol": context.symbol,
            "order_id": context.order_id,
            "details": context.details,
            "stack_trace": None if is_clean else context.stack_trace or stack_trace(error),
        }
        clean = self._hooks.sanitize(payload, self._level)
        if is_clean and isinstance(clean, dict):
            clean = clean | {"stack_trace": context.stack_trace}
        return ErrorEvent(
            Sanitized(_shaped(clean), mint=Sanitized._mint),  # noqa: SLF001 - this is the sanitize stage
            classification,
            error_id=context.error_id,
            timestamp=context.timestamp,
            recovery_attempts=context.recovery_attempts,
        )

    def clean_trace(self, error: BaseException) -> CleanTrace | None:
        """Return the sanitized stack trace of a raised exception."""
        trace = stack_trace(error)
        return None if trace is None else CleanTrace(self._hooks.sanitize(trace, self._level))

    def publish(self, event: Event) -> None:
        """Sanitize an event's text and hand it to every ``monitor``."""
        compiled = self._hooks.compiled
        if isinstance(event, PluginEvent) and not _is_heard(event, compiled):
            _log(self._clean(event))
        if compiled.monitors:
            compiled.monitor(event if isinstance(event, ErrorEvent) else self._clean(event))

    def _clean(self, event: Any) -> Any:
        changes: dict[str, Any] = {}
        for name in _fields_marked(event.__class__, "text"):
            value = getattr(event, name)
            clean = self._label(value) if isinstance(value, str) else _as_text(self._hooks.sanitize(value, self._level))
            if clean is not value:
                changes[name] = clean
        for name in _fields_marked(event.__class__, "mapping"):
            changes[name] = self._mapping(name, getattr(event, name))
        return evolve(event, **changes) if changes else event

    def _mapping(self, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
        clean = self._hooks.sanitize(dict(value), self._level)
        return clean if isinstance(clean, dict) else {name: clean}

    def _label(self, text: str) -> str:
        """Sanitize a short text, from memory where it came before; components and operations always do."""
        if not text:
            return text
        compiled = self._hooks.compiled
        if self._labels_of is not compiled or len(self._labels) > _LABELS_KEPT:
            self._labels, self._labels_of = {}, compiled
        labels = self._labels
        clean: str | None = labels.get(text)
        if clean is None:
            clean = str(self._hooks.sanitize(text, self._level))
            if clean == text:
                clean = text
            if len(text) <= _LABEL_LENGTH and clean != WITHHELD:
                labels[text] = clean
        return clean


@cache
def _fields_marked(event_class: Any, mark: str) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(event_class) if field.metadata.get(mark))


def _shaped(clean: Any) -> dict[str, Any]:
    """Give the sanitizer's answer the shape of the event, whatever it withheld."""
    if not isinstance(clean, dict):
        clean = {}
    shaped: dict[str, Any] = {name: _as_text(clean.get(name, WITHHELD)) for name in _TEXT}
    for name in _OPTIONAL:
        value = clean.get(name, WITHHELD)
        shaped[name] = None if value is None else _as_text(value)
    details = clean.get("details", WITHHELD)
    shaped["details"] = details if isinstance(details, dict) else {"details": details}
    return shaped


def _as_text(value: Any) -> str:
    """Return ``str(value)``; a value whose own ``__str__`` fails is withheld, since nobody vouched for it."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - any class may define __str__
        return WITHHELD


def _is_heard(event: PluginEvent, compiled: CompiledHooks) -> bool:
    return event.fault in _LIFE_CYCLE or any(
        name != event.plugin or event.hook != "monitor" for name in compiled.monitors
    )


def _log(event: PluginEvent) -> None:
    """Say in the log what no monitor is there to hear, so that no plugin fails in silence."""
    from loguru import logger  # noqa: PLC0415 - only where there is something to say

    logger.error("plugin {} {} in {}: {}", event.plugin, event.fault, event.hook or "(loading)", event.detail)
