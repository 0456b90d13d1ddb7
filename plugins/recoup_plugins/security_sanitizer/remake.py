"""Makes a container of the original's class from sanitized members, without running code of that class."""

from __future__ import annotations

from collections import OrderedDict, UserDict, UserList, defaultdict, deque
from types import MappingProxyType
from typing import Any, Final

from recoup_plugins.security_sanitizer.cache import BoundedCache
from recoup_plugins.security_sanitizer.shapes import remade_as

_BASES: Final[BoundedCache[type, tuple[type[Any] | None]]] = BoundedCache(512)


def _base(cls: type) -> type[Any] | None:
    known = _BASES[cls]
    if known is None:
        known = (remade_as(cls),)
        _BASES.put(cls, known)
    return known[0]


def _new(base: Any, cls: type) -> Any:
    return base.__new__(cls)


def text_like(original: Any, text: str) -> str:
    """Return text of the class of a str subclass that overrides nothing, otherwise as it is."""
    cls = type(original)
    return str.__new__(cls, text) if _base(cls) is str else text


def mapping_like(original: Any, members: dict[Any, Any]) -> Any:
    """Return members as a mapping of the original's class where that is a standard one or adds nothing to one.

    A ``defaultdict`` keeps a factory that is a class; any other could hold a secret.
    """
    cls = type(original)
    base = _base(cls)
    if base is None or cls is dict:
        return members
    if base is MappingProxyType:
        return MappingProxyType(members)
    if base is UserDict:
        user_dict: UserDict[Any, Any] = object.__new__(cls)
        user_dict.data = members
        return user_dict
    made: Any = _new(base, cls)
    if base is OrderedDict:
        for key, item in members.items():
            OrderedDict.__setitem__(made, key, item)
        return made
    dict.update(made, members)
    if base is defaultdict:
        factory = vars(defaultdict)["default_factory"].__get__(original)
        made.default_factory = factory if type(factory) is type else None
    return made


def sequence_like(original: Any, members: list[Any]) -> Any:
    """Return members as a sequence of the original's class where that is a standard one or adds nothing to one."""
    cls = type(original)
    base = _base(cls)
    if cls is list or base is None:
        return tuple(members) if issubclass(cls, tuple) else members
    if base is tuple:
        return tuple.__new__(cls, members)
    if base is deque:
        return deque(members, deque.maxlen.__get__(original))
    made = _new(base, cls)
    if base is UserList:
        made.data = members
    else:
        list.extend(made, members)
    return made


def set_like(original: Any, members: list[Any]) -> Any:
    """Return members as a set or frozenset, of the original's class where that adds nothing."""
    cls = type(original)
    base = _base(cls)
    if base is None:
        return frozenset(members) if issubclass(cls, frozenset) else set(members)
    if base is frozenset:
        return frozenset.__new__(cls, members)
    made = set.__new__(cls)
    set.update(made, members)
    return made
