"""Gathers the texts of a payload before it is walked, so that all of them can be looked at together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Container

    from recoup_plugins.security_sanitizer.rulings import Rulings

_LONGEST: Final = 1 << 16
_MOST_CHARACTERS: Final = 1 << 20


def texts_in(payload: Any, rulings: Rulings, ordinary: Container[str], most: int) -> list[str]:
    """Return names and texts that a walk will sanitize, as they stand in plain dicts, lists and tuples.

    What is not returned is sanitized by itself, so nothing hangs on completeness. No code of the payload is run.

    Args:
        payload: any value.
        rulings: what members' names say; a text that its name hides is left out.
        ordinary: names that need no look.
        most: texts and containers at most.
    """
    texts: list[str] = []
    pending = [payload]
    seen: set[int] = set()
    try:
        for container in pending:
            if len(texts) + len(pending) > most:
                break
            if id(container) in seen:
                continue
            seen.add(id(container))
            if type(container) is dict:
                pending += _in_dict(container, rulings, ordinary, texts)
            elif type(container) is list or type(container) is tuple:
                pending += _in_items(container, texts)
    except RuntimeError:  # another thread changed a dict meanwhile
        pass
    return _bounded(texts)


def _in_dict(members: dict[Any, Any], rulings: Rulings, ordinary: Container[str], texts: list[str]) -> list[Any]:
    """Add the names and texts of a dict to the others, and return the containers in it."""
    inner = []
    for name, item in members.items():
        is_shown = True
        if type(name) is str and name not in ordinary:
            texts.append(name)
            is_shown = _is_shown(rulings, name)
        kind = type(item)
        if kind is str:
            if is_shown:
                texts.append(item)
        elif kind is dict or kind is list or kind is tuple:
            inner.append(item)
    return inner


def _in_items(items: list[Any] | tuple[Any, ...], texts: list[str]) -> list[Any]:
    """Add the texts of a list or tuple to the others, and return the containers in it."""
    inner = []
    for item in items:
        kind = type(item)
        if kind is str:
            texts.append(item)
        elif kind is dict or kind is list or kind is tuple:
            inner.append(item)
    return inner


def _is_shown(rulings: Rulings, name: str) -> bool:
    ruling = rulings[name]
    return ruling.verdict is None and not ruling.plain_id


def _bounded(texts: list[str]) -> list[str]:
    """Return the texts up to a sum of characters, without those that are long enough for a look of their own."""
    left = _MOST_CHARACTERS
    bounded = []
    for text in texts:
        if len(text) <= _LONGEST:
            left -= len(text)
            if left < 0:
                break
            bounded.append(text)
    return bounded
