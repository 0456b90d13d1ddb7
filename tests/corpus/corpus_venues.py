"""Requests, WebSocket frames and refusals of trading venues, as their API documentation shows them.

A template has a hole such as ``<key>`` wherever the venue puts a credential.
"""

# ruff: noqa: E501 - a frame or a log line stands on one line, as it is on the wire

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpus_holes import fill
from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAMES: Final[dict[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "binance": (
        ("GET https://api.binance.com/api/v3/account?recvWindow=10000&timestamp=1700000000000&signature=<hex> 400", ("api.binance.com/api/v3/account", "timestamp=1700000000000", "400")),
        ("POST /api/v3/order HTTP/1.1\\r\\nHost: api.binance.com\\r\\nX-MBX-APIKEY: <key>\\r\\n\\r\\n", ("POST /api/v3/order", "Host: api.binance.com", "X-MBX-APIKEY")),
        ('{"id":"187d3cb2","method":"session.logon","params":{"apiKey":"<key>","signature":"<b64>","timestamp":1649729878532}}', ("session.logon", "apiKey", "1649729878532")),
        ("wss://stream.binance.com:9443/ws/<listen>", ("wss://stream.binance.com:9443/ws/",)),
        ('{"listenKey": "<listen>"}', ("listenKey",)),
        ("PUT /api/v3/userDataStream?listenKey=<listen> 200", ("PUT /api/v3/userDataStream?listenKey=", "200")),
        ("binance fetch Request: binance GET https://fapi.binance.com/fapi/v2/balance?timestamp=1700000000000&signature=<hex> RequestHeaders: {'X-MBX-APIKEY': '<key>', 'User-Agent': 'ccxt'} RequestBody: None", ("fapi.binance.com/fapi/v2/balance", "RequestBody: None", "ccxt")),
    ),
    "okx": (
        ('{"op":"login","args":[{"apiKey":"<uuid>","passphrase":"<pass>","timestamp":"1538054050","sign":"<b64>"}]}', ('"op":"login"', "apiKey", "1538054050")),
        ("{'OK-ACCESS-KEY': '<uuid>', 'OK-ACCESS-SIGN': '<b64>', 'OK-ACCESS-TIMESTAMP': '2026-03-04T10:11:12.123Z', 'OK-ACCESS-PASSPHRASE': '<pass>'}", ("OK-ACCESS-KEY", "2026-03-04T10:11:12.123Z", "OK-ACCESS-PASSPHRASE")),
        ("okx GET https://www.okx.com/api/v5/account/balance 401 Unauthorized OK-ACCESS-SIGN=<b64>", ("www.okx.com/api/v5/account/balance 401",)),
    ),
    "bybit": (
        ('{"req_id":"10001","op":"auth","args":["<key>",1662350400000,"<hex>"]}', ('"op":"auth"', "10001")),
        ('> {"op": "auth", "args": ["<key>", "1711010121452", "<hex>"]}', ('"op": "auth"',)),
        ("X-BAPI-API-KEY: <key>\nX-BAPI-SIGN: <hex>\nX-BAPI-TIMESTAMP: 1658384314791\nX-BAPI-RECV-WINDOW: 5000", ("X-BAPI-API-KEY", "1658384314791", "X-BAPI-RECV-WINDOW: 5000")),
        ('{"retCode":10004,"retMsg":"error sign! origin_string[1658384314791<key>5000category=linear]","result":{}}', ("10004", "error sign!")),
        ("GET /v2/private/wallet/balance?api_key=<key>&timestamp=1658384314791&sign=<hex>", ("/v2/private/wallet/balance", "timestamp=1658384314791")),
    ),
    "kraken": (
        ('{"event":"subscribe","subscription":{"name":"ownTrades","token":"<b64>"}}', ("subscribe", "ownTrades", "token")),
        ('{"method":"subscribe","params":{"channel":"executions","token":"<b64>","snap_orders":true}}', ("executions", "snap_orders")),
        ("POST /0/private/Balance API-Key: <b64> API-Sign: <b64> nonce=1616492376594", ("POST /0/private/Balance", "API-Key", "nonce=1616492376594")),
        ('{"error":[],"result":{"token":"<b64>","expires":900}}', ("result", "expires")),
        ("kraken: EGeneral:Permission denied {'API-Key': '<b64>', 'API-Sign': '<b64>', 'Content-Type': 'application/x-www-form-urlencoded'}", ("EGeneral:Permission denied", "application/x-www-form-urlencoded")),
    ),
    "bitfinex": (
        ('{"apiKey":"<key>","authSig":"<hex><hex>","authNonce":1700000000000,"authPayload":"AUTH1700000000000","event":"auth"}', ("authNonce", '"event":"auth"')),
        ("{'bfx-nonce': '1700000000000', 'bfx-apikey': '<key>', 'bfx-signature': '<hex>', 'Content-Type': 'application/json'}", ("bfx-nonce", "application/json")),
        ("send: b'POST /v2/auth/r/wallets HTTP/1.1\\r\\nbfx-apikey: <key>\\r\\nbfx-signature: <hex>\\r\\nbfx-nonce: 17000000\\r\\n\\r\\n{}'", ("POST /v2/auth/r/wallets", "bfx-nonce: 17000000")),
    ),
    "deribit": (
        ('{"jsonrpc":"2.0","id":9929,"method":"public/auth","params":{"grant_type":"client_credentials","client_id":"bot_main","client_secret":"<secret>"}}', ("public/auth", "client_credentials", "9929")),
        ('{"jsonrpc":"2.0","id":9929,"result":{"access_token":"1582628593469.<key>.<secret>","expires_in":31536000,"refresh_token":"1582628593469.<key>","scope":"connection"}}', ("expires_in", "31536000", '"scope":"connection"')),
        ('{"method":"public/auth","params":{"grant_type":"client_signature","client_id":"AMANDA","timestamp":1576074319000,"nonce":"1iqt2wls","signature":"<hex>"}}', ("client_signature", "1576074319000")),
        ("Authorization: deri-hmac-sha256 id=AMANDA,ts=1576074319000,sig=<hex>,nonce=1iqt2wls", ("Authorization",)),
    ),
    "kucoin": (
        ("KC-API-KEY: <hex> KC-API-SIGN: <b64> KC-API-TIMESTAMP: 1547015186532 KC-API-PASSPHRASE: <pass> KC-API-KEY-VERSION: 2", ("KC-API-KEY", "1547015186532", "KC-API-KEY-VERSION: 2")),
        ("wss://ws-api-spot.kucoin.com/?token=<b64>&connectId=welcome", ("wss://ws-api-spot.kucoin.com/", "connectId=welcome")),
        ('{"code":"200000","data":{"token":"<b64>","instanceServers":[{"endpoint":"wss://ws-api.kucoin.com/endpoint","pingInterval":18000}]}}', ("200000", "instanceServers", "18000")),
    ),
    "coinbase": (
        ('{"type":"subscribe","product_ids":["BTC-USD"],"channels":["user"],"signature":"<b64>","key":"<hex>","passphrase":"<pass>","timestamp":"1514764800"}', ("BTC-USD", "user", "1514764800")),
        ('{"type":"subscribe","channel":"level2","product_ids":["ETH-USD"],"jwt":"<jwt>"}', ("level2", "ETH-USD")),
        ("GET /api/v3/brokerage/accounts Authorization: Bearer <jwt> 401", ("/api/v3/brokerage/accounts", "Authorization", "401")),
        ("CB-ACCESS-KEY=<hex> CB-ACCESS-SIGN=<b64> CB-ACCESS-TIMESTAMP=1514764800 CB-ACCESS-PASSPHRASE=<pass>", ("CB-ACCESS-SIGN", "1514764800")),
    ),
    "gate": (
        ("{'KEY': '<hex>', 'Timestamp': '1541993715', 'SIGN': '<hex><hex>', 'Accept': 'application/json'}", ("1541993715", "application/json")),
        ('{"time":1611541000,"channel":"spot.orders","event":"subscribe","auth":{"method":"api_key","KEY":"<hex>","SIGN":"<hex>"}}', ("1611541000", "spot.orders", "subscribe")),
    ),
    "bitmex": (
        ('{"op": "authKeyExpires", "args": ["<key>", 1518064238, "<hex>"]}', ("authKeyExpires",)),
        ("api-expires: 1518064236 api-key: <key> api-signature: <hex>", ("api-expires: 1518064236",)),
        ("wss://ws.bitmex.com/realtime?api-expires=1518064236&api-signature=<hex>&api-key=<key>", ("wss://ws.bitmex.com/realtime", "1518064236")),
    ),
    "huobi": (
        ("GET https://api.huobi.pro/v1/account/accounts?AccessKeyId=<uuid>&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=2026-03-04T10%3A11%3A12&Signature=<B64>", ("api.huobi.pro/v1/account/accounts", "HmacSHA256", "2026-03-04T10%3A11%3A12")),
        ('{"action":"req","ch":"auth","params":{"authType":"api","accessKey":"<uuid>","signatureMethod":"HmacSHA256","signature":"<b64>"}}', ('"ch":"auth"', "HmacSHA256")),
    ),
    "bitget": (
        ('{"op":"login","args":[{"apiKey":"bg_<hex>","passphrase":"<pass>","timestamp":"1538054050","sign":"<b64>"}]}', ('"op":"login"', "1538054050")),
        ("ACCESS-KEY:bg_<hex> ACCESS-SIGN:<b64> ACCESS-PASSPHRASE:<pass> ACCESS-TIMESTAMP:1659076670000 locale:en-US", ("ACCESS-KEY", "1659076670000", "locale:en-US")),
    ),
    "gemini": (
        ("X-GEMINI-APIKEY: account-<key>\r\nX-GEMINI-PAYLOAD: eyJyZXF1ZXN0IjoiL3YxL2hlYXJ0YmVhdCJ9\r\nX-GEMINI-SIGNATURE: <hex>\r\nCache-Control: no-cache", ("X-GEMINI-APIKEY", "Cache-Control: no-cache")),
    ),
    "bitstamp": (
        ("X-Auth: BITSTAMP <key> X-Auth-Signature: <hex> X-Auth-Nonce: f93c979d-b00d-43a9-9b9c-fd4cd9547fa6 X-Auth-Version: v2", ("X-Auth-Signature", "X-Auth-Version: v2")),
        ('{"event":"bts:subscribe","data":{"channel":"private-my_orders_btcusd-84","auth":"<hex>"}}', ("bts:subscribe",)),
    ),
    "mexc": (("GET /api/v3/account?timestamp=1700000000000&signature=<hex> x-mexc-apikey: mx0<key>", ("timestamp=1700000000000", "x-mexc-apikey")),),
    "bingx": (("https://open-api.bingx.com/openApi/swap/v2/user/balance?timestamp=1702624167523&signature=<hex> {'X-BX-APIKEY': '<key>'}", ("open-api.bingx.com", "1702624167523", "X-BX-APIKEY")),),
    "phemex": (
        ('{"method":"user.auth","params":["API","<uuid>","<hex>",1570000000],"id":1234}', ("user.auth", "1234")),
        ("x-phemex-access-token: <uuid>; x-phemex-request-signature: <hex>; x-phemex-request-expiry: 1575735514", ("x-phemex-access-token", "1575735514")),
    ),
    "dydx": (
        ("DYDX-SIGNATURE: <b64> DYDX-API-KEY: <uuid> DYDX-PASSPHRASE: <pass> DYDX-TIMESTAMP: 2026-03-04T10:11:12Z", ("DYDX-SIGNATURE", "2026-03-04T10:11:12Z")),
        ("{'starkPrivateKey': '0x<hex>', 'ethereumAddress': None, 'host': 'https://api.dydx.exchange'}", ("starkPrivateKey", "https://api.dydx.exchange")),
    ),
    "hyperliquid": (
        ('{"action":{"type":"cancel"},"nonce":1700000000000,"signature":{"r":"0x<hex>","s":"0x<hex>","v":28}}', ('"type":"cancel"', "1700000000000")),
        ("hyperliquid.secret_key = 0x<hex> mode=live", ("mode=live",)),
    ),
    "alpaca": (
        ('{"action":"auth","key":"PK<key>","secret":"<secret>"}', ('"action":"auth"', "key")),
        ("APCA-API-KEY-ID: PK<key>, APCA-API-SECRET-KEY: <secret>, Accept: */*", ("APCA-API-KEY-ID", "Accept: */*")),
    ),
    "cryptocom": (('{"id":11,"method":"public/auth","api_key":"<key>","sig":"<hex>","nonce":1587523073344}', ("public/auth", "1587523073344")),),
    "oanda": (('curl -H "Authorization: Bearer <hex>-<hex>" https://api-fxpractice.oanda.com/v3/accounts', ("Authorization", "https://api-fxpractice.oanda.com/v3/accounts")),),
    "polygon-data": (
        ("GET https://api.polygon.io/v2/aggs/ticker/AAPL?apiKey=<key> 403", ("api.polygon.io/v2/aggs/ticker/AAPL", "403")),
        ('{"action":"auth","params":"<key>"}', ('"action":"auth"',)),
        ("https://pro-api.coinmarketcap.com/v1/quotes?CMC_PRO_API_KEY=<uuid>&symbol=BTC", ("CMC_PRO_API_KEY", "symbol=BTC")),
        ("https://min-api.cryptocompare.com/data/price?fsym=BTC&api_key=<hex>", ("fsym=BTC",)),
        ("https://api.etherscan.io/api?module=account&action=txlist&apikey=<key>", ("module=account&action=txlist",)),
        ("https://www.alphavantage.co/query?function=TIME_SERIES_DAILY&apikey=<key>&symbol=IBM", ("TIME_SERIES_DAILY", "symbol=IBM")),
        ("https://finnhub.io/api/v1/quote?symbol=AAPL&token=<key>", ("symbol=AAPL",)),
    ),
    "fix": (
        ("8=FIX.4.2\x019=163\x0135=A\x0149=CLIENT7\x0156=Coinbase\x0134=1\x0198=0\x01108=30\x01554=<pass>\x0196=<b64>\x0195=44\x0110=012\x01", ("8=FIX.4.2", "56=Coinbase", "108=30")),
        ("8=FIX.4.4|9=212|35=A|49=CLIENT1|56=BINANCE|34=1|553=<key>|554=<pass>|141=Y|10=101|", ("8=FIX.4.4", "56=BINANCE", "141=Y")),
        ("35=BE|923=r1|924=1|554=<pass>|925=<pass>|10=1|", ("35=BE", "923=r1")),
    ),
    "ccxt": (
        ("ccxt.base.errors.AuthenticationError: binance {\"code\":-2014,\"msg\":\"API-key format invalid.\"} {'apiKey': '<key>', 'secret': '<secret>', 'enableRateLimit': True}", ("AuthenticationError", "-2014", "API-key format invalid.", "enableRateLimit")),
        ("exchange = ccxt.okx({'apiKey': '<uuid>', 'secret': '<secret>', 'password': '<pass>', 'options': {'defaultType': 'swap'}})", ("ccxt.okx(", "defaultType")),
        ("hyperliquid {'walletAddress': None, 'privateKey': '0x<hex>', 'verbose': True}", ("hyperliquid", "'verbose': True")),
        ("fetch Request: kucoin POST https://api.kucoin.com/api/v1/orders RequestHeaders: {'KC-API-KEY': '<hex>', 'KC-API-PASSPHRASE': '<b64>', 'KC-API-SIGN': '<b64>'} RequestBody: {\"side\":\"buy\"}", ("api.kucoin.com/api/v1/orders", '"side":"buy"')),
    ),
}  # fmt: skip


def venue_cases() -> Iterator[Case]:
    """Return every frame thrice: alone, behind a logger's prefix and inside an exception."""
    for venue, frames in _FRAMES.items():
        material = Material(venue)
        for template, kept in frames:
            text, secrets = fill(template, material)
            yield Case(kind=f"venue-{venue}", level="LOW", payload=text, secrets=secrets, context=kept)
            text, secrets = fill(template, material)
            logged = f"2026-03-04 10:11:12,345 DEBUG [MainThread] {venue}.client: {text}"
            yield Case(
                kind=f"venue-{venue}", level="LOW", payload=logged, secrets=secrets, context=(*kept, "10:11:12,345")
            )
            text, secrets = fill(template, material)
            yield Case(kind=f"venue-{venue}", level="LOW", payload=RuntimeError(text), secrets=secrets)
