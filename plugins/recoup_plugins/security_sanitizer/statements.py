"""Tells what only speaks about a secret from the secret: states, counts, types, scopes, schemas, market symbols."""

# ruff: noqa: SIM905 - long lists of words read best as text

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.checksums import base58
from recoup_plugins.security_sanitizer.values import ACCOUNT_TYPES, UUID, looks_random

if TYPE_CHECKING:
    from collections.abc import Iterable

_STATES: Final = frozenset(
    """
    true false yes no on off ok set unset present absent configured unconfigured unchanged changed missing provided
    given supplied valid invalid expired active inactive revoked enabled disabled required optional available
    unavailable encrypted verified unverified confirmed pending failed success succeeded good bad none null nil empty
    loaded stored cached managed sensitive auto automatic external internal default strict lax deny allow passed low
    medium high amd64 arm64 noarch info error warning up down include omit same-origin
""".split()
)
_TYPE: Final = re.compile(
    r"(?:u?int|bytes?|float|[uif])\d{0,3}(?:\[\d{0,4}\])?|address(?: payable)?|bool(?:ean)?|str(?:ing)?|integer|number|"
    r"object|array|password|apikey|http|oauth2|openidconnect|any|felt(?:252)?|(?:var)?char|text|uuid|null|none|"
    r"date(?:-?time)?|secretstr",
    re.ASCII | re.IGNORECASE,
)
_NUMERIC_TYPE: Final = re.compile(r"(?:u?int|bytes|float)\d{0,3}(?:\[\d{0,4}\])?|address|bool(?:ean)?", re.ASCII)
_SCOPE: Final = frozenset(
    """
    read write list create delete update rotate refresh admin manage view get put post revoke trade readonly readwrite
    use own none all any rw ro issue sign verify introspect
""".split()
)
_DERIVATIONS: Final = frozenset(
    ["bcrypt", "argon2", "argon2i", "argon2id", "scrypt", "pbkdf2", "sha256", "sha512", "md5"]
)
"""How a password is hashed."""

_CLIENT_ID: Final = re.compile(r"client[ _\-]?id", re.IGNORECASE)
_TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+\-]\d\d:?\d\d)?", re.ASCII)
_MOMENT: Final = re.compile(rf"[\"']?{_TIMESTAMP.pattern}[\"']?", re.ASCII)
_HOST: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|\*:\d{1,5}|localhost(?::\d{1,5})?", re.ASCII)
"""What an address is that nobody pays to: ``local_address="0.0.0.0"``."""

_CLIENT: Final = re.compile(r"(?:[a-z]{1,16}[\-_.]?){1,3}\d{0,4}|\d{1,4}", re.ASCII)
"""What the clients of message brokers are called: ``rdkafka``, ``grid-7``."""

_OF_USER: Final = re.compile(
    r"\(\s?[\"'][\w.\-@]{1,64}[\"'],\s?(?:os\.(?:environ|getenv)|self|config|settings|cfg|args|"
    r"env)\b[^()]{0,80}\)?\)",
    re.ASCII,
)
"""A user with a reference to his password: ``("elastic", os.environ["ES_PASS"])``."""

_SCHEMES: Final = frozenset(["bearer", "basic", "digest", "token", "negotiate", "hmac", "apikey"])

_METAVARS: Final = frozenset(
    """
    TEXT STRING STR VALUE VAL PATH FILE FILENAME INTEGER INT FLOAT NUMBER NAME URL URI UUID CHOICE DATE BOOLEAN BOOL ARG
    ARGS KEY SECRET TOKEN PASSWORD PASSPHRASE PASS USER USERNAME HOST PORT DIR DIRECTORY ID HEX BASE64 BYTES ENV
    VARIABLE VAR CODE OTP PIN SEED WORDS PHRASE MNEMONIC ADDRESS EMAIL PHONE ACCOUNT LEVEL COUNT N SECONDS
""".split()
)
_COUNT: Final = re.compile(r"\d{1,3}")
_VERSION: Final = re.compile(r"v?\d{1,4}\.[\d.]{1,12}(?:-\w{1,12})?", re.ASCII)
_POINTER: Final = re.compile(r"0x[0-9a-f]{1,16}", re.ASCII)
"""Where something is in memory, which is shorter than any key."""

_UNSURE: Final = ("routingkey", "entropy", "entropyhex", "assertion", "oauth", "oauth2", "kek", "dek", "apikeyid")
"""Ends of names of other matters too, under which only what can be nothing but a key is one: ``orders.btc``."""

_NO_LETTERS: Final = str.maketrans("", "", "_-. ")
_SHORTEST_KEY: Final = 16
_NAME_OF_KEY: Final = re.compile(r"[a-z]{1,16}(?:[-_][a-z]{1,16}){0,3}", re.ASCII)
"""What people call a key or a secret that is kept elsewhere: ``api_key_id=main``, ``existingSecret: okx-api``."""

_LONG_KINDS: Final = frozenset(["SECRET", "API_KEY", "TOKEN", "SIGNATURE", "PRIVATE_KEY"])
"""What no number of three digits can be."""

_SEED_NUMBER: Final = re.compile(r"-?(?:\d{1,20}|0x[0-9a-fA-F]{1,16})", re.ASCII)
_SHORTEST_PIN: Final = 4
_SYMBOL: Final = re.compile(r"[a-z]{0,3}[A-Z]{2,6}\d?(?:\.[a-z]{1,2})?", re.ASCII)
_ALGORITHM: Final = re.compile(
    r"(?:(?:hmac|rsa|ecdsa|eddsa|ed|hs|rs|es|ps|sha|aes|scram|pbkdf|"
    r"secp)[\-_]?){1,3}(?:\d{1,4}[a-z]?\d?)?(?:[\-_](?:sha)?\d{1,4}\w{0,6}){0,2}|"
    r"basic|bearer|digest|ntlm|negotiate|kerberos|oauth2?|jwt|jws|api[\-_]?key|mtls|hmac|plain|x-?www\w{0,16}|token|"
    r"password|publickey|keyboard-interactive|peer|trust|ident|md5|cert",
    re.ASCII | re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"[\d.]{1,8}(?:ms|s|m|h|d|%)?", re.ASCII)
_EMPTY_COOKIE: Final = re.compile(r"([\w\-]{1,64})=(?:\"\")?", re.ASCII)
_MEMBERS: Final = re.compile(r"[\s,;\"']{1,64}")
_TRANSACTION_ID: Final = (87, 88)
_TRANSACTION_BYTES: Final = 64
_PARTS_OF_NAME: Final = re.compile(r"[^A-Za-z]{1,64}|(?<=[a-z])(?=[A-Z])")
_SHORTEST_PLURAL: Final = 4
_NO_PLURALS: Final = frozenset(["pass", "address", "access", "alias", "status"])
_SCHEMA: Final = frozenset(
    """
    type format title description required nullable optional minlength maxlength min_length max_length pattern readonly
    writeonly read_only write_only deprecated sensitive help metavar env anyof allof oneof items properties label widget
    placeholder prompt order ref $ref minimum maximum x-order in name scheme bearerformat
""".split()
)
_ERROR: Final = re.compile(r"(?:[A-Z][a-z]{1,16}){1,6}(?:Error|Exception)", re.ASCII)
_TEST: Final = re.compile(r"(?:Test|Benchmark|Example|Fuzz)[A-Z_]\w{0,80}(?:/\S{1,80})?", re.ASCII)
"""What the tests of Go are called: ``--- PASS: TestTokenRefresh``."""

_ENCODINGS: Final = frozenset(
    ["base64", "base64url", "base58", "base32", "hex", "utf-8", "utf8", "ascii", "binary", "der"]
)
_EXAMPLE: Final = re.compile(
    r"[\"']?\bexamples?\\{0,4}[\"']?\s{0,4}[:=]\s{0,4}\\{0,4}[\"'][*x.\u2022]{1,64}\\{0,4}[\"']"
)
"""An example of a value that shows nothing of one."""

_REFERENCES: Final = frozenset(
    """
    name key secretkeyref secretref configmapkeyref valuefrom optional namespace kind apiversion file path env from
    secretname
""".split()
)
_OF_MARKETS: Final = frozenset(["symbol", "decimals", "name", "address", "chainid", "chain", "logouri", "id"])
_MEMBER: Final = re.compile(r"[\"']?([$\w\-]{1,40})\\{0,4}[\"']?\s{0,4}[:=]\s{0,4}", re.ASCII)
_LEAF: Final = re.compile(r"[^\s\[\]{}(),:\"'\\]{1,80}")
_LONGEST: Final = 400
_MOST_ITEMS: Final = 64
_DEEPEST: Final = 4
_PLAIN_WORD: Final = re.compile(r"[A-Za-z]{1,16}(?:[-_./][A-Za-z]{1,16}){0,3}", re.ASCII)


def says_about(name: str, value: str, kind: str) -> bool:  # noqa: C901, PLR0911, PLR0912 - one sort a line
    """Tell whether a value beside a sensitive name says something about the secret instead of being it.

    Args:
        name: the name that the value stands beside.
        value: the value, without quotes.
        kind: the placeholder that the name calls for.
    """
    bare = value.strip(" ,;:.!)]}")
    if _TIMESTAMP.fullmatch(bare) or _ERROR.fullmatch(bare):
        return True
    if bare.lower() in _STATES or _NUMERIC_TYPE.fullmatch(bare):
        return True
    if _COUNT.fullmatch(bare) and (kind in _LONG_KINDS or _is_plural(name)):
        return True
    if kind in _LONG_KINDS and (_VERSION.fullmatch(bare) or _POINTER.fullmatch(bare)):
        return True
    if name.translate(_NO_LETTERS).lower().endswith(_UNSURE):
        return not (len(bare) >= _SHORTEST_KEY and "." not in bare and looks_random(bare))
    if kind == "SECRET" and bare.lower() in _ENCODINGS:
        return True
    is_id = kind in ("API_KEY", "SECRET") and name.lower().endswith("id")
    if is_id or name.lower().endswith(("existingsecret", "existing_secret")):
        return _NAME_OF_KEY.fullmatch(bare) is not None
    if kind == "SEED_PHRASE":
        return _SEED_NUMBER.fullmatch(bare) is not None and name.lower().endswith(("seed", "seeds"))
    if kind == "PASSWORD":
        is_count = bare.isdigit() and len(bare) < _SHORTEST_PIN
        is_market = name.lower() == "pin" and bare.isalpha() and bare.isupper()
        is_test = name == "PASS" and _TEST.fullmatch(bare) is not None
        return is_count or is_market or is_test or bare.lower() in _DERIVATIONS
    if kind == "TOKEN":
        return _SYMBOL.fullmatch(bare) is not None
    if kind in ("ACCOUNT", "WALLET") and bare.lower() in ACCOUNT_TYPES:
        return True
    if kind == "ACCOUNT" and ((name.lower() == "uid" and UUID.fullmatch(bare)) or len(bare) == 1):
        return True  # the id of a resource, where accounts have numbers; the place of one in a list
    if kind == "ACCOUNT" and _CLIENT_ID.fullmatch(name):
        return _CLIENT.fullmatch(bare) is not None
    if kind == "WALLET":
        is_named = _ALGORITHM.fullmatch(bare.partition(":")[0]) is not None  # also "ed25519:..."
        return is_named or "://" in bare or _HOST.fullmatch(bare) is not None
    if kind == "USER":
        return bare.lower() in ("user", "username") or (len(bare) == 1 and bare.isdigit())
    if kind == "BANK":
        return bare.islower() and bare.isalpha()
    if kind in ("NATIONAL_ID", "PHONE", "CARD"):
        return not any(map(str.isdigit, bare))
    if kind == "SIGNATURE":
        return _ALGORITHM.fullmatch(bare) is not None or is_transaction_id(bare)
    if kind in ("IP", "MAC"):
        return not any(map(str.isdigit, bare)) and ":" not in bare
    if kind == "AUTHORIZATION" and bare.lower() in _SCHEMES:
        return True
    if kind == "AUTHORIZATION" and (cookie := _EMPTY_COOKIE.fullmatch(bare)) is not None:
        return not looks_random(cookie.group(1))  # but base 64 with its padding
    if kind == "AUTHORIZATION" and not name.lower().endswith(("authorization", "cookie", "authent")):
        return all(map(_is_of_scheme, _MEMBERS.split(bare)))
    return False


def is_transaction_id(value: str) -> bool:
    """Tell whether a value is Base58 of 64 octets, as the signatures are by which Solana names transactions."""
    if len(value) not in _TRANSACTION_ID:
        return False
    raw = base58(value)
    return raw is not None and len(raw) == _TRANSACTION_BYTES


def is_scope(text: str, at: int, value: str) -> bool:
    """Tell whether ``name:value`` with no space between is a permission, as ``api_key:read``."""
    return text[at - 1 : at] == ":" and value.rstrip("\"'])},;.").lower() in _SCOPE


def is_metavar(value: str) -> bool:
    """Tell whether what follows an option is the word that its help has for any value: ``--api-secret TEXT``."""
    return all(part in _METAVARS for part in re.split(r"[_\-]", value.strip("[]<>.,")))


def describes(value: str) -> bool:
    """Tell whether a bracketed literal under a sensitive name holds no secret: flags, a schema, a reference, names."""
    if len(value) > _LONGEST:
        return False
    if _OF_USER.fullmatch(value):
        return True
    value = _MOMENT.sub("true", _EXAMPLE.sub("", value))
    members = {name.lower() for name in _MEMBER.findall(value)}
    leaves = _LEAF.findall(_MEMBER.sub(" ", value))
    if members and all(_is_flag(leaf) or _COUNT.fullmatch(leaf) for leaf in leaves):
        return True
    if "symbol" in members and members <= _OF_MARKETS:
        return True
    return _is_schema(members, value) or _is_reference(members, leaves)


def holds_no_secret(value: Any, depth: int = 0) -> bool:
    """Tell whether an object under a sensitive name holds no secret, as :func:`describes` does for text."""
    if value is None or type(value) is bool:
        return True
    if type(value) is dict and 0 < len(value) <= _MOST_ITEMS and depth < _DEEPEST:
        names = {name.lower() if type(name) is str else "" for name in value}
        if all(holds_no_secret(item, depth + 1) for item in value.values()):
            return True
        if "type" in names and names <= _SCHEMA:
            declared = next(item for name, item in value.items() if type(name) is str and name.lower() == "type")
            return type(declared) is str and _TYPE.fullmatch(declared) is not None
        if "symbol" in names and names <= _OF_MARKETS:
            return True
        return names <= _REFERENCES and all(_is_plain(item, depth + 1) for item in value.values())
    return type(value) is str and depth > 0 and (_is_flag(value) or _TIMESTAMP.fullmatch(value) is not None)


def _is_plain(value: Any, depth: int) -> bool:
    """Tell whether a value of a reference is a word, or again a reference."""
    if type(value) is str:
        return _PLAIN_WORD.fullmatch(value) is not None
    return holds_no_secret(value, depth)


def _is_plural(name: str) -> bool:
    words: Iterable[str] = (word.lower() for word in _PARTS_OF_NAME.split(name))
    return any(word.endswith("s") and len(word) >= _SHORTEST_PLURAL and word not in _NO_PLURALS for word in words)


def _is_of_scheme(member: str) -> bool:
    """Tell whether a part of what follows ``auth`` is a state, a small number or the name of an algorithm."""
    part = re.split(r"[=:]", member.rstrip("="))[-1]
    plain = part == "" or _NUMBER.fullmatch(part) or _ALGORITHM.fullmatch(part)
    return bool(plain or part.lower() in _STATES)


def _is_flag(leaf: str) -> bool:
    """Tell whether a member of an object is a state, or the name of an algorithm."""
    return leaf.lower() in _STATES or _ALGORITHM.fullmatch(leaf) is not None


def _is_schema(members: set[str], value: str) -> bool:
    if "type" not in members or not members <= _SCHEMA:
        return False
    declared = re.search(r"\btype\\{0,4}[\"']?\s{0,4}[:=]\s{0,4}\\{0,4}[\"']?(\w{1,16})", value, re.ASCII)
    return declared is not None and _TYPE.fullmatch(declared.group(1)) is not None


def _is_reference(members: set[str], leaves: list[str]) -> bool:
    return bool(members) and members <= _REFERENCES and all(map(_PLAIN_WORD.fullmatch, leaves))
