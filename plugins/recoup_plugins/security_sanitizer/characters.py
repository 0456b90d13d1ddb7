"""Characters that forge log lines or disguise a word, and what is done about them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,16}[@-~]?|\x1b[\]PX^_][^\x07\x1b\x9c]{0,1000}"
    r"(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]{0,4}[0-~]?"
)
_INVISIBLE: Final = dict.fromkeys(
    [
        *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xAD, 0x34F, 0x61C, 0x115F, 0x1160,
        0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0, *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0080), *range(0xE0100, 0xE01F0), *range(0xD800, 0xE000),
    ]
)  # fmt: skip
"""Zero-width, filler and tag characters, direction overrides, variation selectors and lone surrogates."""

_UNSEEN: Final = frozenset(map(chr, _INVISIBLE))

_PICTOGRAPH: Final = "\u203c-\u3299\U0001f000-\U0001faff"
_IN_EMOJI = re.compile(f"((?<=[{_PICTOGRAPH}])\ufe0f|(?<=[{_PICTOGRAPH}\ufe0f])\u200d(?=[{_PICTOGRAPH}]))")
"""What makes a pictograph of a sign, and one of two; between letters the same characters only disguise a word."""

_CONTROL: Final = {code: None for code in [*range(0x20), *range(0x7F, 0xA0)] if code not in (9, 10)} | {
    1: "|",
    11: " ",
    12: " ",
}
"""What becomes of control characters; SOH separates the fields of a FIX message and stays visible."""

_LINE_ENDS: Final = str.maketrans({0x85: "\n", 0x2028: "\n", 0x2029: "\n"})
_FORGING: Final = frozenset(map(chr, (*_CONTROL, *_LINE_ENDS)))

_LOOK_ALIKES: Final = str.maketrans(
    "аеорсухіјѕһԁԛԝкмтвнгпзиѵьАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχωıɑɡℓꜱʏᴀᴇɪᴋᴏᴘᴛ",
    "aeopcyxijshdqwkmtbhrnzuvbABEKMHOPCTYXIJSABEZHIKMNOPTYXaeiknoptyxwiaglsyaeikopt",
)
"""Cyrillic, Greek and phonetic letters that look like Latin ones (a choice from Unicode TR 39, confusables)."""


def without_invisible(text: str) -> str:
    """Return text without the characters that nobody sees."""
    if _UNSEEN.isdisjoint(text):
        return text
    if "\ufe0f" not in text:
        return text.translate(_INVISIBLE)
    parts = _IN_EMOJI.split(text)
    return "".join(part if number % 2 else part.translate(_INVISIBLE) for number, part in enumerate(parts))


def fold(text: str) -> str:
    """Return text in compatibility form (NFKC), with letters that only look Latin replaced by those they imitate."""
    return unicodedata.normalize("NFKC", text).translate(_LOOK_ALIKES)


def without_controls(text: str) -> str:
    """Return text without escape sequences and control characters; every kind of line end becomes a line feed."""
    if _FORGING.isdisjoint(text):
        return text
    if "\x1b" in text or "\x9b" in text:
        text = _ANSI.sub("", text)
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_LINE_ENDS).translate(_CONTROL)


def on_one_line(text: str) -> str:
    r"""Return text with its line feeds written as ``\n``, so that it cannot begin a log line of its own."""
    return text.replace("\n", "\\n")
