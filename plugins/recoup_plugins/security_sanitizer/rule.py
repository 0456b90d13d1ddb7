"""What a rule that finds secrets by their shape consists of."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial

from attrs import frozen

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.placeholders import PLAIN, Placeholders, is_in_tag

Search = Callable[[int], re.Match[str] | None]
"""Finds the first match of a pattern in one text from a place on."""

Locate = Callable[[re.Match[str]], tuple[int, int] | None]
Render = Callable[[re.Match[str], Level], str]


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a rule's pattern, compiled when it is first needed, since most never are."""
    return re.compile(pattern, re.ASCII)


@frozen(kw_only=True)
class Rule:
    """One shape of a secret, as data. Immutable, hence thread-safe and task-safe.

    Patterns keep to what automaton engines share with ``re``: no look-around, no back-references, no possessive
    quantifiers, every quantifier bounded and none inside another. What a pattern cannot say, ``locate`` says.

    Attributes:
        name: what a deployment calls the rule in ``off_rules``.
        kind: the placeholder that takes the secret's place, for example ``API_KEY``.
        level: the lowest level at which the rule applies.
        pattern: the regular expression, compiled for ASCII classes.
        literals: lower-case strings of which the text must hold one, or the pattern is not tried. Empty: no condition.
        shapes: outlines of which the text must hold one. In an outline ``0`` stands for a digit and ``a`` for a
            letter or underscore, ``x`` for either; other characters stand for themselves. Empty: no condition.
        sketch: a pattern that matches in each text in which this rule finds something, for rules whose own pattern
            also matches ordinary text. Empty: the pattern.
        beside_name: the pattern begins with a sensitive name, and is tried only where one stands before a value.
        group: the group that holds the secret; 0 for the whole match.
        locate: gives where in a match the secret stands, or None when it is none, for example by its check digits.
        render: makes the replacement where it is more than ``[kind]``.
    """

    name: str
    kind: str
    level: Level
    pattern: str
    literals: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    sketch: str = ""
    beside_name: bool = False
    group: int = 0
    locate: Locate | None = None
    render: Render | None = None

    @property
    def compiled(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return compiled(self.pattern)

    def apply(self, text: str, level: Level, search: Search | None = None, placeholders: Placeholders = PLAIN) -> str:
        """Return the text with every confirmed match replaced; after a rejected one, the next place is tried.

        Args:
            text: any text.
            level: what to hide, for rules whose placeholder depends on it.
            search: finds the pattern's matches in this text; an engine may do that faster than ``re``.
            placeholders: makes what takes a secret's place, for rules without ``render``.
        """
        search = search or partial(self.compiled.search, text)
        pieces: list[str] = []
        done = at = 0
        while (match := search(at)) is not None:
            span = match.span(self.group) if self.locate is None else self.locate(match)
            if span is None or span[0] < done or is_in_tag(text, *span):
                at = match.start() + 1
                continue
            pieces.append(text[done : span[0]])
            if self.render is not None:
                pieces.append(self.render(match, level))
            else:
                pieces.append(placeholders.of(self.kind, text[span[0] : span[1]]))
            done = at = max(span[1], match.start() + 1)
        if not pieces:
            return text
        pieces.append(text[done:])
        return "".join(pieces)


def stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether no letter, digit or underscore touches the span on either side."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (before.isalnum() or before == "_" or after.isalnum() or after == "_")


def accepted(check: Callable[[str], object], group: int = 1) -> Locate:
    """Return a ``locate`` for one group of a match, whose text must pass the check."""

    def locate(match: re.Match[str]) -> tuple[int, int] | None:
        return match.span(group) if check(match.group(group)) else None

    return locate


def confirmed(check: Callable[[str], object]) -> Locate:
    """Return a ``locate`` for whole matches that stand alone and whose text passes the check."""

    def locate(match: re.Match[str]) -> tuple[int, int] | None:
        start, end = match.span()
        return (start, end) if stands_alone(match.string, start, end) and check(match.group()) else None

    return locate
