"""The configuration's JSON Schema (draft 2020-12), read off the attrs classes."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin

import attrs

from recoup.config.models import Config, PluginSettings
from recoup.discovery import config_class_of, installed_plugins
from recoup.errors import PluginError

_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean", Decimal: "string", datetime: "string"}

_MAPPING = ["object", "null"]
"""A key with nothing below it counts as an empty mapping."""


def schema() -> dict[str, Any]:
    """Return the schema of a whole file, with the sections of every installed plugin that can be imported."""
    root = _class_schema(Config)
    plugins = root["properties"]["error_handling"]["properties"]["plugins"]
    plugins["properties"] = {name: _plugin_schema(name) for name in installed_plugins()}
    plugins["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "recoup configuration", **root}


def _plugin_schema(name: str) -> dict[str, Any]:
    settings = _class_schema(PluginSettings)
    try:
        config_class = config_class_of(name, installed_plugins()[name].load())
    except PluginError as failure:
        settings["description"] = str(failure)
        return settings
    if config_class is None:
        settings["properties"]["config"] = {"type": _MAPPING, "maxProperties": 0}
    else:
        settings["properties"]["config"] = _class_schema(config_class)
    return settings


def _class_schema(kind: type) -> dict[str, Any]:
    attrs.resolve_types(kind)
    properties: dict[str, Any] = {}
    required = []
    for field in attrs.fields(kind):
        if not field.init or _is_code_only(field.type):
            continue
        properties[field.alias] = _type_schema(field.type)
        if field.default is attrs.NOTHING:
            required.append(field.alias)
        elif isinstance(field.default, bool | int | float | str):
            default = field.default
            properties[field.alias]["default"] = default.value if isinstance(default, Enum) else default
    result: dict[str, Any] = {"type": _MAPPING, "properties": properties, "additionalProperties": False}
    if required:
        result["required"] = required
    if kind.__doc__:
        result["description"] = kind.__doc__.partition("\n")[0]
    return result


def _type_schema(kind: Any) -> dict[str, Any]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if kind in _SCALARS:
        return {"type": _SCALARS[kind]}
    if isinstance(kind, type) and attrs.has(kind):
        return _class_schema(kind)
    return _generic_schema(get_origin(kind), get_args(kind))


def _generic_schema(origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
    if origin in (Union, types.UnionType):
        return {"anyOf": [{"type": "null"} if item is type(None) else _type_schema(item) for item in arguments]}
    if origin in (tuple, list, set, frozenset):
        return {"type": "array", "items": _type_schema(arguments[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": _MAPPING, "additionalProperties": _type_schema(arguments[1])}
    return {}


def _is_code_only(kind: Any) -> bool:
    """Exception classes and functions can be given in code only."""
    return any(name in repr(kind) for name in ("Exception", "Callable"))
