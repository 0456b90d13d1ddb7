"""IP and MAC addresses and the user's name in paths by shape (level HIGH)."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, confirmed, stands_alone

_VERSION: Final = re.compile(r"(?:version|ver|release|build|==|>=|<=|~=|[a-z]/|v)\s{0,2}\Z", re.IGNORECASE)
_SECTIONS_OF_FULL_IPV6: Final = 7


def _ipv4(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject version numbers, longer dotted numbers, and the loopback and unspecified addresses, which name nobody."""
    text, (start, end) = match.string, match.span()
    if (
        not stands_alone(text, start, end)
        or text[start - 1 : start] == "."
        or text[end : end + 2].strip("0123456789") == "."
    ):
        return None
    try:
        address = IPv4Address(match.group())
    except AddressValueError:
        return None
    if address.is_loopback or address.is_unspecified:
        return None
    return None if _VERSION.search(text[max(0, start - 12) : start]) else (start, end)


def _ipv6(match: re.Match[str]) -> tuple[int, int] | None:
    text, start, end = match.string, match.start(), match.end()
    body = match.group().rstrip(":.") if not match.group().endswith("::") else match.group()
    end = start + len(body)
    if ":::" in body or (body.count(":") < _SECTIONS_OF_FULL_IPV6 and "::" not in body):
        return None
    if not stands_alone(text, start, end):
        return None
    try:
        address = IPv6Address(body)
    except AddressValueError:
        return None
    return None if address.is_loopback or address.is_unspecified else (start, end)


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
        name="mac",
        kind="MAC",
        level=Level.HIGH,
        pattern=r"\b(?:" + "[:-]".join(["[0-9A-Fa-f]{2}"] * 6) + r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})\b",
        shapes=(":".join(["xx"] * 6), "-".join(["xx"] * 6), "xxxx.xxxx.xxxx"),
        locate=confirmed(lambda text: len(set(text)) > 2),  # noqa: PLR2004 - one digit and its separator are a mask
    ),
    Rule(
        name="ipv6",
        kind="IP",
        level=Level.HIGH,
        pattern=r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{2,44}",
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
        group=1,
    ),
    Rule(
        name="url_user",
        kind="USER",
        level=Level.HIGH,
        pattern=r"://([^\s/@:?#\"'<>]{1,128})@",
        literals=("@",),
        shapes=("://",),
        locate=lambda match: None if match.group(1).startswith("[") else match.span(1),
    ),
)
"""Rules from level HIGH on, in the order in which they are tried."""
