"""Password hashes and the MACs of signed requests, by shape, and secrets in two notations of their own (level LOW).

The hashes are those of crypt(5), the PHC string format, Django, Werkzeug, passlib, LDAP (RFC 2307) and PostgreSQL
(RFC 5803); the MACs those of Stripe (``t=...,v1=...``), Slack (``v0=...``) and Paddle (``ts=...;h1=...``).
"""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Locate, Rule, accepted
from recoup_plugins.security_sanitizer.values import is_placeholder, looks_random

_PART: Final = r"[\w./+=\-]"
_MAC: Final = r"[0-9a-fA-F]{64,128}|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}=="
_KNOWN_BY: Final = re.compile(
    r"\b(?:tx|txn|txid|transaction|block|commit|file|image|digest|checksum|hash|tree|merkle|root)\b|sha256:",
    re.IGNORECASE,
)


def _written_out(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a string, but no variable and no mask."""
    group = 1 if match.group(1) is not None else 2
    value = match.group(group).rstrip("\\")
    start = match.start(group)
    return None if value.startswith(("$", "(")) or is_placeholder(value) else (start, start + len(value))


def _rule(
    name: str, kind: str, pattern: str, literals: tuple[str, ...], group: int = 0, locate: Locate | None = None
) -> Rule:
    return Rule(name=name, kind=kind, level=Level.LOW, pattern=pattern, literals=literals, group=group, locate=locate)


def _computed(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject what a signed transaction or file is known by."""
    return None if _KNOWN_BY.search(match.group()[: match.start(1) - match.start()]) else match.span(1)


def _compared(name: str) -> Rule:
    """Return a rule on one of two MACs that did not agree; there is one for each."""
    return _rule(
        name,
        "SIGNATURE",
        r"(?i:\b(?:signature|sign|hmac|mac)\b)[^\n]{0,160}?(?i:\b(?:expected|computed|calculated|wanted|want|got|"
        rf"received|actual|was|provided))[ :=]{{1,3}}[\"'(\[]?({_MAC})(?:\b|=|$)",
        ("sign", "mac"),
        locate=_computed,
    )


HASH_RULES: Final = (
    _rule("bcrypt_hash", "PASSWORD", r"\$2[abxy]?\$\d{2}\$[./A-Za-z0-9]{53}", ("$2a$", "$2b$", "$2x$", "$2y$", "$2$")),
    _rule(
        "phc_hash",
        "PASSWORD",
        rf"\$(?:argon2(?:id|i|d)|scrypt|pbkdf2(?:-sha\d{{1,3}})?)\$(?:v=\d{{1,3}}\$)?[\w=,\-]{{1,64}}"
        rf"\${_PART}{{4,128}}\${_PART}{{16,256}}",
        ("$argon2", "$scrypt", "$pbkdf2"),
    ),
    _rule(
        "crypt_hash",
        "PASSWORD",
        r"\$(?:1|5|6|apr1|sha1)\$(?:rounds=\d{1,9}\$|\d{1,9}\$)?[./\w]{1,64}\$[./A-Za-z0-9]{22,128}",
        ("$1$", "$5$", "$6$", "$apr1$", "$sha1$"),
    ),
    _rule(
        "yescrypt_hash",
        "PASSWORD",
        r"\$g?y\$[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{1,128}\$[./A-Za-z0-9]{43}",
        ("$y$", "$gy$"),
    ),
    _rule(
        "framework_hash",
        "PASSWORD",
        rf"\b(?:pbkdf2_sha\d{{1,3}}\$\d{{1,9}}|pbkdf2:sha\d{{1,3}}:\d{{1,9}}|scrypt:\d{{1,9}}:\d{{1,4}}:\d{{1,4}}|"
        rf"scrypt\$\d{{1,9}}\$\d{{1,4}}\$\d{{1,4}})\${_PART}{{4,128}}\${_PART}{{16,256}}",
        ("pbkdf2_sha", "pbkdf2:sha", "scrypt:", "scrypt$"),
    ),
    _rule(
        "ldap_hash",
        "PASSWORD",
        r"\{(?:SHA|SSHA|SHA256|SSHA256|SHA512|SSHA512)\}[A-Za-z0-9+/]{26,200}={0,2}",
        ("{sha", "{ssha"),
    ),
    _rule(
        "scram_hash",
        "PASSWORD",
        r"\bSCRAM-SHA-\d{1,3}\$\d{1,9}:[\w+/=]{8,128}\$[\w+/=]{20,128}:[\w+/=]{20,128}",
        ("scram-sha-",),
    ),
    _rule(
        "bitcoin_rpc_hash", "PASSWORD", r"\brpcauth=[^\s:]{1,64}:([0-9a-f]{32}\$[0-9a-f]{64})\b", ("rpcauth=",), group=1
    ),
    _rule(
        "request_mac",
        "SIGNATURE",
        r"\b(?:v[0-9]|h1)=([0-9a-fA-F]{40,128})\b",
        (*(f"v{version}=" for version in range(10)), "h1="),
        group=1,
    ),
    _rule(
        "computed_mac",
        "SIGNATURE",
        r"(?i:\b(?:sign|signed|signing|hmac\w{0,12})\b)[^\n]{1,300}?(?:->|=>|\u2192|\bgives|\bgave|\bis) {1,2}[\"']?"
        rf"({_MAC})(?:\b|=|$)",
        ("sign", "hmac"),
        locate=_computed,
    ),
    _compared("mac_in_mismatch"),
    _compared("other_mac_in_mismatch"),
    _rule(
        "secure_string",
        "PASSWORD",
        r"(?i:\bConvertTo-SecureString(?: -(?:AsPlainText|Force|String)){0,3}) {1,4}"
        r"(?:\\{0,4}[\"']([^\"'\r\n]{1,256})\\{0,4}[\"']|([^\s\"'\-][^\s\"']{0,255}))",
        ("convertto-securestring",),
        locate=_written_out,
    ),
    _rule(
        "websocket_protocol",
        "TOKEN",
        r"(?i:\bsec-websocket-protocol\b[^\r\n]{1,200}?\b(?:bearer|token|jwt|auth|authorization|access[_\-]?token|"
        r"api[_\-]?key))(?:[.:|_\-]|, ?)([\w.~+/=\-]{12,1000})",
        ("sec-websocket-protocol",),
        locate=accepted(looks_random),
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
