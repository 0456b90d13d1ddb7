"""Credentials with something between name and value, or with no name beside them: remarks, code, frames, sentences."""

# ruff: noqa: E501 - a log line stands on one line

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpus_holes import fill
from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILLS: Final = 2

_LINES: Final[dict[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "remark": (
        ("secret (hex) <hex> loaded", ("secret (hex)", "loaded")),
        ("private key hex <hex> loaded", ("private key hex", "loaded")),
        ("session key (base64) <b64> set", ("session key (base64)", "set")),
        ("New password [hidden]: <pass>", ("New password [hidden]:",)),
        ("Secret (input hidden): <secret>", ("Secret (input hidden):",)),
        ("Password(554)=<pass> HeartBtInt(108)=30", ("Password(554)=", "HeartBtInt(108)=30")),
        ("engine: tag 554 value <pass> refused", ("engine: tag 554 value", "refused")),
        ("access_token expired: <secret>", ("access_token expired:",)),
        ("the token you sent (<secret>) is not valid", ("the token you sent (", "is not valid")),
    ),
    "compared": (
        ("sig mismatch: got <b64> want <b64>", ("sig mismatch: got", "want")),
        ("signature differs: server=<hex> client=<hex>", ("signature differs: server=", "client=")),
        ("AssertionError: password '<pass>' != '<pass>'", ("AssertionError: password", "!=")),
        ("rotate api_key old=<secret> new=<secret> ok", ("rotate api_key old=", "new=", "ok")),
    ),
    "called": (
        ('okx.AccountAPI("<uuid>", "<secret>", "<pass>", False)', ("okx.AccountAPI(", "False)")),
        ('api := kraken.New("<b64>", "<b64>")', ("api := kraken.New(",)),
        ("Api::Key.new('<secret>')", ("Api::Key.new(",)),
        ('brownie accounts.add("<hex>")', ("brownie accounts.add(",)),
        ("account.sign_transaction(tx, '<hex>')", ("account.sign_transaction(tx,",)),
        ('http.Header{"X-Api-Key":[]string{"<secret>"}}', ("http.Header{",)),
        ("private_key=HexBytes('0x<hex>')", ("private_key=HexBytes(",)),
    ),
    "frame": (
        ('["auth",{"k":"<secret>","s":"<hex>"}]', ('["auth",{"k":', '"s":')),
        ('{"T":"auth","payload":["<secret>","<hex>"]}', ('{"T":"auth","payload":[',)),
        ('socket 42["login","<secret>"]', ('socket 42["login",',)),
        ('{"embeds":[{"title":"API key","value":"<secret>"}]}', ('"title":"API key"',)),
        ('{"type":"apiKey","value":"<secret>"}', ('{"type":"apiKey"',)),
        ("/login feed <pass>", ("/login feed",)),
    ),
    "file": (
        ("secrets:\n  okx: <hex>\n  kraken: <b64>\nmode: live", ("secrets:", "okx:", "mode: live")),
        ("api_keys:\n  okx: <uuid>\ntimeout: 10", ("api_keys:", "okx:", "timeout: 10")),
        ("secrets:\n- name: okx\n  value: <hex>", ("secrets:", "name: okx")),
        ('variable "db_password" {\n  default = "<pass>"\n}', ('variable "db_password" {', "default =")),
        ("Key (token, venue)=(<secret>, okx) already exists.", ("Key (token, venue)=(", "okx) already exists.")),
        ("rocommunity <pass>", ("rocommunity",)),
        ("EXEC sp_addlogin 'feed', '<pass>'", ("EXEC sp_addlogin 'feed',",)),
        ("SQL> connect feed/<key>@//db:1521/XE", ("SQL> connect feed/", "@//db:1521/XE")),
        ("cache:6379> AUTH feed <pass>", ("cache:6379> AUTH feed",)),
        ("restic --password-command 'echo <pass>'", ("restic --password-command 'echo",)),
    ),
    "pointed": (
        (
            "    client = Client(api_key, secret)\n             \u2502      \u2502        \u2514 '<secret>'\n             \u2502      \u2514 '<secret>'\n             \u2514 <class 'bot.Client'>",
            ("client = Client(api_key, secret)", "<class 'bot.Client'>"),
        ),
        ("\u2503 Token \u2503 <secret> \u2503", ("\u2503 Token \u2503",)),
        ("Secret \u25b8 <secret>", ("Secret",)),
    ),
    "abroad": (
        ("Kennwort lautet <pass>", ("Kennwort lautet",)),
        ("la contrase\u00f1a es <pass>", ("es",)),
        ("mot de passe incorrect : <pass>", ("mot de passe incorrect :",)),
        ("\u5bc6\u7801\u662f <pass>", ("\u5bc6\u7801\u662f",)),
        ("cl\u00e9 API : <secret>", ("API :",)),
        ("codice segreto: <secret>", ("codice segreto:",)),
        ("Zugangstoken=<secret>", ("Zugangstoken=",)),
        ("m\u1eadt kh\u1ea9u: <pass>", (":",)),
        ("API \ud0a4: <secret>", ("API \ud0a4:",)),
        ("klucz api: <secret>", ("klucz api:",)),
    ),
    "sentence": (
        ("she typed <pass> as her password", ("she typed", "as her password")),
        ("unlocking wallet with <pass> failed: wrong password", ("unlocking wallet with", "failed: wrong password")),
        ("it's <pass> (the db password)", ("it's", "(the db password)")),
        ("PASSWORD? <key>", ("PASSWORD?",)),
        ("credentials for okx are <secret> and <secret>", ("credentials for okx are",)),
        ("user-pass: feed / <pass>", ("user-pass:",)),
        ("login attempt with feed:<pass> refused", ("login attempt with", "refused")),
    ),
    "markup": (
        ("<li>Secret key: <strong><secret></strong></li>", ("<li>Secret key: <strong>", "</strong></li>")),
        ("passphrase: <code><pass></code> entered", ("passphrase: <code>", "</code> entered")),
        ('<input type="hidden" name="csrf_token" value="<secret>"> shown', ('name="csrf_token"', "> shown")),
        ('<o:Password o:type="text"><pass></o:Password>', ('<o:Password o:type="text">', "</o:Password>")),
        ('<add key="RedisPassword" value="<pass>"/>', ('<add key="RedisPassword" value="',)),
    ),
    "argument": (
        ('type=EXECVE argc=3 a0="bot" a1="--secret" a2="<secret>"', ('a0="bot"', 'a1="--secret"')),
        ("bcp trades out f.csv -S db -U feed -P <pass>", ("bcp trades out f.csv -S db -U feed -P",)),
        ("cqlsh -u feed -p <pass> db1", ("cqlsh -u feed -p", "db1")),
        ("ALTER LOGIN feed WITH PASSWORD = N'<pass>'", ("ALTER LOGIN feed WITH PASSWORD =",)),
        ("TOKEN = '<secret>' '<secret>'", ("TOKEN =",)),
        ("secrets.kraken=<secret>", ("secrets.kraken=",)),
        (
            "GET https:\\/\\/venue.io\\/v1?api_key=<key>\\u0026side=SELL\\u0026sign=<hex>",
            ("venue.io", "api_key=", "side=SELL", "sign="),
        ),
        ("https://venue.io/a;jsessionid=<key>?side=sell", ("https://venue.io/a;jsessionid=", "?side=sell")),
    ),
    "link": (
        ("magic link https://venue.io/auth/magic?t=<secret>", ("magic link https://venue.io/auth/magic?t=",)),
        ("https://venue.io/activate/<secret>", ("https://venue.io/activate/",)),
        ("https://rpc.tenderly.co/fork/<uuid>", ("https://rpc.tenderly.co/fork/",)),
        ("wss://api.zan.top/node/ws/v1/eth/mainnet/<secret>", ("wss://api.zan.top/node/ws/v1/eth/mainnet/",)),
    ),
}


def between_cases() -> Iterator[Case]:
    """Return every line with two fills, and seed phrases whose words are members of their own."""
    for kind, lines in _LINES.items():
        material = Material(f"between-{kind}")
        for template, kept in lines:
            for _ in range(_FILLS):
                text, secrets = fill(template, material)
                yield Case(kind=f"between-{kind}", level="LOW", payload=text, secrets=secrets, context=kept)
    material = Material("between-words")
    for count in (12, 18, 24):
        words = material.mnemonic(count).split()
        members = tuple(f"\n{word}\n" for word in words[:-1])  # between the pieces of a rendered payload
        spoken = {
            " ".join(f"word_{place}={word}" for place, word in enumerate(words, 1)): tuple(
                f"={word}" for word in words
            ),
            " \u2192 ".join(words): tuple(f"{word} \u2192" for word in words[:-1]),
        }
        yield from (
            Case(kind="between-words", level="LOW", payload=text, secrets=left) for text, left in spoken.items()
        )
        for payload in (
            {f"word{place}": word for place, word in enumerate(words, 1)},
            dict(enumerate(words)),
            list(enumerate(words)),
            [{"index": place, "word": word} for place, word in enumerate(words)],
        ):
            yield Case(kind="between-words", level="LOW", payload=payload, secrets=members)
