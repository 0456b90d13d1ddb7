"""Copies of objects with parts: exceptions, instances with fields, and whatever describes itself."""

from __future__ import annotations

import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.exceptions import exception_members, without_parameters
from recoup_plugins.security_sanitizer.mappings import copy_members
from recoup_plugins.security_sanitizer.objects import described, fields_of, own_attributes, trace_text, type_name

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.structure import Walk

_MOST_FRAMES: Final = 500
_SHORTEST_OWN: Final = 4


def copy_exception(walk: Walk, value: BaseException, depth: int) -> dict[Any, Any]:
    """Return an exception as a mapping of what it says and holds."""
    found = exception_members(value)
    for parameter in without_parameters(found, partial(_is_sensitive, walk)):
        if type(parameter) is str:
            walk.echoes.add(parameter, "[SECRET]")
    found["message"] = _without_own_secrets(walk, value, str(found["message"]))
    return copy_members(walk, found.items(), found.get, len(found), depth)


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


def copy_fields(walk: Walk, value: Any, depth: int) -> dict[Any, Any]:
    """Return an attrs or dataclass instance as a mapping of its fields."""
    found = fields_of(value)
    return copy_members(walk, found.items(), found.get, len(found), depth)


def copy_namespace(walk: Walk, value: Any, depth: int) -> Any:
    """Return a namespace with sanitized members."""
    found = dict(own_attributes(value))
    copied = copy_members(walk, found.items(), found.get, len(found), depth)
    if type(value).__module__ != "types":
        return {"type": type_name(value)} | copied
    made = type(value)()
    made.__dict__.update(copied)
    return made


def copy_partial(walk: Walk, value: Any, depth: int) -> dict[Any, Any]:
    """Return a partial call as a mapping of its function and arguments."""
    found = {
        "type": type_name(value),
        "func": value.func,
        "args": partial.args.__get__(value),
        "keywords": partial.keywords.__get__(value),
    }
    return copy_members(walk, found.items(), found.get, len(found), depth)


def copy_traceback(walk: Walk, value: Any, _: int) -> str:
    """Return a traceback as its lines, the innermost 500 frames."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(value), limit=-_MOST_FRAMES, lookup_lines=False)
    return walk.trace(trace_text(frames))


def copy_stack(walk: Walk, value: Any, _: int) -> str:
    """Return a captured stack or exception as its lines."""
    return walk.trace(trace_text(value))
