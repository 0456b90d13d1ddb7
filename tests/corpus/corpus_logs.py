"""What log lines, dumps and files look like that hold a credential somewhere; holes as in the venues' frames."""

# ruff: noqa: E501 - a frame or a log line stands on one line, as it is on the wire

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpus_holes import fill
from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGS: Final[dict[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "requests-debug": (
        ('DEBUG:urllib3.connectionpool:https://api.venue.io:443 "GET /v1/me?api_key=<key>&limit=5 HTTP/1.1" 401 57', ("urllib3.connectionpool", "limit=5", "401 57")),
        ("requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://api.venue.io/v1/me?token=<key>&symbol=BTC", ("403 Client Error: Forbidden for url", "symbol=BTC")),
        ("HTTPSConnectionPool(host='api.venue.io', port=443): Max retries exceeded with url: /v1/me?signature=<hex>&timestamp=17 (Caused by NewConnectionError('refused'))", ("Max retries exceeded", "timestamp=17", "NewConnectionError('refused')")),
    ),
    "http-client-debug": (
        ("send: b'GET /v1/me HTTP/1.1\\r\\nHost: api.venue.io\\r\\nAuthorization: Bearer <key>\\r\\nAccept: */*\\r\\n\\r\\n'", ("Host: api.venue.io", "Accept: */*")),
        ("header: Set-Cookie: session=<key>; Path=/; HttpOnly", ("Set-Cookie", "HttpOnly")),
        ("reply: 'HTTP/1.1 200 OK\\r\\n'\nheader: X-Auth-Token: <key>\nheader: Date: Wed, 04 Mar 2026 10:11:12 GMT", ("200 OK", "10:11:12 GMT")),
    ),
    "httpx-debug": (
        ("DEBUG httpcore.http11 - send_request_headers.started request=<Request [b'GET']> headers=[(b'host', b'api.venue.io'), (b'authorization', b'Bearer <key>'), (b'accept', b'*/*')]", ("send_request_headers.started", "b'api.venue.io'", "b'accept', b'*/*'")),
        ('INFO httpx - HTTP Request: POST https://hooks.venue.io/notify?secret=<key> "HTTP/1.1 200 OK"', ("HTTP Request: POST", '"HTTP/1.1 200 OK"')),
        ("httpx.HTTPStatusError: Client error '401 Unauthorized' for url 'https://bot:<key>@api.venue.io/v1/me'", ("401 Unauthorized", "api.venue.io/v1/me")),
    ),
    "aiohttp-debug": (
        ("aiohttp.client_exceptions.ClientResponseError: 401, message='Unauthorized', url=URL('https://api.venue.io/v1/me?apikey=<key>')", ("401, message='Unauthorized'",)),
        ("RequestInfo(url=URL('https://api.venue.io/v1/me'), method='GET', headers=<CIMultiDictProxy('Host': 'api.venue.io', 'X-Api-Key': '<key>', 'Accept': '*/*')>)", ("method='GET'", "'Accept': '*/*'")),
        ("<CIMultiDict('Authorization': 'Basic <b64>', 'Accept-Encoding': 'gzip')>", ("Authorization", "'Accept-Encoding': 'gzip'")),
    ),
    "websockets-debug": (
        ("DEBUG websockets.client: > GET /ws?listenKey=<key> HTTP/1.1", ("websockets.client", "HTTP/1.1")),
        ("DEBUG websockets.client: > Authorization: Bearer <jwt>", ("websockets.client", "Authorization")),
        ("DEBUG websockets.client: > TEXT '{\"op\":\"login\",\"args\":[{\"apiKey\":\"<key>\",\"sign\":\"<b64>\"}]}' [187 bytes]", ("> TEXT", "login", "[187 bytes]")),
        ('send {"type":"auth","token":"<key>"} ok', ("send", "ok")),
    ),
    "nginx": (
        ('203.0.113.9 - - [04/Mar/2026:10:11:12 +0000] "GET /hook?token=<key>&s=BTC HTTP/1.1" 200 612 "-" "curl/8.5.0"', ("[04/Mar/2026:10:11:12 +0000]", "s=BTC", "200 612", "curl/8.5.0")),
        ('"POST /login HTTP/2.0" 302 0 "https://app.io/cb?code=ok&access_token=<jwt>" "Mozilla/5.0"', ("POST /login", "302 0", "Mozilla/5.0")),
    ),
    "journald": (
        ("Mar 04 10:11:12 host1 bot[1234]: starting with --api-key <key> --mode live", ("host1 bot[1234]:", "--mode live")),
        ("Mar 04 10:11:12 host1 systemd[1]: bot.service: Environment=API_SECRET=<secret> MODE=live", ("bot.service", "MODE=live")),
        ("Mar  4 10:11:12 host1 sudo:  bot : TTY=pts/0 ; PWD=/srv/bot ; COMMAND=/usr/bin/mysql -u root -p<key>", ("TTY=pts/0", "PWD=/srv/bot")),
    ),
    "docker": (
        ('"Env": ["PATH=/usr/bin", "API_SECRET=<secret>", "MODE=live"]', ("PATH=/usr/bin", "MODE=live")),
        ("bot_1  | INFO connecting password=<pass> host=db", ("bot_1", "INFO connecting", "host=db")),
        ('{"log":"login with token <key>\\n","stream":"stderr","time":"2026-03-04T10:11:12.1Z"}', ("stderr", "2026-03-04T10:11:12.1Z")),
        ("docker login -u bot -p <key> registry.venue.io", ("docker login", "registry.venue.io")),
    ),
    "kubernetes": (
        ("apiVersion: v1\nkind: Secret\ndata:\n  password: <b64>\n  api-key: <b64>\ntype: Opaque", ("kind: Secret", "type: Opaque")),
        ('    - name: API_KEY\n      value: "<key>"\n    - name: MODE\n      value: live', ("API_KEY", "MODE")),
        ('E0304 10:11:12.000000 1 auth.go:60] "Unable to authenticate" err="invalid bearer token <jwt>"', ("Unable to authenticate", "auth.go:60")),
        ('"auths":{"ghcr.io":{"auth":"<b64>"}}', ("ghcr.io",)),
        ("users:\n- name: admin\n  user:\n    client-key-data: <b64>\n    token: <key>", ("client-key-data",)),
    ),
    "pino": (
        ('{"level":30,"time":1710000000000,"pid":7,"hostname":"h1","req":{"method":"GET","url":"/v1/me","headers":{"authorization":"Bearer <key>","accept":"*/*"}},"msg":"request"}', ('"level":30', "1710000000000", '"msg":"request"')),
        ('{"name":"bot","level":50,"err":{"message":"bad key <key>","config":{"auth":{"username":"bot","password":"<pass>"}}},"v":0}', ('"level":50', '"v":0')),
        ('{"level":"error","config":{"headers":{"X-API-KEY":"<key>"},"data":"{\\"secret\\":\\"<secret>\\"}"},"code":"ECONNRESET"}', ("ECONNRESET", "X-API-KEY")),
    ),
    "logfmt": (
        ('time=2026-03-04T10:11:12Z level=error msg="login failed" token=<key> attempt=3', ('msg="login failed"', "attempt=3")),
        ('level=info dsn="postgres://bot:<key>@db:5432/ticks" pool=5', ("level=info", "pool=5")),
    ),
    "loguru": (
        ("2026-03-04 10:11:12.345 | ERROR    | bot.client:connect:42 - rejected {'api_key': '<key>'}", ("bot.client:connect:42", "api_key")),
        ("2026-03-04 10:11:12.345 | DEBUG    | __main__:<module>:7 - Settings(api_secret='<secret>', retries=3)", ("__main__:<module>:7", "retries=3")),
    ),
    "java": (
        ("2026-03-04 10:11:12,345 [main] ERROR c.v.Client - Credentials{apiKey='<key>', secretKey='<secret>', passPhrase=null}", ("[main] ERROR c.v.Client", "passPhrase=null")),
        ("java.sql.SQLException: Access denied jdbc:mysql://db:3306/t?user=bot&password=<key>&useSSL=true\n\tat com.venue.Db.open(Db.java:42)", ("Access denied", "useSSL=true", "at com.venue.Db.open(Db.java:42)")),
        ("-Djavax.net.ssl.keyStorePassword=<key> -Xmx512m", ("-Xmx512m",)),
    ),
    "zap": (
        ('{"level":"warn","ts":1710000000.123,"caller":"client/auth.go:88","msg":"retry","apiKey":"<key>","attempt":2}', ("client/auth.go:88", '"attempt":2')),
        ('2026-03-04T10:11:12.000Z\tWARN\tclient/auth.go:88\tretry\t{"secret": "<secret>", "attempt": 2}', ("client/auth.go:88", '"attempt": 2')),
        ("&{APIKey:<key> APISecret:<secret> Sandbox:false}", ("Sandbox:false",)),
        ("map[Authorization:[Bearer <key>] Content-Type:[application/json]]", ("Content-Type:[application/json]",)),
    ),
    "tracing-rust": (
        ('2026-03-04T10:11:12Z WARN bot::client: refused self.api_key="<key>" attempt=2', ("bot::client", "attempt=2")),
        ('Credentials { key: "<key>", secret: "<secret>", passphrase: Some("<pass>") }', ("Credentials {", "passphrase")),
        ('thread \'main\' panicked at src/main.rs:7: called `Result::unwrap()` on an `Err` value: Auth { token: "<key>" }', ("src/main.rs:7", "Auth { token")),
        ('{"authorization": "Bearer <key>", "host": "api.venue.io"}', ('"host": "api.venue.io"',)),
    ),
    "syslog": (
        ('<34>1 2026-03-04T10:11:12.003Z host1 bot 1234 ID47 [auth@32473 token="<key>" mode="live"] refused', ("host1 bot 1234 ID47", 'mode="live"', "refused")),
        ("<13>Mar  4 10:11:12 host1 bot: secret: <secret>", ("host1 bot:",)),
    ),
    "traceback-locals": (
        ("Traceback (most recent call last):\n  File \"/srv/bot/client.py\", line 42, in connect\n    self._login(secret)\n    self = <Client object at 0x7f1b2c3d4e5f>\n    secret = '<secret>'\n    attempt = 3\nValueError: refused", ('File "/srv/bot/client.py", line 42', "self._login(secret)", "0x7f1b2c3d4e5f", "attempt = 3", "ValueError: refused")),
        ("│ │ api_key = '<key>'                    │ │\n│ │ attempt = 3                            │ │", ("api_key", "attempt = 3")),
        ("  File \"/srv/bot/client.py\", line 42, in connect\n    raise AuthError(f\"bad {self.secret}\")\nAuthError: bad password '<pass>'", ("self.secret", "AuthError: bad password")),
        ("> /srv/bot/client.py(42)connect()\n(Pdb) p api_secret\n(Pdb) api_secret = '<secret>'", ("client.py(42)connect()", "(Pdb)")),
    ),
    "sql-echo": (
        ("INFO sqlalchemy.engine.Engine INSERT INTO keys (api_key, secret, mode) VALUES (%(api_key)s, %(secret)s, %(mode)s)\n[generated in 0.0002s] {'api_key': '<key>', 'secret': '<secret>', 'mode': 'live'}", ("sqlalchemy.engine.Engine", "generated in 0.0002s", "'mode': 'live'")),
        ("ALTER USER bot WITH PASSWORD '<key>' VALID UNTIL '2027-01-01';", ("ALTER USER bot WITH PASSWORD", "VALID UNTIL")),
        ("CREATE USER 'bot'@'%' IDENTIFIED BY '<key>'; FLUSH PRIVILEGES", ("CREATE USER", "FLUSH PRIVILEGES")),
        ("connection string: Server=db;Database=ticks;User Id=bot;Password=<key>;Encrypt=true", ("Server=db", "Encrypt=true")),
        ("DETAIL:  Key (api_key)=(<key>) already exists.", ("DETAIL:", "already exists.")),
        ("host=db port=5432 user=bot password=<key> dbname=ticks sslmode=require", ("host=db port=5432", "sslmode=require")),
    ),
    "curl": (
        ("curl -u bot:<key> https://api.venue.io/v1/me", ("curl -u", "https://api.venue.io/v1/me")),
        ("curl --user bot:<pass> -X POST https://api.venue.io/v1/me", ("curl --user", "-X POST https://api.venue.io/v1/me")),
        ("curl -X POST -d '{\"apiSecret\":\"<secret>\",\"mode\":\"live\"}' https://api.venue.io", ("apiSecret", '"mode":"live"')),
        ("curl -b 'session=<key>; lang=en' https://app.venue.io", ("https://app.venue.io",)),
        ('wget --header="Authorization: token <key>" https://api.venue.io/v1/d.csv', ("wget --header", "https://api.venue.io/v1/d.csv")),
        ("http POST api.venue.io/login username=bot password=<key>", ("http POST api.venue.io/login",)),
        ("sshpass -p <key> ssh bot@host uptime", ("sshpass -p", "uptime")),
        ("psql postgresql://bot:<key>@db/ticks -c 'select 1'", ("psql postgresql://", "select 1")),
        ("redis-cli -h cache -a <key> ping", ("redis-cli -h cache", "ping")),
        ("AUTH <key>\r\n+OK", ("AUTH", "+OK")),
        ("openssl enc -aes-256-cbc -k <key> -in a", ("openssl enc -aes-256-cbc", "-in a")),
    ),
    "dotenv": (
        ("# bot\nBINANCE_KEY=<key>\nBINANCE_SECRET=<secret>\nMODE=live\n", ("# bot", "MODE=live")),
        ("DATABASE_URL=postgres://bot:<key>@db:5432/ticks\nLOG_LEVEL=debug", ("DATABASE_URL", "LOG_LEVEL=debug")),
        ("export OKX_API_PASSPHRASE='<pass>'\nexport TZ=UTC", ("export TZ=UTC",)),
        ('TELEGRAM_BOT_TOKEN="<digits>:AA<key>"\nCHAT=general', ("CHAT=general",)),
    ),
    "config-file": (
        ('exchange:\n  name: okx\n  credentials:\n    key: <uuid>\n    secret: <secret>\n    passphrase: "<pass>"\n  sandbox: false', ("name: okx", "sandbox: false")),
        ("[okx]\napiKey=<uuid>\nsecretKey=<secret>\nsandbox=0", ("[okx]", "sandbox=0")),
        ("[profile bot]\naws_access_key_id = AKIA<akia>\naws_secret_access_key = <secret>\nregion = eu-west-1", ("[profile bot]", "region = eu-west-1")),
        ("//registry.npmjs.org/:_authToken=<key>", ("registry.npmjs.org",)),
        ('{\n  "exchange": {\n    "name": "okx",\n    "key": "<uuid>",\n    "secret": "<secret>",\n    "password": "<pass>"\n  },\n  "dry_run": false\n}', ('"name": "okx"', '"dry_run": false')),
        ("machine api.venue.io\n  login bot\n  password <key>", ("machine api.venue.io",)),
        ("db:5432:ticks:bot:<key>", ("db:5432:ticks",)),
    ),
    "terraform": (
        ('  + resource "aws_db_instance" "t" {\n      + password = "<key>"\n      + port     = 5432\n    }', ('"aws_db_instance"', "port     = 5432")),
        ('Outputs:\n\napi_secret = "<secret>"\nregion = "eu-west-1"', ("Outputs:", 'region = "eu-west-1"')),
        ("TF_VAR_db_password=<key> terraform apply", ("terraform apply",)),
    ),
    "csv": (
        ("timestamp,user,api_key,status\n2026-03-04,bot,<key>,ok\n2026-03-05,bot,<key>,ok", ("timestamp,user,api_key,status", "2026-03-04", "ok")),
        ("name;password;role\nbot;<pass>;admin", ("name;password;role", "admin")),
        ('"id","secret","mode"\n"7","<secret>","live"', ('"id","secret","mode"', '"live"')),
    ),
    "chat": (
        ("hey, can you rotate it? password is <pass> thanks", ("hey, can you rotate it?", "thanks")),
        ("my api key: <key> and my secret: <secret> pls check", ("pls check",)),
        ("use login bot / password <pass> until Monday", ("until Monday",)),
        ("here's the token `<key>` for staging", ("for staging",)),
        ("pw: <pass>\nsee you", ("see you",)),
        ("the new passphrase is \"<pass>\", don't share", ("don't share",)),
        ("Your verification code is <digits>. Do not share it.", ("Your verification code is", "Do not share it.")),
        ("API Key:\n<key>\nSecret Key:\n<secret>\nIP whitelist: none", ("IP whitelist: none",)),
    ),
    "sentry": (
        ('{"event_id":"9f8e7d6c5b4a39281706f5e4d3c2b1a0","request":{"headers":[["Authorization","Bearer <key>"],["Accept","*/*"]],"cookies":{"session":"<key>"},"query_string":"token=<key>&s=BTC"}}', ("event_id", '"Accept","*/*"', "s=BTC")),
        ('{"frames":[{"function":"connect","lineno":42,"vars":{"api_secret":"\'<secret>\'","attempt":"3"}}]}', ('"lineno":42', '"attempt":"3"')),
        ('{"breadcrumbs":[{"category":"http","data":{"url":"https://api.venue.io/v1?apikey=<key>","status_code":401}}]}', ('"category":"http"', '"status_code":401')),
    ),
    "authorization": (
        ("Authorization: Basic <b64>", ("Authorization",)),
        ("authorization: Token <hex>", ("authorization",)),
        ("Authorization: AWS4-HMAC-SHA256 Credential=AKIA<akia>/20260304/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=<hex>", ("Authorization",)),
        ('Authorization: Digest username="bot", realm="v", nc=00000001, response="<hex>"', ("Authorization",)),
        ("Proxy-Authorization: Basic <b64>", ("Proxy-Authorization",)),
        ("'authorization': 'ApiKey <b64>'", ("authorization",)),
        ("Authorization: HMAC <key>:<b64>", ("Authorization",)),
        ("sent bearer <key> to upstream", ("to upstream",)),
        ("Sec-WebSocket-Protocol: access_token, <jwt>", ("Sec-WebSocket-Protocol",)),
    ),
    "cloud": (
        ('{"AccessKeyId":"ASIA<akia>","SecretAccessKey":"<secret>","Token":"<b64>","Expiration":"2026-03-04T16:11:12Z"}', ("Expiration", "2026-03-04T16:11:12Z")),
        ('{"access_token":"<key>","refresh_token":"<secret>","token_type":"Bearer","expires_in":3600}', ('"token_type":"Bearer"', '"expires_in":3600')),
        ("grant_type=refresh_token&refresh_token=<secret>&client_id=bot&client_secret=<key>", ("grant_type=refresh_token",)),
        ("Endpoint=sb://t.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=<b64>", ("sb://t.servicebus.windows.net/",)),
        ("SharedAccessSignature sr=t.azure.net&sig=<B64>&se=1710000000&skn=root", ("se=1710000000",)),
        ("https://login.microsoftonline.com/t/oauth2/authorize?code=<key>&state=ok1", ("login.microsoftonline.com",)),
        ("https://discord.com/oauth2?client_id=7&client_secret=<key>", ("client_id=7",)),
        ("otpauth://totp/venue:bot?secret=<key>&issuer=venue", ("otpauth://totp/", "issuer=venue")),
        ("https://hooks.zapier.com/hooks/catch/<digits>/<key>/", ("hooks.zapier.com/hooks/catch/",)),
        ("https://acme.webhook.office.com/webhookb2/<uuid>@<uuid>/IncomingWebhook/<hex>/<uuid>", ("webhook.office.com",)),
        ("https://eth-mainnet.blastapi.io/<uuid>", ("eth-mainnet.blastapi.io",)),
        ("wss://bsc.getblock.io/<hex>/mainnet/", ("wss://bsc.getblock.io/",)),
        ("https://solana-mainnet.helius-rpc.com/?api-key=<uuid>", ("helius-rpc.com",)),
        ("https://events.pagerduty.com/integration/<key>/enqueue", ("events.pagerduty.com/integration/", "/enqueue")),
        ("https://maker.ifttt.com/trigger/alert/with/key/<key>", ("maker.ifttt.com/trigger/alert/with/key/",)),
        ("https://api.day.app/<key>/title", ("https://api.day.app/",)),
        ("https://healthchecks.venue.io/ping/<uuid>", ("/ping/",)),
    ),
}  # fmt: skip


def log_cases() -> Iterator[Case]:
    """Return every line three times, with other secrets each time: as text, as a field and as an argument."""
    for kind, lines in _LOGS.items():
        material = Material(kind)
        for template, kept in lines:
            text, secrets = fill(template, material)
            yield Case(kind=f"log-{kind}", level="LOW", payload=text, secrets=secrets, context=kept)
            text, secrets = fill(template, material)
            yield Case(
                kind=f"log-{kind}",
                level="LOW",
                payload={"record": {"line": text, "no": 7}},
                secrets=secrets,
                context="7",
            )
            text, secrets = fill(template, material)
            yield Case(kind=f"log-{kind}", level="LOW", payload=OSError(5, text), secrets=secrets, context="OSError")
