"""Bytes that may be text in some encoding, or hold some, and have to stay as they are where they hold no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_SOH: Final = 1
_SOFT_HYPHEN: Final = 0xAD
_BINARY: Final = frozenset([*range(9), *range(11, 32), 127]) - {_SOH}
_FORGE_LINES: Final = frozenset(b"\x1b\r")
_PLAIN: Final = bytes(32 if code in _BINARY else ord("|") if code == _SOH else code for code in range(256))
_PLAIN_LATIN: Final = bytes(
    32 if 127 <= code <= 160 or code == _SOFT_HYPHEN else _PLAIN[code]  # noqa: PLR2004 - DEL, C1, no-break space
    for code in range(256)
)
_MARKS_BINARY: Final = bytes(_BINARY - _FORGE_LINES)
_SHARE_OF_NULS: Final = 4


def clean_octets(raw: bytes, clean: Callable[[str], str]) -> bytes:
    """Return bytes without what ``clean`` hides in them, read as UTF-8, as UTF-16 of either order, or as Latin-1.

    Binary data without a secret comes back as it is. UTF-8 text loses its escape sequences and carriage returns.

    Args:
        raw: the bytes.
        clean: what sanitizes text and keeps line feeds.
    """
    if raw.count(0) * _SHARE_OF_NULS >= len(raw) > 1:
        for every_second in (raw[0::2], raw[1::2]):
            text = every_second.translate(_PLAIN_LATIN).decode("latin-1")
            if (found := clean(text)) != text:
                return found.encode("utf-16-le", "replace")
    try:
        text, encoding = raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = raw.translate(_PLAIN_LATIN).decode("latin-1"), "latin-1"
    else:
        if len(raw.translate(None, _MARKS_BINARY)) < len(raw) or b"\x01" in raw:
            text = raw.translate(_PLAIN).decode("utf-8")
    found = clean(text)
    return raw if found == text else found.encode(encoding, "replace")
