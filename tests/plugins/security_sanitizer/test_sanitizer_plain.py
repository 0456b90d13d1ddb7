"""Plain payloads are copied in one pass: with the same result as value by value, and with nothing of the original."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup_plugins.security_sanitizer import SecurityDataSanitizer
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.unremarkable import unremarkable

SANITIZER = SecurityDataSanitizer()
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
    assert SANITIZER.sanitize((payload,), level) == (first,)  # a tuple is walked


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
