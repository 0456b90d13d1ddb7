"""Credentials in the fields of records whose names stand apart from them (level LOW).

The fields of chat messages (``{"title": "API key", "value": "..."}``) and of events (``cs1=... cs1Label=apiKey``), rows
and unique keys that PostgreSQL quotes, blocks of Terraform, and the tags of FIX.
"""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.identifiers import is_jumbled
from recoup_plugins.security_sanitizer.keys import KeyPolicy, judge
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, accepted
from recoup_plugins.security_sanitizer.values import (
    is_ordinary,
    is_placeholder,
    is_reference,
    looks_random,
    looks_secret,
)

_NEAR: Final = 300
_LONGEST_ROW: Final = 1000
_CREDENTIAL: Final = re.compile(r"key|secret|token|passw|credential", re.IGNORECASE)
_LABEL: Final = re.compile(r"[A-Za-z][\w\-]{0,32}(?: [A-Za-z][\w\-]{0,32}(?![\w=])){0,3}", re.ASCII)
_KEYS: Final = KeyPolicy()
_TAGGED: Final = (
    *(f"{opening}{tag}" for opening in "([" for tag in ("554", "925", "96)", "96]", "1402", "1404", "89)", "89]")),
    *(f"tag{blank}{tag}" for blank in ("", " ") for tag in ("554", "925", "96")),
)
"""How the tags of FIX fields are written that hold a credential."""


def _declared(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what a block declares for a credential's name, unless it refers to something else."""
    verdict = judge(match.group(1))
    value = match.group(2)
    if not verdict.kind or verdict.level is not Level.LOW or is_placeholder(value):
        return None
    harmless = is_reference(match.group(1), value, _KEYS, literal=True) or (verdict.weak and not looks_secret(value))
    return None if harmless or is_ordinary(value) else match.span(2)


def _client(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept an id that looks like a key where the secret or the signature that belongs to it stands near."""
    value, (start, end) = match.group(1), match.span(1)
    near = match.string[max(0, start - _NEAR) : end + _NEAR].lower()
    is_paired = "client_secret" in near or "clientsecret" in near or ("signature" in near and "grant_type" in near)
    is_random = any(map(str.isdigit, value)) or is_jumbled(value)
    mixed = is_random and not value.islower() and not value.isupper() and value[-1:] != "-"
    return (start, end) if is_paired and mixed and not is_ordinary(value) else None


def _in_failing_row(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what looks random in the row that PostgreSQL quotes, where a credential is spoken of beside it."""
    text, start = match.string, match.start()
    before = text[max(0, start - _LONGEST_ROW) : start + 1]
    row = before.lower().rfind("failing row contains")
    if row < 0 or ")" in before[row:] or not looks_random(match.group(1)):
        return None
    near = text[max(0, start - _LONGEST_ROW) : match.end() + _NEAR]
    return match.span(1) if _CREDENTIAL.search(near) else None


def _titled(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a value beside a title that is a credential's name: the fields of chat messages, typed values."""
    verdict = judge(match.group(1))
    value = match.group(2)
    if not verdict.kind or verdict.level is not Level.LOW or is_ordinary(value):
        return None
    return match.span(2) if looks_secret(value) and any(map(str.isdigit, value)) else None


def _labelled(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a numbered field of which another field of its line says that it holds a credential."""
    text, label = match.string, f" {match.group(1)}Label="
    start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end(1))
    place = text.find(label, start, end if end >= 0 else len(text))
    told = _LABEL.match(text, place + len(label)) if place >= 0 else None
    if told is None:
        return None
    verdict, value = judge(told.group()), match.group(2)
    is_credential = bool(verdict.kind) and verdict.level is Level.LOW
    if not is_credential or is_placeholder(value) or (verdict.weak and not looks_secret(value)):
        return None
    return match.span(2)


def _in_unique_key(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept the value of the first column with a credential's name in what PostgreSQL says of a unique key."""
    names = [name.strip(' "') for name in match.group(1).split(",")]
    values = match.group(2).split(", ")
    start = match.start(2)
    for name, value in zip(names, values, strict=False):
        verdict = judge(name)
        is_credential = bool(verdict.kind) and verdict.level is Level.LOW
        if is_credential and not is_placeholder(value) and (not verdict.weak or looks_secret(value)):
            return start, start + len(value)
        start += len(value) + 2
    return None


FIELD_RULES: Final = (
    Rule(
        name="tagged_field",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b\w{0,16}(?:password|rawdata|signature) ?[(\[](?:554|925|96|1402|1404|89)[)\]]\s?[=:]|"
        r"\btag ?(?:554|925|96)\b(?: value| is| ?[=:])?)\s?[\"']?([^\s\"'|,;<>()\[\]]{3,512})",
        literals=_TAGGED,
        locate=accepted(lambda value: not is_placeholder(value) and not value.isalpha()),
    ),
    Rule(
        name="declared_default",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"\b(?:variable|output|local|parameter|param|secret|resource)\s{1,4}\"([\w\-]{2,64})\"\s{0,4}"
        r"(?:\"[\w\-]{1,64}\"\s{0,4})?\{[^{}]{0,300}?\b(?:default|value|data|"
        r"secret_string)\s{0,16}=\s{0,4}\"([^\"\n]{3,512})\"",
        literals=("default", "value", "data", "secret_string"),
        locate=_declared,
    ),
    Rule(
        name="client_of_secret",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"(?i:\bclient_?id)\\{0,4}[\"']?\s?[:=]\s?\\{0,4}[\"']?([\w\-]{6,128})",
        literals=("client_credentials", "client_signature", "client_secret", "clientsecret", "signature"),
        locate=_client,
    ),
    Rule(
        name="failing_row",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"[(,] ?([\w+/=\-]{16,512})[,)]",
        literals=("failing row contains",),
        shapes=("x" * 8,),
        locate=_in_failing_row,
    ),
    Rule(
        name="titled_value",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b(?:title|type|kind|label|what)\\{0,4}[\"']\s?:\s?\\{0,4}[\"'])([A-Za-z][\w "
        r"\-]{1,40})\\{0,4}[\"'],"
        r"[^{}\n]{0,80}?[\"'](?i:value|content|data|text)\\{0,4}[\"']\s?:\s?\\{0,4}[\"']([^\"'\\\n]{6,512})",
        literals=tuple(f"{word}{end}" for word in ("title", "type", "kind", "label", "what") for end in "\"'\\"),
        sketch=r"(?i:(?:title|type|kind|label|what)\\{0,4}[\"']\s?:\s?\\{0,4}[\"'][\w \-]{0,40}(?:key|secret|token|"
        r"pass|sign|cred|auth|"
        r"mnemonic|seed|phrase|otp|pin))",
        locate=_titled,
    ),
    Rule(
        name="labelled_field",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"\b([A-Za-z][A-Za-z0-9]{1,24}\d)=([^\s=|\"'][^\n=|]{2,512}?)(?: [\w.\-]{1,48}=|[\n|\"']|$)",
        literals=("label=",),
        sketch=r"\dLabel=",
        locate=_labelled,
    ),
    Rule(
        name="key_that_exists",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"\bKey \(([\w\", ]{1,200})\)=\(([^)\n]{1,500})\)",
        literals=("key (",),
        locate=_in_unique_key,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
