"""National ids, bank data, dates of birth and national telephone numbers (level MEDIUM).

A number with a check digit is accepted by itself where its notation is its own; what any number could be must follow a
word that says what it is: ``routing number 021000021``, ``passport no. C01X00T47``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.checksums import is_decimal, luhn, mod_11_2, only_digits
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Locate, Rule, confirmed, stands_alone

if TYPE_CHECKING:
    import re

_NIE_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_ODD_VALUES: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            2,
            4,
            18,
            20,
            11,
            3,
            6,
            8,
            12,
            14,
            16,
            10,
            22,
            25,
            24,
            23,
        ],
        strict=True,
    )
)
"""Values of the characters at odd places of a codice fiscale (D.M. 23 December 1976, table C)."""

_FEWEST_DIGITS: Final = 4
_PASSPORT_LENGTHS: Final = (8, 9)
_ABA_DIGITS: Final = 9


def _nie(text: str) -> bool:
    return _NIE_LETTERS[int(f"{'XYZ'.index(text[0])}{text[1:8]}") % 23] == text[8]


def _codice_fiscale(text: str) -> bool:
    text = text.upper()
    total = 0
    for place, char in enumerate(text[:15]):
        even = int(char) if char.isdigit() else ord(char) - ord("A")
        total += even if place % 2 else _ODD_VALUES[char]
    return chr(total % 26 + ord("A")) == text[15]


def _insee(text: str) -> bool:
    """Tell whether 13 digits and a key of two, which is 97 less their remainder, form a French NIR."""
    digits = text.replace(" ", "").upper().replace("2A", "19").replace("2B", "18")
    return digits.isdigit() and len(digits) == 15 and 97 - int(digits[:13]) % 97 == int(digits[13:])  # noqa: PLR2004


def _ean(text: str) -> bool:
    digits = only_digits(text)
    total = sum(int(char) * (3 if place % 2 else 1) for place, char in enumerate(digits[:-1]))
    return (10 - total % 10) % 10 == int(digits[-1])


def _rut(text: str) -> bool:
    digits, mark = only_digits(text[:-1]), text[-1].upper()
    total = sum(int(char) * (2 + place % 6) for place, char in enumerate(reversed(digits)))
    return "0123456789K0"[11 - total % 11] == mark


def _korean(text: str) -> bool:
    month, day = int(text[2:4]), int(text[4:6])
    return 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004 - months and days


def _belgian(text: str) -> bool:
    digits = only_digits(text)
    return any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in ("", "2"))


def _sin(text: str) -> bool:
    return luhn(only_digits(text)) and len(set(text)) > 2  # noqa: PLR2004 - one digit and its separator are a mask


def _swedish(text: str) -> bool:
    digits = only_digits(text)[-10:]
    return luhn(digits) and 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) % 60 <= 31  # noqa: PLR2004


def _hetu(text: str) -> bool:
    number = int(text[:6] + text[7:10])
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31] == text[10].upper()


def _dated(text: str) -> bool:
    """Tell whether the six digits after four letters are a date, as in a CURP or an RFC of Mexico."""
    return 1 <= int(text[6:8]) <= 12 and 1 <= int(text[8:10]) <= 31  # noqa: PLR2004


def _enough_digits(match: re.Match[str]) -> tuple[int, int] | None:
    start, end = match.span(1)
    value = match.group(1).rstrip(" -./")
    end = start + len(value)
    digits = len(only_digits(value))
    mixed = value.isalnum() and value.isupper() and len(value) in _PASSPORT_LENGTHS and digits > 1
    return (start, end) if (digits >= _FEWEST_DIGITS or mixed) and not match.string[end : end + 1].isalnum() else None


def _aba(match: re.Match[str]) -> tuple[int, int] | None:
    digits = only_digits(match.group(1))
    total = sum(int(char) * (3, 7, 1)[place % 3] for place, char in enumerate(digits))
    return match.span(1) if len(digits) == _ABA_DIGITS and total % 10 == 0 else None


def _alone(match: re.Match[str]) -> tuple[int, int] | None:
    text, (start, end) = match.string, match.span(1) if match.re.groups else match.span()
    touched = text[start - 1 : start] in (".", "-", "/", "+") or text[end : end + 1] in ("-", "/")
    is_whole = stands_alone(text, start, end) and not touched and not is_decimal(text, end)
    return (start, end) if is_whole else None


def _phone_named(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept 7 to 15 digits in groups, or 10 to 11 in one that begin with 0 or as area codes do."""
    value = match.group(1)
    digits = len(only_digits(value))
    if value.isdigit():
        return match.span(1) if digits in (10, 11) else None
    dated = value.count("-") == 2 and digits == 8 and value[:2] in ("19", "20")  # noqa: PLR2004 - an ISO date
    decimal = value.count(".") == 1 and value.replace(".", "").isdigit()
    return match.span(1) if digits in range(7, 16) and not dated and not decimal else None


def _id(
    name: str, pattern: str, check: Locate, *shapes: str, literals: tuple[str, ...] = (), kind: str = "NATIONAL_ID"
) -> Rule:
    return Rule(
        name=name, kind=kind, level=Level.MEDIUM, pattern=pattern, shapes=shapes, literals=literals, locate=check
    )


def _named(name: str, kind: str, pattern: str, literals: tuple[str, ...], locate: Locate | None = None) -> Rule:
    return Rule(
        name=name, kind=kind, level=Level.MEDIUM, pattern=pattern, literals=literals, group=1, locate=locate, shapes=()
    )


_IS: Final = (
    r"(?: (?:is|was|of|no|number|nr|num|id|code)\.?|[_\-](?:no|number|id|code)){0,1}"
    r"(?: on (?:file|record)| given| provided)?(?: is| was|:)?[ :=#\"'(]{1,4}"
)

IDENTITY_RULES: Final = (
    _id(
        "es_nie",
        r"\b[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]\b",
        confirmed(lambda text: _nie(text.replace("-", ""))),
        "a0000000a",
        "a-0000000",
    ),
    _id(
        "it_codice_fiscale",
        r"\b[A-Za-z]{6}\d{2}[A-EHLMPR-Ta-ehlmpr-t]\d{2}[A-Za-z]\d{3}[A-Za-z]\b",
        confirmed(_codice_fiscale),
        "aaaaaa00a00a000a",
    ),
    _id(
        "fr_insee",
        r"\b[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[ABab]) ?\d{3} ?\d{3} ?\d{2}\b",
        lambda match: _alone(match) if _insee(match.group()) else None,
        "0 00 00",
        "0" * 15,
        "00000a0000",
    ),
    _id(
        "cn_resident_id",
        r"\b[1-9]\d{5}(?:19|20)\d{9}[\dXx]\b",
        lambda match: _alone(match) if mod_11_2(match.group()) else None,
        "0" * 17,
    ),
    _id("kr_rrn", r"\b\d{6}-[1-8]\d{6}\b", confirmed(_korean), "000000-0000000"),
    _id("in_pan", r"\b[A-Z]{3}[PCHABGJLFT][A-Z]\d{4}[A-Z]\b", confirmed(lambda _: True), "aaaaa0000a"),
    _id("br_cnpj", r"\b\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}\b", confirmed(lambda _: True), "00.000.000/0000-00"),
    _id("ch_ahv", r"\b756\.\d{4}\.\d{4}\.\d{2}\b", confirmed(_ean), "000.0000.0000.00"),
    _id("cl_rut", r"\b\d{1,2}\.\d{3}\.\d{3}-[\dkK]\b", confirmed(_rut), "0.000.000-"),
    _id("be_rrn", r"\b\d{2}\.\d{2}\.\d{2}-\d{3}[.\-]\d{2}\b", confirmed(_belgian), "00.00.00-000"),
    _id(
        "ca_sin",
        r"\b\d{3}-\d{3}-\d{3}\b|\bSIN:? \d{3} \d{3} \d{3}\b",
        lambda match: _alone(match) if _sin(match.group()) else None,
        "000-000-000",
        "000 000 000",
    ),
    _id(
        "se_personnummer",
        r"\b(?:19|20)?\d{6}[\-+]\d{4}\b",
        lambda match: _alone(match) if _swedish(match.group()) else None,
        "000000-0000",
        "000000+0000",
    ),
    _id(
        "fi_hetu",
        r"\b[0-3]\d[01]\d{3}[\-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]\b",
        confirmed(_hetu),
        "000000-000",
        "000000+000",
        "000000a000",
    ),
    _id("mx_curp", r"\b[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d\b", confirmed(_dated), "aaaa000000aaaaaa"),
    _id("sg_nric", r"\b[STFGM]\d{7}[A-Z]\b", confirmed(lambda _: True), "a0000000a"),
    _named(
        "national_id_named",
        "NATIONAL_ID",
        r"(?i:\b(?:ssn|social (?:security|insurance)|itin|ein|tin|tax(?:payer)?[ _\-]?(?:id|number|no)|passport|"
        r"passeport|reisepass|pasaporte|national id|"
        r"national insurance|nino|id[ _\-]card|identity card|personalausweis|driver'?s? licen[cs]e|"
        r"driving licence|aadhaar|cpf|cnpj|"
        r"pesel|bsn|burgerservicenummer|dni|nie|nif|curp|rut|tfn|medicare|nhs|steuer-?id(?:nr)?|"
        r"steueridentifikationsnummer|"
        r"insee|nir|personnummer|cpr|"
        rf"my number|rrn|resident id|hkid|nric|codice fiscale){_IS})"
        rf"((?:[A-Za-z]{{0,3}} ?|[A-Z]{{4,5}})\d[\dA-Za-z\-./]{{0,20}}(?: \d[\dA-Z]{{0,6}})?(?: \d[\dA-Z]{{0,6}})?"
        r"(?: \d[\dA-Z]{0,6})?(?: \d[\dA-Z]{0,6})?(?: \d[\dA-Z]{0,6})?(?: [A-D]\b)?)",
        (
            *(
                "ssn",
                "social",
                "itin",
                "ein",
                "tin",
                "tax",
                "pass",
                "national",
                "nino",
                "card",
                "ausweis",
                "licen",
                "aadhaar",
            ),
            *(
                "cpf",
                "cnpj",
                "pesel",
                "bsn",
                "dni",
                "nie",
                "nif",
                "curp",
                "rut",
                "tfn",
                "medicare",
                "nhs",
                "steuer",
                "insee",
                "nir",
            ),
            *("personnummer", "cpr", "my number", "rrn", "resident", "hkid", "nric", "codice"),
        ),
        _enough_digits,
    ),
    _named(
        "routing_number",
        "BANK",
        rf"(?i:\b(?:routing|aba|rtn|transit){_IS})(\d{{9}}|\d{{4}}-\d{{4}}-\d)\b",
        ("routing", "aba", "rtn", "transit"),
        _aba,
    ),
    _named(
        "bank_account",
        "BANK",
        r"(?i:\b(?:bank (?:account|acct)|account (?:no|number|nr)|acct\.? (?:no|number|nr)|a/c(?: no)?|"
        r"acc no|beneficiary account|"
        r"kontonummer|konto|clabe|bban|nuban|cbu)(?: is|\.|:)?[ :=#\"']{1,4})(\d[\d \-]{4,24}\d)\b",
        ("acc", "a/c", "konto", "clabe", "bban", "nuban", "cbu"),
    ),
    _named(
        "account_by_routing",
        "BANK",
        r"(?i:\b(?:ach|wire|sepa|routing|aba|swift|bic|bsb|blz)\b[^\n]{1,40}?\b(?:account|acct|acc|a/c)\.?(?: no\.?|"
        r" number)?)"
        r"[ :=#]{1,3}(\d{6,17})\b",
        ("acc", "a/c"),
    ),
    _named(
        "account_by_sort_code",
        "BANK",
        r"(?i:\bsort[ _\-]?code)[^\n]{1,24}?(?i:\b(?:account|acct|acc|a/c)\.?(?: no\.?| number)?)[ :=#]{1,3}"
        r"(\d{6,10})\b",
        ("sort",),
    ),
    _named(
        "account_with_sort_code",
        "BANK",
        r"(?i:\b(?:bank|account|acct|acc|sort[ _\-]?code)\b[^\n\d\[]{0,24})(?:\d{2}-\d{2}-\d{2}|\[BANK\]) ?[/,|] ?"
        r"(\d{8})\b",
        ("bank", "acc", "sort"),
    ),
    _named("sort_code", "BANK", rf"(?i:\bsort[ _\-]?code{_IS})(\d{{2}}[\- ]?\d{{2}}[\- ]?\d{{2}})\b", ("sort",)),
    _named(
        "bic",
        "BANK",
        rf"(?i:\b(?:bic|swift)(?:/(?:bic|swift))?{_IS})([A-Za-z]{{6}}[A-Za-z0-9]{{2}}(?:[A-Za-z0-9]{{3}})?)\b",
        ("bic", "swift"),
        lambda match: match.span(1) if match.group(1).isupper() else None,
    ),
    _named(
        "bank_code_named",
        "BANK",
        rf"(?i:\b(?:bsb|ifsc|blz|bankleitzahl|bank code){_IS})([A-Za-z]{{0,4}}\d[\d\-A-Za-z]{{4,10}})\b",
        ("bsb", "ifsc", "blz", "bankleitzahl", "bank"),
    ),
    _named(
        "birth_date",
        "NATIONAL_ID",
        r"(?i:\b(?:dob|d\.o\.b\.?|born(?: on)?|birth ?(?:date|day)|date of birth|geburtsdatum|né le|"
        r"geboren(?: am)?)(?: is| was|:)?"
        r"[ :=\"']{1,4})(\d{1,4}[./\-]\d{1,2}[./\-]\d{1,4}|\d{1,2}\.? [A-Z][a-z]{2,8}\.? \d{4}|"
        r"[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4})\b",
        ("dob", "d.o.b", "born", "birth", "gebo", "gebu"),
    ),
    _named(
        "card_code",
        "CARD",
        r"(?i:\b(?:cvv2?|cvc2?|csc|security code)(?: is| was|:)?[ :=\"'(]{1,4})(\d{3,4})\b",
        ("cvv", "cvc", "csc", "security"),
    ),
    _named(
        "phone_named",
        "PHONE",
        r"(?i:\b(?:phone|tel|telephone|mobile|cell|fax|whatsapp|sms|call(?:ed|ing)?|dial(?:ed|ling)?|"
        r"telefon\w{0,2}|tel[eé]fono|handy|texted|text)"
        r"(?: (?:number|no|nr|to|me|at|on|us|sent to|code to)\.?){0,1}(?: is|:)?[ :=#\"'(]{1,4})"
        r"(\(?0?\d[\d ()./\-]{5,18}\d)\b",
        ("phone", "tel", "mobile", "cell", "fax", "whatsapp", "sms", "call", "dial", "handy", "text"),
        _phone_named,
    ),
    _named(
        "phone_link",
        "PHONE",
        r"(?i:\b(?:wa\.me/|tel:|sms:|whatsapp:))\+?(\d{9,15})\b",
        ("wa.me/", "tel:", "sms:", "whatsapp:"),
    ),
    _id(
        "phone_national",
        r"\b0(?:[1-9](?:[ .\-]\d{2}[ .\-]\d{2}[ .\-]\d{2}[ .\-]\d{2})|\d{2}[ \-]\d{4}[ \-]\d{4}|"
        r"\d{3}[ \-]\d{3}[ \-]\d{3,4}|\d{4}[ \-]\d{6}|"
        r"\d{2}[ /\-]\d{7,8}|\d{3}[ /]\d{6,8}|[45]\d{2} \d{3} \d{3})\b",
        _alone,
        "00 00 00 00 00",
        "00.00.00.00.00",
        "00-00-00-00-00",
        "000 0000 0000",
        "000-0000-0000",
        "0000 000 000",
        "0000-000-000",
        "00000 000000",
        "00000-000000",
        "000 0000000",
        "000/0000000",
        "000-0000000",
        "0000 000000",
        "0000/000000",
        kind="PHONE",
    ),
    _id(
        "phone_exit_code",
        r"\b00[1-9]\d{0,2}[ \-]\(?\d{1,5}\)?[ \-]\d{2,4}[ \-]?\d{2,6}\b",
        _alone,
        "000 0",
        "000 (",
        "000-0",
        "000-(",
        literals=tuple(f"00{digit}" for digit in range(1, 10)),
        kind="PHONE",
    ),
)
"""Rules from level MEDIUM on, in the order in which they are tried."""
