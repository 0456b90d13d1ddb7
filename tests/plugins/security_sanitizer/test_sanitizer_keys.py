"""Which names are sensitive, at which level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup_plugins.security_sanitizer import Level
from recoup_plugins.security_sanitizer.keys import HARMLESS as SAYS_NOTHING
from recoup_plugins.security_sanitizer.keys import judge
from recoup_plugins.security_sanitizer.rulings import names_nothing

CREDENTIALS = """
api_key apiKey API-KEY ApiKey apikey x-api-key X-MBX-APIKEY OK-ACCESS-KEY OK-ACCESS-SIGN OK-ACCESS-PASSPHRASE
KC-API-KEY KC-API-SIGN KC-API-PASSPHRASE CB-ACCESS-KEY CB-ACCESS-SIGN CB-ACCESS-PASSPHRASE X-BAPI-API-KEY
X-BAPI-SIGN API-Sign bfx-apikey bfx-signature X-GEMINI-APIKEY X-GEMINI-SIGNATURE BITVAVO-ACCESS-KEY
BITVAVO-ACCESS-SIGNATURE X-CH-APIKEY X-CH-SIGN X-HK-APIKEY ACCESS-KEY ACCESS-SIGN ACCESS-PASSPHRASE
BX-SIGNATURE X-TXC-APIKEY DC-ACCESS-KEY X-AUTH-APIKEY X-AGGR-KEY request-sign X-COINONE-SIGNATURE
BM-AUTH-APIKEY X-Revx-API-Key X-SOURCE-KEY secret client_secret clientSecret private_key privateKey PRIVKEY
password passwd db_password DB_PASSWORD pwd passphrase mnemonic seed_phrase recoveryPhrase access_token
accessToken refresh_token id_token bot_token authToken jwt session_id sessionid cookie Set-Cookie
authorization Proxy-Authorization signature sign hmac listenKey listen_key otp totp two_fa 2fa_code api_key_2
password1 old_password api_key_value binance_api_secret userpassword mybinanceapikey webhook_secret
encryption_key signing_key credentials creds p\u200bassword \uff41\uff50\uff49_\uff4b\uff45\uff59
p\u0430ssword
""".split()  # noqa: SIM905 - a list of words

HARMLESS = """
symbol side status type message error_type component operation exchange bot_id attempt latency_ms retry_after
token_count max_tokens token_type token_expires_at password_length key_id sort_key cache_key primary_key
idempotency_key public_key keyboard monkey signal design assignment passed bypass author authority publickey
path file_name line function module version code recovery_attempts error_id timestamp severity api_key_name
has_secret_count rate_limit_type
""".split()  # noqa: SIM905 - a list of words


@pytest.mark.parametrize("name", CREDENTIALS)
def test_credentials_are_hidden_at_every_level(name):
    verdict = judge(name)
    assert verdict.kind
    assert verdict.level is Level.LOW


@pytest.mark.parametrize("name", HARMLESS)
def test_ordinary_names_are_harmless_below_critical(name):
    verdict = judge(name)
    assert not verdict.kind or verdict.level is Level.CRITICAL


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("email", "MEDIUM"),
        ("userEmail", "MEDIUM"),
        ("phone_number", "MEDIUM"),
        ("iban", "MEDIUM"),
        ("cvv", "MEDIUM"),
        ("walletAddress", "MEDIUM"),
        ("deposit_address", "MEDIUM"),
        ("ssn", "MEDIUM"),
        ("card_number", "MEDIUM"),
        ("user_id", "HIGH"),
        ("userName", "HIGH"),
        ("account_id", "HIGH"),
        ("uid", "HIGH"),
        ("ip_address", "HIGH"),
        ("X-Forwarded-For", "HIGH"),
        ("mac_address", "HIGH"),
        ("full_name", "HIGH"),
        ("order_id", "CRITICAL"),
        ("clientOrderId", "CRITICAL"),
        ("price", "CRITICAL"),
        ("avgPrice", "CRITICAL"),
        ("qty", "CRITICAL"),
        ("balance", "CRITICAL"),
        ("free", "CRITICAL"),
        ("position", "CRITICAL"),
        ("amount", "CRITICAL"),
    ],
)
def test_other_data_is_hidden_from_its_level_on(name, level):
    assert judge(name).level is Level[level]
    assert judge(name).kind


@given(st.from_regex(names_nothing.__self__, fullmatch=True))
def test_a_number_that_is_not_ruled_on_would_be_harmless(number):
    assert judge(number) == SAYS_NOTHING


@pytest.mark.parametrize("tag", ["554", "925", "96", "35"])
def test_a_tag_of_fix_is_ruled_on(tag):
    assert names_nothing(tag) is None
