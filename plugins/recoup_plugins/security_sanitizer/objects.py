"""Reads what an object is and holds without trusting what it says about itself."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import fields as dataclass_fields
from datetime import date, time, timedelta, tzinfo
from functools import partial
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import attrs

from recoup_plugins.security_sanitizer.cache import BoundedCache

if TYPE_CHECKING:
    import traceback
    from collections.abc import Callable, Iterator

HARMLESS_TYPES: Final = (date, time, timedelta, tzinfo, UUID, type(Ellipsis), type(NotImplemented), range)
"""Values that hold nothing to hide, at any level, and are handed on as they are (``datetime`` is a ``date``)."""

ADDRESS_TYPES: Final = (IPv4Address, IPv6Address, IPv4Interface, IPv6Interface, IPv4Network, IPv6Network)
"""Values that are IP addresses by their type."""

NAMED_TYPES: Final = (type, FunctionType, BuiltinFunctionType, MethodType, ModuleType)
"""Values that are described by their names."""

MOST_BITS: Final = 4096
"""Bits of a whole number that is still printed."""

_MOST_ATTRIBUTES: Final = 256
_USUAL_NAME = re.compile(r"[\w.<>\[\], ]{1,200}")
_MADE_BY_STATEMENT: Final = 1 << 9
"""The flag of classes that are no built-in or extension types (``Py_TPFLAGS_HEAPTYPE``)."""

_HOLDERS: Final[BoundedCache[type, tuple[tuple[str, Any], ...]]] = BoundedCache(512)

_type = vars(type)


def mro(cls: type) -> tuple[type, ...]:
    """Return a class and its bases, without asking a metaclass that may have replaced ``__mro__``."""
    bases: tuple[type, ...] = _type["__mro__"].__get__(cls)
    return bases


def class_names(cls: type) -> tuple[str, str]:
    """Return the module and the qualified name of a class, empty where they are no text."""
    module, name = _type["__module__"].__get__(cls), _type["__qualname__"].__get__(cls)
    return (str.__str__(module) if isinstance(module, str) else ""), str.__str__(name)


def type_name(value: object) -> str:
    """Return the qualified name of a value's class, without ``builtins`` in front; ``?`` for one that is no name."""
    module, name = class_names(type(value))
    full = f"{module}.{name}" if module not in ("", "builtins") else name
    return full if _USUAL_NAME.fullmatch(full) else "?"


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
    if issubclass(type(value), NAMED_TYPES):
        return guarded(partial(_named, value), value)
    if type(value) is ContextVar:  # its repr shows the default
        return f"<ContextVar {value.name}>"
    return guarded(partial(repr, value), value)


def _named(value: Any) -> str:
    if issubclass(type(value), type):
        module, name = class_names(value)
        return f"<class {module}.{name}>"
    kind = "module" if isinstance(value, ModuleType) else "function"
    if kind == "module":
        return f"<module .{ModuleType.__getattribute__(value, '__name__')}>"
    return f"<{kind} {getattr(value, '__module__', None) or ''}.{value.__qualname__}>"


def fields_of(value: object) -> dict[str, object]:
    """Return the fields of an attrs or dataclass instance by name.

    Fields that cannot be read are named with the error's class as their value.
    """
    cls: Any = type(value)
    if attrs.has(cls):
        names = [attribute.name for attribute in attrs.fields(cls)]
    else:
        names = [field.name for field in dataclass_fields(cls)]
    return {"type": type_name(value)} | {name: _read(value, name) for name in names}


def _read(value: object, name: str) -> object:
    try:
        return getattr(value, name)
    except Exception as error:  # noqa: BLE001 - a descriptor may raise anything
        return f"<unreadable: {type_name(error)}>"


def own_attributes(value: object) -> Iterator[tuple[str, object]]:
    """Yield what an object keeps in its ``__dict__`` and slots, at most 256, without running code of its class."""
    left = _MOST_ATTRIBUTES
    for name, descriptor in _holders(type(value)):
        if name == "__dict__":
            held = descriptor.__get__(value)
            for key in list(held)[:left] if type(held) is dict else ():
                if type(key) is str and key in held:
                    left -= 1
                    yield key, held[key]
        elif left > 0:
            left -= 1
            try:
                yield name, descriptor.__get__(value)
            except AttributeError:  # a slot that was never filled
                continue


def _holders(cls: type) -> tuple[tuple[str, Any], ...]:
    """Return what the instances of a class keep their attributes in, by name: ``__dict__`` and slots."""
    known = _HOLDERS[cls]
    if known is None:
        known = tuple(
            (name, descriptor)
            for base in mro(cls)
            for name, descriptor in vars(base).items()
            if _is_holder(base, name, descriptor)
        )
        _HOLDERS.put(cls, known)
    return known


def _is_holder(base: type, name: str, descriptor: Any) -> bool:
    if name == "__dict__":
        return type(descriptor) in (GetSetDescriptorType, MemberDescriptorType)
    return type(descriptor) is MemberDescriptorType and bool(base.__flags__ & _MADE_BY_STATEMENT)


def trace_text(value: traceback.StackSummary | traceback.TracebackException) -> str:
    """Return a captured stack or exception as its lines."""
    return "".join(value.format())
