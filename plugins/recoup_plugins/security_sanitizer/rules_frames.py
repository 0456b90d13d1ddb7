"""Finds the credentials in login frames of venues' WebSocket interfaces, which have no names of their own.

``{"op": "auth", "args": ["<key>", 1700000000000, "<signature>"]}`` (Bybit, BitMEX: ``authKeyExpires``, Phemex:
``user.auth``, WhiteBIT: ``authorize``): the strings of the list are hidden, numbers and words stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.rules_tables import items_of
from recoup_plugins.security_sanitizer.values import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.security_sanitizer.rules_tables import Found

_LOGIN = re.compile(
    r"\b(?:op|method|event|action|type|command|cmd|request|req|reqtype|channel|ch|e|id|msgtype|messagetype|operation)"
    r"\\{0,8}[\"']?\s{0,3}[:=]\s{0,3}\\{0,8}[\"']?[\w./\-]{0,32}?(?:auth|login|logon|signin|sign_in|"
    r"server\.sign)\w{0,24}\\{0,8}[\"']?",
    re.ASCII | re.IGNORECASE,
)
_ARGUMENTS = re.compile(
    r"\b(?:args?|params?|arguments|data|payload|body|credentials)\\{0,8}[\"']?\s{0,3}[:=]\s{0,3}(?=[\[(])",
    re.ASCII | re.IGNORECASE,
)
_ARGUMENT = re.compile(
    r"\b(?:args?|params?|arguments|data|"
    r"payload)\\{0,8}[\"']?\s{0,3}[:=]\s{0,3}\\{0,8}[\"']([^\"'\\\s]{8,500})\\{0,8}[\"']",
    re.ASCII | re.IGNORECASE,
)
_WINDOW: Final = 300
_LONGEST: Final = 2048
_SHORTEST: Final = 8
_WORD = re.compile(r"[A-Za-z]{1,16}|[a-z]{1,12}(?:[._\-/][a-z]{1,16}){1,3}", re.ASCII)
_QUOTES: Final = "\\\"'"


def in_logins(text: str) -> Iterator[Found]:
    """Yield the strings in the list of arguments of every login frame."""
    done = 0
    for login in _LOGIN.finditer(text):
        if login.start() < done:
            continue
        single = _ARGUMENT.search(text, login.end(), login.end() + _WINDOW)
        if single is not None and "}" not in text[login.end() : single.start()] and is_credential(single.group(1)):
            yield (*single.span(1), "CREDENTIALS")
            continue
        after = _ARGUMENTS.search(text, login.end(), login.end() + _WINDOW)
        if after is not None and "}" not in text[login.end() : after.start()]:
            items, done = items_of(text, after.end(), _LONGEST)
            yield from _strings(text, items)
            continue
        before = list(_ARGUMENTS.finditer(text, max(0, login.start() - _WINDOW), login.start()))
        if before:
            items, end = items_of(text, before[-1].end(), _LONGEST)
            if end <= login.start() and "}" not in text[end : login.start()]:
                yield from _strings(text, items)


def _strings(text: str, items: list[tuple[int, int]]) -> Iterator[Found]:
    for start, end in items:
        if text[start : start + 1] in _QUOTES:
            item = text[start:end]
            left = start + len(item) - len(item.lstrip(_QUOTES))
            right = end - (len(item) - len(item.rstrip(_QUOTES)))
            if is_credential(text[left:right]):
                yield left, right, "CREDENTIALS"


def is_credential(value: str) -> bool:
    """Tell whether an argument of a login is more than a word, a number or a mask."""
    ordinary = value.isdigit() or is_placeholder(value) or _WORD.fullmatch(value)
    return len(value) >= _SHORTEST and not ordinary
