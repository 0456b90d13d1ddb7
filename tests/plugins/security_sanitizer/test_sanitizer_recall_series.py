"""Credentials in series and in pieces, base 64 that names one, phrases of other languages; and what resembles them."""

import random
import unicodedata
from base64 import b32encode, b64encode, urlsafe_b64encode
from binascii import crc_hqx
from importlib import resources

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SANITIZER = SecurityDataSanitizer()
DRAW = random.Random(53)
ONE = "tR4mZq81WvKe7LpXc2Hs"
OTHER = "Yb9Fd3GnUa6JkPz0QwEo"
HEX = DRAW.randbytes(32).hex()
DIGEST = DRAW.randbytes(32).hex()
UUID = "7c1d50be-9a42-4f0e-8b67-21e4d3c5a906"
URL_TOKEN = urlsafe_b64encode(DRAW.randbytes(99)).decode()
NATS = bytes((18 << 3 | 5, 0)) + DRAW.randbytes(32)
NATS_SEED = b32encode(NATS + crc_hqx(NATS, 0).to_bytes(2, "little")).decode().rstrip("=")
LANGUAGES = (
    resources.files("recoup_plugins")
    .joinpath("security_sanitizer/bip39_other_languages.txt")
    .read_text("utf-8")
    .splitlines()
)


def cleaned(text, level="LOW"):
    return SANITIZER.sanitize_text(text, level).replace("\\n", "\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"keys: {ONE}:{OTHER} (kraken)", "keys: [SECRET] (kraken)"),
        (f"key and secret are {ONE} and {OTHER}", "key and secret are [SECRET]"),
        (f"apiKey/secret {ONE} / {OTHER} ok", "apiKey/secret [SECRET] / [SECRET] ok"),
        (f'Kit.configure("{UUID}")', 'Kit.configure("[CREDENTIALS]")'),
        (f"Unseal Key 4: {ONE}", "Unseal Key 4: [SECRET]"),
        (f"token = (\n    '{ONE}'\n    '{OTHER}'\n)", "token = (\n    '[SECRET]'\n)"),
        (f"auth={ONE}&limit=5", "auth=[AUTHORIZATION]&limit=5"),
        (f'{{"auth": "{b64encode(ONE.encode() + b"==").decode()}"}}', '{"auth": "[AUTHORIZATION]"}'),
        (f"ACL SETUSER feed on >{ONE} ~*", "ACL SETUSER feed on >[PASSWORD] ~*"),
        (f"C: a1 LOGIN feed {ONE}", "C: a1 LOGIN feed [PASSWORD]"),
        (f"gate.venue.io:3128:feed:{ONE}", "gate.venue.io:3128:feed:[PASSWORD]"),
        (f"password refused, tried '{ONE}'", "password refused, tried '[PASSWORD]'"),
        ("passphrase 'copper lantern fifty eight' used", "passphrase '[PASSWORD]' used"),
        (f"signing 'side=BUY' -> {HEX}", "signing 'side=BUY' -> [SIGNATURE]"),
        (
            f"signature mismatch: expected {HEX}, got {DIGEST}",
            "signature mismatch: expected [SIGNATURE], got [SIGNATURE]",
        ),
        (f"DEPLOYER_PK=0x{HEX}", "DEPLOYER_PK=[PRIVATE_KEY]"),
        (f"Signer(key=HexBytes('0x{HEX}'))", "Signer(key=HexBytes('[PRIVATE_KEY]'))"),
        (f"nkey {NATS_SEED} refused", "nkey [PRIVATE_KEY] refused"),
        (f"/services/T04ABCDE12/B05FGHIJ34/{ONE} 404", "/services/T04ABCDE12/B05FGHIJ34/[TOKEN] 404"),
        (f"https://rpc.chain.example/v1/{ONE}ab3 lags", "https://rpc.chain.example/v1/[API_KEY] lags"),
        (f"the okx secret? <ops> {ONE}", "the okx secret? <ops> [SECRET]"),
        (f"SELECT crypt('{ONE}', gen_salt('bf'))", "SELECT crypt('[PASSWORD]', gen_salt('bf'))"),
        (f"Fernet key {ONE}{OTHER}a1w= mode", "Fernet key [API_KEY] mode"),
        (f"refused runp_{ONE}{OTHER} twice", "refused [TOKEN] twice"),
        (f"pw was set as {ONE}", "pw was set as [SECRET]"),
        (f"password field contained {ONE}", "password field contained [SECRET]"),
        (f"walletpassphrase '{ONE}' 60", "walletpassphrase '[PASSWORD]' 60"),
        (f":IDENTIFY feed {ONE}", ":IDENTIFY feed [PASSWORD]"),
        (f"snmpget -A {ONE} -X {OTHER} host", "snmpget -A [PASSWORD] -X [PASSWORD] host"),
        (f"ed25519-priv-0x{HEX} saved", "[PRIVATE_KEY] saved"),
        (f"rpcauth=feed:{HEX[:32]}${DIGEST}", "rpcauth=feed:[PASSWORD]"),
        (f"grant {URL_TOKEN} twice", "grant [TOKEN] twice"),
        ("Backup codes:\n 1. ab3d-9fgh\n 2. kq7w-2mnp\nkeep", "Backup codes:\n 1. [OTP]\nkeep"),
    ],
)
def test_what_stands_beside_or_below_another_is_found_with_it(text, expected):
    assert cleaned(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"keys: {HEX}:{DIGEST}",
        "keys: btcusdt@depth20@100ms, ethusdt@depth20@100ms",
        "key and secret are missing or wrong",
        f"cache key 2: {ONE.lower()}",
        f"order key 7: {ONE.lower()}",
        "share 1: 0.25 share 2: 0.75",
        "pin has set-up-mode2a enabled",
        f"cursor: {URL_TOKEN}",
        "loaded " + "_".join(f"Feature{n}OfTheBook" for n in range(6)),
        "order_key=btcusdt:limit:buy",
        "docker run -e API_SECRET bot:c9edd77",
        f"web_{HEX} filled",
        f"order id grid_{ONE}{OTHER} filled",
        "auth: jwt",
        "auth=true&limit=5",
        "user feed on > 5 lots",
        f"bot.py:4211:run:{ONE}",
        f"signed transaction -> {HEX}",
        f"checksum mismatch: expected {HEX}, got {DIGEST}",
        f"https://rpc.chain.example/tx/0x{HEX}",
        "Recovery codes:\nnone left",
        "authenticationDatabase=admin",
        "bot.orders:login:42 - reconnected",
        "passphrase 'must be set first'",
        f"S{NATS_SEED[1:-1]}{'A' if NATS_SEED[-1] != 'A' else 'Q'}",
        f"latencies = {DRAW.sample(range(256), 64)}",
    ],
)
def test_what_resembles_a_series_of_credentials_stays(text):
    assert cleaned(text, "HIGH") == text


@pytest.mark.parametrize("before", ["", "a", "ab"])
@pytest.mark.parametrize("name", ["password: ", '"apiKey": "', "api_secret=", "PRIVATE_KEY="])
def test_base_64_is_known_by_the_name_in_it_at_each_alignment(before, name):
    encoded = b64encode(f"{before} {name}{ONE}\n".encode()).decode()
    assert cleaned(f"blob {encoded} end") == "blob [SECRET] end"


@pytest.mark.parametrize("plain", ["a password policy", "no secret here", "secret: \n"])
def test_base_64_that_only_speaks_of_a_secret_stays(plain):
    encoded = b64encode(plain.encode()).decode()
    assert cleaned(f"blob {encoded} end") == f"blob {encoded} end"


@pytest.mark.parametrize("language", range(len(LANGUAGES)))
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_phrase_in_another_language_is_found_with_composed_and_separate_accents(language, form):
    words = LANGUAGES[language].split()
    assert len(words) == len(set(words)) == 2048
    phrase = unicodedata.normalize(form, " ".join(DRAW.sample(words, 12)))
    assert cleaned(f"got {phrase} 7 times") == "got [SEED_PHRASE] 7 times"
    assert SANITIZER.sanitize(phrase.split(" "), "LOW") == ["[SEED_PHRASE]"]


@pytest.mark.parametrize(
    "text",
    [
        "el precio del activo subio mucho hoy en el mercado de futuros y luego bajo otra vez",
        "per ogni ordine viene sempre creato un nuovo record nel database locale della macchina prima",
        "le marché a ouvert en hausse ce matin avant de perdre tous ses gains dans la soirée",
        "o preço da ordem foi alterado pelo motor de risco antes de chegar ao livro de ofertas",
    ],
)
def test_prose_in_another_language_stays(text):
    assert cleaned(text, "HIGH") == text


@pytest.mark.parametrize("gap", ["\t", " | ", ", ", " - "])
def test_the_whole_phrase_behind_its_name_goes_whatever_parts_its_words(gap):
    words = [
        "inhale",
        "evil",
        "rule",
        "cricket",
        "satisfy",
        "hotel",
        "urban",
        "fee",
        "version",
        "earth",
        "street",
        "toy",
    ]
    assert cleaned(f"recovery phrase: {gap.join(words)}") == "recovery phrase: [SEED_PHRASE]"


def test_lines_of_a_certificate_that_look_like_keys_stay():
    line = ONE * 3 + "Ab1x"
    block = f"-----BEGIN CERTIFICATE-----\n{line}\n{line}\n-----END CERTIFICATE-----\n"
    assert cleaned(block) == block
    assert cleaned(f"{block}{line}\n") == f"{block}[API_KEY]\n"


@pytest.mark.parametrize(("value", "hidden"), [(("feed", "copper-7"), True), (("jwt", "basic"), False), ([], False)])
def test_a_pair_under_auth_is_a_login_unless_it_names_schemes(value, hidden):
    assert (SANITIZER.sanitize({"auth": value}, "LOW") == {"auth": "[AUTHORIZATION]"}) is hidden


def test_a_name_within_a_json_patch_is_the_last_part_of_its_path():
    change = {"op": "replace", "path": "/venues/okx/apiSecret", "value": ONE}
    assert SANITIZER.sanitize(change, "LOW") == change | {"value": "[SECRET]"}
    plain = {"op": "replace", "path": "/venues/okx/retries", "value": ONE}
    assert SANITIZER.sanitize(plain, "LOW") == plain


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"sui address 0x{HEX} has no coins", HEX),
        ("driving licence: BDFKM550614KP9DM seen", "BDFKM"),
        ("numer telefonu: 601 729 594", "729"),
        ("SSN on file: 573940979", "5739"),
        ("swiped ;5555555555554444=28121010000000?", "55554444"),
    ],
)
def test_personal_numbers_are_found_by_what_is_said_of_them(text, secret):
    assert secret not in cleaned(text, "MEDIUM")


def test_what_a_field_was_and_what_it_is_now_are_values_of_the_field():
    change = {"field": "passphrase", "old": ONE, "new": OTHER, "by": "ops"}
    assert SANITIZER.sanitize(change, "LOW") == change | {"old": "[PASSWORD]", "new": "[PASSWORD]"}
    plain = {"field": "price", "old": "1.5", "new": "2.5"}
    assert SANITIZER.sanitize(plain, "HIGH") == plain
