"""Copies of what has items without names: lists, tuples, queues, sets."""

from __future__ import annotations

from collections import UserList, deque
from itertools import islice
from operator import is_
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.apart import is_private_key, names_columns, without_columns
from recoup_plugins.security_sanitizer.remake import sequence_like, set_like
from recoup_plugins.security_sanitizer.rulings import PLAIN, names_nothing
from recoup_plugins.security_sanitizer.seed_phrases import SHORTEST_PHRASE, is_numbered_phrase, is_phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.security_sanitizer.neighbours import Neighbours
    from recoup_plugins.security_sanitizer.structure import Walk

_PAIR: Final = 2
_LONGEST_PHRASE: Final = 1024
_NAMELESS: Final = (dict, list, float, bool, type(None))
"""Classes of values that name nothing."""


def copy_sequence(walk: Walk, value: Any, depth: int) -> Any:
    """Return the copy of any sequence, of the class of a subclass that adds nothing."""
    if issubclass(type(value), deque):
        held = list(islice(deque.__iter__(value), walk.allowance.items + 1))
        return sequence_like(value, copy_items(walk, held, deque.__len__(value), depth))
    if "n_sequence_fields" in vars(type(value)):  # such as time.struct_time
        copied = copy_items(walk, _Exact(tuple, value), tuple.__len__(value), depth)
        return value if all(map(is_, copied, tuple.__iter__(value))) else tuple(copied)
    for base in (list, tuple):
        if issubclass(type(value), base):
            return sequence_like(value, copy_items(walk, _Exact(base, value), base.__len__(value), depth))
    if type(value) is UserList:
        return sequence_like(value, copy_items(walk, value.data, len(value.data), depth))
    held = list(islice(iter(value), walk.allowance.items + 1))
    return copy_items(walk, held, length(value, len(held)), depth)


def may_speak(items: list[Any] | tuple[Any, ...], neighbours: Neighbours) -> bool:
    """Tell whether the items of a list or tuple may say of each other what they are; but for a text before a text.

    Where this is False, ``copy_items`` looks at each item by itself or by the text right before it.
    """
    if len(items) < _PAIR:
        return False
    first, second = type(items[0]), type(items[1])
    if len(items) == _PAIR and not (first in _NAMELESS or (first is int is second)):
        return not (first is str is second and names_nothing(items[0]) and names_nothing(items[1])) and _is_named(
            items, neighbours
        )
    if type(items) is list and is_private_key(items):
        return True
    if len(items) >= SHORTEST_PHRASE and (first is str or first is dict or first is list or first is tuple):
        held = list(items[:_LONGEST_PHRASE])
        if is_phrase(held) or is_numbered_phrase(held):
            return True
    return (
        (first is list or first is tuple)
        and names_columns(items[0])
        and any(neighbours.named(name).verdict is not None for name in items[0])
    )


def _is_named(pair: list[Any] | tuple[Any, ...], neighbours: Neighbours) -> bool:
    """Tell whether one of two may be the name of the other."""
    first, second = pair
    if neighbours.pair(first, second).verdict is not None:
        return True
    return type(first) is str and type(second) is str and neighbours.upturned(first, second) is not PLAIN


def copy_items(  # noqa: C901, PLR0912 - one sort of list a branch
    walk: Walk, value: Any, size: int, depth: int
) -> list[Any]:
    """Return sanitized items, of which one may tell what the next one is."""
    neighbours = walk.neighbours
    if size > 1 and type(value) is list and type(value[0]) in (list, tuple):
        value = without_columns(walk, value)
    if size == _PAIR:
        first, second = value
        if (found := neighbours.pair(first, second)) is not PLAIN and walk.hides(found, second):
            return [walk.value(first, depth), walk.hide(found, second)]
        if type(first) is str and type(second) is str and neighbours.upturned(first, second) is not PLAIN:
            return [walk.hide(neighbours.upturned(first, second), first), walk.text(second)]
    elif size >= SHORTEST_PHRASE and (
        is_phrase(held := list(islice(iter(value), _LONGEST_PHRASE))) or is_numbered_phrase(held)
    ):
        return ["[SEED_PHRASE]"]
    elif type(value) is list and is_private_key(value):
        return ["[PRIVATE_KEY]"]
    copied: list[Any] = []
    allowance, same, harmless = walk.allowance, walk.same, walk.harmless
    stays, texts_shown, echoed = walk.stays, walk.echoes.shown, walk.echoes.found
    before: Any = None
    texts = 0
    for item in value:
        if allowance.items <= 0:
            copied.append(f"[CUT {max(size - len(copied), 1)} items]")
            break
        allowance.items -= 1
        kind = type(item)
        if type(before) is str and (before[:1] == "-" or (kind is str and " " not in item)):
            ruling = neighbours.announced(before, item)
            if walk.hides(ruling, item):
                copied.append(walk.hide(ruling, item))
                before = None
                continue
        before = item
        texts += kind is str
        if kind is str and (item in same or stays(item)) and not echoed and len(item) <= allowance.characters:
            allowance.characters -= len(item)
            texts_shown.append(item)
            copied.append(item)
        else:
            copied.append(item if kind is harmless else walk.value(item, depth))
    if walk.registered and copied:
        return _without_split_values(walk, value, copied, texts)
    return copied


def _without_split_values(walk: Walk, value: Any, copied: list[Any], texts: int) -> list[Any]:
    """Hide items that together are one registered value: parts of its text, or its bytes as numbers."""
    held = list(islice(iter(value), len(copied)))
    if texts > 1:
        places = [place for place, item in enumerate(held) if type(item) is str and type(copied[place]) is str]
        for part in walk.registered.split_over([held[place] for place in places]):
            copied[places[part]] = "[SECRET]"
    elif not texts and all(type(item) is int and 0 <= item < 256 for item in held):  # noqa: PLR2004 - a byte
        raw = bytes(held)
        if walk.registered.spans(raw.decode("latin-1")):
            return ["[SECRET]"]
    return copied


def copy_set(walk: Walk, value: Any, depth: int) -> Any:
    """Return the copy of a set, of the class of a subclass that adds nothing."""
    cls = type(value)
    base = set if issubclass(cls, set) else frozenset if issubclass(cls, frozenset) else None
    most = walk.allowance.items + 1
    held = list(islice(iter(value) if base is None else base.__iter__(value), most))
    size = length(value, len(held)) if base is None else base.__len__(value)
    if len(held) == _PAIR:
        copied = [_beside(walk, held[1], held[0], depth), _beside(walk, held[0], held[1], depth)]
    else:
        copied = copy_items(walk, held, size, depth)
    return set_like(value, [hashable(item) for item in copied])


def _beside(walk: Walk, name: Any, item: Any, depth: int) -> Any:
    """Return the copy of a member of a set of two, of which the other may be its name."""
    ruling = walk.neighbours.named(name)
    return walk.hide(ruling, item) if walk.hides(ruling, item) else walk.value(item, depth)


class _Exact:
    """The items of a list or tuple, whatever its subclass says they are."""

    __slots__ = ("_base", "_value")

    def __init__(self, base: type[Any], value: Any) -> None:
        self._base = base
        self._value = value

    def __iter__(self) -> Iterator[Any]:
        iterator: Iterator[Any] = self._base.__iter__(self._value)
        return iterator


def length(value: Any, at_least: int) -> int:
    """Return what a container says its length is, or how many of its items are known where it says nothing useful."""
    try:
        return max(len(value), at_least)
    except Exception:  # noqa: BLE001 - a container's own class may raise anything
        return at_least


def hashable(item: Any) -> Any:
    """Return an item that fits into a set or names a member; what does not becomes its text."""
    try:
        hash(item)
    except Exception:  # noqa: BLE001 - an item's own class may raise anything
        return str(item)
    return item
