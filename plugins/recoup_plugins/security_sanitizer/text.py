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
from recoup_plugins.security_sanitizer.screening import Joined
from recoup_plugins.security_sanitizer.steps import plan_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from recoup_plugins.security_sanitizer.engine import Engine
    from recoup_plugins.security_sanitizer.keys import KeyPolicy
    from recoup_plugins.security_sanitizer.registered import RegisteredValues
    from recoup_plugins.security_sanitizer.rule import Rule
    from recoup_plugins.security_sanitizer.rulings import Ruling
    from recoup_plugins.security_sanitizer.steps import Plan

_LONGEST_REMEMBERED: Final = 512
_LONGEST_OF_LINES: Final = 4096
_MOST_OF_LINES: Final = 256
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
        "_lines",
        "_off",
        "_plans",
        "_registered",
        "_remembered",
        "_rules",
        "_settled",
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
        self._lines = {level: BoundedCache[str, str](_MOST_OF_LINES) for level in Level}
        self._remembered = {level: BoundedCache[str, str](remembered) for level in Level}
        self._rules = tuple(rules)
        self._settled: dict[Level, BoundedCache[str, Ruling]] = {level: BoundedCache(remembered) for level in Level}

    def forget(self) -> None:
        """Empty the caches, as after a new secret has been registered."""
        for level in Level:
            self._lines[level].clear()
            self._remembered[level].clear()
            self._settled[level].clear()

    def remembered(self, level: Level) -> BoundedCache[str, str]:
        """Return the texts of one line that a level leaves as they are."""
        return self._remembered[level]

    def settled(self, level: Level) -> BoundedCache[str, Ruling]:
        """Return the members' names that a level leaves as they are, with the rulings on them."""
        return self._settled[level]

    def clean(self, text: str, level: Level, *, lines: bool = False) -> str:
        r"""Return the text without what the level hides, and without characters that would forge a log line.

        Args:
            text: any text.
            level: what to hide.
            lines: keep line feeds; otherwise they are written as ``\n``.
        """
        cache, longest = self._cache(text, level)
        found = cache[text]
        if found is None:
            generation = self._registered.generation
            found = self._clean(text, level, 0)
            if found == text and len(text) <= longest:
                cache.put(text, text)
                if generation != self._registered.generation:  # a secret that it may hold has been registered since
                    cache.clear()
        return found if lines else on_one_line(found)

    def _cache(self, text: str, level: Level) -> tuple[BoundedCache[str, str], int]:
        """Return where a text is remembered, and how long it may be; one of many lines may be a stack trace."""
        if "\n" in text:
            return self._lines[level], _LONGEST_OF_LINES
        return self._remembered[level], _LONGEST_REMEMBERED

    def screened(self, texts: Sequence[str], level: Level) -> dict[str, str]:
        """Return what ``clean`` makes of each of many texts, with their lines; some, which need more, are left out."""
        generation = self._registered.generation
        lines = self._lines[level]
        screened = {text: text for text in texts if "\n" in text and lines[text] is not None}
        texts = [text for text in texts if text not in screened and _is_visible(text)]
        if self._registered and self._registered.may_hold(texts):
            texts = [text for text in texts if not self._registered.spans(text)]
        if not texts:
            return screened
        joined = Joined(texts)
        plan = self._plans.get(level) or self._plan(level)
        screened |= {text: text for text in texts}
        screened |= {texts[number]: self._decoded(found, level, 0) for number, found in plan.changed(joined).items()}
        for start, _ in encoded_lines(joined.sample):
            screened.pop(texts[joined.at(start)], None)
        if generation == self._registered.generation:
            unchanged = [text for text, found in screened.items() if found == text]
            single = (text for text in unchanged if len(text) <= _LONGEST_REMEMBERED and "\n" not in text)
            self._remembered[level].keep({text: text for text in single})
            several = (text for text in unchanged if len(text) <= _LONGEST_OF_LINES and "\n" in text)
            lines.keep({text: text for text in several})
        return screened

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
        if self._registered and (hidden := self._registered.hide(sample.text)) is not sample.text:
            sample = Sample(hidden)
        plan = self._plans.get(level) or self._plan(level)
        found = plan.applied(sample)
        return self._decoded(found, level, depth) if depth < _DEEPEST_ENCODING else found.text

    def _plan(self, level: Level) -> Plan:
        """Return the plan of a level, made when it is first needed; two threads may both make it, alike."""
        plan = plan_of(self._rules, self._keys, self._assignments, self._off, level, self._engine, self.placeholders)
        self._plans[level] = plan
        return plan

    def _decoded(self, sample: Sample, level: Level, depth: int) -> str:
        """Return the text with the lines decoded in which something shows only once an encoding is undone."""
        text = sample.text
        pieces: list[str] = []
        done = 0
        for start, end in encoded_lines(sample):
            pieces += [text[done:start], self._decoded_line(text[start:end], level, depth)]
            done = end
        return "".join([*pieces, text[done:]]) if pieces else text

    def _decoded_line(self, line: str, level: Level, depth: int) -> str:
        for decode in decoders(line):
            plain = without_controls(without_invisible(decode(line)))
            if plain != line and (found := self._clean(plain, level, depth + 1)) != plain:
                line = found
        return line


def _is_visible(text: str) -> bool:
    """Tell whether a text has nothing but printable ASCII characters, tabs and line feeds."""
    return text.isascii() and (text.isprintable() or not text.encode("ascii").translate(None, _VISIBLE))
