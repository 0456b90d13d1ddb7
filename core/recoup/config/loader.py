"""Reading a configuration: text to values, ``${ENV}`` substitution, typed values, with every problem in one error."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import yaml
from attrs import evolve

from recoup.config.models import Config, ErrorHandlingConfig
from recoup.config.pipelines import pipeline_problems
from recoup.config.structure import StructureProblems, structure
from recoup.config.wording import FromEnvironment, nearest, show, show_key
from recoup.discovery import PluginSource, config_class_of, installed_plugins
from recoup.errors import ConfigError, ConfigProblem, PluginError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike

MAX_DEPTH = 50
"""Levels of nesting; a deeper file is refused, not followed."""
MAX_VALUES = 100_000
"""Values read at most, what aliases and merge keys repeat counted again each time."""

T = TypeVar("T")


def load_file(path: str | PathLike[str], plugins: Mapping[str, type] | None) -> Config:
    """Load a YAML, JSON or TOML file, told apart by its suffix.

    Raises:
        ConfigError: it can't be read or holds problems.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else "it is not UTF-8 text"
        raise ConfigError([ConfigProblem("", f"can't be read: {reason}")], str(path)) from None
    parse = parse_toml if path.suffix == ".toml" else parse_yaml
    return load(parse(text, str(path)), plugins, str(path))


def parse_yaml(text: str, source: str = "configuration") -> Any:
    """Parse YAML, of which JSON is a part. A key that stands twice is an error.

    Raises:
        ConfigError: with line and column.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - derived from SafeLoader
    except RecursionError:
        raise ConfigError([ConfigProblem("", "is not YAML: nested too deeply")], source) from None
    except Exception as failure:  # noqa: BLE001 - PyYAML lets through what int(), float() and datetime() raise
        mark = getattr(failure, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reason = getattr(failure, "problem", None) or getattr(failure, "reason", None) or "it holds an impossible value"
        raise ConfigError([ConfigProblem(place, f"is not YAML: {_without_quotes(reason)}")], source) from None


def parse_toml(text: str, source: str = "configuration") -> Any:
    """Parse TOML.

    Raises:
        ConfigError: with line and column.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError([ConfigProblem("", "is not TOML: nested too deeply")], source) from None
    except ValueError as failure:
        reason = (
            _without_quotes(str(failure)) if isinstance(failure, tomllib.TOMLDecodeError) else "an impossible value"
        )
        raise ConfigError([ConfigProblem("", f"is not TOML: {reason}")], source) from None


_KEYS = ("error_handling", *(field.name for field in attrs.fields(ErrorHandlingConfig)))
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_LONGEST_PUNCTUATION = 2


def _without_quotes(reason: str) -> str:
    """Describe what a parser quotes from the file, which may be a secret that stands unquoted there."""

    def describe(match: re.Match[str]) -> str:
        text = match[0][1:-1]
        is_token = len(text) <= _LONGEST_PUNCTUATION or (text.startswith("<") and text.endswith(">"))
        return match[0] if is_token else show(text, _KEYS)

    return _QUOTED.sub(describe, reason)


def load(data: Any, plugins: Mapping[str, type] | None, source: str = "configuration") -> Config:
    """Build the configuration from parsed values.

    Args:
        data: the root mapping; an empty file gives the defaults.
        plugins: plugin classes that come from no entry point, by name.
        source: named in the error.

    Raises:
        ConfigError: with every problem in ``data``.
    """
    if data is None:
        data = {}
    if not isinstance(data, Mapping):
        hint = "; to load a file by its name, use Config.from_file" if isinstance(data, str) else ""
        problem = ConfigProblem("", f"expected a mapping at the root, got {type(data).__name__}{hint}")
        raise ConfigError([problem], source)
    problems: list[ConfigProblem] = []
    values = _Substitution(problems).apply(data, "", 0)
    substituted = len(problems)
    config = Config()
    try:
        config = structure(values, Config)
    except StructureProblems as failure:
        problems.extend(failure.problems)
    available = installed_plugins() | {name: PluginSource.of_class(name, cls) for name, cls in (plugins or {}).items()}
    problems.extend(_plugin_problems(values, available))
    if problems:
        raise ConfigError(_without_followers(problems, substituted), source)
    return _completed(config)


def _without_followers(problems: list[ConfigProblem], substituted: int) -> list[ConfigProblem]:
    unset = {problem.path for problem in problems[:substituted]}
    return problems[:substituted] + [problem for problem in problems[substituted:] if problem.path not in unset]


def _completed(config: Config) -> Config:
    section = config.error_handling
    circuits = {name: evolve(circuit, name=name) for name, circuit in section.circuit_breakers.items()}
    severities = {**ErrorHandlingConfig().severity_levels, **section.severity_levels}
    return evolve(config, error_handling=evolve(section, circuit_breakers=circuits, severity_levels=severities))


def _plugin_problems(values: Any, available: Mapping[str, PluginSource]) -> list[ConfigProblem]:
    section = values.get("error_handling")
    if not isinstance(section, Mapping):
        return []
    problems = []
    settings, order = section.get("plugins"), section.get("plugin_order")
    for name, entry in settings.items() if isinstance(settings, Mapping) else ():
        path = f"error_handling.plugins.{show_key(name)}"
        if name not in available:
            problems.append(ConfigProblem(path, f"no plugin of that name is installed{nearest(str(name), available)}"))
        elif (
            isinstance(entry, Mapping)
            and entry.get("enabled") is not False
            and isinstance(entry.get("config"), Mapping)
        ):
            problems.extend(section_problems(available[name], entry["config"], f"{path}.config"))
    problems.extend(_order_problems(order, settings, available))
    problems.extend(pipeline_problems(section.get("pipelines"), available))
    return problems


def _order_problems(order: Any, settings: Any, available: Mapping[str, PluginSource]) -> Iterator[ConfigProblem]:
    seen: set[str] = set()
    for index, name in enumerate(order if isinstance(order, list | tuple) else ()):
        path = f"error_handling.plugin_order.{index}"
        if not isinstance(name, str):
            continue
        if name not in available:
            message = f"no plugin named {show(name, available)} is installed{nearest(name, available)}"
            yield ConfigProblem(path, message)
            continue
        if name in seen:
            yield ConfigProblem(path, f"names {name} again; it can come only once")
        seen.add(name)
        entry = settings.get(name) if isinstance(settings, Mapping) else None
        if isinstance(entry, Mapping) and entry.get("enabled") is False:
            yield ConfigProblem(
                path, f"names {name}, which error_handling.plugins disables; take it out of one of them"
            )


def section_problems(source: PluginSource, section: Mapping[str, Any], path: str) -> list[ConfigProblem]:
    """Return what is wrong with a plugin's own section.

    A plugin that can't be loaded is no fault of the file: the handler reports it when it starts.
    """
    try:
        plugin_class = source.load()
        config_class = config_class_of(source.name, plugin_class)
    except PluginError:
        return []
    try:
        structure_section(plugin_class, config_class, section, path)
    except StructureProblems as failure:
        return failure.problems
    return []


def structure_section(plugin_class: type, config_class: type | None, section: Mapping[str, Any], path: str) -> Any:
    """Build a plugin's ``Config`` from its section, or None where its class has none.

    Raises:
        StructureProblems: with every problem.
    """
    if config_class is not None:
        return structure(section, config_class, path)
    if section:
        raise StructureProblems([ConfigProblem(path, f"{plugin_class.__name__} takes no configuration; leave it out")])
    return None


_REFERENCE = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]{0,200})(?::-([^{}]{0,4096}))?\}|(\{))")


class _Substitution:
    """One walk over the parsed values, with bounds on their depth and, aliases followed, on their number."""

    def __init__(self, problems: list[ConfigProblem]) -> None:
        self._problems = problems
        self._left = MAX_VALUES

    def apply(self, value: object, path: str, depth: int) -> Any:
        """Return the value with its references replaced."""
        self._left -= 1
        if depth > MAX_DEPTH:
            self._problems.append(ConfigProblem(path, f"is nested more than {MAX_DEPTH} levels deep"))
            return None
        if self._left <= 0:
            if self._left == 0:
                self._problems.append(ConfigProblem(path, f"is beyond the {MAX_VALUES} values that are read at most"))
            return None
        if isinstance(value, Mapping):
            return self._mapping(value, path, depth)
        if isinstance(value, list | tuple):
            return [self.apply(item, f"{path}.{index}", depth + 1) for index, item in self._affordable(value)]
        if isinstance(value, str) and "$" in value:
            return _expand(value, path, self._problems)
        return value

    def _mapping(self, value: Mapping[Any, object], path: str, depth: int) -> dict[str, Any]:
        items = {}
        for _, (key, item) in self._affordable(value.items()):
            here = f"{path}.{show_key(key)}" if path else show_key(key)
            if isinstance(key, str):
                items[key] = self.apply(item, here, depth + 1)
            else:
                self._problems.append(ConfigProblem(here, "keys are text; put it in quotes"))
        return items

    def _affordable(self, items: Iterable[T]) -> Iterator[tuple[int, T]]:
        for entry in enumerate(items):
            if self._left < 0:
                return
            yield entry


def _expand(value: str, path: str, problems: list[ConfigProblem]) -> str:
    found = False

    def replace(match: re.Match[str]) -> str:
        nonlocal found
        escaped, name, default, malformed = match.groups()
        if escaped:
            return "$"
        if malformed:
            problems.append(
                ConfigProblem(path, "holds a '${' that is no ${NAME} or ${NAME:-default}; '$$' gives a '$'")
            )
            return ""
        found = True
        text = os.environ.get(name)
        if default is not None and not text:  # as in sh, an empty variable takes the default
            text = default
        if text is None:
            problems.append(ConfigProblem(path, f"the environment variable {name} is not set; or give ${{{name}:-x}}"))
            return ""
        return text

    expanded = _REFERENCE.sub(replace, value)
    return FromEnvironment(expanded) if found else expanded


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a key that stands twice, where YAML's own keeps the last one silently.

    It also bounds what merge keys copy: each level of ``<<: [*a, *a]`` doubles the keys of the level before.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._flattened: set[yaml.MappingNode] = set()
        self._pairs = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if node not in self._flattened:  # afterwards, a key may stand beside the merged one that it replaces
            self._flattened.add(node)
            self._refuse_twins(node)
        super().flatten_mapping(node)
        self._pairs += len(node.value)
        if self._pairs > MAX_VALUES:
            raise yaml.constructor.ConstructorError(None, None, "merge keys copy too much", node.start_mark)

    def _refuse_twins(self, node: yaml.MappingNode) -> None:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str | int | float | bool) or key is None:
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {show_key(key)} stands twice", key_node.start_mark
                    )
                seen.add(key)
