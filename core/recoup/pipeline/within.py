"""What a policy stands around, seen through the policies between it and the function."""

from __future__ import annotations

import functools
from types import FunctionType, MethodType
from typing import Any, Final

BEARER: Final = "__recoup_function__"
"""Attribute of whatever stands for a function: the function, or None where that comes with each call."""


def function_within(inner: Any) -> Any:
    """Return the application's function that is called in the end, given what a policy got as ``inner``.

    By it a policy finds the function's annotations, and tells calls of different functions apart.
    """
    while True:
        if isinstance(inner, functools.partial) and _bears(inner.func):
            function = inner.args[0]
        elif isinstance(inner, FunctionType):
            function = inner.__dict__.get(BEARER)
        elif isinstance(inner, MethodType) and hasattr(type(inner.__self__), BEARER):
            function = getattr(inner.__self__, BEARER)
        else:
            function = None
        if function is None:
            return inner
        inner = function


def _bears(function: Any) -> bool:
    # Not hasattr: a proxy says of any name that it has it.
    return isinstance(function, FunctionType) and BEARER in function.__dict__
