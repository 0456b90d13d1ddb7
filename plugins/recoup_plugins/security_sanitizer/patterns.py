"""Judges patterns that come from a configuration: what an attacker's text can make of them is bounded.

Python's engine backtracks. What it may try at one place of a text is at most the product of the choices that the parts
of a pattern leave open, and a pattern with more than :data:`MOST_WAYS` is refused, as is what automaton engines cannot
do at all. The grammar that is accepted is the one on which ``re`` and RE2 agree.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_PATTERN: Final = 1000
"""Characters of a pattern."""

MOST_REPETITIONS: Final = 1000
"""The highest bound of a quantifier, the limit of RE2."""

DEEPEST_NESTING: Final = 20
"""Groups within groups."""

MOST_WAYS: Final = 10_000
"""Ways in which a pattern may match at one place, at most."""

_ESCAPES: Final = frozenset("dDwWsSbBnrtfv")
_QUANTIFIER = re.compile(r"\{(\d{1,9})(?:(,)(\d{0,9}))?\}")
_GROUP = re.compile(r"\((?:\?(?:[is]{0,2}:|P<[A-Za-z_]\w{0,31}>))?", re.ASCII)
_SPECIAL_GROUPS: Final = (
    (("(?=", "(?!", "(?<=", "(?<!"), "a look-around", "match what stands beside the secret and name its group"),
    (("(?P=",), "a back-reference", "write the text out"),
    (("(?>",), "an atomic group", "use (?:...)"),
    (("(?(",), "a conditional group", "make two rules of it"),
    (("(?#",), "a comment", "leave it out"),
)


class PatternRefused(ValueError):
    """A pattern is malformed, or could take more than linear time on some text."""


@frozen
class Judged:
    """What is known of a pattern or a part of it. Immutable, hence thread-safe and task-safe.

    Attributes:
        ways: in how many ways it can match at one place, at most.
        shortest: characters of its shortest match.
    """

    ways: int = 1
    shortest: int = 0


def judge_pattern(pattern: str) -> dict[int, Judged]:
    """Return what is known of each group of a pattern, 0 being the whole.

    Raises:
        PatternRefused: it is too long, malformed, can match nothing at all, or has a look-around, a back-reference, an
            unbounded or nested quantifier, or too many ways to match; the message says where and what to do.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise PatternRefused(f"has {len(pattern)} characters; at most {LONGEST_PATTERN}, so make two rules of it")
    reader = _Reader(pattern)
    groups = reader.read()
    for engine in _engines():
        if (reason := engine(pattern)) is not None:
            raise PatternRefused(f"is no regular expression: {reason}")
    if groups[0].shortest == 0:
        raise PatternRefused("can match nothing at all; have it match one character at least")
    return groups


@define
class _Reader:
    """Reads one pattern from left to right. Not thread-safe: made for one reading."""

    pattern: str
    at: int = 0
    groups: dict[int, Judged] = field(factory=dict)
    opened: int = 0
    depth: int = 0

    def read(self) -> dict[int, Judged]:
        whole = self._alternatives()
        if self.at < len(self.pattern):
            raise self._refused("a ')' that closes nothing", "escape it as \\)")
        self.groups[0] = whole
        return self.groups

    def _alternatives(self) -> Judged:
        found = self._sequence()
        while self._take("|"):
            other = self._sequence()
            found = Judged(self._affordable(found.ways + other.ways), min(found.shortest, other.shortest))
        return found

    def _sequence(self) -> Judged:
        ways, shortest = 1, 0
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            start = self.at
            item = self._quantified(self._item(), start)
            ways = self._affordable(ways * item.ways)
            shortest += item.shortest
        return Judged(ways, shortest)

    def _item(self) -> Judged:
        char = self.pattern[self.at]
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        if char in "*+?{":
            raise self._refused(f"a {char!r} with nothing before it to repeat", f"escape it as \\{char}")
        if char == "$":
            raise self._refused("a '$', which engines read differently", "leave it out, or write \\$ for the character")
        self.at += 1
        return Judged(shortest=int(char != "^"))

    def _group(self) -> Judged:
        start = self.at
        for openings, what, remedy in _SPECIAL_GROUPS:
            if self.pattern.startswith(openings, start):
                raise self._refused(what, remedy)
        opening = _GROUP.match(self.pattern, start)
        if opening is None or (opening.group() == "(" and self.pattern.startswith("(?", start)):
            raise self._refused("a group of an unknown kind", "use (...), (?:...), (?i:...) or (?P<name>...)")
        number = 0
        if opening.group() == "(" or opening.group().startswith("(?P"):
            self.opened += 1
            number = self.opened
        if self.depth >= DEEPEST_NESTING:
            raise self._refused(f"more than {DEEPEST_NESTING} groups within each other", "flatten them")
        self.at = opening.end()
        self.depth += 1
        found = self._alternatives()
        self.depth -= 1
        if not self._take(")"):
            self.at = start
            raise self._refused("a group that is not closed", "close it with ')'")
        if number:
            self.groups[number] = found
        return found

    def _class(self) -> Judged:
        start = self.at
        self.at += 1
        self._take("^")
        first = True
        while self.at < len(self.pattern) and (first or self.pattern[self.at] != "]"):
            if self.pattern[self.at] == "[":
                raise self._refused("a '[' within a class, which engines read differently", "write it as \\[")
            if self.pattern[self.at] == "\\":
                self._escape(within_class=True)
            else:
                self.at += 1
            first = False
        if not self._take("]"):
            self.at = start
            raise self._refused("a class that is not closed", "close it with ']'")
        return Judged(shortest=1)

    def _escape(self, *, within_class: bool = False) -> Judged:
        char = self.pattern[self.at + 1 : self.at + 2]
        if char.isdigit() and not within_class:
            raise self._refused("a back-reference", "write the text out")
        is_punctuation = char.isascii() and char.isprintable() and not char.isalnum() and char != ""
        is_place = char in ("b", "B")
        if not is_punctuation and (char not in _ESCAPES or (within_class and is_place)):
            raise self._refused(f"the escape \\{char}, which engines read differently", "write the character itself")
        self.at += 2
        return Judged(shortest=int(not is_place))

    def _quantified(self, item: Judged, start: int) -> Judged:
        place = self.at
        if place >= len(self.pattern) or self.pattern[place] not in "*+?{":
            return item
        least, most = self._bounds()
        self._take("?")
        if self.at < len(self.pattern) and self.pattern[self.at] in "*+?{":
            raise self._refused("a quantifier right after another", "leave one of them out")
        if most > 1 and item.ways > 1:
            self.at = start
            raise self._refused("a quantifier around a choice or another quantifier", "write the repetition out")
        ways = most - least + 1 if item.ways == 1 else item.ways + (least == 0)
        return Judged(self._affordable(ways), item.shortest * least)

    def _bounds(self) -> tuple[int, int]:
        char = self.pattern[self.at]
        if char == "?":
            self.at += 1
            return 0, 1
        if char in "*+":
            raise self._refused(
                f"an unbounded quantifier {char!r}", f"give it bounds, such as {{{int(char == '+')},64}}"
            )
        found = _QUANTIFIER.match(self.pattern, self.at)
        if found is None:
            raise self._refused("a '{' that is no quantifier", "write {1,64}, or escape it as \\{")
        if found.group(2) and not found.group(3):
            raise self._refused(
                f"an unbounded quantifier {found.group()!r}", f"give it bounds, such as {{{found.group(1)},64}}"
            )
        least, most = int(found.group(1)), int(found.group(3) or found.group(1))
        if not least <= most or not 1 <= most <= MOST_REPETITIONS:
            raise self._refused(
                f"the quantifier {found.group()!r}", f"let it run upwards, to {MOST_REPETITIONS} at most"
            )
        self.at = found.end()
        return least, most

    def _affordable(self, ways: int) -> int:
        if ways > MOST_WAYS:
            raise PatternRefused(
                f"has up to character {self.at} more than {MOST_WAYS} ways to match at one place; narrow the bounds of "
                "its quantifiers, or make two rules of it"
            )
        return ways

    def _take(self, char: str) -> bool:
        if not self.pattern.startswith(char, self.at):
            return False
        self.at += 1
        return True

    def _refused(self, what: str, remedy: str) -> PatternRefused:
        return PatternRefused(f"holds {what} at character {self.at + 1}; {remedy}")


@cache
def _engines() -> tuple[Callable[[str], str | None], ...]:
    """Return, for each engine that is installed, what says why it refuses a pattern."""
    return (_refused_by_re, _refused_by_re2) if find_spec("re2") is not None else (_refused_by_re,)


def _refused_by_re(pattern: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(pattern, re.ASCII)
        except (re.error, FutureWarning, OverflowError, RecursionError) as failure:
            return str(failure)
    return None


def _refused_by_re2(pattern: str) -> str | None:
    re2: Any = import_module("re2")
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options=options)
    except re2.error as failure:
        reason = failure.args[0] if failure.args else "no"
        return f"RE2 says {reason.decode('utf-8', 'replace') if isinstance(reason, bytes) else reason}"
    return None
