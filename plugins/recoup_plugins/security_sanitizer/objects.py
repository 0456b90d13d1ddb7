"""Turns objects that are no plain data into plain data, without trusting what they say about themselves."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from datetime import date, time, timedelta, tzinfo
from enum import Enum
from functools import partial
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Final
from uuid import UUID

import attrs

if TYPE_CHECKING:
    import traceback
    from collections.abc import Callable

HARMLESS_TYPES: Final = (date, time, timedelta, tzinfo, UUID, type(Ellipsis), type(NotImplemented), range, slice)
"""Values that hold nothing to hide, at any level, and are handed on as they are (``datetime`` is a ``date``)."""

ADDRESS_TYPES: Final = (IPv4Address, IPv6Address, IPv4Interface, IPv6Interface, IPv4Network, IPv6Network)
"""Values that are IP addresses by their type."""

_NAMED_TYPES: Final = (type, FunctionType, BuiltinFunctionType, MethodType, ModuleType)
_LONGEST_NAME: Final = 200
_ARGS: Final = vars(BaseException)["args"]  # a subclass may define args anew


def type_name(value: object) -> str:
    """Return the qualified name of a value's class, without the ``builtins`` in front."""
    cls = type(value)
    name = f"{cls.__module__}.{cls.__qualname__}"
    return name.removeprefix("builtins.")[:_LONGEST_NAME]


def exact_text(value: str) -> str:
    """Return the characters of a str subclass without calling a method that the subclass may have replaced."""
    return value if type(value) is str else str.__str__(value)


def guarded(render: Callable[[], str], value: object) -> str:
    """Return what ``repr`` or ``str`` gives, or a note on how that failed."""
    try:
        text = render()
    except Exception as error:  # noqa: BLE001 - an object may raise anything while it describes itself
        return f"<{type_name(value)}: unreadable, {type_name(error)}>"
    return exact_text(text)


def described(value: object) -> str:
    """Return an object's own description, as text that has yet to be sanitized."""
    if isinstance(value, _NAMED_TYPES):
        kind = "class" if isinstance(value, type) else "module" if isinstance(value, ModuleType) else "function"
        name = getattr(value, "__qualname__", None) or value.__name__
        return f"<{kind} {getattr(value, '__module__', None) or ''}.{name}>"
    return guarded(partial(repr, value), value)


def members(value: object) -> dict[str, object] | None:
    """Return the fields of an attrs or dataclass instance by name; None for any other object.

    Fields that cannot be read are named with the error's class as their value.
    """
    cls = type(value)
    if attrs.has(cls):
        names = [attribute.name for attribute in attrs.fields(cls)]
    elif is_dataclass(value):
        names = [field.name for field in dataclass_fields(value)]
    else:
        return None
    return {"type": type_name(value)} | {name: _read(value, name) for name in names}


def _read(value: object, name: str) -> object:
    try:
        return getattr(value, name)
    except Exception as error:  # noqa: BLE001 - a descriptor may raise anything
        return f"<unreadable: {type_name(error)}>"


def exception_members(error: BaseException) -> dict[str, object]:
    """Return an exception as a mapping: type, message, args, notes, attributes, cause, context and grouped exceptions.

    What is empty is left out. The context is left out where the raiser suppressed it.
    """
    found: dict[str, object] = {"type": type_name(error), "message": guarded(partial(str, error), error)}
    if (args := _ARGS.__get__(error)) and args != (found["message"],):
        found["args"] = args
    attributes = dict(getattr(error, "__dict__", {}))
    if notes := attributes.pop("__notes__", None):
        found["notes"] = notes
    if attributes:
        found["attributes"] = attributes
    if isinstance(error, BaseExceptionGroup):
        found["exceptions"] = list(error.exceptions)
        found.pop("args", None)
    if error.__cause__ is not None:
        found["cause"] = error.__cause__
    if error.__context__ is not None and not error.__suppress_context__:
        found["context"] = error.__context__
    return found


def is_symbolic(value: object) -> bool:
    """Tell whether a value is an enum member, which its program wrote down as source."""
    return isinstance(value, Enum)


def trace_text(value: traceback.StackSummary | traceback.TracebackException) -> str:
    """Return a captured stack or exception as its lines."""
    return "".join(value.format())
