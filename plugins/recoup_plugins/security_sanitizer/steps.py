"""The steps in which a text is sanitized at one level, and the gate that tells which of them a text needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import frozen

from recoup_plugins.security_sanitizer.entries import entries
from recoup_plugins.security_sanitizer.outline import Needs
from recoup_plugins.security_sanitizer.pem import MARK, hide_private_keys
from recoup_plugins.security_sanitizer.runs import stays_in_run, within_runs
from recoup_plugins.security_sanitizer.sample import Sample, octets
from recoup_plugins.security_sanitizer.seed_phrases import SHORT_WORDS, hide_phrases, may_hold_phrase
from recoup_plugins.security_sanitizer.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Collection

    from recoup_plugins.security_sanitizer.assignments import Assignments
    from recoup_plugins.security_sanitizer.engine import Engine, Gate
    from recoup_plugins.security_sanitizer.keys import KeyPolicy
    from recoup_plugins.security_sanitizer.levels import Level
    from recoup_plugins.security_sanitizer.placeholders import Placeholders
    from recoup_plugins.security_sanitizer.rule import Rule

Step = Callable[[Sample, Sample], str]
"""Returns a text, which earlier steps may have changed, without one sort of secret; also given the original text."""


@frozen
class Plan:
    """What applies at one level. Immutable, hence thread-safe and task-safe.

    Attributes:
        gate: opens for the steps that a text needs.
        steps: the steps in their order.
    """

    gate: Gate
    steps: tuple[Step, ...]


def plan_of(
    rules: Collection[Rule],
    keys: KeyPolicy,
    assignments: Assignments,
    off: frozenset[str],
    level: Level,
    engine: Engine,
    placeholders: Placeholders,
) -> Plan:
    """Return the plan of a level, without the steps that stay off."""
    steps: list[tuple[Needs, Step]] = []
    if "pem" not in off:
        steps.append((Needs((octets(MARK.lower()),)), lambda sample, _: hide_private_keys(sample.text, placeholders)))
    if "assignment" not in off:
        steps.append(_names(Suspects(keys, level, engine), assignments, level))
    active = [rule for rule in rules if rule.level <= level and rule.name not in off]
    for rule in sorted(active, key=lambda rule: not rule.beside_name):
        needs = Needs.of(rule.literals, rule.shapes)
        steps.append((needs, _RuleStep(rule, needs, level, engine, placeholders)))
    if "seed_phrase" not in off:
        steps.append((Needs(), _phrases(engine, placeholders)))
    return Plan(engine.gate([needs for needs, _ in steps]), tuple(step for _, step in steps))


def _phrases(engine: Engine, placeholders: Placeholders) -> Step:
    """Return the step that hides seed phrases."""
    short_words = engine.searcher(SHORT_WORDS)

    def step(sample: Sample, _: Sample) -> str:
        text = sample.text
        first = short_words(sample)(0)
        if first is None or not may_hold_phrase(text[first.start() :]):
            return text
        return hide_phrases(text, placeholders)

    return step


def _names(suspects: Suspects, assignments: Assignments, level: Level) -> tuple[Needs, Step]:
    """Return the step that hides the values of sensitive names, in the entries of a log that hold such a name."""

    def step(sample: Sample, _: Sample) -> str:
        text = sample.text
        pieces: list[str] = []
        done = 0
        for start, end in entries(text, suspects.places(sample)):
            pieces += [text[done:start], assignments.apply(text[start:end], level)]
            done = end
        return "".join([*pieces, text[done:]]) if pieces else text

    return Needs(), step


class _RuleStep:
    """Applies a rule. Immutable, hence thread-safe and task-safe.

    A rule takes part where its pattern, literals and shapes are in the original text. That steps before it put a
    placeholder somewhere must not bring in another rule, or the result would hang on how closely a gate looks.
    """

    __slots__ = ("_level", "_needs", "_placeholders", "_rule", "_search")

    def __init__(self, rule: Rule, needs: Needs, level: Level, engine: Engine, placeholders: Placeholders) -> None:
        self._rule = rule
        self._level = level
        self._needs = needs
        self._placeholders = placeholders
        self._search = within_runs(rule.compiled) if stays_in_run(rule.pattern) else engine.searcher(rule.compiled)

    def __call__(self, sample: Sample, original: Sample) -> str:
        found = self._rule.apply(sample.text, self._level, self._search(sample), self._placeholders)
        return found if found is sample.text or self._takes_part(sample, original) else sample.text

    def _takes_part(self, sample: Sample, original: Sample) -> bool:
        if not self._needs.met_by(original):
            return False
        return sample is original or self._rule.compiled.search(original.text) is not None
