"""Secrets that somebody typed at a prompt, and those that an error quotes behind a header's name (level LOW).

``Enter your password >>> X``, ``Enter passphrase:`` with the answer on the next line, ``Invalid OK-ACCESS-KEY X``.
"""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.key_words import IDENTIFYING, STEMS
from recoup_plugins.security_sanitizer.keys import judge, words_of
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule
from recoup_plugins.security_sanitizer.values import is_ordinary

_STEM: Final = "|".join(re.escape(stem.rstrip("=:\"'")) for stem in STEMS[Level.LOW] if stem.isascii())
"""A part of each credential's name, for the sketch."""

_LINE_END: Final = re.compile(r"[ \t]{0,8}(?:\r?\n|\\r|\\n|[\"']|\Z)")
_AROUND: Final = ".,;:!?)(\"'`[]{}<>"
_SHORTEST: Final = 4
_LONGEST_WORD: Final = 24
_NOUN: Final = re.compile(
    r"\b(?:supported|unsupported|invalid|unexpected|unknown|wrong|bad|missing|data|the|this|of|no|a|an|get|getting|"
    r"find|finding|determine|default|expected|same|each|any)[ ]\Z",
    re.IGNORECASE,
)
"""What stands before ``type`` and ``input`` where they are no verbs: ``unsupported type for key: ...``."""

_OUTCOMES: Final = frozenset(
    ["aborted", "cancelled", "canceled", "interrupted", "timeout", "done", "traceback", "warning", "info", "debug"]
)


def _typed(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept the only word of a line, unless it tells how the prompt ended."""
    value = match.group(1)
    if _NOUN.search(match.string, max(0, match.start() - _LONGEST_WORD), match.start()):
        return None
    if value != value.strip(_AROUND) and value.strip(_AROUND).isalpha():
        return None
    is_word = value.isalpha() and (value.istitle() or value.lower() in _OUTCOMES)
    if len(value) < _SHORTEST or is_word or is_ordinary(value) or not any(map(str.isalnum, value)):
        return None
    return match.span(1) if _LINE_END.match(match.string, match.end()) else None


def _of_credential(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what stands behind a name that can only be a credential's, and identifies no request or record."""
    name = match.group(1)
    verdict = judge(name)
    is_credential = bool(verdict.kind) and verdict.level is Level.LOW and not verdict.weak
    return match.span(2) if is_credential and IDENTIFYING.isdisjoint(words_of(name)) else None


PROMPT_RULES: Final = (
    Rule(
        name="prompt_answer",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:(?:\b(?:enter|type|re-?enter|re-?type|repeat|confirm|provide|input|unlock)\b|"
        r"\[sudo\])[^\n\\:>?=]{0,48}"
        r"\b(?:password|passphrase|passcode|passwd|pin|secret|(?:api|private|secret)[ _]key|key)\b[^\n\\:>?=]{0,48})"
        r"(?::|\?|>{1,3}|: ?>{1,3}|[\u25b8\u00bb\u203a\u276f\u279c])[ \t]{0,4}(?:(?:\r?\n|\\r\\n|"
        r"\\n)(?:[\w.\-]{1,32}[ \t]{1,8}\|)?[ \t]{0,8})?"
        r"([^\s\\\"'`<>]{4,256})",
        literals=("pass", "pin", "secret", "key"),
        locate=_typed,
    ),
    Rule(
        name="named_uuid",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"(?i:\b([a-z][\w\-]{2,48})[\"'`]?(?: header| value| parameter| param| field)?(?: was| is|,|:)?"
        r"[ ]{1,2}[\"'`(\[]?)([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\b",
        literals=("key", "token", "secret", "pass"),
        shapes=("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",),
        sketch=(
            rf"(?i:(?:{_STEM})[\w\-]*[\"'`]?(?: [a-z]{{5,9}})?(?: was| is|,|:)?[ ]{{1,2}}[\"'`(\[]?)"
            r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-"
        ),
        locate=_of_credential,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
