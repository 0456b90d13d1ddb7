"""The empty value of the type that a function returns."""

from __future__ import annotations

import collections
import collections.abc
import inspect
from typing import TYPE_CHECKING, Any

from recoup_plugins.fallback.annotation import ReturnType, return_types

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def _nothing() -> Iterator[Any]:
    yield from ()


async def _nothing_async() -> AsyncIterator[Any]:
    for item in _nothing():
        yield item


_EMPTY_OF_ABSTRACT: dict[object, Callable[[], Any]] = {
    None: lambda: None,
    collections.abc.Collection: list,
    collections.abc.Container: list,
    collections.abc.Iterable: list,
    collections.abc.MutableSequence: list,
    collections.abc.Reversible: list,
    collections.abc.Sequence: list,
    collections.abc.Mapping: dict,
    collections.abc.MutableMapping: dict,
    collections.abc.MutableSet: set,
    collections.abc.Set: set,
    collections.abc.AsyncGenerator: _nothing_async,
    collections.abc.AsyncIterable: _nothing_async,
    collections.abc.AsyncIterator: _nothing_async,
    collections.abc.Generator: _nothing,
    collections.abc.Iterator: _nothing,
}


def empty_value(function: Callable[..., Any]) -> Any:
    """Return a new empty value of the type that the function's return annotation names.

    A type has one where it is a collection that can be built without arguments and is then empty (``list``, ``dict``,
    ``str``, a data frame), an abstract collection or iterator, or None. Of a union, the first member that has one
    counts, ``None`` last. Numbers have none, since a balance of 0 is no absence of a balance; nor have fixed-length
    tuples and typed dictionaries with required keys.

    Raises:
        TypeError: the annotation is missing, can't be read, or names no type with an empty value.
    """
    members = return_types(function)
    for member in sorted(members, key=lambda member: member.origin is None):
        build = _builder(member)
        if build is not None:
            return build()
    name = getattr(function, "__qualname__", repr(type(function).__name__))
    fault = "names no type that has an empty value" if members else "is missing"
    raise TypeError(
        f"FallbackStrategy.RETURN_EMPTY: the return annotation of {name} {fault}; "
        "annotate it with a collection type, or use RETURN_DEFAULT with a default_value"
    )


def _builder(member: ReturnType) -> Callable[[], Any] | None:
    origin = member.origin
    if member.fixed_length or getattr(origin, "__required_keys__", None):
        return None
    if not (origin is None or isinstance(origin, type)):
        return None
    known = _EMPTY_OF_ABSTRACT.get(origin)
    if known is not None or origin is None or inspect.isabstract(origin):
        return known
    return origin if _is_empty_collection(origin) else None


def _is_empty_collection(cls: Any) -> bool:
    if not issubclass(cls, collections.abc.Collection):
        return False
    try:
        return len(cls()) == 0
    except TypeError:  # it takes arguments
        return False
