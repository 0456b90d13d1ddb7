"""Secrets whose names stand apart from them, are joined to them unusually, or that only their form tells."""

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SANITIZER = SecurityDataSanitizer()

KEY = "q7Tz9Lw2Vn8Rk4Ys1Bm6Xc3Hd5Jf0Pg"
PASSWORD = "Harbor!Quill93"
WORDS = "quiet-maple-river71"
HEX = "9f3c1e7ab24d8056c1fe93ab7740d2be5518ac6f03d94be7218cf05a6ed3b719"
KEYPAIR = [(37 * place + 11) % 256 for place in range(64)]

NAMED_APART = [
    f"aws ssm put-parameter --name /bot/api_secret --value {KEY} --type SecureString",
    f"az keyvault secret set --vault-name v --name okx-api-secret --value {KEY}",
    f"Found key 'api_secret' in PropertySource with value '{KEY}'",
    f"field api_secret with value {KEY} is too long",
    f"got unexpected value '{KEY}' for option 'api_secret'",
    f"api_secret changed from vX3mKe82LqZw to {KEY}",
    f"key,value\napi_secret,{KEY}\ntz,UTC",
    f"name|okx|api_secret|{KEY}|retries|3",
    f"okx;api_secret;{KEY};live",
    f'<param name="api_secret" type="string">{KEY}</param>',
    f'redis.set("api_secret:okx", "{KEY}")',
    f"consul kv put bot/okx/api_secret {KEY}",
]
JOINED = [
    f"*API secret:* {KEY}\n*retries:* 3",
    f"api secret {'.' * 12} {KEY}",
    f' $ api_secret: chr "{KEY}"',
    f'[{{name,<<"okx">>}},{{api_secret,<<"{KEY}">>}}]',
    f'{{:name "okx", :api-secret "{KEY}"}}',
    f'ApiSecret: (string) (len=32) "{KEY}"',
    f's:10:"api_secret";s:32:"{KEY}";',
    f'let api_secret: &str = "{KEY}";',
    f"api_secret: Final[str] = '{KEY}'",
    f'client.setApiSecret("{KEY}")',
    f"api_secret == {KEY}",
    f"api secret #2: {KEY}",
    f"secret[0]={KEY}",
    f"API_KEY[okx]={KEY}",
    f"<p>Your token is <b>{KEY}</b></p>",
    f"MASTERKEY={KEY}",
]
ESCAPED = [
    f"""message: '{{''api_secret'': ''{KEY}''}}'""",
    f"""1,"{{""api_secret"":""{KEY}""}}",ok""",
    f'{{"msg": "api_secret\\t{KEY}\\nretries\\t3"}}',
    f'{{"msg": "[[\\"api_secret\\", \\"{KEY}\\"], [\\"retries\\", 3]]"}}',
    f'{{"msg": "<key>api_secret</key>\\n\\t<string>{KEY}</string>"}}',
    f"recv b'api_secret \\xe2\\x86\\x92 {KEY}'",
    f"\\uff41\\uff50\\uff49_\\uff53\\uff45\\uff43\\uff52\\uff45\\uff54={KEY}",
    f"text=api_secret+was+set+to+{KEY}",
    f'{{"m": "{{\\"35\\": \\"A\\", \\"554\\": \\"{PASSWORD}\\"}}"}}',
    f"\\033[31mtoken\\033[0m=\\033[1m{KEY}\\033[0m",
]
SPOKEN = [
    f"here's the passphrase for okx -> {KEY}",
    f"I rotated the token, new one: {KEY}",
    f"the new API secret for kraken is `{KEY}`",
    f"the password you asked for -- {PASSWORD}",
    f"changed the password to {PASSWORD}",
    f"use {PASSWORD} as the passphrase",
    f"password for okx [{PASSWORD}]",
]
MATERIAL = [
    f"signer pk=0x{HEX}",
    f"loaded keypair {KEYPAIR}",
    'pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DP")',
    f"connect bot:{WORDS}@tcp(db:3306)/trades",
    f"SIGNINGSECRET={KEY}",
    f"unzip -P {PASSWORD} keys.zip",
    f"sshpass -p {PASSWORD} ssh bot@host",
    f"net use \\\\nas\\ticks {PASSWORD} /user:bot",
    f"8=FIX.4.4^A35=A^A553=bot^A554={PASSWORD}^A10=001^A",
    f"35=A\u2401553=bot\u2401554={PASSWORD}\u240110=001\u2401",
    f"rabbitmqctl add_user bot {PASSWORD}",
    f"htpasswd -nb bot {PASSWORD}",
    f"key follows\n{HEX}\n{KEY}\n-----END RSA PRIVATE KEY-----",
    "two_factor_code: 880690",
]
SECRETS = (KEY, PASSWORD, WORDS, HEX, str(KEYPAIR)[1:60], "JBSWY3DPEHPK3PXP", "880690", "vX3mKe82LqZw")


@pytest.mark.parametrize("text", [*NAMED_APART, *JOINED, *ESCAPED, *SPOKEN, *MATERIAL])
def test_no_part_of_the_secret_is_left(text):
    assert any(secret in text for secret in SECRETS)
    for found in (SANITIZER.sanitize_stack_trace(text, "LOW"), SANITIZER.sanitize_text(f"{text} (retry 3)", "LOW")):
        assert not any(secret in found for secret in SECRETS)


@pytest.mark.parametrize("text", [*NAMED_APART, *JOINED, *ESCAPED[:2], *SPOKEN])
def test_what_was_cleaned_is_not_changed_again(text):
    found = SANITIZER.sanitize_stack_trace(text, "LOW")
    assert SANITIZER.sanitize_stack_trace(found, "LOW") == found


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (f'secret = "{KEY[:16]}" + "{KEY[16:]}"', KEY[16:]),
        (f"secret = ('{KEY[:16]}'\n          '{KEY[16:]}')", KEY[16:]),
        (f"export API_SECRET={KEY[:16]}\\\n{KEY[16:]}", KEY[16:]),
        ("passphrase: quiet maple river stone", "maple"),
        (
            "mnemonic: narrer pelage quotient obstacle geyser inutile digital lugubre cruel numéro panda maximal",
            "pelage",
        ),
        (f"api_key=[API_KEY]{KEY}", KEY),
    ],
)
def test_a_value_in_several_pieces_goes_as_a_whole(text, rest):
    assert rest not in SANITIZER.sanitize_stack_trace(text, "LOW")


def test_an_iban_in_groups_goes_as_a_whole():
    assert SANITIZER.sanitize_text("iban=GB66 QZLT 0170 0572 7983 15 sent", "MEDIUM") == "iban=[IBAN] sent"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"Key": "apiSecret", "Value": KEY}, {"Key": "apiSecret", "Value": "[SECRET]"}),
        (
            {"Name": "API_SECRET", "Type": "SecureString", "Value": KEY},
            {"Name": "API_SECRET", "Type": "SecureString", "Value": "[SECRET]"},
        ),
        (
            {"columns": ["venue", "api_secret"], "rows": [["okx", KEY], ["htx", None]]},
            {"columns": ["venue", "api_secret"], "rows": [["okx", "[SECRET]"], ["htx", None]]},
        ),
        (
            {"names": ["venue", "api_secret"], "values": ("okx", KEY)},
            {"names": ["venue", "api_secret"], "values": ("okx", "[SECRET]")},
        ),
        ({("okx", "api_secret"): KEY}, {("okx", "api_secret"): "[SECRET]"}),
        (
            {"msg": "api_secret=%s for %s", "args": (KEY, "okx")},
            {"msg": "api_secret=%s for %s", "args": ("[SECRET]", "okx")},
        ),
        ({"msg": "password: {p}", "args": {"p": PASSWORD}}, {"msg": "password: {p}", "args": {"p": "[SECRET]"}}),
        (
            {"op": "auth", "args": [KEY, 1772000000, HEX]},
            {"op": "auth", "args": ["[CREDENTIALS]", 1772000000, "[CREDENTIALS]"]},
        ),
        ({"id": KEYPAIR}, {"id": ["[PRIVATE_KEY]"]}),
        (
            {"lines": ["-----BEGIN PRIVATE KEY-----", "MIGHAgEAMBMG", "-----END PRIVATE KEY-----"]},
            {"lines": ["[PRIVATE_KEY]"]},
        ),
        ({"crypto": {"ciphertext": HEX, "kdf": "scrypt"}}, {"crypto": {"ciphertext": "[SECRET]", "kdf": "scrypt"}}),
    ],
)
def test_one_member_tells_what_another_holds(payload, expected):
    assert SANITIZER.sanitize(payload, "LOW") == expected


@pytest.mark.parametrize(
    "text",
    [
        'secret "bot-creds-v2" not found in namespace trading',
        'using credential "prod-key-2" for okx',
        'getSecret("db-creds-2")',
        "loading api key .... done",
        "refreshing token .... 3 attempts",
        "apikey|created_at|updated_at",
        "key,value\ntz,UTC+9\nretries,3",
        "--key order_id --value 7712345678",
        "token for BTC-PERP: 2 listed",
        "API key rejected for order: 5f3a9bcd01ef",
        "access token for session 3f2a9b1c8d7e: expired",
        "api_key: Optional[str] = None",
        "routing_key=orders.created.okx",
        "ciphertext too short: 12 bytes",
        "depth [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]",
        "api_key=[API_KEY]&symbol=BTCUSDT",
        "passphrase: wrong for this key",
        "mnemonic: not configured on this host at all and this line goes on for many more words",
        r"path=C:\secret\table2\config",
        "if password == other_password: raise",
    ],
)
def test_what_only_resembles_a_secret_stays(text):
    assert SANITIZER.sanitize_stack_trace(text, "MEDIUM") == text


@pytest.mark.parametrize(
    "payload",
    [
        {"columns": ["symbol", "price"], "rows": [["BTC", 1]]},
        {"msg": "order %s placed on %s", "args": ["7712a", "okx"]},
        {"op": "subscribe", "args": ["trade.BTCUSDT", "book.ETH2"]},
        {"type": "author", "data": ["alice_2 wrote", "b"]},
        {("okx", "BTC/USDT"): "12a"},
        {"msg": "%999999999d", "args": ["12345678"]},
        list(range(64)),
        [],
    ],
)
def test_members_that_tell_nothing_change_nothing(payload):
    assert SANITIZER.sanitize(payload, "MEDIUM") == payload


PHRASE = "dignity foot wrap lyrics skate away drum beyond clog lottery suspect pen"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'bot --mnemonic "{PHRASE}" --index 0', 'bot --mnemonic "[SEED_PHRASE]" --index 0'),
        (f"secret: {PHRASE}", "secret: [SECRET]"),
        (f"the secret {PHRASE} index 0", "the secret [SEED_PHRASE] index 0"),
        (f"bot --password 'two words {PASSWORD}' --live", "bot --password '[PASSWORD]' --live"),
    ],
)
def test_what_stands_around_a_secret_of_several_words_stays(text, found):
    assert SANITIZER.sanitize(text, "LOW") == found


def test_a_message_in_json_counts_as_fix_only_with_its_type():
    assert SANITIZER.sanitize('{"553": "retry", "554": "again"}', "HIGH") == '{"553": "retry", "554": "again"}'
