"""Credentials that stand in sentences and commands without a separator, and sentences that only speak of them."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

LEVELS = ["LOW", "MEDIUM", "HIGH", "CRITICAL"]
SANITIZER = SecurityDataSanitizer()
BINANCE = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
PRIVATE = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
LISTEN = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
SIGN = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="

HIDDEN = [
    ("login failed with password hunter2", "hunter2"),
    ("login failed with password Tr4ding!Pass#9", "Pass#9"),
    ("login failed with password p@sswort", "p@sswort"),
    ("wrong password 'swordfish'", "swordfish"),
    ('wrong password "s3cret"', "s3cret"),
    ("invalid passphrase `blue-horse`", "blue-horse"),
    ("passphrase Tr4dingPass9 rejected", "Tr4ding"),
    ("password 48151623 rejected", "48151623"),
    ("bad token tok9Secret12", "tok9Secret12"),
    ("rejected secret aB3dE5gH refresh", "aB3dE5gH"),
    ('password="TradingPass"', "TradingPass"),
    ('{"password": "mySecretKey"}', "mySecretKey"),
    ("('password', 'MySecretKey')", "MySecretKey"),
    ("password=TradingPass", "TradingPass"),
    ("password: MySecretPass", "MySecretPass"),
    ("mysql -u root -p hunter2", "hunter2"),
    ("mysql -uroot -phunter2 db", "hunter2"),
    ("docker login -u bob -p swordfish", "swordfish"),
    ("redis-cli -a pa55word ping", "pa55word"),
    ("sshpass -p swordfish ssh x", "swordfish"),
    ("2fa=123456", "123456"),
    ("otp=123456", "123456"),
    ("POST /login?otp=654321&x=1", "654321"),
    ("mfa: 654321", "654321"),
    ("2FA code 654321", "654321"),
    (f"wss://stream.binance.com:9443/ws/{LISTEN} closed", LISTEN),
    (f"wss://fstream.binance.com/stream?streams={LISTEN}", LISTEN),
    (f"wss://a.example/ws/{LISTEN}?x=1", LISTEN),
    (f"signing with 0x{PRIVATE}", PRIVATE),
    (f"signed order using the private key {PRIVATE}", PRIVATE),
    (f"Account.from_key('0x{PRIVATE}')", PRIVATE),
    (f"API-Sign {SIGN}", SIGN[:20]),
    (f"KC-API-SIGN {SIGN}", SIGN[:20]),
    (f"OK-ACCESS-SIGN {SIGN}", SIGN[:20]),
    (f"got {BINANCE} back", BINANCE),
    (f"({BINANCE})", BINANCE),
]

TRANSACTION = f"0x{PRIVATE}"

BENIGN = [
    "password expired",
    "wrong password for user",
    "wrong password (attempt 3/5)",
    "password must have 8 characters",
    "password older than 90days",
    "password 2024-05-01 expired",
    "password expired 2024-05-01T12:00:00Z",
    "password hash sha256 mismatch",
    "password attempt=3",
    "password [PASSWORD]",
    "password 'invalid'",
    "invalid password 401 Unauthorized",
    "token refresh failed",
    "token USDT not found",
    "token 1000SHIB/USDT delisted",
    "token count 123456",
    "token oauth2 flow",
    "Invalid token InvalidTokenError2 raised",
    "Unexpected token '<' at position 0",
    "unexpected token 'abc' in JSON at position 12",
    "secret 'binance-api-v2' not found",
    "secret version v12",
    "mfa required",
    "2fa=enabled",
    "pin 3 of the header",
    "def f(api_key: ApiKey, secret: str, passphrase: SecretStr):",
    "connect(api_key=api_key, secret=api_secret, password=DB_PASSWORD)",
    '{"api_key": "string"}',
    "cookies: LooseCookies | None",
    "proxy_auth: BasicAuth | None",
    "conn_key: ConnectionKey",
    '("http.cookies", "SimpleCookie")',
    "login failed after 3 tries -a bit late",
    "login page at -p 8080",
    "ssh -p 2222 host",
    "docker run -p 8080:80 nginx",
    "mkdir -p /tmp/x",
    f"signing tx {TRANSACTION}",
    f"signed order with id {TRANSACTION}",
    f"tx {TRANSACTION}",
    f"sha256 {PRIVATE}",
    PRIVATE.upper(),
    "3f786850e387550fdab836ed7e6dc881de23001b",
    "a" * 64,
    "wss://stream.binance.com:9443/ws/btcusdt@trade",
    "wss://stream.binance.com/stream?streams=btcusdt@kline_1m/ethusdt@kline_1m/solusdt@kline_1m/adausdt@kline_1m",
    '  File "/srv/bot/login.py", line 33, in password_check',
    "bearer of the basic idea Basic YWJjZGVmZ2hpamts",
    "http://proxy:8080/path@x",
]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("text", "secret"), HIDDEN)
def test_hides_a_credential_in_prose_at_every_level(text, secret, level):
    found = SANITIZER.sanitize_text(text, level)
    assert secret not in found
    assert SANITIZER.sanitize_text(found, level) == found
    assert secret not in SANITIZER.sanitize_stack_trace(f"ValueError: {text}", level)


@pytest.mark.parametrize("level", LEVELS[:3])
@pytest.mark.parametrize("text", BENIGN)
def test_leaves_a_sentence_about_credentials(text, level):
    assert SANITIZER.sanitize_text(text, level) == text


@given(st.text("0123456789abcdef", min_size=64, max_size=64), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_digest_of_64_characters_stays(digest, upper):
    assume(len(set(digest)) > 2)
    text = f"sha256 {digest.upper() if upper else digest} ok"
    assert SANITIZER.sanitize_text(text, "LOW") == text


NAMES = ["password", "api_key", "apiSecret", "X-MBX-APIKEY", "passphrase", "access_token", b"KC-API-PASSPHRASE"]
SECRET = "Tr4ding!Pass#9"


@given(
    name=st.sampled_from(NAMES),
    value=st.one_of(
        st.text("abcXYZ019!#_-", min_size=4, max_size=30).filter(lambda text: any(c.isalnum() for c in text)),
        st.sampled_from(["Tr4dingPass9", SECRET, "password", "MySecretKey", "apiKey", "token"]),
        st.integers(1000),
        st.binary(min_size=5, max_size=9).map(lambda raw: b"b1" + raw.hex().encode()),
        st.lists(st.integers(), min_size=1),
        st.dictionaries(st.text(), st.integers(), min_size=1),
    ),
    shape=st.sampled_from([list, tuple]),
    level=st.sampled_from(LEVELS),
)
@settings(max_examples=400, deadline=None)
def test_a_pair_of_a_sensitive_name_and_anything_hides_the_value(name, value, shape, level):
    from recoup_plugins.security_sanitizer.statements import says_about
    from recoup_plugins.security_sanitizer.values import is_placeholder

    text = value if isinstance(value, str) else "x1"
    assume(not is_placeholder(text) and not says_about("access_token", text, "TOKEN"))
    found = SANITIZER.sanitize({"args": [shape((name, value))]}, level)["args"][0]
    assert type(found) is shape
    assert found[0] == name
    assert found[1].startswith("[")
    assert found[1].endswith("]")
    assert isinstance(found[1], str)


@pytest.mark.parametrize(
    "payload",
    [
        {("password", SECRET)},
        {("password", SECRET): 1},
        {"password", SECRET},
        {frozenset({"password", SECRET}): 1},
        {f"password={SECRET}".encode()},
        {f"password={SECRET}".encode(): 1},
        {f"password={SECRET}"},
        ["user", "bob", "password", SECRET],
        {"args": ("login", "password", SECRET)},
        ["login", "--password", SECRET, "now"],
        {b"password": SECRET},
        {1: (b"password", SECRET.encode())},
    ],
)
@pytest.mark.parametrize("level", LEVELS)
def test_sets_keys_and_flat_lists_give_no_secret_away(payload, level):
    assert "Pass#9" not in repr(SANITIZER.sanitize(payload, level))


@pytest.mark.parametrize("payload", [{BINANCE}, {BINANCE: 1}, {"a": {BINANCE.encode()}}])
def test_a_key_by_its_shape_is_seen_in_sets_and_names(payload):
    assert BINANCE not in repr(SANITIZER.sanitize(payload, "LOW"))


@pytest.mark.parametrize(
    "payload",
    [
        ["id", "password", "created_at", "api_key"],
        ["--symbol", "BTC/USDT", "--password=***"],
        ["password", "api_key_v2", 5],
        {"buy", "sell"},
        ["password", None],
        ("token", "USDT"),
    ],
)
def test_lists_of_names_and_words_stay(payload):
    assert SANITIZER.sanitize(payload, "HIGH") == payload


def test_codes_are_hidden_as_numbers_too_and_switches_stay():
    assert SANITIZER.sanitize({"2fa": 123456, "mfa": "654321"}, "LOW") == {"2fa": "[OTP]", "mfa": "[OTP]"}
    assert SANITIZER.sanitize({"2fa": True, "mfa": "required"}, "LOW") == {"2fa": True, "mfa": "required"}
