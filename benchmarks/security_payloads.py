"""What the sanitizer's throughput is measured on: logs, the corpus's own texts, and error contexts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import corpus

if TYPE_CHECKING:
    from corpus_model import Case

PAYLOADS: Final = 400
_BLOCKS: Final = PAYLOADS // 4
_LINES: Final = 20
_HEX: Final = "0123456789abcdef"
_SEED: Final = 20261124

_LOG: Final = (
    "INFO bot.worker heartbeat pid={small} state=RUNNING version=2026.11",
    "INFO risk.limits position BTC/USDT notional={price} leverage=3x margin_ratio={price}",
    "INFO strategy.grid rebalance symbol=SOL/USDC levels={small} spacing={price} side=buy client_order_id=grid-{large}",
    "DEBUG exchange.ws ping/pong rtt={small}ms host=stream.binance.com:9443 connection={hex8}",
    "WARNING retry 2/5 after RequestTimeout: GET https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit={small}",
    "INFO order placed id={large} clientOrderId=x-{hex16} side=SELL type=LIMIT price={price} qty={price} status=NEW",
    "ERROR kraken {{'error': ['EOrder:Insufficient funds'], 'descr': 'buy {price} XBTUSD @ limit {price}'}}",
    "INFO settlement tx 0x{hex64} confirmed in block {large} after {small} confirmations",
    '  File "/srv/bot/venv/lib/python3.11/site-packages/ccxt/base/exchange.py", line {small}, in fetch',
    "INFO token bucket refilled: {small} of 1200 weight left, next key rotation in {small} h",
)
"""Lines as trading bots log them, most of which name nothing that a sanitizer would look at twice."""


def logs() -> list[str]:
    """Return blocks of ordinary log lines of about 2 KB, one line in twenty with a secret of the corpus."""
    chance = random.Random(_SEED)
    secrets = _secrets()
    return [
        "\n".join([*(_line(chance) for _ in range(_LINES - 1)), str(secrets[number * 7 % len(secrets)].payload)])
        for number in range(_BLOCKS)
    ]


def _line(chance: random.Random) -> str:
    """Return a line of a log, with numbers of its own."""
    values = {f"hex{size}": "".join(chance.choices(_HEX, k=size)) for size in (8, 16, 64)}
    time = f"2026-11-24 {chance.randrange(24):02}:{chance.randrange(60):02}:{chance.randrange(60):02},381"
    return f"{time} " + chance.choice(_LOG).format(
        small=chance.randrange(1000),
        large=chance.randrange(10**9, 10**11),
        price=f"{chance.uniform(0.001, 70_000):.4f}",
        **values,
    )


def texts() -> list[str]:
    """Return blocks of about 2 KB of the corpus's benign rows, all of which resemble secrets, and one secret each."""
    rows = _rows()
    secrets = _secrets()
    return [
        "\n".join(
            [
                *(rows[(number * 17 + place) % len(rows)] for place in range(_LINES)),
                str(secrets[number * 7 % len(secrets)].payload),
            ]
        )
        for number in range(_BLOCKS)
    ]


def nested() -> list[dict[str, Any]]:
    """Return error contexts as bots have them: an order, a request, a response and the last log lines."""
    rows, secrets = _rows(), _secrets()
    orders = [row.payload for row in corpus.benign() if isinstance(row.payload, dict)]
    return [
        {
            "component": "exchange",
            "order": orders[number % len(orders)],
            "request": {
                "url": f"https://api.venue.io/v1/orders/{number}",
                "headers": {"accept": "*/*", "x-no": str(number)},
            },
            "sent": secrets[number * 7 % len(secrets)].payload,
            "lines": [rows[(number * 13 + place) % len(rows)] for place in range(8)],
            "retries": [{"attempt": attempt, "delay": 0.5 * attempt, "ok": False} for attempt in range(4)],
        }
        for number in range(PAYLOADS)
    ]


def _rows() -> list[str]:
    return [row.payload for row in corpus.benign() if isinstance(row.payload, str)]


def _secrets() -> list[Case]:
    return [case for case in corpus.cases() if isinstance(case.payload, str) and len(case.payload) < 400]
