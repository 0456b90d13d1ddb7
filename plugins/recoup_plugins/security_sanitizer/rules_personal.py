"""Cards, bank accounts, national ids, e-mail addresses and telephone numbers by shape (level MEDIUM)."""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.checksums import iban, is_decimal, luhn, only_digits
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, confirmed, stands_alone
from recoup_plugins.security_sanitizer.rules_identity import IDENTITY_RULES

_CARD_LENGTHS: Final = {"4": (13, 16, 19), "5": (16,), "2": (16,), "3": (14, 15, 16), "6": (16, 17, 18, 19)}
_CARD_PREFIX: Final = re.compile(
    r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|3[47]|35[2-8]|30[0-5]|3[689]|6011|64[4-9]|65|62|60|5[06-8]", re.ASCII
)
LEAST_CARD: Final = 4 * 10**12
"""The smallest number of a card: one of 13 digits begins with 4."""

_NUMBER_NAMED: Final = re.compile(
    r"(?:\A|[^A-Za-z])(?:order|trade|fill|exec|client|clientorder|request|req|msg|message|seq|nonce|ts|time|"
    r"timestamp|hash|id|oid)"
    r"[ _\-]?(?:id|no|number)?\W{0,4}\Z",
    re.ASCII | re.IGNORECASE,
)
_LONGEST_MAILBOX: Final = 64
_PHONE_DIGITS: Final = range(8, 16)
_PLAIN_PHONE_DIGITS: Final = 10
_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"

# ISO 13616 registry: the length that each country's IBAN has.
_IBAN_LENGTH: Final = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH CR HR LI LV",
        22: "BG BH DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip


def is_card(digits: str) -> bool:
    """Tell whether digits form a payment card number: an issuer's prefix and length, and the Luhn check digit."""
    return (
        len(digits) in _CARD_LENGTHS.get(digits[:1], ())
        and _CARD_PREFIX.match(digits) is not None
        and luhn(digits)
        and len(set(digits)) > 1
    )


def _card(match: re.Match[str]) -> tuple[int, int] | None:
    start, end = match.span()
    text = match.string
    if text[start - 1 : start] == "." or is_decimal(text, end):
        return None
    if not stands_alone(text, start, end) or not is_card(only_digits(match.group())):
        return None
    # A run of digits right after "order id" or "ts" is what it says, also when its check digit happens to fit.
    named = match.group().isdigit() and _NUMBER_NAMED.search(text[max(0, start - 24) : start]) is not None
    return None if named else (start, end)


def _stripe(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept track 1 or 2 of a card (ISO/IEC 7813), by the check digit of its number."""
    return match.span() if luhn(match.group(1) or match.group(2)) else None


def _last_four(match: re.Match[str], level: Level) -> str:
    return f"[CARD {only_digits(match.group())[-4:]}]" if level is Level.MEDIUM else "[CARD]"


def _iban(match: re.Match[str]) -> tuple[int, int] | None:
    text, start = match.string, match.start() + match.group().startswith("_")
    left = _IBAN_LENGTH.get(text[start : start + 2].upper(), 0)
    if not left or (not stands_alone(text, start, start + 2) and text[start - 1 : start].isalnum()):
        return None
    chars: list[str] = []
    for place in range(start, match.end()):
        if text[place] not in " -":
            chars.append(text[place])
        if len(chars) == left:
            compact = "".join(chars).upper()
            return (start, place + 1) if not text[place + 1 : place + 2].isalnum() and iban(compact) else None
    return None


_UNITS: Final = tuple(
    f".{unit}" for unit in ("service", "socket", "timer", "target", "mount", "scope", "slice", "path", "pb", "swap")
)
"""Ends of what systemd and message channels are called, none of which is a top-level domain."""


_WORDED: Final = re.compile(
    r"://(?:user|username|usr|login|name):(?:password|passwd|pass|pwd|pw|token|secret)@[\w.\-]{1,190}\Z",
    re.ASCII | re.IGNORECASE,
)
"""How documents write an address with credentials, without any."""


def _email(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject the remote of a repository, ``git@github.com:owner/name.git``, and units, ``bot@arb.service``."""
    start = match.start()
    if match.group().endswith(_UNITS) or _WORDED.search(match.string, max(0, start - _LONGEST_MAILBOX), match.end()):
        return None
    before = match.string[start - 1 : start]
    if before.isalnum() and before.isascii():
        return None  # the rest of one that was rejected
    if match.string.startswith("://", start - 3) and start > 2:  # noqa: PLR2004 - its length
        return None  # the user in a URL
    while start and match.string[start - 1].isalnum() and match.start() - start < _LONGEST_MAILBOX:
        start -= 1
    remote = match.group().startswith("git@") and match.string[match.end() : match.end() + 1] in (":", "/")
    return None if remote else (start, match.end())


def _international(match: re.Match[str]) -> tuple[int, int] | None:
    start, end = match.span()
    body = match.group()
    digits = len(only_digits(body))
    separated = len(body) - 1 > digits
    if digits not in _PHONE_DIGITS or text_touches(match.string, start, end):
        return None
    if not separated and digits < _PLAIN_PHONE_DIGITS:
        return None
    return None if separated and body.count(".") == 1 and not any(char in body for char in " -(") else (start, end)


def text_touches(text: str, start: int, end: int) -> bool:
    """Tell whether a letter or digit, or a decimal point with digits, touches the span."""
    return text[start - 1 : start].isalnum() or text[end : end + 1].isalnum() or is_decimal(text, end)


def _dni(text: str) -> bool:
    return _DNI_LETTERS[int(text[:8]) % 23] == text[8]


def _cpf(text: str) -> bool:
    digits = [int(char) for char in only_digits(text)]
    for length in (9, 10):
        total = sum(digit * (length + 1 - place) for place, digit in enumerate(digits[:length]))
        if total * 10 % 11 % 10 != digits[length]:
            return False
    return True


def _national(name: str, pattern: str, *shapes: str) -> Rule:
    return Rule(
        name=name,
        kind="NATIONAL_ID",
        level=Level.MEDIUM,
        pattern=pattern,
        shapes=shapes,
        locate=confirmed(lambda _: True),
    )


PERSONAL_RULES: Final = (
    Rule(
        name="card",
        kind="CARD",
        level=Level.MEDIUM,
        pattern=r"\b[2-6]\d{3}[ \-]?(?:\d{4}[ \-]?\d{4}[ \-]?\d{1,7}|\d{6}[ \-]?\d{4,5})\b",
        shapes=("0" * 13, "0000 0000", "0000-0000", "0000 000000", "0000-000000"),
        locate=_card,
        render=_last_four,
    ),
    Rule(
        name="magnetic_stripe",
        kind="CARD",
        level=Level.MEDIUM,
        pattern=r"%B(\d{12,19})\^[^\^\r\n]{2,26}\^\d{4}[\d ]{0,63}\??|;(\d{12,19})=\d{7}\d{0,30}\??",
        shapes=("0" * 12,),
        locate=_stripe,
    ),
    Rule(
        name="iban",
        kind="IBAN",
        level=Level.MEDIUM,
        pattern=r"(?:\b|_)(?i:"
        + "|".join(sorted(_IBAN_LENGTH))
        + r")\d{2}[ \-]?[A-Za-z0-9][A-Za-z0-9 \-]{9,38}[A-Za-z0-9]",
        shapes=tuple(f"aa00{gap}{start}" for gap in ("", " ", "-") for start in ("0000", "aaaa", "a000")),
        locate=_iban,
    ),
    Rule(
        name="polish_account",
        kind="IBAN",
        level=Level.MEDIUM,
        pattern=r"\b\d{2} ?\d{4} ?\d{4} ?\d{4} ?\d{4} ?\d{4} ?\d{4}\b",
        shapes=("0" * 26, "00 0000 0000 0000"),
        locate=confirmed(lambda text: iban(f"PL{text.replace(' ', '')}")),
    ),
    Rule(
        name="email",
        kind="EMAIL",
        level=Level.MEDIUM,
        pattern=r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9.\-]{1,190}\.[A-Za-z]{2,24}\b",
        literals=("@",),
        shapes=("x@x", "-@x", ".@x", "%@x", "+@x"),
        locate=_email,
    ),
    Rule(
        name="phone",
        kind="PHONE",
        level=Level.MEDIUM,
        pattern=r"\+\(?[1-9][\d ().\-]{6,20}\d",
        shapes=("+0", "+(0"),
        locate=_international,
    ),
    Rule(
        name="phone_us",
        kind="PHONE",
        level=Level.MEDIUM,
        pattern=r"\(?\b[2-9]\d{2}\)?[ .\-]{1,2}\d{3}[ .\-]\d{4}\b",
        shapes=("000-000-0000", "000) 000-0000", "000.000.0000", "000 000 0000", "000)000-0000", "000 000-0000"),
        locate=lambda match: None if text_touches(match.string, *match.span()) else match.span(),
    ),
    _national("us_ssn", r"\b\d{3}-\d{2}-\d{4}\b", "000-00-0000"),
    _national(
        "uk_nino", r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", "aa000000a", "aa 00 00 00 a"
    ),
    Rule(
        name="es_dni",
        kind="NATIONAL_ID",
        level=Level.MEDIUM,
        pattern=r"\b\d{8}[A-HJ-NP-TV-Z]\b",
        shapes=("00000000a",),
        locate=confirmed(_dni),
    ),
    Rule(
        name="br_cpf",
        kind="NATIONAL_ID",
        level=Level.MEDIUM,
        pattern=r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b",
        shapes=("000.000.000-00",),
        locate=confirmed(_cpf),
    ),
    *IDENTITY_RULES,
)
"""Rules from level MEDIUM on, in the order in which they are tried."""
