"""Credentials in series, encoded with their names, in pieces, and in formats without a name; holes as in the logs."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from corpus_holes import fill
from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LINES: Final[dict[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "pair": (
        ("keys: <secret>:<secret> (bitget)", ("keys:", "(bitget)")),
        ("apiKey/secret <secret> / <secret> for bitget", ("apiKey/secret", "for bitget")),
        ("bitget creds (<secret>, <secret>) loaded", ("bitget creds", "loaded")),
        ("key and secret are <secret> and <secret>, both live", ("key and secret are", "both live")),
        ('bot.configure("<uuid>", "<secret>") done', ("bot.configure(", "done")),
        ("set_credentials('<uuid>')  # live", ("set_credentials(", "# live")),
    ),
    "numbered": (
        ("Unseal Key 2: <b64>\nSealed  false", ("Unseal Key 2", "Sealed  false")),
        ("recovery share #3: <secret>, keep it", ("recovery share", "keep it")),
    ),
    "pieces": (
        ("token = (\n    '<key>'\n    '<key>'\n)\nmode = 'live'", ("token = (", "mode = 'live'")),
        ("AUTH_PAIR ok; auth=<secret>&limit=5", ("AUTH_PAIR ok", "limit=5")),
        ('{"registry": {"auth": "<b64>"}, "mode": "live"}', ("registry", '"mode": "live"')),
    ),
    "command": (
        ("ACL SETUSER feed on ><pass> ~ticks:* +@read", ("ACL SETUSER feed on", "~ticks:* +@read")),
        ("user feed on ><key> ~* +@all", ("user feed on", "~* +@all")),
        ("> a1 LOGIN feed <pass>\n< a1 OK", ("LOGIN feed", "< a1 OK")),
        ("exit via gate.venue.io:8080:feed:<key> ok", ("gate.venue.io:8080:feed", "ok")),
        ("password refused for 'feed', tried '<pass>' twice", ("password refused for", "twice")),
        ("the feed token was replaced by <key> at noon", ("the feed token was replaced by", "at noon")),
    ),
    "said": (
        ("pw was set as <pass> on kraken", ("pw was set as", "on kraken")),
        ("password field contained <pass> on kraken", ("password field contained", "on kraken")),
        ("walletpassphrase '<pass>' 60", ("walletpassphrase", "60")),
        ("PRIVMSG NickServ :IDENTIFY <pass> ok", ("PRIVMSG NickServ :IDENTIFY", "ok")),
        ("snmpget -v3 -u feed -A <pass> -X <pass> host sysUpTime", ("snmpget -v3 -u feed -A", "host sysUpTime")),
        ("aptos key ed25519-priv-0x<hex> saved", ("aptos key", "saved")),
        ("what is the okx secret? <ops> <secret> thanks", ("what is the okx secret?", "thanks")),
        ("SELECT crypt('<pass>', gen_salt('bf')) AS h", ("SELECT crypt(", "gen_salt('bf')")),
        ("Fernet key <b64> mode=gcm", ("Fernet key", "mode=gcm")),
        ("upstream refused runp_<secret> twice", ("upstream refused", "twice")),
    ),
    "mac": (
        ("signing 'side=BUY&qty=3' -> <hex>", ("signing 'side=BUY&qty=3' ->",)),
        ("bad signature: expected <hex>, got <hex>", ("bad signature: expected",)),
        ("HMAC mismatch (computed <hex> / received <hex>)", ("HMAC mismatch",)),
    ),
    "path": (
        ("POST /services/T04ABCDE12/B05FGHIJ34/<key> failed", ("POST /services/T04ABCDE12/B05FGHIJ34/", "failed")),
        ("wss://rpc.chain.example/v1/<secret> lags", ("wss://rpc.chain.example/v1/", "lags")),
    ),
    "raw": (
        ("DEPLOYER_PK=0x<hex> npx deploy", ("DEPLOYER_PK=", "npx deploy")),
        ("Signer(key=HexBytes('0x<hex>'))", ("Signer(key=HexBytes(",)),
    ),
}


def series_cases() -> Iterator[Case]:
    """Return every line with two fills, and what needs a value of its own."""
    for kind, lines in _LINES.items():
        material = Material(f"series-{kind}")
        for template, kept in lines:
            for _ in range(2):
                text, secrets = fill(template, material)
                yield Case(kind=f"series-{kind}", level="LOW", payload=text, secrets=secrets, context=kept)
    for kind, make in _MADE.items():
        material = Material(f"series-{kind}")
        for _ in range(3):
            payload, found, kept = make(material)
            yield Case(
                kind=f"series-{kind}", level=_LEVELS.get(kind, "LOW"), payload=payload, secrets=found, context=kept
            )
    yield from _phrases()


Made = tuple[Any, tuple[str, ...], tuple[str, ...]]


def _groups(m: Material) -> Made:
    groups = [m.alnum(8) for _ in range(5)]
    return f"secret: {' '.join(groups)} on kraken", tuple(groups[1:]), ("on kraken",)


def _app_password(m: Material) -> Made:
    groups = [m.chars("bcdfghjkqz", 4) for _ in range(4)]
    return f"app password: {' '.join(groups)} on mail", (" ".join(groups[1:]),), ("app password", "on mail")


def _codes(m: Material) -> Made:
    codes = tuple(f"{m.lower(5)}-{m.lower(5)}" for _ in range(5))
    return "Recovery codes:\n" + "\n".join(codes) + "\n\nkeep them", codes, ("Recovery codes:", "keep them")


def _code_list(m: Material) -> Made:
    codes = tuple(f"{m.chars('bcdfg', 5)}-{m.lower(5)}" for _ in range(3))
    return f"backup codes: {', '.join(codes)}", codes, ("backup codes:",)


def _encoded_form(m: Material) -> Made:
    secret = m.alnum(28)
    encoded = base64.b64encode(f"mode=live&api_key={secret}&v=2".encode()).decode()
    return f"body {encoded} sent", (secret, encoded), ("body", "sent")


def _encoded_yaml(m: Material) -> Made:
    secret = m.alnum(20)
    encoded = base64.b64encode(f"user: feed\npassword: {secret}\n".encode()).decode()
    return {"blob": encoded, "mode": "live"}, (secret, encoded), ("blob", "live")


def _nats(m: Material) -> Made:
    raw = bytes((18 << 3 | 5, 0)) + m.octets(32)
    seed = base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")
    return f"nkey {seed} refused", (seed,), ("nkey", "refused")


def _macaroon(m: Material) -> Made:
    raw = b"0023location https://api.venue.io/\n001aidentifier " + m.octets(60)
    token = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return f"caveat of {token} failed", (token,), ("caveat of", "failed")


def _minisign(m: Material) -> Made:
    key = "RWRTY0Iy" + m.base64(150)
    return f"untrusted comment: encrypted secret key\n{key}", (key,), ("untrusted comment",)


def _pkcs8_encrypted(m: Material) -> Made:
    raw = (
        bytes.fromhex("308206f6") + bytes.fromhex("3058") + bytes.fromhex("06092a864886f70d01050d304b") + m.octets(300)
    )
    key = base64.b64encode(raw).decode()
    return f"cannot open {key} now", (key,), ("cannot open", "now")


def _firebase(m: Material) -> Made:
    body = m.base64url(102)
    return f"push to {m.alnum(22)}:APA91b{body} failed", (body,), ("push to", "failed")


def _covalent(m: Material) -> Made:
    key = m.alnum(28)
    return f"credits of cqt_{key} used up", (key,), ("credits of", "used up")


def _bytes(m: Material) -> Made:
    numbers = ",".join(map(str, m.octets(64)))
    return f"[{numbers}]", (numbers,), ()


def _change(m: Material) -> Made:
    old, new = m.alnum(30), m.alnum(30)
    return {"field": "passphrase", "old": old, "new": new, "by": "ops"}, (old, new), ("passphrase", "ops")


def _patch(m: Material) -> Made:
    secret = m.alnum(30)
    return {"op": "replace", "path": "/venues/okx/apiSecret", "value": secret}, (secret,), ("replace", "apiSecret")


def _licence(m: Material) -> Made:
    number = f"{m.chars('BDFKMP', 5)}{m.digits(6)}{m.chars('BDFKMP', 2)}9{m.chars('BDFKMP', 2)}"
    return f"driving licence: {number} seen", (number,), ("driving licence:", "seen")


def _long_address(m: Material) -> Made:
    address = "0x" + m.hex(64)
    return f"sui address {address} has no coins", (address,), ("sui address", "has no coins")


def _login(m: Material) -> Made:
    password = m.password()
    return {"auth": ("feed", password), "timeout": 7}, (password,), ("timeout",)


def _stripe_1(m: Material) -> Made:
    card = m.card("4")
    return f"swiped %B{card}^HALE/J^2812101000000000? twice", (card,), ("swiped", "twice")


def _stripe_2(m: Material) -> Made:
    card = m.card("53")
    return f"swiped ;{card}=28121010000000? twice", (card,), ("swiped", "twice")


def _host_name(m: Material) -> Made:
    address = f"{m.random.randint(11, 99)}-{m.random.randint(100, 250)}-7-{m.random.randint(10, 99)}"
    return f"lost ip-{address}.ec2.internal", (address,), ("lost ip-", ".ec2.internal")


def _on_file(m: Material) -> Made:
    number = m.digits(9)
    return f"SSN on file: {number}, checked", (number,), ("SSN on file:", "checked")


_MADE: Final[dict[str, Callable[[Material], Made]]] = {
    "groups": _groups,
    "app-password": _app_password,
    "codes": _codes,
    "code-list": _code_list,
    "encoded-form": _encoded_form,
    "encoded-yaml": _encoded_yaml,
    "nats": _nats,
    "macaroon": _macaroon,
    "minisign": _minisign,
    "pkcs8-encrypted": _pkcs8_encrypted,
    "firebase": _firebase,
    "covalent": _covalent,
    "bytes": _bytes,
    "change": _change,
    "patch": _patch,
    "licence": _licence,
    "long-address": _long_address,
    "login": _login,
    "magnetic-stripe-1": _stripe_1,
    "magnetic-stripe-2": _stripe_2,
    "host-name": _host_name,
    "on-file": _on_file,
}
_LEVELS: Final = {
    "magnetic-stripe-1": "MEDIUM",
    "magnetic-stripe-2": "MEDIUM",
    "host-name": "HIGH",
    "on-file": "MEDIUM",
    "licence": "MEDIUM",
    "long-address": "MEDIUM",
}


def _phrases() -> Iterator[Case]:
    """Return phrases of other languages in both forms of accents, and English ones in other layouts."""
    lists = resources.files("recoup_plugins").joinpath("security_sanitizer/bip39_other_languages.txt")
    material = Material("series-phrases")
    for number, line in enumerate(lists.read_text(encoding="utf-8").splitlines()):
        words = material.random.sample(line.split(), 12)
        for form in ("NFC", "NFD"):
            phrase = unicodedata.normalize(form, " ".join(words))
            middle = unicodedata.normalize(form, " ".join(words[3:9]))
            kept = ("restored", "at noon")
            payload = f"restored {phrase} at noon"
            yield Case(kind=f"phrase-language-{number}", level="LOW", payload=payload, secrets=middle, context=kept)
    for indent in (4, 11):
        words = material.mnemonic().split()
        payload = f'seed = "{" ".join(words[:6])} " \\\n{" " * indent}"{" ".join(words[6:])}"\nopen_wallet(seed)'
        kept = ("seed =", "open_wallet(seed)")
        yield Case(kind="phrase-joined", level="LOW", payload=payload, secrets=" ".join(words[6:]), context=kept)
    for gap in ("\t", " | ", ", "):
        words = material.mnemonic().split()
        payload = f"recovery phrase: {gap.join(words)}"
        yield Case(
            kind="phrase-layout",
            level="LOW",
            payload=payload,
            secrets=gap.join(words[-3:]),
            context="recovery phrase:",
        )
        titled = [word.title() for word in words]
        payload = f"recovery phrase: {gap.join(titled)}"
        yield Case(
            kind="phrase-layout",
            level="LOW",
            payload=payload,
            secrets=gap.join(titled[-3:]),
            context="recovery phrase:",
        )
