"""Copies of what has named members: dicts and other mappings, named tuples, and the members of objects."""

from __future__ import annotations

from collections import ChainMap, OrderedDict
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.apart import without_told
from recoup_plugins.security_sanitizer.neighbours import is_fix_password
from recoup_plugins.security_sanitizer.objects import MOST_BITS, exact_text
from recoup_plugins.security_sanitizer.order_frames import is_order
from recoup_plugins.security_sanitizer.remake import mapping_like
from recoup_plugins.security_sanitizer.rulings import PLAIN, Ruling, is_plain_id
from recoup_plugins.security_sanitizer.seed_phrases import SHORTEST_PHRASE, is_phrase
from recoup_plugins.security_sanitizer.sequences import copy_items, hashable, length
from recoup_plugins.security_sanitizer.shapes import record_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from recoup_plugins.security_sanitizer.structure import Walk

_NET_LOCATION: Final = "netloc"
_FIX_TYPES: Final[tuple[Any, ...]] = ("35", 35, b"35")
"""The tag of a FIX message's type, which every one has."""


def copy_dict(walk: Walk, value: dict[Any, Any], depth: int) -> Any:
    """Return a dict's copy, of the class of a subclass that adds nothing."""
    plain = type(value) is dict
    items = OrderedDict.items if not plain and issubclass(type(value), OrderedDict) else dict.items
    get: Callable[[str], Any] = value.get if plain else partial(dict.get, value)
    try:
        copied = copy_members(walk, items(value), get, dict.__len__(value), depth)  # type: ignore[arg-type]  # as checked
    except RecursionError:
        raise
    except RuntimeError:  # another thread changed it meanwhile; a list of the items is made in one step
        held = list(islice(dict.items(value), walk.allowance.items + 1))
        copied = copy_members(walk, held, get, dict.__len__(value), depth)
    return copied if plain else mapping_like(value, copied)


def copy_mapping(walk: Walk, value: Any, depth: int) -> Any:
    """Return the copy of a mapping that is no dict."""
    if type(value) is ChainMap:
        maps = [walk.value(part, depth) for part in value.maps]
        if all(issubclass(type(part), dict) for part in maps):
            return ChainMap(*maps)
    held = list(islice(value.items(), walk.allowance.items + 1))
    named = {exact_text(key): item for key, item in held if issubclass(type(key), str)}
    copied = copy_members(walk, held, named.get, length(value, len(held)), depth)
    return mapping_like(value, copied)


def copy_members(
    walk: Walk, pairs: Iterable[tuple[Any, Any]], get: Callable[[str], Any], size: int, depth: int
) -> dict[Any, Any]:
    """Return named members, each as its name allows.

    Args:
        walk: what sanitizes the payload.
        pairs: names and values; read one by one.
        get: gives a member by its name.
        size: how many there are.
        depth: levels of nesting so far.
    """
    copied: dict[Any, Any] = {}
    allowance, settled, same, harmless = walk.allowance, walk.settled, walk.same, walk.harmless
    stays, texts_shown, found = walk.stays, walk.echoes.shown, walk.echoes.found
    texts: list[str] = []
    for key, item in pairs:
        if allowance.items <= 0:
            copied[free_name("[CUT]", copied)] = f"{max(size - len(copied), 1)} more items"
            break
        allowance.items -= 1
        ruling = settled.get(key) if type(key) is str else None
        if ruling is not None and not ruling.leans and len(key) <= allowance.characters:
            kind = type(item)
            if ruling is not PLAIN:
                result = _ruled(walk, ruling, item, depth)
            elif item is None or kind is bool or kind is harmless:
                result = item
            elif kind is str and (item in same or stays(item)) and not found and len(item) <= allowance.characters:
                allowance.characters -= len(item)
                texts_shown.append(item)
                result = item
            else:
                result = walk.value(item, depth)
            allowance.characters -= len(key)
            texts_shown.append(key)
            shown = key
        else:
            shown, result = member(walk, key, item, get, depth)
        if shown in copied:
            shown = free_name(shown, copied)
        copied[shown] = result
        if type(item) is str and type(result) is str:
            texts.append(item)
    if len(texts) > 1:
        _hide_parts(walk, copied, texts)
    return copied


def member(walk: Walk, key: Any, item: Any, get: Callable[[str], Any], depth: int) -> tuple[Any, Any]:
    """Return a member's name and value, sanitized."""
    neighbours = walk.neighbours
    if is_fix_password(key, item) and any(get(tag) is not None for tag in _FIX_TYPES):
        return key, walk.hide(walk.rulings["password"], item)
    ruling = by_name = walk.rulings[key] if type(key) is str else neighbours.keyed(key)
    if ruling.told:
        ruling = neighbours.told(get) or ruling
    if ruling.framed is not None and is_order(get):
        ruling = ruling.framed
    if ruling.apart:
        item = without_told(walk, item, get)
    result = _ruled(walk, ruling, item, depth)
    if type(key) is not str:
        return _key(walk, key, depth), result
    if type(item) is str and (upturned := neighbours.upturned(key, item)) is not PLAIN:
        return walk.hide(upturned, key), result
    shown = walk.text(key)
    if shown == key:
        walk.settle(key, by_name)
    return shown, result


def _ruled(walk: Walk, ruling: Ruling, item: Any, depth: int) -> Any:
    """Return an item as the ruling on its name allows."""
    if walk.hides(ruling, item):
        return walk.hide(ruling, item)
    if ruling.plain_id and is_plain_id(item) and not _is_registered(walk, item):
        return item if type(item) is str or item.bit_length() <= MOST_BITS else walk.number(item)
    if ruling.trace and type(item) is str:
        return walk.trace(item)
    return walk.value(item, depth)


def _is_registered(walk: Walk, item: str | int) -> bool:
    if isinstance(item, int):
        return walk.registered.may_be_among((item,))
    return bool(walk.registered.spans(item))


def _key(walk: Walk, key: Any, depth: int) -> Any:
    return key if key is None or type(key) in (bool, float) else hashable(walk.value(key, depth))


def _hide_parts(walk: Walk, copied: dict[Any, Any], texts: list[str]) -> None:
    """Hide the members whose texts are the words of a seed phrase, or parts of one registered value."""
    if len(texts) >= SHORTEST_PHRASE and is_phrase(texts):
        copied |= {name: "[SEED_PHRASE]" for name, shown in copied.items() if type(shown) is str}
    if not walk.registered:
        return
    parts = {texts[place] for place in walk.registered.split_over(texts)}
    if parts:
        for name, shown in copied.items():
            if type(shown) is str and shown in parts:
                copied[name] = "[SECRET]"


def copy_record(walk: Walk, value: Any, depth: int) -> Any:
    """Return a named tuple's copy, of its own class; user and password of a split URL are hidden."""
    names = record_names(type(value)) or ()
    held = list(tuple.__iter__(value))
    if len(names) != len(held):
        return tuple(copy_items(walk, held, len(held), depth))
    walk.allowance.items -= len(held)
    copied = [_ruled(walk, walk.rulings[name], item, depth) for name, item in zip(names, held, strict=True)]
    if _NET_LOCATION in names:
        place = names.index(_NET_LOCATION)
        user, at, host = str(copied[place]).rpartition("@")
        if at and user:
            copied[place] = f"[CREDENTIALS]@{host}"
    return tuple.__new__(type(value), copied)


def free_name(name: Any, taken: dict[Any, Any]) -> Any:
    """Return a name that is not taken yet: the name itself, or its text with a number."""
    free, number = name, len(taken)
    while free in taken:
        free = f"{name}#{number}"
        number += 1
    return free
