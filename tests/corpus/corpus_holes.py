"""What fills the holes in templates: ``<key>`` becomes an invented key, ``<oid>`` an order id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from corpus_material import base58

if TYPE_CHECKING:
    from collections.abc import Callable

    from corpus_material import Material

_CREDENTIALS: Final[dict[str, Callable[[Material], str]]] = {
    "key": lambda m: m.alnum(m.pick([18, 24, 32, 64])),
    "secret": lambda m: m.alnum(43),
    "hex": lambda m: m.hex(64),
    "b64": lambda m: m.base64(32),
    "B64": lambda m: quote(m.base64(32), safe=""),
    "pass": lambda m: m.password(),
    "jwt": lambda m: ".".join(m.jwt()),
    "uuid": lambda m: m.uuid(),
    "listen": lambda m: m.alnum(64),
    "akia": lambda m: m.chars("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
    "digits": lambda m: m.digits(6),
}

_IDENTIFIERS: Final[dict[str, Callable[[Material], str]]] = {
    "sha": lambda m: m.hex(64),
    "HEX": lambda m: m.hex(64).upper(),
    "git": lambda m: m.hex(40),
    "short": lambda m: m.hex(m.pick([7, 10, 12])),
    "md5": lambda m: m.hex(32),
    "trace": lambda m: m.hex(32),
    "mem": lambda m: f"0x7f{m.hex(10)}",
    "uuid": lambda m: m.uuid(),
    "ulid": lambda m: "01H" + m.chars("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23),
    "pod": lambda m: f"bot-{m.hex(9)}-{m.chars('bcdfghjklmnpqrstvwxz2456789', 5)}",
    "sig58": lambda m: base58(m.octets(64)),
    "oid": lambda m: m.digits(m.pick([9, 11, 13, 18])),
    "sid": lambda m: m.digits(m.pick([15, 16, 16, 19])),
    "cid": lambda m: m.pick(
        [f"x-R4BD3S82{m.lower(12)}", f"web_{m.hex(20)}", m.uuid(), f"mm-{m.digits(6)}-1", f"and_{m.hex(32)}"]
    ),
    "px": lambda m: m.pick([f"{m.digits(5)}.{m.digits(2)}", f"0.0{m.digits(4)}", m.digits(4)]),
    "qty": lambda m: f"{m.random.randint(0, 40)}.{m.digits(3)}",
    "ns": lambda m: f"17{m.digits(17)}",
    "ms": lambda m: f"17{m.digits(11)}",
    "s": lambda m: f"17{m.digits(8)}",
    "sym": lambda m: m.pick(
        ["BTCUSDT", "ETH/USDT:USDT", "SOL-PERP", "BTC-USD-SWAP", "XBTUSD", "1000PEPEUSDT", "BTC-28MAR26-90000-C"]
    ),
    "iso": lambda m: f"2026-03-0{m.random.randint(1, 9)} 10:{m.random.randint(10, 59)}:12,{m.digits(3)}",
    "int": lambda m: str(m.random.randint(2, 900)),
}


def _holes(makers: dict[str, Callable[[Material], str]]) -> re.Pattern[str]:
    return re.compile(f"<({'|'.join(makers)})>")


_SECRET_HOLE: Final = _holes(_CREDENTIALS)
_PLAIN_HOLE: Final = _holes(_IDENTIFIERS)


def fill(template: str, material: Material) -> tuple[str, tuple[str, ...]]:
    """Return a template with credentials in its holes, and those credentials."""
    secrets: list[str] = []

    def hole(match: re.Match[str]) -> str:
        secrets.append(_CREDENTIALS[match[1]](material))
        return secrets[-1]

    return _SECRET_HOLE.sub(hole, template), tuple(secrets)


def fill_plainly(template: str, material: Material) -> str:
    """Return a template with what is no secret in its holes."""
    return _PLAIN_HOLE.sub(lambda match: _IDENTIFIERS[match[1]](material), template)


def identifier(name: str, material: Material) -> str:
    """Return what fills a hole of that name that holds no secret."""
    return _IDENTIFIERS[name](material)


def has_plain_holes(template: str) -> bool:
    """Return whether a template differs from fill to fill."""
    return _PLAIN_HOLE.search(template) is not None
