"""Credentials in prose (level LOW): ``login failed with password X``, ``API-Sign X``, ``mysql -u bot -p X``.

Nothing but the value's own look tells a secret from the next word of the sentence. A value in quotes counts where the
word before speaks of a password; a bare one must have digits among letters, or symbols, as words do not have.
"""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, accepted
from recoup_plugins.security_sanitizer.statements import is_transaction_id
from recoup_plugins.security_sanitizer.values import (
    MARKET,
    SYMBOLS,
    is_mixed,
    is_placeholder,
    is_prose,
    is_spoken,
    looks_random,
)

_SHORTEST_TOKEN: Final = 12
_DIGITS_OF_A_TOKEN: Final = 2
_ASKED_FOR: Final = ("password", "passphrase", "secret", "token", "key", "pin")
_SHORTEST_PASSWORD: Final = 6
_WORDS: Final = 3
_LONG_KEY: Final = 24
_LONGEST_PORT: Final = 5
_LAST_SYMBOLS: Final = ".,;:!?)\"'`]}"
_DATABASE_CLIENT: Final = re.compile(r"(?:mysql|mariadb)(?!\w)")
"""Takes a password only where no space is before it: in ``mysql -p trades`` the word is a database."""

_OTHER_THING: Final = re.compile(
    r"\b(?:order|request|req|trace|span|tx|txn|transaction|hash|session|id|ids|commit|build|version|block|trade|fill|"
    r"correlation|checksum|digest|public|pub|ed25519|secp256k1|fingerprint|sha\d{1,3}|file|path|url|user|host|error|"
    r"code|pod|container|image|release|job|task)\b",
    re.IGNORECASE,
)


_ASSIGNED: Final = re.compile(r"[a-z_]{2,32}=\w", re.ASCII)
"""Another name and its value, as behind ``method=api_key duration_ms=140``."""


def _random_looking(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what has digits among its letters, as words do not have."""
    value = match.group(1)
    digits = sum(char.isdigit() for char in value)
    enough = digits >= _DIGITS_OF_A_TOKEN and any(char.isalpha() for char in value) and len(value) >= _SHORTEST_TOKEN
    named = "sign" in match.group()[: match.start(1) - match.start()].lower() and is_transaction_id(value)
    named = named or (_ASSIGNED.match(value) is not None and not looks_random(value))
    return match.span(1) if enough and not named and not MARKET.fullmatch(value) else None


def _quoted_password(match: re.Match[str]) -> tuple[int, int] | None:
    value = match.group(2)
    words = value.split(" ")
    if len(words) > 1 and ("phrase" not in match.group().lower() or len(words) < _WORDS or any(map(is_prose, words))):
        return None
    return None if is_spoken(value) else match.span(2)


def _bare_password(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept six characters or more that have digits among their letters or a symbol inside, and six digits."""
    value = match.group(1).rstrip(_LAST_SYMBOLS)
    if len(value) < _SHORTEST_PASSWORD or is_spoken(value):
        return None
    has_digit = any(map(str.isdigit, value))
    is_secret = (has_digit and any(map(str.isalpha, value))) or value.isdigit() or not SYMBOLS.isdisjoint(value[:-1])
    return match.span(1) if is_secret else None


def _bare_token(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a value of which one part is digits among small letters: no symbol, version or name with a number."""
    value = match.group(1)
    if is_spoken(value) or value.isupper():
        return None
    has_mixed = any(is_mixed(part, str.islower) for part in re.split(r"[\-_./+=]", value))
    return match.span(1) if has_mixed else None


def _argument(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject ports, and words that go on with the sentence."""
    value = match.group(1)
    is_port = value.isdigit() and len(value) <= _LONGEST_PORT
    is_database = _DATABASE_CLIENT.match(match.group()) and match.string[match.start(1) - 1] == " " and value.isalpha()
    return None if is_database or is_port or is_placeholder(value) or is_prose(value) else match.span(1)


_CALLED: Final = re.compile(r"[A-Za-z_]\w{0,31}\.[A-Za-z_.\d]{1,96}\(", re.ASCII)
"""A function that makes a token: ``token = base64.b64encode(...)``."""


def _spoken_of(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what only a key can be, unless the words before it speak of something else that has such a look."""
    value = match.group(1).rstrip(_LAST_SYMBOLS)
    between = match.group()[: match.start(1) - match.start()]
    if not looks_random(value) or _OTHER_THING.search(between) or _CALLED.match(match.string, match.start(1)):
        return None
    name, _, remark = between.lower().lstrip("_").partition("key")
    if not name and remark and not _is_key(value):  # "key" alone is the name of many things
        return None
    return match.start(1), match.start(1) + len(value)


def _answer(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what looks random; to the question for a password, whatever has digits among its letters."""
    return _bare_password(match) if match.group()[:4].lower() == "pass" else _bare_secret(match)


def _used(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what somebody used as a key if it looks random; as a password, whatever has digits among its letters."""
    is_chosen = match.group().lower().endswith(("word", "phrase", "code", "wd", "pin"))
    return _bare_password(match) if is_chosen else _bare_secret(match)


def _is_key(value: str) -> bool:
    kinds = {"A" if char.isupper() else "a" if char.islower() else "0" for char in value if char.isalnum()}
    return len(value) >= _LONG_KEY and len(kinds) == len("Aa0")


def _bare_secret(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what mixes digits or symbols with its letters, without the punctuation of the sentence."""
    value = match.group(1).rstrip(_LAST_SYMBOLS)
    return (match.start(1), match.start(1) + len(value)) if looks_random(value) else None


PROSE_RULES: Final = (
    Rule(
        name="named_token",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b(?:api[ _\-]?key|secret|token|password|passphrase|signature|listen[ _\-]?key|private[ _\-]key|"
        r"[a-z]{0,8}sessid|session[ _\-]?id|"
        r"(?:api|access|[a-z]{2,16}-api|[a-z]{2,16}-access)-sign)(?: was| is|,)?)\s{1,2}[\"'(`]?([\w\-+/=.]{8,512})",
        literals=("key", "secret", "token", "pass", "sign", "sessid", "session"),
        beside_name=True,
        locate=_random_looking,
    ),
    Rule(
        name="quoted_password",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|passcode|passwd|pwd))(?: was| is)? ([\"'`])([^\r\n\"'`]{3,256})[\"'`]",
        literals=("pass", "pwd"),
        beside_name=True,
        locate=_quoted_password,
    ),
    Rule(
        name="password_given",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|passcode|passwd|pwd)\b[^\r\n=\"'`]{0,64}"
        r"(?:[\"'`][\w.@\-]{1,64}[\"'`])?[^\r\n=\"'`]{0,16}"
        r"\b(?:tried|got|given|used|entered|sent|supplied|received|typed|submitted):?) [\"'`]([^\s\"'`]{4,256})[\"'`]",
        literals=("pass", "pwd"),
        locate=accepted(lambda value: not (value.isalpha() or is_spoken(value))),
    ),
    Rule(
        name="bare_password",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|passcode|passwd|pwd|pw|pin|otp|2fa(?: code)?)(?: value| guess)?) [(\[]?"
        r"([^\s\"'`<>()\[\]]{6,256})",
        literals=("password ", "passphrase ", "passcode ", "passwd ", "pwd ", "pw ", "pin ", "otp ", "2fa "),
        beside_name=True,
        locate=_bare_password,
    ),
    Rule(
        name="bare_token",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b(?:secret|token|code_?verifier)) [\"'`]?([\w\-+/.]{8,256}={0,2})",
        literals=("secret", "token", "verifier"),
        beside_name=True,
        locate=_bare_token,
    ),
    Rule(
        name="password_of",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:(?:\b|_)(?:password|passphrase|passwd|passcode|pwd|pin|secret|token|key)s?\b"
        r"(?: [^\n:=\"'`\[\]]{0,47})?(?: --| \u2014| \u2013|:|->|\u2192| =| is| to|\[|[=:]\(| \())"
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
        name="answered",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|secret|token|key|pin)s?\?)\s{1,4}"
        r"(?:<[\w.\- ]{1,32}>:? {0,2}|[\w.\-]{1,32}: {0,2})?[\"'`]?([^\s\"'`<>]{6,256})",
        literals=tuple(f"{word}{end}" for word in _ASKED_FOR for end in ("?", "s?")),
        locate=_answer,
    ),
    Rule(
        name="used_as_password",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:use[ds]?|using|tr(?:y|ied)|enter(?:s|ed)?|type[ds]?|with|set|sent|sends|pasted?|gave|"
        r"gives?|chose|picked|put|has) )[\"'`]?([^\s\"'`]{6,256})[\"'`]?"
        r"(?i: (?:failed|rejected|refused|was rejected|was refused|did not work)[:,]? (?:wrong|bad|invalid|incorrect) |"
        r" (?:as|for|at|into) (?:the |your |my |our |a |his |her |their |its )?"
        r"(?:new |temporary |temp |api |login |wallet |vault |bearer |access |auth |session |private |signing )?)"
        r"(?i:password|passphrase|passwd|passcode|pwd|pin|secret|token|key)\b",
        literals=(" as ", " for ", " at the pass", " into the pass", "failed", "rejected", "refused", "did not work"),
        locate=_used,
    ),
    Rule(
        name="spoken_otp",
        kind="OTP",
        level=Level.LOW,
        pattern=r"(?i:\b(?:2fa|otp|totp|mfa|two[ \-]factor|verification|security|login|sms|one[ \-]time|"
        r"auth(?:enticator)?|unlock|wallet|card|account|pin|my|your|his|her|device|app)[ _\-](?:code|pin|password|"
        r"passcode)(?: is:?| was|:|=|,)?) [\"'`]?(\d{4,8})\b",
        literals=tuple(f"{word}{end}" for word in ("code", "pin", "password") for end in " :=,"),
        beside_name=True,
        group=1,
    ),
    Rule(
        name="login_argument",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"\b(?:(?:mysql\w{0,16}|mariadb\w{0,16}|sshpass)\b[^\n|;&]{0,256}\s-p|(?:login|mongo\w{0,16})\b[^\n|"
        r";&]{0,256}\s-p\s|"
        r"redis-cli\b[^\n|;&]{0,256}\s-a\s|ldap\w{1,16}\b[^\n|"
        r";&]{0,256}\s-w\s)\s{0,2}[\"']?([^\s\"'\-][^\s\"']{2,255})",
        literals=("mysql", "mariadb", "sshpass", "login", "mongo", "redis-cli", "ldap"),
        locate=_argument,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
