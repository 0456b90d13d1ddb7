"""Cleans a line of JSON so that it stays one: numbers keep their spelling, members their order, text its line feeds."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTAINERS: Final = (("{", "}"), ("[", "]"))


def clean_json(line: str, sanitize: Callable[[Any], Any]) -> str | None:
    """Return the cleaned line, the line itself where nothing was found, or None where it is no JSON to rely on.

    Args:
        line: without its line end.
        sanitize: what makes a sanitized copy of a payload.
    """
    if (line[:1], line[-1:]) not in _CONTAINERS:
        return None
    try:
        value = json.loads(
            line, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicates
        )
        clean = _with_line_feeds(value, sanitize(value))
        return line if clean == value else _dump(clean, _Style(line))
    except (ValueError, ArithmeticError, RecursionError):
        return None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice; all but the last value would be lost")
    return members


def _with_line_feeds(value: Any, clean: Any) -> Any:
    r"""Return the clean copy with line feeds where the value had them: in JSON, ``\n`` forges no line."""
    if isinstance(value, str) and isinstance(clean, str):
        return clean.replace("\\n", "\n") if "\n" in value and "\\n" not in value else clean
    if isinstance(value, list) and isinstance(clean, list) and len(value) == len(clean):
        return [_with_line_feeds(item, copied) for item, copied in zip(value, clean, strict=True)]
    if isinstance(value, dict) and isinstance(clean, dict) and len(value) == len(clean):
        pairs = zip(value.values(), clean.items(), strict=True)
        return {name: _with_line_feeds(item, copied) for item, (name, copied) in pairs}
    return clean


class _Style:
    """How a line was written. Immutable, hence thread-safe and task-safe."""

    __slots__ = ("ascii", "colon", "comma")

    def __init__(self, line: str) -> None:
        self.ascii = line.isascii()
        self.colon = ": " if '": ' in line else ":"
        self.comma = ", " if ', "' in line or ", {" in line or (", " in line and '": ' in line) else ","


def _dump(value: Any, style: _Style) -> str:
    """Write a value, decimal numbers as they were read."""
    if isinstance(value, dict):
        members = (
            f"{json.dumps(str(name), ensure_ascii=style.ascii)}{style.colon}{_dump(item, style)}"
            for name, item in value.items()
        )
        return "{" + style.comma.join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + style.comma.join(_dump(item, style) for item in value) + "]"
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=style.ascii)
