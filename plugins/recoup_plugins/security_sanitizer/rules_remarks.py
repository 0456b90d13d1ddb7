"""Secrets whose name and value have something else between them (level LOW).

The encoding (``private key (hex) X``), a remark in brackets (``New password [hidden]: X``), the word for the other side
of a comparison (``sig mismatch: got X want Y``), or the lines that point from a traceback's source to the values of its
names.
"""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.checksums import bech32
from recoup_plugins.security_sanitizer.identifiers import is_jumbled
from recoup_plugins.security_sanitizer.keys import KeyPolicy, judge
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, accepted, stands_alone
from recoup_plugins.security_sanitizer.statements import is_transaction_id
from recoup_plugins.security_sanitizer.values import (
    SYMBOLS,
    UUID,
    entropy,
    is_ordinary,
    is_placeholder,
    is_reference,
    looks_random,
    looks_secret,
)

_HEX: Final = frozenset("0123456789abcdefABCDEFxX")
_KEY_DIGITS: Final = 32
_RAW_KEY_LENGTHS: Final = (64, 66)
_SHORTEST: Final = 6
_LONGEST_COMPARISON: Final = 240
_SIGNATURES: Final = re.compile(r"\b(?:sig(?:nature)?s?|hmac)(?:\b|_)", re.IGNORECASE)
_MOST_LINES: Final = 24
_NEAR: Final = 300
_LEAST_ENTROPY: Final = 4.0
_CREDENTIAL: Final = re.compile(r"key|secret|token|passw|credential", re.IGNORECASE)
_LONGEST_LINE: Final = 400
_POINTERS: Final = re.compile(
    r"[ \t>|\u2502\u2503\u2514\u251c\u2570\u2500]{0,400}(?:[\u2502\u2503\u2514\u251c\u2570]|\Z)"
)
_NAME: Final = re.compile(r"[A-Za-z_][\w.]{0,63}", re.ASCII)
_KEYS: Final = KeyPolicy()
_WHOSE: Final = ("the", "my", "our", "your", "his", "her", "their", "its", "a")


def _encoded(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what looks like a key in some encoding, whatever base it is in."""
    value = match.group(1)
    is_hex = len(value) >= _KEY_DIGITS and _HEX.issuperset(value)
    return match.span(1) if is_hex or looks_random(value) else None


_VARIABLE: Final = re.compile(r"[a-z_.]{1,64}", re.ASCII)
_ITEM: Final = re.compile(r"\w\[[^\[\]]{1,40}\] =")


def _said(match: re.Match[str]) -> tuple[int, int] | None:
    value = match.group(1)
    if _ITEM.search(match.group(), 0, match.start(1) - match.start()) and _VARIABLE.fullmatch(value):
        return None  # what code assigns to an item, "secrets[name] = found_value"
    is_word = value.isalpha() and not is_jumbled(value)
    return None if len(value) < _SHORTEST or is_word or is_ordinary(value) else match.span(1)


def _compared(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept one side of a comparison of signatures in the words before it, but not the name of a transaction."""
    value = match.group(1)
    before = match.string[max(0, match.start() - _LONGEST_COMPARISON) : match.start(1)]
    if _SIGNATURES.search(before.rpartition("\n")[2]) is None:
        return None
    is_hex = len(value) >= _KEY_DIGITS and _HEX.issuperset(value)
    return match.span(1) if (is_hex or looks_random(value)) and not is_transaction_id(value) else None


def _keypair(match: re.Match[str]) -> tuple[int, int] | None:
    return match.span(1) if is_transaction_id(match.group(1)) else None


def _said_abroad(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a password behind its name in another language: digits among its letters, or a symbol inside."""
    value = match.group(1).rstrip(".,;:!?)]}")
    is_word = not any(map(str.isdigit, value)) or not any(map(str.isalpha, value))
    if len(value) < _SHORTEST or is_ordinary(value) or (is_word and SYMBOLS.isdisjoint(value[:-1])):
        return None
    return match.start(1), match.start(1) + len(value)


def _opaque(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a token behind the name of an authorization scheme: at least two of its characters are digits."""
    value = match.group(1)
    is_token = sum(map(str.isdigit, value)) > 1 and looks_random(value)
    return match.span(1) if is_token or UUID.fullmatch(value) else None


def _stream_key(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept small letters and digits without order, as listen keys are; addresses in Bech32 have check digits."""
    value = match.group()
    is_key = looks_random(value) and entropy(value) >= _LEAST_ENTROPY and not bech32(value)
    return match.span() if is_key and stands_alone(match.string, *match.span()) else None


def _renewed(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept one of two values of capitals, small letters and digits in a line that speaks of a credential."""
    value, (start, end) = match.group(1), match.span(1)
    text = match.string
    line = text[max(text.rfind("\n", 0, start), start - _NEAR) + 1 : end + _NEAR].partition("\n")[0]
    is_mixed = not (value.islower() or value.isupper()) and sum(map(str.isdigit, value)) > 1
    return (start, end) if is_mixed and looks_random(value) and _CREDENTIAL.search(line) else None


def _is_the_key(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a key that the words behind it name; hexadecimal digits only as a private or a secret key."""
    value = match.group(1)
    if _HEX.issuperset(value):
        return match.span(1) if len(value) in _RAW_KEY_LENGTHS and match.group(2).lower()[:1] in "ps" else None
    is_mixed = not (value.islower() or value.isupper()) and sum(map(str.isdigit, value)) > 1
    return match.span(1) if is_mixed and looks_random(value) else None


def _pointed(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a value that a pointer joins to the name of a credential in the line of source above it.

    The layout is that of loguru, stackprinter and better_exceptions: the pointer stands below the name's first letter.
    """
    text = match.string
    line = text.rfind("\n", 0, match.start()) + 1
    column = match.start() - line
    for _ in range(_MOST_LINES):
        if line == 0 or column > _LONGEST_LINE:
            return None
        before = text.rfind("\n", 0, line - 1) + 1
        source = text[before : line - 1]
        if not _POINTERS.match(source) or (source[column : column + 1].isalnum() or source[column : column + 1] == "_"):
            break
        line = before
    else:
        return None
    name = _NAME.match(source, column)
    if name is None or source[column - 1 : column].isalnum():
        return None
    verdict = judge(name.group().rpartition(".")[2])
    value = match.group(1)
    if not verdict.kind or verdict.level is not Level.LOW or is_placeholder(value):
        return None
    if (verdict.weak and not looks_secret(value)) or is_reference(name.group(), value, _KEYS, literal=True):
        return None
    return match.span(1)


REMARK_RULES: Final = (
    Rule(
        name="encoded_secret",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"(?i:(?:key|secret|seed|privkey|priv|token|entropy)s?[ _\-]?(?:\(|\[| in | as |, ?)?(?:raw |0x)?"
        r"(?:hex|base ?58|base ?64|base ?32|b58|b64|wif|bytes)(?: encoded| format)?[)\]]?)"
        r"[ :=>\-]{1,4}[\"'`]?((?:0x)?[\w+/=\-]{16,512})",
        literals=("hex", "base58", "base64", "base32", "base 58", "base 64", "b58", "b64", "wif", "bytes"),
        shapes=("x" * 16,),
        locate=_encoded,
    ),
    Rule(
        name="remarked_prompt",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|passcode|passwd|pin|secret|token|api[ _]?key|private[ _]?key)s?"
        r" ?(?:\[[^\[\]\n]{1,40}\]|\([^()\n]{1,40}\)|<[^<>\n]{1,24}>|\{[^{}\n]{1,24}\})) ?(?::|=|>{1,3}|\?)[ \t]{0,4}"
        r"(?:<[a-z]{1,8}>)?"
        r"[\"'`]?([^\s\"'`<>\[\](){}]{6,256})",
        literals=("pass", "pin", "secret", "token", "key"),
        shapes=(),
        sketch=r"(?i:(?:pass\w{0,6}|pin|secret|token|key)s? ?(?:\[[^\[\]\n]{1,40}\]|\([^()\n]{1,40}\)|<[^<>\n]{1,24}>"
        r"|\{[^{}\n]{1,24}\})) ?[:=>?]",
        locate=_said,
    ),
    Rule(
        name="compared_signature",
        kind="SIGNATURE",
        level=Level.LOW,
        pattern=r"(?i:\b(?:got|expected|expect|want(?:ed)?|computed|calculated|received|given|actual|ours|theirs|"
        r"server|"
        r"client|local|remote|vs\.?|versus|but|and|or)|!=|<>|==)[ :=]{1,3}[\"'`(\[]?([\w+/=\-]{20,512})",
        literals=("sig", "hmac"),
        shapes=("x" * 16,),
        locate=_compared,
    ),
    Rule(
        name="exported_keypair",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"(?i:\b(?:export(?:ed)?|key ?pair|secret|private|phantom|solflare|backpack|import(?:ed)?|restored?|"
        r"backup)\b)"
        r"[^\n\"'`,;]{0,32}[ :=\"'`(]{1,3}([1-9A-HJ-NP-Za-km-z]{86,88})\b",
        literals=(
            "export",
            "key",
            "secret",
            "private",
            "phantom",
            "solflare",
            "backpack",
            "import",
            "restore",
            "backup",
        ),
        shapes=("x" * 86,),
        locate=_keypair,
    ),
    Rule(
        name="signature_numbers",
        kind="SIGNATURE",
        level=Level.LOW,
        pattern=r"\b[rs]\\{0,4}[\"']?\s?[:=]\s?\\{0,4}[\"']?(\d{70,80}|0x[0-9a-fA-F]{60,64})\b",
        literals=("r=", "s=", "r:", "s:", 'r"', 's"', "r'", "s'", "r ", "s "),
        shapes=("x" * 62,),
        group=1,
    ),
    Rule(
        name="foreign_password",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:(?:\b(?:passwort|kennwort|contrase[\u00f1n]a|clave|senha|palavra-passe|mot de passe|"
        r"wachtwoord|has[\u0142l]o|"
        r"l[\u00f6o]senord|salasana|adgangskode|kodeord|jelsz[\u00f3o]|heslo|[\u015fs]ifre|parol[ae]?|kata sandi|"
        r"\u043f\u0430\u0440\u043e\u043b\u044c|\u043f\u0430\u0440\u043e\u043b\u0430)|\u5bc6\u7801|\u5bc6\u78bc|"
        r"\u53e3\u4ee4|"
        r"\u30d1\u30b9\u30ef\u30fc\u30c9|\ube44\ubc00\ubc88\ud638)[a-z\u0430-\u044f]{0,8}(?: "
        r"[^\d\s:=\"']{1,16}){0,1}(?: [^\d\s:=\"']{1,16}){0,1})"
        r"(?: ?[:=\uff1a]| (?:lautet|ist|es|est|[\u00e8\u00e9]|is|\u2014)|\u662f|\u4e3a|\u70ba|\u306f|\ub294|\uc740|"
        r"\s)\s{0,2}"
        r"[\"'`\u00ab]?([^\s\"'`<>()\[\]\u00ab\u00bb0-9!#$%^&*@+?~]{0,64}[0-9!#$%^&*@+?~][^\s\"'`<>()\[\]\u00ab\u00b"
        r"b]{0,192})",
        literals=(
            *("passwor", "kennwort", "contrase", "clave", "senha", "passe", "wachtwoord", "has", "senord", "salasana"),
            *("adgangskode", "kodeord", "jelsz", "heslo", "ifre", "parol", "sandi", "\u043f", "\u5bc6"),
        ),
        locate=_said_abroad,
    ),
    Rule(
        name="granted_token",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\b(?:access|refresh)\\{0,4}[\"']?\s?[:=]\s?\\{0,4}[\"']([\w\-.+/=]{24,1000})",
        literals=("access", "refresh"),
        shapes=("x" * 8,),
        locate=accepted(looks_random),
    ),
    Rule(
        name="authorization_scheme",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\b(?:SSWS|GenieKey|OAuth|Splunk|ApiKey|APIKEY|Apikey|Klaviyo-API-Key|DPoP|Token|PRIVATE-TOKEN|"
        r"AccessKey) {1,2}([\w\-.+/=]{20,512})",
        literals=("ssws ", "geniekey ", "oauth ", "splunk ", "apikey ", "api-key ", "dpop ", "token ", "accesskey "),
        shapes=("x" * 8,),
        locate=_opaque,
    ),
    Rule(
        name="stream_key",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\b[a-z0-9]{60,64}\b",
        shapes=("x" * 60,),
        sketch=r"\b[a-z0-9]{0,48}[g-z][a-z0-9]{11,63}\b",
        locate=_stream_key,
    ),
    Rule(
        name="renewed_value",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"\b(?:old|new|from|to|before|after|previous|current)(?:_value)?=[\"']?([\w+/=\-]{20,512})",
        literals=("old=", "new=", "from=", "to=", "before=", "after=", "previous=", "current=", "_value="),
        shapes=("x" * 8,),
        locate=_renewed,
    ),
    Rule(
        name="other_password",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|secret|token|pin)\b[^\n]{0,160}?)[\"'\]] ?(?:!=|==|<>|=>|->|vs\.?|not|"
        r"instead of) ?[\"']([^\"'\n]{4,256})[\"']",
        literals=("password", "passphrase", "secret", "token", "pin"),
        locate=_said,
    ),
    Rule(
        name="is_the_key",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"([\w+/=\-]{16,512})[\"'`]? (?:is|was|as) (?:the|my|our|your|his|her|their|its|an?)\b[^\n\"`:=]{0,32}?"
        r"\b((?i:private key|secret key|signing key|api key|secret|token|password))\b",
        literals=tuple(f" {verb} {whose}" for verb in ("is", "was", "as") for whose in _WHOSE),
        shapes=("x" * 8,),
        sketch=r"[\w+/=\-]{16,512}[\"'`]? (?:is|was|as) (?:the|my|our|your|his|her|their|its|an?)\b",
        locate=_is_the_key,
    ),
    Rule(
        name="is_the_password",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"([^\s\"'`()<>:|]{6,128})[\"'`]? (?:is|was) (?:the|my|our|your|his|her|their|its|an?) "
        r"(?:\w{1,16} ){0,1}(?i:password|passphrase|passcode|pin)\b",
        literals=tuple(f" {verb} {whose}" for verb in ("is", "was") for whose in _WHOSE),
        sketch=r"[^\s][\"'`]? (?:is|was) (?:the|my|our|your|his|her|their|its|an?) (?:\w{1,16} )?(?i:pass|pin)",
        locate=_said_abroad,
    ),
    Rule(
        name="said_before",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"([^\s\"'`()]{6,128})[\"'`]? \((?:the |our |my |your |its |old |new )?(?:\w{1,16} )?(?:\w{1,16} )?"
        r"(?:password|passphrase|passwd|passcode|pin|pw)\)",
        literals=("password)", "passphrase)", "passwd)", "passcode)", "pin)", "pw)"),
        locate=_said_abroad,
    ),
    Rule(
        name="changed_from",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|secret|token|key)s? from )[\"'`]?([^\s\"'`]{8,256})[\"'`]? to ",
        literals=(" from ",),
        locate=accepted(lambda value: value[:2] != "0x" and looks_random(value)),
    ),
    Rule(
        name="pointed_value",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"[\u2514\u251c\u2570][\u2500>]{0,2} (?:b?[\"'])?([^\s\"'<][^\s\"']{2,512})",
        literals=("\u2514", "\u251c", "\u2570"),
        locate=_pointed,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
