"""Copies of objects with parts: exceptions, instances with fields, and whatever describes itself."""

from __future__ import annotations

import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.exceptions import exception_members, without_parameters
from recoup_plugins.security_sanitizer.mappings import copy_members
from recoup_plugins.security_sanitizer.objects import described, fields_of, own_attributes, trace_text, type_name
from recoup_plugins.security_sanitizer.shapes import Shape, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.security_sanitizer.structure import Walk

_MOST_FRAMES: Final = 500
_SHORTEST_OWN: Final = 4


def parts_of(walk: Walk, value: Any) -> dict[str, object]:
    """Return what an object with parts holds, by name, as it is."""
    return _PARTS[shape_of(type(value))](walk, value)


def copy_parts(walk: Walk, value: Any, depth: int) -> dict[Any, Any]:
    """Return an object with parts as a mapping of these."""
    found = parts_of(walk, value)
    return copy_members(walk, found.items(), found.get, len(found), depth)


def _of_exception(walk: Walk, value: BaseException) -> dict[str, object]:
    """Return what an exception says and holds, without the parameters of a statement."""
    found = exception_members(value)
    for parameter in without_parameters(found, partial(_is_sensitive, walk)):
        if type(parameter) is str:
            walk.echoes.add(parameter, "[SECRET]")
    found["message"] = _without_own_secrets(walk, value, str(found["message"]))
    return found


def _is_sensitive(walk: Walk, name: str) -> bool:
    verdict = walk.rulings[name].verdict
    return verdict is not None and not verdict.weak


def copy_opaque(walk: Walk, value: Any, _: int) -> str:
    """Return an object's own description, sanitized."""
    return walk.text(_without_own_secrets(walk, value, described(value)))


def _without_own_secrets(walk: Walk, value: Any, text: str) -> str:
    """Return an object's description without what its attributes with a sensitive name hold."""
    for name, item in own_attributes(value):
        if type(item) is str and len(item) >= _SHORTEST_OWN and item in text:
            ruling = walk.rulings[name]
            if ruling.verdict is not None and not ruling.verdict.weak and walk.hides(ruling, item):
                text = text.replace(item, walk.hide(ruling, item))
    return text


def copy_namespace(walk: Walk, value: Any, depth: int) -> Any:
    """Return a namespace with sanitized members."""
    found = dict(own_attributes(value))
    copied = copy_members(walk, found.items(), found.get, len(found), depth)
    if type(value).__module__ != "types":
        return {"type": type_name(value)} | copied
    made = type(value)()
    made.__dict__.update(copied)
    return made


def _of_partial(_: Walk, value: Any) -> dict[str, object]:
    """Return the function and the arguments of a partial call."""
    return {
        "type": type_name(value),
        "func": value.func,
        "args": partial.args.__get__(value),
        "keywords": partial.keywords.__get__(value),
    }


def _of_fields(_: Walk, value: Any) -> dict[str, object]:
    return fields_of(value)


_PARTS: Final[dict[Shape, Callable[[Walk, Any], dict[str, object]]]] = {
    Shape.EXCEPTION: _of_exception,
    Shape.FIELDS: _of_fields,
    Shape.PARTIAL: _of_partial,
}

HAVE_PARTS: Final = frozenset(_PARTS)
"""Shapes of objects that are shown as mappings of their parts."""


def copy_traceback(walk: Walk, value: Any, _: int) -> str:
    """Return a traceback as its lines, the innermost 500 frames."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(value), limit=-_MOST_FRAMES, lookup_lines=False)
    return walk.trace(trace_text(frames))


def copy_stack(walk: Walk, value: Any, _: int) -> str:
    """Return a captured stack or exception as its lines."""
    return walk.trace(trace_text(value))
