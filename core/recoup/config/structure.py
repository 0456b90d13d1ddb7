"""From parsed values to typed ones, with every problem found and none hidden behind another.

cattrs converts collections, unions and scalars, by strict hooks: it would turn "7" into 7 and 2.9 into 2. Classes are
walked here, field by field, since attrs reports only the first validator that fails.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum, StrEnum
from functools import cache
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.errors import BaseValidationError, IterableValidationError, IterableValidationNote

from recoup.errors import ConfigProblem

T = TypeVar("T")


class FromEnvironment(str):
    """Text that came from the environment: it may stand for a number, and is never shown."""

    __slots__ = ()


class StructureProblems(Exception):
    """Problems found below one place of the configuration, with paths relative to it."""

    def __init__(self, problems: Iterable[ConfigProblem]) -> None:
        self.problems = list(problems)
        super().__init__(f"{len(self.problems)} problems")


def structure(value: Any, kind: type[T], path: str = "") -> T:
    """Convert a parsed value into ``kind``, an attrs class.

    Args:
        value: dictionaries, lists and scalars.
        kind: what it shall become.
        path: where it stands in the file.

    Raises:
        StructureProblems: with every problem, at its full path.
    """
    try:
        result: T = _converter().structure(value, kind)
    except Exception as failure:
        raise StructureProblems(_flatten(failure, path)) from failure
    return result


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` or a list of what is valid."""
    known = sorted(valid)
    lowered = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {lowered[close[0]]!r}?"
    return f"; valid: {', '.join(known)}" if known else "; nothing is valid here"


def show(value: Any) -> str:
    """Describe a value for an error message: its text only where it can't be a secret."""
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, FromEnvironment):
        return "a value from the environment"
    if isinstance(value, str):
        return repr(str(value)) if _HARMLESS.fullmatch(value) else f"a text of {len(value)} characters"
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return f"a value of type {type(value).__name__}"


_HARMLESS = re.compile(r"[A-Za-z][A-Za-z_ -]{0,23}|[+-]?\d{1,6}(?:\.\d{1,6})?[A-Za-z]{0,2}|")


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_structure_hook(bool, _boolean)
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook_func(lambda kind: kind is str, _string)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook_func(_is_enum, _enumeration)
    converter.register_structure_hook(StrEnum, _enumeration)
    converter.register_structure_hook_func(_is_optional, lambda value, kind: _optional(converter, value, kind))
    converter.register_structure_hook_func(_is_exception_type, _exception_type)
    converter.register_structure_hook_func(lambda kind: kind is Any, lambda value, _: value)
    converter.register_structure_hook_func(_is_sequence, lambda value, kind: _sequence(converter, value, kind))
    converter.register_structure_hook_func(_is_mapping, lambda value, kind: _mapping(converter, value, kind))
    converter.register_structure_hook_func(attrs.has, lambda value, kind: _attrs_class(converter, value, kind))
    return converter


def _attrs_class(converter: cattrs.Converter, value: Any, kind: type[Any]) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError(f"expected a mapping, got {show(value)}")
    attrs.resolve_types(kind)
    fields = {field.alias: field for field in attrs.fields(kind) if field.init}
    problems = [
        ConfigProblem(str(name), f"unknown key{nearest(str(name), fields)}") for name in value if name not in fields
    ]
    arguments = {}
    for name, field in fields.items():
        if name not in value:
            if field.default is attrs.NOTHING:
                problems.append(ConfigProblem(name, "is missing and has no default"))
            continue
        try:
            arguments[name] = converter.structure(value[name], field.type)
            if field.validator is not None:
                _validate(field, arguments[name])
        except Exception as failure:  # noqa: BLE001 - a validator may raise anything
            problems.extend(_flatten(failure, name))
    if problems:
        raise StructureProblems(problems)
    return kind(**arguments)


def _validate(field: attrs.Attribute[Any], value: Any) -> None:
    try:
        field.validator(None, field, value)  # type: ignore[misc]  # attrs types it as optional; the caller checked
    except (ValueError, TypeError) as failure:
        message = str(failure.args[0]) if failure.args else "is refused"
        rule = message.replace(f"'{field.name}'", "").split(":")[0].split("(got")[0].strip()
        raise ValueError(f"{rule}, got {show(value)}") from failure


def _flatten(failure: BaseException, path: str) -> list[ConfigProblem]:
    if isinstance(failure, StructureProblems):
        return [ConfigProblem(_join(path, item.path), item.message) for item in failure.problems]
    if isinstance(failure, IterableValidationError):
        return [problem for item in failure.exceptions for problem in _flatten(item, _join(path, _index(item)))]
    if isinstance(failure, BaseValidationError):
        return [problem for item in failure.exceptions for problem in _flatten(item, path)]
    return [ConfigProblem(path, str(failure))]


def _index(failure: BaseException) -> str:
    for note in getattr(failure, "__notes__", ()):
        if isinstance(note, IterableValidationNote):
            return str(note.index)
    return ""


def _join(path: str, rest: str) -> str:
    return f"{path}.{rest}" if path and rest else path or rest


def _boolean(value: Any, _: Any) -> bool:
    if isinstance(value, FromEnvironment) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, got {show(value)}")
    return value


def _integer(value: Any, _: Any) -> int:
    if isinstance(value, FromEnvironment) and re.fullmatch(r"[+-]?\d{1,18}", value):
        return int(value)
    if type(value) is not int:
        raise TypeError(f"expected a whole number, got {show(value)}")
    return value


def _number(value: Any, _: Any) -> float:
    if isinstance(value, FromEnvironment) and re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,18})?", value):
        return float(value)
    if type(value) not in (int, float):
        raise TypeError(f"expected a number, got {show(value)}")
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value}")
    return float(value)


def _string(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {show(value)}; quote it if text is meant")
    return str(value)


def _decimal(value: Any, _: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"expected a decimal number in quotes, got {show(value)}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"expected a decimal number, got {show(value)}") from None
    if not number.is_finite():
        raise ValueError(f"expected a finite decimal number, got {show(value)}")
    return number


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _enumeration(value: Any, kind: type[Enum]) -> Enum:
    by_value = {str(member.value).lower(): member for member in kind}
    if not isinstance(value, str) or value.lower() not in by_value:
        names = [str(member.value) for member in kind]
        hint = nearest(value, names) if isinstance(value, str) else f"; valid: {', '.join(names)}"
        raise ValueError(f"{show(value)} is not one of {', '.join(names)}{hint if 'mean' in hint else ''}")
    return by_value[value.lower()]


def _is_optional(kind: Any) -> bool:
    arguments = getattr(kind, "__args__", ())
    return type(None) in arguments and len(arguments) == 2  # noqa: PLR2004 - X | None has two members


def _optional(converter: cattrs.Converter, value: Any, kind: Any) -> Any:
    if value is None:
        return None
    (inner,) = (item for item in kind.__args__ if item is not type(None))
    return converter.structure(value, inner)


def _is_exception_type(kind: Any) -> bool:
    return "Exception" in repr(kind) and not (isinstance(kind, type) and attrs.has(kind))


def _exception_type(_: Any, __: Any) -> Any:
    raise TypeError("exception classes can be given in code only; leave this key out of the file")


def _origin(kind: Any) -> Any:
    return getattr(kind, "__origin__", kind)


def _is_sequence(kind: Any) -> bool:
    return _origin(kind) in (tuple, list, frozenset, set)


def _sequence(converter: cattrs.Converter, value: Any, kind: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise TypeError(f"expected a list, got {show(value)}")
    inner = getattr(kind, "__args__", (Any,))[0]
    items, problems = [], []
    for index, item in enumerate(value):
        try:
            items.append(converter.structure(item, inner))
        except Exception as failure:  # noqa: BLE001 - collected, and reported with its index
            problems.extend(_flatten(failure, str(index)))
    if problems:
        raise StructureProblems(problems)
    return _origin(kind)(items)


def _is_mapping(kind: Any) -> bool:
    origin = _origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _mapping(converter: cattrs.Converter, value: Any, kind: Any) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError(f"expected a mapping, got {show(value)}")
    key_kind, value_kind = getattr(kind, "__args__", (Any, Any))
    items, problems = {}, []
    for key, item in value.items():
        pair = []
        for part, part_kind in ((key, key_kind), (item, value_kind)):
            try:
                pair.append(converter.structure(part, part_kind))
            except Exception as failure:  # noqa: BLE001 - collected, and reported with its key
                problems.extend(_flatten(failure, str(key)))
        if len(pair) == 2:  # noqa: PLR2004 - key and value
            items[pair[0]] = pair[1]
    if problems:
        raise StructureProblems(problems)
    return items
