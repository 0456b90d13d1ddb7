"""Who tried what, from where."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from recoup_plugins.security_rate_limiter.addresses import INVALID, host_of

if TYPE_CHECKING:
    from collections.abc import Hashable


class Attempt(NamedTuple):
    """One attempt. Immutable.

    Attributes:
        component: where in the application.
        operation: what was tried.
        address: packed, as :func:`.addresses.parse` gives it; None for the application's own calls.
        account: digest of the account's name, or None where none was named.
        device: digest of a device on which the account has succeeded before, or None.
    """

    component: str
    operation: str
    address: bytes | None
    account: int | None = None
    device: int | None = None

    def operation_key(self) -> Hashable:
        """Return what tells the operation from others."""
        return (self.component, self.operation)

    def source_key(self) -> Hashable:
        """Return what tells the source in its operation from others; only of an attempt with an address."""
        assert self.address is not None
        return (self.component, self.operation, host_of(self.address))

    def account_key(self) -> Hashable:
        """Return what tells the account in its operation from others."""
        return (self.component, self.operation, self.account)


def written(address: bytes) -> str:
    """Return a source as text: an IPv4 address or an IPv6 /64."""
    if address == INVALID:
        return "(no address)"
    host = host_of(address)
    if len(host) == len(address):
        return str(ipaddress.ip_address(host))
    return f"{ipaddress.IPv6Address(host + bytes(8))}/64"
