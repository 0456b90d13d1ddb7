"""Which values of a configuration and an environment are taken for secrets."""

import pytest

from recoup import Config
from recoup_plugins.security_sanitizer.collected import MOST_COLLECTED, register_collected
from recoup_plugins.security_sanitizer.config import NameConfig, SanitizerConfig
from recoup_plugins.security_sanitizer.keys import KeyPolicy
from recoup_plugins.security_sanitizer.sanitizer import SecurityDataSanitizer
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


def collected(monkeypatch, environment, **settings):
    monkeypatch.setattr("os.environ", environment)
    config = SanitizerConfig(secrets_from_config=False, secrets_from_environment=True, **settings)
    sanitizer = SecurityDataSanitizer(config=config)
    register_collected(sanitizer, config, Config())
    return sanitizer


def test_names_of_the_deployments_own_are_collected_and_allowed_ones_are_not(monkeypatch):
    environment = {"DESK_CODE": SECRET, "REPORT_TOKEN": "Zq81LmN04pQrS6tUvW"}
    names = {"desk_code": NameConfig(kind="DESK_CODE")}
    sanitizer = collected(monkeypatch, environment, names=names, allow=("report_token",))
    assert sanitizer.sanitize_text(f"went in as {SECRET}") == "went in as [SECRET]"
    assert sanitizer.sanitize({"report": "Zq81LmN04pQrS6tUvW"}, "LOW") == {"report": "Zq81LmN04pQrS6tUvW"}


def test_what_is_beyond_the_bound_is_logged_by_number(monkeypatch, caplog):
    environment = {f"API_KEY_{number}": f"{SECRET}{number}z" for number in range(MOST_COLLECTED + 3)}
    collected(monkeypatch, environment)
    assert "3 secrets" in caplog.text
    assert SECRET not in caplog.text
