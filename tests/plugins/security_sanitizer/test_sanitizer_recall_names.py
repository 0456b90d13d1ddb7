"""The names under which venues and tools pass credentials are sensitive, in any spelling."""

import re
from pathlib import Path

import ccxt
import pytest

from recoup_plugins.security_sanitizer import Level
from recoup_plugins.security_sanitizer.keys import judge

CREDENTIAL = re.compile(r"self\.(?:apiKey|secret|password|privateKey|token)\b|^signature\d{0,2}\b|^sign\b")
ASSIGNED = re.compile(r"'([A-Za-z][\w\-]{1,40})'\s*(?::|\]\s*=)\s*([^\n,]{1,60})")

# Names that mean nothing without their place: ids of keys, subjects of a JWT, what is public by its name, methods.
BY_PLACE = {
    "id",
    "sub",
    "kid",
    "key_id",
    "publicKey",
    "public_key",
    "identity",
    "nonce",
    "GET",
    "HmacSHA256",
    "historicalTrades",
}


def names_in_ccxt():
    """Return the names that ccxt's signing code gives credentials: headers, parameters and members of frames."""
    found = {}
    for file in Path(ccxt.__file__).parent.glob("*.py"):
        source = file.read_text("utf-8")
        at = source.find("    def sign(")
        if at < 0:
            continue
        end = source.find("    def ", at + 8)
        for name, value in ASSIGNED.findall(source[at : end if end > 0 else len(source)]):
            if CREDENTIAL.search(value) and name not in BY_PLACE:
                found[name] = file.stem
    return found


def test_every_name_of_a_credential_in_ccxt_is_sensitive():
    names = names_in_ccxt()
    assert len(names) > 80
    harmless = {name: venue for name, venue in names.items() if not judge(name).kind or judge(name).level > Level.HIGH}
    assert harmless == {}


SPELLINGS = """
binance_api_key_2 BINANCE_APIKEY_MAIN apiSecretProd api_key_binance KRAKEN__API__SECRET exchange.okx.passphrase
X-PCK TAPI-ID TAPI-MAC Authent X-Authentication AccessKeyId aws_secret_access_key X-GEMINI-PAYLOAD X-TXC-PAYLOAD
BX-PUBLIC-KEY request-api xt-validate-appkey signed_challenge requirepass masterauth PHPSESSID JSESSIONID psk viewkey
spend_key hapikey dkey private_keys api_keys recovery_codes secretKeys clientSecrets tokens_main pass_phrase
senha hasło şifre wachtwoord lösenord heslo пароль 密码 パスワード 비밀번호 contraseña p\u0301assword api\u200bkey
""".split()  # noqa: SIM905 - a list of words

HARMLESS = """
cache_key cacheKey kafka_key message_key max_tokens token_type secret_arn secretKeyRef password_policy key_count
signature_version public_key_id authentication_error session_length passthrough bypass compass tokenizer monkey_patch
""".split()  # noqa: SIM905 - a list of words


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_of_credentials(name):
    assert judge(name).kind
    assert judge(name).level is Level.LOW


@pytest.mark.parametrize("name", HARMLESS)
def test_names_that_only_speak_of_credentials(name):
    assert not judge(name).kind


@pytest.mark.parametrize(
    "text",
    [
        "https://x-access-token:abc@github.com",
        "api_key: abc",
        "a=1;password=b",
        "the password of the user was wrong",
        "<secret>",
    ],
)
def test_a_text_is_no_name(text):
    assert not judge(text).kind
