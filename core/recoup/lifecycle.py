"""Starting and stopping plugins."""

from __future__ import annotations

import inspect
from enum import Enum
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from recoup.errors import HandlerStateError, PluginTimeout
from recoup.events import PluginEvent, StateEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.events import Event
    from recoup.manager import PluginManager

START_LIMIT = 30.0
"""Seconds that one plugin may take to start, unless the configuration gives it a time limit of its own."""
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

    Args:
        plugins: what is started and stopped.
        publish: where events go.
        flush: says its last, before the first plugin is stopped.
    """

    def __init__(self, plugins: PluginManager, publish: Callable[[Event], None], flush: Callable[[], None]) -> None:
        self._plugins = plugins
        self._publish = publish
        self._flush = flush
        self._state = HandlerState.READY
        self._started: list[tuple[str, Any]] = []

    @property
    def state(self) -> HandlerState:
        """Where the handler is in its life."""
        return self._state

    async def start(self) -> None:
        """Start every plugin; where that is cancelled, stop those that were started.

        Raises:
            HandlerStateError: not from this state.
        """
        self._move("start")
        try:
            for name, plugin in self._plugins.items():
                await self.started(name, plugin)
        except BaseException:  # cancelled half-way: nobody closes what was never entered
            await self.close()
            raise

    async def close(self) -> None:
        """Stop every plugin. A second time does nothing."""
        if self._state is HandlerState.CLOSED:
            return
        self._flush()
        self._move("close")
        with anyio.CancelScope(shield=True):
            for name, plugin in reversed(self._started[:]):
                await self.stopped(name, plugin)
        self._plugins.close()

    async def started(self, name: str, plugin: Any) -> None:
        """Start one plugin, where the handler is started; one that fails or takes too long is taken out.

        A plain function can't be interrupted: it runs in the event loop's own thread, and is limited only where the
        configuration gives its plugin a time limit; then it runs in a thread that is left behind if need be.
        """
        if self._state is not HandlerState.STARTED:
            return
        configured = self._plugins.time_limit(name)
        seconds = START_LIMIT if configured is None else configured
        try:
            with anyio.move_on_after(seconds) as limit:
                await _run(plugin, "start", in_thread=configured is not None)
            if limit.cancelled_caught:
                raise PluginTimeout(name, f"took more than {seconds:g} s to start")  # noqa: TRY301 - reported below
        except Exception as failure:  # noqa: BLE001 - a plugin's failure never takes the application down
            self._plugins.report(name, "start", failure)
            self._plugins.unregister(name)
        else:
            self._started.append((name, plugin))
            self._publish(PluginEvent(plugin=name, fault="started"))

    async def stopped(self, name: str, plugin: Any) -> None:
        """Stop one plugin, where it was started."""
        at = next((i for i, entry in enumerate(self._started) if entry[1] is plugin), None)
        if at is None:
            return
        del self._started[at]
        try:
            with anyio.move_on_after(STOP_LIMIT) as limit:
                await _run(plugin, "stop")
            if limit.cancelled_caught:
                raise PluginTimeout(name, f"took more than {STOP_LIMIT:.0f} s to stop")  # noqa: TRY301 - reported below
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


async def _run(plugin: Any, method: str, *, in_thread: bool = False) -> None:
    function = getattr(plugin, method, None)
    if function is None:
        return
    if in_thread and not inspect.iscoroutinefunction(function):
        # Boxed, since trio refuses a thread's answer that is a coroutine.
        (result,) = await to_thread.run_sync(lambda: (function(),), abandon_on_cancel=True)
    else:
        result = function()
    if inspect.isawaitable(result):
        await result
