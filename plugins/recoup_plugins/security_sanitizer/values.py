"""Judges a value that stands beside a sensitive name: is it the secret, or only speaks of one."""

# ruff: noqa: SIM905 - long lists of words read best as text

from __future__ import annotations

import re
from collections import Counter
from math import log2
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.levels import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.security_sanitizer.keys import KeyPolicy

_MASK = re.compile(
    r"\*{1,256}|[xX]{3,64}|[•●…]{1,64}|[.\-_]{1,64}|</?[\w \-.*]{0,64}>|\[[A-Z][A-Z_]{1,31}(?: [0-9a-f]{4,8})?\]|"
    r"\{[\w.]{0,64}(?:![rsa])?\}|\$\{[\w.]{1,64}\}|\$\w{1,64}:\$\w{1,64}|(?:YOUR|your|Your|MY_OWN|INSERT|insert|ENTER|enter|"
    r"REPLACE|replace)"
    r"[_\- ][A-Za-z_\- ]{2,48}|\$\{?\w{1,64}\}?|%\(?\w{0,64}\)?[sdr]|"
    r"\$?\{\{[A-Za-z_.\-|(),\[\] '\"]{1,120}\}\}|\{%[A-Za-z_.\-|() '\"]{1,120}%\}|"
    r"\((?:sensitive value|known after apply)\)|~|\?|[Vv]al(?:ue)?\d{0,2}|"
    r"(?:Bearer|Basic|Token|bearer|basic|token) (?:\{\w{0,64}\}|<[\w \-]{0,64}>|\$\{?\w{1,64}\}?|\*{1,64}|%s|\.{3})"
)
_NOTHING: Final = frozenset(
    [
        "",
        "none",
        "nonetype",
        "null",
        "nil",
        "undefined",
        "n/a",
        "na",
        "redacted",
        "masked",
        "hidden",
        "filtered",
        "removed",
    ]
)
_TYPES: Final = frozenset(
    [
        "str",
        "bytes",
        "int",
        "float",
        "bool",
        "object",
        "any",
        "string",
        "secretstr",
        "dict",
        "list",
        "tuple",
        "optional",
        "uuid",
        "secretstring",
        "secretbytes",
        "decimal",
        "datetime",
    ]
)
_ROOTS: Final = frozenset(
    """
    self cls os config cfg conf settings args kwargs env environ ctx context request req client exchange params
    process options opts this app secrets vault credentials creds keyring getpass session obj data payload body
    headers
""".split()
)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
_PATH_OF_NAMES = re.compile(r"([A-Za-z_]{1,64})[.\[]")
_CALL = re.compile(
    r"(?:[A-Za-z_][A-Za-z_.:]{2,63}|[A-Za-z_][A-Za-z_\d]{1,31}\.[A-Za-z_][\w.]{1,63})"
    r"\((?:[\"'A-Za-z_)*.\[({]|\d{1,3}[,)]|\Z)",
    re.ASCII,
)
_PROSE: Final = frozenset(
    """
    a an and are as at be been before but by can cannot check could does doesn don empty error expired failed
    failure for format from has have if in incorrect insufficient invalid is it its malformed mismatch missing
    must no not null of on only or order permission permissions please provided rejected required revoked see
    should that the then this timeout timed to too try unauthorized unauthorised unknown unset unable
    verification was were will with without wrong you your denied forbidden disabled enabled accepted valid ok
    locked blocked already never none still being used needed set generated cached refreshed rotated stored
    loaded hidden redacted masked bad unrecognized unrecognised unsupported authentication connection network
    entered typed refused computed inherited published
    exchange server service request response retry retrying after when while expected did got found requires require
    argument option field characters use keep save reset updated deleted replaced issued shown printed logged kept
    value first again
    mínimo mínima máximo incorrecta incorrecto inválida inválido invalida requerida caducada falsch ungültig vergessen
    fehlt oublié erronée requis manquant неверный неверен 错误 無効 필요
""".split()
)
_ORDINARY_TOKEN = re.compile(
    r"[A-Z]{1,12}|\d{1,7}[A-Z]{2,16}|[A-Z0-9]{1,6}|[A-Z0-9]{1,12}[/:_\-][A-Z0-9]{2,12}|"
    r"[A-Z0-9]{2,12}-[A-Z0-9]{2,12}-[A-Z0-9.]{1,12}(?:-[A-Z]{1,4})?|[a-z]{1,24}|[A-Z]?[a-z]{1,24}|\d{1,5}|"
    r"v?\d[\d.]{0,12}"
)
_WORDS_JOINED: Final = re.compile(r"[A-Z][A-Z_\-]{1,64}|[a-z][a-z_\-.]{1,64}", re.ASCII)
VALUE_NAMES: Final = frozenset(
    """
    value val v content data text new old before after previous current newvalue oldvalue new_value old_value
    default argument
""".split()
)
"""Names under which a pair written as two members keeps its value."""

_TECHNICAL: Final = re.compile(
    r"(?:sha|md|hs|rs|es|ps|aes|hmac|oauth|base|utf|pbkdf|argon|scrypt|bcrypt|http|erc|bep|trc|eip|bip|ed|"
    r"x|p|pkcs|secp|rfc|"
    r"ntlm|v|ver|version|step|attempt|try|retry|line|no|rule|type|class)[\-_]?\d{1,6}[a-z]{0,2}\d?(?:[\-_/]\w{1,12})?",
    re.ASCII | re.IGNORECASE,
)
_TIME: Final = re.compile(
    r"[\d:.\-]{1,24}T[\d:.]{2,16}(?:Z|[+\-][\d:]{2,6})?|"
    r"[\d.,]{1,12}(?:[a-z]{1,8}|[A-Z]{1,8}|[kKMGTP]i?[Bb](?:ps)?|[kMG]Hz|%)",
    re.ASCII,
)
_NOTATION: Final = re.compile(r"[A-Za-z_][\w.\-]{0,63}[=:(\[]|[a-z]{2,8}://|[./~]{1,3}/|/\w|<|\{|\$\{", re.ASCII)
MARKET: Final = re.compile(r"[A-Z\d]{2,12}[/\-][A-Z]{3,5}(?::[A-Z]{3,5})?", re.ASCII)
"""The symbol of a market: ``BTC/USDT:USDT``."""

UUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
"""The form of a UUID (RFC 9562)."""

SYMBOLS: Final = frozenset("!#$%^&*@+?~")
"""Characters that passwords have inside, and words do not."""

_PARTS: Final = re.compile(r"[\-_./+=:]")
_SHORTEST_PART: Final = 8
_LEAST_ENTROPY: Final = 2.8
ACCOUNT_TYPES: Final = frozenset(
    """
    spot margin futures future isolated cross unified funding fund main trading trade default swap earn cash linear
    inverse option options master contract exchange
    sub live demo paper test primary
""".split()
)
NOBODY: Final = frozenset(
    [
        *("root", "system", "nobody", "anonymous", "daemon", "guest", "default", "none", "self", "null"),
        *("bot", "client", "user", "username", "users", "read-only", "readonly", "unknown", "demo", "person"),
    ]
)
"""User names that say nothing about who it was."""

_NAME_PART: Final = re.compile(r"[a-z]{1,16}\d{0,5}|\d{1,5}", re.ASCII)
_MOST_NAME_PARTS: Final = 6
_STATE: Final = re.compile(r"[A-Z]{2,12}_[A-Z]{2,12}|NORMAL|ACTIVE|LOCKED|READY|OPEN|CLOSED", re.ASCII)
"""What the state of an account or a login is called."""

_OF_CACHE: Final = re.compile(r"[:/|]")
_FEWEST_ACCOUNT_DIGITS: Final = 5
_FEWEST_ID_DIGITS: Final = 7
_FILE = re.compile(
    r"(?:[~.]{0,2}/|[A-Za-z]:\\)[\w./\\\- ]{1,250}\.(?:pem|key|crt|cer|json|toml|ya?ml|env|txt|p12|pfx|der|"
    r"ini|cfg|pub|jks|gpg|py|sh)"
)
_PLAIN_PATH = re.compile(r"(?:~|\.{1,2})?/[a-z_.\-]{2,64}/[a-z_./\-]{1,120}\d{0,5}", re.ASCII)
"""A path of small letters: ``/root/.ssh/id_ed25519``."""

_SUBSTITUTED = re.compile(
    r"\$\(|\$\{\{|\$\{\w{1,64}:(?:\?|-\})|\$\{(?:env|file|sys|secret|vault|ssm|sm)\w{0,8}:|file:/|arn:aws[\w\-]{0,12}:|\{\{|\{%|`|!(?:vault|Ref|Sub|GetAtt|secret|env|ENV|ImportValue|Join)\b|"
    r"@Microsoft\.KeyVault|(?:vault|ssm|"
    r"op|sm|awssm|gcpsm):/?/?[\w/]"
)
_OF_RESOURCE = re.compile(
    r"(?:secretKeyRef|secretRef|configMapKeyRef|valueFrom|[a-z][a-z\-]{1,64}-(?:creds|credentials)|"
    r"[a-z][a-z\-]{0,30}/[a-z][a-z/\-]{1,60}):?"
)
"""What Kubernetes calls a secret kept elsewhere, and names as people give to such resources."""

_UNIX_ID = re.compile(r"\d{1,6}\([\w\-]{1,32}\)", re.ASCII)
"""What ``id`` prints: ``uid=1000(bot)``."""

_SCOPED = re.compile(r":[A-Za-z_]\w{1,63}[(:]", re.ASCII)
"""What follows a name and the first of two colons: ``Keypair::from_bytes(...)``."""

_RAW_KEY = re.compile(
    r"(?:0[xX])?[0-9a-fA-F]{64}|[1-9A-HJ-NP-Za-km-z]{86,88}|[A-Za-z0-9+/]{43}=|-{5}BEGIN "
    r"[\s\S]{1,999}"
)
"""Private keys as they are written without a name that says so."""

_DIGEST = re.compile(r"0x[0-9a-fA-F]{64}")
"""The hash of a transaction: signatures have 65 octets, or no prefix."""

_HEADER_NAME = re.compile(r"[A-Z][A-Za-z]{0,24}-[A-Z][A-Za-z\-]{1,64}", re.ASCII)
_HOST_AND_PORT = re.compile(r"[\w.\-]{1,253}:\d{1,5}[,;)]?", re.ASCII)
_LABEL = re.compile(r"[a-z]{2,12}[\-_]\d{1,3}", re.ASCII)
"""What wallets are called: ``cold-1``."""

_PLACE = re.compile(r"[a-z]{2,12}(?:[\-_][a-z]{2,12})?(?:[\-_][a-z]{2,12})?[\-_]\d{1,3}[a-z]?", re.ASCII)
"""What regions and hosts are called, and no amount is: ``eu-west-1``."""

_HUMP: Final = re.compile(r"(?=[A-Z])")
"""A name of several words, which ``key`` may call a secret without being one: ``<key>walletPassphrase</key>``."""

_ADDRESS: Final = 42
_MOST_ZEROS: Final = 30
_DOTTED = re.compile(r"[A-Za-z_]\w{0,63}(?:\.[A-Za-z_][A-Za-z_]{0,63})?\.([A-Za-z_][A-Za-z_]{1,63})", re.ASCII)
_VARIABLE = re.compile(r"\$?\{[A-Za-z_][\w.\[\]]{0,63}\}", re.ASCII)
_INNER = re.compile(r"\{([A-Za-z_][\w.\[\]]{0,63})\}", re.ASCII)
_SUBSCRIPT = re.compile(r"\$?[A-Za-z_][A-Za-z_.]{1,60}\[(?:[\w\"':\-]|\Z)", re.ASCII)
"""An item of a variable: ``key[len(prefix) :]``."""

_ANNOTATION = re.compile(
    r"(?:[a-z]{1,16}\.){0,1}_?[A-Z][a-z]{2,16}(?:[A-Z][a-z]{2,16}){0,1}(?:[A-Z][a-z]{2,16}){0,1}"
    r"(?:\[[\w, .\[\]]{0,80}\]?| \| None| = (?:None|[a-z_]{1,32}\(?)|\)? ?->|\)?,? ?$)",
    re.ASCII,
)
_NEVER_CHOSEN: Final = frozenset(["AUTHORIZATION", "TOKEN", "SIGNATURE", "API_KEY", "CREDENTIALS", "PRIVATE_KEY"])
_CHOSEN_BY_PEOPLE: Final = frozenset(["PASSWORD", "SECRET"])
_LONG_TOKEN: Final = 16
_LONG_KEY: Final = 32
_SHORTEST_SECRET: Final = 6
_WORDS_OF_A_PHRASE: Final = 6


def is_placeholder(value: str) -> bool:
    """Tell whether a value hides or denies a secret: a mask, a placeholder, a template variable, nothing."""
    if value.lower() in _NOTHING or _MASK.fullmatch(value) is not None:
        return not (value[:1] in ("<", "{") and value[:2] != "{{" and _is_key_in_brackets(value.strip("<{}>")))
    return "{" in value and _is_template(value)


def _is_key_in_brackets(inner: str) -> bool:
    """Tell whether what stands in brackets is a key instead of the name of a variable."""
    return len(inner) >= _LONG_TOKEN and any(map(is_mixed, _PARTS.split(inner))) and not inner.islower()


def _is_template(value: str) -> bool:
    """Tell whether a value is put together from variables alone: ``{domain}|{path}``."""
    rest = _VARIABLE.sub("", value)
    return (
        rest != value and not any(map(str.isalnum, rest)) and not any(map(_is_key_in_brackets, _INNER.findall(value)))
    )


def is_reference(  # noqa: C901, PLR0911 - one form of reference a line
    name: str, value: str, keys: KeyPolicy, *, literal: bool = False
) -> bool:
    """Tell whether a value is source code that refers to a secret: an attribute, a call, a variable, a type.

    A literal refers to nothing but the name itself or a type. ``TradingDesk`` may be a class, but beside a name such as
    ``password`` it counts as one that somebody chose.
    """
    if _SCOPED.match(value):
        return True
    found = _PATH_OF_NAMES.match(value)
    if (found and found.group(1) in _ROOTS) or _CALL.match(value):
        return True
    if _SUBSTITUTED.match(value) or _FILE.fullmatch(value) or _PLAIN_PATH.fullmatch(value):
        return True
    if _OF_RESOURCE.fullmatch(value) and keys.verdict(name).kind != "SEED_PHRASE":
        return True  # words of a seed phrase may be joined by slashes as the parts of such a name are
    bare = value.rstrip("|,)]}:;")
    if (dotted := _DOTTED.fullmatch(bare)) is not None and not literal and _is_member(name, dotted.group(1), keys):
        return True
    if _HEADER_NAME.fullmatch(bare) and not literal:
        return keys.verdict(bare).kind != ""
    if not literal and (_SUBSCRIPT.match(value) or _is_annotation(name, value, keys)):
        return True
    if not _IDENTIFIER.fullmatch(bare):
        return False
    if any(map(str.isdigit, bare)):  # "signature64" is a variable, where what it is called after says so
        named = keys.verdict(bare.rstrip("0123456789")) if bare.islower() and not literal else None
        return named is not None and not looks_random(bare) and named.kind == keys.verdict(name).kind != ""
    if bare.lower() in _TYPES or bare.replace("_", "").lower() == name.replace("_", "").lower():
        return True
    if not literal and _is_variable(name, bare, keys):
        return True
    if literal or (not (bare[0].islower() or bare.isupper()) and keys.verdict(name).kind in _CHOSEN_BY_PEOPLE):
        return False
    other = keys.verdict(bare)
    return other.kind != "" and other.level < Level.CRITICAL


def _is_member(name: str, last: str, keys: KeyPolicy) -> bool:
    """Tell whether a path ends in the name of a credential: ``order.signature``, ``start.token``."""
    member = keys.verdict(last)
    credential = member.kind != "" and member.level is Level.LOW
    return credential and (not member.weak or member.kind == keys.verdict(name).kind)


def _is_variable(name: str, bare: str, keys: KeyPolicy) -> bool:
    """Tell whether a name in small letters ends as the one beside it does: ``item_key == lookup_key``."""
    last = bare.rpartition("_")[2]
    is_same = "_" in bare and bare.islower() and name.lower().replace("-", "_").rpartition("_")[2] == last
    return is_same and keys.verdict(last).kind != ""


def _is_annotation(name: str, value: str, keys: KeyPolicy) -> bool:
    """Tell whether a value is the type of a parameter, where nobody chooses such words: ``cookies: Morsel[str]``."""
    return keys.verdict(name).kind in _NEVER_CHOSEN and _ANNOTATION.match(value) is not None


def is_prose(value: str) -> bool:
    """Tell whether a bare value is a word of a sentence about a secret."""
    return value.strip(".,;:!?()'\"").lower() in _PROSE


def looks_secret(value: str) -> bool:
    """Tell whether a value looks like a key or token instead of a word, a symbol, a version or a small number."""
    if len(value) < _SHORTEST_SECRET or _ORDINARY_TOKEN.fullmatch(value):
        return False
    if " " in value:
        return value.count(" ") >= _WORDS_OF_A_PHRASE - 1 and value.replace(" ", "").isalpha()
    digits = sum(char.isdigit() for char in value)
    letters = sum(char.isalpha() for char in value)
    if digits and letters:
        return True
    if not digits and _WORDS_JOINED.fullmatch(value):
        return False
    return len(value) >= _LONG_TOKEN


def entropy(value: str) -> float:
    """Return the Shannon entropy of a text in bits a character."""
    size = len(value)
    return -sum(count / size * log2(count / size) for count in Counter(value).values())


def looks_random(value: str) -> bool:
    """Tell whether a value in running text can only be a key: digits among letters, with no ordinary reading.

    A part without separators of at least 8 characters must mix small letters and digits other than at its end, or the
    value has symbols that only passwords have. From 16 characters on at least 2.8 bits of entropy a character are
    asked for: keys in base 16 have about 3.5 at 32 characters, those in base 62 4.7; what people type has less.
    """
    if value.isalpha() or is_ordinary(value) or UUID.fullmatch(value):
        return False
    if len(value) >= _LONG_TOKEN and entropy(value) < _LEAST_ENTROPY:
        return False
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if has_digit and has_letter and not SYMBOLS.isdisjoint(value[:-1]) and "://" not in value and "=" not in value:
        return True
    return any(map(is_mixed, _PARTS.split(value)))


def is_mixed(part: str, is_letter: Callable[[str], bool] = str.isalpha) -> bool:
    """Tell whether digits stand among a part's letters, not only behind them as in ``binance2``."""
    body = part.rstrip("0123456789")
    return len(part) >= _SHORTEST_PART and any(map(str.isdigit, body)) and any(map(is_letter, body))


def is_spoken(value: str) -> bool:
    """Tell whether a value is a word of a sentence, an algorithm, a time, a path, or the begin of a notation."""
    return bool(
        is_placeholder(value)
        or is_prose(value)
        or _TECHNICAL.fullmatch(value)
        or _TIME.fullmatch(value)
        or _NOTATION.match(value.rstrip("="))  # without the padding of base 64
    )


def is_ordinary(value: str) -> bool:
    """Tell whether a value has an ordinary reading: one of :func:`is_spoken`, or the symbol of a market."""
    return is_spoken(value) or MARKET.fullmatch(value) is not None


_JOINT: Final = re.compile(r"[\"'][ \t]{0,8}\\?\s{1,64}[\"']")
"""The end of one string and the begin of the next, which source code joins."""


def looks_like(kind: str, value: str) -> bool:  # noqa: C901, PLR0911 - one sort of value a line
    """Tell whether a value under a weak name looks like what the name may mean."""
    if kind == "ACCOUNT" and (
        _UNIX_ID.match(value)
        or value.lower() in ACCOUNT_TYPES
        or (value.rstrip(",;)").isdigit() and len(value) < _FEWEST_ACCOUNT_DIGITS)
    ):
        return False
    if kind in ("USER", "ACCOUNT") and _STATE.fullmatch(value):
        return False
    number = value.partition(":")[0]
    if kind == "USER" and (value.lower() in NOBODY or (number.isdigit() and len(number) < _FEWEST_ACCOUNT_DIGITS)):
        return False  # nobody, or the number of a line: ``bot:login:42``, ``user:4:positions``
    if kind == "API_KEY" and (_is_numbered_name(value.rstrip(",;)")) or _is_camel_case(value) or _is_of_cache(value)):
        return False
    if kind in ("USER", "ACCOUNT", "PASSWORD"):
        return not (is_prose(value) or is_nobodys(value))
    if kind in ("AMOUNT", "BALANCE", "PRICE") and _PLACE.fullmatch(value):
        return False
    if kind in ("IP", "MAC", "CARD", "PHONE", "AMOUNT", "BALANCE", "PRICE", "ORDER", "OTP"):
        return any(char.isdigit() for char in value)
    if kind in ("NATIONAL_ID", "BANK") and (bare := value.replace(" ", "").replace("-", "")).isdigit():
        return len(bare) >= _FEWEST_ID_DIGITS
    if kind == "SIGNATURE" and _DIGEST.fullmatch(value):
        return False
    if kind == "PRIVATE_KEY":
        return _RAW_KEY.fullmatch(value) is not None or _is_long_key(value)
    if kind == "WALLET" and (_HOST_AND_PORT.fullmatch(value) or _LABEL.fullmatch(value) or is_nobodys(value)):
        return False
    return "@" in value if kind == "EMAIL" else looks_secret(_JOINT.sub("", value))


def is_nobodys(value: object) -> bool:
    """Tell whether a value is the zero address, or another of nearly nothing but zeros, which is nobody's."""
    return type(value) is str and value[:2] == "0x" and len(value) >= _ADDRESS and value.count("0") > _MOST_ZEROS


def _is_long_key(value: str) -> bool:
    """Tell whether a value is a key of capitals, small letters and digits in one run, as no record's id is."""
    is_run = len(value) >= _LONG_KEY and value.isascii() and value.isalnum()
    return is_run and not (value.islower() or value.isupper()) and looks_random(value)


def _is_camel_case(value: str) -> bool:
    """Tell whether a value is a name of two words or more, each with a capital: ``RemoveImports``."""
    humps = [hump for hump in _HUMP.split(value) if hump]
    return value.isascii() and value.isalpha() and len(humps) > 1 and min(map(len, humps)) > 1


def _is_of_cache(value: str) -> bool:
    """Tell whether a value is a key made of several words, as caches have them: ``ticker:BTC/USDT:1m``."""
    parts = _OF_CACHE.split(value)
    return len(parts) > 1 and not any(map(is_mixed, parts)) and max(map(len, parts)) < _LONG_TOKEN


def _is_numbered_name(value: str) -> bool:
    """Tell whether a value names an indicator, a model or a file: ``rsi_14``, ``macd_12_26``, ``id_ed25519``."""
    parts = value.replace("-", "_").split("_", _MOST_NAME_PARTS)
    return len(parts) > 1 and value[0].isalpha() and all(map(_NAME_PART.fullmatch, parts))
