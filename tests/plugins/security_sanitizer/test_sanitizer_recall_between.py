"""What stands between a name and its value, keys handed over without names; and benign text that resembles them."""

import random
from base64 import b64encode

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SANITIZER = SecurityDataSanitizer()
DRAW = random.Random(71)
ONE = "tR4mZq81WvKe7LpXc2HsYb9Fd3Gn"
OTHER = "Yb9Fd3GnUa6JkPz0QwEoR4mZq81W"
PASSWORD = "Falcon-Ridge-8892"
HEX = DRAW.randbytes(32).hex()
DIGEST = DRAW.randbytes(32).hex()
B64 = b64encode(DRAW.randbytes(32)).decode()
UUID = "7c1d50be-9a42-4f0e-8b67-21e4d3c5a906"
WORDS = "exit total canal soup lens ivory robot crystal myth umbrella wise cargo".split()  # noqa: SIM905
ADDRESS = "0x0000000000000000000000000000000000000000"


def cleaned(text, level="LOW"):
    return SANITIZER.sanitize_text(text, level).replace("\\n", "\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"secret (hex) {HEX}", "secret (hex) [PRIVATE_KEY]"),
        (f"private key hex {HEX}", "private key hex [PRIVATE_KEY]"),
        (f"New password [hidden]: {PASSWORD}", "New password [hidden]: [PASSWORD]"),
        (f"Password(554)={PASSWORD} 108=30", "Password(554)=[PASSWORD] 108=30"),
        (f"tag 554 value {PASSWORD} refused", "tag 554 value [PASSWORD] refused"),
        (f"sig mismatch: got {B64} want {B64}", "sig mismatch: got [SIGNATURE] want [SIGNATURE]"),
        (f"password 'x' != '{PASSWORD}'", "password 'x' != '[PASSWORD]'"),
        (f"she typed {PASSWORD} as her password", "she typed [PASSWORD] as her password"),
        (f"it's {PASSWORD} (the db password)", "it's [PASSWORD] (the db password)"),
        (f"/login feed {PASSWORD}", "/login feed [PASSWORD]"),
        (f'["auth",{{"k":"{ONE}","s":"{HEX}"}}]', '["auth",{"k":"[CREDENTIALS]","s":"[CREDENTIALS]"}]'),
        (f'{{"title":"API key","value":"{ONE}"}}', '{"title":"API key","value":"[SECRET]"}'),
        (f'venue.New("{ONE}", "{OTHER}")', 'venue.New("[CREDENTIALS]")'),
        (f"api_keys:\n  okx: {UUID}\nmode: live", "api_keys:\n  okx: [API_KEY]\nmode: live"),
        (f'variable "db_password" {{\n  default = "{ONE}"\n}}', 'variable "db_password" {\n  default = "[SECRET]"\n}'),
        (f"Key (token, venue)=({ONE}, okx) already exists.", "Key (token, venue)=([PASSWORD], okx) already exists."),
        (f"Kennwort lautet {PASSWORD}", "Kennwort lautet [PASSWORD]"),
        (f"mot de passe incorrect : {PASSWORD}", "mot de passe incorrect : [PASSWORD]"),
        (f"\u5bc6\u7801\u662f {PASSWORD}", "\u5bc6\u7801\u662f [PASSWORD]"),
        (f"API \ud0a4: {ONE}", "API \ud0a4: [SECRET]"),
    ],
)
def test_what_stands_between_a_name_and_its_value_does_not_hide_it_from_the_rules(text, expected):
    found = cleaned(text)
    assert found.replace("[API_KEY]", "[SECRET]") == expected.replace("[API_KEY]", "[SECRET]")


def test_a_pointer_below_a_line_of_source_leads_to_the_value_of_its_name():
    text = (
        "    client = Client(api_key, symbol)\n"
        f"             \u2502      \u2502        \u2514 '{'BTC/USDT'}'\n"
        f"             \u2502      \u2514 '{ONE}'\n"
        "             \u2514 <class 'bot.Client'>"
    )
    found = SANITIZER.sanitize_stack_trace(text, "HIGH")
    assert ONE not in found
    assert found.count("\n") == text.count("\n")
    assert "'BTC/USDT'" in found
    assert "<class 'bot.Client'>" in found


@pytest.mark.parametrize(
    "payload",
    [
        {f"word{place}": word for place, word in enumerate(WORDS, 1)},
        dict(enumerate(WORDS)),
        list(enumerate(WORDS)),
        [{"index": place, "word": word} for place, word in enumerate(WORDS)],
        " ".join(f"seed_word_{place}={word}" for place, word in enumerate(WORDS, 1)),
        " \u2192 ".join(WORDS),
    ],
    ids=["named", "numbered", "pairs", "mappings", "members in text", "arrows"],
)
def test_the_words_of_a_phrase_are_found_as_members_of_their_own(payload):
    left = str(SANITIZER.sanitize(payload, "LOW"))
    assert "[SEED_PHRASE]" in left
    assert not any(word in left.split() or f"'{word}'" in left for word in WORDS)


def test_a_container_under_a_weak_plural_is_hidden_only_where_all_it_holds_is_random():
    assert SANITIZER.sanitize({"tokens": {"a": ONE, "b": OTHER}}, "LOW") == {"tokens": "[TOKEN]"}
    for harmless in ({"base": "BTC", "quote": "USDT"}, [DIGEST, DIGEST], ["USDT", "USDC"], []):
        assert SANITIZER.sanitize({"tokens": harmless}, "HIGH") == {"tokens": harmless}


@pytest.mark.parametrize(
    "text",
    [
        f"checksum mismatch: got {DIGEST} expected {DIGEST}",
        f"assertEqual('{DIGEST}', '{DIGEST}')",
        f'Order("{UUID}", "BTC/USDT")',
        "password [required]: value is missing",
        "secret (base64): invalid length",
        "tag 554 missing",
        "AUTH LOGIN failed",
        "mysql -u root -p desk",
        "curl -u $USER:$PASS https://host",
        "X-MBX-APIKEY: {self.apiKey}",
        'secret = "${var.secret}"',
        "UPDATE keys SET secret=? WHERE id=?",
        "http_auth=('elastic', os.environ['ES_PASS'])",
        "secrets:\n  provider: aws\n  region: eu-west-1\n  path: desk/okx",
        'variable "db_password" {\n  type = string\n}',
        "Key (client_order_id)=(x-R4BD3S82abc1) already exists.",
        "\u2514\u2500\u2500 password_policy.md",
        "mot de passe oubli\u00e9 ?",
        "contrase\u00f1a incorrecta",
        "Passwort muss 12 Zeichen haben",
        "compass heading 90, bypass: true",
        "uid=1000(bot) gid=1000(bot)",
        "client_id=rdkafka group=desk",
        "password_hash=bcrypt",
        "gpg: using RSA key 8A281939CF0D682F3ECD0E726A37D15B927606A7",
        '["login",{"result":"success"}]',
        "Keypair::from_bytes(raw)",
        "wallet: cold-1",
        "https://venue.io/password/reset",
        "12.5GiB of 16GiB, 2.4GHz, 250ms",
    ],
)
def test_benign_text_of_the_same_form_stays(text):
    assert cleaned(text, "HIGH") == text


@pytest.mark.parametrize(
    "payload",
    [
        {"owner": ADDRESS, "token_address": ADDRESS},
        {str(place): "open" for place in range(14)},
        [(place, "buy") for place in range(14)],
        [("64000.1", "0.5")] * 14,
        {"wallet": "hot-1", "client_id": "rdkafka"},
        {"pk": "USER#1", "sk": "ORDER#2"},
    ],
)
def test_benign_structures_of_the_same_form_stay(payload):
    assert SANITIZER.sanitize(payload, "HIGH") == payload


@pytest.mark.parametrize(
    ("text", "level", "hidden"),
    [
        ("server 178.79.107.109 unreachable", "HIGH", "178.79.107.109"),
        ("ssh lwei17@desk-1 exited 255", "HIGH", "lwei17"),
        ("Logged in as lwei17", "HIGH", "lwei17"),
        ("subaccount uid 768934936 not found", "HIGH", "768934936"),
        ("ACH routing 021000021 acct 5525382170", "MEDIUM", "5525382170"),
        ("bank account 20-00-00 / 78256544", "MEDIUM", "78256544"),
        ("cbu: 9901281949590563582965", "MEDIUM", "9901281949590563582965"),
        ("tax number 22373929982", "MEDIUM", "22373929982"),
        ("free USDT, 50993.39 used", "CRITICAL", "50993.39"),
        ("cancel 1958984231 ok", "CRITICAL", "1958984231"),
        ("position liq 28210.23", "CRITICAL", "28210.23"),
    ],
)
def test_what_words_around_a_number_or_name_say(text, level, hidden):
    assert hidden not in SANITIZER.sanitize_text(text, level)
