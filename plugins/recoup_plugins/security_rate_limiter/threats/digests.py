"""Names as keyed digests: what is followed can be told apart, and nobody can read it or choose where it lands."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata

_LONGEST = 1_024


class KeyedDigests:
    """Digests under a key that this process drew and shows to nobody. Immutable, so thread-safe.

    Accounts are the same however they are written: in any case, with space around them, in compatible characters.
    """

    __slots__ = ("_key", "_prefix")

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._prefix = secrets.token_bytes(16)

    def account(self, name: str) -> int:
        """Return the digest of an account's name, of 64 bits; of a longer text than 1,024 characters its start.

        Raises:
            TypeError: ``name`` is no string.
        """
        if not isinstance(name, str):
            raise TypeError(f"account is text, such as a user name, or None; got {type(name).__name__}")
        text = unicodedata.normalize("NFKC", name.strip()[:_LONGEST]).casefold().strip()
        data = text.encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(data, digest_size=8, key=self._key).digest(), "big")

    def device(self, text: str) -> int:
        """Return the digest of what a device is known by, of 64 bits; of a longer text than 1,024 characters its start.

        Raises:
            TypeError: ``text`` is no string.
        """
        if not isinstance(text, str):
            raise TypeError(f"device is text, such as a random cookie, or None; got {type(text).__name__}")
        data = text[:_LONGEST].encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(data, digest_size=8, key=self._key).digest(), "big")

    def address(self, packed: bytes) -> int:
        """Return the digest of an address or network, of 64 bits; never shown, so SipHash (PEP 456) is enough."""
        return hash(self._prefix + packed)
