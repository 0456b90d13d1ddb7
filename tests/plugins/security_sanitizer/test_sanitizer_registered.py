"""A registered value vanishes in every spelling, and only it does."""

import base64
import copy
import gc
import html
import json
import pickle
import string
import threading
import uuid
from collections import deque
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recoup_plugins.security_sanitizer import SanitizerConfig, SecurityDataSanitizer
from recoup_plugins.security_sanitizer.registered import RegisteredValues

SECRET = 'k9/Zq+7"Wd&x=4mN'
PLAIN = "k9ZqT7WdRx4mNp2L"


def wrapped(text, width, between):
    return between.join(text[at : at + width] for at in range(0, len(text), width))


def encoded(secret, before, after):
    return base64.b64encode(f"{before}{secret}{after}".encode()).decode()


SPELLINGS = {
    "plain": lambda s: s,
    "url": lambda s: quote(s, safe=""),
    "url path": quote,
    "url form": quote_plus,
    "url lower": lambda s: quote(s, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
    "url twice": lambda s: quote(quote(s, safe=""), safe=""),
    "url thrice": lambda s: quote(quote(quote(s, safe=""), safe=""), safe=""),
    "url every byte": lambda s: "".join(f"%{byte:02X}" for byte in s.encode()),
    "json": lambda s: json.dumps(s)[1:-1],
    "json twice": lambda s: json.dumps(json.dumps(s))[3:-3],
    "python": lambda s: repr(s)[1:-1],
    "python bytes": lambda s: repr(s.encode()),
    "html": html.escape,
    "html twice": lambda s: html.escape(html.escape(s)),
    "html numbers": lambda s: "".join(f"&#{ord(char)};" for char in s),
    "hex": lambda s: s.encode().hex(),
    "hex upper": lambda s: s.encode().hex().upper(),
    "hex colons": lambda s: s.encode().hex(":"),
    "hex blanks": lambda s: s.encode().hex(" ").upper(),
    "hex dashes": lambda s: s.encode().hex("-", 2),
    "hex escapes": lambda s: "".join(f"\\x{byte:02x}" for byte in s.encode()),
    "hex bytes": lambda s: ", ".join(f"0x{byte:02x}" for byte in s.encode()),
    "unicode escapes": lambda s: "".join(f"\\u00{byte:02x}" for byte in s.encode()),
    "numbers": lambda s: str(list(s.encode())),
    "octal": lambda s: "".join(f"\\{byte:03o}" for byte in s.encode()),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 one before": lambda s: encoded(s, "a", "bc"),
    "base64 two before": lambda s: encoded(s, "user:", "x"),
    "base64 url": lambda s: base64.urlsafe_b64encode(f"u:{s}".encode()).decode().rstrip("="),
    "base64 lines": lambda s: wrapped(encoded(s, "user:", ""), 8, "\n"),
    "base64 escaped lines": lambda s: wrapped(encoded(s, "u:", "xyz"), 8, "\\n"),
    "blanks": lambda s: wrapped(s, 4, " "),
    "single": " ".join,
    "lines": lambda s: wrapped(s, 5, "\n"),
    "windows lines": lambda s: wrapped(s, 5, "\r\n    "),
    "escaped lines": lambda s: wrapped(s, 5, "\\n"),
    "zero width": lambda s: wrapped(s, 3, "\u200b"),
    "tabs": lambda s: wrapped(s, 6, "\t"),
    "backwards": lambda s: s[::-1],
    "upside down": lambda s: f"{s} = api_key",
    "ansi": lambda s: wrapped(s, 5, "\x1b[0m"),
}


@pytest.fixture(scope="module")
def sanitizer():
    return SecurityDataSanitizer(config=SanitizerConfig(secrets=(SECRET, PLAIN)))


@pytest.mark.parametrize("secret", [SECRET, PLAIN], ids=["odd", "plain"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_registered_value_is_hidden_in_every_spelling(sanitizer, spelling, secret):
    found = sanitizer.sanitize_text(f"begin {SPELLINGS[spelling](secret)} end", "LOW")
    assert found.startswith("begin ")
    assert found.endswith(" end")
    assert "[SECRET]" in found
    assert len(found) < 40
    for width in range(8, len(secret)):
        assert secret[:width] not in found


@pytest.mark.parametrize("value", [PLAIN.upper(), PLAIN.lower()])
def test_a_long_mixed_value_is_found_in_any_case(sanitizer, value):
    assert sanitizer.sanitize_text(f"x {value} y", "LOW") == "x [SECRET] y"


@pytest.mark.parametrize(
    "payload",
    [
        [PLAIN[:6], PLAIN[6:]],
        [PLAIN[:3], PLAIN[3:7], PLAIN[7:]],
        ("x", f"ends {PLAIN[:8]}", f"{PLAIN[8:]} begins"),
        {"first": PLAIN[:8], "second": PLAIN[8:]},
        deque([PLAIN[:8], PLAIN[8:]]),
        {PLAIN: 1},
        {("x", PLAIN): 1},
        {PLAIN},
        list(PLAIN),
        list(PLAIN.encode()),
        tuple(PLAIN.encode()),
        bytearray(PLAIN.encode()),
        b"\xff\x00" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        {"order_id": PLAIN},
        ValueError("x", PLAIN),
        {"message": {"deep": [f"no {PLAIN}!"]}},
    ],
    ids=repr,
)
def test_a_registered_value_is_hidden_in_every_structure(sanitizer, payload):
    before = copy.deepcopy(payload)
    found = sanitizer.sanitize(payload, "LOW")
    shown = json.dumps(found, default=repr) if not isinstance(found, dict) else repr(found)
    letters = "".join(char for char in shown.replace("\\x00", "") if char.isalnum())
    assert PLAIN not in letters
    assert PLAIN[:8] not in letters
    assert PLAIN[8:] not in letters
    assert str(list(PLAIN.encode()))[1:-1] not in shown
    assert repr(payload) == repr(before)


def test_numbers_and_uuids_count():
    identity = uuid.uuid4()
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(secrets=("4815162342", "0.123456789", str(identity))))
    found = sanitizer.sanitize([4815162342, 0.123456789, identity, identity.hex, 4815162343, 2.5], "LOW")
    assert found == ["[SECRET]", "[SECRET]", "[SECRET]", "[SECRET]", 4815162343, 2.5]


@pytest.mark.parametrize(
    "text",
    [
        "my exchange key is set",
        "tradingbot is trading bots",
        "the order hunted, hunter3 and xhunter2y",
        "0x9f86d081884c7d659a2feaa0c55ad015",
        "kucoin-1 abcd efgh",
    ],
)
def test_what_only_resembles_a_registered_value_stays(text):
    sanitizer = SecurityDataSanitizer(
        config=SanitizerConfig(secrets=("my-exchange-key", "hunter2", "abcdefghij", "9f86d081884c7d65ff"))
    )
    assert sanitizer.sanitize_text(text, "LOW") == text


def test_a_short_value_is_hidden_as_a_whole_word_only():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(secrets=("dog7", "p@ss")))
    found = sanitizer.sanitize_text("dog7 adog7 dog77 (dog7) p@ss xp@ss", "LOW")
    assert found == "[SECRET] adog7 dog77 ([SECRET]) [SECRET] xp@ss"


def test_values_within_and_across_each_other_leave_nothing():
    values = RegisteredValues()
    for value in ("alpha12345", "12345bravo67", "alpha12345bravo67890", "bravo67890xyz"):
        values.add(value)
    assert values.hide("<alpha12345bravo67890xyz>") == "<[SECRET]>"
    assert values.hide("<alpha12345> <12345bravo67>") == "<[SECRET]> <[SECRET]>"


def test_values_without_letters_and_digits_are_found():
    values = RegisteredValues()
    values.add("!?-+/&%$")
    values.add("пароль-доступа")
    assert values.hide("a !?-+/&%$ b") == "a [SECRET] b"
    assert values.hide("это пароль-доступа.") == "это [SECRET]."


def test_a_value_of_many_lines_is_found_escaped_and_by_its_lines():
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
    pem = f"-----BEGIN X-----\n{line}\nQ2h4b2Rlbl9zZWNyZXRfbGluZV9mb3Vy\n-----END X-----"
    values = RegisteredValues()
    values.add(pem)
    assert values.hide(f"key {json.dumps(pem)}!") == 'key "[SECRET]"!'
    assert values.hide(f"line {line} alone") == "line [SECRET] alone"


def test_bytes_that_are_no_text_are_found():
    raw = bytes(range(128, 160))
    values = RegisteredValues()
    values.add(raw)
    for text in (raw.hex(), base64.b64encode(b"x" + raw).decode(), repr(raw)):
        assert "[SECRET]" in values.hide(f"<{text}>")


def test_nothing_shows_or_copies_the_values():
    values = RegisteredValues()
    values.add(PLAIN)
    assert PLAIN not in repr(values)
    assert repr(values) == "<RegisteredValues: 1 values>"
    for attempt in (lambda: pickle.dumps(values), lambda: copy.copy(values), lambda: copy.deepcopy(values)):
        with pytest.raises(TypeError, match="neither copied nor pickled"):
            attempt()


def test_no_cache_remembers_a_text_with_a_value():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(secrets=(PLAIN,)))
    sanitizer.sanitize({"x": f"text with {PLAIN} in it", "y": [PLAIN]}, "LOW")
    held = [item for item in gc.get_objects() if type(item) is dict and f"text with {PLAIN} in it" in item]
    assert held == []


def test_placeholders_are_made_once_for_each_value():
    values = RegisteredValues(placeholder=lambda value: f"[SECRET {len(value)}]")
    values.add(PLAIN)
    assert values.hide(f"{PLAIN} {PLAIN.encode().hex()} {PLAIN[::-1]}") == "[SECRET 16] [SECRET 16] [SECRET 16]"


def test_a_hundred_values_cost_no_more_than_one_by_far():
    text = "order 12345 rejected by the exchange after 3 attempts for BTC/USDT at 65000.5 " * 26

    def steps(count):
        import sys

        values = RegisteredValues()
        for number in range(count):
            values.add(f"{uuid.UUID(int=number * 7919 + 2**127).hex}-{number}")
        calls = [0]

        def count_call(frame, event, _):
            calls[0] += event in ("call", "c_call")

        sys.setprofile(count_call)
        try:
            values.hide(text)
        finally:
            sys.setprofile(None)
        return calls[0]

    assert steps(100) <= steps(1) + 5


def test_values_are_found_while_others_are_added():
    values = RegisteredValues()
    values.add(PLAIN)
    failures = []

    def look():
        failures.extend(1 for _ in range(300) if values.hide(f"x {PLAIN} y") != "x [SECRET] y")

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(200):
        values.add(f"another-value-{number}")
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(values.hide(f"a another-value-{number} b") == "a [SECRET] b" for number in range(200))


secrets = st.text(string.ascii_letters + string.digits + "+/=-_&%$#!", min_size=12, max_size=60).filter(
    lambda text: len(set(text)) > 6 and sum(map(str.isalnum, text)) > 9
)


@given(
    secret=secrets,
    spelling=st.sampled_from(sorted(SPELLINGS)),
    before=st.text("xyz, =\n", max_size=12),
    after=st.text("xyz, =\n", max_size=12),
    shape=st.sampled_from(["text", "list", "dict", "key", "bytes", "error", "deep"]),
)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_registered_survives_anywhere(secret, spelling, before, after, shape):
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(secrets=(secret,)))
    written = SPELLINGS[spelling](secret)
    text = f"{before} {written} {after}"
    payload = {
        "text": text,
        "list": [1, text, {"x": (text,)}],
        "dict": {"a": text, "b": {"c": text}},
        "key": {text: 1},
        "bytes": [text.encode()],
        "error": ValueError(text),
        "deep": {"a": [{"b": ({"c": [text]},)}]},
    }[shape]
    before_walk = repr(payload)
    found = sanitizer.sanitize(payload, "LOW")
    shown = repr(found) + json.dumps(found, default=repr)
    assert secret not in shown
    assert written not in shown
    assert repr(payload) == before_walk
