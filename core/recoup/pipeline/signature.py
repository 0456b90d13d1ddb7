"""A function's parameters as source, so that a compiled pipeline passes arguments on without packing them.

Packing into ``*args, **kwargs`` and unpacking again costs more than all policies of a healthy call.
"""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PREFIX: Final = "_r_"
"""What begins every name of a compiled pipeline that is not a parameter."""

BUILTINS: Final = frozenset({"BaseException", "Exception", "hasattr"})
"""All that a compiled pipeline takes from Python itself, which a parameter of that name would hide."""


@frozen
class Signature:
    """Parameters, and the three ways to pass them on, as source. Immutable.

    Attributes:
        parameters: as in a ``def``.
        forward: the arguments of a call.
        positional: an expression for the positional arguments as a tuple.
        named: an expression for the keyword arguments as a dictionary.
        defaults: of the positional parameters.
        named_defaults: of the keyword-only parameters.
    """

    parameters: str
    forward: str
    positional: str
    named: str
    defaults: tuple[Any, ...] | None = None
    named_defaults: dict[str, Any] | None = None


_STARS: Final[dict[Any, str]] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
GENERIC: Final = Signature(
    f"*{PREFIX}args, **{PREFIX}kwargs",
    f"*{PREFIX}args, **{PREFIX}kwargs",
    f"{PREFIX}args",
    f"{PREFIX}kwargs",
)


def signature_of(function: Callable[..., Any]) -> Signature:
    """Return a Python function's own signature, or one that takes anything where it has none that can be read."""
    if not isinstance(function, FunctionType) or hasattr(function, "__signature__"):  # which need not be its own
        return GENERIC
    parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    if any(parameter.name.startswith(PREFIX) or parameter.name in BUILTINS for parameter in parameters):
        return GENERIC
    positional = [_positional(parameter) for parameter in parameters if _is_positional(parameter)]
    named = [_named(parameter) for parameter in parameters if not _is_positional(parameter)]
    return Signature(
        ", ".join(_declared(parameters)),
        ", ".join(positional + [f"{name}={name}" if name == key else key for key, name in named]),
        f"({''.join(f'{item}, ' for item in positional)})",
        f"{{{', '.join(f'{key!r}: {name}' if name == key else key for key, name in named)}}}",
        function.__defaults__,
        function.__kwdefaults__,
    )


def _is_positional(parameter: inspect.Parameter) -> bool:
    return parameter.kind not in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)


def _positional(parameter: inspect.Parameter) -> str:
    return f"*{parameter.name}" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else parameter.name


def _named(parameter: inspect.Parameter) -> tuple[str, str]:
    name = parameter.name
    return (f"**{name}", name) if parameter.kind is inspect.Parameter.VAR_KEYWORD else (name, name)


def _declared(parameters: Iterable[inspect.Parameter]) -> Iterable[str]:
    """Write parameters as in a ``def``; what stands for a default is replaced by the real ones afterwards."""
    last: Any = None
    has_star = False
    for parameter in parameters:
        kind = parameter.kind
        if last is inspect.Parameter.POSITIONAL_ONLY and kind is not last:
            yield "/"
        if kind is inspect.Parameter.KEYWORD_ONLY and not has_star:
            has_star = True
            yield "*"
        has_star = has_star or kind is inspect.Parameter.VAR_POSITIONAL
        default = "" if parameter.default is inspect.Parameter.empty else "=None"
        yield f"{_STARS.get(kind, '')}{parameter.name}{default}"
        last = kind
    if last is inspect.Parameter.POSITIONAL_ONLY:
        yield "/"
