"""Lines as trading bots log them, by which a gate tells what is frequent in logs from what is rare."""

from __future__ import annotations

from typing import Final

TYPICAL_LOG: Final = r"""
2026-11-23 09:14:02,381 INFO  bot.exec [BTC/USDT] order 48211907342 filled 0.01250000 @ 64123.50 fee 0.8016
DEBUG ws.binance recv seq=918273645 latency_ms=42 symbol=ETHUSDT bids=17 asks=20
WARNING exchange.rest GET https://api.binance.com/api/v3/order?symbol=BTCUSDT&timestamp=1763888042381&recvWindow=5000 -> 429 in 120 ms
ERROR json body {"code":-1003,"msg":"Too many requests; current limit is 1200 request weight per 1 MINUTE.","orderId":8219,"clientOrderId":"x-A1b2C3d4E5f6G7h8I9j0"}
  File "/app/bot/strategies/grid_12.py", line 88, in on_tick
INFO db.pool acquired connection 7 in 0.52 ms; commit 2068e336520dd453f1bdfccb3bae9964df5b4e0b deployed
[2026-11-23T09:14:02.381Z] [info] feed: snapshot {"e":"trade","E":1763888042381,"s":"BTC-USD-SWAP","p":"63574.40","q":"14.426","m":true}
{"level":"info","ts":1763888042.381,"logger":"exec","msg":"position closed","side":"sell","price":64123.5,"pnl":"-12.50","request_id":"7d3f1c1e-8a42-4c7b-9d6e-0c1b2a3f4e5d"}
09:14:02 - risk - max drawdown 3.2 % reached (limit: 5 %), reducing size from 2.5 to 1.25 at 09:14:03, 3 retries, [0, 0.5, 1.0]
Traceback (most recent call last): ccxt.base.errors.NetworkError: binance GET 504 Gateway Time-out, retry 2/5 in 1.5s
worker-3 | reconnecting wss://stream.exchange.com:9443/ws/btcusdt@trade | attempt=2 | uptime=86400
2026-11-23 09:14:05,120 DEBUG ccxt fetch Request: okx GET https://www.okx.com/api/v5/market/candles?instId=ETH-USDT&bar=1m RequestHeaders: {'User-Agent': 'python-requests/2.31.0'}
2026-11-23 09:14:05,121 INFO  strategy.grid rebalance symbol=SOL/USDC:USDC levels=12 spacing=0.25 side=buy client_order_id=grid-48211 leverage=3x
2026-11-23 09:14:06,007 WARNING token bucket empty, waiting for 0.4 s; 1150 of 1200 weight used by user stream and key rotation
    raise AuthenticationError(self.id + ' "apiKey" credential required')  # passphrase and secret are checked, too
INFO  session: signed in as trader, password unchanged, token refreshed; webhook registered, account 1 of 3
DEBUG sign(path="orders", params={'symbol': 'BTCUSDT'}) took 0.1 ms, listen key kept alive
INFO  heartbeat uptime=93817s mem=412MB tasks=17 request_id=7d3f1c1e-8a42-4c7b-9d6e-0c1b2a3f4e5d state=RUNNING
2026-11-23 09:14:07,480 INFO  order placed id=48211907343 clientOrderId=x-T7A0486219BqLm204817b side=SELL type=LIMIT price=64125.0 qty=0.015 status=NEW
2026-11-23 09:14:07,512 INFO  request_id=1f60271835a-8b04-4d7e-9c11-5a0012345b88 POST /v5/order/create 200 41ms, book ETH-USDT seq 9182736455 checksum -912837465
INFO  deployed commit 9c18273645e0021a5d00b1234567c8f90aa512d4 image sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90123456a789012b3
ERROR okx {'error': ['EOrder:Insufficient funds'], 'descr': {'order': 'sell 0.0125 ETHUSDT @ limit 3120.55'}}, trade 0012345678901 of OID OQCLML-BW3P3-BUCMWZ open
tx 0x9184fdd0656909650aa5b2ae67fdc1f489005342d37eea6ca71c7ebd8cc77072 confirmed in block 19283746, gas 21000, key rate 0.52, state: ok
""".strip()  # noqa: E501 - a log's lines are as long as they are
