"""Tells by its class alone which shape a value has, whatever the value says about itself."""

from __future__ import annotations

import re
import traceback
from array import array
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, defaultdict, deque
from collections.abc import Mapping, ValuesView
from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from dataclasses import is_dataclass
from decimal import Decimal
from enum import Enum, auto
from fractions import Fraction
from functools import partial
from pathlib import PurePath
from types import MappingProxyType, SimpleNamespace, TracebackType
from typing import Any, Final

import attrs

from recoup_plugins.security_sanitizer.cache import BoundedCache
from recoup_plugins.security_sanitizer.objects import ADDRESS_TYPES, HARMLESS_TYPES, NAMED_TYPES, class_names, mro


class Shape(Enum):
    """What becomes of a value."""

    SYMBOL = auto()
    EXCEPTION = auto()
    TRACEBACK = auto()
    STACK = auto()
    TEXT = auto()
    OCTETS = auto()
    ARRAY = auto()
    RECORD = auto()
    SEQUENCE = auto()
    DICT = auto()
    MAPPING = auto()
    SET = auto()
    NUMBER = auto()
    DECIMAL = auto()
    HARMLESS = auto()
    ADDRESS = auto()
    SPOKEN = auto()
    PARTIAL = auto()
    NAMESPACE = auto()
    FIELDS = auto()
    OPAQUE = auto()


_BY_BASE: Final = (
    (Shape.SYMBOL, (Enum,)),
    (Shape.EXCEPTION, (BaseException,)),
    (Shape.TRACEBACK, (TracebackType,)),
    (Shape.STACK, (traceback.StackSummary, traceback.TracebackException)),
    (Shape.TEXT, (str, UserString)),
    (Shape.OCTETS, (bytes, bytearray, memoryview)),
    (Shape.ARRAY, (array,)),
    (Shape.SEQUENCE, (list, tuple, deque, UserList)),
    (Shape.DICT, (dict,)),
    (Shape.SET, (set, frozenset)),
    (Shape.NUMBER, (int, float)),
    (Shape.DECIMAL, (Decimal,)),
    (Shape.HARMLESS, HARMLESS_TYPES),
    (Shape.ADDRESS, ADDRESS_TYPES),
    (Shape.SPOKEN, (PurePath, re.Pattern, Fraction, complex)),
    (Shape.PARTIAL, (partial,)),
    (Shape.NAMESPACE, (SimpleNamespace,)),
    (Shape.OPAQUE, (*NAMED_TYPES, ContextVar)),
    (Shape.MAPPING, (Mapping,)),
    (Shape.SET, (AbstractSet,)),
    (Shape.SEQUENCE, (ValuesView,)),
)
_URL_LIBRARIES: Final = ("yarl", "httpx")
_KNOWN: Final[BoundedCache[type, Shape]] = BoundedCache(512)

_REMADE: Final = (
    *(OrderedDict, defaultdict, Counter, dict, MappingProxyType, ChainMap, UserDict),
    *(list, tuple, deque, UserList, set, frozenset, str),
)
_WITHOUT_EFFECT: Final = frozenset(
    [
        *("__module__", "__doc__", "__dict__", "__weakref__", "__slots__", "__annotations__", "__init__", "__new__"),
        *("__orig_bases__", "__parameters__", "__class_getitem__", "__static_attributes__", "__firstlineno__"),
        *("__missing__", "__init_subclass__", "__required_keys__", "__optional_keys__", "__total__"),
    ]
)


def shape_of(cls: type) -> Shape:
    """Return the shape of a class's instances."""
    known = _KNOWN[cls]
    if known is None:
        known = _judge(cls)
        _KNOWN.put(cls, known)
    return known


def _judge(cls: type) -> Shape:
    if issubclass(cls, tuple) and record_names(cls) is not None:
        return Shape.RECORD
    for shape, bases in _BY_BASE:
        if issubclass(cls, bases):
            return shape
    if attrs.has(cls) or is_dataclass(cls):
        return Shape.FIELDS
    module, name = class_names(cls)
    return Shape.SPOKEN if name == "URL" and module.partition(".")[0] in _URL_LIBRARIES else Shape.OPAQUE


def record_names(cls: type) -> tuple[str, ...] | None:
    """Return the names of a named tuple's fields; None for any other class."""
    for base in mro(cls):
        names = vars(base).get("_fields")
        if names is not None:
            return names if type(names) is tuple and all(type(name) is str for name in names) else None
    return None


def remade_as(cls: type) -> type[Any] | None:
    """Return the standard class as which a value can be made anew, by its own class if that changes nothing about it.

    A subclass counts as its base where it overrides none of the base's methods, so that it cannot answer with anything
    but what it holds. None where no such class is known.
    """
    bases = mro(cls)
    base = next((known for known in bases if known in _REMADE), None)
    if base is None:
        return None
    for made in bases[: bases.index(base)]:
        for name in vars(made):
            is_special = name.startswith("__") and name.endswith("__")
            if name not in _WITHOUT_EFFECT and (is_special or hasattr(base, name)):
                return None
    return base
