"""Starting and stopping plugins."""

from __future__ import annotations

import inspect
from enum import Enum
from typing import TYPE_CHECKING, Any

import anyio

from recoup.errors import HandlerStateError
from recoup.events import PluginEvent, StateEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.events import Event
    from recoup.manager import PluginManager

STOP_LIMIT = 30.0
"""Seconds that one plugin may take to stop."""


class HandlerState(Enum):
    """Where a handler is in its life: made, then started, then closed for good."""

    READY = "ready"
    STARTED = "started"
    CLOSED = "closed"


_TRANSITIONS = {
    (HandlerState.READY, "start"): HandlerState.STARTED,
    (HandlerState.READY, "close"): HandlerState.CLOSED,
    (HandlerState.STARTED, "close"): HandlerState.CLOSED,
    (HandlerState.CLOSED, "close"): HandlerState.CLOSED,
}


class Lifecycle:
    """Starts plugins in the order of their names and stops them in reverse.

    Belongs to the event loop that starts it; not thread-safe.
    """

    def __init__(self, plugins: PluginManager, publish: Callable[[Event], None]) -> None:
        self._plugins = plugins
        self._publish = publish
        self._state = HandlerState.READY
        self._started: list[str] = []

    @property
    def state(self) -> HandlerState:
        """Where the handler is in its life."""
        return self._state

    async def start(self) -> None:
        """Start every plugin.

        Raises:
            HandlerStateError: not from this state.
        """
        self._move("start")
        for name, plugin in self._plugins.items():
            await self.started(name, plugin)

    async def close(self, flush: Callable[[], None]) -> None:
        """Stop every plugin, after ``flush`` has said its last. A second time does nothing."""
        if self._state is HandlerState.CLOSED:
            return
        flush()
        self._move("close")
        with anyio.CancelScope(shield=True):
            for name in reversed(self._started[:]):
                await self.stopped(name, self._plugins.get(name))
        self._plugins.close()

    async def started(self, name: str, plugin: Any) -> None:
        """Start one plugin, where the handler is started; one that fails is taken out."""
        if self._state is not HandlerState.STARTED:
            return
        try:
            await _run(plugin, "start")
        except Exception as failure:  # noqa: BLE001 - a plugin's failure never takes the application down
            self._plugins.report(name, "start", failure)
            self._plugins.unregister(name)
        else:
            self._started.append(name)

    async def stopped(self, name: str, plugin: Any) -> None:
        """Stop one plugin, where it was started."""
        if name not in self._started:
            return
        self._started.remove(name)
        try:
            with anyio.fail_after(STOP_LIMIT):
                await _run(plugin, "stop")
        except Exception as failure:  # noqa: BLE001 - the others are to be stopped all the same
            self._plugins.report(name, "stop", failure)
        else:
            self._publish(PluginEvent(plugin=name, fault="stopped"))

    def _move(self, trigger: str) -> None:
        old = self._state
        if (old, trigger) not in _TRANSITIONS:
            raise HandlerStateError(f"a handler that is {old.value} can't {trigger}; make a new one")
        self._state = _TRANSITIONS[old, trigger]
        if self._state is not old:
            self._publish(StateEvent(subject="handler", old=old.value, new=self._state.value))


async def _run(plugin: Any, method: str) -> None:
    function = getattr(plugin, method, None)
    if function is not None:
        result = function()
        if inspect.isawaitable(result):
            await result
