"""Addresses as keys: parsed, normalised, aggregated into networks, and looked up in allow- and deny-lists.

An address is its packed bytes, 4 or 16 of them; a network is the leading bytes, so that keys of different kinds differ
in length: IPv4 /24 has 3, IPv6 /48 has 6 and IPv6 /64 has 8.
"""

from __future__ import annotations

import ipaddress
import socket
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

INVALID = b""
"""Stands for every text that is no address. They share one entry, so that garbage buys nobody a fresh one."""

_LONGEST_TEXT = 64
_IPV4_BYTES = 4
_MAPPED = bytes(10) + b"\xff\xff"
"""``::ffff:0:0/96``, IPv4-mapped addresses: RFC 4291, section 2.5.5.2."""
_NAT64 = bytes.fromhex("0064ff9b") + bytes(8)
"""``64:ff9b::/96``, IPv4 behind a translator: RFC 6052, section 2.1."""
_EMBEDDED_AT = 96
"""Bits before the IPv4 address in both."""


def parse(text: str) -> bytes:
    """Return an address as packed bytes, 4 for IPv4 and 16 for IPv6.

    IPv4-mapped and NAT64 addresses become the IPv4 address in them, and a zone index such as ``%eth0`` is dropped.

    Returns:
        The bytes, or :data:`INVALID` for whatever is no address, such as ``"localhost"`` or ``"1.2.3.4:80"``.

    Raises:
        TypeError: ``text`` is no string.
    """
    if not isinstance(text, str):
        raise TypeError(f"ip_address is text such as '192.0.2.7', or None; got {type(text).__name__}")
    if len(text) > _LONGEST_TEXT:
        return INVALID
    try:
        if ":" not in text:
            return socket.inet_pton(socket.AF_INET, text)
        packed = socket.inet_pton(socket.AF_INET6, text.partition("%")[0])
    except (OSError, ValueError):  # ValueError: an embedded NUL or an unpaired surrogate
        return INVALID
    if packed.startswith((_MAPPED, _NAT64)):
        return packed[12:]
    return packed


def network_of(address: bytes) -> bytes:
    """Return the network that is commonly one customer or one site: IPv4 /24, IPv6 /64."""
    return address[:3] if len(address) == _IPV4_BYTES else address[:8]


def site_of(address: bytes) -> bytes | None:
    """Return the IPv6 /48, which is what one site is commonly given; None for IPv4. See RFC 6177."""
    return None if len(address) == _IPV4_BYTES else address[:6]


def host_of(address: bytes) -> bytes:
    """Return what one machine can't change at will: the IPv4 address, or the IPv6 /64 in which it picks its own."""
    return address if len(address) == _IPV4_BYTES else address[:8]


def vicinity_of(address: bytes) -> bytes:
    """Return the network in which a user's address commonly moves: IPv4 /24, IPv6 /48."""
    return address[:3] if len(address) == _IPV4_BYTES else address[:6]


class Listing(Enum):
    """What the lists say of an address."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNLISTED = "unlisted"


class AddressLists:
    """Allow- and deny-lists of networks. The longest prefix counts; in a tie the deny-list. Immutable, so thread-safe.

    Text that is no address is denied where every address of a family is, and on no list otherwise.
    A network of IPv6 covers no IPv4 address, unless it lies in the range of mapped or NAT64 ones: then it is that of
    the IPv4 addresses in them.
    A look-up costs one set look-up for each prefix length in use, however long the lists.

    Args:
        allow: networks such as ``"10.0.0.0/8"`` or ``"2001:db8::/32"``, or single addresses.
        deny: as ``allow``.

    Raises:
        ValueError: an entry is no network, or has bits set beyond its prefix.
    """

    __slots__ = ("_invalid", "_ipv4", "_ipv6")

    def __init__(self, allow: Iterable[str] = (), deny: Iterable[str] = ()) -> None:
        ipv4: dict[int, dict[int, Listing]] = {}
        ipv6: dict[int, dict[int, Listing]] = {}
        for name, listing, entries in (("allow", Listing.ALLOWED, allow), ("deny", Listing.DENIED, deny)):
            for entry in entries:
                packed, length = _network(name, entry)
                by_length = ipv4 if len(packed) == _IPV4_BYTES else ipv6
                by_length.setdefault(length, {})[_prefix(packed, length)] = listing
        denies_all = any(by_length.get(0, {}).get(0) is Listing.DENIED for by_length in (ipv4, ipv6))
        self._invalid = Listing.DENIED if denies_all else Listing.UNLISTED
        self._ipv4 = sorted(ipv4.items(), reverse=True)
        self._ipv6 = sorted(ipv6.items(), reverse=True)

    def find(self, address: bytes) -> Listing:
        """Return what the lists say of a parsed address."""
        if not address:
            return self._invalid
        by_length = self._ipv4 if len(address) == _IPV4_BYTES else self._ipv6
        for length, prefixes in by_length:
            listing = prefixes.get(_prefix(address, length))
            if listing is not None:
                return listing
        return Listing.UNLISTED


def _prefix(packed: bytes, length: int) -> int:
    return int.from_bytes(packed, "big") >> (8 * len(packed) - length)


def _network(name: str, entry: str) -> tuple[bytes, int]:
    """Return a network as packed bytes and the length of its prefix: as IPv4 where :func:`parse` makes that of it."""
    try:
        network = ipaddress.ip_network(entry)
    except ValueError as error:
        raise ValueError(
            f"security_rate_limiter.{name}: {entry!r} is no network such as '10.0.0.0/8' or '2001:db8::/32' ({error})"
        ) from None
    packed, length = network.network_address.packed, network.prefixlen
    if length >= _EMBEDDED_AT and packed.startswith((_MAPPED, _NAT64)):
        return packed[12:], length - _EMBEDDED_AT
    return packed, length
