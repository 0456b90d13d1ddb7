"""How much of a payload is still looked at: items, characters and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.security_sanitizer.config import SanitizerConfig

OVERLAP: Final = 4096
"""Characters looked at beyond the last one shown, so that a secret on the edge is still seen whole."""


SMALL: Final = 4096
"""Characters up to which a text may have all that is left."""

_SHARE_KEPT: Final = 8
_CHARACTERS_A_SECOND: Final = 500_000
"""Characters that are cleaned in a second whatever they are; ordinary text is far faster."""


class Allowance:
    """What is left of the bounds of one payload. Not thread-safe: each walk has its own.

    Attributes:
        items: members of containers.
        characters: characters of text.
    """

    __slots__ = ("_clock", "_deadline", "_kept", "characters", "items")

    def __init__(self, bounds: SanitizerConfig, clock: Callable[[], float]) -> None:
        self.items = bounds.max_items
        self.characters = bounds.max_bytes
        self._kept = bounds.max_bytes // _SHARE_KEPT
        self._clock = clock
        self._deadline = clock() + bounds.max_seconds

    def is_late(self) -> bool:
        """Tell whether the time is up; then nothing of the allowance is left."""
        if self._clock() < self._deadline:
            return False
        self.items = self.characters = 0
        return True

    def take(self, items: int, characters: int) -> bool:
        """Use up what a part costs that is shown once more; False, and nothing used, where too little is left."""
        if items > self.items or characters > self.characters:
            return False
        self.items -= items
        self.characters -= characters
        return True

    def share(self, size: int, *, alone: bool) -> int:
        """Return how many characters a text may have: less than its size where it has to be cut.

        A long text leaves something to the members beside it, and none gets more than can be cleaned in the time left.

        Args:
            size: characters of the text.
            alone: it is the whole payload.
        """
        left = self.characters
        if size > SMALL:
            if not alone and size > left:
                left -= min(left // 2, self._kept)
            left = min(left, max(SMALL, int((self._deadline - self._clock()) * _CHARACTERS_A_SECOND)))
        return min(size, left)

    def cut(self, text: str, allowed: int, clean: Callable[[str], str]) -> str:
        """Return the first characters of a text, sanitized, with a note on the rest."""
        self.characters -= allowed
        size = len(text)
        if not allowed:
            return f"[CUT {size} characters]"
        seen = min(allowed + OVERLAP, size)
        found = clean(text[:seen])
        # Placeholders may be shorter than what they replaced; the last characters seen must stay out all the same.
        shown = min(allowed, max(0, len(found) - (seen - allowed))) if seen < size else allowed
        return f"{found[:shown]}[CUT {size - allowed} characters]"
