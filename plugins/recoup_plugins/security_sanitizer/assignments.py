"""Finds sensitive names with their values in running text, whatever notation joins the two.

Covered: ``name=value``, ``name: value``, ``name => value``, ``name := value``, ``name is value``, JSON and Python
literals (also escaped inside strings), header dumps, query strings and form bodies, pairs ``("name", "value")``,
``--flag value``, XML elements and the FIX tags of a logon.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.seed_phrases import word_list
from recoup_plugins.security_sanitizer.values import (
    VALUE_NAMES,
    is_placeholder,
    is_prose,
    is_reference,
    looks_like,
    looks_secret,
)

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.keys import KeyPolicy, Verdict

_SEPARATOR = re.compile(r"=>|:=|[=:]|[\"'],\s{0,2}b?(?=[\"'])| is (?:set to |now )?| was ")
_NAME_WINDOW: Final = 80
_NAME_CHARS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-$"
_PLACEHOLDER = re.compile(r"(?:\A|\W)\[[A-Z_]{2,32}(?: \d{4})?\]\Z")
_AROUND_NAME: Final = " \t\"'`\\*])"
_QUOTE = re.compile(r"\s{0,8}(?:[bruf]{0,2})(\\{0,16}[\"'`])")
_OPEN = re.compile(r"\s{0,8}([\[{(])")
_BRACKET = re.compile(r"[\[\]{}()]")
_BARE = re.compile(r"[ \t]{0,8}([^\s\"'<>&]{1,1000})")
_BARE_END = re.compile(r"[,;|](?=\s|\Z|[\w.\-]{1,64}[=:])|\\[nrt\"']|[,;|](?=[\[{])")
_SCHEME = re.compile(r"[ \t]{0,8}(?:Bearer|Basic|Token|JWT|ApiKey|Digest)[ \t]{1,4}(?=\S)", re.IGNORECASE)
_LONGEST_HEADER: Final = 16_384
_LINE_ENDS: Final = ("\n", "\\n", "\\r", "'")
_WORD = re.compile(r"[a-z]{2,10}")
_HARMLESS_LENGTH: Final = 128
_COLON = re.compile(r"\\{0,16}[\"']\s{0,4}:")
_FLAG = re.compile(
    r"(?:^|(?<=[\s\"'\[,]))--?([A-Za-z][\w\-]{1,63})[\"']?,?[ \t]{1,4}"
    r"[\"']?([^\s\"'\-][^\s\"']{0,1000})",
    re.ASCII,
)
_ELEMENT = re.compile(r"<([A-Za-z][\w.:\-]{0,63})(?:\s[^<>]{0,256})?>([^<]{1,1000})</", re.ASCII)
_FIX_FIELD = re.compile(r"(?:^|[\x01|^;\s])(554|925|96|553)=([^\x01|^;\s]{1,1000})")
_FIX_FIELDS: Final = {
    "554": ("PASSWORD", Level.LOW),
    "925": ("PASSWORD", Level.LOW),
    "96": ("SIGNATURE", Level.LOW),
    "553": ("USER", Level.HIGH),
}


class Assignments:
    """Replaces the values of sensitive names in text. Immutable apart from its key cache: thread-safe and task-safe."""

    __slots__ = ("_keys",)

    def __init__(self, keys: KeyPolicy) -> None:
        self._keys = keys

    def apply(self, text: str, level: Level) -> str:
        """Return the text with every sensitive value replaced by its placeholder."""
        text = self._named_values(text, level)
        if "-" in text:
            text = _FLAG.sub(lambda match: self._flag(match, level), text)
        if "</" in text:
            text = _ELEMENT.sub(lambda match: self._element(match, level), text)
        if "8=FIX" in text or "554=" in text or "|35=A" in text:
            text = _FIX_FIELD.sub(lambda match: _fix_field(match, level), text)
        return text

    def _named_values(self, text: str, level: Level) -> str:
        pieces: list[str] = []
        done = 0
        for separator in _SEPARATOR.finditer(text):
            start, end = separator.span()
            if start < done:
                continue
            name, verdict = self._name_before(text, start, done, level)
            if verdict is None:
                continue
            span = self._value(text, end, separator.group(), name, verdict)
            if span is not None:
                pieces += [text[done : span[0]], f"[{verdict.kind}]"]
                done = span[1]
        return "".join([*pieces, text[done:]]) if pieces else text

    def _name_before(self, text: str, end: int, floor: int, level: Level) -> tuple[str, Verdict | None]:
        """Return the sensitive name of up to three words that ends right before a place."""
        window = text[max(floor, end - _NAME_WINDOW) : end]
        if window[-1:] == "]" and _PLACEHOLDER.search(window):
            return "", None
        window = window.rstrip(_AROUND_NAME)
        rest = window.rstrip(_NAME_CHARS)
        name = window[len(rest) :].rpartition(".")[2]
        if not name or (name[0].isdigit() and name[-1].isdigit()):  # a number, or the hour of a time
            return "", None
        found = self._keys.verdict(name)
        if found.kind and found.level <= level and not found.weak:
            return name, found
        phrase = name
        for _ in range(2):
            window = rest.rstrip(" ")
            if len(rest) - len(window) != 1:
                break
            rest = window.rstrip(_NAME_CHARS)
            word = window[len(rest) :]
            if not word or word[-1] in ".-" or word[0].isdigit():
                break
            phrase = f"{word} {phrase}"
            verdict = self._keys.verdict(phrase)
            if verdict.kind and verdict.level <= level and not verdict.weak and verdict.level < Level.CRITICAL:
                return phrase, verdict
        return name, found if found.kind and found.level <= level else None

    def _value(self, text: str, at: int, separator: str, name: str, verdict: Verdict) -> tuple[int, int] | None:
        """Return where the secret value that begins at a place stands, or None when it is harmless."""
        if (quoted := _QUOTE.match(text, at)) is not None:
            start, end = _inside_quotes(text, quoted.end(), quoted.group(1))
            bare = False
            if separator[0] in "\"'" and (colon := _COLON.match(text, end)) is not None:
                # {"name": "api_key", "value": "..."}: what follows the name is a name itself.
                told = text[start:end].lower() in VALUE_NAMES
                return self._value(text, colon.end(), ":", name, verdict) if told else None
        elif (opened := _OPEN.match(text, at)) is not None:
            if verdict.weak or verdict.level > Level.LOW:
                return None  # the names inside decide
            start = opened.start(1)
            end = _closing_bracket(text, start)
            bare = False
        else:
            start, end = _bare(text, at, verdict)
            bare = True
        if end - start <= _HARMLESS_LENGTH and self._harmless(text[start:end], separator, name, verdict, bare=bare):
            return None
        return start, end

    def _harmless(self, value: str, separator: str, name: str, verdict: Verdict, *, bare: bool) -> bool:
        literal = not bare and separator[0] not in "\"'"
        if is_placeholder(value) or is_reference(name, value, self._keys, literal=literal):
            return True
        if value[:1] in ("[", "{", "(") and not bare:
            return is_placeholder(value[1:-1])
        if verdict.level is Level.CRITICAL and not looks_like("ORDER", value):
            return True
        if verdict.weak and not looks_like(verdict.kind, value):
            return True
        return bare and separator not in ("=", ":=", "=>") and _speaks(value, separator)

    def _flag(self, match: re.Match[str], level: Level) -> str:
        name, value = match.groups()
        verdict = self._keys.verdict(name)
        if not verdict.kind or verdict.level > level or "-" not in match.group()[:2]:
            return match.group()
        if is_placeholder(value) or is_reference(name, value, self._keys) or is_prose(value):
            return match.group()
        before = match.group()[: match.start(2) - match.start()]
        return f"{before}[{verdict.kind}]"

    def _element(self, match: re.Match[str], level: Level) -> str:
        name, value = match.groups()
        verdict = self._keys.verdict(name.rpartition(":")[2])
        if not verdict.kind or verdict.level > level or is_placeholder(value.strip()):
            return match.group()
        return f"{match.group()[: match.start(2) - match.start()]}[{verdict.kind}]</"


def _speaks(value: str, separator: str) -> bool:
    """Tell whether what follows ``name:`` or ``name is`` is the rest of a sentence."""
    if is_prose(value) or value.strip(".,;:!?").lower() in ("", "true", "false"):
        return True
    return separator.startswith(" ") and not looks_secret(value) and not any(char.isdigit() for char in value)


def _fix_field(match: re.Match[str], level: Level) -> str:
    kind, lowest = _FIX_FIELDS[match.group(1)]
    if lowest > level or is_placeholder(match.group(2)):
        return match.group()
    return f"{match.group()[: match.start(2) - match.start()]}[{kind}]"


def _inside_quotes(text: str, start: int, quote: str) -> tuple[int, int]:
    """Return the span between quotes; without a closing quote the value runs to the end of the text."""
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


def _closing_bracket(text: str, start: int) -> int:
    """Return where the bracket at a place is closed again; the end of the text when it is not."""
    depth = 0
    for bracket in _BRACKET.finditer(text, start):
        depth += 1 if bracket.group() in "[{(" else -1
        if depth == 0:
            return bracket.end()
    return len(text)


def _bare(text: str, at: int, verdict: Verdict) -> tuple[int, int]:
    """Return the span of a value without quotes."""
    if verdict.kind == "SEED_PHRASE":
        span = _words(text, at)
        if span is not None:
            return span
    scheme = _SCHEME.match(text, at)
    if verdict.kind == "AUTHORIZATION" and scheme is None and (span := _parameters(text, at)) is not None:
        return span
    match = _BARE.match(text, scheme.end() if scheme else at)
    if match is None:
        return at, at
    start, end = match.span(1)
    while end < len(text) and (more := _BARE.match(text, end)) is not None and more.start(1) == end:
        end = more.end(1)
    return start, _trimmed(text, start, end)


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


def _words(text: str, at: int) -> tuple[int, int] | None:
    """Return the span of a run of words from the seed phrase list, at least two of them."""
    known = word_list()
    start = at
    while start < len(text) and text[start] in " \t":
        start += 1
    end, count = start, 0
    while (word := _WORD.match(text, end + (count > 0))) is not None and word.group() in known:
        if count and text[end] not in " ,-_":
            break
        end, count = word.end(), count + 1
    return (start, end) if count > 1 else None
