"""Copies plain payloads, those of dicts, lists, texts and numbers, in one pass; what needs a closer look comes last.

Most members of a payload have a name that says nothing and a value that is no text, or a text seen before. Those are
copied with their container and passed over. All that is left is looked at together once the pass is over, and put
into its place in the copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.allowance import SMALL
from recoup_plugins.security_sanitizer.gathering import is_shown, texts_in
from recoup_plugins.security_sanitizer.mappings import free_name, member
from recoup_plugins.security_sanitizer.objects import MOST_BITS
from recoup_plugins.security_sanitizer.rules_personal import LEAST_CARD as _LARGE
from recoup_plugins.security_sanitizer.rulings import PLAIN, Ruling, is_plain_id
from recoup_plugins.security_sanitizer.seed_phrases import SHORTEST_PHRASE, is_phrase
from recoup_plugins.security_sanitizer.sequences import may_speak
from recoup_plugins.security_sanitizer.shapes import Shape, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.security_sanitizer.structure import Walk

_LEAVES: Final = frozenset(
    [Shape.SYMBOL, Shape.TEXT, Shape.OCTETS, Shape.NUMBER, Shape.DECIMAL, Shape.HARMLESS, Shape.ADDRESS, Shape.SPOKEN]
)
"""Shapes of what holds no container, which could be one that holds it."""

_Copy = dict[Any, Any] | list[Any]


class NotPlain(Exception):
    """The payload has something else in it, has a container in two places, or is too large: it has to be walked."""


class PlainCopy:
    """The copy of one payload in the making. Not thread-safe: each walk has its own.

    No registered value may be looked for: one could be split over the members of a container.

    Args:
        walk: what sanitizes the payload.

    Attributes:
        texts: the names and texts that have to be looked at, before ``finish`` is called.
    """

    __slots__ = ("_members", "_others", "_rulings", "_same", "_seen", "_settled", "_stays", "_unseen", "_walk", "texts")

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._rulings = walk.rulings
        self._same = walk.same
        self._settled = walk.settled
        self._stays = walk.stays
        self._seen: set[int] = set()
        self._unseen: list[tuple[_Copy, Any, str]] = []
        self._others: list[tuple[_Copy, Any, Any, int]] = []
        self._members: list[tuple[dict[Any, Any], str, Any, Callable[[str], Any], int]] = []
        self.texts: list[str] = []

    def begin(self, payload: dict[Any, Any] | list[Any]) -> _Copy:
        """Return a copy in which all but what ``finish`` puts there is as it shall be.

        Raises:
            NotPlain: the payload has to be walked.
        """
        walk = self._walk
        if type(payload) is list and may_speak(payload):
            raise NotPlain
        copied = self._dict(payload, 0) if isinstance(payload, dict) else self._list(payload, 0)
        rest = [noted[2] for noted in (*self._others, *self._members)]
        if rest:
            texts, odd = texts_in(rest, self._rulings, self._settled, walk.allowance.items, self._seen)
            if not all(shape_of(type(item)) in _LEAVES for item in odd):
                raise NotPlain
            self.texts += [text for text in texts if not (text in self._same or self._stays(text))]
        walk.allowance.characters -= len("".join(walk.echoes.shown))
        sizes = list(map(len, self.texts))
        if walk.allowance.characters < sum(sizes) or max(sizes, default=0) > SMALL:
            raise NotPlain
        return copied

    def finish(self) -> None:
        """Put what had to be looked at into its places."""
        walk = self._walk
        for place, key, text in self._unseen:
            if not walk.passes(text):
                place[key] = walk.text(text)
        for place, key, item, depth in self._others:
            place[key] = walk.value(item, depth)
        renamed: dict[int, tuple[dict[Any, Any], dict[str, Any]]] = {}
        for copied, key, item, get, depth in self._members:
            shown, copied[key] = member(walk, key, item, get, depth)
            if shown != key:
                renamed.setdefault(id(copied), (copied, {}))[1][key] = shown
        for copied, names in renamed.values():
            _rename(copied, names)

    def _enter(self, container: _Copy, depth: int) -> None:
        allowance = self._walk.allowance
        allowance.items -= len(container)
        if allowance.items < 0 or depth >= self._walk.max_depth or id(container) in self._seen:
            raise NotPlain
        self._seen.add(id(container))

    def _put(self, place: _Copy, key: Any, item: Any, kind: type, depth: int) -> None:
        """Put an item that is neither a text nor a mere number into its place, or note that it belongs there."""
        if kind is dict:
            place[key] = self._dict(item, depth)
        elif kind is int:
            place[key] = self._walk.number(item)
        elif kind is list and not may_speak(item):
            place[key] = self._list(item, depth)
        else:
            self._others.append((place, key, item, depth))

    def _dict(self, value: dict[Any, Any], depth: int) -> dict[Any, Any]:
        self._enter(value, depth)
        copied = value.copy()
        if len(copied) >= SHORTEST_PHRASE and is_phrase([item for item in copied.values() if type(item) is str]):
            raise NotPlain
        settled, same, stays = self._settled.get, self._same, self._stays
        shown, unsettled = self._walk.echoes.shown, len(self._members)
        for key, item in copied.items():
            if type(key) is not str:
                raise NotPlain
            ruling = settled(key)
            kind = type(item)
            if ruling is not PLAIN:
                if ruling is None:
                    self._unsettled(copied, key, item, value.get, depth)
                    continue
                if self._is_ruled(ruling, copied, key, item):
                    continue
            if kind is str:
                if item in same or stays(item):
                    shown.append(item)
                else:
                    self._look(copied, key, item)
            elif not (item is None or kind is bool or kind is float or (kind is int and -_LARGE < item < _LARGE)):
                self._put(copied, key, item, kind, depth + 1)
        shown += copied if unsettled == len(self._members) else filter(settled, copied)
        return copied

    def _list(self, value: list[Any], depth: int) -> list[Any]:
        self._enter(value, depth)
        copied = value.copy()
        walk, same, stays = self._walk, self._same, self._stays
        shown = walk.echoes.shown
        before: Any = None
        for place, item in enumerate(copied):
            kind = type(item)
            if type(before) is str and (before[:1] == "-" or (kind is str and " " not in item)):
                ruling = walk.neighbours.announced(before, item)
                if walk.hides(ruling, item):
                    copied[place] = walk.hide(ruling, item)
                    before = None
                    continue
            before = item
            if kind is str:
                if item in same or stays(item):
                    shown.append(item)
                else:
                    self._look(copied, place, item)
            elif not (item is None or kind is bool or kind is float or (kind is int and -_LARGE < item < _LARGE)):
                self._put(copied, place, item, kind, depth + 1)
        return copied

    def _look(self, place: _Copy, key: Any, text: str) -> None:
        """Note that a text has to be looked at."""
        self.texts.append(text)
        self._unseen.append((place, key, text))

    def _is_ruled(self, ruling: Ruling, copied: dict[Any, Any], key: str, item: Any) -> bool:
        """Tell whether the ruling on a settled name says all about an item; its place in the copy is right then."""
        walk = self._walk
        if walk.hides(ruling, item):
            copied[key] = walk.hide(ruling, item)
            return True
        if ruling.plain_id and is_plain_id(item):
            return type(item) is str or item.bit_length() <= MOST_BITS
        if ruling.trace and type(item) is str:
            raise NotPlain
        return False

    def _unsettled(self, copied: dict[Any, Any], key: str, item: Any, get: Callable[[str], Any], depth: int) -> None:
        """Note a member whose name is new, or does not say by itself what to do with the value."""
        self._members.append((copied, key, item, get, depth + 1))
        ruling = self._rulings[key]
        if key not in self._same:
            self.texts.append(key)
        if type(item) is str and is_shown(ruling, item):
            self.texts.append(item)


def _rename(copied: dict[Any, Any], names: dict[str, Any]) -> None:
    """Give members the names that are shown, in their order."""
    members = list(copied.items())
    copied.clear()
    for key, item in members:
        shown = names.get(key, key)
        copied[free_name(shown, copied) if shown in copied else shown] = item
