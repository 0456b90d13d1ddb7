"""How much of a payload is still looked at: items, characters and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.security_sanitizer.config import SanitizerConfig

OVERLAP: Final = 4096
"""Characters looked at beyond the last one shown, so that a secret on the edge is still seen whole."""


class Allowance:
    """What is left of the bounds of one payload. Not thread-safe: each walk has its own.

    Attributes:
        items: members of containers.
        characters: characters of text.
    """

    __slots__ = ("_clock", "_deadline", "characters", "items")

    def __init__(self, bounds: SanitizerConfig, clock: Callable[[], float]) -> None:
        self.items = bounds.max_items
        self.characters = bounds.max_bytes
        self._clock = clock
        self._deadline = clock() + bounds.max_seconds

    def is_late(self) -> bool:
        """Tell whether the time is up; then nothing of the allowance is left."""
        if self._clock() < self._deadline:
            return False
        self.items = self.characters = 0
        return True

    def spent_since(self, items: int, characters: int) -> tuple[int, int]:
        """Return what has been used since these were left."""
        return items - self.items, characters - self.characters

    def take(self, items: int, characters: int) -> bool:
        """Use up what a part costs that is shown once more; False, and nothing used, where too little is left."""
        if items > self.items or characters > self.characters:
            return False
        self.items -= items
        self.characters -= characters
        return True

    def cut(self, text: str, clean: Callable[[str], str]) -> str:
        """Return as much of a text, sanitized, as the allowance has left, with a note on the rest."""
        allowed, self.characters = self.characters, 0
        size = len(text)
        if not allowed:
            return f"[CUT {size} characters]"
        seen = min(allowed + OVERLAP, size)
        found = clean(text[:seen])
        # Placeholders may be shorter than what they replaced; the last characters seen must stay out all the same.
        shown = min(allowed, max(0, len(found) - (seen - allowed))) if seen < size else allowed
        return f"{found[:shown]}[CUT {size - allowed} characters]"
