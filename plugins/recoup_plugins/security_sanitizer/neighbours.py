"""What the values beside a value say about it: a name before it, after it, or in another member."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.rulings import PLAIN, Ruling, Rulings, name_of
from recoup_plugins.security_sanitizer.values import looks_secret

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME_NAMES: Final = ("name", "key", "header", "field", "k", "parameter")
_LONGEST_NAME: Final = 40
_SHORTEST_UPTURNED: Final = 12
_LONGEST_UPTURNED: Final = 512
_SURELY_RANDOM: Final = 32
"""Characters from which a key in one case is taken for a secret; below, it may be a name such as ``column_12``."""


class Neighbours:
    """Asks one level's rulings about names that are no keys. Thread-safe and task-safe, as those are."""

    __slots__ = ("_rulings",)

    def __init__(self, rulings: Rulings) -> None:
        self._rulings = rulings

    def named(self, name: Any) -> Ruling:
        """Return the ruling on anything that may be a name; that on none for what cannot be asked."""
        if type(name) is ContextVar:
            name = name.name
        try:
            return self._rulings.of(name_of(name))
        except Exception:  # noqa: BLE001 - a key's own class may raise anything while it is looked at
            return PLAIN

    def told(self, get: Callable[[str], Any]) -> Ruling | None:
        """Return the ruling on the name that a mapping such as ``{"name": "api_key", "value": ...}`` carries."""
        for name in _NAME_NAMES:
            ruling = self.named(get(name))
            if ruling.verdict is not None:
                return ruling
        return None

    def pair(self, first: Any, second: Any) -> Ruling:
        """Return the ruling on the second of two by the first."""
        return PLAIN if second is None else self.named(first)

    def upturned(self, value: str, name: str) -> Ruling:
        """Return the ruling on a value that stands before its name, or is its key: ``{"k3yV4lue…": "api_key"}``."""
        if (
            not _SHORTEST_UPTURNED <= len(value) <= _LONGEST_UPTURNED
            or len(name) > _LONGEST_NAME
            or value.isalpha()
            or not any(map(str.isdigit, value))
            or (len(value) < _SURELY_RANDOM and (value.islower() or value.isupper()))
        ):
            return PLAIN
        ruling = self._rulings[name]
        if ruling.verdict is None or ruling.verdict.weak or not name.replace("-", "_").isidentifier():
            return PLAIN
        return ruling if looks_secret(value) and self._rulings[value].verdict is None else PLAIN

    def announced(self, before: str, item: Any) -> Ruling:
        """Return the ruling on an item by the one before it: ``--api-key X``, or a name in a flat list of both."""
        if before[:1] == "-":
            return PLAIN if "=" in before else self._rulings.of(before.lstrip("-"))
        ruling = self._rulings.of(before) if len(before) <= _LONGEST_NAME else PLAIN
        if ruling.verdict is None or ruling.verdict.weak or type(item) is not str:
            return PLAIN
        is_name = item.isidentifier() and item.islower() and self._rulings[item].verdict is not None
        return ruling if looks_secret(item) and any(map(str.isdigit, item)) and not is_name else PLAIN
