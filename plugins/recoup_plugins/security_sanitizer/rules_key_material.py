"""Key material that its form and a word beside it tell (level LOW): raw keys, arrays of bytes, logins of drivers."""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule
from recoup_plugins.security_sanitizer.values import is_placeholder

_NUMBER: Final = re.compile(r"\d{1,3}")
_KEY_SIZES: Final = (32, 64)
_LARGEST_BYTE: Final = 255
_LEAST_DIFFERENT: Final = 20
_JWK_WINDOW: Final = 1024


def _byte_array(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept 32 or 64 numbers of one byte each, hardly two alike: an Ed25519 seed or keypair (RFC 8032)."""
    numbers = [int(number) for number in _NUMBER.findall(match.group(1))]
    is_key = len(numbers) in _KEY_SIZES and max(numbers) <= _LARGEST_BYTE and len(set(numbers)) >= _LEAST_DIFFERENT
    return match.span(1) if is_key else None


def _said(match: re.Match[str]) -> tuple[int, int] | None:
    return None if is_placeholder(match.group(1)) else match.span(1)


def _of_jwk(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept the private member of a JSON Web Key (RFC 7518, section 6), whose type stands near it."""
    start, end = match.span()
    return match.span(1) if "kty" in match.string[max(0, start - _JWK_WINDOW) : end + _JWK_WINDOW] else None


KEY_MATERIAL_RULES: Final = (
    Rule(
        name="jwk_private_member",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"\\{0,4}[\"']d\\{0,4}[\"']\s?:\s?\\{0,4}[\"']([\w\-]{42,1000})",
        literals=("kty",),
        locate=_of_jwk,
    ),
    Rule(
        name="openvpn_static_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"-{3,5}BEGIN OpenVPN Static key V1-{3,5}((?:\\[nr]|[0-9a-fA-F\s]){32,1000})",
        literals=("openvpn static key",),
        group=1,
    ),
    Rule(
        name="ntlm_hashes",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"\b([0-9a-fA-F]{32}:[0-9a-fA-F]{32})\b",
        literals=("ntlm", "hash", ":::"),
        shapes=("x" * 32,),
        group=1,
    ),
    Rule(
        name="raw_private_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"(?i:(?:\b|_)(?:pk|sk|wif|priv|signer|deployer|keypair|skey|xprv)\b\\{0,4}[\"']?\s{0,2}"
        r"(?:[:=]|->|=>| is )\s{0,2}\\{0,4}[\"']?|(?:\b|_)(?:key|pk|sk|priv|secret)\s{0,2}[:=]\s{0,2}"
        r"(?:hexbytes|bytes32|b256|(?:bytes\.)?from_?hex|unhexlify)\(b?\\{0,4}[\"']?)((?:0x)?[0-9a-fA-F]{64})\b",
        literals=(
            "pk",
            "sk",
            "wif",
            "priv",
            "signer",
            "deployer",
            "keypair",
            "xprv",
            "hexbytes",
            "bytes32",
            "b256",
            "fromhex",
            "from_hex",
            "unhexlify",
        ),
        shapes=("x" * 64,),
        group=1,
    ),
    Rule(
        name="byte_array_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"(?i:\b(?:key[ _\-]?pair|secret[ _\-]?key|private[ _\-]?key|signing[ _\-]?key|"
        r"from_bytes|from_?secret_?key|seed|wallet|id\.json)\b)[^\n\[\]]{0,64}(?:Uint8Array\()?\[([\d, ]{64,400})\]",
        literals=("key", "from_bytes", "seed", "wallet", "id.json"),
        shapes=("0,0,", "0,00,", "0,000,", "0, 0,", "0, 00,", "0, 000,"),
        locate=_byte_array,
    ),
    Rule(
        name="called_with_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"\b(?:Keypair|Account|PrivateKey|SigningKey|Wallet|LocalAccount|Signer)(?:\.|::)"
        r"(?:from_\w{1,32}|from[A-Z]\w{1,32})\(\s{0,4}b?[\"']([^\"'\s]{16,256})[\"']",
        literals=("from",),
        locate=_said,
    ),
    Rule(
        name="called_with_otp_secret",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"\b(?:pyotp\.)?(?:TOTP|HOTP|totp|hotp)(?:\.\w{1,32})?\(\s{0,4}[\"']([A-Za-z2-7 ]{12,128}={0,6})[\"']",
        literals=("totp", "hotp"),
        locate=_said,
    ),
    Rule(
        name="driver_login",
        kind="PASSWORD",
        level=Level.LOW,
        pattern=r"\b[\w.\-]{1,64}:([^\s/\"'@][^\s/\"']{0,127})@(?:tcp|tcp6|udp|unix|cloudsql|cloudsqlpostgres)\(",
        literals=("@tcp", "@udp", "@unix(", "@cloudsql"),
        locate=_said,
    ),
    Rule(
        name="posted_public_key",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"(?i:\bnonce=\d{1,20}&public_?key=)([\w\-]{16,128})",
        literals=("&publickey=", "&public_key="),
        group=1,
    ),
    Rule(
        name="pagerduty_routing_key",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"(?i:routing_key\\{0,4}[\"']?\s{0,2}[:=]\s{0,2}\\{0,4}[\"']?)([0-9a-fA-F]{32}|R[A-Z0-9]{31})\b",
        literals=("routing_key",),
        group=1,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
