"""What is written in the place of a secret: its kind and, where a deployment wants to correlate, a tag.

The tag is BLAKE2s of the value (RFC 7693), keyed, cut to 32 bits and written as 8 hexadecimal digits. The same value
has the same tag under the same key, whatever its kind. Without the key nothing about the value follows from it.

Whoever can both write to the log and read it needs no key to confirm a guess: he writes his guess and compares tags.
So kinds with few possible values have no tag, and credentials shorter than 8 characters have none.
"""

from __future__ import annotations

import os
import re
from hashlib import blake2s
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection

PSEUDONYM_KINDS: Final = (
    *("API_KEY", "SECRET", "TOKEN", "PASSWORD", "SEED_PHRASE", "PRIVATE_KEY", "SIGNATURE", "AUTHORIZATION"),
    *("CREDENTIALS", "WALLET", "EMAIL", "USER", "ACCOUNT", "IP", "MAC", "ORDER_ID"),
)
"""The kinds that get tags where nothing else is configured."""

UNTAGGED_KINDS: Final = frozenset(["OTP", "PIN", "CARD", "AMOUNT", "BALANCE", "PRICE", "ORDER"])
"""Kinds that never get tags: one-time codes, cards, numbers that can be tried one by one."""

SHORTEST_KEY: Final = 16
"""Characters of a pseudonym key at least."""

_CREDENTIALS: Final = frozenset(PSEUDONYM_KINDS[:9])
_SHORTEST_CREDENTIAL: Final = 8
_WITHOUT_CASE: Final = frozenset(["EMAIL", "MAC", "IP"])
_TAG_BYTES: Final = 4
_PURPOSE: Final = b"recoup-p"
_TAGGED = re.compile(r"\[[A-Z][A-Z_]{1,31} [0-9a-f]{4,8}\]\Z")
_LONGEST_TAGGED: Final = 48


def check_key(key: object) -> None:
    """Refuse a pseudonym key that could be guessed.

    Raises:
        TypeError: it is no text.
        ValueError: it is shorter than 16 characters.
    """
    if not isinstance(key, str):
        raise TypeError(f"'pseudonym_key' must be text, not {type(key).__name__}")
    if len(key.strip()) < SHORTEST_KEY:
        raise ValueError(
            f"'pseudonym_key' must have at least {SHORTEST_KEY} characters; make one with "
            "python -c 'import secrets; print(secrets.token_hex(32))'"
        )


def check_kinds(kinds: Collection[str]) -> None:
    """Refuse kinds whose values a tag would give away.

    Raises:
        ValueError: a kind is not written in capitals, or is one that never gets a tag.
    """
    for kind in kinds:
        if not kind.isupper():
            raise ValueError("'pseudonym_kinds' must be kinds as they stand in placeholders, such as API_KEY")
        if kind in UNTAGGED_KINDS:
            raise ValueError(
                f"'pseudonym_kinds' must not name {kind}: its values are so few that a tag gives them away"
            )


class Placeholders:
    """Makes placeholders. Immutable, hence thread-safe and task-safe.

    Args:
        kinds: the kinds that get tags; none: no placeholder has one.
        key: what the tags are keyed with; None: random, so that tags can be compared within one process only.

    Raises:
        TypeError: the key is no text.
        ValueError: the key is too short, or a kind never gets a tag.
    """

    __slots__ = ("_key", "_kinds")

    def __init__(self, kinds: Collection[str] = (), key: str | None = None) -> None:
        check_kinds(kinds)
        if key is not None:
            check_key(key)
        self._kinds = frozenset(kinds)
        material = os.urandom(32) if key is None else key.encode("utf-8", "surrogateescape")
        self._key = blake2s(material, person=_PURPOSE).digest()

    @property
    def tags(self) -> bool:
        """Whether any placeholder has a tag."""
        return bool(self._kinds)

    def of(self, kind: str, value: Any = None) -> str:
        """Return the placeholder for a value: ``[API_KEY]``, or ``[API_KEY 3fa9c1d2]`` where the kind has tags.

        Only text, bytes and whole numbers get tags; other values have no one form that could be compared.
        """
        if kind not in self._kinds:
            return f"[{kind}]"
        text = _comparable(kind, value)
        return f"[{kind}]" if text is None else f"[{kind} {self._tag(text)}]"

    def _tag(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return blake2s(data, key=self._key, digest_size=_TAG_BYTES, person=_PURPOSE).hexdigest()


PLAIN: Final = Placeholders()
"""Makes placeholders without tags."""


def is_in_tag(text: str, start: int, end: int) -> bool:
    """Tell whether a span lies within a placeholder with a tag, such as ``[TOKEN 3fa9c1d2]``, up to its bracket."""
    if text[end : end + 1] != "]":
        return False
    found = _TAGGED.search(text, max(0, end - _LONGEST_TAGGED), end + 1)
    return found is not None and found.start() < start


def _comparable(kind: str, value: Any) -> str | None:
    """Return the form in which values are compared, or None where a value gets no tag."""
    if isinstance(value, bytes | bytearray):
        value = bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(int(value))
    if not isinstance(value, str):
        return None
    text = str.__str__(value).strip(" \t\r\n\"'`")
    if not text or (kind in _CREDENTIALS and len(text) < _SHORTEST_CREDENTIAL):
        return None
    is_hexadecimal = kind == "WALLET" and text[:2].lower() == "0x"
    return text.lower() if kind in _WITHOUT_CASE or is_hexadecimal else text
