"""Wallet addresses and extended public keys by shape and checksum (level MEDIUM)."""

from __future__ import annotations

from base64 import b32decode, urlsafe_b64decode
from binascii import crc_hqx
from hashlib import algorithms_available, new
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.checksums import (
    RIPPLE_ALPHABET,
    base58,
    base58check,
    bech32,
    cashaddr,
    filecoin,
    nano,
    ss58,
    stacks,
)
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Locate, Rule, confirmed
from recoup_plugins.security_sanitizer.rules_credentials import stellar

if TYPE_CHECKING:
    import re

_BASE58: Final = "[1-9A-HJ-NP-Za-km-z]"
_ADDRESS_BYTES: Final = (21, 22, 23)
_PUBLIC_KEY_BYTES: Final = 32
_MOST_ZEROS: Final = 30


def _holds_address(text: str, alphabet: str | None = None) -> bool:
    """Tell whether Base58Check text holds a version of one to three bytes and a 20-byte hash.

    One byte: Bitcoin, Litecoin, Dogecoin, Dash, TRON; two: Zcash, three: Tezos.
    """
    payload = base58check(text, alphabet) if alphabet else base58check(text)
    return payload is not None and len(payload) in _ADDRESS_BYTES


def _ton(text: str) -> bool:
    """Tell whether text is a user-friendly TON address (TEP-0002): 36 bytes that end in a CRC-16."""
    raw = urlsafe_b64decode(text)
    return crc_hqx(raw[:-2], 0) == int.from_bytes(raw[-2:], "big")


def _nobodys(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject the zero address and those that burn, which are nobody's."""
    return None if match.group().count("0") > _MOST_ZEROS else match.span()


def _algorand(text: str) -> bool:
    """Tell whether text is an Algorand address: base 32 of a public key and the last 4 bytes of its SHA-512/256."""
    raw = b32decode(text + "=" * 6)
    if "sha512_256" not in algorithms_available:
        return True
    return new("sha512_256", raw[:_PUBLIC_KEY_BYTES]).digest()[-4:] == raw[_PUBLIC_KEY_BYTES:]


def _public_key(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept Base58 of 32 octets, as accounts on Solana have, after a word that says that it is one."""
    start, end = match.span(1)
    raw = base58(match.group(1))
    return (start, end) if raw is not None and len(raw) == _PUBLIC_KEY_BYTES else None


def _ends_there(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject the beginning of a host's name."""
    return None if match.string[match.end() : match.end() + 1] in (".", "-", "/", "(") else match.span()


def _wallet(name: str, pattern: str, shape: str, *literals: str, locate: Locate | None = None) -> Rule:
    return Rule(
        name=name, kind="WALLET", level=Level.MEDIUM, pattern=pattern, shapes=(shape,), literals=literals, locate=locate
    )


WALLET_RULES: Final = (
    _wallet("ethereum", r"\b0[xX][0-9a-fA-F]{40}\b", "x" * 42, "0x", locate=_nobodys),
    _wallet(
        "bech32", r"\b[a-zA-Z]{2,16}1[02-9ac-hj-np-zAC-HJ-NP-Z]{30,110}\b", "x" * 34, "1", locate=confirmed(bech32)
    ),
    _wallet("base58", rf"\b[123mnLMDAX9TtKz7]{_BASE58}{{24,35}}\b", "x" * 25, locate=confirmed(_holds_address)),
    _wallet(
        "ripple",
        rf"\br{_BASE58}{{24,34}}\b",
        "x" * 25,
        "r",
        locate=confirmed(lambda text: _holds_address(text, RIPPLE_ALPHABET)),
    ),
    _wallet("stellar", r"\bG[A-Z2-7]{55}\b", "x" * 56, "g", locate=confirmed(lambda text: stellar(0x30, text))),
    _wallet("algorand", r"\b[A-Z2-7]{58}\b", "x" * 58, locate=confirmed(_algorand)),
    _wallet("nano", r"\b(?:nano|xrb)_[13][13-9a-km-uw-z]{59}\b", "x" * 60, "nano_", "xrb_", locate=confirmed(nano)),
    _wallet("filecoin", r"\bf[123][a-z2-7]{39,86}\b", "x" * 41, "f1", "f2", "f3", locate=confirmed(filecoin)),
    _wallet(
        "stacks", r"\bS[PMTN][0-9A-HJKMNP-TV-Z]{38,39}\b", "x" * 40, "sp", "sm", "st", "sn", locate=confirmed(stacks)
    ),
    _wallet("ton", r"\b[EUk0]Q[\w\-]{46}", "x" * 12, "eq", "uq", "kq", "0q", locate=confirmed(_ton)),
    _wallet("substrate", rf"\b[1-9A-HJ-NP-Za-km-z]{_BASE58}{{45,48}}\b", "x" * 46, locate=confirmed(ss58)),
    _wallet(
        "bitcoin_cash",
        r"\b(?:bitcoincash:)?[qpQP][02-9ac-hj-np-zAC-HJ-NP-Z]{41}\b",
        "x" * 42,
        locate=confirmed(lambda text: cashaddr(text.rpartition(":")[2])),
    ),
    Rule(
        name="address_of_32_bytes",
        kind="WALLET",
        level=Level.MEDIUM,
        pattern=r"(?i:\b(?:address|addr|wallet|recipient|sender|beneficiary)(?: is|:)?)"
        r" {0,2}[\"'(]?(0x[0-9a-fA-F]{63,64})\b",
        literals=("0x",),
        shapes=("x" * 65,),
        group=1,
    ),
    Rule(
        name="solana",
        kind="WALLET",
        level=Level.MEDIUM,
        pattern=r"(?i:\b(?:solana|sol|spl|phantom|wallet|address|addr|account|owner|payer|dest|destination|recipient|"
        r"sender|beneficiary|"
        r"withdraw(?:al|n|ing)?|deposit(?:ed)?|sent|send|transfer(?:red)?|to|from|pubkey|mint|authority|for|at))"
        rf"(?: [a-z]{{1,12}}){{0,1}}[ :=\"'(/]{{1,4}}({_BASE58}{{43,44}})\b",
        shapes=("x" * 43,),
        locate=_public_key,
    ),
    _wallet("near", r"\b[a-z0-9_\-]{2,48}\.near\b", ".aaaa", ".near", locate=_ends_there),
    _wallet("cardano_byron", rf"\b(?:Ae2|DdzFF){_BASE58}{{50,110}}\b", "x" * 53, "ae2", "ddzff"),
    _wallet("monero", rf"\b[48][0-9AB]{_BASE58}{{93}}\b", "x" * 95),
    _wallet("extended_public_key", rf"\b[xyztuvYZUV]pub{_BASE58}{{90,120}}\b", "x" * 90, "pub"),
)
"""Rules from level MEDIUM on, in the order in which they are tried."""
