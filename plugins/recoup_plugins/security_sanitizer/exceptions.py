"""Turns an exception into a mapping: what it says, what it holds, and the exceptions behind it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.objects import guarded, own_attributes, type_name

if TYPE_CHECKING:
    from collections.abc import Callable

_OF_BASE: Final = vars(BaseException)  # a subclass may define any of these anew
_OF_GROUP: Final = vars(BaseExceptionGroup)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,63}")
_MOST_NAMES: Final = 500
_LONGEST_STATEMENT: Final = 20_000
_PARAMETERS: Final = "[parameters: "
_END_OF_PARAMETERS: Final = "]\n(Background on"


def _of(error: BaseException, name: str) -> Any:
    return _OF_BASE[name].__get__(error)


def exception_members(error: BaseException) -> dict[str, object]:
    """Return an exception as a mapping: type, message, args, notes, attributes, cause, context and grouped exceptions.

    What is empty is left out. The context is left out where the raiser suppressed it. Nothing is called but the
    exception's ``__str__``.
    """
    found: dict[str, object] = {"type": type_name(error), "message": guarded(partial(str, error), error)}
    args = _of(error, "args")
    if args and not (len(args) == 1 and type(args[0]) is str and args[0] == found["message"]):
        found["args"] = args
    attributes = dict(own_attributes(error))
    if notes := attributes.pop("__notes__", None):
        found["notes"] = notes
    if attributes:
        found["attributes"] = attributes
    if issubclass(type(error), BaseExceptionGroup):
        found["exceptions"] = list(_OF_GROUP["exceptions"].__get__(error))
        found.pop("args", None)
    if (cause := _of(error, "__cause__")) is not None:
        found["cause"] = cause
    if (context := _of(error, "__context__")) is not None and not _of(error, "__suppress_context__"):
        found["context"] = context
    return found


def without_parameters(found: dict[str, Any], is_sensitive: Callable[[str], bool]) -> list[object]:
    """Take the parameters out of a database error whose statement names something sensitive; return them.

    Drivers and SQLAlchemy keep ``statement`` and ``params`` beside each other; a positional parameter has no name, so
    that what it means cannot be told.
    """
    attributes = found.get("attributes")
    statement = attributes.get("statement") if attributes else None
    if type(statement) is not str or attributes is None or not attributes.get("params"):
        return []
    names = _NAME.findall(statement[:_LONGEST_STATEMENT])[:_MOST_NAMES]
    if len(statement) <= _LONGEST_STATEMENT and not any(map(is_sensitive, names)):
        return []
    taken = list(_leaves(attributes["params"], 3))
    found["attributes"] = attributes | {"params": "[PARAMETERS]"}
    message = found["message"]
    start = message.find(_PARAMETERS)
    if start >= 0:
        end = message.find(_END_OF_PARAMETERS, start)
        found["message"] = f"{message[:start]}[PARAMETERS]{message[end + 1 :] if end >= 0 else ''}"
    return taken


def _leaves(value: object, depth: int) -> list[object]:
    if depth and type(value) is dict:
        return [leaf for item in list(value.values())[:_MOST_NAMES] for leaf in _leaves(item, depth - 1)]
    if depth and type(value) in (list, tuple):
        return [leaf for item in list(value)[:_MOST_NAMES] for leaf in _leaves(item, depth - 1)]  # type: ignore[call-overload]  # one of the two
    return [value]
