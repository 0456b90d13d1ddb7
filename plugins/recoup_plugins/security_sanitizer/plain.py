"""Copies plain payloads, those of dicts, lists, texts and numbers, in one pass; what needs a closer look comes last.

Most members of a payload have a name that says nothing and a value that is no text, or a text seen before. Those are
copied with their container and passed over. All that is left is looked at together once the pass is over, and put
into its place in the copy. Registered values are looked for once, in all that the payload holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.apart import may_be_told
from recoup_plugins.security_sanitizer.copiers import COPIERS
from recoup_plugins.security_sanitizer.gathering import is_shown, texts_in
from recoup_plugins.security_sanitizer.mappings import free_name, member
from recoup_plugins.security_sanitizer.neighbours import NAMING
from recoup_plugins.security_sanitizer.object_copies import HAVE_PARTS, parts_of
from recoup_plugins.security_sanitizer.objects import MOST_BITS
from recoup_plugins.security_sanitizer.order_frames import is_order
from recoup_plugins.security_sanitizer.plain_registered import holds_registered
from recoup_plugins.security_sanitizer.rules_personal import LEAST_CARD as _LARGE
from recoup_plugins.security_sanitizer.rulings import PLAIN, Ruling, is_plain_id, names_nothing
from recoup_plugins.security_sanitizer.seed_phrases import SHORTEST_PHRASE, is_phrase
from recoup_plugins.security_sanitizer.sequences import may_speak
from recoup_plugins.security_sanitizer.shapes import Shape, shape_of

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.structure import Walk

_AT_ONCE: Final = frozenset([Shape.DECIMAL, Shape.HARMLESS])
"""Shapes of what is copied without a look at its text."""

_LEAVES: Final = frozenset(
    [
        *(Shape.SYMBOL, Shape.TEXT, Shape.OCTETS, Shape.ARRAY, Shape.NUMBER, Shape.ADDRESS, Shape.SPOKEN),
        *(Shape.TRACEBACK, Shape.STACK),
    ]
)
"""Shapes of what is shown without a container in it, which could be one that holds it."""

_BYTES: Final = 256
"""As many numbers may be bytes, and with others a key."""

_Copy = dict[Any, Any] | list[Any]


class NotPlain(Exception):
    """The payload has something else in it, has a container in two places, or is too large: it has to be walked."""


class PlainCopy:
    """The copy of one payload in the making. Not thread-safe: each walk has its own.

    Args:
        walk: what sanitizes the payload.
        payload: what is copied.

    Attributes:
        texts: the names and texts that have to be looked at, before ``finish`` is called.
    """

    __slots__ = (
        *("_containers", "_kept", "_members", "_names", "_others", "_registered", "_rulings", "_same", "_seen"),
        *("_settled", "_top", "_traces", "_trusted", "_tuples", "_unseen", "_usual", "_walk", "texts"),
    )

    def __init__(self, walk: Walk, payload: Any) -> None:
        self._walk = walk
        self._top: list[Any] = [payload]
        self._rulings = walk.rulings
        self._same = walk.same
        self._settled = walk.settled
        self._usual = walk.usual
        self._registered = bool(walk.registered)
        self._containers: list[list[Any]] = []
        self._trusted: list[str] = []
        self._seen: set[int] = set()
        self._kept: list[object] = []
        self._unseen: list[tuple[_Copy, Any, str]] = []
        self._traces: list[tuple[_Copy, Any, str]] = []
        self._others: list[tuple[_Copy, Any, Any, int]] = []
        self._tuples: list[tuple[_Copy, Any]] = []
        self._names: list[tuple[dict[Any, Any], str, Ruling]] = []
        self._members: list[tuple[dict[Any, Any], str, dict[Any, Any], int]] = []
        self.texts: list[str] = []

    def begin(self) -> None:
        """Make a copy in which all but what ``finish`` puts there is as it shall be.

        Raises:
            NotPlain: the payload has to be walked.
        """
        walk = self._walk
        self._put(self._top, 0, self._top[0], type(self._top[0]), 0)
        rest = [item for _, _, item, _ in self._others]
        rest += [members[key] for _, key, members, _ in self._members]
        if rest:
            texts, odd = texts_in(rest, self._rulings, self._settled, walk.allowance.items, self._seen)
            if not all(self._is_leaf(item) for item in odd):
                raise NotPlain
            self.texts += [text for text in texts if not (text in self._same or walk.stays(text))]
        if self._registered and holds_registered(walk.registered, self._containers, self._trusted, walk.usual):
            raise NotPlain
        walk.allowance.characters -= len("".join(walk.echoes.shown))
        if walk.allowance.characters < sum(map(len, self.texts)):
            raise NotPlain

    def finish(self) -> Any:
        """Put what had to be looked at into its places, and return the copy.

        Raises:
            NotPlain: the payload is too large.
        """
        walk = self._walk
        for place, key, text in self._unseen:
            if not walk.passes(text):
                place[key] = walk.text(text)
        for place, key, text in self._traces:
            place[key] = walk.trace(text)
        for place, key, item, depth in self._others:
            place[key] = walk.value(item, depth)
        for place, key in self._tuples:
            place[key] = tuple(place[key])
        self._name_members()
        if walk.allowance.characters <= 0:
            raise NotPlain
        return self._top[0]

    def _name_members(self) -> None:
        """Give the members that are left their values, and those with new names the names that are shown."""
        walk = self._walk
        renamed: dict[int, tuple[dict[Any, Any], dict[str, Any]]] = {}
        for copied, key, members, depth in self._members:
            shown, copied[key] = member(walk, key, members[key], members.get, depth)
            if shown != key:
                renamed.setdefault(id(copied), (copied, {}))[1][key] = shown
        for copied, key, ruling in self._names:
            shown = walk.text(key)
            if shown == key:
                walk.settle(key, ruling)
            else:
                renamed.setdefault(id(copied), (copied, {}))[1][key] = shown
        for copied, names in renamed.values():
            _rename(copied, names)

    @staticmethod
    def _is_leaf(item: Any) -> bool:
        shape = shape_of(type(item))
        return shape in _LEAVES or shape in _AT_ONCE

    def _enter(self, container: Any, size: int, depth: int) -> None:
        allowance = self._walk.allowance
        allowance.items -= size
        if allowance.items < 0 or depth >= self._walk.max_depth or id(container) in self._seen:
            raise NotPlain
        self._seen.add(id(container))

    def _put(self, place: _Copy, key: Any, item: Any, kind: type, depth: int) -> None:
        """Put an item that is neither a text nor a mere number into its place, or note that it belongs there."""
        if kind is dict:
            self._enter(item, len(item), depth)
            place[key] = self._dict(item, depth + 1)
        elif kind is int:
            place[key] = self._walk.number(item)
        elif kind is list or kind is tuple:
            self._put_items(place, key, item, depth)
        else:
            self._put_object(place, key, item, depth)

    def _put_items(self, place: _Copy, key: Any, items: list[Any] | tuple[Any, ...], depth: int) -> None:
        copied = list(items)
        is_row = self._is_row(copied)
        if not is_row and may_speak(copied, self._walk.neighbours):
            self._others.append((place, key, items, depth))
            return
        self._enter(items, len(copied), depth)
        if self._registered:
            self._containers.append(copied.copy())
        if is_row:
            self._walk.echoes.shown += [item for item in copied if type(item) is str]
        else:
            self._sort_out(copied, depth + 1)
        place[key] = copied
        if type(items) is tuple:
            self._tuples.append((place, key))

    def _is_row(self, items: list[Any]) -> bool:
        """Tell whether items are prices, amounts and the like, of which none says anything about another."""
        usual = self._usual
        for item in items:
            kind = type(item)
            if kind is str:
                if not (names_nothing(item) and usual(item)):
                    return False
            elif not (kind is float or (kind is int and _BYTES <= item < _LARGE)):
                return False
        return True

    def _put_object(self, place: _Copy, key: Any, item: Any, depth: int) -> None:
        shape = shape_of(type(item))
        if shape in HAVE_PARTS:
            if self._walk.allowance.is_late():  # reading an object may run code of its class
                raise NotPlain
            parts = parts_of(self._walk, item)
            self._enter(item, len(parts), depth)
            self._kept.append(parts)  # as long as the ids of containers are compared
            place[key] = self._dict(parts, depth + 1)
        elif shape in _AT_ONCE:
            place[key] = COPIERS[shape](self._walk, item, depth)
        else:
            self._others.append((place, key, item, depth))

    def _dict(self, value: dict[Any, Any], depth: int) -> dict[Any, Any]:
        copied = self._members_of(value)
        settled, same, usual = self._settled.get, self._same, self._usual
        shown, unsettled = self._walk.echoes.shown, len(self._names) + len(self._members)
        for key, item in copied.items():
            if type(key) is not str:
                raise NotPlain
            kind = type(item)
            ruling = settled(key) or self._new(copied, key, kind)
            if ruling is not PLAIN:
                if ruling is None or (ruling.leans and self._leans(ruling, item, value)):
                    self._note_member(copied, key, value, depth)
                    continue
                if self._is_ruled(ruling, copied, key, item):
                    continue
            if kind is str:
                if item in same or usual(item):
                    shown.append(item)
                else:
                    self._look(copied, key, item)
            elif not (item is None or kind is bool or kind is float or (kind is int and -_LARGE < item < _LARGE)):
                self._put(copied, key, item, kind, depth)
        shown += copied if unsettled == len(self._names) + len(self._members) else filter(settled, copied)
        return copied

    def _members_of(self, value: dict[Any, Any]) -> dict[Any, Any]:
        """Return a dict as it is now, if no phrase is spread over its members."""
        copied = value.copy()
        if self._registered:
            self._containers.append([*copied.values()])
        if len(copied) >= SHORTEST_PHRASE and is_phrase([item for item in copied.values() if type(item) is str]):
            raise NotPlain
        return copied

    def _sort_out(self, copied: list[Any], depth: int) -> None:
        """Go over the items of a list's copy: what cannot stay as it is, is replaced or noted."""
        walk, same, usual = self._walk, self._same, self._usual
        shown = walk.echoes.shown
        before: str | None = None
        for place, item in enumerate(copied):
            kind = type(item)
            if before is not None and _may_announce(before, item, kind):
                ruling = walk.neighbours.announced(before, item)
                if walk.hides(ruling, item):
                    copied[place] = walk.hide(ruling, item)
                    before = None
                    continue
            before = item if kind is str else None
            if kind is str:
                if item in same or usual(item):
                    shown.append(item)
                else:
                    self._look(copied, place, item)
            elif not (item is None or kind is bool or kind is float or (kind is int and -_LARGE < item < _LARGE)):
                self._put(copied, place, item, kind, depth)

    def _look(self, place: _Copy, key: Any, text: str) -> None:
        """Note that a text has to be looked at."""
        self.texts.append(text)
        self._unseen.append((place, key, text))

    def _is_ruled(self, ruling: Ruling, copied: dict[Any, Any], key: str, item: Any) -> bool:
        """Tell whether the ruling on a settled name says all about an item; its place in the copy is right then."""
        walk = self._walk
        if ruling.verdict is not None and walk.hides(ruling, item):
            copied[key] = walk.hide(ruling, item)
            return True
        if ruling.plain_id and is_plain_id(item):
            if type(item) is int:
                return item.bit_length() <= MOST_BITS
            self._trusted.append(item)
            return True
        if ruling.trace and type(item) is str:
            self.texts.append(item)
            self._traces.append((copied, key, item))
            return True
        return False

    def _new(self, copied: dict[Any, Any], key: str, kind: type) -> Ruling | None:
        """Return the ruling on a name not seen before; None where the value may say something about the name."""
        if key not in self._same:
            self.texts.append(key)
        if kind is str or kind is bytes:
            return None
        ruling = self._rulings[key]
        self._names.append((copied, key, ruling))
        return ruling

    def _leans(self, ruling: Ruling, item: Any, members: dict[Any, Any]) -> bool:
        """Tell whether another member has a say in what becomes of an item."""
        if ruling.told and not NAMING.isdisjoint(members) and self._walk.neighbours.told(members.get) is not None:
            return True
        if ruling.framed is not None and is_order(members.get):
            return True
        return ruling.apart and may_be_told(item, members.get)

    def _note_member(self, copied: dict[Any, Any], key: str, members: dict[Any, Any], depth: int) -> None:
        """Note a member whose name does not say by itself what to do with the value."""
        self._members.append((copied, key, members, depth))
        item = members[key]
        if type(item) is str and is_shown(self._rulings[key], item):
            self.texts.append(item)


def _may_announce(before: str, item: Any, kind: type) -> bool:
    """Tell whether a text in a list may be the name of what stands behind it."""
    return before[:1] == "-" or (kind is str and " " not in item and not names_nothing(before))


def _rename(copied: dict[Any, Any], names: dict[str, Any]) -> None:
    """Give members the names that are shown, in their order."""
    members = list(copied.items())
    copied.clear()
    for key, item in members:
        shown = names.get(key, key)
        copied[free_name(shown, copied) if shown in copied else shown] = item
