"""What the values beside a value say about it: a name before it, after it, or in another member."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.rulings import PLAIN, Ruling, Rulings, name_of, names_nothing
from recoup_plugins.security_sanitizer.values import SYMBOLS, looks_random, looks_secret

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME_NAMES: Final = (
    *("name", "key", "header", "field", "k", "n", "parameter", "id", "variable", "option", "setting", "attribute"),
    *("property", "label", "param", "column", "path", "title", "item", "env", "var"),
)
_NAME_SPELLINGS: Final = (*_NAME_NAMES, *(name.capitalize() for name in _NAME_NAMES), *map(str.upper, _NAME_NAMES))
NAMING: Final = frozenset([*_NAME_SPELLINGS, "type"])
"""Names of members that may say what another member is."""

_FIELD_TYPES: Final = frozenset(["password", "passphrase"])
"""Types of an input field by which it is known what it holds: ``{"type": "password", "value": ...}``."""

_SHORTEST_PASSWORD: Final = 6
_SHORT_OPTIONS: Final = ("-p", "-P")
_LOGIN_OPTIONS: Final = ("-u", "-U", "-a", "--user", "--auth", "--proxy-user", "--userpwd")
FIX_PASSWORDS: Final = frozenset(["554", "925", b"554", b"925", 554, 925])
_MOST_PARTS: Final = 8
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

    def keyed(self, key: Any) -> Ruling:
        """Return the ruling on the key of a mapping; of a tuple, that on the first part that says anything."""
        if type(key) is not tuple:
            return self.named(key)
        rulings = [self._rulings.of(part) for part in key[:_MOST_PARTS] if type(part) is str]
        return next((ruling for ruling in rulings if ruling.verdict is not None), PLAIN)

    def told(self, get: Callable[[str], Any]) -> Ruling | None:
        """Return the ruling on the name that a mapping such as ``{"name": "api_key", "value": ...}`` carries."""
        for name in _NAME_SPELLINGS:
            told = get(name)
            if told is not None and (ruling := self.named(told)).verdict is not None:
                return ruling
        declared = get("type")
        return self._rulings[declared] if type(declared) is str and declared.lower() in _FIELD_TYPES else None

    def pair(self, first: Any, second: Any) -> Ruling:
        """Return the ruling on the second of two by the first."""
        if second is None or (type(first) is str and first[:1] == "["):  # a placeholder names nothing
            return PLAIN
        return self._rulings["password"] if is_fix_password(first, second) else self.named(first)

    def upturned(self, value: str, name: str) -> Ruling:
        """Return the ruling on a value that stands before its name, or is its key: ``{"k3yV4lue…": "api_key"}``."""
        if len(name) > _LONGEST_NAME or not may_be_upturned(value):
            return PLAIN
        ruling = self._rulings[name]
        if ruling.verdict is None or ruling.verdict.weak or not name.replace("-", "_").isidentifier():
            return PLAIN
        return ruling if looks_secret(value) and self._rulings[value].verdict is None else PLAIN

    def announced(self, before: str, item: Any) -> Ruling:
        """Return the ruling on an item by the one before it: ``--api-key X``, or a name in a flat list of both."""
        if before[:1] == "-":
            return self._of_option(before, item)
        if type(item) is not str or " " in item or len(before) > _LONGEST_NAME or before[:1] == "[":
            return PLAIN
        if names_nothing(before) or not any(map(str.isdigit, item)) or not looks_secret(item):  # cheaper than a ruling
            return PLAIN
        ruling = self._rulings[before]
        if ruling.verdict is None or ruling.verdict.weak:
            return PLAIN
        is_name = item.isidentifier() and item.islower() and self._rulings[item].verdict is not None
        return PLAIN if is_name else ruling

    def _of_option(self, option: str, item: Any) -> Ruling:
        """Return the ruling on the argument of an option, which one letter may name."""
        if option in _SHORT_OPTIONS and type(item) is str and not SYMBOLS.isdisjoint(item) and looks_random(item):
            return self._rulings["password"]
        if option in _LOGIN_OPTIONS and type(item) is str and _is_login(item):
            return self._rulings["credentials"]
        return PLAIN if "=" in option else self._rulings.of(option.lstrip("-"))


def _is_login(item: str) -> bool:
    """Tell whether an argument is a user with his password; numbers are those of a user and his group."""
    user, colon, password = item.partition(":")
    return bool(user and colon) and any(map(str.isdigit, password)) and looks_secret(password)


def is_fix_password(tag: object, value: object) -> bool:
    """Tell whether a field of a FIX message is a password: by the number of its tag, and letters in its value."""
    if type(tag) not in (str, bytes, int) or tag not in FIX_PASSWORDS:
        return False
    text = value.decode("latin-1") if type(value) is bytes else value
    return type(text) is str and len(text) >= _SHORTEST_PASSWORD and any(map(str.isalpha, text))


def may_be_upturned(value: str) -> bool:
    """Tell whether a value is such that its name may stand behind it."""
    return (
        _SHORTEST_UPTURNED <= len(value) <= _LONGEST_UPTURNED
        and not value.isalpha()
        and any(map(str.isdigit, value))
        and (len(value) >= _SURELY_RANDOM or not (value.islower() or value.isupper()))
    )
