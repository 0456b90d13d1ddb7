"""Tells by what stands around a sensitive name in which notations it may have a value, and where.

Looking for all notations costs far more than a text is worth, and most texts that speak of a key or a token have none.
What is looked at here may be right in other places too: it only decides what is worth a look.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from recoup_plugins.security_sanitizer.name_stems import FIX_TAGS, LOGIN_VALUE, LOGIN_WORDS
from recoup_plugins.security_sanitizer.notations import Notation, everywhere
from recoup_plugins.security_sanitizer.sample import OPAQUE, Sample, octets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from recoup_plugins.security_sanitizer.engine import Engine
    from recoup_plugins.security_sanitizer.notations import Located, Span


def _octets(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("ascii"))


_FOREIGN: Final = "\\x80"
_FOREIGN_OCTET: Final = bytes([OPAQUE])
_AROUND: Final = r"[ \t\"'`\\*\]).]{0,64}"
_DIGIT: Final = f"[0-9{_FOREIGN}]"
_SPACE: Final = rf"[\s{_FOREIGN}]"
_QUOTED_NEXT: Final = rf"(?:,{_SPACE}{{0,2}}b?\\{{0,16}}[\"']|;s:\d{{1,4}}:[\"'])"
_REMARK: Final = r"(?:[ \t]\([^()]{1,48}\)|[ \t]?#\d{1,3}|\[\d{1,3}\]) ?"
_OWNER: Final = rf"[ \t](?:for|of|on|to)[ \t][\w \-./{_FOREIGN}]{{1,40}}[ \t]?"
_TYPE: Final = r"[ \t]{0,2}&?(?:'\w{1,16} )?[\w\[\]<>|. ]{0,80}"
_JOINT: Final = (
    rf"(?::{_TYPE}=|[=:{_FOREIGN}]|[~\-]>|<-|[\"']{_QUOTED_NEXT}|,{_SPACE}{{0,2}}<<[\"']|"
    r"[ +](?:is|was|has been|been)[ +]| (?:set|changed|updated|reset) to | equals | \.{4,64} )"
)
_LOOSE_JOINT: Final = (
    rf"(?:(?:[|;,\t]|\\{{1,4}}t)(?:[^\s|;,\"'\\<>]{{0,1000}}?{_DIGIT}|<)|"
    rf"[ ({{]\\{{0,8}}[bru]?[\"'][^ ]{{0,1000}}?{_DIGIT})"
)
"""What joins a name to a value that must be convincing, hence has digits and no blanks."""

_WORDS: Final = rf"(?: [\w.$\-{_FOREIGN}]{{1,64}}+){{0,2}}"
"""The words that may follow the one at which a phrase begins."""

_JOINED: Final = (
    _octets(f"{_WORDS}{_AROUND}(?:(?:{_REMARK}|{_OWNER})?{_JOINT}|{_LOOSE_JOINT})"),
    _octets(rf"(?:[^\"]{{0,160}}\"|[^']{{0,160}}'){_QUOTED_NEXT}"),
)
"""Match behind a name what joins it to a value, and the end of the quotes that it stands in."""

_GOT_WORDS: Final = (b"got", b"received", b"given", b"found", b"provided", b"saw", b"actual", b"was")
_AROUND_OCTETS: Final = b" \t\r\n\"'`\\"
_QUOTES: Final = b"\"'`"
_DIRECT: Final = (b"=", b":")
_JOINTS: Final = (b"=", b":", b">")
_CELLS: Final = rf"[\w$.\-\"'` \t|,;{_FOREIGN}]{{0,1000}}(?:\r?\n|\\r\\n|\\n)"
_BEFORE_CELL: Final = _octets(rf"(?:[\t|,;{_FOREIGN}]|  )[ \t\"'`|]{{0,16}}(?:[\w$.\-]{{1,48}} ){{0,2}}\Z")
_LAST_CELLS: Final = _octets(_CELLS)
_AFTER_CELL: Final = _octets(
    rf"{_WORDS}[ \t\"'`]{{0,16}}(?:[\t|{_FOREIGN}]|  |[,;]{_CELLS}|(?:\r?\n|\\r\\n|\\n)[\-+= ]{{2}}|"
    r"\]{1,2}[ \t]{0,8}\n|:[ \t]{0,8}\n)"
)
_WIDEST_CELL: Final = 160
_CREDENTIAL: Final = _octets(
    "(?i:key|secret|token|pass|pwd|sign|cred|auth|mnemonic|seed|jwt|hmac|session|cookie|webhook)"
)
_VALUE: Final = r"[\"'`(\[<]?([^\s\"'`<>()\[\]{}]{1,1000})"
_SPACED: Final = _octets(
    rf"[\"'`)]?(?:,|:|'?s)?[ \t]{{1,24}}(?:[\-{_FOREIGN}>|/]{{1,3}}[ \t]{{1,4}})?(?:value |of |is |was |\d )?{_VALUE}"
)
_GOT: Final = _octets(rf"(?i:\b(?:got|received|given|found|provided|saw|actual|was))[ :=]{{1,3}}{_VALUE}")
_GOT_WINDOW: Final = 160
_HAS_LETTER: Final = _octets(f"[A-Za-z{_FOREIGN}]")
_HAS_DIGIT: Final = _octets(_DIGIT)
_DASH: Final = ord("-")

_FIELD: Final = _octets(
    r"(?i:\b(?:name|key|k|field|header|headername|parameter|param|label|variable|var|env|attribute|property|setting|"
    r"option))(?:\\{0,8}[\"'`])?\s{0,3}(?:=>|[:=])\s{0,3}\\{0,8}[\"'`]?\Z"
)
_WIDEST_FIELD: Final = 48
_MOVES: Final = _octets(
    rf"{_WORDS}(?:[\"'`]?(?: [^\n:=\"'`]{{0,80}})? "
    r"(?i:with|had|has|of|to|new|old|its|the|invalid|unexpected|current) (?i:value)[ :=]|"
    r"[\"'`]? (?i:was |has been )?(?i:changed|updated|rotated|replaced|switched|renamed|moved) (?i:from) )"
)
"""Matches behind a name of which it is said that it has a value, or had another one."""

_VALUE_FOR: Final = _octets(
    r"(?i:\bvalue)[ :=]{1,3}[\"'`][^\s\"'`]{4,1000}[\"'`] (?i:for|of|in|given for|passed to|supplied for) "
)
_OPTION: Final = _octets("--(?:name|key|parameter|secret-id|secret-name|variable|field|id)[= ]")
_TOLD_MARKS: Final = (b"uplicate entry '", b"input_value=")
_INSERTS: Final = (b"insert", b"replace", b"copy", b"merge")
_INSERT: Final = _octets(r"(?i:\b(?:insert|replace|copy|merge))\s[^()]{1,160}\(")
_FIX: Final = _octets(f"(?:{'|'.join(FIX_TAGS)})(?:=|\\\\{{0,4}}[\"'] ?[:=])")
_FIX_MARKS: Final = (b"8=FIX", b"554=", b"35=", b'"35', b"'35")
_LOGIN: Final = _octets(
    r"(?i:\b(?:op|method|event|action|type|command|cmd|request|req|reqtype|channel|ch|e|id|msgtype|messagetype|"
    r"operation))\\{0,8}[\"']?\s{0,3}" + LOGIN_VALUE
)
_LOGIN_WORDS: Final = tuple(map(octets, LOGIN_WORDS))
_COMMAND_WORDS: Final = ("set", "setx", "setenv", "ENV", "ARG", "add", "put", "export")
_COMMANDS: Final = tuple(octets(word + blank) for word in _COMMAND_WORDS for blank in " \t")
_COMMAND: Final = _octets(
    rf"\b(?:{'|'.join(_COMMAND_WORDS)})(?: {{1,2}}-{{1,2}}\w{{1,16}})?[ \t]{{1,8}}[\w.\-/:]{{3,200}}[ \t]"
)


class _Entry(NamedTuple):
    """Where an entry of a log begins and ends, and whether it has more than one line."""

    start: int
    end: int
    has_lines: bool


_GOT_SAID, _MOVED, _TOLD, _UNNAMED = 1, 2, 4, 8
"""What a text may hold without which some notations are not worth a look, one bit each."""

_LITERALS: Final = (
    _GOT_WORDS,
    (b" from ", b" value"),
    (*_TOLD_MARKS, b" --", b"value"),
    (b"</", *_FIX_MARKS, *_INSERTS, *_LOGIN_WORDS, *_COMMANDS),
)
"""For each of these the literals of which one is there."""


class Surroundings:
    """Tells what stands around names. Immutable, hence thread-safe and task-safe.

    Args:
        engine: looks for what some notations cannot do without.
    """

    __slots__ = ("_marks",)

    def __init__(self, engine: Engine) -> None:
        self._marks = engine.literal_groups([tuple(map(bytes.lower, group)) for group in _LITERALS])

    def of(self, sample: Sample) -> Around:
        """Return what tells of one text what stands around its names."""
        return Around(sample, self._marks(sample.lowered))


class Around:
    """Tells what stands around the names of one text. Immutable, hence thread-safe and task-safe.

    Args:
        sample: any text.
        marks: what it holds, one bit each.
    """

    __slots__ = ("_marks", "_raw", "_sample")

    def __init__(self, sample: Sample, marks: int) -> None:
        self._marks = marks
        self._raw = sample.raw
        self._sample = sample

    def beside(self, names: Iterable[Span], start: int, end: int) -> Located:
        """Return the notations that an entry may hold, and where in it each may stand.

        A span begins with the name. A notation of which it is only known that it may be there has the whole entry.

        Args:
            names: where in the text names stand that may be sensitive, in ascending order.
            start: where the entry begins.
            end: where it ends.
        """
        raw = self._raw
        has_lines = raw.find(b"\n", start, end - 1) >= 0 or raw.find(b"\\n", start, end) >= 0
        entry = _Entry(start, end, has_lines)
        located: Located = {}
        is_told = bool(self._marks & _TOLD) and _is_told(raw[start:end])
        whole = [(0, end - start)]
        for name in names:
            first, last = name
            if _FOREIGN_OCTET in raw[first:last]:  # which may be what joins the name to its value
                return everywhere(Sample(self._sample.text[start:end]))
            span = (first - start, last - start)
            if joints := [joint.end() for joined in _JOINED if (joint := joined.match(raw, last, end))]:
                located.setdefault(Notation.NAMED, []).append((span[0], max(joints) - start))
            if _is_cell(raw, name, entry):
                located.setdefault(Notation.TABLE, []).append(span)
            is_direct = raw[last : last + 2].lstrip(_QUOTES)[:1] in _DIRECT
            if not is_direct and _CREDENTIAL.search(raw, first, last) and self._is_spaced(last, end):
                located.setdefault(Notation.SPACED, []).append(span)
            if raw[first] == _DASH:
                located[Notation.FLAG] = whole
            is_told = is_told or self._tells(name, entry)
        if self._marks & _UNNAMED:
            located |= dict.fromkeys(_unnamed(raw[start:end], self._sample.lowered[start:end]), whole)
        if is_told:
            located[Notation.TOLD] = whole
        return located

    def _is_spaced(self, last: int, end: int) -> bool:
        """Tell whether what stands behind a name, or behind what is said of it, has both letters and digits."""
        found = _SPACED.match(self._raw, last, end)
        if found is not None and _is_mixed(found.group(1)):
            return True
        window = min(last + _GOT_WINDOW, end)
        got = _GOT.finditer(self._raw, last, window) if self._marks & _GOT_SAID else ()
        return any(_is_mixed(found.group(1)) for found in got)

    def _tells(self, name: Span, entry: _Entry) -> bool:
        """Tell whether a name may be a value itself, with its own value apart from it."""
        raw, (first, last) = self._raw, name
        before = raw[max(entry.start, first - _WIDEST_FIELD) : first]
        if before.rstrip(_AROUND_OCTETS)[-1:] in _JOINTS and _FIELD.search(before) is not None:
            return True
        return bool(self._marks & _MOVED) and _MOVES.match(raw, last, entry.end) is not None


def _is_cell(raw: bytes, name: Span, entry: _Entry) -> bool:
    """Tell whether a name may be a cell of a table, or the head of a section."""
    first, last = name
    if _AFTER_CELL.match(raw, last, entry.end) is not None:
        return True
    if not entry.has_lines or _LAST_CELLS.match(raw, last, entry.end) is None:
        return False
    line = raw[max(entry.start, first - _WIDEST_CELL) : first].rpartition(b"\n")[2]
    return _BEFORE_CELL.search(line) is not None


def _is_mixed(value: bytes) -> bool:
    return _HAS_DIGIT.search(value) is not None and _HAS_LETTER.search(value) is not None


def _is_told(raw: bytes) -> bool:
    """Tell whether a text has a mark of names and values that stand apart, whatever the names."""
    if any(map(raw.__contains__, _TOLD_MARKS)):
        return True
    if b" --" in raw and _OPTION.search(raw):
        return True
    return b"value" in raw and _VALUE_FOR.search(raw) is not None


def _unnamed(raw: bytes, lowered: bytes) -> Iterator[Notation]:
    """Yield the notations that a text may hold by what does not stand beside a name."""
    if b"</" in raw:
        yield Notation.ELEMENT
    if any(map(raw.__contains__, _FIX_MARKS)) and _FIX.search(raw):
        yield Notation.FIX
    if any(map(lowered.__contains__, _INSERTS)) and _INSERT.search(raw):
        yield Notation.INSERT
    if any(map(lowered.__contains__, _LOGIN_WORDS)) and _LOGIN.search(raw):
        yield Notation.LOGIN
    if any(map(raw.__contains__, _COMMANDS)) and _COMMAND.search(raw):
        yield Notation.COMMAND
