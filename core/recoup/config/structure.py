"""From parsed values to typed ones, with every problem found and none hidden behind another.

cattrs converts collections, unions and scalars, by strict hooks: it would turn "7" into 7 and 2.9 into 2. Classes are
walked here, field by field, since attrs reports only the first validator that fails.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum, StrEnum
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, is_typeddict

import attrs
import cattrs
from cattrs.errors import BaseValidationError, IterableValidationError, IterableValidationNote

from recoup.config.wording import FromEnvironment, below, nearest, show, show_key
from recoup.errors import ConfigProblem

T = TypeVar("T")


class Misfit(ValueError):
    """Says that a value is not of the form that is expected, in words that hold no secret."""


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
    except Exception as failure:  # noqa: BLE001 - a plugin's validator may raise anything
        raise StructureProblems(_flatten(failure, path, value)) from None
    return result


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_structure_hook(bool, _boolean)
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(str, _string)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook(datetime, _moment)
    converter.register_structure_hook_func(_is_enum, _enumeration)
    converter.register_structure_hook(StrEnum, _enumeration)
    converter.register_structure_hook_func(_is_literal, _literal)
    converter.register_structure_hook_func(_is_union, lambda value, kind: _union(converter, value, kind))
    converter.register_structure_hook_func(lambda kind: kind is Any, lambda value, _: value)
    converter.register_structure_hook_func(_is_sequence, lambda value, kind: _sequence(converter, value, kind))
    converter.register_structure_hook_func(_is_mapping, lambda value, kind: _mapping(converter, value, kind))
    converter.register_structure_hook_func(attrs.has, lambda value, kind: _attrs_class(converter, value, kind))
    converter.register_structure_hook_func(_is_class, _no_class)
    converter.register_structure_hook_func(_is_function, _no_function)
    return converter


def _attrs_class(converter: cattrs.Converter, value: Any, kind: type[Any]) -> Any:
    value = _as_mapping(value)
    attrs.resolve_types(kind)
    fields = {field.alias: field for field in attrs.fields(kind) if field.init}
    problems = [
        ConfigProblem(show_key(name), f"unknown key{nearest(str(name), fields)}")
        for name in value
        if name not in fields
    ]
    arguments = {}
    for name, field in fields.items():
        if name not in value:
            if field.default is attrs.NOTHING:
                problems.append(ConfigProblem(name, "is missing and has no default"))
            continue
        with below(name):
            try:
                arguments[name] = converter.structure(value[name], field.type)
                if field.validator is not None:
                    _validate(field, arguments[name], value[name])
            except Exception as failure:  # noqa: BLE001 - a validator may raise anything
                problems.extend(_flatten(failure, name, value[name]))
    if problems:
        raise StructureProblems(problems)
    return kind(**arguments)


def _as_mapping(value: Any) -> Mapping[Any, Any]:
    """Return a mapping; a key with nothing below it, which YAML reads as null, has an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Misfit(f"expected a mapping, got {show(value)}")
    return value


def _validate(field: attrs.Attribute[Any], value: Any, given: Any) -> None:
    try:
        field.validator(None, field, value)  # type: ignore[misc]  # attrs types it as optional; the caller checked
    except (ValueError, TypeError) as failure:
        if isinstance(given, str) and (options := _options(field.validator)):
            raise Misfit(_no_choice(given, options)) from failure
        message = _words_of(failure, given)
        rule = message.replace(f"'{field.name}'", "").split("(got")[0].strip()
        for form in (value, given):
            rule = rule.removesuffix(f": {form}")
        raise Misfit(rule if isinstance(given, Mapping | list | tuple) else f"{rule}, got {show(given)}") from failure


def _options(validator: Any) -> list[str]:
    """Return the texts that an ``in_`` of attrs takes, by itself or within ``optional``."""
    validator = getattr(validator, "validator", validator)
    return [item for item in getattr(validator, "options", ()) if isinstance(item, str)]


def _words_of(failure: BaseException, given: Any) -> str:
    """Return another's message, with what is not to be shown of the value described."""
    message = str(failure.args[0]) if failure.args else ""
    for text in sorted(_hidden(given), key=len, reverse=True):
        forms = (repr(text), text, repr(text)[1:-1])
        if len(text) > _SHORTEST_REPLACED:
            for form in forms:
                message = message.replace(form, "(a value)")
        if any(form in message for form in forms):
            return f"is refused ({type(failure).__name__})"
    return message or f"is refused ({type(failure).__name__})"


_SHORTEST_REPLACED = 6
"""Letters of a text that is taken out of a message; a shorter one may be part of the message's own words."""


def _hidden(value: Any) -> Iterator[str]:
    """Walk over the texts of a value that no message may hold."""
    if isinstance(value, str):
        if value and show(value) != repr(value):
            yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str) and show_key(key) != key:
                yield key
            with below(key):
                yield from list(_hidden(item))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _hidden(item)
    elif value is not None and not isinstance(value, bool):
        with suppress(ValueError):  # Python prints no number of more than 4300 digits, and so does no message
            if show(value) != repr(value):
                yield str(value)


def _flatten(failure: BaseException, path: str, given: Any) -> list[ConfigProblem]:
    if isinstance(failure, StructureProblems):
        return [ConfigProblem(_join(path, item.path), item.message) for item in failure.problems]
    if isinstance(failure, IterableValidationError):
        return [problem for item in failure.exceptions for problem in _flatten(item, _join(path, _index(item)), given)]
    if isinstance(failure, BaseValidationError):
        return [problem for item in failure.exceptions for problem in _flatten(item, path, given)]
    return [ConfigProblem(path, str(failure) if isinstance(failure, Misfit) else _words_of(failure, given))]


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
        raise Misfit(f"expected true or false, got {show(value)}")
    return value


def _integer(value: Any, _: Any) -> int:
    if isinstance(value, FromEnvironment) and re.fullmatch(r"[+-]?\d{1,18}", value):
        return int(value)
    if type(value) is not int:
        raise Misfit(f"expected a whole number, got {show(value)}")
    return value


def _number(value: Any, _: Any) -> float:
    if isinstance(value, FromEnvironment) and re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,18})?", value):
        return float(value)
    if type(value) not in (int, float):
        raise Misfit(f"expected a number, got {show(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Misfit(f"expected a finite number, got {show(value)}")
    return number


def _string(value: Any, kind: Any) -> Any:
    if _is_enum(kind):  # cattrs asks by base class, and a member may be text as well
        return _enumeration(value, kind)
    if not isinstance(value, str):
        raise Misfit(f"expected text, got {show(value)}; quote it if text is meant")
    return str(value)


def _decimal(value: Any, _: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Misfit(f"expected a decimal number in quotes, got {show(value)}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Misfit(f"expected a decimal number, got {show(value)}") from None
    if not number.is_finite():
        raise Misfit(f"expected a finite decimal number, got {show(value)}")
    return number


def _moment(value: Any, _: Any) -> datetime:
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise Misfit(f"expected a date and time with a time zone, such as 2026-12-01T04:00:00Z, got {show(value)}")
    return moment


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _enumeration(value: Any, kind: type[Enum]) -> Enum:
    by_value = {str(member.value).lower(): member for member in kind}
    if not isinstance(value, str) or value.lower() not in by_value:
        raise Misfit(_no_choice(value, [str(member.value) for member in kind]))
    return by_value[value.lower()]


def _no_choice(value: Any, names: Sequence[str]) -> str:
    """Say that a value is none of those that are valid, and which one it is close to."""
    shown = show(value, names)
    hint = nearest(value, names) if isinstance(value, str) and shown == repr(value) else ""
    return f"{shown} is not one of {', '.join(names)}{hint if 'did you mean' in hint else ''}"


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _literal(value: Any, kind: Any) -> Any:
    for choice in get_args(kind):
        if type(value) is type(choice) and value == choice:
            return choice
        if isinstance(value, FromEnvironment) and value == choice:
            return choice
    raise Misfit(_no_choice(value, [str(choice) for choice in get_args(kind)]))


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _union(converter: cattrs.Converter, value: Any, kind: Any) -> Any:
    """Take the first member that the value fits; with none, say what each would have taken."""
    members = get_args(kind)
    if value is None and type(None) in members:
        return None
    inner = [member for member in members if member is not type(None)]
    if len(inner) == 1:
        return converter.structure(value, inner[0])
    messages = []
    for member in inner:
        try:
            return converter.structure(value, member)
        except Exception as failure:  # noqa: BLE001 - the next member may take it
            messages += [str(problem) for problem in _flatten(failure, "here", value)]
    raise Misfit("; or ".join(message.removeprefix("here: ") for message in messages))


def _is_class(kind: Any) -> bool:
    return get_origin(kind) is type or kind is type or any(_is_class(member) for member in get_args(kind))


def _no_class(_: Any, __: Any) -> Any:
    raise Misfit("classes can be given in code only; leave this key out of the file")


def _is_function(kind: Any) -> bool:
    return _origin(kind) is Callable or any(_is_function(member) for member in get_args(kind))


def _no_function(value: Any, kind: Any) -> Any:
    if value is None and type(None) in get_args(kind):
        return None
    raise Misfit("functions can be given in code only; leave this key out of the file")


def _origin(kind: Any) -> Any:
    return get_origin(kind) or kind


_COLLECTIONS: dict[Any, Callable[[Iterable[Any]], Any]] = {
    tuple: tuple,
    list: list,
    set: set,
    frozenset: frozenset,
    Sequence: tuple,
    AbstractSet: frozenset,
}


def _is_sequence(kind: Any) -> bool:
    return _origin(kind) in _COLLECTIONS


def _sequence(converter: cattrs.Converter, value: Any, kind: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise Misfit(f"expected a list, got {show(value)}")
    members = get_args(kind) or (Any, ...)
    if _origin(kind) is not tuple or members[-1] is ...:
        members = (members[0],) * len(value)
    elif len(value) != len(members):
        raise Misfit(f"expected a list of {len(members)}, got {show(value)}")
    items, problems = [], []
    for index, (item, member) in enumerate(zip(value, members, strict=True)):
        try:
            items.append(converter.structure(item, member))
        except Exception as failure:  # noqa: BLE001 - collected, and reported with its index
            problems.extend(_flatten(failure, str(index), item))
    if problems:
        raise StructureProblems(problems)
    return _COLLECTIONS[_origin(kind)](items)


def _is_mapping(kind: Any) -> bool:
    origin = _origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping) and not is_typeddict(origin)


def _mapping(converter: cattrs.Converter, value: Any, kind: Any) -> Any:
    value = _as_mapping(value)
    key_kind, value_kind = get_args(kind) or (Any, Any)
    items, problems = {}, []
    for key, item in value.items():
        pair = []
        with below(key):
            for part, part_kind in ((key, key_kind), (item, value_kind)):
                try:
                    pair.append(converter.structure(part, part_kind))
                except Exception as failure:  # noqa: BLE001 - collected, and reported with its key
                    problems.extend(_flatten(failure, show_key(key), part))
        if len(pair) < 2:  # noqa: PLR2004 - key and value
            continue
        if pair[0] in items:
            problems.append(ConfigProblem(show_key(key), "stands twice, in two spellings"))
        items[pair[0]] = pair[1]
    if problems:
        raise StructureProblems(problems)
    return items
