"""How a secret may be written: plain, escaped, encoded, backwards; and whether a piece of text is such a spelling."""

from __future__ import annotations

import html
import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_SECRET: Final = 4
"""Characters below which a registered value would blank ordinary text."""

SHORTEST_WITHIN_WORDS: Final = 8
"""Characters below which a registered value is found as a whole word only."""

_LETTERS_AND_DIGITS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_LOWER: Final = bytes(range(256)).lower()
_OTHERS: Final = bytes(set(range(256)) - set(_LETTERS_AND_DIGITS))
_HEX: Final = frozenset("0123456789abcdefABCDEF-")
_WIDEST_GAP: Final = 16
_SHORTEST_ANY_CASE: Final = 16
_SHORTEST_LINE: Final = 32
_ENCODED_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")


def core(text: str) -> bytes:
    """Return the ASCII letters and digits of a text, in lower case, and nothing else."""
    return text.encode("ascii", "ignore").translate(_LOWER, _OTHERS)


@frozen(repr=False, eq=False)
class Spelling:
    """One way to write one secret. Immutable, hence thread-safe and task-safe; its ``repr`` does not show it.

    Attributes:
        core: its letters and digits in lower case, by which it is looked for.
        shown: its characters without white space, from the first letter or digit to the last.
        any_case: upper and lower case mean the same.
        any_between: what stands between letters and digits means nothing, as in hexadecimal digits.
        whole_word: it counts only where no letter or digit touches it.
        contiguous: it counts only without a gap, since it may be two ordinary words otherwise.
        widened: characters on either side hold bits of the secret too, as in base64.
        placeholder: what takes the secret's place.
    """

    core: bytes
    shown: str
    any_case: bool = False
    any_between: bool = False
    whole_word: bool = False
    contiguous: bool = False
    widened: bool = False
    placeholder: str = "[SECRET]"
    _before: str = field(default="")
    _after: str = field(default="")

    @classmethod
    def of(cls, text: str, **properties: Any) -> Spelling | None:
        """Return the spelling for a text; None where it has neither letters nor digits."""
        shown = "".join(text.split())
        held = [place for place, char in enumerate(shown) if char.isascii() and char.isalnum()]
        if not held:
            return None
        first, last = held[0], held[-1] + 1
        return cls(core(shown), shown[first:last], before=shown[:first], after=shown[last:], **properties)

    def span(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Return where in the text this spelling stands, given where its letters and digits do; None if it does not."""
        if not self._is(text[start:end]):
            return None
        if self.whole_word and (_touches(text, start - 1) or _touches(text, end)):
            return None
        if self._before and text.endswith(self._before, 0, start):
            start -= len(self._before)
        if self._after and text.startswith(self._after, end):
            end += len(self._after)
        if self.widened:
            start -= start > 0 and text[start - 1] in _ENCODED_CHARACTERS
            end += end < len(text) and text[end] in _ENCODED_CHARACTERS
            while end < len(text) and text[end] == "=":
                end += 1
        return start, end

    def _is(self, found: str) -> bool:
        shown = self.shown
        if self.any_case:
            found, shown = found.lower(), shown.lower()
        if found == shown:
            return True
        if self.contiguous and "\n" not in found:
            return False
        if self.any_between:
            return _letters(found) == _letters(shown)
        return _follows(found, shown)


def _touches(text: str, place: int) -> bool:
    return 0 <= place < len(text) and (text[place].isalnum() or text[place] == "_")


def _letters(text: str) -> bytes:
    return text.encode("ascii", "ignore").translate(None, _OTHERS)


def _follows(found: str, shown: str) -> bool:
    """Tell whether all characters of one text stand in another in order, with nothing but short gaps between them."""
    at = gap = 0
    for char in found:
        if at < len(shown) and char == shown[at]:
            at += 1
            gap = 0
        elif gap == _WIDEST_GAP or (char.isascii() and char.isalnum()):
            return False
        else:
            gap += 1
    return at == len(shown)


def spellings(value: str, raw: bytes) -> Iterator[Spelling]:
    """Yield the ways to write a secret, by their cores, each once.

    Plain, backwards, URL-encoded (once, twice, with ``+``), JSON-, Python- and HTML-escaped, hexadecimal, as escapes
    and as numbers byte by byte, and the part that all base64 texts share that hold it at one of three alignments.
    """
    short = len(value.strip()) < SHORTEST_WITHIN_WORDS
    seen: set[tuple[bytes, str]] = set()
    for spelling in (*_written(value, raw, short=short), *_encoded(raw, short=short)):
        if spelling is not None and (spelling.core, spelling.shown) not in seen:
            seen.add((spelling.core, spelling.shown))
            yield spelling


def _written(value: str, raw: bytes, *, short: bool) -> Iterator[Spelling | None]:
    letters = core(value)
    mixed = not letters.isalpha() and not letters.isdigit()
    is_long = len(letters) >= _SHORTEST_ANY_CASE
    is_hex = _HEX.issuperset(value)
    any_case = is_hex or (mixed and is_long)
    contiguous = value.isalpha() and len(value) < _SHORTEST_ANY_CASE
    once = quote(raw, safe="")
    texts = [value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]]
    texts += [json.dumps(json.dumps(value)[1:-1])[1:-1], html.escape(value), html.escape(html.escape(value))]
    texts += [raw.decode("latin-1"), repr(raw)[2:-1]]
    if not short:
        texts.append(value[::-1])
        lines = value.splitlines()
        texts += [line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith("-----") and lines[1:]]
    for text in texts:
        yield Spelling.of(
            text, any_case=any_case, any_between=is_hex and is_long, whole_word=short, contiguous=contiguous
        )
    for text in (once, quote(raw), quote_plus(raw), quote(once, safe=""), quote(quote(once, safe=""), safe="")):
        if text not in texts:
            yield Spelling.of(text, any_case=True, whole_word=short, contiguous=contiguous)


def _encoded(raw: bytes, *, short: bool) -> Iterator[Spelling | None]:
    digits = raw.hex()
    for text in (digits, *_by_byte(raw, ("x{:02x}", "0x{:02x}", "u00{:02x}", "{:d}", "{:03o}"))):
        yield Spelling.of(text, any_case=True, any_between=True, whole_word=short)
    if short:
        yield Spelling.of(b64encode(raw).decode("ascii"), whole_word=True)
        return
    for offset, foreign in ((0, 0), (1, 2), (2, 3)):
        padded = b64encode(bytes(offset) + raw).decode("ascii")[foreign:].rstrip("=")
        partial = (len(raw) + offset) % 3 > 0
        yield Spelling.of(padded[: len(padded) - partial], any_between=True, widened=True)


def _by_byte(raw: bytes, forms: tuple[str, ...]) -> Iterator[str]:
    for form in forms:
        yield "".join(form.format(byte) for byte in raw)
