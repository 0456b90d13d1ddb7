"""Finds secrets whose names stand apart from them, in the same column: tables, CSV with a header row, SQL inserts.

A header row is a line of two or more cells that are all names; the cells below a sensitive one are hidden for as long
as the lines have as many cells. Cells are parted by tabs, bars, commas, semicolons or two spaces. A row of exactly two
cells, a name and what it holds, is a table of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.values import is_placeholder, is_prose, looks_like, looks_random, looks_secret

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.keys import Verdict

Sensitive = Callable[[str], "Verdict | None"]
"""Gives the verdict on a name that is sensitive at the level in question, else None."""

Found = tuple[int, int, str]
"""Where a secret begins and ends, and its kind."""

Span = tuple[int, int]
"""Where something begins and ends."""

Cell = Span

_LINE_END = re.compile(r"\n|\r\n|\\(?:r\\n|n)")
_DELIMITERS: Final = ("\t", "|", "\u2502", "\u2503", "\u2551", ",", ";", "  ")
_PAIR_DELIMITERS: Final = ("\t", "|", "\u2502", "\u2503", "\u2551", "  ")
_NAME = re.compile(r"[A-Za-z_$][\w$.\-]{0,47}(?: [A-Za-z][\w.\-]{0,31}){0,2}", re.ASCII)
_OF_SEVERAL_WORDS: Final = frozenset(["SEED_PHRASE", "PASSWORD"])
_LIST_NUMBER = re.compile(r"[(\[]?\d{1,3}[)\].:] {1,4}")
_RULE = re.compile(r"[\s+|:=\-\u2500-\u257f]{1,1000}")
_AROUND_CELL: Final = " \t\"'`"
_LONGEST_LINE: Final = 8192
_MOST_CELLS: Final = 128
_PAIR: Final = 2
_INSERT = re.compile(
    r"\b(?:insert(?: or \w{1,16})?|replace|copy|merge)(?:\s{1,4}into)?\s{1,4}[\w.\"`\[\]]{1,128}\s{0,4}\(("
    r"[^()]{1,1000})\)"
    r"(?:\s{0,4}output\s[^()]{1,64})?\s{0,8}(?:values?\s{0,8}|from\s{1,4}stdin)",
    re.IGNORECASE | re.ASCII,
)
_PARAMETERS = re.compile(r"parameters:?\s{0,2}[=\[]?\s{0,2}\[?(?=\()|\bargs[:=]\s{0,2}(?=[(\[])", re.IGNORECASE)
_PARAMETERS_WINDOW: Final = 400
_MOST_ROWS: Final = 1000
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


def in_tables(  # noqa: C901 - one state of the table a branch
    text: str, sensitive: Sensitive, spans: Iterable[Span]
) -> Iterator[Found]:
    """Yield the sensitive cells of every table in a text of several lines, or of one row that is a pair.

    Args:
        text: any text.
        sensitive: gives the verdict on a name.
        spans: where a table may begin, in ascending order.
    """
    columns: dict[int, Verdict] = {}
    delimiter, count, first = "", 0, ""
    before: Span | None = None
    remaining = iter(spans)
    span: Span | None = next(remaining, None)
    for start, end, after in _lines(text):
        if columns:
            if _RULE.fullmatch(text, start, end):
                continue
            cells = _cells(text, start, end, delimiter)
            is_single = count == 1 or (count == len(cells) == _PAIR and _bare(text, cells[0]) == first)
            if is_single and cells and not _goes_on(text[cells[-1][0] : cells[-1][1]], columns):
                cells = []
            if count <= len(cells) <= count + (delimiter == "  "):
                yield from _below(text, cells, len(cells) - count, columns)
                continue
            columns = {}
        while span is not None and span[1] <= start:
            span = next(remaining, None)
        if span is None:
            break
        if span[0] <= end and 0 < end - start <= _LONGEST_LINE and not _RULE.fullmatch(text, start, end):
            delimiter, cells = _header(text, start, end, sensitive)
            if len(cells) == _PAIR and before is not None and delimiter == _pair_delimiter(text, before):
                delimiter = ""
            follows = _line_after(text, after) if delimiter else ""
            if delimiter and _begins_table(delimiter, len(cells), follows):
                count, first = len(cells), _bare(text, cells[0])
                columns = {
                    place: verdict for place, cell in enumerate(cells) if (verdict := sensitive(_bare(text, cell)))
                }
            elif delimiter != " ":
                yield from _pair(text, start, end, sensitive)
        before = start, end


def _lines(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield where each line begins and ends, and where the next one begins."""
    start = 0
    for stop in _LINE_END.finditer(text):
        yield start, stop.start(), stop.end()
        start = stop.end()
    yield start, len(text), len(text)


def _pair_delimiter(text: str, line: Span) -> str:
    """Return what divides a line into a pair; the empty text where nothing does."""
    return next((mark for mark in _PAIR_DELIMITERS if mark in text and len(_cells(text, *line, mark)) == _PAIR), "")


def _line_after(text: str, start: int) -> str:
    stop = _LINE_END.search(text, start, start + _LONGEST_LINE)
    return text[start : stop.start() if stop else start + _LONGEST_LINE]


def _begins_table(delimiter: str, count: int, follows: str) -> bool:
    """Tell whether the line after a row of names has as many cells, or rules it off."""
    if not follows.strip():
        return False
    if count == 1:
        return delimiter == "\n" and len(follows) > 1 and not follows.strip("-+= ")
    if _RULE.fullmatch(follows):
        return True
    return count <= len(_cells(follows, 0, len(follows), delimiter)) <= count + (delimiter == "  ")


def _goes_on(cell: str, columns: dict[int, Verdict]) -> bool:
    """Tell whether a line can be a value of a single column: one word, maybe numbered; phrases have several."""
    value = _LIST_NUMBER.sub("", cell.strip(), count=1)
    return " " not in value or any(verdict.kind in _OF_SEVERAL_WORDS for verdict in columns.values())


def _header(text: str, start: int, end: int, sensitive: Sensitive) -> tuple[str, list[Cell]]:
    """Return the delimiter and cells of a line that consists of names, one of them sensitive; else an empty one."""
    if end >= len(text):
        return "", []
    line = text[start:end]
    for delimiter in _DELIMITERS:
        if delimiter not in line.strip():
            continue
        cells = _cells(text, start, end, delimiter)
        names = [_bare(text, cell) for cell in cells]
        if len(cells) > _PAIR:  # something may stand before the first name: a date, "[Errno 5]"
            names[0] = names[0].rpartition(" ")[2].strip(_AROUND_CELL)
        if len(cells) < _PAIR or not all(map(_NAME.fullmatch, names)) or any(map(looks_random, names[1:])):
            continue
        if any(map(sensitive, names)) and (len(cells) > _PAIR or not _is_pair(names, delimiter, sensitive)):
            return delimiter, cells
    name = line.strip(_AROUND_CELL)
    if _NAME.fullmatch(name) and sensitive(name):
        return "\n", [(start, end)]
    return "", []


def _is_pair(names: list[str], delimiter: str, sensitive: Sensitive) -> bool:
    """Tell whether a row of two is a name with its value instead of the head of two columns."""
    known = sensitive(names[0]) is not None and sensitive(names[1]) is None
    return known and delimiter in _PAIR_DELIMITERS and looks_secret(names[1])


def _cells(text: str, start: int, end: int, delimiter: str) -> list[Cell]:
    """Split a line; a delimiter between double quotes belongs to its cell; bars at the edges make none."""
    cells: list[Cell] = []
    if delimiter == "\n":
        return [(start, end)]
    at = start
    while at <= end and len(cells) < _MOST_CELLS:
        begin = at
        while begin < end and text[begin] == " ":
            begin += 1
        close = text.find('"', begin + 1, end) if text[begin : begin + 1] == '"' else -1
        stop = text.find(delimiter, close + 1 if close > 0 else begin, end)
        stop = end if stop < 0 else stop
        cells.append((begin, stop))
        at = stop + len(delimiter)
        if stop == end:
            break
        while delimiter == "  " and at < end and text[at] == " ":
            at += 1
    if delimiter in ("|", "\u2502", "\u2503", "\u2551", "  "):
        if cells and not text[cells[0][0] : cells[0][1]].strip():
            cells.pop(0)
        if cells and not text[cells[-1][0] : cells[-1][1]].strip():
            cells.pop()
    return cells


def _bare(text: str, cell: Cell) -> str:
    return text[cell[0] : cell[1]].strip(_AROUND_CELL)


def _below(text: str, cells: list[Cell], shift: int, columns: dict[int, Verdict]) -> Iterator[Found]:
    for place, verdict in columns.items():
        start, end = cells[place + shift]
        yield from _cell(text, start, end, verdict)


def _cell(text: str, start: int, end: int, verdict: Verdict) -> Iterator[Found]:
    """Yield a cell without the quotes and spaces around it, unless it holds nothing or the name is only a word."""
    while start < end and text[start] in _AROUND_CELL:
        start += 1
    while end > start and text[end - 1] in _AROUND_CELL:
        end -= 1
    value = text[start:end]
    if not is_placeholder(value) and (not verdict.weak or looks_like(verdict.kind, value)):
        yield start, end, verdict.kind


def _pair(text: str, start: int, end: int, sensitive: Sensitive) -> Iterator[Found]:
    """Yield the second of exactly two cells where the first is a sensitive name and the second one word or quoted."""
    line = text[start:end]
    for delimiter in _PAIR_DELIMITERS:
        if delimiter not in line.strip():
            continue
        cells = _cells(text, start, end, delimiter)
        if len(cells) != _PAIR:
            continue
        name = _bare(text, cells[0])
        verdict = sensitive(name) if _NAME.fullmatch(name) else None
        value = text[cells[1][0] : cells[1][1]].strip()
        bare = value.strip(_AROUND_CELL)
        if verdict is None or is_prose(bare) or (_NAME.fullmatch(bare) and sensitive(bare)):
            continue
        if " " not in value or value[0] in "\"'" or verdict.kind == "SEED_PHRASE":
            yield from _cell(text, cells[1][0], cells[1][1], verdict)
            return


def in_inserts(text: str, sensitive: Sensitive) -> Iterator[Found]:
    """Yield the sensitive values of ``INSERT INTO t (names) VALUES (values)``, of its parameters, and of ``COPY``."""
    for insert in _INSERT.finditer(text):
        names = [name.strip(" \t\r\n\"'`[]").rpartition(".")[2] for name in insert.group(1).split(",")]
        columns = {place: verdict for place, name in enumerate(names) if (verdict := sensitive(name))}
        if not columns:
            continue
        at = insert.end()
        if insert.group().rstrip().lower().endswith("stdin"):
            yield from _copied(text, at, len(names), columns)
            continue
        end = yield from _rows(text, at, columns)
        if parameters := _PARAMETERS.search(text, end, end + _PARAMETERS_WINDOW):
            yield from _rows(text, parameters.end(), columns, "([")


def _copied(text: str, at: int, count: int, columns: dict[int, Verdict]) -> Iterator[Found]:
    for line in re.finditer(r"[^\n]{1,1000}", text[at:]):
        cells = _cells(text, at + line.start(), at + line.end(), "\t")
        if len(cells) == count:
            yield from _below(text, cells, 0, columns)


def _rows(text: str, at: int, columns: dict[int, Verdict], opening: str = "(") -> Generator[Found, None, int]:
    """Yield the sensitive items of rows in brackets, one after another; return where the last ends."""
    for _ in range(_MOST_ROWS):
        while at < len(text) and text[at] in ", \t\r\n":
            at += 1
        if text[at : at + 1] not in tuple(opening):
            break
        items, at = items_of(text, at)
        for place, verdict in columns.items():
            if place < len(items):
                start, end = items[place]
                if start == len(text):  # the text is cut off behind a comma
                    break
                if (
                    text[start:end].strip().lower() not in ("?", "null", "none", "default")
                    and text[start] not in ":%@$"
                ):
                    yield from _cell(text, start, end, verdict)
    return at


def items_of(text: str, at: int, longest: int = _LONGEST_LINE) -> tuple[list[Cell], int]:
    """Return the spans of the items between the bracket at a place and the one that closes it, and where that ends."""
    limit = min(len(text), at + longest)
    closing = _CLOSING[text[at]]
    items: list[Cell] = []
    start, depth, place = at + 1, 0, at + 1
    while place < limit and len(items) < _MOST_CELLS:
        char = text[place]
        if char in "\"'":
            place = _after_quoted(text, place, limit)
            continue
        if char == closing and not depth:
            break
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and not depth:
            items.append(_stripped(text, start, place))
            start = place + 1
        place += 1
    items.append(_stripped(text, start, place))
    return items, place + 1


def _after_quoted(text: str, place: int, limit: int) -> int:
    """Return the place behind a quoted string; a doubled or escaped quote does not end it."""
    quote = text[place]
    escaped = text[place - 1] == "\\"
    place += 1
    while (place := text.find(quote, place, limit)) >= 0:
        if text[place - 1] == "\\" and not escaped:
            place += 1
        elif text[place + 1 : place + 2] == quote and quote == "'" and not escaped:
            place += 2
        else:
            return place + 1
    return limit


def _stripped(text: str, start: int, end: int) -> Cell:
    while start < end and text[start] in " \t\r\n":
        start += 1
    while end > start and text[end - 1] in " \t\r\n":
        end -= 1
    return start, end
