"""Credentials in the dialogues and the configuration of network protocols (level LOW).

Mail (``AUTH PLAIN``, the answer to ``334 UGFzc3dvcmQ6``, ``PASS``), Redis, ZooKeeper, SNMP, and what routers and access
points are configured with: ``username admin secret 0 X``, ``crypto isakmp key X``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Locate, Rule, accepted
from recoup_plugins.security_sanitizer.values import is_placeholder, is_prose, looks_secret

if TYPE_CHECKING:
    import re


_SENTENCE_WINDOW: Final = 40


def _is_value(value: str) -> bool:
    """Tell whether an argument is no word of a sentence."""
    return not (is_placeholder(value) or is_prose(value))


def _has_digits(value: str) -> bool:
    return looks_secret(value) and any(map(str.isdigit, value))


def _base64(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what is no word: ``AUTH LOGIN failed``."""
    value = match.group(1)
    return None if value.islower() or value.isupper() or value.istitle() else match.span(1)


def _configured(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject the next word of a sentence, in which a directive is spoken of."""
    before = match.string[max(0, match.start() - _SENTENCE_WINDOW) : match.start()].rpartition("\n")[2].rstrip()
    is_spoken_of = match.group(1).isalpha() and before[-1:].isalpha() and not before.lower().endswith("set")
    return None if is_spoken_of or not _is_value(match.group(1)) else match.span(1)


_ARGUMENT: Final = accepted(_is_value)


def _rule(name: str, kind: str, pattern: str, *literals: str, locate: Locate = _ARGUMENT) -> Rule:
    return Rule(name=name, kind=kind, level=Level.LOW, pattern=pattern, literals=literals, locate=locate)


PROTOCOL_RULES: Final = (
    _rule(
        "redis_password",
        "PASSWORD",
        r"(?i:\b(?:requirepass|masterauth|bindpw|rootpw|olcrootpw|sentinel auth-pass \S{1,64})[\"']?\s{1,4})"
        r"[\"']?([^\s\"']{3,256})",
        *("requirepass", "masterauth", "bindpw", "rootpw", "auth-pass"),
        locate=_configured,
    ),
    _rule(
        "redis_auth",
        "PASSWORD",
        r"(?:(?:[\"']AUTH[\"'] |\[[\"'](?:AUTH|auth)[\"'], ?)(?:[\"'][\w\-]{1,64}[\"'][, ]{1,2})?[\"']|"
        r"(?:>|redis-cli|\bredis[^\n]{0,32}:) ?AUTH (?:[\w\-]{1,64} )?|^AUTH [\w\-]{1,64} |"
        r"\bAUTH default |\bAUTH\r?\n(?:\$\d{1,3}\r?\n[\w\-]{1,64}\r?\n)?\$\d{1,3}\r?\n)([^\"'\s]{3,256})",
        "auth",
    ),
    _rule(
        "redis_user",
        "PASSWORD",
        r"(?:(?i:\bsetuser) \S{1,64}|\buser \S{1,64} on\b)[^\n>]{0,128}[ \"']>([^\s\"'>]{3,256})",
        *("setuser", "user "),
    ),
    _rule(
        "login_command",
        "PASSWORD",
        r"(?:(?:C:|>>>|>|-->|send: b?[\"']|sent|SENT|put:) ?(?:[A-Za-z]{0,4}\d{1,6} )?|\b[A-Za-z]{0,4}\d{1,6} "
        r")LOGIN \S{1,64} ([^\s\"'\\]{4,128}|"
        r"[\"'][^\"'\r\n]{3,128}[\"'])",
        "login ",
    ),
    _rule(
        "mail_auth",
        "CREDENTIALS",
        r"\bAUTH (?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5)[ \r\n\\]{1,6}([A-Za-z0-9+/]{12,512}={0,2})",
        "auth ",
        locate=_base64,
    ),
    _rule(
        "mail_prompt",
        "CREDENTIALS",
        r"UGFzc3dvcmQ(?:6|=|6AA==)?[\"']?\s{0,4}(?:\r?\n|\\r\\n|\\n)[^\n]{0,96}?(?:^|[\s'\">])([A-Za-z0-9+/]{6,512}={0,2})"
        r"(?:[\s'\"\\]|$)",
        "ugfzc3dvcmq",
        locate=_base64,
    ),
    _rule("mail_map", "PASSWORD", r"\]:\d{2,5}[ \t]{1,8}[\w.@\-]{1,64}:([^\s\"':]{4,128})", "]:587", "]:465", "]:25 "),
    _rule(
        "pass_command",
        "PASSWORD",
        r"(?:(?:C:|>>>|>|<|-->|send: [\"']|sent|SENT|put:) ?|USER \S{1,128}\r?\n(?:\d{3} [^\n]{1,200}\n)?)PASS "
        r"([^\s\"'\\]{4,128})",
        "pass ",
    ),
    _rule(
        "device_password",
        "PASSWORD",
        r"(?i:\b(?:(?:password|secret|key|server-key|key-string) [0-9]|isakmp key|ascii-text|encrypted-password|"
        r"plain-text-password-value) )[\"']?([^\s\"']{4,256})",
        *(f"{name} {digit} " for name in ("password", "secret", "key", "key-string") for digit in "0123456789"),
        *("isakmp key", "ascii-text", "encrypted-password ", "text-password-value"),
        locate=accepted(_has_digits),
    ),
    _rule("wifi_code", "PASSWORD", r"\bWIFI:[^\n]{0,128}?;?P:([^;\n]{3,128});", "wifi:"),
    _rule(
        "zookeeper_auth", "PASSWORD", r"(?i:\baddauth)\W{1,3}digest\W{1,4}[\w.@\-]{1,64}:([^\s\"']{3,128})", "addauth"
    ),
    _rule(
        "snmp_authentication",
        "PASSWORD",
        r"\b(?:snmp\w{1,12} [^\n|;&]{0,128}?-A|createUser (?:-e \S{1,64} )?\S{1,64} (?:MD5|SHA)[\w\-]{0,8}) "
        r"[\"']?([^\s\"']{4,128})",
        *("snmp", "createuser"),
    ),
    _rule(
        "snmp_community",
        "PASSWORD",
        r"(?i:\b(?:snmp\w{0,12}[^\n]{0,64}\bcommunity|rocommunity|rwcommunity)[\"']?[ =:]{1,3})[\"']?([^\s\"']{4,128})",
        "community",
    ),
    _rule(
        "snmp_privacy",
        "PASSWORD",
        r"\b(?:snmp\w{1,12} [^\n|;&]{0,256}?-X|createUser [^\n]{1,256}? (?:AES|DES)[\w\-]{0,8}) "
        r"[\"']?([^\s\"']{4,128})",
        *("snmp", "createuser"),
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
