"""What a function says that it returns.

Annotations are read without being evaluated where they are strings: only the outermost type matters here, and the rest
often names what is imported for type checkers alone.
"""

from __future__ import annotations

import ast
import builtins
import collections.abc
import functools
import inspect
import types
import typing
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNKNOWN = object()
"""Stands for a type that can't be found out."""

_MAX_NESTING = 20


@frozen
class ReturnType:
    """The outermost type of an annotation. Immutable.

    Attributes:
        origin: the type without its parameters, None for ``None``, or :data:`UNKNOWN`.
        fixed_length: whether it is a tuple of a fixed length other than zero.
    """

    origin: object
    fixed_length: bool = False


def return_types(function: Callable[..., Any]) -> list[ReturnType]:
    """Return the types that a function's return annotation names: one, or the members of a union in order.

    Partials, bound methods, decorated functions and callable objects are looked through. The list is empty where there
    is no annotation.
    """
    plain = _plain_function(function)
    annotations = getattr(plain, "__annotations__", {})
    if "return" not in annotations:
        return []
    return _outline(annotations["return"], getattr(plain, "__globals__", {}), _MAX_NESTING)


def _plain_function(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    if not (inspect.isroutine(function) or inspect.isclass(function)):
        function = type(function).__call__
    return inspect.unwrap(getattr(function, "__func__", function))


def _outline(annotation: Any, names: Mapping[str, Any], nesting: int) -> list[ReturnType]:
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if nesting == 0 or isinstance(annotation, str):
        return _outline_text(annotation, names, nesting) if nesting else [ReturnType(UNKNOWN)]
    renamed = getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)
    if renamed is not None:
        return _outline(renamed, names, nesting - 1)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return [member for item in arguments for member in _outline(item, names, nesting - 1)]
    if origin is typing.Annotated:
        return _outline(arguments[0], names, nesting - 1)
    absent = annotation is None or annotation is type(None)
    return [ReturnType(None if absent else origin or annotation, _has_fixed_length(origin, arguments))]


def _has_fixed_length(origin: object, arguments: tuple[Any, ...]) -> bool:
    return origin is tuple and bool(arguments) and arguments[-1] is not Ellipsis


def _outline_text(text: str, names: Mapping[str, Any], nesting: int) -> list[ReturnType]:
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [ReturnType(UNKNOWN)]
    return _outline_node(node, names, nesting - 1)


def _outline_node(node: ast.expr, names: Mapping[str, Any], nesting: int) -> list[ReturnType]:
    if nesting == 0:
        return [ReturnType(UNKNOWN)]
    if isinstance(node, ast.Constant):
        known = node.value is None or isinstance(node.value, str)
        return _outline(node.value if known else UNKNOWN, names, nesting - 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_outline_node(node.left, names, nesting - 1), *_outline_node(node.right, names, nesting - 1)]
    if isinstance(node, ast.Subscript):
        return _outline_subscript(node, names, nesting - 1)
    return _outline(_look_up(node, names), names, nesting - 1)


def _outline_subscript(node: ast.Subscript, names: Mapping[str, Any], nesting: int) -> list[ReturnType]:
    parameters = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    generic = _look_up(node.value, names)
    if generic is typing.Optional:
        return [*_outline_node(node.slice, names, nesting), ReturnType(None)]
    if generic is typing.Union:
        return [member for item in parameters for member in _outline_node(item, names, nesting)]
    if generic is typing.Annotated:
        return _outline_node(parameters[0], names, nesting)
    origin = typing.get_origin(generic) or generic
    open_ended = not parameters or (isinstance(parameters[-1], ast.Constant) and parameters[-1].value is Ellipsis)
    return [ReturnType(origin, origin is tuple and not open_ended)]


def _look_up(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """Return what a dotted name stands for, also where only type checkers import it from the standard library."""
    if isinstance(node, ast.Attribute):
        owner = _look_up(node.value, names)
        return UNKNOWN if owner is UNKNOWN else getattr(owner, node.attr, UNKNOWN)
    if not isinstance(node, ast.Name):
        return UNKNOWN
    if node.id in names:
        return names[node.id]
    for module in (builtins, collections.abc, typing):
        if hasattr(module, node.id):
            return getattr(module, node.id)
    return UNKNOWN
