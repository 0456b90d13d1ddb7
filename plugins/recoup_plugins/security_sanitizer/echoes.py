"""What a payload hides by its name in one place and repeats in another."""

from __future__ import annotations

from typing import Final

_SHORTEST: Final = 8
_LONGEST: Final = 512
_MOST: Final = 64
_SHORTEST_WORD: Final = 16
_BETWEEN: Final = "\0"


class Echoes:
    """Values hidden by name in one payload, and the texts of that payload. Not thread-safe: each walk has its own.

    Only what has letters and digits and at least 8 characters counts, so that no ordinary word is blanked.

    Attributes:
        shown: the sanitized texts so far.
        found: hidden values that came out elsewhere, longest first, with their placeholders.
    """

    __slots__ = ("_hidden", "found", "shown")

    def __init__(self) -> None:
        self._hidden: dict[str, str] = {}
        self.shown: list[str] = []
        self.found: tuple[tuple[str, str], ...] = ()

    def add(self, value: str, placeholder: str) -> None:
        """Note a value that its name hides; of several words, such as ``Bearer …``, the long ones."""
        for word in (value,) if len(value.split()) == 1 else value.split()[:_MOST]:
            shortest = _SHORTEST if word is value else _SHORTEST_WORD
            if (
                shortest <= len(word) <= _LONGEST
                and len(self._hidden) < _MOST
                and any(map(str.isdigit, word))
                and any(map(str.isalpha, word))
            ):
                self._hidden.setdefault(word, placeholder)

    def heard(self) -> bool:
        """Tell whether a hidden value came out elsewhere; from then on ``hide`` hides it."""
        if not self._hidden:
            return False
        text = _BETWEEN.join(self.shown)
        found = [pair for pair in self._hidden.items() if pair[0] in text]
        self.shown = []
        self.found = tuple(sorted(found, key=lambda pair: len(pair[0]), reverse=True))
        return bool(found)

    def hide(self, text: str) -> str:
        """Return a text without the values found."""
        for value, placeholder in self.found:
            if value in text:
                text = text.replace(value, placeholder)
        return text
