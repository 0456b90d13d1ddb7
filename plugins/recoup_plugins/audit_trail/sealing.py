"""The keys: one for each segment, each made from the one before, none leading back.

After B. Schneier and J. Kelsey, "Secure Audit Logs to Support Computer Forensics" (1999): ``K[n+1] = PRF(K[n])``. Who
comes by the key of one segment can sign that one and those after it, but none before it. HMAC-SHA-256 (RFC 2104) is
the PRF and the MAC; each use has a label of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from recoup_plugins.audit_trail.errors import AuditKeyError, AuditTrailError
from recoup_plugins.audit_trail.files import replace_file

if TYPE_CHECKING:
    from recoup_plugins.audit_trail.config import AuditTrailConfig

SHORTEST_KEY = 32
"""Bytes, the length of the digest (RFC 2104, section 3)."""
LAST_SEGMENT = 1_000_000
"""Highest number of a segment; at one an hour it takes a century to get there."""
_NEXT = b"recoup audit trail 1: next key"
_SIGN = b"recoup audit trail 1: signing key"
_EVOLVED = "recoup-audit-key:1:"


class Keyring:
    """Signs and checks for every segment from the first one that its key reaches. Thread-safe and task-safe.

    Args:
        key: the key of segment ``first``.
        first: number of the first segment that it reaches.
    """

    def __init__(self, key: bytes, first: int = 1) -> None:
        self._lock = threading.RLock()  # a signal handler may come in
        self._start = (first, key)
        self._at = self._start

    def __repr__(self) -> str:
        return f"Keyring(first={self.first})"

    @property
    def first(self) -> int:
        """Number of the first segment that the key reaches."""
        return self._start[0]

    def key(self, segment: int) -> bytes:
        """Return the key of a segment.

        Raises:
            AuditKeyError: the key does not reach it.
        """
        if not self.first <= segment <= LAST_SEGMENT:
            raise AuditKeyError(
                f"the key reaches segments {self.first} to {LAST_SEGMENT}, not {segment}; what came before the key of "
                "a forward-secure trail can only be checked with the initial key"
            )
        with self._lock:
            at, key = self._at if self._at[0] <= segment else self._start
            for _ in range(segment - at):
                key = hmac.digest(key, _NEXT, "sha256")
            self._at = (segment, key)
        return key

    def sign(self, segment: int, purpose: str, message: bytes) -> str:
        """Return the MAC of a message for one purpose, such as ``seal``."""
        signing_key = hmac.digest(self.key(segment), _SIGN, "sha256")
        return hmac.digest(signing_key, purpose.encode("ascii") + b"\x00" + message, "sha256").hex()

    def is_signed(self, segment: int, purpose: str, message: bytes, mac: str) -> bool:
        """Tell whether a MAC fits; in constant time.

        Raises:
            AuditKeyError: the key does not reach the segment.
        """
        return hmac.compare_digest(self.sign(segment, purpose, message), mac)

    def forget_before(self, segment: int) -> None:
        """Drop the keys of earlier segments from memory."""
        key = self.key(segment)
        with self._lock:
            self._start = self._at = (segment, key)


def keyring_of(config: AuditTrailConfig) -> Keyring:
    """Return the keyring for the key that a trail is configured with.

    Raises:
        AuditTrailError: it can't be had, or lies beside what it signs.
    """
    if config.key_file is None:
        return key_from_environment(config.key_env or "")
    if Path(config.key_file).resolve().parent == Path(config.directory).resolve():
        raise AuditTrailError(f"the key file {config.key_file} lies beside what it signs: keep it out of the directory")
    return key_from_file(config.key_file)


def key_from_environment(name: str) -> Keyring:
    """Return the keyring for a key in an environment variable.

    Raises:
        AuditKeyError: it is not set or too short.
    """
    value = os.environ.get(name)
    if value is None:
        raise AuditKeyError(f"the environment variable {name} with the audit trail's key is not set")
    return _keyring(value.strip().encode("utf-8"), f"the environment variable {name}")


def key_from_file(path: str | os.PathLike[str]) -> Keyring:
    """Return the keyring for a key in a file; white space around it does not count.

    Raises:
        AuditKeyError: it can't be read, is too short, or others than its owner may read it.
    """
    path = Path(path)
    try:
        content = path.read_bytes().strip()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as failure:
        raise AuditKeyError(f"the key file {path} can't be read: {failure.strerror}") from failure
    if os.name == "posix" and mode & 0o077:
        raise AuditKeyError(f"the key file {path} is open to others (mode {mode:04o}): chmod 600 {path}")
    return _keyring(content, f"the key file {path}")


def replace_key(path: str | os.PathLike[str], keyring: Keyring, segment: int) -> None:
    """Overwrite the key in a file by that of a segment, and drop the earlier ones from memory."""
    key = keyring.key(segment)
    replace_file(Path(path), f"{_EVOLVED}{segment}:{key.hex()}\n".encode("ascii"), durable=True)
    keyring.forget_before(segment)


def _keyring(content: bytes, source: str) -> Keyring:
    if content.startswith(_EVOLVED.encode("ascii")):
        number, _, digits = content.decode("ascii", "replace").removeprefix(_EVOLVED).partition(":")
        try:
            return Keyring(_exactly(bytes.fromhex(digits)), int(number))
        except ValueError:
            raise AuditKeyError(f"{source} holds a damaged key of a forward-secure trail") from None
    if len(content) < SHORTEST_KEY:
        raise AuditKeyError(
            f"{source} holds {len(content)} bytes; a key has at least {SHORTEST_KEY}, "
            "such as `openssl rand -hex 32` gives"
        )
    return Keyring(content)


def _exactly(key: bytes) -> bytes:
    if len(key) != hashlib.sha256().digest_size:
        raise ValueError
    return key
