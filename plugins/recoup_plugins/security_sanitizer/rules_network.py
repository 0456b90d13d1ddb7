"""IP and MAC addresses and the user's name in paths by shape (level HIGH)."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, stands_alone
from recoup_plugins.security_sanitizer.values import is_prose

_VERSION: Final = re.compile(r"(?:\b(?:version|ver|release|build|v)[=:]?|==|>=|<=|~=)\s{0,2}\Z", re.IGNORECASE)
_PACKAGE: Final = re.compile(
    r"(?:\A|[\s,;(\[{\"'])(?:ccxt(?:pro)?|numpy|pandas|aiohttp|python|pip|setuptools|ta-lib|"
    r"chrome|chromium|chromedriver|firefox|(?:open|libre)ssl|(?:lib)?curl|nginx|haproxy|postgres(?:ql)?|"
    r"redis|kernel|firmware)"
    r"[\"']?[ \-_@:=]{1,3}[\"']?v?\Z|"
    r"[a-z] \d{1,4}\.\d{1,4}\.\d{1,4}, [a-z][a-z\-_]{1,24} \Z|"
    r"(?:\A|[\s,;(\[{\"'`])[a-z][a-z\d+.\-_]{0,30}/\Z",
    re.ASCII | re.IGNORECASE,
)
"""Ends before a version: the name of a package, any name in a list of versions, or a product and its slash."""

_MOST_OF_VERSION: Final = 20
"""Numbers of a version are small; in a path nothing else tells it from an address."""

_PORT: Final = re.compile(r"\.\d{2,5}(?= > |: Flags|: UDP)")
"""A port as packet captures write it: ``203.0.113.9.443 > 198.51.100.7.51514: Flags``."""

_OF_LANGUAGE: Final = re.compile(r" (?:is not (?:supported|implemented|defined|allowed)|for|on|in|not)\b")
"""What follows the operator of a language, and no one who operates: ``Operator 'and' is not supported``."""

_OCTETS: Final = re.compile(r"(?:[0-9A-Fa-f]{2}:){7}[0-9A-Fa-f]{2}", re.ASCII)
"""The number of a certificate; no address has eight groups of two digits."""

_BETWEEN_OCTETS: Final = (":", "-")
_SERVICE_ACCOUNTS: Final = frozenset(
    [
        "bot",
        "app",
        "ubuntu",
        "debian",
        "runner",
        "root",
        "user",
        "users",
        "public",
        "default",
        "ec2-user",
        "admin",
        "www-data",
        "circleci",
        "jenkins",
        "git",
        "docker",
        "node",
        "deploy",
        "service",
        "nobody",
        "vagrant",
        "pi",
        "shared",
        "vscode",
        "centos",
        "python",
    ]
)
"""Names of home directories that say nothing about who works there."""

OF_USERS: Final = frozenset(
    [
        "credential",
        "credentials",
        "password",
        "permissions",
        "stream",
        "data",
        "session",
        "sessions",
        "account",
        "accounts",
        "id",
        "agent",
        "input",
        "order",
        "orders",
        "request",
        "requests",
        "interrupt",
        "defined",
        "key",
        "token",
        "name",
        "names",
        "group",
        "role",
        "page",
        "button",
        "form",
        "event",
        "events",
        "loop",
        "flow",
        "screen",
        "service",
        "hook",
        "handler",
        "callback",
        "mapping",
        "profile",
        "record",
        "entry",
        "config",
        "settings",
        "preferences",
        "table",
        "list",
        "channel",
        "database",
    ]
)
"""What follows ``user`` in sentences about the matter instead of a person."""

_SECTIONS_OF_FULL_IPV6: Final = 7


def _ipv4(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject version numbers, longer dotted numbers, and the loopback and unspecified addresses, which name nobody."""
    text, (start, end) = match.string, match.span()
    if (
        not stands_alone(text, start, end)
        or text[start - 1 : start] == "."
        or (text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit() and not _PORT.match(text, end))
    ):
        return None
    try:
        address = IPv4Address(match.group())
    except AddressValueError:
        return None
    if address.is_loopback or address.is_unspecified or _is_mask(address):
        return None
    if text[start - 1 : start] == "/" and max(address.packed) < _MOST_OF_VERSION:
        return None
    if _VERSION.search(text[max(0, start - 12) : start]) or _PACKAGE.search(text[max(0, start - 40) : start]):
        return None
    return start, end


def _is_mask(address: IPv4Address) -> bool:
    """Tell whether an address is a network's mask, ones before zeros, which is nobody's: ``255.255.255.0``."""
    zeros = ~int(address) & 0xFFFFFFFF
    return address.packed[0] == 0xFF and not zeros & (zeros + 1)  # noqa: PLR2004


def _dashed_ipv4(match: re.Match[str]) -> tuple[int, int] | None:
    try:
        IPv4Address(match.group(1).replace("-", "."))
    except AddressValueError:
        return None
    return match.span(1)


def _mac(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject masks, which repeat one digit, and parts of longer runs such as fingerprints."""
    text, (start, end) = match.string, match.span()
    longer = text[max(0, start - 1) : start] in _BETWEEN_OCTETS or text[end : end + 1] in _BETWEEN_OCTETS
    if longer and (text[start - 2 : start - 1].isalnum() or text[end + 1 : end + 2].isalnum()):
        return None
    return (start, end) if stands_alone(text, start, end) and len(set(match.group())) > 2 else None  # noqa: PLR2004


def _home(match: re.Match[str]) -> tuple[int, int] | None:
    """Leave the names of service accounts, which name nobody."""
    return None if match.group(1).lower() in _SERVICE_ACCOUNTS else match.span(1)


def _user(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject words that name a thing of users instead of one."""
    group = 1 if match.group(1) else 2
    value = match.group(group).lower()
    symbol = match.group()[:8].lower() == "operator" and _OF_LANGUAGE.match(match.string, match.end()) is not None
    return None if symbol or value in OF_USERS or is_prose(value) else match.span(group)


def _ipv6(match: re.Match[str]) -> tuple[int, int] | None:
    text, start, end = match.string, match.start(), match.end()
    body = match.group().rstrip(":.") if not match.group().endswith("::") else match.group()
    end = start + len(body)
    if ":::" in body or (body.count(":") < _SECTIONS_OF_FULL_IPV6 and "::" not in body):
        return None
    if not stands_alone(text, start, end) or text[start - 1 : start] == ":" or text[end : end + 1] == ":":
        return None  # a part of a longer run, such as a certificate's fingerprint
    if _OCTETS.fullmatch(body) or (text[start - 1 : start] == "[" and text[start - 2 : start - 1].isidentifier()):
        return None  # the number of a certificate; a slice, "rows[::2]"
    try:
        address = IPv6Address(body)
    except AddressValueError:
        return None
    if address.is_loopback or address.is_unspecified or not any(map(str.isdigit, body)):
        return None  # without a digit it is rather a scope of names, such as ``::add``
    return start, end


NETWORK_RULES: Final = (
    Rule(
        name="ipv4",
        kind="IP",
        level=Level.HIGH,
        pattern=r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}",
        shapes=("0.0.0", "0.00.0", "0.000.0"),
        locate=_ipv4,
    ),
    Rule(
        name="ip_in_host_name",
        kind="IP",
        level=Level.HIGH,
        pattern=r"\b(?:ip|ec2|host|static)-(\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3})\b",
        literals=("ip-", "ec2-", "host-", "static-"),
        shapes=("a-0",),
        locate=_dashed_ipv4,
    ),
    Rule(
        name="mac",
        kind="MAC",
        level=Level.HIGH,
        pattern=r"\b(?:" + "[:-]".join(["[0-9A-Fa-f]{2}"] * 6) + r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})\b",
        shapes=(":".join(["xx"] * 6), "-".join(["xx"] * 6), "xxxx.xxxx.xxxx"),
        locate=_mac,
    ),
    Rule(
        name="ipv6",
        kind="IP",
        level=Level.HIGH,
        pattern=r"(?:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:.]{2}|::[0-9A-Fa-f])[0-9A-Fa-f:.]{0,42}",
        sketch=r"::|(?:[0-9A-Fa-f]{1,4}:){6}",
        shapes=("::", *(f":{'x' * n}:{'x' * m}:" for n in range(1, 5) for m in range(1, 5))),
        locate=_ipv6,
    ),
    Rule(
        name="home",
        kind="USER",
        level=Level.HIGH,
        pattern=r"(?:/home/|/Users/|[\\/]{1,4}Users[\\/]{1,4})([^/\\\s\"':;,<>()]{1,64})",
        literals=("/home/", "users"),
        shapes=("/aaaa/", "/aaaaa/", "\\aaaaa\\"),
        locate=_home,
    ),
    Rule(
        name="user_named",
        kind="USER",
        level=Level.HIGH,
        pattern=r"(?i:\b(?:user|username|login|operator|trader)) (?:[\"'`]([\w.@+\-]{2,64})[\"'`]|"
        r"([\w.@+\-]{2,64}) (?i:logged|signed|failed|"
        r"connected|disconnected|authenticated|denied|rejected|does not|not found|is not|has no|from \d|"
        r"locked|blocked)\b)",
        literals=("user ", "username ", "login ", "operator ", "trader "),
        locate=_user,
    ),
    Rule(
        name="url_user",
        kind="USER",
        level=Level.HIGH,
        pattern=r"://([^\s/@:?#\"'<>]{1,128})@",
        literals=("://",),
        shapes=("@x", "@[", "@/"),
        locate=lambda match: None if match.group(1).startswith("[") else match.span(1),
    ),
)
"""Rules from level HIGH on, in the order in which they are tried."""
