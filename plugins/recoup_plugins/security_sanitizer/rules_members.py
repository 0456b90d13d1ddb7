"""Finds values whose name is a value itself: ``{"name": "api_key", "value": "..."}`` in any notation.

Covered: JSON and Python literals in either order, YAML lists, XML attributes and elements, property lists, and the
parts of a multipart form.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.key_words import DESCRIPTIVE, IDENTIFYING
from recoup_plugins.security_sanitizer.keys import words_of
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.values import (
    UUID,
    is_ordinary,
    is_prose,
    looks_like,
    looks_random,
    looks_secret,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.security_sanitizer.keys import Verdict
    from recoup_plugins.security_sanitizer.rules_tables import Found, Sensitive

_NAME = re.compile(
    r"\b(?:name|key|k|field|header|headername|parameter|param|label|variable|var|env|attribute|property|"
    r"setting|option)\b"
    r"(?:\\{0,8}[\"'`])?\s{0,3}(?:=>|[:=])\s{0,3}(?:b(?=[\"']))?\\{0,8}[\"'`]?([A-Za-z][\w.\-]{1,63})(\\{0,8}[\"'`]{0,2})",
    re.ASCII | re.IGNORECASE,
)
_VALUE = re.compile(
    r"(?:[,;&]|\s)\s{0,16}\\{0,8}[\"'`]?\b(?:value|val|v|content|data|stringvalue|string)"
    r"(?:\\{0,8}[\"'`])?\s{0,3}(?:=>|[:=])",
    re.ASCII | re.IGNORECASE,
)
_VALUE_BEFORE = re.compile(
    r"\b(?:value|val|v|content|data)(?:\\{0,8}[\"'`])?\s{0,3}(?:=>|[:=])\s{0,3}\\{0,8}[\"'`]([^\"'`\\{}]{1,500})"
    r"\\{0,8}[\"'`]\s{0,3}[,;]?\s{0,16}\\{0,8}[\"'`]?\Z",
    re.ASCII | re.IGNORECASE,
)
_OPTIONS = re.compile(
    r"--(?:name|key|parameter|secret-id|secret-name|variable|field|id)[= ]{1,2}[\"']?([\w./:\-]{2,128})[\"']?"
    r"[^\n]{0,200}?\s--(?:value|secret-string|body|data|secret|string-value)[= ]{1,2}[\"']?([^\s\"']{3,1000})",
    re.ASCII,
)
_WITH_VALUE = re.compile(
    r"\b([A-Za-z][\w.\-]{2,63})\b[\"'`]?(?: [^\n:=\"'`]{0,64})? "
    r"(?:with|had|has|of|to|new|old|its|the|invalid|unexpected|current) value[ :=]{1,3}[\"'`]?([^\s\"'`]{4,1000})",
    re.ASCII | re.IGNORECASE,
)
_VALUE_FOR = re.compile(
    r"\bvalue[ :=]{1,3}[\"'`]([^\s\"'`]{4,1000})[\"'`] (?:for|of|in|given for|passed to|supplied for) "
    r"(?:the )?(?:\w{1,16} ){0,2}[\"'`]?([A-Za-z][\w.\-]{2,63})",
    re.ASCII | re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b([A-Za-z][\w.\-]{1,63})[\"'`]? (?:was |has been )?(?:changed|updated|rotated|replaced|switched|renamed|moved) "
    r"from [\"'`]?([^\s\"'`]{4,1000})[\"'`]? to [\"'`]?([^\s\"'`]{4,1000})",
    re.ASCII | re.IGNORECASE,
)
_ARGUMENT = re.compile(
    r"--?([A-Za-z][\w\-]{1,63})[\"'`]?: invalid [^\n:\"']{0,64}: [\"']([^\"'\n]{4,1000})[\"']",
    re.ASCII | re.IGNORECASE,
)
_ATTRIBUTES = re.compile(r"[\"']?(?:\s{1,4}[\w:\-]{1,32}=[\"'][^\"'<>]{0,64}[\"']){1,4}\s{0,2}>")
_CHILD = re.compile(
    r"[\s\\nrt]{0,64}<(?:value|val|v|string|str|text|data|content|default)(?:\s[^<>]{0,128})?>(?:<!\[CDATA\[)?",
    re.ASCII,
)
_SENTENCE_ENDS: Final = ".,;:!?)"
_NEXT_MEMBER = re.compile(r"[}\]<>{]|\\?n\s{0,16}- |\n\s{0,16}- |\n\s{0,8}\n")
_BLANK_LINE = re.compile(r"\n\n|\r\n\r\n|\\r\\n\\r\\n|\\n\\n")
_END_OF_PART = re.compile(r"\r?\n|\\r\\n|\\n|\Z")
_WINDOW: Final = 200
_WINDOW_BEFORE: Final = 640
_FORM_DATA: Final = "form-data;"
_FORM_WINDOW: Final = 48
_ELEMENTS = re.compile(
    r"<[A-Za-z]\w{0,31}(?:\s[^<>]{0,128})?>\s{0,16}([A-Za-z][\w. \-]{1,63}):?\s{0,16}</\w{1,32}>[\s\\nrt]{0,64}"
    r"<[A-Za-z]\w{0,31}(?:\s[^<>]{0,128})?>(?:[\s\\nrt]{0,64}<(?:string|value|str|text|base64)>)?([^<]{1,1000})<",
    re.ASCII,
)
_ELEMENT = re.compile(
    r"<([A-Za-z][\w.:\-]{0,63})(?:\s[^<>]{0,256})?>\s{0,64}(?:<!\[CDATA\[)?([^<\]]{1,1000})(?:\]\]>)?\s{0,64}</",
    re.ASCII,
)

_INVALID = re.compile(r"(?:^|\n|\\n)([A-Za-z_][\w.\-]{1,127})(?:\n|\\n)  [^\n]{0,300}\binput_value=", re.ASCII)
_MISSING: Final = "[type=missing, "
"""Behind this pydantic quotes what the field is missing from, whose names speak for themselves."""

_DUPLICATE = re.compile(r"[Dd]uplicate entry '([^']{1,500})' for key '([\w.\-]{1,128})'", re.ASCII)
_SECTION = re.compile(r"(?:^|\n)(?:\[{1,2}([\w.\- ]{2,64})\]{1,2}|[ ]{0,16}([\w\-]{2,64}):)[ \t]{0,8}(?=\n)", re.ASCII)
_SECTION_END = re.compile(r"[\]:][ \t]{0,8}\n")
_INI_LINE = re.compile(
    r"\n[ \t]{0,8}([\w.\-\"]{1,64})[ \t]{0,8}=[ \t]{0,8}[\"']?([^\s\"'#;\[]{1,512})[\"']?[^\n]{0,200}", re.ASCII
)
_YAML_LINE = re.compile(
    r"\n(?:[ ]{1,32}(?:- )?|- )(?:([\w.\-\"]{1,64}):[ \t]{1,8})?[\"']?([^\s\"'#{\[]{1,512})[\"']?[ \t]{0,8}(?=\n|"
    r"$)",
    re.ASCII,
)
_MOST_LINES: Final = 200
_NOT_HELD: Final = (
    DESCRIPTIVE
    | IDENTIFYING
    | {"host", "hostname", "region", "zone", "namespace", "project", "user", "username", "env"}
)

Begin = tuple[int, str, "Verdict"]
"""Where a value is to be looked for, its name, and the verdict on that."""


def told_before(text: str, sensitive: Sensitive) -> Iterator[Found]:
    """Yield the values that stand before their names: ``{"value": "...", "name": "api_key"}``, and parts of forms."""
    for match in _DUPLICATE.finditer(text):
        if (verdict := sensitive(match.group(2).rpartition(".")[2])) is not None:
            yield (*match.span(1), verdict.kind)
    for match in _NAME.finditer(text):
        verdict = sensitive(match.group(1))
        if verdict is None:
            continue
        before = text[max(0, match.start() - _WINDOW_BEFORE) : match.start()]
        if value := _VALUE_BEFORE.search(before):
            shift = match.start() - len(before)
            yield value.start(1) + shift, value.end(1) + shift, verdict.kind
        elif _FORM_DATA in before[-_FORM_WINDOW:] and (
            blank := _BLANK_LINE.search(text, match.end(), match.end() + _WINDOW)
        ):
            end = _END_OF_PART.search(text, blank.end())
            yield blank.end(), end.start() if end else len(text), verdict.kind


def told_in_words(text: str, sensitive: Sensitive) -> Iterator[Found]:
    """Yield the values that a command or a sentence names apart: ``--name k --value v``, ``'k' ... with value 'v'``.

    Also both in ``k changed from v to w``, and what argparse says of ``argument --k: invalid choice: 'v'``.
    """
    if " --" in text:
        yield from _named_apart(_OPTIONS, text, sensitive, 1, (2,))
    if " value" in text:
        yield from _named_apart(_WITH_VALUE, text, sensitive, 1, (2,))
    if "value" in text:
        yield from _named_apart(_VALUE_FOR, text, sensitive, 2, (1,))
    if " from " in text:
        yield from _named_apart(_CHANGED, text, sensitive, 1, (2, 3))
    if ": invalid " in text:
        yield from _named_apart(_ARGUMENT, text, sensitive, 1, (2,))


def _named_apart(
    pattern: re.Pattern[str], text: str, sensitive: Sensitive, named: int, values: tuple[int, ...]
) -> Iterator[Found]:
    at = 0
    while (match := pattern.search(text, at)) is not None:
        path = match.group(named).replace(":", "/").rpartition("/")[2]
        verdict = sensitive(path.rpartition(".")[2]) or sensitive(".".join(path.split(".")[-2:]))
        at = match.end() if verdict is not None else match.end(1)
        if verdict is None:
            continue
        for group in values:
            start, end = match.span(group)
            value = text[start:end].rstrip(_SENTENCE_ENDS)
            chosen = verdict.kind == "PASSWORD" and not verdict.weak
            if not is_prose(value) if chosen else looks_like(verdict.kind, value):
                yield start, start + len(value), verdict.kind


def told_after(text: str, sensitive: Sensitive) -> Iterator[Begin]:
    """Yield where the values begin that follow their names: ``{"name": "api_key", "value": "..."}``.

    Also the inputs that pydantic quotes in its errors, each below the name of its field.
    """
    for match in _INVALID.finditer(text):
        name = match.group(1).rpartition(".")[2]
        if (verdict := sensitive(name)) is not None and _MISSING not in match.group():
            yield match.end(), name, verdict
    for match in _NAME.finditer(text):
        name = match.group(1)
        verdict = sensitive(name)
        if verdict is None:
            continue
        at = match.end()
        if text[at : at + 1] == ">" and match.group(2):
            child = _CHILD.match(text, at + 1)
            yield child.end() if child else at + 1, name, verdict
            continue
        limit = _NEXT_MEMBER.search(text, at, at + _WINDOW)
        value = _VALUE.search(text, at, limit.start() if limit else at + _WINDOW)
        if value is None and (attributes := _ATTRIBUTES.match(text, at)) is not None:
            yield attributes.end(), name, verdict
            continue
        if value is not None:
            yield value.end(), name, verdict


def in_sections(text: str, sensitive: Sensitive) -> Iterator[Found]:
    """Yield what looks like a key in the lines below ``[api_keys]`` (INI, TOML) or, indented, ``api_keys:`` (YAML)."""
    if _SECTION_END.search(text) is None:
        return
    for section in _SECTION.finditer(text):
        name = section.group(1) or section.group(2)
        verdict = sensitive(name.rpartition(".")[2])
        if verdict is None or verdict.level is not Level.LOW:
            continue
        at = section.end()
        for _ in range(_MOST_LINES):
            member = (_INI_LINE if section.group(1) else _YAML_LINE).match(text, at)
            if member is None:
                break
            if _is_held(member.group(1) or "", member.group(2), verdict):
                yield (*member.span(2), verdict.kind)
            at = member.end()


def _is_held(name: str, value: str, verdict: Verdict) -> bool:
    """Tell whether a line of a section holds a secret: what looks random, or may be chosen under a name that says so.

    The names in such a section are mostly those of venues and services: ``api_keys:`` with ``okx: ...`` below.
    """
    if looks_random(value):
        return True
    if verdict.weak or "." in value or is_ordinary(value) or not _NOT_HELD.isdisjoint(words_of(name)):
        return False
    chosen = any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and looks_secret(value)
    return chosen or UUID.fullmatch(value) is not None


def in_elements(text: str, sensitive: Sensitive) -> Iterator[Found]:
    """Yield the contents of XML elements with a sensitive name, and of those that follow one that holds such a name."""
    for match in _ELEMENT.finditer(text):
        verdict = sensitive(match.group(1).rpartition(":")[2])
        if verdict is not None and (not verdict.weak or looks_like(verdict.kind, match.group(2).strip())):
            yield (*_trimmed(text, *match.span(2)), verdict.kind)
    for match in _ELEMENTS.finditer(text):
        verdict = sensitive(match.group(1))
        if verdict is not None:
            yield (*_trimmed(text, *match.span(2)), verdict.kind)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    body = text[start:end]
    return start + len(body) - len(body.lstrip()), end - (len(body) - len(body.rstrip()))
