"""The strict sanitizer: what is not on the list does not pass."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup.testing import check_plugin
from recoup_plugins.strict_sanitizer import StrictSanitizer, StrictSanitizerConfig

CANARY = "q7Lm2vXc9Tzz"


def strict(**config):
    return StrictSanitizer(StrictSanitizerConfig(**config)).sanitize


def test_it_keeps_the_contract_of_its_hook():
    assert all(check.passed for check in check_plugin(StrictSanitizer, "strict_sanitizer"))


def test_it_is_off_by_default():
    assert StrictSanitizer.enabled_by_default is False


def test_allowed_fields_pass_and_others_show_their_type():
    payload = {
        "component": "exchange",
        "operation": "create_order",
        "error_type": "ValueError",
        "message": f"refused with {CANARY}",
        "user_id": 7,
        "symbol": "BTC/USDT",
        "details": {"status_code": 503, "body": b"x", "balance": Decimal(12), "at": datetime(2026, 1, 1, tzinfo=UTC)},
        "stack_trace": None,
    }
    assert strict()(payload) == {
        "component": "exchange",
        "operation": "create_order",
        "error_type": "ValueError",
        "message": "[TEXT]",
        "user_id": "[NUMBER]",
        "symbol": "BTC/USDT",
        "details": {"status_code": 503, "[FIELD 2]": "[BYTES]", "[FIELD 3]": "[NUMBER]", "[FIELD 4]": "[TIME]"},
        "stack_trace": None,
    }


def test_a_key_that_is_not_on_the_list_may_be_a_secret_itself():
    assert strict()({CANARY: 1, 17: "x", "attempt": 2}) == {
        "[FIELD 1]": "[NUMBER]",
        "[FIELD 2]": "[TEXT]",
        "attempt": 2,
    }


def test_a_name_counts_at_every_depth_and_a_path_from_the_root():
    payload = {"status_text": "a", "venue": {"status_text": "b", "reply": {"note": "c"}}, "note": "d"}
    clean = strict(allow=("status_text", "venue.reply.note"))(payload)
    assert clean == {"status_text": "a", "venue": {"status_text": "b", "reply": {"note": "c"}}, "note": "[TEXT]"}


def test_fields_are_added_to_the_default_ones():
    assert strict(also_allow=("region",))({"region": "eu", "component": "exchange"}) == {
        "region": "eu",
        "component": "exchange",
    }


def test_items_of_an_allowed_field_pass():
    assert strict()({"symbol": ["BTC/USDT", ("ETH/USDT",)], "names": ["BTC/USDT"]}) == {
        "symbol": ["BTC/USDT", ("ETH/USDT",)],
        "[FIELD 2]": ["[TEXT]"],
    }


def test_members_below_an_allowed_field_are_judged_by_their_own_names():
    assert strict()({"status": {"token": CANARY}}) == {"status": {"[FIELD 1]": "[TEXT]"}}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 201, "[TEXT of 201 characters]"),
        ("one\nforged line", "[TEXT of 15 characters]"),
        (4111111111111111, "[NUMBER]"),
        (float("nan"), "[NUMBER]"),
        (ValueError(CANARY), "[ERROR]"),
        (object(), "[OBJECT]"),
        (Enum("Side", {"BUY": "buy"}).BUY, "buy"),
        (2.5, 2.5),
        (True, True),
    ],
    ids=str,
)
def test_an_allowed_field_holds_plain_and_short_values_only(value, shown):
    assert strict()({"status": value}) == {"status": shown}


@pytest.mark.parametrize(
    "text",
    ["exchange", "create_order", "binance.create_order", "InsufficientFundsError", "circuit-breaker", "HTTPError"],
)
def test_text_without_a_field_passes_as_a_label(text):
    assert strict()(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "login failed", "hunter2", CANARY, "correcthorsebatterystaple", "x" * 65, "a_b", "naïve", "line\nforged"],
)
def test_other_text_without_a_field_does_not(text):
    assert strict()(text) == "[TEXT]"


def test_labels_may_be_listed():
    sanitize = strict(labels=("exchange", "desk 7"))
    assert [sanitize("exchange"), sanitize("desk 7"), sanitize("database")] == ["exchange", "desk 7", "[TEXT]"]


def test_depth_and_breadth_are_bounded():
    deep = {"status": None}
    for _ in range(50):
        deep = {"details": deep}
    assert "[CUT below 12 levels]" in str(strict()(deep))
    wide = strict()({"count": list(range(5000))})["count"]
    assert len(wide) <= 1001
    assert wide[-1] == "[CUT 4001 items]"


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a b"])
def test_a_path_that_could_never_match_is_refused(path):
    with pytest.raises(ValueError, match="'allow' must be names of fields, or paths"):
        StrictSanitizerConfig(allow=(path,))


LEAVES = st.one_of(
    st.just(CANARY), st.text().map(lambda text: text + CANARY), st.just(CANARY.encode()), st.integers(), st.none()
)
NAMES = st.sampled_from(["details", "message", "password", "note", CANARY, "user_id"])
PAYLOADS = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner), st.dictionaries(NAMES, inner), st.tuples(inner, inner))
)


@given(PAYLOADS)
def test_whatever_the_payload_what_is_not_listed_does_not_get_out(payload):
    assert CANARY not in repr(strict()(payload))


def test_it_serves_threads_at_once():
    sanitize = strict()
    payload = {"component": "exchange", "details": {"count": 3, "token": CANARY}}
    expected = sanitize(payload)
    wrong = []

    def ask():
        wrong.extend(found for _ in range(200) if (found := sanitize(payload)) != expected)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
