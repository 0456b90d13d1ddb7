"""Amounts, prices, balances, positions and order data, which only CRITICAL hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = (
    "amount", "price", "qty", "quantity", "origQty", "executedQty", "cummulativeQuoteQty", "balance", "free", "locked",
    "walletBalance", "availableBalance", "unrealizedPnl", "realizedPnl", "positionAmt", "entryPrice", "markPrice",
    "liquidationPrice", "stopPrice", "avgPx", "fillSz", "notional", "equity", "margin", "initialMargin", "fee",
    "commission", "totalEq", "cashBal", "order_size", "position_size", "filled", "remaining", "cost", "usedMargin",
)  # fmt: skip
_ORDER_NAMES = (
    "order_id", "orderId", "clientOrderId", "client_order_id", "ordId", "clOrdId", "orderLinkId", "txid", "cl_ord_id",
    "newClientOrderId", "trade_id", "tradeId", "execId",
)  # fmt: skip
_PROSE = (
    ("bought {} BTC on the dip", ("bought", "on the dip")),
    ("balance is {} USDT now", ("balance is", "now")),
    ("sold {} ETH-PERP contracts", ("sold",)),
    ("equity fell to ${}", ("equity fell to",)),
    ("drawdown of € {} today", ("drawdown of", "today")),
    ("insufficient balance: need {} USDC", ("insufficient balance",)),
    ("price={} side=buy", ("price",)),
    ("PUT /v1/order -> 503 price={}", ("PUT /v1/order -> 503 price",)),
    ("fill at {} EUR", ("fill at",)),
    ("PnL: {} USD", ("PnL",)),
    ("qty {} rejected", ("rejected",)),
    ("margin is insufficient, required {}USDT", ("margin is insufficient",)),
    ("withdrew {} SOL to cold storage", ("withdrew", "to cold storage")),
    ("position size {} lots", ("position size",)),
    ("£{} was credited", ("was credited",)),
    ("{} DOGE left", ("left",)),
    ("{}$ went out", ("went out",)),
    ("walletBalance {} after funding", ("walletBalance", "after funding")),
    ('{{"balance":{{"ETH":"{}","side":"x"}}}}', ('"ETH"', '"side":"x"')),
)


def critical_cases() -> Iterator[Case]:
    """Return numbers under names, in text, in JSON and with units; order ids under names."""
    material = Material("amounts")
    for name in _NAMES:
        number = _amount(material)
        yield Case(
            kind="amount-key-text",
            level="CRITICAL",
            payload={"stage": "live", name: number},
            secrets=number,
            context=("stage", "live"),
        )
        number = _amount(material)
        yield Case(
            kind="amount-key-float",
            level="CRITICAL",
            payload={"stage": "live", name: float(number)},
            secrets=number,
            context="live",
        )
        number = _amount(material)
        yield Case(
            kind="amount-json",
            level="CRITICAL",
            payload=f'{{"stage":"live","{name}":"{number}"}}',
            secrets=number,
            context='"stage":"live"',
        )
        number = _amount(material)
        yield Case(
            kind="amount-assigned",
            level="CRITICAL",
            payload=f"reject {name}={number} attempt=2",
            secrets=number,
            context=("reject", "attempt=2"),
        )
    for prose, kept in _PROSE:
        for _ in range(3):
            number = _amount(material)
            yield Case(
                kind="amount-prose", level="CRITICAL", payload=prose.format(number), secrets=number, context=kept
            )
    for name in _ORDER_NAMES:
        number = material.digits(12)
        yield Case(
            kind="order-id-key",
            level="CRITICAL",
            payload={"stage": "live", name: number},
            secrets=number,
            context="live",
        )
        number = material.digits(12)
        yield Case(
            kind="order-id-number",
            level="CRITICAL",
            payload={"stage": "live", name: int(number)},
            secrets=number,
            context="live",
        )
        number = material.digits(12)
        yield Case(
            kind="order-id-json",
            level="CRITICAL",
            payload=f'{{"{name}":{number},"stage":"live"}}',
            secrets=number,
            context='"stage":"live"',
        )
    yield from _nested(material)


def _nested(material: Material) -> Iterator[Case]:
    for name in ("balances", "positions", "orders", "open_orders", "fills", "account"):
        first, second = _amount(material), _amount(material)
        rows = [{"asset": "BTC", "free": first}, {"asset": "ETH", "free": second}]
        yield Case(
            kind="amount-rows",
            level="CRITICAL",
            payload={"stage": "live", name: rows},
            secrets=(first, second),
            context="live",
        )
        yield Case(
            kind="amount-map",
            level="CRITICAL",
            payload={"stage": "live", name: {"BTC": first, "ETH": float(second)}},
            secrets=(first, second),
            context="live",
        )
    for name in ("bids", "asks"):
        first, second = _amount(material), _amount(material)
        yield Case(
            kind="amount-levels",
            level="CRITICAL",
            payload={"stage": "live", name: [[first, second]]},
            secrets=(first, second),
            context="live",
        )
    for name, make in (("amount", list), ("price", tuple)):
        number = _amount(material)
        filled = make((name, number))
        yield Case(
            kind="amount-pairs", level="CRITICAL", payload=[filled, ["stage", "live"]], secrets=number, context="live"
        )
    number = _amount(material)
    yield Case(
        kind="amount-name-value",
        level="CRITICAL",
        payload={"name": "balance", "value": number},
        secrets=number,
        context="balance",
    )


def _amount(material: Material) -> str:
    return f"{material.random.randint(11, 98_000)}.{material.digits(2)}{material.pick([1, 3, 7])}"
