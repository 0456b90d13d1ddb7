"""What the sanitizer hides in running text, and what it leaves to the operator."""

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer, UnknownLevelError

LEVELS = ["LOW", "MEDIUM", "HIGH", "CRITICAL"]

# The lowest level that hides it, a text, and a part of the secret in it.
HIDDEN = [
    ("LOW", "otp: 123456", "123456"),
    ("LOW", "Set-Cookie: sid=abc123xyz; Path=/; HttpOnly", "abc123xyz"),
    ("LOW", "password=p@ss(w0rd)!x end", "w0rd"),
    ("LOW", "mysql+pymysql://root:p/w#1@10.0.0.5:3306/x", "p/w#1"),
    ("LOW", 'ws login: {"op":"login","args":[{"passphrase":"pp1","sign":"sgn12345=="}]}', "pp1"),  # level, text, secret
    ("LOW", "api_key=AbCdEf123456789", "AbCdEf123456789"),
    ("LOW", "password: hunter2", "hunter2"),
    ("LOW", '{"apiKey": "abcDEF123", "x": 1}', "abcDEF123"),
    ("LOW", r"{\"apiKey\": \"abcDEF123\", \"x\": 1}", "abcDEF123"),
    ("LOW", "X-MBX-APIKEY: vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A", "vmPUZE6"),
    ("LOW", "Authorization: Bearer abc.def.ghi12345", "abc.def"),
    ("LOW", "Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    (
        "LOW",
        "https://api.x.com/v3/order?symbol=BTCUSDT&timestamp=1&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        "c8db568",
    ),
    ("LOW", "postgres://bob:s3cr3t@db:5432/x", "s3cr3t"),
    ("LOW", "login --password hunter2 --user bob", "hunter2"),
    ("LOW", "<password>hunter2</password>", "hunter2"),
    ("LOW", "8=FIX.4.4|35=A|553=bob|554=hunter2|10=1|", "hunter2"),
    ("LOW", "mnemonic=abandon ability able about above absent", "ability"),
    ("LOW", "words: abandon ability able about above absent absorb abstract absurd abuse access accident end", "abuse"),
    ("LOW", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----", "MIIEp"),
    ("LOW", r"-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA trunc", "MIIEp"),
    ("LOW", "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefg", "eyJzdWI"),
    ("LOW", "key AKIAIOSFODNN7EXAMPLE used", "AKIAIOS"),
    ("LOW", "('OK-ACCESS-SIGN', 'abcd1234efgh')", "abcd1234"),
    ("LOW", "headers=[(b'KC-API-PASSPHRASE', b'mypass1')]", "mypass1"),
    ("LOW", '{"name": "api_key", "value": "abcdef99"}', "abcdef99"),
    ("LOW", "api_key%3Dabcdef123456", "abcdef123456"),
    ("LOW", r"{\u0022apiKey\u0022: \u0022abcdef123\u0022}", "abcdef123"),
    ("LOW", "{&quot;apiKey&quot;: &quot;abcdef123&quot;}", "abcdef123"),
    ("LOW", "p\u200bassword: hunter2", "hunter2"),
    ("LOW", "\u0430pi_k\u0435y=abcdef123", "abcdef123"),
    ("LOW", "pass\x1b[31mword=hunter2", "hunter2"),
    ("LOW", "passphrase is swordfish9", "swordfish9"),
    ("LOW", "api key abc123def456ghi is bad", "abc123def456"),
    ("LOW", "'secret' => 'abc'", "abc"),
    (
        "LOW",
        "ConnectionError: wss://stream.x.com/ws/pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1?listenKey=zz9",
        "zz9",
    ),
    ("LOW", "https://hooks.slack.com/services/T000/B000/XXXXyyyy", "XXXXyyyy"),
    ("LOW", "https://mainnet.infura.io/v3/0123456789abcdef0123456789abcdef", "0123456789ab"),
    ("LOW", "https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0/send", "AAHdqTcv"),
    ("MEDIUM", "card 4111 1111 1111 1111 declined", "4111 1111"),
    ("MEDIUM", "card 4111111111111111 x", "411111111111"),
    ("MEDIUM", "iban GB29 NWBK 6016 1331 9268 19 EUR", "6016 1331"),
    ("MEDIUM", "IBAN DE89370400440532013000.", "37040044"),
    ("MEDIUM", "mail alice@example.com now", "alice@example"),
    ("MEDIUM", "call +1 415 555 2671", "555 2671"),
    ("MEDIUM", "to 0x52908400098527886E0F7030069857D2E4169EE7", "52908400"),
    ("MEDIUM", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "1BvBMSE"),
    ("MEDIUM", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qar"),
    ("MEDIUM", "ssn 078-05-1120", "078-05"),
    ("HIGH", "from 203.0.113.7:443", "203.0.113.7"),
    ("HIGH", "from 2001:db8::ff00:42:8329", "2001:db8"),
    ("HIGH", "mac 00:1B:44:11:3A:B7", "1B:44"),
    ("HIGH", '  File "/home/alice/bot.py", line 3, in f', "alice"),
    ("HIGH", "user=alice failed", "alice"),
    ("HIGH", "account_id: 99887766", "99887766"),
    ("CRITICAL", "bought 0.5 BTC at 65000.25", "0.5"),
    ("CRITICAL", "bought 0.5 BTC at 65000.25", "65000.25"),
    ("CRITICAL", "orderId=12345678", "12345678"),
    ("CRITICAL", "order 12345678 rejected", "12345678"),
    ("CRITICAL", "balance: 1234.56", "1234.56"),
]

BENIGN = [
    "GET https://api.binance.com/api/v3/order?symbol=BTCUSDT&orderId=12345&recvWindow=5000 failed: 504",
    "self.secret = secret",
    "password=None",
    "api_key=***",
    "password: [PASSWORD]",
    "api_key = os.environ['API_KEY']",
    "token=config.token",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "order 1234567890123456 filled",
    "def f(api_key: str, secret: str | None = None):",
    "Invalid API key: check your permissions",
    "Signature for this request is not valid.",
    "2024-05-01 12:03:44,123 INFO binance BTC/USDT 65000.5",
    "tx 0x88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe6a713944b",
    "<Foo object at 0x7f3c2a1b5d90>",
    "symbol=BTC/USDT side=buy amount=0.5 price=65000",
    "Missing required fields: ['api_key', 'secret']",
    "api_key=api_key, secret=self.secret",
    "version 1.2.3.4",
    'ccxt.base.errors.AuthenticationError: {"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}',
    "token_bucket: 5 tokens left",
    "{'sort_key': 'price', 'cache_key': 'BTC:1m'}",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "orderId: 550e8400-e29b-41d4-a716-446655440000",
    "127.0.0.1:6379 refused",
    "std::vector",
    "KeyError: 'price'",
    "token: USDT",
    "password=<hidden>",
    "timestamp=1714564800000 recvWindow=5000",
    "HTTP 429 Too Many Requests, Retry-After: 30",
    "session closed: 1006",
    "secret is required",
    "key: BTC/USDT",
    "orderid 4111111111111111",
    "client_order_id=x-abc123def456",
    "trace id 4bf92f3577b34da6a3ce929d0e0e4736",
]


@pytest.fixture(scope="module")
def sanitizer():
    return SecurityDataSanitizer()


@pytest.mark.parametrize(("lowest", "text", "secret"), HIDDEN)
def test_hides_at_its_level_and_every_higher_one(sanitizer, lowest, text, secret):
    for level in LEVELS[LEVELS.index(lowest) :]:
        assert secret not in sanitizer.sanitize_text(text, level)
        assert secret not in sanitizer.sanitize_stack_trace(f"ValueError: {text}", level)


@pytest.mark.parametrize(("lowest", "text", "secret"), [row for row in HIDDEN if row[0] != "LOW"])
def test_leaves_it_below_its_level(sanitizer, lowest, text, secret):
    assert secret in sanitizer.sanitize_text(text, LEVELS[LEVELS.index(lowest) - 1])


@pytest.mark.parametrize(("lowest", "text", "secret"), HIDDEN)
def test_sanitizing_twice_changes_nothing_more(sanitizer, lowest, text, secret):
    once = sanitizer.sanitize_text(text, lowest)
    assert sanitizer.sanitize_text(once, lowest) == once


@pytest.mark.parametrize("level", LEVELS[:3])
@pytest.mark.parametrize("text", BENIGN)
def test_leaves_what_an_operator_needs(sanitizer, text, level):
    assert sanitizer.sanitize_text(text, level) == text


def test_levels_are_read_in_any_casing(sanitizer):
    assert sanitizer.sanitize_text("mail a.b@example.com", "medium") == "mail [EMAIL]"


@pytest.mark.parametrize("level", ["", "SEVERE", None, 3])
def test_an_unknown_level_is_an_error_that_names_the_levels(sanitizer, level):
    with pytest.raises(UnknownLevelError, match="LOW, MEDIUM, HIGH, CRITICAL"):
        sanitizer.sanitize_text("x", level)


def test_shows_the_last_four_digits_of_a_card_at_medium_only(sanitizer):
    text = "card 4111 1111 1111 1111 declined"
    assert sanitizer.sanitize_text(text, "MEDIUM") == "card [CARD 1111] declined"
    assert sanitizer.sanitize_text(text, "HIGH") == "card [CARD] declined"


def test_finds_a_card_right_behind_another_number(sanitizer):
    assert sanitizer.sanitize_text("ref 1234 4111 1111 1111 1111", "HIGH") == "ref 1234 [CARD]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ok\n2024-05-01 INFO forged", "ok\\n2024-05-01 INFO forged"),
        ("ok\r\nforged", "ok\\nforged"),
        ("a\x1b[2Jb\x1b[31mc", "abc"),
        ("a\x00b\x08c\x7f", "abc"),
        ("a\u2028b\u0085c", "a\\nb\\nc"),
        ("a\u202eb\u200bc", "abc"),
        ("a\tb", "a\tb"),
    ],
)
def test_a_message_cannot_forge_a_log_line(sanitizer, text, expected):
    assert sanitizer.sanitize_text(text, "LOW") == expected


def test_a_stack_trace_keeps_its_lines_and_hides_the_secret_in_its_message(sanitizer):
    trace = (
        "Traceback (most recent call last):\n"
        '  File "/home/alice/bot/exchange.py", line 12, in connect\n'
        "    self.secret = secret\n"
        '  File "/srv/bot/client.py", line 40, in login\n'
        "ValueError: bad api_key=AbCdEf123456789 for user"
    )
    found = sanitizer.sanitize_stack_trace(trace, "HIGH")
    assert found.split("\n") == [
        "Traceback (most recent call last):",
        '  File "/home/[USER]/bot/exchange.py", line 12, in connect',
        "    self.secret = secret",
        '  File "/srv/bot/client.py", line 40, in login',
        "ValueError: bad api_key=[API_KEY] for user",
    ]
    assert sanitizer.sanitize_stack_trace(trace, "HIGH") == found


def test_a_private_key_over_several_lines_of_a_trace_is_one_placeholder(sanitizer):
    trace = "E: x\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\nAwEHoUQD\n-----END EC PRIVATE KEY-----\nend"
    assert sanitizer.sanitize_stack_trace(trace, "LOW") == "E: x\n[PRIVATE_KEY]\nend"


def test_a_public_certificate_stays(sanitizer):
    text = "-----BEGIN CERTIFICATE----- MIIB -----END CERTIFICATE-----"
    assert sanitizer.sanitize_text(text, "HIGH") == text


@pytest.mark.parametrize(
    "spelling",
    [
        "correct/horse+9&",
        "correct%2Fhorse%2B9%26",
        "636f72726563742f686f7273652b3926",
        "636F72726563742F686F7273652B3926",
        "Y29ycmVjdC9ob3JzZSs5Jg==",
        "correct/horse+9&amp;",
        "correct/ho rse+9&",
    ],
)
def test_a_registered_value_is_removed_in_every_encoding(spelling):
    sanitizer = SecurityDataSanitizer()
    text = f"echo {spelling} end"
    sanitizer.sanitize_text(text, "LOW")  # remembered as harmless, until the value is registered
    sanitizer.register_secret("correct/horse+9&")
    assert sanitizer.sanitize_text(text, "LOW").replace("=", "") == "echo [SECRET] end"


def test_a_registered_value_is_found_inside_longer_base64():
    import base64

    sanitizer = SecurityDataSanitizer()
    sanitizer.register_secret("s3cr3t-value-1")
    for before in ("", "a", "ab", "abc"):
        text = base64.b64encode(f"{before}s3cr3t-value-1 and more".encode()).decode()
        assert "[SECRET]" in sanitizer.sanitize_text(text, "LOW")


def test_a_registered_value_must_be_longer_than_ordinary_text():
    with pytest.raises(ValueError, match="at least 4"):
        SecurityDataSanitizer().register_secret("abc")
    with pytest.raises(TypeError, match="int"):
        SecurityDataSanitizer().register_secret(1234567)
