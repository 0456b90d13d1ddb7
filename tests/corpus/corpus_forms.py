"""Every way in which people and programs write a name and its secret, with secrets that have no format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FORMS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "equals": ("retry 3 with {k}={v} after 5s", ("retry 3 with", "{k}", "after 5s")),
    "equals-spaced": ("{k} = {v}", ("{k}",)),
    "equals-quoted": ('init: {k}="{v}" mode=live', ("init:", "{k}", "mode=live")),
    "equals-single-quoted": ("init: {k}='{v}', mode='live'", ("{k}", "mode='live'")),
    "colon": ("{k}: {v}", ("{k}",)),
    "colon-tight": ("{k}:{v} ok", ("{k}", "ok")),
    "colon-quoted": ('{k}: "{v}", testnet: false', ("{k}", "testnet: false")),
    "arrow": ("{k} => {v}", ("{k}",)),
    "arrow-quoted": ("'{k}' => '{v}', 'mode' => 'live'", ("{k}", "'mode' => 'live'")),
    "thin-arrow": ("{k} -> {v}", ("{k}",)),
    "walrus": ("{k} := {v}", ("{k}",)),
    "json": ('{{"ts":1710000000,"{k}":"{v}","mode":"live"}}', ('"ts":1710000000', "{k}", '"mode":"live"')),
    "json-spaced": ('{{"mode": "live", "{k}": "{v}"}}', ('"mode": "live"', "{k}")),
    "python-dict": ("call failed: {{'{k}': '{v}', 'timeout': 10}}", ("call failed", "{k}", "'timeout': 10")),
    "python-bytes": ("{{'{k}': b'{v}', 'timeout': 10}}", ("{k}", "'timeout': 10")),
    "python-repr": ("Exchange(id='x', {k}='{v}', timeout=10)", ("Exchange(id='x'", "{k}", "timeout=10)")),
    "python-call": ('client = Client({k}="{v}")', ("client = Client(", "{k}")),
    "python-tuple": ("[('{k}', '{v}'), ('mode', 'live')]", ("{k}", "'mode', 'live'")),
    "flag": ("bot run --{d} {v} --mode live", ("bot run", "--{d}", "--mode live")),
    "flag-equals": ("bot run --{d}={v} --mode live", ("bot run", "--{d}", "--mode live")),
    "flag-list": ("['bot', '--{d}', '{v}', '--mode', 'live']", ("'bot'", "--{d}", "'--mode', 'live'")),
    "flag-json-list": ('Cmd: ["bot","--{d}","{v}","--mode","live"]', ("--{d}", '"--mode","live"')),
    "environment": ("export {U}={v}", ("export", "{U}")),
    "environment-prefixed": ("BINANCE_{U}={v}\nMODE=live", ("BINANCE_{U}", "MODE=live")),
    "environment-quoted": ('BOT_{U}="{v}"  # rotated', ("BOT_{U}", "# rotated")),
    "dockerfile": ("ENV {U} {v}", ("ENV", "{U}")),
    "docker-run": ("docker run -e {U}={v} -p 80:80 bot", ("docker run -e {U}", "-p 80:80 bot")),
    "powershell": ('$env:{U} = "{v}"', ("$env:{U}",)),
    "windows-set": ("set {U}={v}", ("set {U}",)),
    "yaml": ("exchange:\n  {k}: {v}\n  sandbox: true", ("exchange:", "{k}", "sandbox: true")),
    "yaml-block": ("{k}: >-\n  {v}\nsandbox: true", ("{k}", "sandbox: true")),
    "yaml-name-value": ("env:\n- name: {U}\n  value: {v}\n- name: MODE\n  value: live", ("{U}", "name: MODE")),
    "toml": ('[exchange]\n{k} = "{v}"\nsandbox = true', ("[exchange]", "{k}", "sandbox = true")),
    "ini": ("[exchange]\n{k} = {v}\nsandbox = yes", ("[exchange]", "{k}", "sandbox = yes")),
    "properties": ("bot.exchange.{k}={v}", ("bot.exchange.{k}",)),
    "xml": ("<cfg><{k}>{v}</{k}><mode>live</mode></cfg>", ("<{k}>", "</{k}>", "<mode>live</mode>")),
    "xml-attribute": ('<account {k}="{v}" mode="live"/>', ("<account", "{k}", 'mode="live"/>')),
    "xml-name-value": ('<add key="{k}" value="{v}" />', ("{k}",)),
    "query": ("GET /v1/orders?symbol=BTCUSDT&{k}={v}&limit=5 HTTP/1.1", ("symbol=BTCUSDT", "{k}", "limit=5")),
    "form": ("body: symbol=BTCUSDT&{k}={v}", ("symbol=BTCUSDT", "{k}")),
    "matrix": ("/v1/orders;{k}={v};v=1", ("{k}", "v=1")),
    "header": ("X-{t}: {v}", ("X-{t}",)),
    "header-json": ('{{"Accept":"*/*","X-{t}":"{v}"}}', ('"Accept":"*/*"', "X-{t}")),
    "cookie": ("Cookie: theme=dark; {k}={v}; lang=en", ("Cookie",)),
    "logfmt": ("ts=2026-03-04T10:11:12Z level=warn {k}={v} msg=retry", ("level=warn", "{k}", "msg=retry")),
    "go-struct": ("{{Mode:live {C}:{v} Timeout:10s}}", ("Mode:live", "{C}", "Timeout:10s")),
    "go-map": ("map[mode:live {k}:{v} timeout:10s]", ("mode:live", "{k}", "timeout:10s")),
    "rust-debug": ('Config {{ {k}: "{v}", retries: 3 }}', ("Config {{", "{k}", "retries: 3")),
    "rust-some": ('Config {{ {k}: Some("{v}"), retries: 3 }}', ("{k}", "retries: 3")),
    "java-record": ("Credentials[{j}={v}, mode=live]", ("Credentials[", "{j}", "mode=live]")),
    "java-map": ("{{mode=live, {j}={v}, timeout=10}}", ("mode=live", "{j}", "timeout=10")),
    "js-object": ("{{ mode: 'live', {j}: '{v}', timeout: 10 }}", ("mode: 'live'", "{j}", "timeout: 10")),
    "ruby-hash": ('{{:mode=>"live", :{k}=>"{v}"}}', (':mode=>"live"', "{k}")),
    "php-dump": ('["{k}"]=>\n  string(20) "{v}"\n  ["mode"]=> "live"', ("{k}", '"live"')),
    "lua": ('{{ ["{k}"] = "{v}", mode = "live" }}', ("{k}", 'mode = "live"')),
    "sql-insert": (
        "INSERT INTO accounts (id, {k}) VALUES (7, '{v}')",
        ("INSERT INTO accounts (id, {k})", "VALUES (7"),
    ),
    "sql-update": ("UPDATE accounts SET {k} = '{v}' WHERE id = 7", ("UPDATE accounts SET {k}", "WHERE id = 7")),
    "sql-parameters": ("[parameters: {{'{k}': '{v}', 'id': 7}}]", ("[parameters:", "{k}", "'id': 7")),
    "prose-is": ("the {p} is {v} for now", ("the {p} is", "for now")),
    "prose-was": ("his {p} was {v}, changed today", ("his {p} was", "changed today")),
    "prose-set-to": ("{p} set to {v}", ("{p} set to",)),
    "prose-bracket": ("invalid {p} [{v}] for venue", ("invalid {p}", "for venue")),
    "prose-quoted": ("invalid {p} '{v}' for venue", ("invalid {p}", "for venue")),
    "markdown-table": ("| {k} | {v} |", ("| {k} |",)),
    "markdown-code": ("- **{k}**: `{v}`", ("{k}",)),
    "html-table": ("<tr><td>{k}</td><td>{v}</td></tr>", ("<td>{k}</td>",)),
    "html-input": ('<input type="hidden" name="{k}" value="{v}">', ("<input", "{k}")),
    "terraform": ('~ {k} = "{v}" -> (known after apply)', ("~ {k}", "(known after apply)")),
    "hcl-output": ('{k} = "{v}"', ("{k}",)),
    "csv": ("id,{k},mode\n7,{v},live", ("id,{k},mode", "live")),
    "tsv": ("id\t{k}\tmode\n7\t{v}\tlive", ("{k}", "live")),
    "key-value-columns": ("{k}                 {v}", ("{k}",)),
    "multipart": (
        'Content-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n--b7',
        ("Content-Disposition", "{k}"),
    ),
    "kubectl-describe": ("    Environment:\n      {U}:  {v}\n      MODE:     live", ("{U}", "MODE:     live")),
    "netrc": ("machine api.venue.io login bot password {v}", ("machine api.venue.io",)),
    "dotted-assignment": ("exchange.{k} = '{v}'", ("exchange.{k}",)),
    "subscript-assignment": ("config['{k}'] = '{v}'", ("config['{k}']",)),
    "setattr": ("setattr(exchange, '{k}', '{v}')", ("setattr(exchange", "{k}")),
    "locals-dump": ("    {k}    = '{v}'\n    attempt = 3", ("{k}", "attempt = 3")),
    "escaped-json": ('msg="{{\\"{k}\\":\\"{v}\\",\\"mode\\":\\"live\\"}}"', ("{k}", "mode")),
    "escaped-twice": ('"{{\\\\\\"{k}\\\\\\":\\\\\\"{v}\\\\\\",\\\\\\"m\\\\\\":1}}"', ("{k}",)),
    "unicode-quotes": ("{{\\u0022{k}\\u0022:\\u0022{v}\\u0022,\\u0022mode\\u0022:1}}", ("{k}", "mode")),
    "html-quotes": ("{{&quot;{k}&quot;:&quot;{v}&quot;,&quot;mode&quot;:1}}", ("{k}", "mode")),
    "html-numeric-quotes": ("{{&#34;{k}&#34;:&#34;{v}&#34;,&#34;mode&#34;:1}}", ("{k}", "mode")),
    "percent-json": ("payload=%7B%22{k}%22%3A%22{v}%22%2C%22mode%22%3A1%7D", ("payload", "{k}", "mode")),
    "percent-query": ("next=%2Fv1%3F{k}%3D{v}%26limit%3D5", ("next=", "{k}", "limit")),
    "typographic-quotes": ("{k}: “{v}” (from the wiki)", ("{k}", "(from the wiki)")),
    "fullwidth-equals": ("{k}\uff1d{v}", ("{k}",)),
    "ansi": ("\x1b[36m{k}\x1b[0m=\x1b[33m{v}\x1b[0m mode=live", ("{k}", "mode=live")),
    "ansi-printed": ("\\x1b[36m{k}\\x1b[0m=\\x1b[33m{v}\\x1b[0m mode=live", ("{k}", "mode=live")),
    "zero-width-name": ("{z}={v} mode=live", ("mode=live",)),
    "cyrillic-name": ("{c}={v} mode=live", ("mode=live",)),
    "fullwidth-name": ("{f}={v} mode=live", ("mode=live",)),
    "http-debug": ("send: b'POST /v1 HTTP/1.1\\r\\nX-{t}: {v}\\r\\nAccept: */*\\r\\n\\r\\n'", ("POST /v1", "Accept")),
    "header-pairs": ("[(b'accept', b'*/*'), (b'x-{d}', b'{v}')]", ("b'accept', b'*/*'", "x-{d}")),
    "curl": ("curl -s -H 'X-{t}: {v}' https://api.venue.io/v1/time", ("curl -s -H", "api.venue.io/v1/time")),
    "curl-data": ("curl -d '{k}={v}&mode=live' https://api.venue.io", ("curl -d", "mode=live")),
    "curl-verbose": ("> X-{t}: {v}\n> Accept: */*\n< HTTP/2 401", ("X-{t}", "Accept: */*", "HTTP/2 401")),
    "graphql": ('mutation {{ login({j}: "{v}", totp: true) {{ id }} }}', ("mutation", "{j}")),
    "fix-like-soh": ("8=FIX.4.4\x0135=A\x01554={v}\x0110=044\x01", ("8=FIX.4.4", "35=A")),
    "fix-like-pipe": ("8=FIX.4.4|35=A|553=bot|554={v}|10=044|", ("8=FIX.4.4", "35=A", "10=044")),
    "fix-like-caret": ("8=FIX.4.4^A35=A^A554={v}^A10=044^A", ("8=FIX.4.4", "35=A")),
    "fix-new-password": ("8=FIX.4.4|35=A|925={v}|10=044|", ("35=A", "10=044")),
}

_NAMES: Final = (
    "api_key", "apiKey", "api_secret", "secret", "secretKey", "password", "passphrase", "token", "access_token",
    "private_key", "client_secret", "auth_token", "refresh_token", "passwd", "pwd", "signature", "webhook_secret",
    "db_password", "session_token", "apiSecret", "bot_token", "encryption_key", "signing_key", "jwt_secret",
)  # fmt: skip

_CONFUSABLE: Final = str.maketrans("aeopcs", "\u0430\u0435\u043e\u0440\u0441\u0455")
_FULLWIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


_MAKES: Final[tuple[Callable[[Material], str], ...]] = (
    lambda m: m.alnum(32),
    lambda m: m.hex(40),
    lambda m: m.lower(11),
    lambda m: m.alnum(64),
    lambda m: m.base64url(18),
)


def form_cases() -> Iterator[Case]:
    """Return every form with five names and secrets of five makes."""
    for place, (kind, (form, kept)) in enumerate(_FORMS.items()):
        material = Material(kind)
        for number, make in enumerate(_MAKES):
            name = _NAMES[(place * 5 + number * 7) % len(_NAMES)]
            value = make(material)
            names = _written(name)
            yield Case(
                kind=kind,
                level="LOW",
                payload=form.format(v=value, **names),
                secrets=value,
                context=tuple(part.format(**names) for part in kept),
            )


def _written(name: str) -> dict[str, str]:
    words = "".join(f"_{char.lower()}" if char.isupper() else char for char in name).split("_")
    camel = words[0] + "".join(word.title() for word in words[1:])
    return {
        "k": name,
        "d": "-".join(words),
        "U": "_".join(words).upper(),
        "t": "-".join(word.title() for word in words),
        "C": camel[0].upper() + camel[1:],
        "j": camel,
        "p": " ".join(words),
        "z": name[:3] + "\u200b" + name[3:],
        "c": name.translate(_CONFUSABLE),
        "f": name.translate(_FULLWIDTH),
    }


def name_cases() -> Iterator[Case]:
    """Return names from the documentation of venues, clouds and databases, as keys and in text."""
    material = Material("names")
    for name in _PUBLISHED_NAMES:
        value = material.alnum(24)
        yield Case(
            kind="name-key",
            level="LOW",
            payload={name: value, "attempt": 3},
            secrets=value,
            context=(name, "attempt", "3"),
        )
        value = material.alnum(24)
        yield Case(
            kind="name-text",
            level="LOW",
            payload=f"attempt 3: {name}={value} refused",
            secrets=value,
            context=("attempt 3", name, "refused"),
        )


_PUBLISHED_NAMES: Final = (
    "X-MBX-APIKEY", "OK-ACCESS-KEY", "OK-ACCESS-SIGN", "OK-ACCESS-PASSPHRASE", "KC-API-KEY", "KC-API-SIGN",
    "KC-API-PASSPHRASE", "CB-ACCESS-KEY", "CB-ACCESS-SIGN", "CB-ACCESS-PASSPHRASE", "X-BAPI-API-KEY", "X-BAPI-SIGN",
    "API-Key", "API-Sign", "bfx-apikey", "bfx-signature", "X-GEMINI-APIKEY", "X-GEMINI-SIGNATURE",
    "ACCESS-KEY", "ACCESS-SIGN", "ACCESS-PASSPHRASE", "X-Auth-Sign", "X-BM-KEY", "X-BM-SIGN",
    "X-BX-APIKEY", "Phemex-Access-Token", "x-phemex-access-token", "x-phemex-request-signature", "X-MEXC-APIKEY",
    "FTX-KEY", "FTX-SIGN", "KEY", "SIGN", "api-signature", "api-key", "X-Api-Key", "X-Api-Secret", "X-Auth-Token",
    "X-Vault-Token", "X-Amz-Security-Token", "X-CSRF-Token", "Proxy-Authorization", "Authorization", "Set-Cookie",
    "Ocp-Apim-Subscription-Key", "X-Goog-Api-Key", "DD-API-KEY", "DD-APPLICATION-KEY", "X-Shopify-Access-Token",
    "PRIVATE-TOKEN", "APCA-API-KEY-ID", "APCA-API-SECRET-KEY", "AccessKeyId", "SignatureMethodSecret", "APIKEY",
    "aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD", "MYSQL_ROOT_PASSWORD",
    "REDIS_PASSWORD", "requirepass", "DJANGO_SECRET_KEY", "SECRET_KEY_BASE", "JWT_SECRET", "privateKey", "privKey",
    "walletPrivateKey", "wallet_private_key", "ETH_PRIVATE_KEY", "DEPLOYER_PRIVATE_KEY", "mnemonic", "seedPhrase",
    "MNEMONIC", "recovery_phrase", "keystorePassword", "keystore_pass", "listenKey", "listen_key", "apiPassphrase",
    "userToken", "id_token", "csrfToken", "sessionid", "PHPSESSID", "JSESSIONID", "connect.sid", "accessToken",
    "bearer_token", "oauth_token_secret", "consumer_secret", "totp_secret", "otpSecret", "twoFactorSecret", "tfaCode",
    "SLACK_BOT_TOKEN", "TELEGRAM_TOKEN", "sentry_auth_token", "masterKey", "encryptionKey", "hmacKey", "signingSecret",
    "trading_password", "tradePassword", "fundPassword", "fund_password", "withdrawal_password", "sshPassphrase",
    "keyPassphrase", "binanceApiSecret", "krakenPrivateKey", "bybit_secret", "okx_passphrase", "coinbase_secret",
    "hyperliquid_private_key", "starkPrivateKey", "stark_private_key", "apiKeySecret", "x-access-token",
    "ACCOUNT_KEY", "SharedAccessKey", "shared_access_key", "storageAccountKey", "ConnectionStringPassword", "smtpPass",
)  # fmt: skip
