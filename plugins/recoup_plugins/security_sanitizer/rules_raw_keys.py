"""Private keys that their own encoding tells, without any armour or name (level LOW).

Covered: PKCS#8 (also encrypted), PKCS#1 and SEC 1 structures in base 64 without PEM lines, Sui's ``suiprivkey1...``,
NEAR's ``ed25519:`` with 64 octets, keypairs as 64 numbers, and the numbered lists that development chains print.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from itertools import pairwise
from typing import Final

from recoup_plugins.security_sanitizer.checksums import base58
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule

_HEAD_CHARACTERS: Final = 24
_SEQUENCE: Final = 0x30
_LONG_LENGTH: Final = 0x80
_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_VERSIONS: Final = (0, 1)
_NEXT_LINE = re.compile(
    r"[ \t]{0,16}(?:\r?\n|\\r\\n|\\n)[ \t]{0,16}([A-Za-z0-9+/]{4,128}={0,2})(?=[\s\\\"']|\Z)", re.ASCII
)
_WRAPPED_AT: Final = (64, 76)
_MOST_LINES: Final = 64
_GROUP: Final = 4
_BEFORE: Final = frozenset("+/-")

_NUMBER: Final = re.compile(r"\d{1,3}")
_LISTED_NUMBERS: Final = ("0,0,", "0,00,", "0,000,", "0, 0,", "0, 00,", "0, 000,", "0,\n")
_KEYPAIR_NUMBERS: Final = 64
_KEYPAIR_BYTES: Final = 64
_LARGEST_BYTE: Final = 255
_LEAST_DIFFERENT: Final = 36

_LINE_END = re.compile(r"\r?\n|\\r\\n|\\n")
_LISTED: Final = r"(?:[(\[]\d{1,3}[)\]]|\b\d{1,3}[.):])[ \t]{0,4}[\"']?((?:0[xX])?[0-9a-fA-F]{64})\b"
_ENTRY = re.compile(_LISTED, re.ASCII)
_RULES: Final = ("-", "=", "_", "*", "|")
_HEADING: Final = "private key"
_HEADING_WINDOW: Final = 4096
_LONGEST_REMARK: Final = 16


def _der_key(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept the head of a private key's structure, cut off or not, with the lines on which it goes on.

    PKCS#8 (RFC 5958): version and an algorithm; PKCS#1 (RFC 8017): version 0 and a modulus; SEC 1 (RFC 5915): version 1
    and the key in octets.
    """
    if match.string[match.start() - 1 : match.start()] in _BEFORE:
        return None
    head = match.group()[:_HEAD_CHARACTERS].replace("+", "-").replace("/", "_")
    return _with_lines(match) if _begins_key(urlsafe_b64decode(head)) else None


def _with_lines(match: re.Match[str]) -> tuple[int, int]:
    """Return the span of a match with the lines in base 64 on which it goes on."""
    start, end = match.span()
    line_length = end - start
    for _ in range(_MOST_LINES):
        following = _NEXT_LINE.match(match.string, end) if line_length in _WRAPPED_AT else None
        if following is None or not _goes_on(following.group(1)):
            break
        end, line_length = following.end(), len(following.group(1))
    return start, end


def _goes_on(line: str) -> bool:
    """Tell whether a line is a full one in base 64, or the last one, which is no word."""
    return len(line) in _WRAPPED_AT or (len(line) % _GROUP == 0 and not line.islower() and not line.istitle())


def _begins_key(head: bytes) -> bool:
    at = 2 + (head[1] & ~_LONG_LENGTH if head[1] & _LONG_LENGTH else 0)
    if head[0] != _SEQUENCE or head[at : at + 2] != bytes((_INTEGER, 1)) or head[at + 2] not in _VERSIONS:
        return False
    expected = (_SEQUENCE, _OCTETS) if head[at + 2] else (_SEQUENCE, _INTEGER)
    return head[at + 3] in expected


def _keypair(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept 64 numbers of one byte each, hardly two alike and in no order: an Ed25519 keypair (RFC 8032)."""
    numbers = [int(number) for number in _NUMBER.findall(match.group(1))]
    is_key = len(numbers) == _KEYPAIR_NUMBERS and max(numbers) <= _LARGEST_BYTE
    is_ordered = all(one <= other for one, other in pairwise(numbers))
    return match.span(1) if is_key and not is_ordered and len(set(numbers)) >= _LEAST_DIFFERENT else None


def _near_key(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept 64 octets, seed and public key; a public key alone has 32."""
    raw = base58(match.group(1))
    return match.span(1) if raw is not None and len(raw) == _KEYPAIR_BYTES else None


def _listed_key(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept an entry of a list whose heading speaks of private keys, with nothing else between the two."""
    text = match.string
    floor = max(0, match.start() - _HEADING_WINDOW)
    before = text[floor : match.start()].lower()
    heading = before.rfind(_HEADING)
    if heading < 0:
        return None
    rest, *lines = _LINE_END.split(before[heading + len(_HEADING) :])
    if len(rest) > _LONGEST_REMARK or not lines:
        return None
    between = [line.rstrip() for line in lines[:-1]]
    is_list = all(not line or line.endswith(_RULES) or _ENTRY.search(line) for line in between)
    return match.span(1) if is_list else None


RAW_KEY_RULES: Final = (
    Rule(
        name="der_private_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"\bM(?:II[\w+/\-]{2}[AQgw]IBA[ADT]|I[GH][\w+/\-]AgE[AB]|[A-H][\w+/\-]CAQ(?:Aw|EE|Ew))"
        r"[\w+/\-]{30,1000}" + r"[\w+/\-]{0,1000}" * 4 + "={0,2}",
        literals=("mii", "agea", "ageb", "caqaw", "caqee", "caqew"),
        locate=_der_key,
    ),
    Rule(
        name="encrypted_private_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        # The head of a PKCS#8 EncryptedPrivateKeyInfo (RFC 5958) with the algorithm PBES2, 1.2.840.113549.1.5.13.
        pattern=r"\bMI(?:I[\w+/]{5}BgkqhkiG9w0BBQ0w|[GH][\w+/]M[\w+/]{2}GCSqGSIb3DQEFDT)"
        r"[\w+/\-]{30,1000}" + r"[\w+/\-]{0,1000}" * 4 + "={0,2}",
        literals=("bgkqhkig9w0bbq0w", "gcsqgsib3dqefdt"),
        locate=_with_lines,
    ),
    Rule(
        name="openssh_private_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        # "openssh-key-v1" and a zero octet in base 64 (OpenSSH's PROTOCOL.key).
        pattern=r"\bb3BlbnNzaC1rZXktdjEA[\w+/\-]{30,1000}" + r"[\w+/\-]{0,1000}" * 4 + "={0,2}",
        literals=("b3blbnnzac1rzxktdjea",),
        locate=_with_lines,
    ),
    Rule(
        name="der_private_key_hex",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        # SEC 1 with a key of 32 octets, or PKCS#8 around it or around an Ed25519 seed, in base 16.
        pattern=r"\b30[0-9a-fA-F]{2,6}0201(?:010420|00[0-9a-fA-F]{8,64}(?:04220420|0201010420))[0-9a-fA-F]{64,1000}",
        literals=("0201010420", "04220420"),
    ),
    Rule(
        name="sui_private_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"\bsuiprivkey1[0-9a-z]{40,80}",
        literals=("suiprivkey1",),
    ),
    Rule(
        name="aptos_private_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"\b(?:ed25519|secp256k1|secp256r1)-priv-(?:0x)?[0-9a-fA-F]{64}\b",
        literals=("-priv-",),
    ),
    Rule(
        name="near_private_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"\bed25519:([1-9A-HJ-NP-Za-km-z]{80,90})\b",
        literals=("ed25519:",),
        locate=_near_key,
    ),
    Rule(
        name="keypair_numbers",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"(?i:(?:\b|_)(?:sk|secret|secret_?bytes|key_?pair|(?:secret|private|signing)_?key|signer|payer|seed|"
        r"wallet|bytes)(?:_?bytes)?[\"']?\s{0,2}[:=]\s{0,2}(?:new )?[\w.:&!]{0,40}\(?|\buint8array(?:\.from|\.of)?\()"
        r"\s{0,4}\[([\d,\s]{127,600})\]",
        literals=("sk", "secret", "key", "signer", "payer", "seed", "wallet", "uint8array", "bytes"),
        shapes=_LISTED_NUMBERS,
        locate=_keypair,
    ),
    Rule(
        name="keypair_alone",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"(?:^|\n)\[([\d, \n]{127,400})\]",
        shapes=_LISTED_NUMBERS,
        locate=_keypair,
    ),
    Rule(
        name="listed_private_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=_LISTED,
        literals=(_HEADING,),
        shapes=("x" * 64,),
        locate=_listed_key,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
