"""Tells what stands within armour that is public: certificates, public keys, signatures of messages."""

from __future__ import annotations

import re
from typing import Final

_LINE: Final = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]{1,48})-----")
_MARK: Final = "-----"
_LONGEST_BLOCK: Final = 16_384
_PUBLIC: Final = ("CERTIFICATE", "PUBLIC KEY", "SIGNATURE", "CRL", "PARAMETERS", "MESSAGE")


def in_public_armour(text: str, at: int) -> bool:
    """Tell whether a place stands behind the first line of a public block (RFC 7468, RFC 9580) and before its last."""
    place = text.rfind(_MARK, max(0, at - _LONGEST_BLOCK), at)
    if place < 0:
        return False
    line = text.rfind(_MARK, max(0, place - len(_MARK) - 64), place)
    found = _LINE.match(text, line) if line >= 0 else None
    return found is not None and found.group(1) == "BEGIN" and any(label in found.group(2) for label in _PUBLIC)
