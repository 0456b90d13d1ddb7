"""The Merkle tree over the records of a segment, as in RFC 6962, section 2.1.

The seal of a segment holds the root. One record can then be proved to stand in it by a handful of hashes, without
showing any other record.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").hexdigest()


def _leaf(digest: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + digest).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """Computes the root as records come, in memory that grows with the logarithm of their number. Not thread-safe.

    Attributes:
        size: leaves so far.
    """

    __slots__ = ("_subtrees", "size")

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def add(self, record_hash: str) -> None:
        """Add a record by its hash."""
        node, size = _leaf(bytes.fromhex(record_hash)), self.size
        while size & 1:
            node = _node(self._subtrees.pop(), node)
            size >>= 1
        self._subtrees.append(node)
        self.size += 1

    def root(self) -> str:
        """Return the root over all records so far."""
        if not self._subtrees:
            return EMPTY
        root = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            root = _node(left, root)
        return root.hex()


class Tree:
    """The tree over the records of a whole segment, for proofs. Immutable.

    Args:
        record_hashes: of all records before the seal, in order.
    """

    def __init__(self, record_hashes: Sequence[str]) -> None:
        self.size = len(record_hashes)
        self._levels = [[_leaf(bytes.fromhex(item)) for item in record_hashes]]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            above = [_node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
            self._levels.append([*above, below[-1]] if len(below) % 2 else above)

    @property
    def root(self) -> str:
        """The root, as the seal has it."""
        return self._levels[-1][0].hex() if self.size else EMPTY

    def path(self, index: int) -> list[str]:
        """Return the audit path of the record at ``index``, counted from 0, from the leaf up."""
        path = []
        for level in self._levels[:-1]:
            beside = index ^ 1
            if beside < len(level):
                path.append(level[beside].hex())
            index >>= 1
        return path


def is_included(record_hash: str, index: int, size: int, path: Sequence[str], root: str) -> bool:
    """Tell whether an audit path proves a record (RFC 9162, section 2.1.3.2).

    Args:
        record_hash: of the record.
        index: its place in the segment, counted from 0.
        size: records in the segment before the seal.
        path: as the export gives it.
        root: as the seal has it.
    """
    if not 0 <= index < size:
        return False
    at, last, node = index, size - 1, _leaf(bytes.fromhex(record_hash))
    for item in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = _node(bytes.fromhex(item), node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = _node(node, bytes.fromhex(item))
        at, last = at >> 1, last >> 1
    return last == 0 and node.hex() == root
