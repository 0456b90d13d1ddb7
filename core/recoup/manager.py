"""The plugins of one handler: found, configured, built, ordered, compiled."""

from __future__ import annotations

import inspect
import threading
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from recoup.config.models import PluginSettings
from recoup.discovery import config_class_of
from recoup.dispatch.generation import Generation
from recoup.dispatch.health import PluginHealth
from recoup.dispatch.hooks import CompiledHooks, Hooks
from recoup.dispatch.implementation import HOOKS, Implementation
from recoup.dispatch.reading import did_you_mean, read_plugin
from recoup.dispatch.timelimit import TimeLimited
from recoup.errors import ConfigError, ConfigProblem, InvalidPlugin, PluginError, PluginLoadError, UnknownPlugin
from recoup.events import PluginEvent
from recoup.plugin_status import PluginStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recoup.config.models import Config
    from recoup.discovery import PluginSource
    from recoup.host import Host


@frozen(eq=False)
class _Registered:
    plugin: Any
    implementations: tuple[Implementation, ...]
    source: PluginSource | None = None
    disabled_hooks: frozenset[str] = field(default=frozenset())


class PluginManager:
    """Holds the plugins of one handler. Thread-safe and task-safe.

    A change of plugins compiles the hooks anew and swaps them in one step; calls in flight end with the ones that they
    began with. The lock is held while plugins are sorted and compiled, never while one is called or built.

    Attributes:
        hooks: the compiled hooks.
        generation: the current set of plugins, to be held while a call uses it; read only.
    """

    def __init__(self, config: Config, host: Host) -> None:
        self._config = config
        self._host = host
        self._lock = threading.RLock()
        self._registered: dict[str, _Registered] = {}
        self._absent: dict[str, PluginStatus] = {}
        self._health = PluginHealth(host.clock, host.publish, self._disable)
        self.generation = Generation()
        self.hooks = Hooks(self._compile())

    def load(self, sources: Mapping[str, PluginSource], ready: Mapping[str, Any]) -> None:
        """Build and register every enabled plugin.

        Args:
            sources: where plugin classes come from, by name.
            ready: plugins that are built already, by name; each has its source as well.

        One that can't be imported, built or validated is left out, with an event; a wrong configuration is an error.

        Raises:
            ConfigError: sections of the configuration that don't fit their plugin, or name none.
        """
        problems = self._unknown_names(sources)
        events = []
        for name, source in sources.items():
            if self._settings(name).enabled is False:
                self._leave_out(source, "disabled by the configuration")
                continue
            try:
                self._load_one(source, ready.get(name))
            except ConfigError as failure:
                problems.extend(failure.problems)
            except PluginError as failure:
                reason = str(failure).removeprefix(f"plugin {name!r}: ")  # both say which plugin already
                self._leave_out(source, reason)
                events.append(PluginEvent(plugin=name, fault="not_loaded", detail=reason))
        if problems:
            raise ConfigError(problems)
        self._recompile()
        for event in events:
            self._host.publish(event)

    def _load_one(self, source: PluginSource, ready: Any) -> None:
        if ready is not None:
            self._add(source.name, ready, source)
            return
        plugin_class = source.load()
        if self._is_wanted(source.name, plugin_class):
            self._add(source.name, self._build(source.name, plugin_class), source)
        else:
            self._leave_out(source, "off by default; enable it in the configuration")

    def register(self, plugin: object, name: str) -> Any:
        """Register a plugin, or build one from its class, from the next call on.

        Returns:
            The plugin.

        Raises:
            InvalidPlugin: the name is taken, or its hooks don't fit the hookspecs.
            PluginLoadError: its class can't be built.
            ConfigError: its section of the configuration does not fit.
        """
        built = self._build(name, plugin) if inspect.isclass(plugin) else plugin
        self._add(name, built, None)
        self._recompile()
        self._host.publish(PluginEvent(plugin=name, fault="registered"))
        return built

    def unregister(self, name: str) -> Any:
        """Take a plugin out, from the next call on; calls in flight may still use it.

        Returns:
            The plugin.

        Raises:
            UnknownPlugin: none is registered under that name.
        """
        with self._lock:
            if name not in self._registered:
                raise UnknownPlugin(name, f"is not registered{did_you_mean(name, self._registered)}")
            entry = self._registered.pop(name)
            self._recompile()
        self._health.forget(name)
        _end_workers(entry)
        self._host.publish(PluginEvent(plugin=name, fault="unregistered"))
        return entry.plugin

    def get(self, name: str) -> Any:
        """Return a registered plugin.

        Raises:
            UnknownPlugin: none is registered under that name.
        """
        entry = self._registered.get(name)
        if entry is None:
            absent = self._absent.get(name)
            reason = absent.reason if absent else f"is not registered{did_you_mean(name, self._registered)}"
            raise UnknownPlugin(name, reason)
        return entry.plugin

    def items(self) -> list[tuple[str, Any]]:
        """Return the registered plugins by name, in the order of their names."""
        with self._lock:
            return [(name, self._registered[name].plugin) for name in sorted(self._registered)]

    def with_role(self, role: type) -> list[tuple[str, Any]]:
        """Return the registered plugins that play a role of :mod:`recoup.roles`."""
        by_role = self.generation.memo(self)  # had before a look at the plugins, so that what is outdated is forgotten
        if role not in by_role:  # to ask a protocol takes long, and each new scope asks
            by_role[role] = [(name, plugin) for name, plugin in self.items() if isinstance(plugin, role)]
        return list(by_role[role])

    def report(self, plugin: str, method: str, failure: Exception) -> None:
        """Record that a plugin's method outside the hooks has raised."""
        method_of_role = Implementation(plugin=plugin, hook=method, function=_uncompiled, arguments=())
        self._health(method_of_role, "raised", failure)

    def renew(self) -> None:
        """Have whatever was compiled for these plugins looked at anew."""
        with self._lock:
            self.generation = self.generation.successor()

    def statuses(self) -> list[PluginStatus]:
        """Return what became of every known plugin, by name."""
        with self._lock:
            statuses = list(self._absent.values())
            for name, entry in self._registered.items():
                hooks = sorted({item.hook for item in entry.implementations}, key=HOOKS.index)
                off = ", ".join(sorted(entry.disabled_hooks))
                statuses.append(
                    PluginStatus(
                        name=name,
                        hooks=tuple(hooks),
                        distribution=entry.source.distribution if entry.source else None,
                        version=entry.source.version if entry.source else None,
                        reason=f"{off} disabled after repeated failures" if off else "",
                        failures=self._health.failures(name),
                    )
                )
        return sorted(statuses, key=lambda status: status.name)

    def time_limit(self, name: str) -> float | None:
        """Return the seconds that the configuration gives a plugin, or None."""
        return self._settings(name).time_limit

    def close(self) -> None:
        """End the worker threads of time-limited plugins."""
        with self._lock:
            for entry in self._registered.values():
                _end_workers(entry)

    def _unknown_names(self, sources: Mapping[str, PluginSource]) -> list[ConfigProblem]:
        section = self._config.error_handling
        places = {f"error_handling.plugins.{name}": name for name in section.plugins}
        places |= {f"error_handling.plugin_order.{i}": name for i, name in enumerate(section.plugin_order)}
        unknown = {path: name for path, name in places.items() if name not in sources}
        if not unknown:
            return []
        from recoup.config.wording import nearest, show  # noqa: PLC0415 - for error messages alone

        return [
            ConfigProblem(path, f"no plugin named {show(name, sources)} is installed{nearest(name, sources)}")
            for path, name in unknown.items()
        ]

    def _is_wanted(self, name: str, plugin_class: type) -> bool:
        enabled = self._settings(name).enabled
        if enabled is not None:
            return enabled
        return bool(getattr(plugin_class, "enabled_by_default", True))

    def _leave_out(self, source: PluginSource, reason: str) -> None:
        self._absent[source.name] = PluginStatus(
            name=source.name,
            distribution=source.distribution,
            version=source.version,
            enabled=False,
            reason=reason,
        )

    def _settings(self, name: str) -> PluginSettings:
        return self._config.error_handling.plugins.get(name, PluginSettings())

    def _build(self, name: str, plugin_class: Any) -> Any:
        offers = {"config": self._section(name, plugin_class), "host": self._host}
        try:
            wanted = inspect.signature(plugin_class).parameters
            return plugin_class(**{key: value for key, value in offers.items() if key in wanted})
        except ConfigError:
            raise
        except Exception as failure:
            message = f"{plugin_class.__name__} can't be built: {type(failure).__name__}: {failure}"
            raise PluginLoadError(name, message) from failure

    def _section(self, name: str, plugin_class: type) -> Any:
        section = self._settings(name).config
        config_class = config_class_of(name, plugin_class)
        if not section:
            return self._default_section(name, config_class)
        from recoup.config.loader import structure_section  # noqa: PLC0415 - cattrs only where there is a section
        from recoup.config.structure import StructureProblems  # noqa: PLC0415 - as above

        try:
            return structure_section(plugin_class, config_class, section, f"error_handling.plugins.{name}.config")
        except StructureProblems as failure:
            raise ConfigError(failure.problems) from None

    @staticmethod
    def _default_section(name: str, config_class: Any) -> Any:
        if config_class is None:
            return None
        try:
            return config_class()
        except TypeError as failure:
            problem = ConfigProblem(f"error_handling.plugins.{name}.config", f"is incomplete: {failure}")
            raise ConfigError([problem]) from None
        except Exception as failure:
            message = f"its default Config can't be built: {type(failure).__name__}: {failure}"
            raise PluginLoadError(name, message) from failure

    def _add(self, name: str, plugin: Any, source: PluginSource | None) -> None:
        implementations = tuple(self._limit(name, plugin, item) for item in read_plugin(name, plugin))
        with self._lock:
            if name in self._registered:
                raise InvalidPlugin(name, "a plugin of that name is registered; unregister it first, or choose another")
            self._registered[name] = _Registered(plugin, implementations, source)
            self._absent.pop(name, None)

    def _limit(self, name: str, plugin: Any, implementation: Implementation) -> Implementation:
        settings = self._settings(name)
        on_failure = settings.on_failure or getattr(plugin, "on_failure", "allow")
        if on_failure not in ("deny", "allow"):
            raise InvalidPlugin(name, f"on_failure is {on_failure!r}; valid: deny, allow")
        function = implementation.function
        if settings.time_limit is not None and not (implementation.is_async or implementation.is_wrapper):
            function = TimeLimited(function, settings.time_limit, name)
        return evolve(implementation, function=function, time_limit=settings.time_limit, on_failure=on_failure)

    def _disable(self, implementation: Implementation) -> None:
        with self._lock:
            entry = self._registered.get(implementation.plugin)
            # A call in flight may still report for a plugin whose name belongs to another by now.
            if entry is not None and any(item is implementation for item in entry.implementations):
                disabled = entry.disabled_hooks | {implementation.hook}
                self._registered[implementation.plugin] = evolve(entry, disabled_hooks=disabled)
                self._recompile()

    def _recompile(self) -> None:
        with self._lock:
            self.hooks.replace(self._compile())
            self.generation = self.generation.successor()

    def _compile(self) -> CompiledHooks:
        return CompiledHooks.build({hook: self._ordered(hook) for hook in HOOKS}, self._health)

    def _ordered(self, hook: str) -> list[Implementation]:
        order = {name: index for index, name in enumerate(self._config.error_handling.plugin_order)}
        entries = [
            (entry.plugin, item)
            for entry in self._registered.values()
            for item in entry.implementations
            if item.hook == hook and hook not in entry.disabled_hooks
        ]
        entries.sort(key=lambda pair: (order.get(pair[1].plugin, len(order)), pair[1].tier, pair[1].plugin))
        return _after(entries, order)


def _uncompiled() -> None:
    """Stand in for a role's method, which is called by the core directly."""


def _after(entries: Sequence[tuple[Any, Implementation]], order: Mapping[str, int]) -> list[Implementation]:
    """Move implementations behind those that their plugin's ``asked_after`` names, unless the configuration orders.

    Plugins that name each other in a circle keep the order that they had.
    """
    waits_for = {
        item.plugin: set() if item.plugin in order else set(getattr(plugin, "asked_after", ())) - {item.plugin}
        for plugin, item in entries
    }
    remaining = [item for _, item in entries]
    ordered: list[Implementation] = []
    while remaining:
        ahead = {item.plugin for item in remaining}
        ready = (item for item in remaining if not waits_for[item.plugin] & ahead)
        chosen = next(ready, remaining[0])
        remaining.remove(chosen)
        ordered.append(chosen)
    return ordered


def _end_workers(entry: _Registered) -> None:
    for item in entry.implementations:
        if isinstance(item.function, TimeLimited):
            item.function.close()
