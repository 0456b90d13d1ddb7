"""Which kinds of event anybody listens to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recoup.manager import PluginManager


class Audience:
    """Knows whether an event would be heard. Thread-safe and task-safe: what threads write at once is the same.

    A monitor hears every kind, unless its plugin has a method ``hears(kind) -> bool``.

    Args:
        plugins: whose ``monitor`` hooks listen.
    """

    __slots__ = ("_plugins",)

    def __init__(self, plugins: PluginManager) -> None:
        self._plugins = plugins

    def hears(self, kind: str) -> bool:
        """Say whether any monitor hears events of a kind, such as ``policy``."""
        kinds = self._plugins.generation.memo(self)
        heard: bool | None = kinds.get(kind)
        if heard is None:
            heard = kinds[kind] = any(self._is_heard_by(name, kind) for name in self._plugins.hooks.compiled.monitors)
        return heard

    def _is_heard_by(self, name: str, kind: str) -> bool:
        hears = getattr(self._plugins.get(name), "hears", None)
        if hears is None:
            return True
        try:
            return bool(hears(kind))
        except Exception as failure:  # noqa: BLE001 - a plugin's failure keeps no event from it
            self._plugins.report(name, "hears", failure)
            return True
