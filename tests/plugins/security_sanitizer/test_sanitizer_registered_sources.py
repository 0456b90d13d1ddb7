"""Which values of a configuration and an environment are taken for secrets."""

import pytest

from recoup_plugins.security_sanitizer.keys import KeyPolicy
from recoup_plugins.security_sanitizer.secret_sources import is_collectable, secrets_in

KEYS = KeyPolicy()
SECRET = "AbCdEf123456789xyz"


def found(mapping):
    return list(secrets_in(mapping, KEYS))


@pytest.mark.parametrize(
    "mapping",
    [
        {"BINANCE_API_SECRET": SECRET},
        {"exchange": {"apiKey": SECRET}},
        {"accounts": [{"name": "main", "passphrase": SECRET}]},
        {"DB_PASSWORD": f"  {SECRET}\n"},
        {b"AWS_SECRET_ACCESS_KEY": SECRET.encode()},
        {"DATABASE_URL": f"postgresql://bot:{SECRET}@db.internal:5432/trades"},
        {"WEBHOOK": f"https://x.example.com/hook?token={SECRET}&v=1"},
        {"api_keys": [SECRET]},
        {"credentials": {"main": SECRET}},
    ],
)
def test_what_stands_under_a_credentials_name_is_collected(mapping):
    assert SECRET in found(mapping)


def test_lists_in_text_give_their_parts_and_nothing_comes_twice():
    other = "ZyXwVu987654321abc"
    assert found({"API_KEYS": f"{SECRET},{other}", "api_key": SECRET}) == [f"{SECRET},{other}", SECRET, other]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "short1",
        "true",
        "disabled",
        "production",
        "not configured",
        "trading-bot",
        "localhost:5432",
        "vault.internal.example.com",
        "127.0.0.1:8080",
        "/run/secrets/api_key",
        "~/.ssh/id_ed25519",
        "C:\\keys\\api.txt",
        "${API_KEY_FILE}",
        "env:BINANCE_KEY_1",
        "bob@example.com",
        "12345678",
        "********",
        "<redacted>",
        "https://example.com/token/1",
    ],
)
def test_what_could_be_ordinary_text_is_not(value):
    assert found({"api_secret": value, "PASSWORD": value, "SSH_KEY": value}) == []


@pytest.mark.parametrize(
    "value",
    [
        "hunter2-correct",
        "correct-horse-battery-staple-purple",
        "4815162342",
        "P@ssw0rd!",
        "-----BEGIN KEY-----\nAb1\n-----END KEY-----",
    ],
)
def test_what_cannot_be_mistaken_is(value):
    assert is_collectable(value)
    assert value in found({"db": {"password": value}})


def test_other_names_are_left_alone():
    assert found({"host": SECRET, "symbol": SECRET, "client_order_id": SECRET, "USER": SECRET, 5: SECRET}) == []


def test_a_mapping_that_holds_itself_ends():
    section = {"api_key": SECRET}
    section["self"] = section
    assert found(section) == [SECRET]
