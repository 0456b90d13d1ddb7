"""Tells by its other members that a message is an order, a fill, a book or a balance, whose names are too short alone.

Venues' streams name price, quantity and order id by one letter (Binance's ``executionReport``: ``p``, ``q``, ``i``),
and a unified order has its number under ``id``. Such a name counts at level CRITICAL where the members beside it say
what the message is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Locate, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT_NAMES: Final = {
    **dict.fromkeys(("p", "P", "L", "ap", "sp", "b", "a"), "PRICE"),
    **dict.fromkeys(("q", "Q", "l", "z", "Z", "Y", "n"), "AMOUNT"),
    **dict.fromkeys(("i", "c", "C", "id", "ID"), "ORDER"),
    "total": "BALANCE",
}
"""What the short names of a trading message stand for, by the placeholder that their values get."""

TICKER_NAMES: Final = ("last", "open", "high", "low", "close", "mark", "index", "mid")
"""Names of prices that are ordinary words elsewhere: they count beside one another, or before a decimal number."""

_FEWEST_OF_TICKER: Final = 2
_LEAST_ORDER_NUMBER: Final = 10**6
_SHORTEST_ORDER_ID: Final = 7
_FEW_DIGITS: Final = 4

_SIDES: Final = frozenset(["buy", "sell", "bid", "ask", "long", "short"])
_EVENT: Final = re.compile(r"execution_?report|order_?(?:trade_?)?update|new_?order|my_?trades", re.IGNORECASE)
_LONGEST_WORD: Final = 32
_WINDOW: Final = 600
_QUOTE: Final = r"\\{0,4}[\"']"
_MARKS: Final = re.compile(
    rf"execution_?report|order_?(?:trade_?)?update|\b(?:S|side){_QUOTE}?\s?[:=]\s?{_QUOTE}?(?:buy|sell)\b|"
    rf"{_QUOTE}(?:free|used){_QUOTE}\s?:|\b(?:order|trade|fill)\(",
    re.ASCII | re.IGNORECASE,
)
_PRICE_AND_QUANTITY: Final = ('"p', '"q')
_HINTS: Final = ("execution", "update", "buy", "sell", "free", "used", "order(", "trade(", "fill(")
_LEVELS_END: Final = " ,\"'\\"


def is_order(get: Callable[[str], Any]) -> bool:
    """Tell whether a mapping is an order, a fill, a book's change or a balance.

    Args:
        get: gives a member by its name.
    """
    for name in ("side", "S"):
        side = get(name)
        if type(side) is str and side.lower() in _SIDES:
            return True
    event = get("e")
    if type(event) is str and _EVENT.search(event[:_LONGEST_WORD]):
        return True
    paired = any(get(one) is not None and get(other) is not None for one, other in (("p", "q"), ("free", "total")))
    if paired or (type(get("b")) is list and type(get("a")) is list):
        return True
    number = get("id")
    if get("symbol") is not None and (
        (type(number) is int and number >= _LEAST_ORDER_NUMBER)
        or (type(number) is str and len(number) >= _SHORTEST_ORDER_ID and sum(map(str.isdigit, number)) > _FEW_DIGITS)
    ):
        return True
    return sum(get(name) is not None for name in (*TICKER_NAMES, "bid", "ask")) >= _FEWEST_OF_TICKER


def _in_order(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a value with a digit whose surroundings say that they are an order or a balance."""
    if not any(map(str.isdigit, match.group(1))):
        return None
    start, end = match.span()
    near = match.string[max(0, start - _WINDOW) : end + _WINDOW]
    if all(mark in near or mark.replace('"', "'") in near for mark in _PRICE_AND_QUANTITY):
        return match.span(1)
    lowered = near.lower()
    if not any(map(lowered.__contains__, _HINTS)) or _MARKS.search(near) is None:
        return None
    return match.span(1)


def _levels(match: re.Match[str]) -> tuple[int, int] | None:
    """Return a list of price levels up to the bracket that closes it, or to where its numbers end."""
    start, end = match.span(1)
    depth = 0
    for place in range(start, end):
        char = match.string[place]
        depth += (char == "[") - (char == "]")
        if depth == 0:
            return start, place + 1
    return start, start + len(match.group(1).rstrip(_LEVELS_END))


def _rule(name: str, kind: str, pattern: str, literals: tuple[str, ...], locate: Locate) -> Rule:
    return Rule(name=name, kind=kind, level=Level.CRITICAL, pattern=pattern, literals=literals, locate=locate)


def _short(kind: str) -> str:
    return "|".join(name for name, told in SHORT_NAMES.items() if told == kind and name.lower() != "id")


_FRAMED: Final = (r"\\{0,4}[\"'](?:", r")\\{0,4}[\"']\s?:\s?\\{0,4}[\"']?([\w.+\-]{1,64})")


def _quoted(kind: str) -> tuple[str, ...]:
    """Return what one of a kind's names looks like in quotes, which may be escaped."""
    names = {name.lower() for name, told in SHORT_NAMES.items() if told == kind and name.lower() != "id"}
    return tuple(f"{before}{name}{after}" for name in sorted(names) for before in "\"'" for after in "\"'\\")


ORDER_RULES: Final = (
    _rule("short_price", "PRICE", _short("PRICE").join(_FRAMED), _quoted("PRICE"), _in_order),
    _rule("short_amount", "AMOUNT", _short("AMOUNT").join(_FRAMED), _quoted("AMOUNT"), _in_order),
    _rule("short_order", "ORDER_ID", _short("ORDER").join(_FRAMED), _quoted("ORDER"), _in_order),
    _rule("total_balance", "BALANCE", "total".join(_FRAMED), ("total",), _in_order),
    _rule(
        "order_number",
        "ORDER_ID",
        r"\b[iI][dD]\\{0,4}[\"']?\s?[:=]\s?\\{0,4}[\"']?([\w\-]{4,64})",
        ("id=", "id:", "id =", "id :", 'id"', "id'", "id\\"),
        _in_order,
    ),
    _rule(
        "book_levels",
        "PRICE",
        r"\\{0,4}[\"'](?:b|a|bids|asks)\\{0,4}[\"']\s?:\s?(\[\s?[\[{(][\d.,\"'\\\s\[\]()+\-eE]{3,1000})",
        tuple(f"{name}{after}" for name in ("'b", '"b', "'a", '"a', "bids", "asks") for after in "\"'\\"),
        _levels,
    ),
)
"""Rules at level CRITICAL, in the order in which they are tried."""
