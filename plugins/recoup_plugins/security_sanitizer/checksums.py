"""Check digits and checksums that tell a real number or address from one that merely looks like it."""

from __future__ import annotations

from base64 import b32decode
from hashlib import blake2b, sha256
from typing import Final

BITCOIN_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
RIPPLE_ALPHABET: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_CONSTANTS: Final = frozenset({1, 0x2BC830A3})
_SS58_LENGTHS: Final = (35, 36)
_CASHADDR_GENERATOR: Final = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
_NANO_ALPHABET: Final = "13456789abcdefghijkmnopqrstuwxyz"
_C32_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_IBAN_LENGTHS: Final = range(15, 35)
_DIGITS: Final = frozenset("0123456789")


def only_digits(text: str) -> str:
    """Return the digits of a text, without what groups them."""
    return "".join(filter(_DIGITS.__contains__, text))


def is_decimal(text: str, end: int) -> bool:
    """Tell whether a decimal point with digits follows."""
    return text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit()


def luhn(digits: str) -> bool:
    """Tell whether a string of digits ends in its Luhn check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        digit = ord(char) - 48
        if place % 2:
            digit *= 2
            if digit > 9:  # noqa: PLR2004 - the two digits of the product are added up
                digit -= 9
        total += digit
    return total % 10 == 0


def iban(text: str) -> bool:
    """Tell whether text without spaces is an IBAN: remainder 1 modulo 97 (ISO 13616, ISO 7064)."""
    if len(text) not in _IBAN_LENGTHS:
        return False
    rotated = text[4:] + text[:4]
    return int("".join(str(int(char, 36)) for char in rotated)) % 97 == 1


def base58(text: str, alphabet: str = BITCOIN_ALPHABET) -> bytes | None:
    """Return the octets that Base58 text stands for, or None when it has another character."""
    number = 0
    for char in text:
        digit = alphabet.find(char)
        if digit < 0:
            return None
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip(alphabet[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def base58check(text: str, alphabet: str = BITCOIN_ALPHABET) -> bytes | None:
    """Return version byte and payload of a Base58Check string, or None when its checksum fails.

    The checksum is the first four bytes of a double SHA-256 (Bitcoin; the XRP Ledger uses another alphabet).
    """
    raw = base58(text, alphabet)
    if raw is None:
        return None
    payload, checksum = raw[:-4], raw[-4:]
    return payload if sha256(sha256(payload).digest()).digest()[:4] == checksum else None


def bech32(text: str) -> bool:
    """Tell whether a string carries a valid Bech32 or Bech32m checksum (BIP 173, BIP 350)."""
    lowered = text.lower()
    if text not in (lowered, text.upper()):
        return False
    prefix, found, data = lowered.rpartition("1")
    if not found or not prefix or any(char not in _BECH32_ALPHABET for char in data):
        return False
    values = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    values += [_BECH32_ALPHABET.index(char) for char in data]
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_BECH32_GENERATOR):
            if top >> place & 1:
                checksum ^= generator
    return checksum in _BECH32_CONSTANTS


def ss58(text: str) -> bool:
    """Tell whether text is an SS58 address of Polkadot, Kusama or a chain of theirs: BLAKE2b over prefix and key."""
    raw = base58(text)
    if raw is None or len(raw) not in _SS58_LENGTHS:
        return False
    return blake2b(b"SS58PRE" + raw[:-2]).digest()[:2] == raw[-2:]


def cashaddr(text: str, prefix: str = "bitcoincash") -> bool:
    """Tell whether text after ``bitcoincash:`` carries a valid CashAddr checksum (Bitcoin Cash, CHIP-2017-01)."""
    lowered = text.lower()
    if any(char not in _BECH32_ALPHABET for char in lowered):
        return False
    checksum = 1
    for value in [*(ord(char) & 31 for char in prefix), 0, *map(_BECH32_ALPHABET.index, lowered)]:
        top = checksum >> 35
        checksum = (checksum & 0x07FFFFFFFF) << 5 ^ value
        for place, generator in enumerate(_CASHADDR_GENERATOR):
            if top >> place & 1:
                checksum ^= generator
    return checksum == 1


def nano(text: str) -> bool:
    """Tell whether text after ``nano_`` ends in the BLAKE2b checksum of its public key, its octets turned round."""
    digits = text.rpartition("_")[2]
    number = 0
    for char in digits[:52]:
        number = number << 5 | _NANO_ALPHABET.index(char)
    checksum = 0
    for char in digits[52:]:
        checksum = checksum << 5 | _NANO_ALPHABET.index(char)
    if number >> 256:
        return False
    return blake2b(number.to_bytes(32, "big"), digest_size=5).digest()[::-1] == checksum.to_bytes(5, "big")


def filecoin(text: str) -> bool:
    """Tell whether text is a Filecoin address: the protocol, and base 32 of a payload and its BLAKE2b checksum."""
    body = text[2:].upper()
    if len(body) % 8 in (1, 3, 6):
        return False
    raw = b32decode(body + "=" * (-len(body) % 8))
    return blake2b(bytes([int(text[1])]) + raw[:-4], digest_size=4).digest() == raw[-4:]


def stacks(text: str) -> bool:
    """Tell whether text is a Stacks address: c32check of a version and a hash of 20 octets (SIP-005)."""
    number = 0
    for char in text[2:]:
        number = number << 5 | _C32_ALPHABET.index(char)
    if number >> 192:
        return False
    raw = number.to_bytes(24, "big")
    version = bytes([_C32_ALPHABET.index(text[1])])
    return sha256(sha256(version + raw[:-4]).digest()).digest()[:4] == raw[-4:]


def mod_11_2(text: str) -> bool:
    """Tell whether a resident identity number of China ends in its check character (GB 11643, ISO 7064 MOD 11-2)."""
    total = 0
    for char in text[:-1]:
        total = (total + int(char)) * 2 % 11
    return "0123456789X"[(12 - total) % 11] == text[-1].upper()
