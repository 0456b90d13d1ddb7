"""Collects the secrets that an application already holds: in its configuration and in its environment.

A value counts where its name is that of a credential (as ``KeyPolicy`` judges it, at level LOW) and where it can be
told from ordinary text, so that removing it everywhere blanks nothing else. Not collected are therefore

- values of fewer than 8 characters, and numbers of fewer than 10 digits;
- placeholders, references such as ``${API_KEY}``, ``true``, ``none`` and the like;
- one or more ordinary words: letters of one case, or capitalised, joined by ``-``, ``_``, ``.`` or spaces;
- host names, paths of files, e-mail addresses, and URLs, of which only the password and sensitive parameters count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rulings import name_of
from recoup_plugins.security_sanitizer.values import is_placeholder, looks_like

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.security_sanitizer.keys import KeyPolicy

SHORTEST_COLLECTED: Final = 8
"""Characters below which a value is not collected."""

LONGEST_COLLECTED: Final = 16_384
"""Characters above which a value is not collected: no credential is that long."""

_MOST_MEMBERS: Final = 10_000
_DEEPEST: Final = 16
_SHORTEST_NUMBER: Final = 10
_LONGEST_WORD: Final = 15
_ORDINARY_WORDS = re.compile(r"(?:[A-Z]?[a-z]{0,24}|[A-Z]{1,24})(?:[ ._-](?:[A-Z]?[a-z]{0,24}|[A-Z]{1,24})){0,16}")
_HOST = re.compile(
    r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}\.[a-z]{2,24}(?::\d{1,5})?\.?|[a-z-]{1,63}:\d{1,5}|[\d.]{7,15}(?::\d{1,5})?",
    re.ASCII,
)
_PATH = re.compile(r"(?:[A-Za-z]:\\|~?/|\.{1,2}/|file:)[^\n]{0,4096}")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_REFERENCE = re.compile(r"(?:\$|%|env:|vault:|secret:|ref\+|arn:|op://|\{\{|<)[^\n]{0,512}")
_BETWEEN_VALUES = re.compile(r"[,;\s]{1,8}")
_DIRECTORIES: Final = ("PWD", "OLDPWD")
"""Variables of a shell that are named like a password and hold a directory (POSIX, environment variables)."""


def secrets_in(mapping: Mapping[Any, Any], keys: KeyPolicy) -> Iterator[str]:
    """Yield the secrets that a configuration or an environment holds, each once; see the module for the rule.

    Nested mappings and lists are searched, 16 levels deep and 10,000 members wide. A list under a credential's name, or
    text with commas or spaces in it, gives its parts too.

    Args:
        mapping: names and values; ``os.environ`` or a section of a configuration.
        keys: what judges the names.
    """
    seen: set[str] = set()
    for value in _found(mapping, keys, under_secret=False, depth=0):
        if value not in seen:
            seen.add(value)
            yield value


def _found(value: Any, keys: KeyPolicy, *, under_secret: bool, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, item in islice(value.items(), _MOST_MEMBERS):
            name = name_of(key)
            named = _names_secret(name, item, keys) or (under_secret and not _names_other(name, keys))
            yield from _found(item, keys, under_secret=named, depth=depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in islice(value, _MOST_MEMBERS):
            yield from _found(item, keys, under_secret=under_secret, depth=depth + 1)
    elif isinstance(value, bytes):
        yield from _found(value.decode("utf-8", "replace"), keys, under_secret=under_secret, depth=depth)
    elif isinstance(value, str):
        text = value.strip()
        if "://" in text:
            yield from _in_url(text, keys)
        elif under_secret:
            yield from (part for part in _parts(text) if is_collectable(part))


def _names_secret(name: str | None, item: Any, keys: KeyPolicy) -> bool:
    if name is None or name in _DIRECTORIES:
        return False
    verdict = keys.verdict(name)
    if not verdict.kind or verdict.level > Level.LOW:
        return False
    return not verdict.weak or (isinstance(item, str) and looks_like(verdict.kind, item))


def _names_other(name: str | None, keys: KeyPolicy) -> bool:
    """Tell whether a name below a credential's own says that its value is none, such as the user of a login."""
    return name is not None and (keys.verdict(name).level > Level.LOW and keys.verdict(name).kind != "")


def _parts(text: str) -> Iterator[str]:
    yield text
    if not text.startswith("-----"):
        parts = _BETWEEN_VALUES.split(text[:LONGEST_COLLECTED])
        yield from parts if len(parts) > 1 and all(map(is_collectable, parts)) else ()


def _in_url(text: str, keys: KeyPolicy) -> Iterator[str]:
    try:
        url = urlsplit(text[:LONGEST_COLLECTED])
        password, query = url.password, parse_qsl(url.query)
    except ValueError:
        return
    if password and len(password) >= SHORTEST_COLLECTED and not is_placeholder(password):
        yield unquote(password)
    yield from (item for name, item in query if _names_secret(name, item, keys) and is_collectable(item))


def is_collectable(value: str) -> bool:
    """Tell whether a value under a credential's name can be told from ordinary text."""
    if not SHORTEST_COLLECTED <= len(value) <= LONGEST_COLLECTED or is_placeholder(value):
        return False
    if value.isdecimal():
        return len(value) >= _SHORTEST_NUMBER
    if len(value) <= _LONGEST_WORD * 2 and _ORDINARY_WORDS.fullmatch(value):
        return False
    return not any(pattern.fullmatch(value) for pattern in (_HOST, _PATH, _ADDRESS, _REFERENCE))
