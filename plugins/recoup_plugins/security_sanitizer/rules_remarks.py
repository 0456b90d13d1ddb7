"""Secrets whose name and value have something else between them (level LOW).

The encoding (``private key (hex) X``), a remark in brackets (``New password [hidden]: X``), the number of a FIX tag
(``Password(554)=X``), the word for the other side of a comparison (``sig mismatch: got X want Y``), or the lines that
point from a traceback's source to the values of its names.
"""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.checksums import bech32
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
_LONGEST_ROW: Final = 1000
_LEAST_ENTROPY: Final = 4.0
_CREDENTIAL: Final = re.compile(r"key|secret|token|passw|credential", re.IGNORECASE)
_LONGEST_LINE: Final = 400
_POINTERS: Final = re.compile(
    r"[ \t>|\u2502\u2503\u2514\u251c\u2570\u2500]{0,400}(?:[\u2502\u2503\u2514\u251c\u2570]|\Z)"
)
_NAME: Final = re.compile(r"[A-Za-z_][\w.]{0,63}", re.ASCII)
_KEYS: Final = KeyPolicy()
_WHOSE: Final = ("the", "my", "our", "your", "his", "her", "their", "its", "a")
_TAGGED: Final = (
    *(f"{opening}{tag}" for opening in "([" for tag in ("554", "925", "96)", "96]", "1402", "1404", "89)", "89]")),
    *(f"tag{blank}{tag}" for blank in ("", " ") for tag in ("554", "925", "96")),
)
"""How the tags of FIX fields are written that hold a credential."""


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
    return None if len(value) < _SHORTEST or value.isalpha() or is_ordinary(value) else match.span(1)


def _compared(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept one side of a comparison of signatures in the words before it, but not the name of a transaction."""
    value = match.group(1)
    before = match.string[max(0, match.start() - _LONGEST_COMPARISON) : match.start(1)]
    if _SIGNATURES.search(before.rpartition("\n")[2]) is None:
        return None
    is_hex = len(value) >= _KEY_DIGITS and _HEX.issuperset(value)
    return match.span(1) if (is_hex or looks_random(value)) and not is_transaction_id(value) else None


def _declared(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what a block declares for a credential's name, unless it refers to something else."""
    verdict = judge(match.group(1))
    value = match.group(2)
    if not verdict.kind or verdict.level is not Level.LOW or is_placeholder(value):
        return None
    harmless = is_reference(match.group(1), value, _KEYS, literal=True) or (verdict.weak and not looks_secret(value))
    return None if harmless or is_ordinary(value) else match.span(2)


def _keypair(match: re.Match[str]) -> tuple[int, int] | None:
    return match.span(1) if is_transaction_id(match.group(1)) else None


def _client(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept an id that looks like a key where the secret or the signature that belongs to it stands near."""
    value, (start, end) = match.group(1), match.span(1)
    near = match.string[max(0, start - _NEAR) : end + _NEAR].lower()
    is_paired = "client_secret" in near or "clientsecret" in near or ("signature" in near and "grant_type" in near)
    mixed = any(map(str.isdigit, value)) and not value.islower() and not value.isupper() and value[-1:] != "-"
    return (start, end) if is_paired and mixed and not is_ordinary(value) else None


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
        name="tagged_field",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b\w{0,16}(?:password|rawdata|signature) ?[(\[](?:554|925|96|1402|1404|89)[)\]]\s?[=:]|"
        r"\btag ?(?:554|925|96)\b(?: value| is| ?[=:])?)\s?[\"']?([^\s\"'|,;<>()\[\]]{3,512})",
        literals=_TAGGED,
        locate=accepted(lambda value: not is_placeholder(value) and not value.isalpha()),
    ),
    Rule(
        name="remarked_prompt",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"(?i:\b(?:password|passphrase|passcode|passwd|pin|secret|token|api[ _]?key|private[ _]?key)s?"
        r" ?(?:\[[^\[\]\n]{1,40}\]|\([^()\n]{1,40}\)|<[^<>\n]{1,24}>|\{[^{}\n]{1,24}\})) ?(?::|=|>{1,3}|\?)[ \t]{0,4}"
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
        name="client_of_secret",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"(?i:\bclient_?id)\\{0,4}[\"']?\s?[:=]\s?\\{0,4}[\"']?([\w\-]{6,128})",
        literals=("client_credentials", "client_signature", "client_secret", "clientsecret", "signature"),
        locate=_client,
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
        pattern=r"\b(?:SSWS|GenieKey|Splunk|ApiKey|APIKEY|Apikey|Klaviyo-API-Key|DPoP|Token|PRIVATE-TOKEN|AccessKey) "
        r"{1,2}([\w\-.+/=]{20,512})",
        literals=("ssws ", "geniekey ", "splunk ", "apikey ", "api-key ", "dpop ", "token ", "accesskey "),
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
        name="key_that_exists",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"\bKey \(([\w\", ]{1,200})\)=\(([^)\n]{1,500})\)",
        literals=("key (",),
        locate=_in_unique_key,
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
