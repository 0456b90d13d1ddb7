"""What a trading bot logs all day and has to be able to read: nothing in it is a secret below CRITICAL.

Templates have holes such as ``<oid>`` for an order id and ``<sha>`` for a digest.
"""

# ruff: noqa: E501 - a log line stands on one line

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from corpus_benign_dense import DENSE_LINES
from corpus_benign_resembling import RESEMBLING_LINES
from corpus_benign_said import SAID_LINES
from corpus_benign_source import SOURCE_LINES
from corpus_benign_words import WORDY_LINES
from corpus_holes import fill_plainly, has_plain_holes, identifier
from corpus_material import Material
from corpus_model import Benign

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILLS: Final = 4

_LINES: Final[dict[str, tuple[str, ...]]] = {
    "order": (
        "<iso> INFO order <oid> BUY <qty> <sym> @ <px> accepted in <int> ms",
        "<iso> INFO trader: placed limit order orderId=<oid> clientOrderId=<cid> price=<px> origQty=<qty> status=NEW",
        "cancelled order <oid> (<cid>), reason: expired",
        '{"symbol":"<sym>","orderId":<oid>,"clientOrderId":"<cid>","transactTime":<ms>,"price":"<px>","executedQty":"<qty>"}',
        "executionReport i=<oid> c=<cid> S=BUY o=LIMIT f=GTC q=<qty> p=<px> X=FILLED T=<ms>",
        "fill <uuid>: <qty> of <sym> at <px>, fee <qty> BNB",
        "position <sym> long <qty> entry <px> mark <px> liq <px>",
        "Order(id='<oid>', symbol='<sym>', price=<px>, amount=<qty>, status='open')",
        "8=FIX.4.4|9=176|35=D|34=<int>|52=20260304-10:11:12.345|11=<cid>|55=<sym>|54=1|38=<qty>|40=2|44=<px>|59=1|10=101|",
        "8=FIX.4.4|35=8|37=<oid>|11=<cid>|17=<oid>|150=F|39=2|14=<qty>|6=<px>|10=032|",
        "order <uuid> rejected: LOT_SIZE filter, qty <qty> step 0.001",
        "<ms> <sym> bid <px> x <qty> ask <px> x <qty> spread 1.2bps",
        "okx order ordId=<oid> clOrdId=<cid> sCode=0 sMsg=",
        "kraken txid=OQCLML-BW3P3-BUCMWZ descr='buy <qty> XBTUSD @ limit <px>'",
        "stop loss <oid> moved from <px> to <px>",
    ),
    "book": (
        '{"e":"depthUpdate","E":<ms>,"s":"<sym>","U":<oid>,"u":<oid>,"b":[["<px>","<qty>"]],"a":[["<px>","<qty>"]]}',
        '{"e":"trade","E":<ms>,"s":"<sym>","t":<oid>,"p":"<px>","q":"<qty>","m":true}',
        '{"channel":"book","type":"update","data":[{"symbol":"<sym>","bids":[{"price":<px>,"qty":<qty>}],"checksum":<oid>}]}',
        '[0,{"as":[["<px>","<qty>","<s>.123456"]],"bs":[["<px>","<qty>","<s>.123456"]]},"book-10","XBT/USD"]',
        "[<int>,[<px>,<int>,<qty>]]",
        '{"arg":{"channel":"tickers","instId":"<sym>"},"data":[{"last":"<px>","lastSz":"<qty>","ts":"<ms>"}]}',
        "kline <sym> 1m o=<px> h=<px> l=<px> c=<px> v=<qty> closed=True",
        "book <sym> resync: sequence gap <oid> -> <oid>, checksum <oid> mismatch",
        "ohlcv [<ms>, <px>, <px>, <px>, <px>, <qty>]",
        "orderbook snapshot lastUpdateId=<oid> levels=<int> latency=<int>us",
    ),
    "error": (
        '<iso> ERROR binance {"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}',
        '<iso> WARN binance {"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."} attempt <int>',
        "AuthenticationError: binance API-key format invalid.",
        "okx {'code': '50111', 'msg': 'Invalid OK-ACCESS-KEY'}",
        "okx {'code': '50113', 'msg': 'Invalid Sign', 'ts': '<ms>'}",
        "kraken EAPI:Invalid signature",
        "kraken EAPI:Invalid nonce; last nonce <ms>",
        "bybit retCode=10003 retMsg='API key is invalid.' attempt=<int>",
        "Kucoin 400005: Invalid KC-API-SIGN",
        "coinbase: invalid signature (401)",
        "the password is incorrect",
        "password authentication failed for the database role, see pg_hba.conf line <int>",
        "token expired at <iso>, refreshing",
        "token bucket empty: waiting <int> ms",
        "tokens left: <int> of 1200",
        "max_tokens=<int> temperature=0.2",
        "access token is missing",
        "API key not found",
        "API key required for this endpoint",
        "secret manager unavailable, retry <int>",
        "no api key configured for okx; public endpoints only",
        "signature verification took <int> ms",
        "signature mismatch after <int> attempts",
        "private key could not be loaded: file not found /etc/bot/keys/okx.pem",
        "key error: '<sym>'",
        "KeyError: 'api_key'",
        "KeyError: 'password'",
        "TypeError: __init__() missing 1 required keyword-only argument: 'api_secret'",
        "pydantic: 1 validation error for Settings\\napi_secret\\n  Field required [type=missing]",
        "environment variable BINANCE_API_SECRET is not set",
        "set OKX_PASSPHRASE in the environment and restart",
        "Unauthorized: session expired, login again",
        "asyncio.exceptions.TimeoutError: after <int> s on wss://stream.binance.com:9443/ws/btcusdt@depth",
        "ccxt.base.errors.RateLimitExceeded: bybit GET https://api.bybit.com/v5/market/tickers?category=linear 429 Too Many Requests",
        "ccxt.base.errors.InsufficientFunds: binance Account has insufficient balance for requested action.",
        "sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection refused (port 5432)",
    ),
    "source": (
        '  File "/srv/bot/client.py", line <int>, in connect\n    self.session = Session(self.secret)',
        '  File "/usr/lib/python3.12/hmac.py", line <int>, in new\n    return HMAC(key, msg, digestmod)',
        "    api_key = os.environ['BINANCE_API_KEY']",
        '    secret=os.environ["API_SECRET"],',
        "    password = os.getenv('DB_PASSWORD')",
        "    token = self.token",
        "    self._secret = secret",
        "    headers['X-MBX-APIKEY'] = self.apiKey",
        "    signature = self.hmac(self.encode(query), self.encode(self.secret), hashlib.sha256)",
        "    password=None,",
        "    def login(self, username: str, password: str) -> None:",
        "    api_key: str | None = None",
        "    raise AuthenticationError('api_key and secret are required')",
        "    if not token:",
        "    if self.password is None:",
        "    exchange = ccxt.binance({'apiKey': api_key, 'secret': secret})",
        "    client = Client(api_key=settings.api_key, api_secret=settings.api_secret)",
        "    password = getpass.getpass()",
        "    token = await self.refresh_token()",
        "    secret: SecretStr = Field(...)",
        "    passphrase = config.get('passphrase', '')",
        "    key = hashlib.sha256(secret.encode()).hexdigest()",
        "password=*** attempt=2",
        "api_key='***'",
        "'Authorization': '***'",
        "secret=SecretStr('**********')",
        "password=[REDACTED]",
        "token=<redacted>",
        "token: null",
        '{"password": null, "token": ""}',
        "api_key=None secret=None",
        "password: ${DB_PASSWORD}",
        "secret = {{ vault_secret }}",
        "apiKey=%s secret=%s",
        "const token = process.env.TOKEN",
        "at Object.sign (/srv/bot/node_modules/ccxt/js/src/binance.js:<int>:17)",
        "at com.venue.client.TokenProvider.refreshToken(TokenProvider.java:<int>)",
        "goroutine <int> [running]: main.sign(<mem>, <mem>)",
        "panicked at src/auth/token.rs:<int>:5: index out of bounds",
    ),
    "digest": (
        "<iso> INFO deploy: bot at commit <git>",
        "git rev-parse HEAD: <git>",
        "HEAD is now at <short> fix order rounding",
        "image sha256:<sha> pulled in <int> s",
        "docker.io/acme/bot@sha256:<sha>",
        "container <sha> started",
        "container_id=<short> restarted <int> times",
        "sha256 <sha>  bars-2026-03-04.parquet",
        "md5 <md5> ok",
        'etag: "<md5>"',
        "checksum=<sha> verified for models/alpha.onnx",
        "model hash <sha> matches",
        "config digest <short> loaded",
        "transaction 0x<sha> mined in block <oid>",
        "tx hash 0x<sha> confirmed after <int> blocks",
        "tx_hash=0x<sha> status=1 gasUsed=<int>",
        '{"blockNumber":"0x12d4f3a","transactionHash":"0x<sha>","blockHash":"0x<sha>","status":"0x1"}',
        "waiting for transaction <sha> on bitcoin, <int> confirmations",
        "block 0x<sha> reorged at height <oid>",
        "merkle root <sha>",
        "https://etherscan.io/tx/0x<sha>",
        "https://github.com/acme/bot/commit/<git>",
        "https://github.com/acme/bot/blob/<git>/src/feed.py#L<int>",
        "pip: --hash=sha256:<sha>",
        "cache key <md5> hit",
        "cache key=<md5> miss",
        "idempotency bucket <short>",
        "event topic 0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
        "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "certificate fingerprint SHA256: 2B:8F:1B:57:33:0D:BB:A2:D0:7A:6C:51:F7:0E:E9:0D:DA:B9:AD:8E:7A:14:9F:55:0A:C1:3D:2E:4F:61:72:83",
    ),
    "runtime": (
        "<Client object at <mem>> closed",
        "<coroutine object Feed.run at <mem>> was never awaited",
        "Task <Task pending name='Task-<int>' coro=<Feed.run() running at /srv/bot/feed.py:<int>>>",
        "thread <int> (0x00007f8a4c3fe700) blocked for <int> s",
        "gc: collected <int> objects in <int> ms",
        "request <uuid> took <int> ms",
        "request_id=<uuid> status=200 duration=<int>ms",
        "X-Request-Id: <uuid>",
        "traceparent: 00-<trace>-<short>00-01",
        "trace_id=<trace> span=order.submit",
        "correlation id <uuid>",
        "amzn_RequestId: <uuid>",
        "CF-RAY: 8a1b2c3d4e5f6789-FRA",
        "session <int> opened on ws gateway",
        "heartbeat <ms> rtt=<int>ms",
        "pid=<int> rss=<int>MB fds=<int>",
        "loaded plugin recoup_plugins.security_sanitizer:SecuritySanitizerPlugin",
        "using /home/bot/.config/bot/secrets.toml",
        "reading /run/secrets/okx_api_key",
        "mounted secret volume bot-credentials at /etc/bot",
        "kubectl get secret bot-credentials -n trading",
        "rotating keys: <int> of 4 done",
        "authenticated in <int> ms",
        "login succeeded",
        "logged in; <int> permissions",
        "subscribed to user data stream",
        "X-MBX-USED-WEIGHT-1M: <int>",
        "ratelimit-remaining: <int>, reset <s>",
        "http2 stream <int> reset by peer, error code 8",
        'DEBUG urllib3 https://api.binance.com:443 "GET /api/v3/klines?symbol=<sym>&interval=1m&limit=500&startTime=<ms> HTTP/1.1" 200 None',
        "GET https://api.kraken.com/0/public/Ticker?pair=XBTUSD 200 in <int>ms",
        "wss://ws-feed.exchange.coinbase.com reconnect in <int>s",
        "version 4.12.<int> build <short>",
        "python 3.12.3 on linux, glibc 2.39, openssl 3.0.13",
        "ccxt 4.4.<int>, aiohttp 3.10.11",
        "2026-03-04T10:11:12.123456789Z INFO feed clock skew 12.5 ms",
        "[2026-03-04 10:11:12,345: INFO/ForkPoolWorker-3] Task bot.tasks.sync[<uuid>] succeeded in 0.<int>s",
        "Mar 04 10:11:12 host1 bot[<int>]: started",
        "strategy mean_revert_v3 signal=0.<int> zscore=-1.<int>",
        "backtest 2024-01-01..2024-12-31 sharpe 1.<int> maxdd -12.<int>%",
        "funding rate <sym> 0.0001 next at <ms>",
        "apply patch 20240229_add_api_key_table.sql",
        "migration 0042_user_password_hash applied",
        "the seed of the simulation is <int>",
        "random seed: <int>",
        "primary key constraint violated on table orders",
        "foreign key trades.order_id -> orders.id",
        "hot key <sym> in redis shard <int>",
        "key=<sym> partition=<int> offset=<oid>",
        "topic=orders key=<oid> value_size=<int>",
        "pressed key Enter",
        "key levels: <px>, <px>",
        "authorization header missing",
        "signing key rotated at <iso>",
        "bearer token accepted",
        "basic auth disabled",
        "cookie jar empty",
        "author: feed team, signed off",
        "pinned at revision <int>",
        "account locked until <iso>",
        "token symbol USDT decimals 6",
        "swap token A for token B, slippage 0.5%",
        "token=USDT chain=ERC20 network=ETH",
        "tokenized asset AAPLx halted",
        "passing <int> args to worker",
        "signed int overflow at offset <int>",
        "1234 5678 ticks, 9012 3456 bars",
        "<ms> <ms> <ms> <int>",
        "range 10.5.1 to 10.5.2, chapter 4.3.2.1a",
        "pip 24.0 from /usr/lib/python3/dist-packages/pip (python 3.12)",
        "id=<oid> seq=<oid> ts=<ms>",
    ),
}  # fmt: skip


def benign_rows() -> Iterator[Benign]:
    """Return every line with four fills at HIGH, and rows as structures."""
    for kind, lines in (_LINES | WORDY_LINES | RESEMBLING_LINES | SOURCE_LINES | SAID_LINES | DENSE_LINES).items():
        material = Material(f"benign-{kind}")
        for line in lines:
            for _ in range(_FILLS if has_plain_holes(line) else 1):
                yield Benign(kind=kind, level="HIGH", payload=fill_plainly(line, material))
    for row in _structures(Material("benign-structures")):
        yield Benign(kind="structure", level="HIGH", payload=row)


def _structures(material: Material) -> Iterator[Any]:
    value = identifier
    for _ in range(12):
        m = material
        yield {"symbol": value("sym", m), "orderId": int(value("oid", m)), "price": value("px", m), "side": "BUY"}
        yield {"e": "trade", "E": int(value("ms", m)), "p": value("px", m), "q": value("qty", m), "m": True}
        yield {"commit": value("git", m), "image": f"sha256:{value('sha', m)}", "uptime": 12.5}
        yield {"transactionHash": f"0x{value('sha', m)}", "blockNumber": int(value("oid", m)), "status": 1}
        yield {"request_id": value("uuid", m), "path": "/srv/bot/feed.py", "line": 42, "ok": True}
        yield [[value("px", m), value("qty", m)], [value("px", m), value("qty", m)]]
        yield {"token": None, "password": "", "attempts": 3, "component": "exchange", "operation": "create_order"}
        yield {"clientOrderId": value("cid", m), "timeInForce": "GTC", "updateTime": int(value("ms", m))}
        yield {"headers": {"Content-Type": "application/json", "X-MBX-USED-WEIGHT-1M": "12"}, "status": 429}
        yield {"max_tokens": int(value("int", m)), "token_count": 12, "key": value("sym", m), "monkey": "george"}
