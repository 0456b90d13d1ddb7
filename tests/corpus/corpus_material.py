"""Invented secrets in the published formats: the same ones in every run, for a seed."""

from __future__ import annotations

import base64
import hashlib
import json
import string
from importlib import resources
from random import Random
from typing import Any, Final

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_NANO: Final = "13456789abcdefghijkmnopqrstuwxyz"
_C32: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BECH32M: Final = 0x2BC830A3
WORDS: Final = (
    resources.files("recoup_plugins")
    .joinpath("security_sanitizer/bip39_english.txt")
    .read_text(encoding="utf-8")
    .split()
)
"""The English list of BIP-39."""


class Material:
    """Makes secrets from a seed. Not thread-safe: one per use.

    Args:
        seed: the same seed gives the same secrets in the same order.
    """

    def __init__(self, seed: str) -> None:
        self.random = Random(seed)

    def chars(self, alphabet: str, count: int) -> str:
        return "".join(self.random.choices(alphabet, k=count))

    def hex(self, count: int) -> str:
        return self.chars("0123456789abcdef", count)

    def alnum(self, count: int) -> str:
        """Return letters and digits, with each class among the first four."""
        return (
            self.chars(string.ascii_uppercase, 1)
            + self.chars(string.ascii_lowercase, 1)
            + self.chars(string.digits, 1)
            + self.chars(string.ascii_letters + string.digits, count - 3)
        )

    def lower(self, count: int) -> str:
        return "k7" + self.chars(string.ascii_lowercase + string.digits, count - 2)

    def upper(self, count: int) -> str:
        return "Q4" + self.chars(string.ascii_uppercase + string.digits, count - 2)

    def digits(self, count: int) -> str:
        return self.chars("123456789", 1) + self.chars(string.digits, count - 1)

    def octets(self, count: int) -> bytes:
        return self.random.randbytes(count)

    def base64(self, octets: int) -> str:
        return base64.b64encode(self.octets(octets)).decode()

    def base64url(self, octets: int) -> str:
        return base64.urlsafe_b64encode(self.octets(octets)).decode().rstrip("=")

    def uuid(self) -> str:
        raw = self.hex(32)
        return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"

    def password(self) -> str:
        return f"{self.chars(string.ascii_uppercase, 1)}{self.chars(string.ascii_lowercase, 5)}{self.digits(3)}!x"

    def pick(self, options: list[Any]) -> Any:
        return self.random.choice(options)

    def jwt(self) -> tuple[str, str]:
        """Return a token's header and the rest of it (RFC 7519)."""
        header = _segment({"alg": "HS256", "typ": "JWT"})
        claims = _segment({"sub": self.digits(10), "name": "invented", "iat": 1516239022})
        return header, f"{claims}.{self.base64url(32)}"

    def pem(self, label: str, octets: int = 120) -> tuple[str, str]:
        """Return a PEM block (RFC 7468) and its body on one line."""
        body = self.base64(octets)
        lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
        return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----", body

    def mnemonic(self, words: int = 12) -> str:
        """Return a seed phrase with its checksum (BIP-39)."""
        entropy = self.octets(words * 4 // 3)
        checksum_bits = words // 3
        value = int.from_bytes(entropy) << checksum_bits | hashlib.sha256(entropy).digest()[0] >> (8 - checksum_bits)
        return " ".join(WORDS[value >> 11 * place & 2047] for place in reversed(range(words)))

    def card(self, prefix: str, length: int = 16) -> str:
        """Return a card number that passes the Luhn check (ISO/IEC 7812)."""
        body = prefix + self.chars(string.digits, length - len(prefix) - 1)
        total = sum(sum(divmod(int(digit) * (2 - i % 2), 10)) for i, digit in enumerate(reversed(body)))
        return body + str(-total % 10)

    def iban(self, country: str, bban: str) -> str:
        """Return an IBAN (ISO 13616) for a basic bank account number."""
        number = int("".join(str(int(char, 36)) for char in f"{bban}{country}00"))
        return f"{country}{98 - number % 97:02d}{bban}"

    def base58check(self, version: bytes, octets: int, alphabet: str = _BASE58) -> str:
        raw = version + self.octets(octets)
        raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
        return base58(raw, alphabet)

    def ripple(self) -> str:
        return self.base58check(b"\0", 20, _RIPPLE)

    def bech32(self, prefix: str, octets: int, *, version: int | None = None) -> str:
        """Return a bech32 address, bech32m from version 1 on (BIP-173, BIP-350)."""
        values = [version] if version is not None else []
        values += _fives(self.octets(octets))
        expanded = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
        checksum = _polymod(expanded + values + [0] * 6) ^ (_BECH32M if version else 1)
        values += [checksum >> 5 * (5 - i) & 31 for i in range(6)]
        return f"{prefix}1" + "".join(_BECH32[value] for value in values)

    def solana(self) -> str:
        return base58(self.octets(32))

    def stellar(self, version: int) -> str:
        """Return a StrKey (SEP-23): version 6 is an account, 18 a seed."""
        raw = bytes([version << 3]) + self.octets(32)
        return base64.b32encode(raw + _crc16(raw).to_bytes(2, "little")).decode()

    def ton(self) -> str:
        raw = b"\x11\0" + self.octets(32)
        return base64.urlsafe_b64encode(raw + _crc16(raw).to_bytes(2)).decode()

    def nano(self) -> str:
        """Return an address of Nano: a public key and its BLAKE2b checksum, turned round, in base 32 of its own."""
        key = self.octets(32)
        checksum = hashlib.blake2b(key, digest_size=5).digest()[::-1]
        return f"nano_{_base32(key, 52, _NANO)}{_base32(checksum, 8, _NANO)}"

    def filecoin(self) -> str:
        payload = self.octets(20)
        checksum = hashlib.blake2b(b"\1" + payload, digest_size=4).digest()
        return "f1" + base64.b32encode(payload + checksum).decode().lower().rstrip("=")

    def stacks(self) -> str:
        """Return an address of Stacks (SIP-005): version 22 and a hash of 20 octets in c32check."""
        payload = b"\xa7" + self.octets(19)
        checksum = hashlib.sha256(hashlib.sha256(b"\x16" + payload).digest()).digest()[:4]
        return "SP" + _base32(payload + checksum, 39, _C32)

    def polkadot(self) -> str:
        raw = b"\0" + self.octets(32)
        return base58(raw + hashlib.blake2b(b"SS58PRE" + raw).digest()[:2])


def base58(raw: bytes, alphabet: str = _BASE58) -> str:
    number, out = int.from_bytes(raw), ""
    while number:
        number, rest = divmod(number, 58)
        out = alphabet[rest] + out
    return alphabet[0] * (len(raw) - len(raw.lstrip(b"\0"))) + out


def _base32(raw: bytes, digits: int, alphabet: str) -> str:
    number = int.from_bytes(raw)
    return "".join(alphabet[number >> 5 * place & 31] for place in reversed(range(digits)))


def _segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _fives(raw: bytes) -> list[int]:
    bits = "".join(f"{octet:08b}" for octet in raw)
    bits += "0" * (-len(bits) % 5)
    return [int(bits[i : i + 5], 2) for i in range(0, len(bits), 5)]


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= generator if top >> i & 1 else 0
    return checksum


def _crc16(raw: bytes) -> int:
    crc = 0
    for octet in raw:
        crc ^= octet << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc
