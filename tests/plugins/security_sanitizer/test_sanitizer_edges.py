"""The rarer turns of the sanitizer: what a check digit refuses, what an object hides in, where a value ends."""

import json
import traceback
import types
from collections import deque
from decimal import Decimal
from enum import Enum
from ipaddress import ip_address

import attrs
import pytest

from recoup_plugins.security_sanitizer import Level, SanitizerConfig, SecurityDataSanitizer
from recoup_plugins.security_sanitizer.checksums import base58check, bech32, iban

SANITIZER = SecurityDataSanitizer()


@pytest.mark.parametrize(
    ("text", "level", "expected"),
    [
        ("api_key=[***] x", "LOW", "api_key=[***] x"),
        ("api_key=['***']", "LOW", "api_key=[API_KEY]"),
        ("api_key: [abc1, def2] x", "LOW", "api_key: [API_KEY] x"),
        ("api_key: [abc1, def2", "LOW", "api_key: [API_KEY]"),
        ('password="a\\"b1" c', "LOW", 'password="[PASSWORD]" c'),
        ('{\\"password\\": \\"a1\\\\\\"b2\\"}', "LOW", '{\\"password\\": \\"[PASSWORD]\\"}'),
        ("seed: abandon", "LOW", "seed: abandon"),
        ("mnemonic: abandon ability", "LOW", "mnemonic: [SEED_PHRASE]"),
        ("mnemonic: abandon/ability", "LOW", "mnemonic: [SEED_PHRASE]"),
        ("INSERT INTO u (a, password) VALUES (1,", "LOW", "INSERT INTO u (a, password) VALUES (1,"),
        ("mnemonic: abandon ability zzz", "LOW", "mnemonic: [SEED_PHRASE] zzz"),
        ("authorization: abc123def", "LOW", "authorization: [AUTHORIZATION]"),
        ("(password=abc123.)", "LOW", "(password=[PASSWORD])"),
        ("f(password=abc123, x)", "LOW", "f(password=[PASSWORD], x)"),
        ("[{password=abc123}]", "LOW", "[{password=[PASSWORD]}]"),
        ("price is rising", "CRITICAL", "price is rising"),
        ("price='n/a'", "CRITICAL", "price='n/a'"),
        ("price: high", "CRITICAL", "price: high"),
        ("12:00:00 password", "LOW", "12:00:00 password"),
        ("x = {'token': 'ab cd ef'}", "LOW", "x = {'token': 'ab cd ef'}"),
        ("<password>***</password>", "LOW", "<password>***</password>"),
        ("8=FIX.4.4|554=***|10=1|", "LOW", "8=FIX.4.4|554=***|10=1|"),
        ("--password *** --x", "LOW", "--password *** --x"),
    ],
)
def test_where_a_value_begins_and_ends(text, level, expected):
    assert SANITIZER.sanitize_text(text, level) == expected


@pytest.mark.parametrize(
    "text",
    [
        "GB29 NWBK 6016 1331 9268 18 EUR",
        "GB29NWBK6016133192681",
        "GB29 NWBK",
        "+1 23 4567",
        "+123456789",
        "+1415555267188888",
        "+12345678.90",
        "999.999.999.999",
        "12345678A",
        "111.111.111-12",
        "http://proxy:8080/path@x",
        "Basic YWJjZGVmZ2hpamts",
        "Basic abcdefghijklmnopq",
        "s" + "h" * 29,
        "bc1" + "q" * 39,
    ],
)
def test_what_fails_its_check_stays(text):
    assert SANITIZER.sanitize_text(text, "HIGH") == text


def test_checks_refuse_what_is_too_short_mixed_or_of_another_alphabet():
    assert not iban("GB29")
    assert base58check("0OIl") is None
    assert base58check("") is None
    assert not bech32("bc1QAR0")
    assert not bech32("1qqqqqq")
    assert not bech32("bc1bbbbbb")


def test_levels_are_taken_as_members_too():
    class Sensitivity(Enum):
        HIGH = "high"

    assert SANITIZER.sanitize_text("203.0.113.7", Level.HIGH) == "[IP]"
    assert SANITIZER.sanitize_text("203.0.113.7", Sensitivity.HIGH) == "[IP]"


def test_functions_classes_and_modules_are_named_and_not_shown():
    payload = [json.dumps, json.JSONDecoder, types, len]
    assert SANITIZER.sanitize(payload, "LOW") == [
        "<function json.dumps>",
        "<class json.decoder.JSONDecoder>",
        "<module .types>",
        "<function builtins.len>",
    ]


def test_a_field_that_cannot_be_read_names_its_error():
    @attrs.define(slots=False)
    class Broken:
        host: str
        port: int = attrs.field(init=False)

    assert SANITIZER.sanitize(Broken("db"), "LOW")["port"] == "<unreadable: AttributeError>"


def test_the_context_of_an_exception_is_shown_unless_it_was_suppressed():
    def failing(cause):
        try:
            try:
                raise KeyError("first")
            except KeyError:
                raise ValueError("second") from cause
        except ValueError as error:
            return error

    shown = failing(None)
    assert "context" not in SANITIZER.sanitize(shown, "LOW")
    shown.__suppress_context__ = False
    assert SANITIZER.sanitize(shown, "LOW")["context"]["type"] == "KeyError"


def test_numbers_of_a_class_of_their_own_become_plain_ones():
    class Count(int):
        pass

    class Ratio(float):
        pass

    assert SANITIZER.sanitize([Count(5), Ratio(0.5), 1 + 2j, Decimal(1)], "LOW") == [5, 0.5, 1 + 2j, Decimal(1)]


def test_a_deque_keeps_its_bound_and_an_address_its_type_below_high():
    found = SANITIZER.sanitize(deque(["api_key=abc123def", 1, 2], maxlen=4), "LOW")
    assert found == deque(["api_key=[API_KEY]", 1, 2])
    assert found.maxlen == 4
    assert SANITIZER.sanitize([ip_address("203.0.113.7")], "MEDIUM") == [ip_address("203.0.113.7")]


def test_a_mapping_as_a_member_of_a_set_becomes_text():
    class Hashable(dict):
        def __hash__(self):
            return 1

    (found,) = SANITIZER.sanitize({Hashable(password="hunter2", host="db")}, "LOW")
    assert found == "{'password': '[PASSWORD]', 'host': 'db'}"


def test_nesting_beyond_the_interpreter_is_cut():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(max_depth=1_000_000))
    payload = ["end"]
    for _ in range(100_000):
        payload = [payload]
    found = sanitizer.sanitize(payload, "LOW")
    while isinstance(found, list):
        found = found[0]
    assert found == "[CUT list: nested too deeply]"


def test_a_trace_longer_than_the_allowance_is_cut():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(max_bytes=64))
    trace = "".join(traceback.format_stack())
    assert sanitizer.sanitize_stack_trace(trace, "LOW").endswith(f"[CUT {len(trace) - 64} characters]")


def test_frames_alone_and_frames_too_long_to_remember_come_out():
    frames = '  File "/srv/a.py", line 1, in f\n  File "/srv/b.py", line 2, in g'
    assert SANITIZER.sanitize_stack_trace(frames, "LOW") == frames
    long = f'  File "/srv/{"ab/" * 300}c.py", line 1, in f'
    assert SANITIZER.sanitize_stack_trace(long, "LOW") == long


def test_registered_values_are_counted_once_and_bounded_and_found_as_numbers():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(secrets=("48151623", "48151623")))
    assert sanitizer.sanitize({"pair": [48151623, 7], "order_id": 48151623}, "LOW") == {
        "pair": ["[SECRET]", 7],
        "order_id": "[SECRET]",
    }
    for number in range(1023):
        sanitizer.register_secret(f"value-{number}")
    with pytest.raises(ValueError, match="1024 values"):
        sanitizer.register_secret("one too many")


def test_assignments_and_private_keys_can_be_switched_off():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(off_rules=("assignment", "pem", "seed_phrase")))
    text = "password=hunter2 -----BEGIN PRIVATE KEY----- MIIEpA -----END PRIVATE KEY-----"
    assert sanitizer.sanitize_text(text, "LOW") == text


def test_a_name_too_long_to_remember_is_judged_each_time():
    name = "x_" * 100 + "password"
    assert SANITIZER.sanitize({name[-120:]: "a1b2c3"}, "LOW") == {name[-120:]: "[PASSWORD]"}
    assert SANITIZER.sanitize({name: 5}, "LOW") == {name: 5}
