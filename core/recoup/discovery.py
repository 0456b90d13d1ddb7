"""Finding plugins and commands through entry points."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from attrs import frozen, has

from recoup.errors import PluginLoadError

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint

PLUGIN_GROUP = "recoup.plugins"
COMMAND_GROUP = "recoup.commands"


@frozen(kw_only=True)
class PluginSource:
    """Where a plugin class comes from. Immutable; nothing is imported before :meth:`load`.

    Attributes:
        name: what the plugin is called in the configuration.
        distribution: the installed distribution that brings it, or None.
        version: of that distribution, or None.
        import_class: imports and returns the class.
    """

    name: str
    distribution: str | None = None
    version: str | None = None
    import_class: Callable[[], Any]

    @classmethod
    def of_class(cls, name: str, plugin_class: type) -> PluginSource:
        """Return the source of a class that is at hand."""
        return cls(name=name, import_class=lambda: plugin_class)

    def load(self) -> type:
        """Import the plugin class.

        Raises:
            PluginLoadError: the import failed, for instance for want of a dependency, or it is no class.
        """
        try:
            found = self.import_class()
        except Exception as failure:
            origin = f" of {self.distribution} {self.version}" if self.distribution else ""
            message = f"its entry point{origin} can't be imported: {type(failure).__name__}: {failure}"
            raise PluginLoadError(self.name, message) from failure
        if not inspect.isclass(found):
            raise PluginLoadError(self.name, f"its entry point gives a {type(found).__name__}, but must name a class")
        return found


def config_class_of(name: str, plugin_class: Any) -> type | None:
    """Return the class of a plugin's own section, its ``Config``, or None where it has none.

    Raises:
        PluginLoadError: it is no attrs class.
    """
    config_class: type | None = getattr(plugin_class, "Config", None)
    if config_class is not None and not (inspect.isclass(config_class) and has(config_class)):
        message = f"{plugin_class.__name__}.Config must be an attrs class: decorate it with @attrs.frozen(kw_only=True)"
        raise PluginLoadError(name, message)
    return config_class


def installed_plugins() -> dict[str, PluginSource]:
    """Return every plugin that an installed distribution registers, by name, sorted.

    Raises:
        PluginLoadError: two distributions register different plugins under one name.
    """
    return {name: _source(point) for name, point in entry_points(PLUGIN_GROUP).items()}


def entry_points(group: str) -> dict[str, EntryPoint]:
    """Return a group's entry points by name, sorted.

    Raises:
        PluginLoadError: two distributions register different objects under one name.
    """
    from importlib import metadata  # noqa: PLC0415 - costs as much as all other imports together

    found: dict[str, EntryPoint] = {}
    for point in sorted(metadata.entry_points(group=group), key=lambda item: (item.name, item.value)):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            message = (
                f"is registered twice in {group}, as {other.value} by {_distribution(other)} and as {point.value} by "
                f"{_distribution(point)}; uninstall one of them"
            )
            raise PluginLoadError(point.name, message)
    return found


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown distribution"


def _source(point: EntryPoint) -> PluginSource:
    return PluginSource(
        name=point.name,
        distribution=point.dist.name if point.dist is not None else None,
        version=point.dist.version if point.dist is not None else None,
        import_class=point.load,
    )
