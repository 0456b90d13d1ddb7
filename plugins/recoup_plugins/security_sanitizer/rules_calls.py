"""Keys that code and frames hand over without a name beside each (level LOW).

Clients made with their keys (``Client("K", "S")``), credentials by their class (``ApiKey("K")``), logins in lists
(``["auth", {"k": "K"}]``), commands of bots (``/login user X``).
"""

from __future__ import annotations

import re
from string import ascii_lowercase
from typing import Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, accepted
from recoup_plugins.security_sanitizer.values import UUID, is_ordinary, is_placeholder, looks_random

_CALLED_WITH: Final = ('("', "('", '(b"', "(b'")
_HEX: Final = frozenset("0123456789abcdefABCDEFxX")
_NEAR: Final = 300
_FEWEST_SLASHES: Final = 3
_LOGIN_BEFORE: Final = re.compile(
    r"[\[,]\s?\\{0,4}\"(?:auth|login|logon|signin|authenticate)\\{0,4}\"\s?,\s?\Z", re.IGNORECASE
)


def _called(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept two keys side by side as the first arguments of a client: no digests, no ids of one form."""
    first, second, third = match.groups()
    function = match.group().partition("(")[0].rpartition(".")[2]
    is_client = function[:1].isupper() or function.startswith(("new", "init", "connect", "create", "make", "setup"))
    if not is_client or not all(_is_key(value) for value in (first, second)):
        return None
    if (_HEX.issuperset(first) and _HEX.issuperset(second)) or (UUID.fullmatch(first) and UUID.fullmatch(second)):
        return None
    return match.start(1), match.end(2) if third is None or third.isalpha() else match.end(3)


def _is_key(value: str) -> bool:
    return UUID.fullmatch(value) is not None or (looks_random(value) and sum(map(str.isdigit, value)) > 1)


def _in_login(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a member of the object that follows the word for a login in a list: ``["auth", {"k": ...}]``."""
    before = match.string[max(0, match.start() - _NEAR) : match.start()]
    opening = before.rfind("{")
    if opening < 0 or "}" in before[opening:] or _LOGIN_BEFORE.search(before[:opening]) is None:
        return None
    return match.span(1) if looks_random(match.group(1)) else None


def _listed(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept the texts that follow the word for a login in a list, with what is between them."""
    first, second = match.groups()
    if not looks_random(first):
        return None
    return match.start(1), match.end(2) if second and looks_random(second) else match.end(1)


def _of_classes(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept capitals, small letters and digits without order, but no path."""
    value = match.group(1)
    kinds = {"A" if char.isupper() else "a" if char.islower() else "0" for char in value if char.isalnum()}
    is_key = len(kinds) == len("Aa0") and looks_random(value) and value.count("/") < _FEWEST_SLASHES
    return match.span(1) if is_key else None


def _chosen(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what has digits among its letters, without the punctuation of a sentence."""
    value = match.group(1).rstrip(".,;:)")
    is_mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    is_said = is_placeholder(value) or is_ordinary(value)
    return (match.start(1), match.start(1) + len(value)) if is_mixed and not is_said else None


CALL_RULES: Final = (
    Rule(
        name="called_with_keys",
        kind="CREDENTIALS",
        level=Level.LOW,
        pattern=r"\b[A-Za-z_][\w.:]{1,80}\(\s{0,8}[\"']([\w+/=\-]{16,512})[\"'],\s{0,8}[\"']([\w+/=\-]{16,512})[\"']"
        r"(?:,\s{0,8}[\"']([^\"'\s]{6,128})[\"'])?",
        literals=tuple(f"({blank}{quote}" for blank in ("", " ", "\n", "\t") for quote in "\"'"),
        shapes=("x" * 8,),
        sketch=r"\(\s{0,8}[\"'][\w+/=\-]{16,512}[\"'],\s{0,8}[\"'][\w+/=\-]{16,512}[\"']",
        locate=_called,
    ),
    Rule(
        name="frame_of_login",
        kind="CREDENTIALS",
        level=Level.LOW,
        pattern=r"\\{0,4}\"\w{1,16}\\{0,4}\"\s?:\s?\\{0,4}\"([\w+/=\-]{16,512})",
        literals=('auth"', 'auth\\"', 'login"', 'login\\"', 'logon"', 'signin"', 'authenticate"'),
        shapes=("x" * 8,),
        locate=_in_login,
    ),
    Rule(
        name="listed_login",
        kind="CREDENTIALS",
        level=Level.LOW,
        pattern=r"(?i:[\[{,]\s?\\{0,4}\"(?:t\\{0,4}\"\s?:\s?\\{0,4}\")?(?:auth|login|logon|signin|"
        r"authenticate)\\{0,4}\"\s?[,:]\s?"
        r"(?:\\{0,4}\"\w{1,16}\\{0,4}\"\s?:\s?)?\[?\s?)\\{0,4}\"([\w+/=\-]{16,512})\\{0,4}\""
        r"(?:,\s?(?:\d{1,20},\s?)?\\{0,4}\"([\w+/=\-]{16,512}))?",
        literals=('auth"', 'auth\\"', 'login"', 'login\\"', 'logon"', 'signin"', 'authenticate"'),
        shapes=("x" * 8,),
        locate=_listed,
    ),
    Rule(
        name="made_of_class",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"\b[A-Za-z]{0,32}(?:Key|Secret|Token|Password|Credentials?|Passphrase)(?:(?:::|\.)(?:new|of|from|"
        r"create|parse))?"
        r"\(b?[\"']([^\s\"'\\]{16,512})[\"']",
        literals=_CALLED_WITH,
        shapes=("x" * 8,),
        locate=accepted(lambda value: looks_random(value) and not _HEX.issuperset(value)),
    ),
    Rule(
        name="bracketed_value",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:(?:key|secret|token|password|passwd|passphrase|signature)s?)\\{0,4}[\"']?\s?[=:]\s?[<{]([\w+/=\-.]{16,512})[>}]",
        literals=tuple(
            f"{sign}{blank}{bracket}" for sign in "=:" for blank in ("", " ", "\t", "\n") for bracket in "<{"
        ),
        shapes=("x" * 8,),
        locate=accepted(looks_random),
    ),
    Rule(
        name="short_option",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"\s-[a-zA-Z] [\"']?([A-Za-z0-9+/=]{24,512})[\"'\s)]",
        literals=tuple(f"{blank}-{letter} " for blank in " \t\n" for letter in ascii_lowercase),
        shapes=("x" * 12,),
        locate=_of_classes,
    ),
    Rule(
        name="listed_user",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"\bauth\\{0,4}[\"']?\s?[:=]\s?\[\s?[\"']?[\w.@\-]{1,64}[\"']?, ?[\"']?([^\s\"'\],]{8,128})[\"']?\s?\]",
        literals=("auth",),
        locate=_chosen,
    ),
    Rule(
        name="login_of_bot",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?:^|\s)/(?:login|auth|connect|signin|unlock|setpassword|password)(?:@\w{1,32})? "
        r"(?:[\w.@\-]{1,64} )?([^\s\"']{6,128})",
        literals=(
            "/login ",
            "/auth ",
            "/connect ",
            "/signin ",
            "/unlock ",
            "/setpass",
            "/password ",
            "/login@",
            "/auth@",
        ),
        locate=_chosen,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
