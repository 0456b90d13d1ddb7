"""How each venue takes and looks up client order ids through ccxt 4.5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """

    submit: str = "clientOrderId"
    lookup: str | None = None
    filter: str | None = None
    cancel: str | None = None
    prefix: str = ""

    @property
    def conclusive(self) -> bool:
        """Whether the venue searches for the id itself, so that its "no such order" can be believed."""
        return self.lookup is not None or self.filter is not None

    def sent(self, client_order_id: str) -> str:
        """Return the id as the venue gets to see it."""
        return client_order_id if client_order_id.startswith(self.prefix) else self.prefix + client_order_id


_BINANCE = IdProfile(submit="newClientOrderId", lookup="origClientOrderId", cancel="origClientOrderId")
_OKX = IdProfile(submit="clOrdId", lookup="clOrdId", cancel="clOrdId")
# fetch_order of a unified account takes order ids only; the lists behind open and closed orders take an orderLinkId.
_BYBIT = IdProfile(submit="orderLinkId", filter="orderLinkId")
_KUCOIN = IdProfile(submit="clientOid", lookup="clientOid", cancel="clientOid")

PROFILES: Mapping[str, IdProfile] = {
    "binance": _BINANCE,
    "binancecoinm": _BINANCE,
    "binanceus": _BINANCE,
    "binanceusdm": _BINANCE,
    "bitget": IdProfile(submit="clientOid", lookup="clientOrderId", cancel="clientOrderId"),
    "bybit": _BYBIT,
    "bybiteu": _BYBIT,
    "bybitid": _BYBIT,
    "gate": IdProfile(submit="text", lookup="text", prefix="t-"),
    "gateeu": IdProfile(submit="text", lookup="text", prefix="t-"),
    # QueryOrders finds by txid or userref; OpenOrders and ClosedOrders take a cl_ord_id.
    "kraken": IdProfile(submit="clientOrderId", filter="clientOrderId", cancel="clientOrderId"),
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
