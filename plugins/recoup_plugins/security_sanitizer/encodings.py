"""Undoes, line by line, the encodings in which something sensitive can be written so that no rule sees it."""

from __future__ import annotations

import html
import re
from binascii import unhexlify
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus

from recoup_plugins.security_sanitizer.characters import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recoup_plugins.security_sanitizer.sample import Sample

_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_UNICODE_ESCAPE = re.compile(r"\\{1,8}(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(?:0?33|e)(?=\[\d{0,3}[;m]))")
"""Characters by their numbers; without one, the escape character before a colour as shells write it: ``\\e[31m``."""

_OCTETS = re.compile(r"(?:\\x[89a-fA-F][0-9a-fA-F]){2,4}")
_HEXADECIMAL = re.compile(r"(?:\b|(?<=\b0x))(?:7[bB]22|5[bB]22|7[bB]5[cC]22)[0-9a-fA-F]{16,1000}")
_MORE_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{1,1000}")
_ENTITY = re.compile(r"&(?:#[0-9xX]|[A-Za-z]{2,8};)")
_FOREIGN = re.compile(r"[^\x00-\x7f]{1,1000}")
_ESCAPE: Final = "1b"
_SURROGATES: Final = range(0xD800, 0xE000)
_BY_MARK: Final = (("%", _PERCENT), ("\\", _UNICODE_ESCAPE), ("&", _ENTITY))
_MARKS_OF_HEXADECIMAL: Final = (b"b22", b"7b5c")


def encoded_lines(sample: Sample) -> Iterator[tuple[int, int]]:
    """Yield where the lines of a text stand that hold something encoded."""
    text = sample.text
    places: list[int] = []
    for mark, pattern in _BY_MARK:
        if mark in text:
            places += _begun_lines(text, mark, pattern)
    if any(map(sample.lowered.__contains__, _MARKS_OF_HEXADECIMAL)):
        places += [found.start() for found in _HEXADECIMAL.finditer(text)]
    if not text.isascii():
        places += [found.start() for found in _FOREIGN.finditer(text)]
    end = 0
    for place in sorted(places):
        if place >= end:
            start = text.rfind("\n", 0, place) + 1
            end = text.find("\n", place) + 1 or len(text) + 1
            yield start, end - 1


def _begun_lines(text: str, mark: str, pattern: re.Pattern[str]) -> Iterator[int]:
    """Yield a place in each line in which a pattern matches that begins with a mark."""
    if pattern is _ENTITY and ";" not in text and "&#" not in text:
        return
    place = text.find(mark)
    while place >= 0:
        if pattern.match(text, place):
            yield place
            place = text.find("\n", place)
            if place < 0:
                return
        place = text.find(mark, place + 1)


def decoders(text: str) -> list[Callable[[str], str]]:
    """Return what undoes the encodings that a text holds."""
    undo: list[Callable[[str], str]] = []
    if not text.isascii():
        undo.append(fold)
    if _PERCENT.search(text):
        undo.append(unquote_plus if "=" in text or "%3D" in text or "%3d" in text else unquote)
    if _UNICODE_ESCAPE.search(text):
        undo.append(_without_escapes)
    if _HEXADECIMAL.search(text):
        undo.append(_without_hexadecimal)
    if _ENTITY.search(text):
        undo.append(html.unescape)
    return undo


def _without_escapes(text: str) -> str:
    if "\\x" in text:
        text = _OCTETS.sub(_as_utf8, text)
    return _UNICODE_ESCAPE.sub(_as_character, text)


def _as_character(match: re.Match[str]) -> str:
    code = int(match.group(1) or match.group(2) or _ESCAPE, 16)
    return match.group() if code in _SURROGATES else chr(code)


def _as_utf8(match: re.Match[str]) -> str:
    try:
        return bytes.fromhex(match.group().replace("\\x", "")).decode("utf-8")
    except UnicodeDecodeError:
        return match.group()


def _without_hexadecimal(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for begin in _HEXADECIMAL.finditer(text):
        end = begin.end()
        while (more := _MORE_HEXADECIMAL.match(text, end)) is not None:
            end = more.end()
        if begin.start() >= done:
            digits = text[begin.start() : end - (end - begin.start()) % 2]
            pieces += [text[done : begin.start()], unhexlify(digits).decode("utf-8", "replace")]
            done = end
    return "".join([*pieces, text[done:]])
