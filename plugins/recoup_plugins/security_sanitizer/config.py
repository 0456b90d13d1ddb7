"""The plugin's section of the configuration."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import deep_iterable, ge, instance_of


@frozen(kw_only=True)
class SanitizerConfig:
    """Settings of the security sanitizer. Immutable, hence thread-safe and task-safe.

    Attributes:
        secrets: values that are removed wherever they turn up; at least 4 characters each.
        off_rules: names of rules that stay off.
        max_depth: levels of nesting that are looked at.
        max_items: members of containers that are looked at, over a whole payload.
        max_bytes: characters of text that are looked at, over a whole payload.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False, validator=deep_iterable(instance_of(str)))
    off_rules: tuple[str, ...] = field(default=(), validator=deep_iterable(instance_of(str)))
    max_depth: int = field(default=24, validator=[instance_of(int), ge(1)])
    max_items: int = field(default=10_000, validator=[instance_of(int), ge(1)])
    max_bytes: int = field(default=262_144, validator=[instance_of(int), ge(64)])
