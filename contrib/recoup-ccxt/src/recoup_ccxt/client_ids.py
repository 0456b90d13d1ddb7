"""How each venue takes, looks up and tells apart client order ids through ccxt 4.5.

Sources: Binance, *New Order* (unique among open orders; 36 letters, digits and ``.:/_-``); Kraken, *Spot Client Order
Identifiers* (uniqueness is verified across open orders; a UUID, or 18 characters of free text); Gate, *Create an order*
(``t-`` and 28 letters, digits and ``_-.``; nothing is said of uniqueness); OKX, *Place order* (32 letters and digits);
Bybit V5, *Place Order* (36 characters). Where a venue's pages leave room for doubt, the weaker rule stands here.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEX_DIGITS = 32
"""128 bits: that any two of a thousand million intents share an id has a chance of some 10^-21."""


@frozen(kw_only=True)
class IdProfile:
    """One venue's way with client order ids. Immutable.

    Attributes:
        submit: parameter of ``create_order``.
        lookup: parameter with which ``fetch_order`` and ``cancel_order`` take the client order id in place of an
            order id, or None where ``fetch_order`` can't.
        filter: parameter with which the venue itself searches its lists of orders for the id, or None.
        cancel: parameter of ``cancel_order``, or None where an order can only be cancelled by its own id.
        prefix: what the venue, or ccxt for it, puts before every id.
        rule: what the venue does with an id that it has seen before, as :class:`recoup.OrderPort` has it.
        longest: characters that the venue takes, the prefix not counted.
    """

    submit: str = "clientOrderId"
    lookup: str | None = None
    filter: str | None = None
    cancel: str | None = None
    prefix: str = ""
    rule: str = "none"
    longest: int = _HEX_DIGITS

    @property
    def conclusive(self) -> bool:
        """Whether the venue searches for the id itself, so that its "no such order" can be believed."""
        return self.lookup is not None or self.filter is not None

    def sent(self, client_order_id: str) -> str:
        """Return the id as the venue gets to see it."""
        return client_order_id if client_order_id.startswith(self.prefix) else self.prefix + client_order_id


_BINANCE = IdProfile(
    submit="newClientOrderId", lookup="origClientOrderId", cancel="origClientOrderId", rule="open_only"
)
_OKX = IdProfile(submit="clOrdId", lookup="clOrdId", cancel="clOrdId", rule="open_only")
# fetch_order of a unified account takes order ids only; the lists behind open and closed orders take an orderLinkId.
_BYBIT = IdProfile(submit="orderLinkId", filter="orderLinkId", rule="open_only")
_KUCOIN = IdProfile(submit="clientOid", lookup="clientOid", cancel="clientOid", rule="open_only")

PROFILES: Mapping[str, IdProfile] = {
    "binance": _BINANCE,
    "binancecoinm": _BINANCE,
    "binanceus": _BINANCE,
    "binanceusdm": _BINANCE,
    "bitget": IdProfile(submit="clientOid", lookup="clientOrderId", cancel="clientOrderId", rule="open_only"),
    "bybit": _BYBIT,
    "bybiteu": _BYBIT,
    "bybitid": _BYBIT,
    "gate": IdProfile(submit="text", lookup="text", prefix="t-", longest=28),
    "gateeu": IdProfile(submit="text", lookup="text", prefix="t-", longest=28),
    # QueryOrders finds by txid or userref; OpenOrders and ClosedOrders take a cl_ord_id.
    "kraken": IdProfile(submit="clientOrderId", filter="clientOrderId", cancel="clientOrderId", rule="open_only"),
    "kucoin": _KUCOIN,
    "kucoinfutures": _KUCOIN,
    "mexc": IdProfile(lookup="clientOrderId", cancel="clientOrderId"),
    "myokx": _OKX,
    "okx": _OKX,
    "okxus": _OKX,
}
"""By ccxt's exchange id."""

UNKNOWN_VENUE = IdProfile()
"""ccxt's unified parameter for a submit; what is looked up is searched for in the lists, and never conclusive."""


def client_order_id(intent: str, *, venue: str) -> str:
    """Make the client order id of an intent: the same one every time, and one that the venue takes.

    Hexadecimal digits of SHA-256, which no venue's alphabet lacks; Kraken takes 32 of them for a UUID.

    Args:
        intent: what is to be ordered, such as ``"rebalance-2026-11-23:BTC"``; whatever sends the same intent again
            must use the same text.
        venue: ccxt's exchange id.

    Raises:
        ValueError: the intent is empty, so that every order would have the same id.
    """
    if not intent:
        raise ValueError("an empty intent can't tell one order from another: name it by what is to be ordered")
    profile = PROFILES.get(venue, UNKNOWN_VENUE)
    return hashlib.sha256(intent.encode()).hexdigest()[: min(profile.longest, _HEX_DIGITS)]
