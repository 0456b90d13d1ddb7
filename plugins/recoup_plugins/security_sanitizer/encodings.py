"""Undoes, line by line, the encodings in which something sensitive can be written so that no rule sees it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus

from recoup_plugins.security_sanitizer.characters import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_UNICODE_ESCAPE = re.compile(r"\\{1,8}(?:u00|x)([0-9a-fA-F]{2})")
_ENTITY = re.compile(r"&(?:#[0-9xX]|[A-Za-z]{2,8};)")
_FOREIGN = re.compile(r"[^\x00-\x7f]{1,1000}")
_BY_MARK: Final = (("%", _PERCENT), ("\\", _UNICODE_ESCAPE), ("&", _ENTITY))


def encoded_lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the lines stand that hold something encoded."""
    marks = [pattern for mark, pattern in _BY_MARK if mark in text]
    if not text.isascii():
        marks.append(_FOREIGN)
    places = sorted(found.start() for pattern in marks for found in pattern.finditer(text))
    end = 0
    for place in places:
        if place >= end:
            start = text.rfind("\n", 0, place) + 1
            end = text.find("\n", place) + 1 or len(text) + 1
            yield start, end - 1


def decoders(text: str) -> list[Callable[[str], str]]:
    """Return what undoes the encodings that a text holds."""
    undo: list[Callable[[str], str]] = []
    if not text.isascii():
        undo.append(fold)
    if _PERCENT.search(text):
        undo.append(unquote_plus if "=" in text or "%3D" in text or "%3d" in text else unquote)
    if _UNICODE_ESCAPE.search(text):
        undo.append(_without_escapes)
    if _ENTITY.search(text):
        undo.append(html.unescape)
    return undo


def _without_escapes(text: str) -> str:
    return _UNICODE_ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)
