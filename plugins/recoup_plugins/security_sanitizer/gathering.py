"""Gathers the texts of a payload before it is walked, so that all of them can be looked at together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.rulings import PLAIN, Ruling, Rulings, is_plain_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST: Final = 1 << 16
_MOST_CHARACTERS: Final = 1 << 20


def texts_in(
    items: Iterable[Any], rulings: Rulings, settled: Mapping[str, Ruling | None], most: int, seen: set[int]
) -> tuple[list[str], list[Any]]:
    """Return names and texts that a walk will sanitize, as they stand in plain dicts, lists and tuples.

    What is not returned is sanitized by itself, so nothing hangs on completeness. No code of the payload is run.

    Args:
        items: the values to look into; texts among them are left out.
        rulings: what members' names say; a text that its name hides is left out.
        settled: names that need no look, with the rulings on them.
        most: texts and containers at most.
        seen: ids of containers that were looked into before; those of the others are added.

    Returns:
        The texts; and what was not looked into: containers seen before, and values of any other class.
    """
    texts: list[str] = []
    odd: list[Any] = []
    pending = _in_items(items, [])
    try:
        for container in pending:
            kind = type(container)  # compared by identity: a hostile metaclass may define equality
            if not (kind is dict or kind is list or kind is tuple) or id(container) in seen:
                odd.append(container)
                continue
            seen.add(id(container))
            if len(texts) + len(pending) + len(container) > most:
                odd.append(container)
                break
            pending += _in_dict(container, rulings, settled, texts) if kind is dict else _in_items(container, texts)
    except RuntimeError:  # another thread changed a dict meanwhile
        odd.append(items)
    return texts, odd


def _in_dict(
    members: dict[Any, Any], rulings: Rulings, settled: Mapping[str, Ruling | None], texts: list[str]
) -> list[Any]:
    """Add the names and texts of a dict to the others, and return what else than numbers is in it."""
    inner = []
    for name, item in members.items():
        ruling: Ruling | None = PLAIN
        if type(name) is str and (ruling := settled.get(name)) is None:
            texts.append(name)
            ruling = rulings[name]
        kind = type(item)
        if kind is str:
            if ruling is PLAIN or ruling is None or is_shown(ruling, item):
                texts.append(item)
        elif not (item is None or kind is int or kind is float or kind is bool):
            inner.append(item)
    return inner


def _in_items(items: Iterable[Any], texts: list[str]) -> list[Any]:
    """Add the texts of a list or tuple to the others, and return what else than numbers is in it."""
    inner = []
    for item in items:
        kind = type(item)
        if kind is str:
            texts.append(item)
        elif not (item is None or kind is int or kind is float or kind is bool):
            inner.append(item)
    return inner


def is_shown(ruling: Ruling, text: str) -> bool:
    """Tell whether the ruling on a text's name leaves it to be looked at."""
    return not ruling.hides(text) and not (ruling.plain_id and is_plain_id(text))


def bounded(texts: Iterable[str]) -> list[str]:
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
