"""Configuration, dumps and logs of the tools around a bot; holes as in the venues' frames."""

# ruff: noqa: E501 - a frame or a log line stands on one line, as it is on the wire

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpus_holes import fill
from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOOLS: Final[dict[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "shell": (
        ("+ export API_SECRET=<secret>\n+ python -m bot", ("+ export API_SECRET", "+ python -m bot")),
        ("+ API_KEY=<key>\n++ date +%s", ("API_KEY", "++ date +%s")),
        ('declare -x KRAKEN_SECRET="<b64>"\ndeclare -x LANG="C.UTF-8"', ("KRAKEN_SECRET", "C.UTF-8")),
        ("HOME=/srv/bot\nTOKEN=<key>\nSHELL=/bin/sh", ("HOME=/srv/bot", "SHELL=/bin/sh")),
        ("echo <pass> | sudo -S systemctl restart bot", ("systemctl restart bot",)),
        ("mysql -u bot --password=<key> -h db ticks", ("mysql -u bot", "-h db ticks")),
        ("mysqldump -ubot -p<key> ticks > t.sql", ("mysqldump", "ticks > t.sql")),
        ("PGPASSWORD=<key> psql -h db -U bot ticks", ("psql -h db -U bot ticks",)),
        ("aws configure set aws_secret_access_key <secret> --profile bot", ("aws configure set", "--profile bot")),
        ("gh auth login --with-token <<< <key>", ("gh auth login",)),
        ("helm upgrade bot ./chart --set apiSecret=<secret>,replicas=2", ("helm upgrade bot ./chart", "replicas=2")),
        ("kubectl create secret generic okx --from-literal=passphrase=<pass> -n bots", ("kubectl create secret generic okx", "-n bots")),
        ("vault kv put secret/okx api_key=<key> mode=live", ("vault kv put", "mode=live")),
        ("cast wallet import main --private-key 0x<hex>", ("cast wallet import main",)),
        ("freqtrade trade --telegram-token <digits>:AA<key> --dry-run", ("freqtrade trade", "--dry-run")),
        ("ansible-playbook site.yml -e 'db_password=<key> env=prod'", ("ansible-playbook site.yml", "env=prod")),
        ("openssl pkcs12 -export -passout pass:<key> -out c.p12", ("openssl pkcs12 -export", "-out c.p12")),
        ("lftp -u bot,<key> sftp://files.venue.io", ("sftp://files.venue.io",)),
        ("smbclient //h/s -U bot%<key>", ("smbclient //h/s",)),
    ),
    "client-config": (
        ("[global]\nindex-url = https://bot:<key>@pypi.venue.io/simple\ntimeout = 60", ("pypi.venue.io/simple", "timeout = 60")),
        ("[pypi]\nusername = __token__\npassword = <key>", ("[pypi]",)),
        ('[client]\nuser=bot\npassword="<pass>"\nhost=db', ("[client]", "host=db")),
        ("[Interface]\nPrivateKey = <b64>\nAddress = fd00::2/64\n[Peer]\nPresharedKey = <b64>", ("[Interface]", "PrivateKey", "[Peer]")),
        ("[remote]\ntype = s3\naccess_key_id = <key>\nsecret_access_key = <secret>\nregion = eu", ("type = s3", "region = eu")),
        ("spring.datasource.password=<key>\nspring.profiles.active=live", ("spring.datasource.password", "spring.profiles.active=live")),
        ('sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="bot" password="<pass>";', ("PlainLoginModule required",)),
        ("hardhat: { accounts: ['0x<hex>'], url: 'http://node' }", ("hardhat", "http://node")),
        ("requirepass <key>\nmaxmemory 1gb", ("requirepass", "maxmemory 1gb")),
        ("snmp-server community <key> RO\nenable secret 5 <key>", ("snmp-server community",)),
        ("machine h login bot password <key> machine g login a password <pass>", ("machine h",)),
        ("SECRET_KEY = 'django-insecure-<secret>'\nDEBUG = False", ("SECRET_KEY", "DEBUG = False")),
        ("app.config['SECRET_KEY'] = b'<key>'", ("app.config['SECRET_KEY']",)),
        ("wifi: psk=<pass> ssid=desk", ("ssid=desk",)),
        ("services:\n  bot:\n    environment:\n      - OKX_SECRET=<secret>\n      - TZ=UTC", ("services:", "TZ=UTC")),
        ("variables:\n  DEPLOY_TOKEN: <key>\nstages: [build]", ("DEPLOY_TOKEN", "stages: [build]")),
        ("smtp://bot:<key>@mail.venue.io:587", ("mail.venue.io:587",)),
        ("ldap_bind_password: <pass>\nldap_base: dc=venue", ("ldap_base: dc=venue",)),
        ("telegram:\n  enabled: true\n  token: <digits>:AA<key>\n  level: info", ("enabled: true", "level: info")),
        ('"exchange": {"name": "binance", "key": "<key>", "secret": "<secret>", "pair_whitelist": ["BTC/USDT"]}', ('"name": "binance"', "BTC/USDT")),
    ),
    "database-log": (
        ('1710000000.123456 [0 10.0.0.1:5000] "AUTH" "<key>"', ("AUTH",)),
        ('1710000000.123456 [0 lua] "SET" "session:7:token" "<key>"', ("session:7:token",)),
        ("2026-03-04T10:11:12Z 42 Query\tSET PASSWORD FOR 'bot'@'%' = '<key>'", ("Query", "SET PASSWORD FOR")),
        ("LOG:  statement: CREATE ROLE bot LOGIN PASSWORD '<key>' VALID UNTIL 'infinity';", ("CREATE ROLE bot LOGIN PASSWORD", "VALID UNTIL 'infinity'")),
        ("STATEMENT:  SELECT * FROM keys WHERE api_key = '<key>' LIMIT 1", ("SELECT * FROM keys WHERE api_key", "LIMIT 1")),
        ("UPDATE exchange_keys SET passphrase='<pass>', updated_at=now() WHERE id=3", ("UPDATE exchange_keys", "updated_at=now() WHERE id=3")),
        ("DEBUG asyncpg: args=['<key>', 7] query='UPDATE t SET api_secret = $1 WHERE id = $2'", ("UPDATE t SET api_secret", "WHERE id")),
        ('{"find": "users", "filter": {"apiToken": "<key>"}, "limit": 1}', ('"find": "users"', '"limit": 1')),
        ("Duplicate entry '<key>' for key 'users.api_token'", ("Duplicate entry", "for key")),
        ("-[ RECORD 1 ]-\nid     | 7\nsecret | <secret>\nmode   | live", ("RECORD 1", "live")),
        ("+----+------------------+\n| id | api_secret       |\n+----+------------------+\n|  7 | <secret> |\n+----+", ("api_secret", "+----+")),
        (" id |  password  | mode\n----+------------+------\n  7 | <pass> | live\n(1 row)", ("password", "live", "(1 row)")),
    ),
    "sent-to-a-store": (
        ("redis: WRONGPASS for what was sent: AUTH default <key>", ("WRONGPASS for what was sent",)),
        ("sent AUTH default <key> to cache-2", ("sent AUTH default", "to cache-2")),
        ("*2\r\n$4\r\nAUTH\r\n$24\r\n<key>\r\n", ("AUTH",)),
        ("*3\r\n$4\r\nAUTH\r\n$3\r\nbot\r\n$24\r\n<key>\r\n*1\r\n$4\r\nPING", ("bot", "PING")),
        ("DETAIL: parameters: $1 = '<secret>', $2 = 'bitvavo'", ("DETAIL: parameters", "bitvavo")),
    ),
    "opened-by-call": (
        ('mt5.login(7420133, "<key>", "Venue-Demo")', ("7420133", "Venue-Demo")),
        ('personal.unlockAccount("0x52908400098527886E0F7030069857D2E4169EE7", "<key>", 60)', ("personal.unlockAccount", "60")),
    ),
    "one-value-of-several": (
        ("Config{venue=kraken, authent=<b64>, timeoutMs=250}", ("venue=kraken", "timeoutMs=250")),
        ("the authent is <b64> and was refused twice", ("and was refused twice",)),
        ("<td>sb_secret_<key></td><td>fine</td>", ("<td>fine</td>",)),
    ),
    "telemetry": (
        ('{"traceId":"5b8efff798038103d269b633813fc60c","attributes":[{"key":"http.request.header.authorization","value":{"stringValue":"Bearer <key>"}},{"key":"http.status_code","value":{"intValue":"401"}}]}', ("5b8efff798038103d269b633813fc60c", "http.status_code", "401")),
        ('{"@timestamp":"2026-03-04T10:11:12Z","log.level":"error","http":{"request":{"headers":{"x-api-key":["<key>"]}}}}', ("2026-03-04T10:11:12Z", "log.level")),
        ('{"version":"1.1","host":"h1","short_message":"login","_api_token":"<key>","_attempt":3}', ('"short_message":"login"', '"_attempt":3')),
        ("CEF:0|Venue|Bot|1.0|100|Login|5|suser=bot cs1Label=apiKey cs1=<key> outcome=failure", ("CEF:0|Venue|Bot", "outcome=failure")),
        ('http_requests_total{path="/v1",api_key="<key>"} 12', ("http_requests_total", "} 12")),
        ('fluentd: bot.log: {"level":"warn","secret":"<secret>","n":1}', ("bot.log", '"n":1')),
        ('{"notifier":{"name":"x"},"events":[{"metaData":{"request":{"params":{"password":"<pass>","page":"2"}}}}]}', ("notifier", '"page":"2"')),
        ('{"log":{"entries":[{"request":{"headers":[{"name":"X-Api-Key","value":"<key>"},{"name":"Accept","value":"*/*"}]}}]}}', ("entries", '"name":"Accept"')),
        ('{"auth":{"type":"bearer","bearer":[{"key":"token","value":"<key>","type":"string"}]}}', ('"type":"bearer"', '"type":"string"')),
        ('"variable": [{"key": "apiSecret", "value": "<secret>", "enabled": true}]', ("apiSecret", "enabled")),
        ("grpc-metadata: authorization=Bearer <jwt>; x-request-id=7", ("grpc-metadata", "x-request-id=7")),
        ("MQTT CONNECT client=bot1 user=bot password=<key> keepalive=60", ("MQTT CONNECT client=bot1", "keepalive=60")),
        ("wireshark: Hypertext Transfer Protocol\\n    X-API-KEY: <key>\\r\\n    Accept: */*", ("X-API-KEY", "Accept: */*")),
        ('write(3, "GET /v1/me HTTP/1.1\\r\\nAuthorization: Bearer <key>\\r\\n\\r\\n", 97) = 97', ("write(3,", ", 97) = 97")),
        ('execve("/usr/bin/bot", ["bot", "--secret", "<secret>"], 0x7ffd1234 /* 12 vars */) = 0', ("execve(", "12 vars")),
        ("root 1234 0.0 0.1 python -m bot --api-secret <secret> --live", ("python -m bot", "--live")),
    ),
    "code-and-diff": (
        ('-API_SECRET = "<secret>"\n+API_SECRET = os.environ["API_SECRET"]', ('os.environ["API_SECRET"]',)),
        ("diff --git a/.env b/.env\n@@ -1,2 +1,2 @@\n-OKX_PASSPHRASE=<pass>\n+MODE=live", ("diff --git a/.env b/.env", "+MODE=live")),
        ("    client = Client('<key>', '<secret>')  # TODO move", ("client = Client(", "# TODO move")),
        ("exchange.apiKey = '<key>'\nexchange.secret = '<secret>'\nexchange.load_markets()", ("exchange.apiKey", "exchange.load_markets()")),
        ("{\"cell_type\": \"code\", \"source\": [\"api_secret = '<secret>'\\n\", \"print(1)\"]}", ("cell_type", "print(1)")),
        ("const client = new Spot('k', { secretKey: \"<secret>\", testnet: true })", ("new Spot(", "testnet: true")),
        ('let secret = "<secret>".to_string();', ("let secret", ".to_string();")),
        ('private static final String API_SECRET = "<secret>";', ("private static final String API_SECRET",)),
        ('var apiSecret = []byte("<secret>")', ("var apiSecret",)),
        ("hmac.new(b'<secret>', msg, hashlib.sha256)", ("hmac.new(", "hashlib.sha256")),
        ("jwt.encode({'sub': 'bot'}, '<secret>', algorithm='HS256')", ("jwt.encode(", "algorithm='HS256'")),
        ("requests.get(url, auth=('bot', '<pass>'), timeout=5)", ("requests.get(url", "timeout=5")),
        ("requests.get(url, headers={'X-API-KEY': '<key>'}, timeout=5)", ("requests.get(url", "timeout=5")),
        ("BasicAuth(login='bot', password='<pass>', encoding='latin1')", ("BasicAuth(", "encoding='latin1'")),
        ("ws.send(json.dumps({'op': 'auth', 'args': ['<key>', 1, '<hex>']}))", ("ws.send(json.dumps(", "'op': 'auth'")),
        ("SecretStr('<secret>')", ("SecretStr(",)),
        ("Settings(api_key=SecretStr('<key>'), mode='live')", ("api_key", "mode='live'")),
        ('session.auth = HMACAuth(key="<key>", secret="<secret>")', ("session.auth", "HMACAuth(")),
        ("os.environ['API_SECRET'] = '<secret>'", ("os.environ['API_SECRET']",)),
        ("process.env.API_SECRET = '<secret>';", ("process.env.API_SECRET",)),
        ('Error: invalid arg: secretKey must be 43 chars, got "<key>"', ("secretKey must be 43 chars",)),
        ("ValueError: invalid literal for api_secret: '<secret>'", ("ValueError: invalid literal",)),
        ("pydantic_core.ValidationError: api_secret\n  Value error, too short [type=value_error, input_value='<key>', input_type=str]", ("type=value_error", "input_type=str")),
        ("assert token == 'x'\nE       AssertionError: assert '<key>' == 'x'", ("assert token == 'x'",)),
    ),
    "wallet": (
        ('{"address":"x","crypto":{"cipher":"aes-128-ctr","ciphertext":"<hex>","kdf":"scrypt"},"version":3}', ("aes-128-ctr", '"version":3')),
        ('keypair: {"publicKey": "p", "secretKey": "<b64>"}', ("publicKey",)),
        ("wallet unlocked with passphrase '<pass>' for 60 s", ("wallet unlocked with passphrase", "for 60 s")),
        ('bitcoin-cli walletpassphrase "<pass>" 60', ("bitcoin-cli walletpassphrase", "60")),
        ("rpcuser=bot\nrpcpassword=<key>\ntxindex=1", ("rpcpassword", "txindex=1")),
        ("geth account unlock --password <key> --http", ("geth account unlock", "--http")),
        ("viewkey: <hex>\nspendkey: <hex>\nheight: 7", ("height: 7",)),
        ("macaroon=<hex> node=ln1", ("node=ln1",)),
    ),
    "mail-and-chat": (
        ("Hi, the API credentials: Key = <key> ; Secret = <secret> . Regards", ("Hi, the API credentials", "Regards")),
        ("user bot pass <pass> please delete after reading", ("please delete after reading",)),
        ("Passwort: <pass>\nGrüße", ("Passwort", "Grüße")),
        ("mot de passe : <pass> merci", ("mot de passe", "merci")),
        ("contraseña: <pass> gracias", ("gracias",)),
        ("пароль: <pass> спасибо", ("спасибо",)),
        ("密码\uff1a<pass> 谢谢", ("谢谢",)),
        ("creds -> bot / <pass>", ("creds",)),
        ("login: bot password: <pass> url: https://app.venue.io", ("https://app.venue.io",)),
        ("secret key (keep safe!): <secret>", ("keep safe!",)),
        ("API Key - <key>\nAPI Secret - <secret>\ndone", ("done",)),
        ("your one-time code: <digits>, valid 5 min", ("valid 5 min",)),
        ("2FA backup codes: <digits>-<digits>, <digits>-<digits> ok", ("2FA backup codes", "ok")),
    ),
}  # fmt: skip


def tool_cases() -> Iterator[Case]:
    """Return every line twice, with other secrets: as text and as an exception's argument."""
    for kind, lines in _TOOLS.items():
        material = Material(f"tool-{kind}")
        for template, kept in lines:
            text, secrets = fill(template, material)
            yield Case(kind=f"tool-{kind}", level="LOW", payload=text, secrets=secrets, context=kept)
            text, secrets = fill(template, material)
            yield Case(kind=f"tool-{kind}", level="LOW", payload=ValueError(text), secrets=secrets)
