"""What one member of a mapping says about the items of another: columns of rows, a message of its arguments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rules_frames import is_credential
from recoup_plugins.security_sanitizer.rulings import names_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recoup_plugins.security_sanitizer.rulings import Ruling
    from recoup_plugins.security_sanitizer.structure import Walk

_COLUMNS_NAMES: Final = ("columns", "header", "headers", "names", "fields", "fieldnames", "cols", "keys", "schema")
_MESSAGE_NAMES: Final = ("msg", "message", "template", "format", "fmt", "event")
_OPERATION_NAMES: Final = ("op", "method", "event", "action", "type", "cmd", "command", "request")
_LOGIN = re.compile(r"(?:\A|[./_\-:])(?:auth(?!or)|login|logon|signin|sign_in|unlock_?account)", re.IGNORECASE)
_PLACE = re.compile(r"%(?:\((\w{1,64})\))?[#0\- +]{0,4}\d{0,4}(?:\.\d{1,4})?[sdrifa]|\{(\w{0,64})[^{}]{0,16}\}")
_LONGEST_MESSAGE: Final = 2048
_MOST_ITEMS: Final = 1000
_MOST_PARTS: Final = 64
_SHORTEST: Final = 4
_KEYPAIR: Final = 64
_BYTE: Final = 256
_LEAST_DIFFERENT: Final = 40


def without_told(walk: Walk, items: Any, get: Callable[[str], Any]) -> Any:
    """Return a list or tuple, or a mapping of arguments, without the items that another member makes sensitive.

    Args:
        walk: what sanitizes the payload.
        items: the member in question, as it is in the payload.
        get: gives another member of the same mapping by its name.
    """
    kind = type(items)
    if not may_be_told(items, get):
        return items
    if kind is dict:
        hidden = _spoken_of(walk, items, get)
        return {name: "[SECRET]" if name in hidden else item for name, item in items.items()} if hidden else items
    if not items or len(items) > _MOST_ITEMS:
        return items
    columns = _columns(walk, get)
    if columns:
        return kind(_without_columns(walk, items, columns))
    if _is_login(get):
        return kind(
            walk.placeholder("CREDENTIALS", item) if type(item) is str and is_credential(item) else item
            for item in items
        )
    hidden = _spoken_of(walk, dict(enumerate(items)), get)
    return kind("[SECRET]" if place in hidden else item for place, item in enumerate(items)) if hidden else items


def may_be_told(items: Any, get: Callable[[str], Any]) -> bool:
    """Tell whether another member may make items sensitive; ``without_told`` hands all others back.

    Args:
        items: the member in question.
        get: gives another member of the same mapping by its name.
    """
    kind = type(items)
    if kind is list or kind is tuple:
        return _names_of_columns(get) is not None or _is_login(get) or _message(get) != ""
    return kind is dict and _message(get) != ""


def _is_login(get: Callable[[str], Any]) -> bool:
    return any(type(operation := get(name)) is str and _LOGIN.search(operation[:64]) for name in _OPERATION_NAMES)


def _message(get: Callable[[str], Any]) -> str:
    """Return the message among the members that has places for arguments; nothing where there is none."""
    return next((text for name in _MESSAGE_NAMES if type(text := get(name)) is str and _PLACE.search(text)), "")


def _names_of_columns(get: Callable[[str], Any]) -> list[Any] | None:
    for name in _COLUMNS_NAMES:
        names = get(name)
        if type(names) in (list, tuple) and len(names) <= _MOST_ITEMS:
            return list(names)
    return None


def names_columns(row: Sequence[Any]) -> bool:
    """Tell whether a row holds nothing but names, of which one may be sensitive."""
    return (
        1 < len(row) <= _MOST_PARTS
        and all(type(name) is str and name.isidentifier() for name in row)
        and not all(map(names_nothing, row))
    )


def without_columns(walk: Walk, rows: Any) -> Any:
    """Return rows without the cells of columns that their first row calls secret, as a CSV reader gives them."""
    names = rows[0]
    if len(rows) > _MOST_ITEMS or not names_columns(names):
        return rows
    if not all(type(row) is type(names) and len(row) == len(names) for row in rows):
        return rows
    rulings = {place: walk.rulings[name] for place, name in enumerate(names)}
    columns = {
        place: ruling
        for place, ruling in rulings.items()
        if ruling.verdict is not None and not ruling.verdict.weak and ruling.verdict.level is Level.LOW
    }
    return [names, *_without_columns(walk, rows[1:], columns)] if columns else rows


def is_private_key(items: list[Any]) -> bool:
    """Tell whether a list is a private key: the lines of a PEM file, or an Ed25519 keypair as Solana's tools write it.

    That is 64 bytes as numbers, hardly two alike.
    """
    if len(items) != _KEYPAIR or type(items[0]) is not int:
        return len(items) > 1 and type(items[0]) is str and items[0][:5] == "-----" and "PRIVATE" in items[0]
    return (
        all(type(item) is int and 0 <= item < _BYTE for item in items)
        and len(set(items)) >= _LEAST_DIFFERENT
        and items != sorted(items)
    )


def _columns(walk: Walk, get: Callable[[str], Any]) -> dict[int, Ruling]:
    """Return the rulings on the columns that a mapping names, by their places."""
    columns = [column.get("name") if type(column) is dict else column for column in _names_of_columns(get) or ()]
    rulings = {place: walk.rulings[column] for place, column in enumerate(columns) if type(column) is str}
    return {place: ruling for place, ruling in rulings.items() if ruling.verdict is not None}


def _without_columns(walk: Walk, rows: Sequence[Any], columns: dict[int, Ruling]) -> list[Any]:
    if all(type(row) in (list, tuple) for row in rows):
        return [type(row)(_without_cells(walk, row, columns)) for row in rows]
    return _without_cells(walk, rows, columns)


def _without_cells(walk: Walk, row: Sequence[Any], columns: dict[int, Ruling]) -> list[Any]:
    return [
        walk.hide(columns[place], cell) if place in columns and walk.hides(columns[place], cell) else cell
        for place, cell in enumerate(row)
    ]


def _spoken_of(walk: Walk, arguments: dict[Any, Any], get: Callable[[str], Any]) -> set[Any]:
    """Return the names or places of the arguments that a message makes secret once they stand in it."""
    message = _message(get)
    texts = {
        name: item
        for name, item in arguments.items()
        if type(item) is str and _SHORTEST <= len(item) <= _LONGEST_MESSAGE
    }
    if not message or not texts or len(message) > _LONGEST_MESSAGE:
        return set()
    places = iter(range(_MOST_ITEMS))

    def filled(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        key = int(name) if name and name.isdigit() else name or next(places)
        return texts.get(key, match.group())

    spoken = _PLACE.sub(filled, message)
    clean = walk.text(spoken)
    return {name for name, text in texts.items() if text in spoken and text not in clean}
