"""Walks a payload of any shape, once, within bounds, and builds its sanitized copy."""

from __future__ import annotations

import time
from collections import ChainMap, OrderedDict, UserList, deque
from functools import partial
from itertools import islice
from operator import is_
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer import leaves, object_copies
from recoup_plugins.security_sanitizer.allowance import Allowance
from recoup_plugins.security_sanitizer.echoes import Echoes
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.neighbours import Neighbours
from recoup_plugins.security_sanitizer.objects import exact_text, type_name
from recoup_plugins.security_sanitizer.remake import mapping_like, sequence_like, set_like
from recoup_plugins.security_sanitizer.rules_personal import is_card
from recoup_plugins.security_sanitizer.rulings import PLAIN, Ruling, Rulings, is_plain_id
from recoup_plugins.security_sanitizer.seed_phrases import SHORTEST_PHRASE, is_phrase
from recoup_plugins.security_sanitizer.shapes import Shape, record_names, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from recoup_plugins.security_sanitizer.config import SanitizerConfig
    from recoup_plugins.security_sanitizer.registered import RegisteredValues
    from recoup_plugins.security_sanitizer.text import TextSanitizer

_PAIR: Final = 2
_SHORTEST_CARD: Final = 10**12
_LONGEST_CARD: Final = 10**19
_MOST_BITS: Final = 4096
_LONGEST_PHRASE: Final = 1024
_NET_LOCATION: Final = "netloc"


class Walk:
    """One pass over one payload. Not thread-safe: each call of the sanitizer makes its own.

    All text of a payload, keys among it, goes through ``text``, ``trace`` and ``_octets``.
    """

    __slots__ = (
        "_active", "_bounds", "_clock", "_done", "_known", "_neighbours", "_text", "allowance", "echoes", "level",
        "registered", "rulings",
    )  # fmt: skip

    def __init__(
        self,
        text: TextSanitizer,
        rulings: Rulings,
        registered: RegisteredValues,
        bounds: SanitizerConfig,
        level: Level,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._text = text
        self._known = text.remembered(level)
        self.rulings = rulings
        self.registered = registered
        self._bounds = bounds
        self.level = level
        self._clock = clock
        self._neighbours = Neighbours(rulings)
        self.echoes = Echoes()
        self._begin()

    def _begin(self) -> None:
        self.allowance = Allowance(self._bounds, self._clock)
        self._active: set[int] = set()
        self._done: dict[int, tuple[object, object, int, int]] = {}

    def payload(self, value: Any) -> Any:
        """Return the sanitized copy of a payload; what one part hides by its name is hidden in every other part too."""
        result = self.value(value)
        if self.echoes.heard():
            self._begin()
            result = self.value(value)
        return result

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return the sanitized copy of one value."""
        cls = type(value)
        if cls is str:
            return self.text(value)
        if value is None or cls is bool:
            return value
        if cls is int or cls is float:
            return self.number(value)
        return self._composite(value, depth)

    def text(self, value: str) -> str:
        """Return sanitized text, cut where the payload's allowance of characters ends."""
        allowance = self.allowance
        size = len(value)
        if size > allowance.characters:
            return allowance.cut(value, self._clean)
        allowance.characters -= size
        echoes = self.echoes
        if echoes.found:
            return self._clean(value)
        known = self._known.get(value)
        shown = known if known is not None else self._text.clean(value, self.level)
        echoes.shown.append(shown)
        return shown

    def trace(self, value: str) -> str:
        """Return sanitized text that keeps its lines, cut like any other."""
        if len(value) > self.allowance.characters:
            return self.allowance.cut(value, self.clean_trace)
        self.allowance.characters -= len(value)
        return self.clean_trace(value)

    def _clean(self, value: str) -> str:
        shown = self._text.clean(self.echoes.hide(value), self.level)
        self.echoes.shown.append(shown)
        return shown

    def clean_trace(self, value: str) -> str:
        """Return sanitized text that keeps its lines, whatever is left of the allowance."""
        shown = self._text.clean_trace(self.echoes.hide(value), self.level)
        self.echoes.shown.append(shown)
        return shown

    def number(self, value: Any) -> Any:
        """Return an int or float, unless it is a card number, registered, or too long to print."""
        if type(value) is int:
            if value.bit_length() > _MOST_BITS:
                return f"[CUT int of {value.bit_length()} bits]"
            if self.level >= Level.MEDIUM and _SHORTEST_CARD <= value < _LONGEST_CARD and is_card(str(value)):
                return self._text.clean(str(value), self.level)
        if self.registered and self.registered.is_number(str(value)):
            return "[SECRET]"
        return value

    def _composite(self, value: Any, depth: int) -> Any:
        known = self._done.get(id(value))
        allowance = self.allowance
        if known is not None:
            return known[1] if allowance.take(known[2], known[3]) else f"[CUT {type_name(value)} shown before]"
        if id(value) in self._active:
            return "[CYCLE]"
        if depth >= self._bounds.max_depth:
            return f"[CUT {type_name(value)} below {depth} levels]"
        if allowance.is_late():
            return f"[CUT {type_name(value)}: out of time]"
        left = (allowance.items, allowance.characters)
        self._active.add(id(value))
        try:
            cls = type(value)
            if cls is dict:
                result: Any = self._dict(value, depth + 1)
            elif cls is list:
                result = self._sequence(value, len(value), depth + 1)
            else:
                result = _COPIERS[shape_of(cls)](self, value, depth + 1)
        except RecursionError:
            result = f"[CUT {type_name(value)}: nested too deeply]"
        except Exception as error:  # noqa: BLE001 - a payload's own class may raise anything while it is read
            result = f"[UNREADABLE {type_name(value)}: {type_name(error)}]"
        finally:
            self._active.discard(id(value))
        self._done[id(value)] = (value, result, *allowance.spent_since(*left))
        return result

    # Mappings

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        items = OrderedDict.items if issubclass(type(value), OrderedDict) else dict.items
        get = partial(dict.get, value)
        try:
            copied = self.members(items(value), get, dict.__len__(value), depth)  # type: ignore[arg-type]  # as checked
        except RecursionError:
            raise
        except RuntimeError:  # another thread changed it meanwhile; a list of the items is made in one step
            held = list(islice(dict.items(value), self.allowance.items + 1))
            copied = self.members(held, get, dict.__len__(value), depth)
        return mapping_like(value, copied)

    def _mapping(self, value: Any, depth: int) -> Any:
        if type(value) is ChainMap:
            maps = [self.value(part, depth) for part in value.maps]
            if all(issubclass(type(part), dict) for part in maps):
                return ChainMap(*maps)
        held = list(islice(value.items(), self.allowance.items + 1))
        named = {exact_text(key): item for key, item in held if issubclass(type(key), str)}
        copied = self.members(held, named.get, _length(value, len(held)), depth)
        return mapping_like(value, copied)

    def members(
        self, pairs: Iterable[tuple[Any, Any]], get: Callable[[str], Any], size: int, depth: int
    ) -> dict[Any, Any]:
        """Return named members, each as its name allows.

        Args:
            pairs: names and values; read one by one.
            get: gives a member by its name.
            size: how many there are.
            depth: levels of nesting so far.
        """
        copied: dict[Any, Any] = {}
        rulings = self.rulings
        allowance = self.allowance
        neighbours = self._neighbours
        texts: list[str] = []
        for key, item in pairs:
            if allowance.items <= 0:
                copied[_free("[CUT]", copied)] = f"{max(size - len(copied), 1)} more items"
                break
            allowance.items -= 1
            is_name = type(key) is str
            ruling = rulings[key] if is_name else neighbours.named(key)
            if ruling is not PLAIN and ruling.told:
                ruling = neighbours.told(get) or ruling
            if item is None:
                result = None
            elif ruling is PLAIN:
                result = self.value(item, depth)
            else:
                result = self._member(ruling, item, depth)
            shown = self.text(key) if is_name and type(item) is not str else self._key(key, item, depth)
            if shown in copied:
                shown = _free(shown, copied)
            copied[shown] = result
            if type(result) is str and type(item) is str:
                texts.append(item)
        if len(texts) > 1 and self.registered:
            self._hide_parts(copied, texts)
        return copied

    def _hide_parts(self, copied: dict[Any, Any], texts: list[str]) -> None:
        """Hide the members whose texts are parts of one registered value."""
        parts = {texts[place] for place in self.registered.split_over(texts)}
        if parts:
            for name, shown in copied.items():
                if type(shown) is str and shown in parts:
                    copied[name] = "[SECRET]"

    def _member(self, ruling: Ruling, item: Any, depth: int) -> Any:
        if self.hides(ruling, item):
            return self.hide(ruling, item)
        if ruling.plain_id and not self.registered and is_plain_id(item):
            return item if type(item) is str or item.bit_length() <= _MOST_BITS else self.number(item)
        if ruling.trace and type(item) is str:
            return self.trace(item)
        return self.value(item, depth)

    def hides(self, ruling: Ruling, item: Any) -> bool:
        """Tell whether a ruling hides an item; one that cannot be asked what it is counts as secret."""
        if ruling.verdict is None:
            return False
        try:
            return ruling.hides(item)
        except Exception:  # noqa: BLE001 - the item's class may raise anything while it is looked at
            return True

    def placeholder(self, kind: str, item: Any) -> str:
        """Return what takes the place of an item of a kind."""
        return self._text.placeholders.of(kind, item)

    def hide(self, ruling: Ruling, item: Any) -> str:
        """Return the placeholder for an item that its name hides."""
        verdict = ruling.verdict
        placeholder = "" if verdict is None else self.placeholder(verdict.kind, item)
        if type(item) is str and verdict is not None and verdict.level is Level.LOW:
            self.echoes.add(item, placeholder)
        return placeholder

    def _key(self, key: Any, item: Any, depth: int) -> Any:
        if type(key) is str:
            upturned = self._neighbours.upturned(key, item)
            return self.text(key) if upturned is PLAIN else self.hide(upturned, key)
        if key is None or type(key) in (bool, float):
            return key
        shown = self.value(key, depth)
        return _hashable(shown)

    # Sequences and sets

    def _any_sequence(self, value: Any, depth: int) -> Any:
        if issubclass(type(value), deque):
            held = list(islice(deque.__iter__(value), self.allowance.items + 1))
            return sequence_like(value, self._sequence(held, deque.__len__(value), depth))
        if "n_sequence_fields" in vars(type(value)):  # such as time.struct_time
            copied = self._sequence(_Exact(tuple, value), tuple.__len__(value), depth)
            return value if all(map(is_, copied, tuple.__iter__(value))) else tuple(copied)
        for base in (list, tuple):
            if issubclass(type(value), base):
                return sequence_like(value, self._sequence(_Exact(base, value), base.__len__(value), depth))
        if type(value) is UserList:
            return sequence_like(value, self._sequence(value.data, len(value.data), depth))
        held = list(islice(iter(value), self.allowance.items + 1))
        return self._sequence(held, _length(value, len(held)), depth)

    def _sequence(self, value: Any, size: int, depth: int) -> list[Any]:
        neighbours = self._neighbours
        if size == _PAIR:
            first, second = value
            if (found := neighbours.pair(first, second)) is not PLAIN and self.hides(found, second):
                return [self.value(first, depth), self.hide(found, second)]
            if type(first) is str and type(second) is str and neighbours.upturned(first, second) is not PLAIN:
                return [self.hide(neighbours.upturned(first, second), first), self.text(second)]
        elif size >= SHORTEST_PHRASE and is_phrase(list(islice(iter(value), _LONGEST_PHRASE))):
            return ["[SEED_PHRASE]"]
        copied: list[Any] = []
        allowance = self.allowance
        before: Any = None
        texts = 0
        for item in value:
            if allowance.items <= 0:
                copied.append(f"[CUT {max(size - len(copied), 1)} items]")
                break
            allowance.items -= 1
            if type(before) is str:
                ruling = neighbours.announced(before, item)
                if self.hides(ruling, item):
                    copied.append(self.hide(ruling, item))
                    before = None
                    continue
            texts += type(item) is str
            before = item
            copied.append(self.value(item, depth))
        if self.registered and copied:
            return self._without_split_values(value, copied, texts)
        return copied

    def _without_split_values(self, value: Any, copied: list[Any], texts: int) -> list[Any]:
        """Hide items that together are one registered value: parts of its text, or its bytes as numbers."""
        held = list(islice(iter(value), len(copied)))
        if texts > 1:
            places = [place for place, item in enumerate(held) if type(item) is str and type(copied[place]) is str]
            for part in self.registered.split_over([held[place] for place in places]):
                copied[places[part]] = "[SECRET]"
        elif not texts and all(type(item) is int and 0 <= item < 256 for item in held):  # noqa: PLR2004 - a byte
            raw = bytes(held)
            if self.registered.spans(raw.decode("latin-1")):
                return ["[SECRET]"]
        return copied

    def _set(self, value: Any, depth: int) -> Any:
        cls = type(value)
        base = set if issubclass(cls, set) else frozenset if issubclass(cls, frozenset) else None
        most = self.allowance.items + 1
        held = list(islice(iter(value) if base is None else base.__iter__(value), most))
        size = _length(value, len(held)) if base is None else base.__len__(value)
        if len(held) == _PAIR:
            copied = [self._beside(held[1], held[0], depth), self._beside(held[0], held[1], depth)]
        else:
            copied = self._sequence(held, size, depth)
        return set_like(value, [_hashable(item) for item in copied])

    def _beside(self, name: Any, item: Any, depth: int) -> Any:
        """Return the copy of a member of a set of two, of which the other may be its name."""
        ruling = self._neighbours.named(name)
        return self.hide(ruling, item) if self.hides(ruling, item) else self.value(item, depth)

    def _record(self, value: Any, depth: int) -> Any:
        names = record_names(type(value)) or ()
        held = list(tuple.__iter__(value))
        if len(names) != len(held):
            return tuple(self._sequence(held, len(held), depth))
        self.allowance.items -= len(held)
        copied = [self._member(self.rulings[name], item, depth) for name, item in zip(names, held, strict=True)]
        if _NET_LOCATION in names:
            place = names.index(_NET_LOCATION)
            user, at, host = str(copied[place]).rpartition("@")
            if at and user:
                copied[place] = f"[CREDENTIALS]@{host}"
        return tuple.__new__(type(value), copied)


class _Exact:
    """The items of a list or tuple, whatever its subclass says they are."""

    __slots__ = ("_base", "_value")

    def __init__(self, base: type[Any], value: Any) -> None:
        self._base = base
        self._value = value

    def __iter__(self) -> Iterator[Any]:
        iterator: Iterator[Any] = self._base.__iter__(self._value)
        return iterator


_COPIERS: Final[dict[Shape, Callable[[Walk, Any, int], Any]]] = {
    Shape.SYMBOL: leaves.copy_symbol,
    Shape.EXCEPTION: object_copies.copy_exception,
    Shape.TRACEBACK: object_copies.copy_traceback,
    Shape.STACK: object_copies.copy_stack,
    Shape.TEXT: leaves.copy_text,
    Shape.OCTETS: leaves.copy_octets,
    Shape.ARRAY: leaves.copy_array,
    Shape.RECORD: Walk._record,  # noqa: SLF001 - the class's own
    Shape.SEQUENCE: Walk._any_sequence,  # noqa: SLF001 - the class's own
    Shape.DICT: Walk._dict,  # noqa: SLF001 - the class's own
    Shape.MAPPING: Walk._mapping,  # noqa: SLF001 - the class's own
    Shape.SET: Walk._set,  # noqa: SLF001 - the class's own
    Shape.NUMBER: leaves.copy_number,
    Shape.DECIMAL: leaves.copy_decimal,
    Shape.HARMLESS: leaves.copy_harmless,
    Shape.ADDRESS: leaves.copy_address,
    Shape.SPOKEN: leaves.copy_spoken,
    Shape.PARTIAL: object_copies.copy_partial,
    Shape.NAMESPACE: object_copies.copy_namespace,
    Shape.FIELDS: object_copies.copy_fields,
    Shape.OPAQUE: object_copies.copy_opaque,
}


def _length(value: Any, at_least: int) -> int:
    """Return what a container says its length is, or how many of its items are known where it says nothing useful."""
    try:
        return max(len(value), at_least)
    except Exception:  # noqa: BLE001 - a container's own class may raise anything
        return at_least


def _hashable(item: Any) -> Any:
    """Return an item that fits into a set or names a member; what does not becomes its text."""
    try:
        hash(item)
    except Exception:  # noqa: BLE001 - an item's own class may raise anything
        return str(item)
    return item


def _free(name: Any, taken: dict[Any, Any]) -> Any:
    """Return a name that is not taken yet: the name itself, or its text with a number."""
    free, number = name, len(taken)
    while free in taken:
        free = f"{name}#{number}"
        number += 1
    return free
