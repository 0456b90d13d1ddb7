"""Tells by what stands around a sensitive name in which notations it may have a value, and where.

Looking for all notations costs far more than a text is worth, and most texts that speak of a key or a token have none.
What is looked at here may be right in other places too: it only decides what is worth a look.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from recoup_plugins.security_sanitizer.name_stems import FIX_TAGS, LOGIN_WORDS
from recoup_plugins.security_sanitizer.notations import Notation
from recoup_plugins.security_sanitizer.sample import OPAQUE, octets
from recoup_plugins.security_sanitizer.values import looks_random

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from recoup_plugins.security_sanitizer.engine import Engine
    from recoup_plugins.security_sanitizer.notations import Located, Span
    from recoup_plugins.security_sanitizer.sample import Sample

    GoesOn = Callable[[str, int, int, int], bool]
    """Tells of a text, and of where a name begins, ends, and the words behind it end, whether these belong together."""


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

_JOINING_WORD: Final = r"(?:is|was|has|been|set|changed|updated|reset|equals|for|of|on|to)[ \t+]|[bru][\"']"
_DIRECTLY: Final = (
    rf"(?! (?!{_JOINING_WORD})[A-Za-z0-9_])"  # any other word joins nothing, which is told at once this way
    f"{_AROUND}(?:(?:{_REMARK}|{_OWNER})?{_JOINT}|{_LOOSE_JOINT})"
)
_DIRECTLY_JOINED: Final = _octets(_DIRECTLY)
"""Matches right behind a name what joins it to a value."""

_JOINED_IN_LIST: Final = _octets(rf"(?:[^\"]{{0,160}}\"|[^']{{0,160}}'){_QUOTED_NEXT}")
"""Matches behind a name the end of the quotes that it stands in, and what joins them to a value."""


_AROUND_OCTETS: Final = b" \t\r\n\"'`\\"
_VALUE_MARKS: Final = b"=:>"
_JOINTS: Final = (b"=", b":", b">")
_BEFORE_VALUE: Final = _VALUE_MARKS + _AROUND_OCTETS
_WORD_OCTETS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
_CELLS: Final = rf"[\w$.\-\"'` \t|,;{_FOREIGN}]{{0,1000}}(?:\r?\n|\\r\\n|\\n)"
_BEFORE_CELL: Final = _octets(rf"(?:[\t|,;{_FOREIGN}]|  )[ \t\"'`|]{{0,16}}(?:[\w$.\-]{{1,48}} ){{0,2}}\Z")
_LAST_CELLS: Final = _octets(_CELLS)
_AFTER_CELL: Final = (
    rf"{_WORDS}(?! \w)[ \t\"'`]{{0,16}}(?:[\t|{_FOREIGN}]|  |[,;]{_CELLS}|(?:\r?\n|\\r\\n|\\n)[\-+= ]{{2}}|"
    r"\]{1,2}[ \t]{0,8}\n|:[ \t]{0,8}\n)"
)
_WIDEST_CELL: Final = 160
_CREDENTIAL: Final = _octets(
    "(?i:key|secret|token|pass|pwd|sign|cred|auth|mnemonic|seed|jwt|hmac|session|cookie|webhook)"
)
_OPENS: Final = r"[\"'`(\[<]?"


def _mixed(octet: str) -> str:
    """Return a pattern for eight octets of a class or more that have both letters and digits."""
    return rf"(?={octet}{{0,999}}?{_DIGIT})(?={octet}{{0,999}}?[A-Za-z{_FOREIGN}]){octet}{{8,1001}}"


_MIXED: Final = _mixed(r"[^\s\"'`<>()\[\]{}]")
_MIXED_IN_ROW: Final = _mixed(r"[^\s\"'`<>()\[\]{}|]")
_AFTER_VALUE: Final = ".,;:!?"
_APART: Final = r"(?![\"'`]?[=:])"
_IS_APART: Final = _octets(_APART)
"""Matches behind a name that no mark joins directly to a value."""

_SPACED: Final = (
    rf"{_APART}[\"'`)]?(?:,|:|'?s)?[ \t]{{1,24}}(?:[\-{_FOREIGN}>|/]{{1,3}}[ \t]{{1,4}})?"
    rf"(?:value |of |is |was |\d )?{_OPENS}(?P<value>{_MIXED_IN_ROW})"
)
_BEHIND: Final = _octets(
    rf"(?:(?=(?P<words>{_WORDS}){_DIRECTLY}(?P<joint>))|)(?:(?={_AFTER_CELL}(?P<cell>))|)(?:(?={_SPACED})|)"
    r"(?(joint)|(?(cell)|(?(value)|(?!))))"
)
"""Matches where a joint stands behind a name, maybe with words before it, more cells, or a value behind a space."""

_GOT_WORDS: Final = (b"got", b"received", b"given", b"found", b"provided", b"saw", b"actual", b"was")
_GOT: Final = _octets(rf"\b[A-Za-z]{{3,8}}[ :=]{{1,3}}{_OPENS}{_MIXED}")
_GOT_WINDOW: Final = 160
_DASH: Final = ord("-")

_FIELDS: Final = frozenset(
    b"name key k field header headername parameter param label variable var env attribute property setting "
    b"option".split()
)
"""Names whose values are names."""

_WIDEST_FIELD: Final = 48
_MOVES: Final = _octets(
    rf"{_WORDS}(?:[\"'`]?(?: [^\n:=\"'`]{{0,80}})? "
    r"(?i:with|had|has|of|to|new|old|its|the|invalid|unexpected|current) (?i:value)[ :=]|"
    r"[\"'`]? (?i:was |has been )?(?i:changed|updated|rotated|replaced|switched|renamed|moved) (?i:from) )"
)
"""Matches behind a name of which it is said that it has a value, or had another one."""

_VALUE_FOR: Final = _octets(
    r"value[ :=]{1,3}[\"'`][^\s\"'`]{4,1000}[\"'`] (?:for|of|in|given for|passed to|supplied for) "
)
_OPTION: Final = _octets("--(?:name|key|parameter|secret-id|secret-name|variable|field|id)[= ]")
_INSERT: Final = _octets(r"\b(?:insert|replace|copy|merge)\s[^()]{1,160}\(")
_FIX: Final = _octets(f"(?:{'|'.join(FIX_TAGS)})(?:=|\\\\{{0,4}}[\"'] ?[:=])")
_OPERATIONS: Final = frozenset(
    b"op method event action type command cmd request req reqtype channel ch e id msgtype messagetype operation".split()
)
"""Names whose values are operations."""

_LOGIN_WORDS: Final = tuple(map(octets, LOGIN_WORDS))
_PATH_OCTETS: Final = _WORD_OCTETS + b"./-"
_WIDEST_OPERATION: Final = 96
_COMMAND_WORDS: Final = ("set", "setx", "setenv", "ENV", "ARG", "add", "put", "export")
_COMMAND: Final = _octets(
    rf"\b(?:{'|'.join(_COMMAND_WORDS)})(?: {{1,2}}-{{1,2}}\w{{1,16}})?[ \t]{{1,8}}[\w.\-/:]{{3,200}}[ \t]"
)


_GOT_SAID, _MOVED, _TOLD, _OPTIONS, _VALUED, _LISTED, _CLOSES, _IN_FIX, _INSERTED, _LOGS_IN, _COMMANDED = (
    1 << number for number in range(11)
)
"""What an entry may hold without which some notations are not worth a look, one bit each."""

_LITERALS: Final = {
    _GOT_SAID: _GOT_WORDS,
    _MOVED: (b" from ", b" value"),
    _TOLD: (b"uplicate entry '", b"input_value="),
    _OPTIONS: (b" --",),
    _VALUED: (b"value",),
    _LISTED: (b'",', b"',", b'";s:', b"';s:"),
    _CLOSES: (b"</",),
    _IN_FIX: (b"8=fix", b"554=", b"35=", b'"35', b"'35"),
    _INSERTED: (b"insert", b"replace", b"copy", b"merge"),
    _LOGS_IN: _LOGIN_WORDS,
    _COMMANDED: tuple(octets(word.lower() + blank) for word in _COMMAND_WORDS for blank in " \t"),
}
"""For each of these, in small letters, the literals of which one is there."""

_UNNAMED: Final = _CLOSES | _IN_FIX | _INSERTED | _LOGS_IN | _COMMANDED


class _Entry(NamedTuple):
    """An entry of a log.

    Attributes:
        start: where it begins.
        end: where it ends.
        marks: what it holds, one bit each.
        has_lines: whether it has more than one line.
        received: where somebody says what he got, and that may be random.
    """

    start: int
    end: int
    marks: int
    has_lines: bool
    received: list[int]


class Surroundings:
    """Tells what stands around names. Immutable, hence thread-safe and task-safe.

    Args:
        engine: looks for what some notations cannot do without.
        goes_on: tells whether the words behind a name may be a part of it.
    """

    __slots__ = ("_goes_on", "_marks")

    def __init__(self, engine: Engine, goes_on: GoesOn) -> None:
        self._goes_on = goes_on
        self._marks = engine.literal_groups(list(_LITERALS.values()))

    def beside(self, sample: Sample, names: Iterable[Span], start: int, end: int) -> Located:
        """Return the notations that an entry may hold, and where in it each may stand.

        A span begins with the name. A notation of which it is only known that it may be there has the whole entry.

        Args:
            sample: the text.
            names: where in the text names stand that may be sensitive, in ascending order.
            start: where the entry begins.
            end: where it ends.
        """
        raw, is_foreign = sample.raw, not sample.text.isascii()
        has_lines = raw.find(b"\n", start, end - 1) >= 0 or raw.find(b"\\n", start, end) >= 0
        marks = self._marks(sample.lowered[start:end])
        entry = _Entry(start, end, marks, has_lines, _received(sample, start, end) if marks & _GOT_SAID else [])
        located: Located = {}
        whole = [(0, end - start)]
        is_told = _is_told(sample, entry)
        for name in names:
            first, last = name
            behind = _BEHIND.match(raw, last, end)
            joint = self._joint(sample, name, entry, behind)
            is_cell = (behind and behind.start("cell") >= 0) or (has_lines and _is_last_cell(raw, name, entry))
            if is_foreign and _FOREIGN_OCTET in raw[first:last]:  # which may be what parts the name and its value
                joint, is_cell = joint or last, True
            if joint:
                located.setdefault(Notation.NAMED, []).append((first - start, joint - start))
            if is_cell:
                located.setdefault(Notation.TABLE, []).append((first - start, last - start))
            if entry.received or (behind and behind.start("value") >= 0):
                for place in _spaced(sample, name, entry, behind):
                    located.setdefault(Notation.SPACED, []).append((first - start, place - start))
            if raw[first] == _DASH:
                located[Notation.FLAG] = whole
            is_told = is_told or _tells(raw, name, entry)
        if is_told:
            located[Notation.TOLD] = whole
        if entry.marks & _UNNAMED:
            located |= dict.fromkeys(_unnamed(sample, entry), whole)
        return located

    def _joint(self, sample: Sample, name: Span, entry: _Entry, behind: re.Match[bytes] | None) -> int:
        """Return where ends what joins a name to its value, be it one of several; 0 where nothing does."""
        raw, (first, last), end = sample.raw, name, entry.end
        listed = _JOINED_IN_LIST.match(raw, last, end) if entry.marks & _LISTED else None
        place = listed.end() if listed is not None else 0
        if behind is None or (joint := behind.start("joint")) < 0:
            return place
        spoken = behind.end("words")
        if spoken == last or place or _DIRECTLY_JOINED.match(raw, last, end) is not None:
            return max(place, joint)
        return joint if self._goes_on(sample.text, first, last, spoken) else 0


def _is_last_cell(raw: bytes, name: Span, entry: _Entry) -> bool:
    """Tell whether nothing but cells of a table may stand behind a name in its line, and one before it."""
    first, last = name
    if _LAST_CELLS.match(raw, last, entry.end) is None:
        return False
    line = raw[max(entry.start, first - _WIDEST_CELL) : first].rpartition(b"\n")[2]
    return _BEFORE_CELL.search(line) is not None


def _spaced(sample: Sample, name: Span, entry: _Entry, behind: re.Match[bytes] | None) -> Iterator[int]:
    """Yield where a credential ends of which something is said that looks random, and where a random value begins."""
    first, last = name
    if _CREDENTIAL.search(sample.raw, first, last) is None:
        return
    if _is_said(entry, last) and _IS_APART.match(sample.raw, last) is not None:
        yield last
    begin, end = behind.span("value") if behind else (-1, -1)
    if begin >= 0 and looks_random(sample.text[begin:end].rstrip(_AFTER_VALUE)):
        yield begin


def _received(sample: Sample, start: int, end: int) -> list[int]:
    """Return, in order, where somebody says what he got, and that may be random."""
    places = sorted(place for word in _GOT_WORDS for place in _places(sample.lowered, word, start, end))
    return [place for place in places if _GOT.match(sample.raw, place, min(place + _GOT_WINDOW, end)) is not None]


def _is_said(entry: _Entry, last: int) -> bool:
    """Tell whether somebody says soon behind a name what he got."""
    number = bisect_left(entry.received, last)
    return number < len(entry.received) and entry.received[number] < last + _GOT_WINDOW


def _places(lowered: bytes, word: bytes, start: int, end: int) -> Iterator[int]:
    """Yield where a word stands."""
    place = lowered.find(word, start, end)
    while place >= 0:
        yield place
        place = lowered.find(word, place + 1, end)


def _tells(raw: bytes, name: Span, entry: _Entry) -> bool:
    """Tell whether a name may be a value itself, with its own value apart from it."""
    first, last = name
    may_be_value = first > 1 and (raw[first - 1] in _VALUE_MARKS or raw[first - 2] in _BEFORE_VALUE)
    if may_be_value and _name_of(raw[max(entry.start, first - _WIDEST_FIELD) : first]) in _FIELDS:
        return True
    return bool(entry.marks & _MOVED) and _MOVES.match(raw, last, entry.end) is not None


def _name_of(before: bytes) -> bytes:
    """Return the name, in small letters, that what stands before a value ends in; an empty one where it has none."""
    before = before.rstrip(_AROUND_OCTETS)
    if before[-1:] not in _JOINTS:
        return b""
    before = before.rstrip(_BEFORE_VALUE)
    return before[len(before.rstrip(_WORD_OCTETS)) :].lower()


def _is_told(sample: Sample, entry: _Entry) -> bool:
    """Tell whether an entry has a mark of names and values that stand apart, whatever the names."""
    start, end, marks, *_ = entry
    if marks & _TOLD or (marks & _OPTIONS and _OPTION.search(sample.raw, start, end) is not None):
        return True
    return bool(marks & _VALUED) and _VALUE_FOR.search(sample.lowered, start, end) is not None


def _unnamed(sample: Sample, entry: _Entry) -> Iterator[Notation]:
    """Yield the notations that an entry may hold by what does not stand beside a name."""
    raw, (start, end, marks, *_) = sample.raw, entry
    if marks & _CLOSES:
        yield Notation.ELEMENT
    if marks & _IN_FIX and _FIX.search(raw, start, end):
        yield Notation.FIX
    if marks & _INSERTED and _INSERT.search(sample.lowered, start, end):
        yield Notation.INSERT
    if marks & _LOGS_IN and _logs_in(sample, start, end):
        yield Notation.LOGIN
    if marks & _COMMANDED and _COMMAND.search(raw, start, end):
        yield Notation.COMMAND


def _logs_in(sample: Sample, start: int, end: int) -> bool:
    """Tell whether what stands behind ``op``, ``method`` or the like is the name of an operation that logs in."""
    for word in _LOGIN_WORDS:
        for place in _places(sample.lowered, word, start, end):
            before = sample.raw[max(start, place - _WIDEST_OPERATION) : place].rstrip(_PATH_OCTETS)
            if _name_of(before) in _OPERATIONS:
                return True
    return False
