"""The steps in which a text is sanitized at one level, and the gate that tells which of them a text needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from attrs import frozen

from recoup_plugins.security_sanitizer.named_values import NamedValues
from recoup_plugins.security_sanitizer.outline import Needs
from recoup_plugins.security_sanitizer.pem import MARK, hide_private_keys
from recoup_plugins.security_sanitizer.phrase_step import PhraseStep
from recoup_plugins.security_sanitizer.rule import compiled
from recoup_plugins.security_sanitizer.runs import within_runs
from recoup_plugins.security_sanitizer.sample import Sample, octets
from recoup_plugins.security_sanitizer.surroundings import Surroundings
from recoup_plugins.security_sanitizer.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from recoup_plugins.security_sanitizer.assignments import Assignments
    from recoup_plugins.security_sanitizer.engine import Engine, Gate
    from recoup_plugins.security_sanitizer.keys import KeyPolicy
    from recoup_plugins.security_sanitizer.levels import Level
    from recoup_plugins.security_sanitizer.placeholders import Placeholders
    from recoup_plugins.security_sanitizer.rule import Rule, Search
    from recoup_plugins.security_sanitizer.screening import Joined

_ANCHORED: Final = re.compile(r"\\[AZ]|(?<![\\\[])[\^$]|\(\?[=!<]")


class Step(Protocol):
    """Hides one sort of secret. Implementations are immutable, hence thread-safe and task-safe."""

    @property
    def follows(self) -> bool:
        """Whether what earlier steps changed may give it something to hide that the original text did not have."""
        ...

    def __call__(self, sample: Sample, original: Sample, /) -> str:
        """Return a text, which earlier steps may have changed, without one sort of secret."""
        ...

    def hits(self, joined: Joined) -> Iterator[tuple[int, str]]:
        """Yield the numbers of at least those texts that it may change, each with the text as it leaves it.

        A text that it leaves as it is may still be changed by it once another step has been there.
        """
        ...


@frozen
class Plan:
    """What applies at one level. Immutable, hence thread-safe and task-safe.

    Attributes:
        gate: opens for the steps that a text needs.
        steps: the steps in their order.
    """

    gate: Gate
    steps: tuple[Step, ...]

    def applied(self, sample: Sample) -> Sample:
        """Return a text as the steps that it needs leave it."""
        return self._applied(sample, sample, self.gate.opened(sample))

    def changed(self, joined: Joined) -> dict[int, Sample]:
        """Return, by their numbers, those of many texts that a step changes, as all that they need leave them."""
        touched: dict[int, list[int]] = {}
        first: dict[int, tuple[int, str]] = {}
        for index in self.gate.opened(joined.sample):
            for number, found in self.steps[index].hits(joined):
                touched.setdefault(number, []).append(index)
                if found is not joined.texts[number]:
                    first.setdefault(number, (index, found))
        follow = [index for index, step in enumerate(self.steps) if step.follows] if first else []
        changed = {}
        for number, (index, found) in first.items():
            later = sorted(step for step in {*touched[number], *follow} if step > index)
            changed[number] = self._applied(Sample(found), Sample(joined.texts[number]), later)
        return changed

    def _applied(self, sample: Sample, original: Sample, steps: Iterable[int]) -> Sample:
        for index in steps:
            found = self.steps[index](sample, original)
            if found is not sample.text:
                sample = Sample(found)
        return sample


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
        steps.append((Needs((_PrivateKeys.mark,)), _PrivateKeys(placeholders)))
    if "assignment" not in off:
        suspects = Suspects(keys, level, engine)
        surroundings = Surroundings(engine, suspects.goes_on)
        steps.append((Needs(), NamedValues(suspects, surroundings, assignments, level)))
    if "seed_phrase" not in off:  # before the rules, one of which may take the number of a word for an amount
        steps.append((Needs(), PhraseStep(placeholders)))
    active = [rule for rule in rules if rule.level <= level and rule.name not in off]
    for rule in sorted(active, key=lambda rule: not rule.beside_name):
        needs = Needs.of(rule)
        steps.append((needs, _RuleStep(rule, needs, level, engine, placeholders)))
    return Plan(engine.gate([needs for needs, _ in steps]), tuple(step for _, step in steps))


class _PrivateKeys:
    """Hides private keys in PEM armour. Immutable, hence thread-safe and task-safe."""

    __slots__ = ("_placeholders",)
    follows = True
    mark = octets(MARK.lower())

    def __init__(self, placeholders: Placeholders) -> None:
        self._placeholders = placeholders

    def __call__(self, sample: Sample, _: Sample) -> str:
        return hide_private_keys(sample.text, self._placeholders)

    def hits(self, joined: Joined) -> Iterator[tuple[int, str]]:
        lowered = joined.sample.lowered
        place = lowered.find(self.mark)
        while place >= 0:
            number = joined.at(place)
            yield number, hide_private_keys(joined.texts[number], self._placeholders)
            place = lowered.find(self.mark, joined.after(number))


class _RuleStep:
    """Applies a rule. Immutable, hence thread-safe and task-safe.

    A rule takes part where its sketch, literals and shapes are in the original text. That steps before it put a
    placeholder somewhere must not bring in another rule, or the result would hang on how closely a gate looks.

    The search is made when it is first needed, since most never are; two threads may both make it, alike.
    """

    __slots__ = ("_engine", "_is_anchored", "_level", "_needs", "_placeholders", "_prepare", "_rule")
    follows = False

    def __init__(self, rule: Rule, needs: Needs, level: Level, engine: Engine, placeholders: Placeholders) -> None:
        self._rule = rule
        self._level = level
        self._needs = needs
        self._placeholders = placeholders
        self._is_anchored = _ANCHORED.search(rule.pattern) is not None
        self._engine = engine
        self._prepare: Callable[[Sample], Search] | None = None

    def __call__(self, sample: Sample, original: Sample) -> str:
        found = self._rule.apply(sample.text, self._level, self._search(sample), self._placeholders)
        return found if found is sample.text or self._takes_part(sample, original) else sample.text

    def hits(self, joined: Joined) -> Iterator[tuple[int, str]]:
        rule, texts = self._rule, joined.texts
        if self._is_anchored:
            numbers = iter([number for number, text in enumerate(texts) if rule.compiled.search(text) is not None])
        else:
            numbers = joined.hit(self._search(joined.sample))
        for number in numbers:
            text = texts[number]
            found = rule.apply(text, self._level, placeholders=self._placeholders)
            sample = Sample(text) if found is not text else None
            yield number, text if sample is None or not self._takes_part(sample, sample) else found

    def _search(self, sample: Sample) -> Search:
        if (prepare := self._prepare) is None:
            rule = self._rule
            prepare = within_runs(rule.compiled) if self._needs.in_run else self._engine.searcher(rule.compiled)
            self._prepare = prepare
        return prepare(sample)

    def _takes_part(self, sample: Sample, original: Sample) -> bool:
        if not self._needs.met_by(original):
            return False
        if sample is original and not self._rule.sketch:
            return True
        search = compiled(self._needs.pattern).search
        if self._needs.in_run:
            return any(search(original.text, start, end) for start, end in original.runs)
        return search(original.text) is not None
