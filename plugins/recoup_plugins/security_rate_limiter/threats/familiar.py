"""From where whose attempts have succeeded before."""

from __future__ import annotations

from collections import OrderedDict

_NETWORKS = 8
_TAG = 4
_GOOD_SOURCE = 5
"""Successes, less failures, by which a source is known as a good one where no account is named."""
_MOST_KEPT = 500
"""Successes kept of one source: a fleet of hundreds that fails as one after an outage is known as good throughout."""


class FamiliarNetworks:
    """The last eight networks from which each account succeeded. Not thread-safe; its owner holds a lock.

    Entry takes a success, so that whoever wants to push an account out needs valid credentials of ``max_accounts``
    others; within an account only its owner moves anything. The least recently used account goes first.

    Args:
        max_accounts: accounts remembered, at about 250 bytes each.
    """

    __slots__ = ("_max_accounts", "_networks")

    def __init__(self, max_accounts: int) -> None:
        self._max_accounts = max_accounts
        self._networks: OrderedDict[int, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._networks)

    def knows(self, account: int, network: int) -> bool:
        """Say whether the account has succeeded from the network."""
        tags = self._networks.get(account)
        return tags is not None and _find(tags, _tag(network)) >= 0

    def learn(self, account: int, network: int) -> None:
        """Remember a success."""
        tag = _tag(network)
        tags = self._networks.get(account, b"")
        at = _find(tags, tag)
        if at >= 0:
            tags = tags[:at] + tags[at + _TAG :]
        self._networks[account] = (tag + tags)[: _NETWORKS * _TAG]
        self._networks.move_to_end(account)
        if len(self._networks) > self._max_accounts:
            self._networks.popitem(last=False)


class GoodSources:
    """Sources that have passed without failing, for callers that name no accounts. Not thread-safe.

    The least recently used source goes first; a source that is forgotten loses a benefit and nothing else.

    Args:
        max_sources: sources remembered, at about 200 bytes each.
    """

    __slots__ = ("_balance", "_max_sources")

    def __init__(self, max_sources: int) -> None:
        self._max_sources = max_sources
        self._balance: OrderedDict[int, int] = OrderedDict()

    def knows(self, source: int) -> bool:
        """Say whether the source has passed often enough to be known as a good one."""
        return self._balance.get(source, 0) >= _GOOD_SOURCE

    def has_credit(self, source: int) -> bool:
        """Say whether the source has passed more often than it has failed."""
        return self._balance.get(source, 0) > 0

    def passed(self, source: int) -> None:
        """Count an attempt that succeeded, or that may have."""
        self._balance[source] = min(self._balance.get(source, 0) + 1, _MOST_KEPT)
        self._balance.move_to_end(source)
        if len(self._balance) > self._max_sources:
            self._balance.popitem(last=False)

    def refute(self, source: int) -> None:
        """Take back an attempt that was counted as passed and failed."""
        if self._balance.get(source, 0) > 0:
            self._balance[source] -= 1


def _tag(network: int) -> bytes:
    return (network & 0xFFFF_FFFF).to_bytes(_TAG, "big")


def _find(tags: bytes, tag: bytes) -> int:
    for at in range(0, len(tags), _TAG):
        if tags[at : at + _TAG] == tag:
            return at
    return -1
