"""How plugins do: every failure counted, reported without a storm, and repeated failures of observers ended."""

from __future__ import annotations

import inspect
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from attrs import define, field

from recoup.context import error_message
from recoup.errors import PluginTimeout
from recoup.events import PluginEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.clock import Clock
    from recoup.dispatch.implementation import Implementation

REPORT_INTERVAL = 60.0
"""Seconds within which one plugin's failures in one hook give one event."""
DISABLE_AFTER = 5
"""Failures of an observer within :data:`DISABLE_WINDOW` after which its implementation is disabled."""
DISABLE_WINDOW = 60.0
OBSERVERS = frozenset({"analyze", "monitor"})


@define(eq=False)
class _Record:
    total: int = 0
    unreported: int = 0
    reported_at: float | None = None
    recent: deque[float] = field(factory=lambda: deque(maxlen=DISABLE_AFTER))


class PluginHealth:
    """Records failures by plugin and hook. Thread-safe and task-safe.

    The lock is held for counting only; events go out after it is released.

    Args:
        clock: where the time comes from.
        publish: where events go.
        disable: told the implementation of an observer that has failed too often.
    """

    def __init__(
        self,
        clock: Clock,
        publish: Callable[[PluginEvent], None],
        disable: Callable[[Implementation], None],
    ) -> None:
        self._clock = clock
        self._publish = publish
        self._disable = disable
        self._lock = threading.Lock()
        self._records: dict[tuple[str, str], _Record] = {}
        self._reporting = threading.local()

    def __call__(self, implementation: Implementation, fault: str, cause: Any = None) -> None:
        """Record one failure; see :class:`recoup.dispatch.implementation.FailureSink`."""
        if isinstance(cause, PluginTimeout):
            fault = "timed_out"
        elif inspect.iscoroutine(cause):
            cause.close()  # nobody will await it
        now = self._clock.monotonic()
        key = (implementation.plugin, implementation.hook)
        with self._lock:
            record = self._records.setdefault(key, _Record())
            count = self._count(record, now, is_own=not getattr(self._reporting, "active", False))
            disable = implementation.hook in OBSERVERS and _is_repeated(record, now)
            if disable:
                record.recent.clear()
        if count:
            self._report(
                PluginEvent(plugin=key[0], hook=key[1], fault=fault, count=count, detail=_describe(fault, cause))
            )
        if disable:
            self._disable(implementation)
            detail = f"{DISABLE_AFTER} failures within {DISABLE_WINDOW:.0f} s; register the plugin anew to enable it"
            self._report(PluginEvent(plugin=key[0], hook=key[1], fault="disabled", count=record.total, detail=detail))

    def failures(self, plugin: str) -> int:
        """Return how often a plugin has failed, over all hooks, since it was registered."""
        with self._lock:
            return sum(record.total for (name, _), record in self._records.items() if name == plugin)

    def forget(self, plugin: str) -> None:
        """Drop what is known of a plugin that is gone."""
        with self._lock:
            for key in [key for key in self._records if key[0] == plugin]:
                del self._records[key]

    def _report(self, event: PluginEvent) -> None:
        """Publish an event; monitors that fail on it are not held to have failed again of their own.

        Otherwise one event on which several monitors fail would have them disable each other.
        """
        outer = getattr(self._reporting, "active", False)
        self._reporting.active = True
        try:
            self._publish(event)
        finally:
            self._reporting.active = outer

    def _count(self, record: _Record, now: float, *, is_own: bool) -> int:
        record.total += 1
        record.unreported += 1
        if is_own:
            record.recent.append(now)
        if record.reported_at is not None and now - record.reported_at < REPORT_INTERVAL:
            return 0
        record.reported_at = now
        count, record.unreported = record.unreported, 0
        return count


def _is_repeated(record: _Record, now: float) -> bool:
    return len(record.recent) == DISABLE_AFTER and now - record.recent[0] <= DISABLE_WINDOW


def _describe(fault: str, cause: Any) -> str:
    if isinstance(cause, BaseException):
        return f"{type(cause).__name__}: {error_message(cause)}"
    if fault == "wrong_type" and not isinstance(cause, str):
        return f"returned {type(cause).__name__}"
    return str(cause or "")
