"""How payloads of every shape come out: same shapes, nothing sensitive, within bounds."""

import copy
import traceback
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from ipaddress import ip_address
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import pytest
from attrs import define

from recoup_plugins.security_sanitizer import SanitizerConfig, SecurityDataSanitizer

SECRET = "AbCdEf123456789xyz"


@pytest.fixture(scope="module")
def sanitizer():
    return SecurityDataSanitizer()


def test_harmless_values_come_out_equal_and_of_their_type(sanitizer):
    payload = {
        "symbol": "BTC/USDT",
        "price": Decimal("65000.5"),
        "amount": 0.25,
        "attempt": 3,
        "ok": True,
        "nothing": None,
        "when": datetime(2024, 5, 1, tzinfo=UTC),
        "id": UUID("550e8400-e29b-41d4-a716-446655440000"),
        "sides": ("buy", "sell"),
        "tags": {"spot", "margin"},
        "frozen": frozenset({1, 2}),
        "raw": b"\xff\xfe\x00",
        "path": PurePosixPath("/srv/bot/app.py"),
        "levels": [[1, 2], [3.5, Decimal(4)]],
        7: "seven",
    }
    found = sanitizer.sanitize(payload, "HIGH")
    assert found == payload
    assert [type(value) for value in found.values()] == [type(value) for value in payload.values()]


def test_the_input_is_never_changed(sanitizer):
    payload = {"api_key": SECRET, "nested": [{"password": "x1y2z3"}, ("email", "a@example.com")]}
    before = copy.deepcopy(payload)
    sanitizer.sanitize(payload, "CRITICAL")
    assert payload == before


@pytest.mark.parametrize("value", [SECRET, 123456, 1.5, b"abc", ["a", "b"], {"x": 1}, ("a",), {1}, Decimal(1)])
def test_a_sensitive_key_hides_its_value_whatever_the_type(sanitizer, value):
    assert sanitizer.sanitize({"apiSecret": value}, "LOW") == {"apiSecret": "[SECRET]"}


@pytest.mark.parametrize("value", [None, "", "***", "[REDACTED]", "<hidden>"])
def test_what_is_no_secret_stays_under_a_sensitive_key(sanitizer, value):
    assert sanitizer.sanitize({"password": value}, "LOW") == {"password": value}


@pytest.mark.parametrize(
    "payload",
    [
        ["api_key", SECRET],
        ("X-MBX-APIKEY", SECRET),
        [(b"Authorization", f"Bearer {SECRET}".encode())],
        {"name": "api_key", "value": SECRET},
        {"key": "passphrase", "value": {"deep": SECRET}},
        ["run", "--api-key", SECRET, "--symbol", "BTC/USDT"],
        {"x": f"api_key={SECRET}"},
        {"outer": {"ok-access-sign": SECRET}},
        {f"token={SECRET}": "in a key"},
        OrderedDict(secret=SECRET),
        MappingProxyType({"secret": SECRET}),
        bytearray(f"password={SECRET}".encode()),
        {f"secret={SECRET}"},
    ],
)
def test_pairs_members_and_keys_are_seen(sanitizer, payload):
    assert SECRET not in repr(sanitizer.sanitize(payload, "LOW"))


def test_a_seed_phrase_as_a_list_is_hidden(sanitizer):
    words = [
        "abandon",
        "ability",
        "able",
        "about",
        "above",
        "absent",
        "absorb",
        "abstract",
        "absurd",
        "abuse",
        "access",
        "zoo",
    ]
    assert sanitizer.sanitize({"words": words}, "LOW") == {"words": ["[SEED_PHRASE]"]}


def test_masked_keys_that_coincide_keep_all_their_values(sanitizer):
    found = sanitizer.sanitize({"a@example.com": 1, "b@example.com": 2}, "MEDIUM")
    assert sorted(found.values()) == [1, 2]


def test_a_named_tuple_keeps_its_type_and_loses_its_secret(sanitizer):
    found = sanitizer.sanitize(Login("db", "hunter2"), "LOW")
    assert isinstance(found, Login)
    assert found == ("db", "[PASSWORD]")


def test_a_card_as_a_number_is_hidden_and_an_order_id_stays(sanitizer):
    payload = {"x": 4111111111111111, "order_id": 4111111111111111, "ts": 1714564800000}
    assert sanitizer.sanitize(payload, "MEDIUM") == {**payload, "x": "[CARD 1111]"}


def test_critical_hides_amounts_by_key_and_lower_levels_do_not(sanitizer):
    payload = {"price": Decimal("65000.5"), "balance": {"BTC": 1.5}, "order_id": "abc123", "symbol": "BTC/USDT"}
    assert sanitizer.sanitize(payload, "HIGH") == payload
    assert sanitizer.sanitize(payload, "CRITICAL") == {
        "price": "[PRICE]",
        "balance": "[BALANCE]",
        "order_id": "[ORDER]",
        "symbol": "BTC/USDT",
    }


def test_high_hides_users_and_addresses(sanitizer):
    payload = {"user_id": "u-1", "client_ip": "203.0.113.9", "peer": ip_address("203.0.113.9"), "bot_id": "b-1"}
    assert sanitizer.sanitize(payload, "HIGH") == {
        "user_id": "[USER]",
        "client_ip": "[IP]",
        "peer": "[IP]",
        "bot_id": "b-1",
    }
    assert sanitizer.sanitize(payload, "MEDIUM") == payload


def test_cycles_end(sanitizer):
    payload = {"name": "loop"}
    payload["self"] = payload
    assert sanitizer.sanitize(payload, "LOW") == {"name": "loop", "self": "[CYCLE]"}


def test_a_structure_that_shares_its_parts_costs_each_part_once(sanitizer):
    node = ["leaf"]
    for _ in range(10):
        node = [node, node]
    found = sanitizer.sanitize(node, "LOW")
    assert found[0] is found[1]


def test_depth_breadth_and_bytes_are_bounded_and_cuts_are_named():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(max_depth=3, max_items=10, max_bytes=64))
    deep = {"a": {"b": {"c": {"d": 1}}}}
    assert sanitizer.sanitize(deep, "LOW")["a"]["b"]["c"] == "[CUT dict below 3 levels]"
    assert sanitizer.sanitize(list(range(15)), "LOW") == [*range(10), "[CUT 5 items]"]
    assert sanitizer.sanitize(dict.fromkeys(range(15)), "LOW")["[CUT]"] == "5 more items"
    assert sanitizer.sanitize("ab cd " * 20, "LOW").endswith("[CUT 56 characters]")


def test_a_secret_on_the_edge_of_what_is_cut_does_not_show():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(max_bytes=64))
    text = "x " * 27 + f"api_key={SECRET}"
    assert SECRET[:2] not in sanitizer.sanitize(text, "LOW")


@dataclass
class Credentials:
    host: str
    password: str = field(repr=False)


@define
class Order:
    symbol: str
    client: Credentials


def test_dataclasses_and_attrs_objects_become_mappings(sanitizer):
    found = sanitizer.sanitize(Order("BTC/USDT", Credentials("db", "hunter2")), "LOW")
    assert found["symbol"] == "BTC/USDT"
    assert found["client"]["host"] == "db"
    assert found["client"]["password"] == "[PASSWORD]"


def test_an_exception_shows_type_message_chain_notes_and_attributes(sanitizer):
    try:
        try:
            raise KeyError(f"token={SECRET}")
        except KeyError as inner:
            outer = RuntimeError("login failed", {"api_key": SECRET})
            outer.headers = {"Authorization": f"Bearer {SECRET}"}
            outer.add_note(f"password: {SECRET}")
            raise outer from inner
    except RuntimeError as error:
        found = sanitizer.sanitize({"error": error}, "LOW")["error"]
    assert SECRET not in repr(found)
    assert found["type"] == "RuntimeError"
    assert found["cause"]["type"] == "KeyError"
    assert found["attributes"]["headers"] == {"Authorization": "[AUTHORIZATION]"}
    assert found["notes"] == ["password: [PASSWORD]"]


def test_an_exception_group_shows_its_exceptions(sanitizer):
    group = ExceptionGroup("two", [ValueError(f"secret={SECRET}"), ExceptionGroup("one", [OSError(f"pwd={SECRET}")])])
    found = sanitizer.sanitize(group, "LOW")
    assert SECRET not in repr(found)
    assert found["exceptions"][1]["exceptions"][0]["type"] == "OSError"


def test_a_traceback_keeps_its_lines(sanitizer):
    try:
        raise ValueError
    except ValueError as error:
        found = sanitizer.sanitize(
            {"tb": error.__traceback__, "captured": traceback.TracebackException.from_exception(error)}
        )
    assert "test_sanitizer_structure.py" in found["tb"]
    assert found["captured"].endswith("ValueError\n")


class Login(NamedTuple):
    host: str
    password: str


class Side(Enum):
    BUY = "buy"


class State(StrEnum):
    OPEN = "open"


class Raising:
    def __repr__(self):
        raise ValueError(SECRET)


class Huge:
    def __repr__(self):
        return "ab cd " * 200_000


class Leaking:
    def __repr__(self):
        return f"Client(api_key='{SECRET}')"


class NotText:
    def __repr__(self):
        return 5


class LyingText(str):
    __slots__ = ()

    def __str__(self):
        return "harmless"

    def lower(self):
        return ""


class LyingMapping(dict):
    def items(self):
        raise KeyError(SECRET)


class HostileError(Exception):
    def __str__(self):
        raise ValueError(SECRET)

    @property
    def args(self):
        raise ValueError(SECRET)


@pytest.mark.parametrize(
    "hostile",
    [Raising(), Huge(), Leaking(), NotText(), LyingText(f"api_key={SECRET}"), LyingMapping(a=1), HostileError("x")],
)
def test_a_hostile_object_neither_raises_nor_leaks_nor_floods(sanitizer, hostile):
    found = repr(sanitizer.sanitize({"x": hostile}, "LOW"))
    assert SECRET not in found
    assert len(found) < 300_000


def test_enum_members_stay_what_they_are(sanitizer):
    found = sanitizer.sanitize({"side": Side.BUY, "state": State.OPEN}, "HIGH")
    assert found == {"side": Side.BUY, "state": State.OPEN}
    assert isinstance(found["state"], State)


def test_an_error_context_must_be_a_mapping(sanitizer):
    with pytest.raises(TypeError, match="mapping"):
        sanitizer.sanitize_error_context(["x"])
    with pytest.raises(TypeError, match="expected str"):
        sanitizer.sanitize_stack_trace(b"x")


def test_the_default_level_is_medium(sanitizer):
    found = sanitizer.sanitize_error_context({"mail": "a@example.com", "client_ip": "203.0.113.9"})
    assert found == {"mail": "[EMAIL]", "client_ip": "203.0.113.9"}
