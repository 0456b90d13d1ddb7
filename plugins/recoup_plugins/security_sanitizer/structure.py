"""Walks a payload of any shape, once, within bounds, and builds its sanitized copy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer import mappings, sequences
from recoup_plugins.security_sanitizer.allowance import SMALL, Allowance
from recoup_plugins.security_sanitizer.characters import on_one_line
from recoup_plugins.security_sanitizer.copiers import COPIERS
from recoup_plugins.security_sanitizer.echoes import Echoes
from recoup_plugins.security_sanitizer.gathering import bounded, texts_in
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.neighbours import FIX_PASSWORDS, Neighbours, may_be_upturned
from recoup_plugins.security_sanitizer.objects import MOST_BITS, type_name
from recoup_plugins.security_sanitizer.plain import PlainCopy
from recoup_plugins.security_sanitizer.rules_personal import LEAST_CARD, is_card
from recoup_plugins.security_sanitizer.shapes import shape_of
from recoup_plugins.security_sanitizer.unremarkable import unremarkable

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from recoup_plugins.security_sanitizer.config import SanitizerConfig
    from recoup_plugins.security_sanitizer.registered import RegisteredValues
    from recoup_plugins.security_sanitizer.rulings import Ruling, Rulings
    from recoup_plugins.security_sanitizer.text import TextSanitizer

_BEYOND_CARDS: Final = 10**19
_OPEN: Final = (None, None, 0, 0)
"""Stands for the copy of a container that is being copied."""

_LONGEST_SETTLED: Final = 128
_FEWEST_TEXTS: Final = 2


class Walk:
    """One pass over one payload. Not thread-safe: each call of the sanitizer makes its own.

    All text of a payload, keys among it, goes through ``text``, ``trace`` and ``_octets``, but for what is in ``same``
    or ``stays``: that comes out as it is, unless an echo was found.

    Attributes:
        allowance: what is left of the payload's bounds.
        echoes: what is hidden by name, and the texts shown.
        harmless: a type whose values come out as they are, as those of ``bool`` do; compared by identity, since a
            metaclass may do anything when it is compared or hashed.
        level: how much to hide.
        max_depth: levels of nesting that are looked at.
        neighbours: asks the rulings about names that are no keys.
        registered: values that are hidden wherever they stand.
        rulings: what members' names say.
        same: texts that the level leaves as they are, none longer than ``SMALL``.
        settled: names that come out as they are, with the rulings on them.
        stays: tells of a text not seen before that no step changes it, and that it is not registered.
        usual: tells of a text not seen before that no step changes it; it may be registered.
    """

    __slots__ = (
        "_bounds", "_clock", "_done", "_floats_stay", "_generation", "_open", "_screened", "_text", "allowance",
        "echoes", "harmless", "level", "max_depth", "neighbours", "registered", "rulings", "same", "settled", "stays",
        "usual",
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
        self.same: Container[str] = text.remembered(level)
        self._screened: dict[str, str] = {}
        self._generation = registered.generation
        self._floats_stay = not registered.holds_numbers
        self.harmless: type = float if self._floats_stay else bool
        self.usual = unremarkable(usual=not bounds.rules and level < Level.CRITICAL)
        self.stays = unremarkable(usual=False) if registered else self.usual
        self.settled: dict[str, Ruling | None] = text.settled(level)
        self.rulings = rulings
        self.registered = registered
        self._bounds = bounds
        self.max_depth = bounds.max_depth
        self.level = level
        self._clock = clock
        self.neighbours = Neighbours(rulings)
        self.echoes = Echoes()
        self._begin()

    def _begin(self) -> None:
        self.allowance = Allowance(self._bounds, self._clock)
        self._open = 0
        self._done: dict[int, tuple[object, object, int, int]] = {}

    def payload(self, value: Any) -> Any:
        """Return the sanitized copy of a payload; what one part hides by its name is hidden in every other part too."""
        if type(value) is str:
            return self.text(value)
        result = self._plain(value)
        if result is None:
            result = self._walked(value)
        if self.echoes.heard():
            self._begin()
            self.settled = {}
            result = self.value(value)
        return result

    def _plain(self, value: Any) -> Any:
        """Return the copy of a payload made in one pass; None where it has to be walked."""
        try:
            copy = PlainCopy(self, value)
            copy.begin()
            self._screen(copy.texts)
            return copy.finish()
        except Exception:  # noqa: BLE001 - whatever is wrong with a payload, the walk finds where
            self._begin()
            self.echoes = Echoes()
            return None

    def _walked(self, value: Any) -> Any:
        """Return the copy of a payload, made value by value."""
        texts, _ = texts_in((value,), self.rulings, self.settled, self._bounds.max_items, set())
        same, stays = self.same, self.stays
        self._screen([text for text in texts if not (text in same or stays(text))])
        return self.value(value)

    def _screen(self, texts: list[str]) -> None:
        """Look at many texts at once, of which each will be sanitized."""
        texts = bounded(dict.fromkeys(texts))
        if len(texts) >= _FEWEST_TEXTS:
            self._screened = self._text.screened(texts, self.level)

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return the sanitized copy of one value."""
        cls = type(value)
        if cls is str:
            return self.text(value)
        if value is None or cls is bool or cls is self.harmless:
            return value
        if cls is int or cls is float:
            return self.number(value)
        return self._composite(value, depth)

    def text(self, value: str) -> str:
        """Return sanitized text, cut where the payload's allowance of characters ends."""
        allowance = self.allowance
        size = len(value)
        if size > SMALL or size > allowance.characters:
            allowed = allowance.share(size, alone=not self._open)
            if allowed < size:
                return allowance.cut(value, allowed, self._clean)
        allowance.characters -= size
        if self.echoes.found or not (value in self.same or self.stays(value)):
            return self._clean(value)
        self.echoes.shown.append(value)
        return value

    def passes(self, text: str) -> bool:
        """Tell whether a text was looked at and comes out as it is; it is taken from the allowance then."""
        allowance = self.allowance
        if self._screened.get(text) != text or "\n" in text or len(text) > allowance.characters:
            return False
        allowance.characters -= len(text)
        self.echoes.shown.append(text)
        return True

    def settle(self, name: str, ruling: Ruling) -> None:
        """Remember a member's name that comes out as it is, whatever its value, with its ruling."""
        if (
            len(name) <= _LONGEST_SETTLED
            and name not in FIX_PASSWORDS
            and not (self.echoes.found or may_be_upturned(name))
            and self._generation == self.registered.generation
        ):
            self._text.settled(self.level).put(name, ruling)

    def trace(self, value: str) -> str:
        """Return sanitized text that keeps its lines, cut like any other."""
        allowance = self.allowance
        if (allowed := allowance.share(len(value), alone=not self._open)) < len(value):
            return allowance.cut(value, allowed, self.clean_trace)
        allowance.characters -= allowed
        return self.clean_trace(value)

    def _clean(self, value: str) -> str:
        plain = self.echoes.hide(value)
        found = self._screened.get(plain)
        shown = self._text.clean(plain, self.level) if found is None else on_one_line(found)
        self.echoes.shown.append(shown)
        return shown

    def clean_trace(self, value: str) -> str:
        """Return sanitized text that keeps its lines, whatever is left of the allowance."""
        plain = self.echoes.hide(value)
        shown = plain if self._screened.get(plain) == plain else self._text.clean_trace(plain, self.level)
        self.echoes.shown.append(shown)
        return shown

    def number(self, value: Any) -> Any:
        """Return an int or float, unless it is a card number, registered, or too long to print."""
        if type(value) is int:
            if self._floats_stay and -LEAST_CARD < value < LEAST_CARD:
                return value
            if value.bit_length() > MOST_BITS:
                return f"[CUT int of {value.bit_length()} bits]"
            if self.level >= Level.MEDIUM and LEAST_CARD <= value < _BEYOND_CARDS and is_card(str(value)):
                return self._text.clean(str(value), self.level)
        if self.registered.holds_numbers and self.registered.is_number(str(value)):
            return "[SECRET]"
        return value

    def _composite(self, value: Any, depth: int) -> Any:
        cls = type(value)
        if cls is list and self._floats_stay and self._are_floats(value):
            return value.copy()
        place = id(value)
        known = self._done.get(place)
        allowance = self.allowance
        if known is not None:
            if known is _OPEN:
                return "[CYCLE]"
            return known[1] if allowance.take(known[2], known[3]) else f"[CUT {type_name(value)} shown before]"
        if depth >= self.max_depth:
            return f"[CUT {type_name(value)} below {depth} levels]"
        if allowance.is_late():
            return f"[CUT {type_name(value)}: out of time]"
        items, characters = allowance.items, allowance.characters
        self._done[place] = _OPEN
        self._open += 1
        try:
            if cls is dict:
                result: Any = mappings.copy_dict(self, value, depth + 1)
            elif cls is list:
                result = sequences.copy_items(self, value, len(value), depth + 1)
            else:
                result = COPIERS[shape_of(cls)](self, value, depth + 1)
        except RecursionError:
            result = f"[CUT {type_name(value)}: nested too deeply]"
        except Exception as error:  # noqa: BLE001 - a payload's own class may raise anything while it is read
            result = f"[UNREADABLE {type_name(value)}: {type_name(error)}]"
        finally:
            self._open -= 1
            del self._done[place]
        self._done[place] = (value, result, items - allowance.items, characters - allowance.characters)
        return result

    def _are_floats(self, items: list[Any]) -> bool:
        """Tell whether there is nothing but floats in a list, which are then taken from the allowance."""
        allowance = self.allowance
        if not items or len(items) > allowance.items:
            return False
        for item in items:
            if type(item) is not float:
                return False
        allowance.items -= len(items)
        return True

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
