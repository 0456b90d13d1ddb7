"""Plain payloads are copied in one pass: with the same result as value by value, and with nothing of the original."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup_plugins.security_sanitizer import SecurityDataSanitizer
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.structure import Walk
from recoup_plugins.security_sanitizer.unremarkable import unremarkable

SANITIZER = SecurityDataSanitizer()
OTHER_SECRETS = ("Zr8uWv3Qx9Lm2Tn5Pb7Yc4Hd", "91827364554637281", "77120.55443", "brisk-otter-lamp-58")
KEY = "Kx2DmCAeKB8WTXi4WEvq7Rb1"
LEVELS = [level.name for level in Level]

NAMES = st.sampled_from(
    [
        *("symbol", "price", "id", "api_key", "password", "name", "value", "params", "data", "rows", "columns", "note"),
        *("e", "msg", "side", "traceback", "554", "35", "b1Gn4meOfAKey7"),
    ]
)
TEXTS = st.sampled_from(
    [
        *("BTC/USDT", "buy", "41000.5", "2026-11-03T12:33:01Z", "api_key", "--api-key", "password", KEY, f"sent {KEY}"),
        *("trader@example.com wrote", "abandon", "login failed password=hunter22xyz", "two\nlines", "%s was sent", ""),
    ]
)
LEAVES = TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just(4111111111111111)
PAYLOADS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=6) | st.tuples(inner, inner),
    max_leaves=24,
)


def _containers(payload: Any) -> list[Any]:
    if isinstance(payload, dict):
        return [payload, *(held for item in payload.values() for held in _containers(item))]
    if isinstance(payload, list | tuple):
        return [payload, *(held for item in payload for held in _containers(item))]
    return []


@settings(max_examples=150, deadline=None)
@given(payload=st.dictionaries(NAMES, PAYLOADS, max_size=6), level=st.sampled_from(LEVELS))
def test_a_plain_payload_comes_out_as_it_does_value_by_value(payload, level):
    SANITIZER._text.forget()
    first = SANITIZER.sanitize(payload, level)
    assert SANITIZER.sanitize(payload, level) == first  # with its names known by now
    assert SANITIZER.sanitize(deque([payload]), level) == deque([first])  # a queue is walked


@settings(max_examples=100, deadline=None)
@given(payload=st.dictionaries(NAMES, PAYLOADS, max_size=6) | st.lists(PAYLOADS, max_size=6))
def test_the_copy_shares_no_container_with_the_original_and_leaves_it_alone(payload):
    before = repr(payload)
    copied = SANITIZER.sanitize(payload, "HIGH")
    mutable = {id(held) for held in _containers(payload) if type(held) is not tuple}
    assert mutable.isdisjoint(map(id, _containers(copied)))
    assert repr(payload) == before


def test_a_list_that_is_the_whole_payload_is_never_handed_back():
    pair: list[Any] = ["BTC/USDT", "ETH/USDT"]
    copied = SANITIZER.sanitize(pair, "HIGH")
    assert copied == pair
    assert copied is not pair


def test_a_name_that_is_hidden_keeps_its_place_among_the_others():
    payload = {"a": 1, "trader@example.com": {"b": 2}, "c": "live"}
    for _ in range(2):
        copied = SANITIZER.sanitize(payload, "MEDIUM")
        assert list(copied) == ["a", "[EMAIL]", "c"]
        assert copied["[EMAIL]"] == {"b": 2}


def test_names_that_come_out_alike_are_told_apart():
    copied = SANITIZER.sanitize({"one@example.com": 1, "two@example.com": 2, "c": 3}, "MEDIUM")
    assert list(copied.values()) == [1, 2, 3]


def test_what_a_name_hides_is_hidden_in_the_members_before_it():
    copied = SANITIZER.sanitize({"note": f"sent {KEY} twice", "l": [KEY], "api_key": KEY}, "LOW")
    assert KEY not in repr(copied)


def test_a_shared_and_a_cyclic_container_are_walked():
    shared = {"price": "1.5"}
    payload: dict[str, Any] = {"a": shared, "b": [shared]}
    assert SANITIZER.sanitize(payload, "HIGH") == payload
    payload["self"] = payload
    assert SANITIZER.sanitize(payload, "HIGH")["self"] == "[CYCLE]"
    inner: dict[str, Any] = {"params": {}}
    inner["params"]["back"] = inner
    assert SANITIZER.sanitize(inner, "HIGH") == {"params": {"back": "[CYCLE]"}}


@pytest.mark.parametrize("level", [Level.LOW, Level.MEDIUM, Level.HIGH])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_what_is_taken_for_a_number_or_a_time_is_nothing_that_a_step_changes(level, data):
    text = data.draw(st.from_regex(unremarkable(usual=True).__self__, fullmatch=True))  # type: ignore[attr-defined]
    assert SANITIZER._text.clean(text, level) == text


def _registering(*secrets: str) -> SecurityDataSanitizer:
    sanitizer = SecurityDataSanitizer()
    for secret in secrets:
        sanitizer.register_secret(secret)
    return sanitizer


REGISTERING = _registering(*OTHER_SECRETS)


@settings(max_examples=200, deadline=None)
@given(payload=st.dictionaries(NAMES, PAYLOADS, max_size=6), level=st.sampled_from(LEVELS))
def test_registered_values_change_nothing_about_a_payload_that_holds_none(payload, level):
    assert REGISTERING.sanitize(payload, level) == SANITIZER.sanitize(payload, level)


def test_an_id_is_no_card_because_something_else_is_registered():
    payload = {"order_id": 4111111111111111, "made": datetime(2026, 11, 3, tzinfo=UTC)}
    assert REGISTERING.sanitize(payload, "HIGH") == payload


@pytest.mark.parametrize(
    "held",
    [
        pytest.param({"note": OTHER_SECRETS[0]}, id="a text"),
        pytest.param({"order_id": OTHER_SECRETS[1]}, id="a number as text under the name of an id"),
        pytest.param({"order_id": int(OTHER_SECRETS[1])}, id="a number under the name of an id"),
        pytest.param({"price": float(OTHER_SECRETS[2])}, id="a float"),
        pytest.param({"price": OTHER_SECRETS[2]}, id="a number that no step looks at"),
        pytest.param({"prices": [[1.5, float(OTHER_SECRETS[2])]]}, id="a float in a list"),
        pytest.param({"one": "brisk-otter", "n": 1, "two": "-lamp-58"}, id="parts in members"),
        pytest.param([["brisk-otter", 1, "-lamp-58", "x"]], id="parts in a list"),
        pytest.param({"parts": ("brisk-", "otter-", "lamp-58")}, id="parts in a tuple"),
        pytest.param({"raw": [*OTHER_SECRETS[3].encode()]}, id="bytes as numbers"),
        pytest.param({"params": {"data": {"value": OTHER_SECRETS[0]}}}, id="below names that lean on others"),
        pytest.param({"error": ValueError(f"refused {OTHER_SECRETS[0]}")}, id="an exception"),
        pytest.param({OTHER_SECRETS[0]: [1]}, id="a name"),
        pytest.param({"traceback": f"Traceback\n  at {OTHER_SECRETS[0]}\n"}, id="a stack trace"),
    ],
)
def test_a_registered_value_is_found_wherever_a_plain_payload_holds_it(held):
    for payload in (held, {"a": {"b": [held]}, "symbol": "BTC/USDT"}):
        sanitizer = _registering(*OTHER_SECRETS)
        for _ in range(2):
            shown = repr(sanitizer.sanitize(payload, "LOW"))
            assert "[SECRET]" in shown
            assert not any(secret in shown for secret in (*OTHER_SECRETS, "lamp-58", "98, 114, 105"))


def test_a_registered_value_under_a_credentials_name_does_not_stop_the_copying(monkeypatch):
    monkeypatch.setattr(Walk, "_walked", None)
    sanitizer = _registering(*OTHER_SECRETS)
    for _ in range(2):
        shown = sanitizer.sanitize({"headers": {"X-MBX-APIKEY": OTHER_SECRETS[0]}, "price": "41000.5"}, "HIGH")
        assert shown == {"headers": {"X-MBX-APIKEY": "[API_KEY]"}, "price": "41000.5"}


@frozen
class _Fill:
    price: str
    api_key: str


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        (("BTC/USDT", "1.5", ("--api-key", KEY)), ("BTC/USDT", "1.5", ("--api-key", "[API_KEY]"))),
        ({"trader@example.com": ("buy", "sell"), "b": (1,)}, {"[EMAIL]": ("buy", "sell"), "b": (1,)}),
        ([["41000.5", "0.25"], [41000, 0.25]], [["41000.5", "0.25"], [41000, 0.25]]),
        ({"params": {"side": "buy"}}, {"params": {"side": "buy"}}),
        ({"name": "api_key", "value": KEY}, {"name": "api_key", "value": "[API_KEY]"}),
        ({"stack_trace": "one\ntwo"}, {"stack_trace": "one\ntwo"}),
        ([["price", "1.5"], ["api_key", KEY]], [["price", "1.5"], ["api_key", "[API_KEY]"]]),
    ],
)
def test_what_has_containers_in_it_is_copied_in_the_same_pass(monkeypatch, held, shown):
    monkeypatch.setattr(Walk, "_walked", None)
    assert SANITIZER.sanitize({"held": held}, "HIGH")["held"] == shown


def test_objects_with_parts_are_copied_in_the_same_pass(monkeypatch):
    monkeypatch.setattr(Walk, "_walked", None)
    shown = SANITIZER.sanitize({"fill": _Fill("1.5", KEY), "error": KeyError("BTC/USDT"), "at": Decimal("1.5")}, "HIGH")
    assert shown["fill"] == {"type": f"{_Fill.__module__}._Fill", "price": "1.5", "api_key": "[API_KEY]"}
    assert shown["error"] == {"type": "KeyError", "message": "'BTC/USDT'", "args": ("BTC/USDT",)}
    assert shown["at"] == Decimal("1.5")
