"""Sanitizes text: an engine decides which steps can change it at all, and only those run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.assignments import Assignments
from recoup_plugins.security_sanitizer.cache import BoundedCache
from recoup_plugins.security_sanitizer.characters import on_one_line, without_controls, without_invisible
from recoup_plugins.security_sanitizer.encodings import decoders, encoded_lines
from recoup_plugins.security_sanitizer.engine import best_engine
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.placeholders import PLAIN, Placeholders
from recoup_plugins.security_sanitizer.sample import Sample
from recoup_plugins.security_sanitizer.steps import plan_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from recoup_plugins.security_sanitizer.engine import Engine
    from recoup_plugins.security_sanitizer.keys import KeyPolicy
    from recoup_plugins.security_sanitizer.registered import RegisteredValues
    from recoup_plugins.security_sanitizer.rule import Rule
    from recoup_plugins.security_sanitizer.steps import Plan

_LONGEST_REMEMBERED: Final = 512
_DEEPEST_ENCODING: Final = 3
_FRAME: Final = '  File "'
_VISIBLE: Final = bytes([*range(0x20, 0x7F), 9, 10])


class TextSanitizer:
    """Applies rules, assignments and registered values to text.

    Thread-safe and task-safe: everything but the caches is immutable, and those are. Only texts that came out
    unchanged are remembered, so that no cache holds a secret that was found.

    Args:
        rules: the rules that find secrets by shape, in their order.
        keys: says which names are sensitive.
        registered: values that are hidden wherever they stand.
        off: names of the steps that stay off.
        remembered: how many texts each level remembers, and as many before those.
        engine: what finds matches; by default the fastest one that is installed.
        placeholders: makes what takes a secret's place.
    """

    __slots__ = (
        "_assignments",
        "_engine",
        "_keys",
        "_off",
        "_plans",
        "_registered",
        "_remembered",
        "_rules",
        "placeholders",
    )

    def __init__(
        self,
        rules: Collection[Rule],
        keys: KeyPolicy,
        registered: RegisteredValues,
        off: frozenset[str],
        remembered: int = 4096,
        engine: Engine | None = None,
        placeholders: Placeholders = PLAIN,
    ) -> None:
        self._assignments = Assignments(keys, placeholders)
        self._engine = engine or best_engine()
        self.placeholders = placeholders
        self._keys = keys
        self._off = off
        self._plans: dict[Level, Plan] = {}
        self._registered = registered
        self._remembered = {level: BoundedCache[str, str](remembered) for level in Level}
        self._rules = tuple(rules)

    def forget(self) -> None:
        """Empty the caches, as after a new secret has been registered."""
        for cache in self._remembered.values():
            cache.clear()

    def remembered(self, level: Level) -> BoundedCache[str, str]:
        """Return the texts that a level leaves as they are."""
        return self._remembered[level]

    def clean(self, text: str, level: Level, *, lines: bool = False) -> str:
        r"""Return the text without what the level hides, and without characters that would forge a log line.

        Args:
            text: any text.
            level: what to hide.
            lines: keep line feeds; otherwise they are written as ``\n``.
        """
        cache = self._remembered[level]
        if (known := cache[text]) is not None:
            return known
        found = self._clean(text, level, 0)
        if "\n" in found:
            return found if lines else on_one_line(found)
        if found == text and len(text) <= _LONGEST_REMEMBERED:
            cache.put(text, text)
        return found

    def clean_trace(self, trace: str, level: Level) -> str:
        """Return a stack trace without what the level hides; no secret is looked for across the line of a frame."""
        result: list[str] = []
        block: list[str] = []
        for line in trace.replace("\r\n", "\n").split("\n"):
            if line.startswith(_FRAME):
                if block:
                    result.append(self.clean("\n".join(block), level, lines=True))
                    block = []
                result.append(self.clean(line, level, lines=True))
            else:
                block.append(line)
        if block:
            result.append(self.clean("\n".join(block), level, lines=True))
        return "\n".join(result)

    def _clean(self, text: str, level: Level, depth: int) -> str:
        sample = Sample(text)
        if sample.raw.translate(None, _VISIBLE):
            sample = Sample(without_controls(text if text.isascii() else without_invisible(text)))
        if self._registered:
            sample = Sample(self._registered.hide(sample.text))
        original = sample
        plan = self._plans.get(level) or self._plan(level)
        for index in plan.gate.opened(sample):
            found = plan.steps[index](sample, original)
            if found is not sample.text:
                sample = Sample(found)
        found = sample.text
        return self._decoded(found, level, depth) if depth < _DEEPEST_ENCODING else found

    def _plan(self, level: Level) -> Plan:
        """Return the plan of a level, made when it is first needed; two threads may both make it, alike."""
        plan = plan_of(self._rules, self._keys, self._assignments, self._off, level, self._engine, self.placeholders)
        self._plans[level] = plan
        return plan

    def _decoded(self, text: str, level: Level, depth: int) -> str:
        """Return the text with the lines decoded in which something shows only once an encoding is undone."""
        pieces: list[str] = []
        done = 0
        for start, end in encoded_lines(text):
            pieces += [text[done:start], self._decoded_line(text[start:end], level, depth)]
            done = end
        return "".join([*pieces, text[done:]]) if pieces else text

    def _decoded_line(self, line: str, level: Level, depth: int) -> str:
        for decode in decoders(line):
            plain = without_controls(without_invisible(decode(line)))
            if plain != line and (found := self._clean(plain, level, depth + 1)) != plain:
                line = found
        return line
