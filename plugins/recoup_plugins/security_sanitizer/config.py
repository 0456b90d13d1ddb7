"""The plugin's section of the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - cattrs resolves the annotations
from typing import Any, Final

from attrs import Attribute, field, frozen
from attrs.validators import deep_iterable, deep_mapping, ge, gt, instance_of, max_len

from recoup import SensitivityLevel
from recoup_plugins.security_sanitizer.patterns import judge_pattern
from recoup_plugins.security_sanitizer.placeholders import PSEUDONYM_KINDS, check_key, check_kinds

MOST_RULES: Final = 200
"""Rules that a configuration may add."""

MOST_NAMES: Final = 1000
"""Names that a configuration may add, and as many that it may allow."""

_RULE_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_KIND = re.compile(r"[A-Z][A-Z_]{1,31}")
_LONGEST_LITERAL: Final = 64


def _check_rule_name(_: object, __: Attribute[str], value: str) -> None:
    if not _RULE_NAME.fullmatch(value):
        raise ValueError("'name' must be lower-case letters, digits and underscores, such as desk_code")


def _check_kind(_: object, __: Attribute[str], value: str) -> None:
    if not _KIND.fullmatch(value):
        raise ValueError("'kind' must be 2 to 32 capital letters and underscores, such as DESK_CODE")


def _check_pattern(_: object, __: Attribute[str], value: str) -> None:
    judge_pattern(value)


def _check_literals(_: object, __: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    for literal in value:
        is_word = 0 < len(literal) <= _LONGEST_LITERAL and not any(map(str.isspace, literal))
        if not is_word or literal != literal.lower():
            raise ValueError(f"'literals' must be in lower case, without spaces, of 1 to {_LONGEST_LITERAL} characters")


def _check_key(_: object, __: Attribute[Any], value: Any) -> None:
    if value is not None:
        check_key(value)


def _check_pseudonym_kinds(_: object, __: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    check_kinds(value)


@frozen(kw_only=True)
class RuleConfig:
    """A rule of the deployment's own. Immutable, hence thread-safe and task-safe.

    Attributes:
        name: what ``off_rules`` calls it; that of a built-in rule replaces the rule.
        kind: what stands in the secret's place, for example ``DESK_CODE``.
        level: the lowest level at which it applies.
        pattern: a regular expression that finds it, with classes of ASCII characters; every quantifier bounded, none
            inside another, no look-around and no back-reference.
        literals: texts in lower case of which a text must hold one, or the pattern is not tried. Empty: no condition.
        group: the group that holds the secret; 0 for the whole match.
    """

    name: str = field(validator=[instance_of(str), _check_rule_name])
    kind: str = field(validator=[instance_of(str), _check_kind])
    level: SensitivityLevel = SensitivityLevel.LOW
    pattern: str = field(validator=[instance_of(str), _check_pattern])
    literals: tuple[str, ...] = field(default=(), validator=[deep_iterable(instance_of(str)), _check_literals])
    group: int = field(default=0, validator=[instance_of(int), ge(0)])

    def __attrs_post_init__(self) -> None:
        groups = judge_pattern(self.pattern)
        if self.group not in groups:
            raise ValueError(f"group: the pattern of rule {self.name!r} has {len(groups) - 1} groups, not {self.group}")
        if groups[self.group].shortest == 0:
            raise ValueError(f"group: group {self.group} of rule {self.name!r} can match nothing at all")


@frozen(kw_only=True)
class NameConfig:
    """What a name of the deployment's own says about its value. Immutable, hence thread-safe and task-safe.

    Attributes:
        kind: what stands in the value's place, for example ``DESK_CODE``.
        level: the lowest level at which the value is hidden.
    """

    kind: str = field(validator=[instance_of(str), _check_kind])
    level: SensitivityLevel = SensitivityLevel.LOW


_names = deep_iterable(instance_of(str))


@frozen(kw_only=True)
class SanitizerConfig:
    """Settings of the security sanitizer. Immutable, hence thread-safe and task-safe.

    Attributes:
        secrets: values that are removed wherever they turn up; at least 4 characters each.
        secrets_from_environment: also remove the values of environment variables that are named like credentials.
        secrets_from_config: also remove what stands under a credential's name in any plugin's section.
        rules: rules of the deployment's own; one with the name of a built-in rule replaces it.
        off_rules: names of rules that stay off.
        names: names of the deployment's own, whose values are hidden; case and separators play no part.
        allow: names whose values are never hidden for the name's sake.
        pseudonyms: give the placeholders of some kinds a tag that is the same wherever the same value stood.
        pseudonym_key: what the tags are keyed with, at least 16 characters; None: random, for one process.
        pseudonym_kinds: the kinds that get tags.
        max_depth: levels of nesting that are looked at.
        max_items: members of containers that are looked at, over a whole payload.
        max_bytes: characters of text that are looked at, over a whole payload.
        max_seconds: time that a payload may take; once it is up, the rest is cut.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False, validator=_names)
    secrets_from_environment: bool = field(default=True, validator=instance_of(bool))
    secrets_from_config: bool = field(default=True, validator=instance_of(bool))
    rules: tuple[RuleConfig, ...] = field(
        default=(), validator=[max_len(MOST_RULES), deep_iterable(instance_of(RuleConfig))]
    )
    off_rules: tuple[str, ...] = field(default=(), validator=_names)
    names: Mapping[str, NameConfig] = field(
        factory=dict, validator=[max_len(MOST_NAMES), deep_mapping(instance_of(str), instance_of(NameConfig))]
    )
    allow: tuple[str, ...] = field(default=(), validator=[max_len(MOST_NAMES), _names])
    pseudonyms: bool = field(default=False, validator=instance_of(bool))
    pseudonym_key: str | None = field(default=None, repr=False, validator=_check_key)
    pseudonym_kinds: tuple[str, ...] = field(
        default=PSEUDONYM_KINDS, validator=[deep_iterable(instance_of(str)), _check_pseudonym_kinds]
    )
    max_depth: int = field(default=24, validator=[instance_of(int), ge(1)])
    max_items: int = field(default=10_000, validator=[instance_of(int), ge(1)])
    max_bytes: int = field(default=262_144, validator=[instance_of(int), ge(64)])
    max_seconds: float = field(default=2.0, validator=[instance_of(int | float), gt(0)])

    def __attrs_post_init__(self) -> None:
        given = [rule.name for rule in self.rules]
        twice = sorted({name for name in given if given.count(name) > 1})
        if twice:
            raise ValueError(f"rules: the name {twice[0]!r} is given twice; rename one of them")
