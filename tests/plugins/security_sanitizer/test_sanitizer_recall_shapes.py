"""Password hashes, MACs, qualified names and trading vocabulary: hidden by shape; numbered names and versions stay."""

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SANITIZER = SecurityDataSanitizer()
MAC = "5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"
SALTED = "Zm9vYmFyYmF6cXV4Zm9vYmFyMTIzNDU2Nzg5MDEyMw"

# A text, a part of what is hidden, the placeholder, and something that must survive.
CREDENTIALS = [
    ("signing secret (base64) : Q0dLSDh3c2Q4OGRqc2Q5c2Q= loaded", "Q0dLSDh3", "[SECRET]", "loaded"),
    ("client secret (sandbox) = 7hG2kLp9QwXz41Bt done", "7hG2kLp9", "[SECRET]", "done"),
    ("login pepper=k3Jd9_sLq81mNb20Zx rounds=12", "k3Jd9", "[SECRET]", "rounds=12"),
    ("hash $2y$10$abcdefghijklmnopqrstuuOeJ5K7hYQw1N2m3B4v5C6x7Z8a9S0dq bad", "OeJ5K7h", "[PASSWORD]", "bad"),
    (f"row $argon2i$v=19$m=4096,t=3,p=1$c29tZXNhbHQ${SALTED} read", "Zm9vYmFyYmF6", "[PASSWORD]", "read"),
    (f"bot:$5$rounds=5000$saltstring${SALTED}:19722:0", "Zm9vYmFyYmF6", "[PASSWORD]", ":19722:0"),
    (f"row pbkdf2_sha256$720000$Xy9sAlt${SALTED}= stale", "Zm9vYmFyYmF6", "[PASSWORD]", "stale"),
    (f"row scrypt:32768:8:1$Xy9sAlt${MAC} stale", "5257a869", "[PASSWORD]", "stale"),
    (f"X-Slack-Signature: v0={MAC} ok", "5257a869", "[SIGNATURE]", "ok"),
    (f"Paddle-Signature: ts=1790000000;h1={MAC} /hook", "5257a869", "[SIGNATURE]", "/hook"),
    ('ConvertTo-SecureString -String "Tr4ding!Desk" -AsPlainText', "Tr4ding", "[PASSWORD]", "-AsPlainText"),
    ("Sec-WebSocket-Protocol: graphql-ws, token.k9Jd82LsQpw0XmZ71bVt", "k9Jd82Ls", "[TOKEN]", "graphql-ws"),
]
BY_LEVEL = [
    ("HIGH", "member number 55201873 blocked", "55201873", "blocked"),
    ("HIGH", "client nr. 4410293 on hold", "4410293", "on hold"),
    ("MEDIUM", "sort-code: 40-12-09, account no 31926819 ok", "31926819", "ok"),
    ("CRITICAL", "vwap=1204.55 of ETHUSDT", "1204.55", "ETHUSDT"),
    ("CRITICAL", '{"index": "61200.25"}', "61200.25", "index"),
]
BENIGN = [
    "key: ema_21 weight: 0.4",
    "key=macd_12_26 missing",
    "key: sha256_v2 chosen",
    "IdentityFile key=id_rsa4096",
    "installed ccxt==4.5.12.3, pandas 2.2.3, websockets 13.1.0.2",
    "ConvertTo-SecureString $env:BOT_PASSWORD -AsPlainText",
    "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io",
]


@pytest.mark.parametrize(("text", "secret", "placeholder", "kept"), CREDENTIALS)
def test_hides_a_credential_by_its_shape_or_qualified_name_at_every_level(text, secret, placeholder, kept):
    found = SANITIZER.sanitize_text(text, "LOW")
    assert secret not in found
    assert placeholder in found
    assert kept in found


@pytest.mark.parametrize(("level", "text", "secret", "kept"), BY_LEVEL)
def test_hides_customers_accounts_and_prices_from_their_level_on(level, text, secret, kept):
    found = SANITIZER.sanitize_text(text, level)
    assert secret not in found
    assert kept in found
    assert secret in SANITIZER.sanitize_text(text, "LOW")


@pytest.mark.parametrize("text", BENIGN)
def test_leaves_numbered_names_and_versions_alone(text):
    assert SANITIZER.sanitize_text(text, "HIGH") == text


def test_hides_base_64_whole_although_a_slash_parts_it():
    key = "Kq81/" + "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY" * 2 + "=="
    assert SANITIZER.sanitize_text(f"loaded {key} once", "LOW") == "loaded [API_KEY] once"


def test_hides_only_the_number_of_an_order_beside_its_market():
    shown = SANITIZER.sanitize({"order": {"id": 55102938471, "symbol": "SOLUSDT"}}, "CRITICAL")
    assert shown == {"order": {"id": "[ORDER]", "symbol": "SOLUSDT"}}


def test_hides_amounts_and_prices_in_the_vocabulary_of_venues():
    names = ("cumQuote", "lastQty", "cumExecValue", "turnover24h", "prevPrice24h", "markPx")
    shown = SANITIZER.sanitize(dict.fromkeys(names, "75.31"), "CRITICAL")
    assert set(shown.values()) <= {"[AMOUNT]", "[PRICE]"}


def test_hides_prices_of_a_ticker_but_not_words_that_stand_alone():
    assert SANITIZER.sanitize({"last": 12.5, "open": 11.5}, "CRITICAL") == {"last": "[PRICE]", "open": "[PRICE]"}
    assert SANITIZER.sanitize({"last": "page", "id": 7}, "CRITICAL") == {"last": "page", "id": 7}


def test_shows_what_a_table_of_wallets_says_and_what_else_a_call_answered():
    address = "0x52908400098527886E0F7030069857D2E4169EE7"
    assert SANITIZER.sanitize({"state_by_wallet": {address: "stale"}}, "MEDIUM") == {
        "state_by_wallet": {"[WALLET]": "stale"}
    }
    answer = SANITIZER.sanitize_text('get_session_token -> {"token": "k9Jd82LsQpw0XmZ71bVt", "ttl": 600}', "LOW")
    assert answer == 'get_session_token -> {"token": "[TOKEN]", "ttl": 600}'
