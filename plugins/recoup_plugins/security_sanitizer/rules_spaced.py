"""Finds values that nothing but a space parts from the name of a credential (level LOW).

``using key AbC123...``, ``invalid api key [AbC123...]``, ``API Secret - AbC123...``, ``apiKey has 64 signs, got ...``:
the value must look random (:func:`~recoup_plugins.security_sanitizer.values.looks_random`). After a command that sets a
name, as in ``aws configure set aws_secret_access_key ...``, any value counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.statements import is_transaction_id, says_about
from recoup_plugins.security_sanitizer.values import is_prose, is_reference, looks_random

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from recoup_plugins.security_sanitizer.keys import KeyPolicy, Verdict
    from recoup_plugins.security_sanitizer.rules_tables import Found, Span

    NameBefore = Callable[[str, int, int, Level], tuple[str, Verdict | None]]
    """Gives the sensitive name that ends at a place, no further back than a floor, at a level."""

_AFTER_VALUE: Final = ".,;:!?"
_NAMED_WITHOUT_MARK = re.compile(
    r"key|secret|token|pass|pwd|sign|cred|auth|mnemonic|seed|jwt|hmac|session|cookie|webhook", re.IGNORECASE
)
_REST_OF_NAME = re.compile(r"[\w\-]{0,48}[\"'`)]?", re.ASCII)
_SPACED = re.compile(
    r"(?:,|:|'?s)?[ \t]{1,24}(?:[\-\u2013\u2014\u2022\u00b7\u00bb\u2190\u2192\u21d2\u25b8>|/~]{1,3}[ "
    r"\t]{1,4})?(?:value |of |is |was |"
    r"\d )?[\"'`(\[<]?([^\s\"'`<>()\[\]{}\\|][^\s\"'`<>()\[\]{}|]{7,1000})",
    re.ASCII,
)
_GOT = re.compile(
    r"\b(?:got|received|given|found|provided|saw|actual|was)[ :=]{1,3}[\"'`(\[]?([^\s\"'`<>()\[\]{}]{8,500})",
    re.ASCII | re.IGNORECASE,
)
_FINGERPRINT = re.compile(r"[0-9A-F]{16}|[0-9A-F]{40}")
"""How GnuPG names a key: ``using RSA key 3AA5C34371567BD2``."""

_KEY_ID: Final = re.compile(r"(?:0x)?(?:[0-9a-f]{8}|[0-9a-f]{16})")
"""What identifies a key that is only called so: ``key 5f1d783175f24f58 not found``."""

_GOT_WINDOW: Final = 80
_NAME_AND_WINDOW: Final = 160
_COMMAND = re.compile(
    r"\b(?:set|setx|setenv|ENV|ARG|add|put|export|configure set|config set|variables? set|secrets? set)"
    r"(?:[ ]{1,2}-{1,2}\w{1,16})?"
    r"[ \t]{1,8}([A-Za-z][\w.\-/:]{2,127})[ \t]{1,8}(?:--body |-b |--value |"
    r"--secret-string )?[\"']?([^\s\"'=:\-][^\s\"']{2,1000})",
    re.ASCII,
)
_MIDST: Final = re.compile(r"[a-z] \Z")
"""What stands before a verb in the midst of a sentence."""

_COMMANDS: Final = ("set", "ENV ", "ARG ", "add ", "put ", "export ")


def in_commands(text: str, keys: KeyPolicy) -> Iterator[Found]:
    """Yield the values of commands that set a name, as ``ENV API_SECRET ...`` in a Dockerfile."""
    if not any(map(text.__contains__, _COMMANDS)):
        return
    for match in _COMMAND.finditer(text):
        path, value = match.groups()
        name = path.replace(":", "/").rpartition("/")[2]
        verdict = keys.verdict(name)
        spoken = is_prose(value) or is_reference(name, value, keys) or says_about(name, value, verdict.kind)
        if value.isalpha() and name.isalpha() and (verdict.kind != "PASSWORD" or _MIDST.search(text, 0, match.start())):
            continue  # "set password inactive after", "set Cookie header"
        if verdict.kind and verdict.level is Level.LOW and not verdict.weak and not spoken:
            yield (*match.span(2), verdict.kind)


def spaced_values(text: str, name_before: NameBefore, spans: Iterable[Span]) -> Iterator[Found]:
    """Yield random-looking values right behind a credential's name, or behind what a validator says of it.

    Args:
        text: any text.
        name_before: gives the name before a place.
        spans: where a credential with a value, or what is said of one, may begin.
    """
    done = 0
    for stem in _stems(text, spans):
        if stem.start() < done:
            continue
        rest = _REST_OF_NAME.match(text, stem.end())
        done = rest.end() if rest else stem.end()
        value = _SPACED.match(text, done)
        if value is None or not looks_random(value.group(1).rstrip(_AFTER_VALUE)):
            value = _GOT.search(text, done, done + _GOT_WINDOW)
        if value is None:
            continue
        end = value.end() - len(value.group()) + len(value.group().rstrip(_AFTER_VALUE))
        if not looks_random(text[value.start(1) : end]):
            continue
        if _FINGERPRINT.fullmatch(text, value.start(1), end):
            continue
        name, verdict = name_before(text, done, 0, Level.LOW)
        if name.lower() == "key" and _KEY_ID.fullmatch(text, value.start(1), end):
            continue
        if verdict is not None and not (verdict.kind == "SIGNATURE" and is_transaction_id(text[value.start(1) : end])):
            done = end
            yield value.start(1), end, verdict.kind


def _stems(text: str, spans: Iterable[Span]) -> Iterator[re.Match[str]]:
    """Yield the words of credentials in the spans, and as far before them as a validator may speak of a name."""
    done = 0
    for start, end in spans:
        if done < end:
            yield from _NAMED_WITHOUT_MARK.finditer(text, max(done, start - _NAME_AND_WINDOW), end)
            done = end
