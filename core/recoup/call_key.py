"""What tells calls apart whose results are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping


def call_key(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Hashable:
    """Return the key of a call: its function by identity, its arguments by value and type, keywords in any order.

    Bound methods are told apart by their object, so that two accounts never share a result. Whether the arguments can
    be hashed shows where the key is used.
    """
    if not kwargs:
        if not args:
            return (function,)
        if len(args) == 1:
            return function, args[0], type(args[0])
        return function, args, tuple(map(type, args)), ()
    named = tuple(sorted(kwargs.items()))
    return function, args, tuple(map(type, args)), named, tuple(type(value) for _, value in named)
