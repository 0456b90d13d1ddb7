"""Credentials in prose (level LOW): ``login failed with password X``, ``API-Sign X``, ``mysql -u bot -p X``.

Nothing but the value's own look tells a secret from the next word of the sentence. A value in quotes counts where the
word before speaks of a password; a bare one must have digits among letters, or symbols, as words do not have.
"""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule
from recoup_plugins.security_sanitizer.statements import is_transaction_id
from recoup_plugins.security_sanitizer.values import is_placeholder, is_prose, looks_random

_SHORTEST_TOKEN: Final = 12
_DIGITS_OF_A_TOKEN: Final = 2
_SHORTEST_PASSWORD: Final = 6
_LONGEST_PORT: Final = 5
_TECHNICAL: Final = re.compile(
    r"(?:sha|md|hs|rs|es|ps|aes|hmac|oauth|base|utf|pbkdf|argon|scrypt|bcrypt|http|erc|bep|trc|eip|bip|ed|x|p|pkcs|secp|rfc|"
    r"ntlm|v|ver|version|step|attempt|try|retry|line|no|rule|type|class)[\-_]?\d{1,6}[a-z]{0,2}\d?(?:[\-_/]\w{1,12})?",
    re.ASCII | re.IGNORECASE,
)
_TIME: Final = re.compile(r"[\d:.\-]{1,24}T[\d:.]{2,16}(?:Z|[+\-][\d:]{2,6})?|[\d.,]{1,12}[a-zA-Z%]{1,8}", re.ASCII)
_NOTATION: Final = re.compile(r"[A-Za-z_][\w.\-]{0,63}[=:(\[]|[a-z]{2,8}://|[./~]{1,3}/|/\w|<|\{|\$\{", re.ASCII)
_MARKET: Final = re.compile(r"[A-Z\d]{2,12}[/\-][A-Z]{3,5}(?::[A-Z]{3,5})?", re.ASCII)
_SYMBOLS: Final = frozenset("!#$%^&*@+?~")
_LAST_SYMBOLS: Final = ".,;:!?)\"'`]}"
_SHORTEST_PART: Final = 8
_OTHER_THING: Final = re.compile(
    r"\b(?:order|request|req|trace|span|tx|txn|transaction|hash|session|id|ids|commit|build|version|block|trade|fill|"
    r"correlation|checksum|digest|sha\d{1,3}|file|path|url|user|host|error|code|pod|container|image|release|job|task)\b",
    re.IGNORECASE,
)


def _random_looking(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what has digits among its letters, as words do not have."""
    value = match.group(1)
    digits = sum(char.isdigit() for char in value)
    enough = digits >= _DIGITS_OF_A_TOKEN and any(char.isalpha() for char in value) and len(value) >= _SHORTEST_TOKEN
    named = "sign" in match.group()[: match.start(1) - match.start()].lower() and is_transaction_id(value)
    return match.span(1) if enough and not named and not _MARKET.fullmatch(value) else None


def _is_ordinary(value: str) -> bool:
    return bool(
        is_placeholder(value)
        or is_prose(value)
        or _TECHNICAL.fullmatch(value)
        or _TIME.fullmatch(value)
        or _NOTATION.match(value)
    )


def _quoted_password(match: re.Match[str]) -> tuple[int, int] | None:
    value = match.group(2)
    return None if _is_ordinary(value) else match.span(2)


def _bare_password(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept six characters or more that have digits among their letters or a symbol inside, and six digits."""
    value = match.group(1).rstrip(_LAST_SYMBOLS)
    if len(value) < _SHORTEST_PASSWORD or _is_ordinary(value):
        return None
    has_digit = any(map(str.isdigit, value))
    is_secret = (has_digit and any(map(str.isalpha, value))) or value.isdigit() or not _SYMBOLS.isdisjoint(value[:-1])
    return match.span(1) if is_secret else None


def _bare_token(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a value of which one part is digits among small letters: no symbol, version or name with a number."""
    value = match.group(1)
    if _is_ordinary(value) or value.isupper():
        return None
    parts = re.split(r"[\-_./+=]", value)
    return match.span(1) if any(map(_is_mixed, parts)) else None


def _is_mixed(part: str) -> bool:
    """Tell whether digits stand among a part's letters, not only behind them as in ``binance2``."""
    body = part.rstrip("0123456789")
    return len(part) >= _SHORTEST_PART and any(map(str.isdigit, body)) and any(map(str.islower, body))


def _argument(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject ports, and words that go on with the sentence."""
    value = match.group(1)
    is_port = value.isdigit() and len(value) <= _LONGEST_PORT
    return None if is_port or is_placeholder(value) or is_prose(value) else match.span(1)


def _spoken_of(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what only a key can be, unless the words before it speak of something else that has such a look."""
    value = match.group(1).rstrip(_LAST_SYMBOLS)
    between = match.group()[: match.start(1) - match.start()]
    if not looks_random(value) or _OTHER_THING.search(between):
        return None
    return match.start(1), match.start(1) + len(value)


def _bare_secret(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what mixes digits or symbols with its letters, without the punctuation of the sentence."""
    value = match.group(1).rstrip(_LAST_SYMBOLS)
    if _is_ordinary(value) or not looks_random(value):
        return None
    return match.start(1), match.start(1) + len(value)


PROSE_RULES: Final = (
    Rule(
        name="named_token",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b(?:api[ _\-]?key|secret|token|password|passphrase|signature|listen[ _\-]?key|private[ _\-]key|"
        r"(?:api|access|[a-z]{2,16}-api|[a-z]{2,16}-access)-sign)(?: was| is|,)?)\s{1,2}[\"'(`]?([\w\-+/=.]{8,512})",
        literals=("key", "secret", "token", "pass", "sign"),
        beside_name=True,
        locate=_random_looking,
    ),
    Rule(
        name="quoted_password",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|passcode|passwd|pwd))(?: was| is)? ([\"'`])([^\s\"'`]{3,256})[\"'`]",
        literals=("pass", "pwd"),
        beside_name=True,
        locate=_quoted_password,
    ),
    Rule(
        name="bare_password",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|passcode|passwd|pwd|pin|otp|2fa(?: code)?)) [(\[]?"
        r"([^\s\"'`<>()\[\]]{6,256})",
        literals=("pass", "pwd", "pin", "otp", "2fa"),
        beside_name=True,
        locate=_bare_password,
    ),
    Rule(
        name="bare_token",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b(?:secret|token)) [\"'`]?([\w\-+/.]{8,256}={0,2})",
        literals=("secret", "token"),
        beside_name=True,
        locate=_bare_token,
    ),
    Rule(
        name="password_of",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|passwd|passcode|pwd|pin|secret|token|api key|access key|private key)s?\b"
        r"(?: [^\n:=\"'`\[\]]{0,47})?(?: --| \u2014| \u2013|:|->|\u2192| =| is| to|\[))"
        r"[ ]{0,2}[\"'`]{0,2}([^\s\"'`\[\](){}<>&\\][^\s\"'`\[\](){}<>]{7,256})",
        literals=("pass", "pwd", "pin", "secret", "token", "key"),
        beside_name=True,
        locate=_spoken_of,
    ),
    Rule(
        name="new_one",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\bnew (?:one|password|passphrase|secret|token|key|pin|creds?|value)(?: is|:|=| ->| --))"
        r"[ ]{0,2}[\"'`]?([^\s\"'`]{6,256})",
        literals=("new one", "new pass", "new secret", "new token", "new key", "new pin", "new cred", "new value"),
        locate=_bare_secret,
    ),
    Rule(
        name="used_as_password",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:use|using|try|enter|type|with|set) )[\"'`]?([^\s\"'`]{6,256})[\"'`]?"
        r"(?i: (?:as|for) (?:the |your |my |our |a )?(?:new |temporary |temp |api |login )?"
        r"(?:password|passphrase|passwd|passcode|pwd|pin|secret|token|key)\b)",
        literals=(" as ", " for "),
        locate=_bare_secret,
    ),
    Rule(
        name="spoken_otp",
        kind="OTP",
        level=Level.LOW,
        pattern=r"(?i:\b(?:2fa|otp|totp|mfa|two[ \-]factor|verification|security|login|sms|one[ \-]time|"
        r"auth(?:enticator)?)[ _\-](?:code|pin|password|passcode)(?: is| was|:|=|,)?) [\"'`]?(\d{4,8})\b",
        literals=("code", "pin", "pass"),
        beside_name=True,
        group=1,
    ),
    Rule(
        name="login_argument",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"\b(?:(?:mysql\w{0,16}|mariadb\w{0,16}|sshpass)\b[^\n|;&]{0,256}\s-p|(?:login|mongo\w{0,16})\b[^\n|;&]{0,256}\s-p\s|"
        r"redis-cli\b[^\n|;&]{0,256}\s-a\s|ldap\w{1,16}\b[^\n|;&]{0,256}\s-w\s)\s{0,2}[\"']?([^\s\"'\-][^\s\"']{2,255})",
        literals=("mysql", "mariadb", "sshpass", "login", "mongo", "redis-cli", "ldap"),
        locate=_argument,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
