"""What an operator needs, and what only resembles a secret, stays byte for byte at HIGH."""

# ruff: noqa: E501 - one text a line; letters that look alike are the matter of some

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SANITIZER = SecurityDataSanitizer()
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

BENIGN = [
    "2026-03-04 10:11:12,345 INFO  [MainThread] okx.ws: subscribed to trades:BTC-USDT-SWAP (seq 918273645)",
    "2026-03-04T10:11:12.345678Z DEBUG engine: tick BTC/USDT:USDT bid=65000.1 ask=65000.2 spread_bps=0.15",
    "order 8a7f6c5d-1234-4abc-9def-0123456789ab filled 0.015 @ 65000.25 in 12.5ms",
    "clientOrderId=x-R4BD3S82a1b2c3d4e5f6 status=NEW",
    f"sha256:{DIGEST}  dist/recoup-0.4.0-py3-none-any.whl",
    f"tx 0x{DIGEST} confirmed in block 19482733",
    f"txid: {DIGEST}",
    f'etag "{DIGEST[:32]}"',
    f"request id {DIGEST[:32]} took 231 ms",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b (HEAD -> main, origin/main)",
    "index 83db48f..bf269f4 100644",
    "<ccxt.async_support.binance.binance object at 0x7f3c2a1b5d90>",
    "<Task pending name='Task-7' coro=<Client._run() running at /srv/bot/client.py:40>>",
    "    self.secret = secret",
    "    self._api_key, self._secret = api_key, secret",
    "    headers['X-MBX-APIKEY'] = self.apiKey",
    "    signature = self.hmac(self.encode(query), self.encode(self.secret), hashlib.sha256)",
    '    api_key = os.environ["API_KEY"]',
    "    api_secret=os.getenv('API_SECRET'),",
    "    password = getpass.getpass('Password: ')",
    "    token: str | None = None",
    "    def __init__(self, api_key: str, secret: str, *, passphrase: str | None = None) -> None:",
    "    if not config.api_key or not config.secret:",
    "    raise AuthenticationError(f'{self.id} requires apiKey and secret')",
    "    secret: SecretStr = Field(...)",
    "    key = hashlib.sha256(secret.encode()).hexdigest()",
    "    return jwt.decode(token, key=public_key, algorithms=['ES256'])",
    "password=None, api_key=None, token=''",
    "api_key=***, secret=<redacted>, password=[REDACTED]",
    "api_key: ${API_KEY}",
    "api_key: !vault |",
    "secret=$(cat /run/secrets/okx)",
    "ssl_key=/etc/ssl/private/venue.pem",
    "valueFrom: {secretKeyRef: {name: okx, key: passphrase}}",
    "apiKey: 'YOUR_API_KEY'",
    "select * from api_keys where venue = 'okx'",
    "INSERT INTO users (api_key, venue) VALUES (?, ?)",
    "UNIQUE constraint failed: users.api_key",
    'binance {"code":-2014,"msg":"API-key format invalid."}',
    'binance {"code":-1022,"msg":"Signature for this request is not valid."}',
    'kraken {"error":["EAPI:Invalid key"]}',
    'okx {"code":"50113","msg":"Invalid Sign"}',
    'bybit {"retCode":10003,"retMsg":"API key is invalid."}',
    "Invalid API key, IP, or permissions for action",
    "token expired at 2026-03-04T10:11:12Z, refreshing",
    "signature mismatch for nonce 1714564800000",
    "password must be 8 characters or more",
    "the secret is required; the passphrase was not set",
    "KeyError: 'symbol'",
    "key error: 'symbol'",
    "keys: ['symbol', 'side', 'price']",
    "rotating keys: 3 of 4 done",
    "max_tokens=4096 prompt_tokens=812 completion_tokens=97",
    "token bucket: 5 tokens left, refill 10/s",
    "token: USDT, pair: BTC/USDT",
    "tokens=[BTC, ETH, SOL]",
    "token_type=Bearer expires_in=3600",
    f"cache key {DIGEST[:32]} hit",
    "key=BTC-28MAR26-90000-C partition=3 offset=622208160080006357",
    "key=1000PEPEUSDT partition=4",
    "primary key id, foreign key venue_id",
    "session closed: 1006 (abnormal closure)",
    "[Errno 98] Address already in use: ('0.0.0.0', 8080)",
    "authentication: ok, authorization: ok",
    "auth ok in 31 ms",
    "pass: 611 fail: 0 skip: 2",
    "account: spot",
    "user stream connected, user data stream lost",
    "TLSv1.3 (TLS_AES_256_GCM_SHA384) x25519 ed25519 HS256",
    "certificate fingerprint SHA256: 2B:8F:1B:57:33:0D:BB:A2:D0:7A:6C:51:F7:0E:E9:0D:DA:B9:AD:8E:7A:14:9F:55:0A:C1:3D:2E:4F:61:72:83",
    "python 3.11.7, aiohttp 3.9.5, ccxt==4.3.24.1",
    "uptime 12:34:56, load 0.52 0.58 0.59",
    "2026-03-04 10:11:12 - 2026-03-05 10:11:12",
    "9433 9067 1580 0.03900 95833.41",
    "ts=1714564800000123 seq=4111111111111111 nonce=5500005555555559",
    "row 1 2 3 4 5 6 7 8 9 10 11 12",
    "ETA 00:12:34, 45.2 MB/s, 1234567/7654321 (16%)",
    "git@github.com:acme/bot.git fetched",
    "using /home/bot/.config/bot/config.toml",
    "GET /api/v5/market/candles?instId=BTC-USDT&bar=1m&limit=100 200 12ms",
    "https://api.binance.com/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=1714564800000",
    "https://etherscan.io/tx/0x" + DIGEST,
    "arn:aws:secretsmanager:eu-west-1::secret:bot",
    "X-RateLimit-Remaining: 17\nX-RateLimit-Reset: 1714564800",
    "symbol,side,qty,price\nBTC/USDT,buy,0.5,65000\nETH/USDT,sell,1.5,3200",
    "| symbol | side |\n|---|---|\n| BTC/USDT | buy |",
    '{"op":"subscribe","args":["orderbook.50.BTCUSDT","publicTrade.BTCUSDT"]}',
    '{"method":"SUBSCRIBE","params":["btcusdt@aggTrade","btcusdt@depth"],"id":1}',
    '{"op":"auth","success":true,"ret_msg":"","conn_id":"cejreaspqfh3sjdnldmg-p"}',
]


@pytest.mark.parametrize("text", BENIGN)
def test_stays_byte_for_byte(text):
    assert SANITIZER.sanitize_stack_trace(text, "HIGH") == text


@pytest.mark.parametrize("text", BENIGN)
def test_stays_as_a_member_of_a_payload(text):
    line = text.replace("\n", "\\n")
    assert SANITIZER.sanitize({"message": text}, "HIGH") == {"message": line}


@pytest.mark.parametrize("price", ["4.150217832488464", "12.110101199003078515", "0.180127501234584"])
def test_the_decimals_of_a_price_are_no_national_id(price):
    sanitizer = SecurityDataSanitizer()
    assert sanitizer.sanitize({"price": price, "note": f"mid {price} ok"}, "HIGH") == {
        "price": price,
        "note": f"mid {price} ok",
    }
