"""The verdicts on names as a deployment wants them: its own names, and those that it allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup_plugins.security_sanitizer.keys import HARMLESS, KeyPolicy, Verdict, words_of
from recoup_plugins.security_sanitizer.levels import parse_level

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from recoup_plugins.security_sanitizer.config import NameConfig
    from recoup_plugins.security_sanitizer.levels import Level


class NamedKeys(KeyPolicy):
    """Asks the deployment's names first, then the tables. Thread-safe and task-safe, as its base is.

    A name of the deployment's own counts wherever a name ends with its words: ``desk_code`` also covers ``X-Desk-Code``
    and ``traderDeskCode``. An allowed name must consist of its words and nothing else.

    Args:
        names: the deployment's own names.
        allow: names that hide nothing.

    Raises:
        ValueError: a name has no letters or digits, or is both hidden and allowed.
    """

    __slots__ = ("_allowed", "_longest", "_named")

    def __init__(self, names: Mapping[str, NameConfig], allow: Collection[str]) -> None:
        super().__init__()
        self._named = {
            _words("names", name): Verdict(given.kind, parse_level(given.level), weak=False, plain_id=False)
            for name, given in names.items()
        }
        self._allowed = frozenset(_words("allow", name) for name in allow)
        self._longest = max(map(len, self._named), default=0)
        for words in self._allowed & self._named.keys():
            raise ValueError(f"allow: {'_'.join(words)!r} is also hidden by names; take it out of one of them")

    def stems(self, level: Level) -> list[str]:
        """Return, for each name that is hidden at a level, a text that stands in every spelling of it."""
        return [max(words, key=len) for words, verdict in self._named.items() if verdict.level <= level]

    def _judge(self, name: str) -> Verdict:
        words = tuple(words_of(name))
        if words in self._allowed:
            return HARMLESS
        for length in range(min(self._longest, len(words)), 0, -1):
            if (found := self._named.get(words[-length:])) is not None:
                return found
        return super()._judge(name)


def _words(key: str, name: str) -> tuple[str, ...]:
    words = tuple(words_of(name))
    if not words:
        raise ValueError(f"{key}: {name!r} has no letters or digits; give a name such as desk_code")
    return words
