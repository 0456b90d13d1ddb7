"""Tells where a value in running text begins and ends: in quotes, brackets, a header, an indented block, or bare."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.keys import words_of
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.seed_phrases import end_of_phrase, word_list
from recoup_plugins.security_sanitizer.values import is_ordinary, is_prose, looks_random, looks_secret

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.keys import Verdict

_BRACKET = re.compile(r"[\[\]{}()]")
_BARE = re.compile(r"[ \t]{0,8}([^\s\"'<>&]{1,1000})")
_BARE_END = re.compile(r"\\x0\d|\\{1,8}u0026|[,;|](?=\s|\Z|[\w.\-]{1,64}[=:])|\\[nrt\"']|[,;|](?=[\[{])")

_SCHEME = re.compile(r"[ \t]{0,8}(?:Bearer|Basic|Token|JWT|ApiKey|Digest)[ \t]{1,4}(?=\S)", re.IGNORECASE)
_OTHER_SCHEME = re.compile(
    r"[ \t]{0,8}[A-Za-z][A-Za-z0-9\-]{2,24}[ \t]{1,4}([\w+/=.\-:]{8,1000})(?![\w+/=.\-:])", re.ASCII
)
_PADDED = re.compile(r"[ \t]{0,8}([A-Za-z0-9+/]{40,1000}={1,2})(?=[\s,}\])]|\Z)", re.ASCII)
"""A signature in base 64 alone, as Kraken's ``Authent`` has it: its padding is no parameter."""

_PARAMETER = re.compile(r"\w{1,32}=\\{0,4}[\"']", re.ASCII)
_MOST_PARTS: Final = 64
_WORDS_TO_ONE_LISTED: Final = 3
"""Words of another list to one that stands in both."""

_WIDEST_GAP: Final = 8
_LONGEST_HEADER: Final = 16_384
_LINE_ENDS: Final = ("\n", "\\n", "\\r", "'")
_WORD = re.compile(r"[a-z]{2,10}")
_LISTED: Final = "[a-z\u00df-\u024f\u0300-\u036f\u0400-\u04ff]{2,14}"
_RUN_OF_WORDS = re.compile(_LISTED + f" {_LISTED}" * 11 + f"(?: {_LISTED})?" * 12)
_BLOCK = re.compile(r"[ \t]{0,8}[|>][+\-0-9]{0,2}[ \t]{0,8}(?:#[^\n\\]{0,200})?(?=\n|\\n)")
_NEXT_LINE = re.compile(r"[ \t]{0,8}(?=\n[ \t]{0,64}\S)")
_LINE_FEED = re.compile(r"\n|\\n")
_GROUP = re.compile(r"[ \-](?=[A-Z]{0,3}\d)[A-Z0-9()/.\-]{1,12}(?![\w:=])", re.ASCII)
_IBAN_GROUP = re.compile(r"[ \-][A-Z0-9]{4}(?![\w:=])", re.ASCII)
_LAST_IBAN_GROUP = re.compile(r"[ \-](?=[A-Z]{0,3}\d)[A-Z0-9]{1,3}(?![\w:=])", re.ASCII)
_WORDS = re.compile(r"(?: [a-z]{3,12}){2,9}(?=[ \t]{0,8}(?:\n|\\n|\Z))")
_CONCATENATED = re.compile(
    r"[ \t]{0,8}(?:[+.&\\]|\|\|)?[ \t]{0,8}(?:\\?\n|\\n)?[ \t]{0,64}(?:[+.&][ \t]{0,8})?[bruf]?(\\{0,8}[\"'])"
)
_CONTINUED = re.compile(r"\n[ \t]{0,32}([^\s\"'<>&=:]{4,1000})")
_MORE = re.compile(r",? ([\w\-]{4,24})(?![\w\-=:])", re.ASCII)
_LONGEST_CODE: Final = 24
_CHARACTER = re.compile(r"\w", re.ASCII)
_FURTHER = re.compile(r" ([A-Za-z0-9]{4,16})(?![\w\-=:])", re.ASCII)
_FEWEST_GROUPS: Final = 4


def inside_quotes(text: str, start: int, quote: str) -> tuple[int, int]:
    """Return the span between quotes; without a closing quote the value runs to the end of the text."""
    if quote[0] == quote[-1] and len(quote) > 1:
        end = text.find(quote, start)
        return start, end if end >= 0 else len(text)
    escapes = len(quote) - 1
    at = start
    while (end := text.find(quote[-1], at)) >= 0:
        backslashes = 0
        while end - backslashes > start and text[end - backslashes - 1] == "\\":
            backslashes += 1
        if backslashes <= escapes or (not escapes and backslashes % 2 == 0):
            return start, end - backslashes if escapes else end
        at = end + 1
    return start, len(text)


def closing_bracket(text: str, start: int) -> int:
    """Return where the bracket at a place is closed again; the end of the text when it is not."""
    depth = 0
    for bracket in _BRACKET.finditer(text, start):
        depth += 1 if bracket.group() in "[{(" else -1
        if depth == 0:
            return bracket.end()
    return len(text)


def list_end(text: str, end: int) -> int:
    """Return where the further values of a plural name end: ``backup codes: 1234-5678, 2345-6789``."""
    layout = _layout(text[max(0, end - _LONGEST_CODE) : end].rpartition(" ")[2])
    while (more := _MORE.match(text, end)) is not None:
        if not any(map(str.isdigit, more.group(1))) and ("-" not in layout or _layout(more.group(1)) != layout):
            break
        end = more.end()
    return end


def _layout(code: str) -> str:
    return _CHARACTER.sub("x", code)


def groups_end(text: str, end: int, kind: str) -> int:
    """Return where the further groups of a number end: ``IBAN: FR76 3000 6000 ...``."""
    if kind == "IBAN":
        while (group := _IBAN_GROUP.match(text, end)) is not None:
            end = group.end()
        last = _LAST_IBAN_GROUP.match(text, end)
        return last.end() if last else end
    while (group := _GROUP.match(text, end)) is not None:
        end = group.end()
    return end


def words_end(text: str, end: int) -> int:
    """Return where the further words of a passphrase end that has the rest of its line for itself."""
    more = _WORDS.match(text, end)
    return end if more is None or any(map(is_prose, more.group().split())) else more.end()


def end_of_concatenated(text: str, end: int, quote: str) -> int:
    """Return where the last of several strings ends that source code joins: ``"a" + "b"``, or one below the other."""
    for _ in range(_MOST_PARTS):
        if not text.startswith(quote, end):
            break
        after = end + len(quote)
        more = _CONCATENATED.match(text, after)
        if more is None or more.group(1) != quote or not text[after : more.start(1)].strip(" \tbruf"):
            joined = more is not None and ("\n" in text[after : more.start(1)] or _is_further(text, more))
            if more is None or more.group(1) != quote or not joined:
                break
        end = inside_quotes(text, more.end(), quote)[1]
    return end


def _is_further(text: str, quote: re.Match[str]) -> bool:
    """Tell whether what a quote begins on the same line can only be more of a key."""
    start, end = inside_quotes(text, quote.end(), quote.group(1))
    return looks_random(text[start:end])


def end_of_continued(text: str, end: int) -> int:
    """Return where a value ends that a backslash at the end of a line carries on to the next."""
    while text[end - 1 : end] == "\\" and (more := _CONTINUED.match(text, end)) is not None:
        end = more.end()
    return _end_of_groups(text, end)


def _end_of_groups(text: str, end: int) -> int:
    """Return where a value ends that is written in four groups or more of one length, with digits among the letters.

    Also four groups of four small letters, as passwords for one application are written.
    """
    first = text[max(0, end - _LONGEST_CODE) : end].rpartition(" ")[2].lstrip(":=\"'")
    if not first.isalnum():
        return end
    last, groups = end, [first]
    while (more := _FURTHER.match(text, last)) is not None and len(more.group(1)) == len(first):
        groups.append(more.group(1))
        last = more.end()
    if len(groups) < _FEWEST_GROUPS:
        return end
    mixed = sum(any(map(str.isdigit, group)) and any(map(str.isalpha, group)) for group in groups)
    letters = len(groups) == len(first) == _FEWEST_GROUPS and not any(map(is_prose, groups))
    return last if mixed * 2 > len(groups) or (letters and all(map(str.islower, groups))) else end


def indented(text: str, at: int) -> tuple[int, int] | None:
    """Return the span of the more indented lines of a YAML block below ``name: |``, or of one line below ``name:``."""
    begin = _BLOCK.match(text, at)
    single = None if begin else _NEXT_LINE.match(text, at)
    if begin is None and single is None:
        return None
    before = max(text.rfind("\n", 0, at), text.rfind("\\n", 0, at) + 1)
    indent = _width(text[before + 1 : at])
    start = end = -1
    place = begin.end() if begin else at
    while (
        feed := _LINE_FEED.match(text, place if start >= 0 else text.find("\n", place) if single else place)
    ) is not None:
        stop = _LINE_FEED.search(text, feed.end())
        line = text[feed.end() : stop.start() if stop else len(text)]
        if line.strip() and _width(line) <= indent and not (single and looks_random(line.strip())):
            break
        if line.strip():
            start = feed.end() + _width(line) if start < 0 else start
            end = feed.end() + len(line.rstrip())
        place = feed.end() + len(line)
        if single:
            break
    if start < 0 or (single and not _is_lone_value(text[start:end])):
        return None
    return start, end


def _is_lone_value(line: str) -> bool:
    """Tell whether a line below a name holds nothing but a value: one word, without a name of its own."""
    return " " not in line and not line.endswith((":", "{", "[", "(")) and ": " not in line and looks_secret(line)


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def bare_value(text: str, at: int, verdict: Verdict) -> tuple[int, int]:
    """Return the span of a value without quotes."""
    if (words := _words_of_phrase(text, at, verdict)) is not None:
        return words
    scheme = _SCHEME.match(text, at)
    if scheme is None and verdict.kind == "AUTHORIZATION" and (named := _OTHER_SCHEME.match(text, at)) is not None:
        scheme = named if looks_secret(named.group(1)) and any(map(str.isdigit, named.group(1))) else None
        if scheme is not None:
            return scheme.span(1)
    if scheme is None and verdict.kind == "AUTHORIZATION" and (lone := _PADDED.match(text, at)) is not None:
        return lone.span(1)
    if (
        verdict.kind == "AUTHORIZATION"
        and (not verdict.weak if scheme is None else _PARAMETER.match(text, scheme.end()))
        and (span := _parameters(text, at)) is not None
    ):
        return span
    match = _BARE.match(text, scheme.end() if scheme else at)
    if match is None:
        return at, at
    start, end = match.span(1)
    while end < len(text) and (more := _BARE.match(text, end)) is not None and more.start(1) == end:
        end = more.end(1)
    end = _trimmed(text, start, end)
    if verdict.kind == "TOKEN" and (query := text.find("?", start, end)) > start:
        end = query  # ";jsessionid=...?side=buy": no token has a question mark
    return start, end


def _words_of_phrase(text: str, at: int, verdict: Verdict) -> tuple[int, int] | None:
    """Return the span of a seed phrase behind any credential's name; behind its own, two listed words are enough."""
    if verdict.kind == "SEED_PHRASE":
        return listed_words(text, at)
    gap = text[at : at + _WIDEST_GAP]
    start = at + len(gap) - len(gap.lstrip(" \t"))
    end = end_of_phrase(text, start) if verdict.level is Level.LOW else None
    return None if end is None else (start, end)


def _parameters(text: str, at: int) -> tuple[int, int] | None:
    """Return the span of a header value made of parameters, to the end of its line; None when it has none."""
    window = text[at : at + _LONGEST_HEADER]
    end = min((place for stop in _LINE_ENDS if (place := window.find(stop)) >= 0), default=len(window))
    if not any(mark in window[:end] for mark in "=;,"):
        return None
    return at + len(window) - len(window.lstrip()), at + end


def _trimmed(text: str, start: int, end: int) -> int:
    """Return where a value without quotes ends, leaving out the punctuation and brackets of what surrounds it."""
    cut = _BARE_END.search(text, start, end)
    if cut is not None and cut.start() > start:
        end = cut.start()
    while end > start and text[end - 1] in ",;.":
        end -= 1
    for opening, closing in ("()", "[]", "{}"):
        surplus = text.count(closing, start, end) - text.count(opening, start, end)
        while surplus > 0 and text[end - 1] == closing:
            end -= 1
            surplus -= 1
    return end


def listed_words(text: str, at: int) -> tuple[int, int] | None:
    """Return the span of a run of words from the seed phrase list, at least two of them."""
    known = word_list()
    start = at
    while start < len(text) and text[start] in " \t":
        start += 1
    if (whole := end_of_phrase(text, start)) is not None:
        return start, whole
    end, count = start, 0
    while (word := _WORD.match(text, end + (count > 0))) is not None and word.group() in known:
        if count and text[end] not in " ,-_":
            break
        end, count = word.end(), count + 1
    run = _RUN_OF_WORDS.match(text, start)
    if count > 1:
        is_longer = run is not None and run.group().count(" ") < count * _WORDS_TO_ONE_LISTED
        return (start, run.end()) if run is not None and is_longer else (start, end)
    return run.span() if run is not None and not is_prose(run.group().split()[0]) else None


def is_convincing(value: str, name: str, verdict: Verdict) -> bool:
    """Tell whether a value is a secret although little joins it to its name.

    A name of several words, or one of a password, says more than ``secret`` or ``token``, which things are called too:
    ``secret "bot-creds-2"``.
    """
    if is_ordinary(value) or " " in value:
        return False
    if looks_random(value):
        return True
    said = verdict.kind == "PASSWORD" or len(words_of(name)) > 1
    return said and looks_secret(value) and any(map(str.isdigit, value))
