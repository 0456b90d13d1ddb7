"""Cleans a log of any size, record by record, and counts what it hid."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

from attrs import define, field

from recoup_plugins.security_sanitizer.json_lines import clean_json
from recoup_plugins.security_sanitizer.records import Record, Records

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.records import ByteReader
    from recoup_plugins.security_sanitizer.sanitizer import SecurityDataSanitizer

_PLACEHOLDER = re.compile(r"\[([A-Z][A-Z_]{1,31})(?: [0-9a-f]{4,8})?\]")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_FOREIGN: Final = {0xDC80 + code: 0xF700 + 0x80 + code for code in range(0x80)}
_NATIVE: Final = {private: surrogate for surrogate, private in _FOREIGN.items()}
"""Bytes that are no UTF-8 stand in the private use area while a text is looked at, so that they are kept."""

_WINDOW: Final = 8192
_CUTS_TRIED: Final = 16
_BETWEEN_WORDS = re.compile(r"[\s,;&]")


class ByteWriter(Protocol):
    """What a cleaned log is written to."""

    def write(self, data: bytes, /) -> object:
        """Write bytes."""
        ...


@define
class Summary:
    """What one run found. Not thread-safe: it is counted up.

    Attributes:
        lines: lines read.
        changed: records in which something changed; a record is a line with those that go on with it.
        found: placeholders by kind, beyond those that were there already.
    """

    lines: int = 0
    changed: int = 0
    found: Counter[str] = field(factory=Counter)


class LogCleaner:
    """Cleans logs at one level. Not thread-safe: each run makes its own.

    Args:
        sanitizer: what finds secrets; its bounds should be above those of a record.
        level: how much to hide.
    """

    def __init__(self, sanitizer: SecurityDataSanitizer, level: str) -> None:
        self._sanitizer = sanitizer
        self._level = level
        self._pending = ""
        self._foreign = False
        self.summary = Summary()

    def clean(self, source: ByteReader, target: ByteWriter) -> None:
        """Read a log to its end and write the cleaned one. What is written is never more than one record behind."""
        for number, record in enumerate(Records(source)):
            mark = _BYTE_ORDER_MARK if number == 0 and record.data.startswith(_BYTE_ORDER_MARK) else b""
            target.write(mark + self._record(record, record.data[len(mark) :]))

    def _record(self, record: Record, data: bytes) -> bytes:
        self.summary.lines += record.lines - record.partial
        text = self._decoded(data)
        if record.partial or self._pending:
            text, self._pending = self._pending + text, ""
            clean = self._part(text, partial=record.partial)
            data = self._encoded(clean)
        else:
            body = text.rstrip("\r\n")
            clean = self._whole(body)
            if clean != body:
                self._count(body, clean)
                data = self._encoded(clean + text[len(body) :])
        self._foreign = self._foreign and self._pending != ""
        return data

    def _decoded(self, data: bytes) -> str:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            self._foreign = True
            return data.decode("utf-8", "surrogateescape").translate(_FOREIGN)

    def _encoded(self, text: str) -> bytes:
        if self._foreign:
            return text.translate(_NATIVE).encode("utf-8", "surrogateescape")
        return text.encode("utf-8", "replace")

    def _whole(self, body: str) -> str:
        if "\n" not in body:
            found = clean_json(body, lambda value: self._sanitizer.sanitize(value, self._level))
            return self._text(body) if found is None else found
        found = self._text(body)
        return found.replace("\n", "\r\n") if "\r\n" in body else found

    def _text(self, text: str) -> str:
        return self._sanitizer.sanitize_stack_trace(text, self._level)

    def _count(self, text: str, clean: str) -> None:
        self.summary.changed += 1
        found = Counter(_PLACEHOLDER.findall(clean))
        found.subtract(Counter(_PLACEHOLDER.findall(text)))
        self.summary.found.update({kind: count for kind, count in found.items() if count > 0})

    def _part(self, text: str, *, partial: bool) -> str:
        """Clean a part of a line that is too long to be looked at as a whole; its last words wait for the next part."""
        if partial:
            place = self._cut(text)
            text, self._pending = text[:place], text[place:]
        body = text.rstrip("\r\n")
        clean = self._text(body)
        if clean != body:
            self._count(body, clean)
        return clean + text[len(body) :]

    def _cut(self, text: str) -> int:
        """Return a place near the end where a text can be cut without a secret's being cut, or losing its name."""
        start = len(text) - _WINDOW
        window = text[start:]
        whole = self._text(window)
        places = [found.end() for found in _BETWEEN_WORDS.finditer(window, 0, _WINDOW // 2)] or [_WINDOW // 2]
        for place in reversed(places[:: len(places) // _CUTS_TRIED + 1]):
            if self._text(window[:place]) + self._text(window[place:]) == whole:
                return start + place
        return start
