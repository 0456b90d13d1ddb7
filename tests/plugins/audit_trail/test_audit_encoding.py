"""How events become lines: plain, bounded, readable by anything."""

from __future__ import annotations

import json
from decimal import Decimal
from types import MappingProxyType

import pytest

from recoup import ErrorSeverity, StateEvent, ThreatEvent
from recoup_plugins.audit_trail.encoding import EventEncoder


class Hostile:
    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __repr__


def encoded(event, size=32_768):
    text = "{" + EventEncoder(size).members(event) + "}"
    assert len(text) <= size
    assert text.isascii()
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def threat(**evidence):
    return ThreatEvent(
        threat="brute_force", severity=ErrorSeverity.HIGH, confidence=0.5, component="web", operation="login",
        evidence=evidence,
    )  # fmt: skip


def test_values_that_json_has_no_form_for_become_text():
    cycle = {}
    cycle["self"] = cycle
    data = encoded(
        threat(
            price=Decimal("0.10"), raw=b"abc", thing=Hostile(), nan=float("nan"), big=10**5000, cycle=cycle,
            proxy=MappingProxyType({"a": 1}), half="\ud800", keys={(1, 2): 3}, emoji="\U0001f600", many={1, 2},
        )
    )["data"]["evidence"]  # fmt: skip
    assert data["price"] == "0.10"
    assert data["raw"] == "(3 bytes)"
    assert data["thing"] == "(Hostile)"
    assert data["nan"] == "nan"
    assert data["big"].startswith("(an integer of")
    assert data["half"] == "\ufffd"
    assert data["emoji"] == "\U0001f600"
    assert data["proxy"] == {"a": 1}
    assert "items)" in json.dumps(data["cycle"])


@pytest.mark.parametrize("size", [4096, 32_768])
def test_a_record_is_cut_to_its_size_and_says_what_went(size):
    record = encoded(StateEvent(subject="s", old="a", new="b", detail="\u2028" * 100_000), size)
    assert record["data"]["detail"].startswith("\u2028" * 32)
    assert "characters cut" in record["data"]["detail"]
    assert record["cut"] > 90_000
    wide = encoded(threat(**{f"k{number}" * 100: ["\U0001f600" * 500] * 50 for number in range(50)}), size)
    assert wide["data"]["component"] == "web"
    assert wide["cut"]
