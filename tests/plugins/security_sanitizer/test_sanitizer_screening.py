"""What is told of many texts at once is what cleaning each by itself gives, character for character."""

import random
import time

import corpus
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recoup_plugins.security_sanitizer import SanitizerConfig, SecurityDataSanitizer
from recoup_plugins.security_sanitizer.config import RuleConfig
from recoup_plugins.security_sanitizer.engine import best_engine
from recoup_plugins.security_sanitizer.engine_standard import StandardEngine
from recoup_plugins.security_sanitizer.keys import KeyPolicy
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.registered import RegisteredValues
from recoup_plugins.security_sanitizer.rule import Rule
from recoup_plugins.security_sanitizer.sanitizer import DEFAULT_RULES
from recoup_plugins.security_sanitizer.screening import Joined
from recoup_plugins.security_sanitizer.steps import Plan
from recoup_plugins.security_sanitizer.text import TextSanitizer

REGISTERED = ("correct-horse-7", "zz91", "Kd83jfLqPzmN27xWvB", "+-/*+")
ENGINES = [best_engine(), StandardEngine()]
PIECES = [
    *REGISTERED,
    *("api_key=", "password: ", "Bearer ", "-----BEGIN RSA PRIVATE KEY-----", "AKIAIOSFODNN7EXAMPLE", "\n", "%41%42"),
    *("4111 1111", "1111 1111", "a@b.example", "10.0.0.1", "abandon " * 11, "about", "BTC/USDT", "0.8471", "\\u0041"),
    *("0x52908400098527886E0F7030069857D2E4169EE7", "FR76 3000 6000", "0112 3456 7890 189", "é", "\x1b[0m", "&#65;"),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=5).map("".join)


def registered(values):
    held = RegisteredValues()
    for value in values:
        held.add(value)
    return held


def sanitizers(engine, values=(), rules=DEFAULT_RULES):
    """Return two that know nothing of each other."""
    return [
        TextSanitizer(rules, KeyPolicy(), registered(values), frozenset(), engine=engine, remembered=64)
        for _ in range(2)
    ]


def differing(screening, alone, texts, level):
    screened = screening.screened(texts, level)
    return {text: shown for text, shown in screened.items() if shown != alone.clean(text, level, lines=True)}


@pytest.fixture(scope="module")
def rows():
    held = [case.payload for case in corpus.cases()] + [row.payload for row in corpus.benign()]
    texts = [text for text in held if isinstance(text, str) and len(text) < 2000]
    words = [word for text in texts for word in text.split() if len(word) > 5]
    return random.Random(11).sample([*texts, *words], len(texts) + len(words))


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("values", [(), REGISTERED])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_corpus_is_screened_as_it_is_cleaned(rows, engine, values, level):
    screening, alone = sanitizers(engine, values)
    start = level * 250
    for place in range(start, start + 250, 25):
        assert differing(screening, alone, rows[place : place + 25], level) == {}


@pytest.mark.parametrize("engine", ENGINES)
@given(texts=st.lists(TEXTS, max_size=12), level=st.sampled_from(Level), with_values=st.booleans())
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_any_texts_are_screened_as_they_are_cleaned(engine, texts, level, with_values):
    assert differing(*sanitizers(engine, REGISTERED if with_values else ()), texts, level) == {}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("pattern", [r"^K\d{9}", r"K\d{9}$", r"\AK\d{9}", r"K\d{9}\Z", r"(?<!x)K\d{9}(?!x)"])
def test_an_anchor_means_the_beginning_or_end_of_each_text(engine, pattern):
    rule = Rule(name="own", kind="OWN", level=Level.LOW, pattern=pattern)
    screening, alone = sanitizers(engine, rules=(rule,))
    texts = ["first", "K123456789", "last", "at K123456789 end"]
    assert screening.screened(texts, Level.LOW)["K123456789"] == "[OWN]"
    assert differing(screening, alone, texts, Level.LOW) == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_match_that_begins_in_one_text_hides_no_match_in_the_next(engine):
    rule = Rule(name="own", kind="OWN", level=Level.LOW, pattern=r"K\d[\s\S]{0,40}9")
    screening, alone = sanitizers(engine, rules=(rule,))
    texts = ["K1 open", "K2 closed 9", "plain", "K3 open", "K4 closed 9"]
    assert differing(screening, alone, texts, Level.LOW) == {}
    changed = [text for text, shown in screening.screened(texts, Level.LOW).items() if shown != text]
    assert changed == ["K2 closed 9", "K4 closed 9"]


def test_a_place_belongs_to_the_text_that_it_stands_in():
    joined = Joined(["ab", "", "c"])
    assert joined.sample.text == "ab\n\nc"
    assert [joined.at(place) for place in range(5)] == [0, 0, 0, 1, 2]
    assert [joined.after(number) for number in range(3)] == [3, 4, 6]


def test_a_payload_comes_out_as_if_each_of_its_texts_had_been_cleaned_alone(rows):
    sanitizer = SecurityDataSanitizer()
    texts = [text for text in rows[:300] if text.isprintable() and len(text) > 1]
    for place in range(0, len(texts), 30):
        part = texts[place : place + 30]
        payload = {f"m{'abcdefghijklmnopqrstuvwxyzABCD'[number]}": text for number, text in enumerate(part)}
        alone = SecurityDataSanitizer()
        assert list(sanitizer.sanitize(payload, "HIGH").values()) == [
            alone.sanitize_text(text, "HIGH") for text in part
        ]


DECIMALS = [
    f"{random.Random(whole * 31 + part).randrange(10 ** (whole - 1), 10**whole)}.{'4111111111111111180'[:part]}"
    for whole in range(1, 15)
    for part in range(1, 20)
]


@pytest.mark.parametrize("level", [Level.LOW, Level.MEDIUM, Level.HIGH])
def test_decimals_come_out_as_if_each_had_been_cleaned_alone(level):
    drawn = random.Random(level)
    national = ["4.150217832488464", "31.196802769342494", "910114199164644531.8722", "72.872233150031887188"]
    texts = [*DECIMALS, *national, *(f"{drawn.uniform(0, 10 ** drawn.randint(0, 11))!r}" for _ in range(2000))]
    alone = sanitizers(best_engine())[0]
    expected = [alone.clean(text, level) for text in texts]
    sanitizer = SecurityDataSanitizer()
    assert sanitizer.sanitize({"rows": [{"px": text} for text in texts]}, level.name) == {
        "rows": [{"px": text} for text in expected]
    }
    assert sanitizer.sanitize(texts, level.name) == expected


def test_decimals_are_looked_at_where_a_rule_or_a_secret_of_the_deployment_may_be_one():
    own = RuleConfig(name="pin", kind="PIN", level="LOW", pattern=r"\b77\.\d{3}\b")
    payload = {"a": "77.123", "b": ["77.456", "1.5", "2.5"], "c": {"d": "0.25"}}
    assert SecurityDataSanitizer(config=SanitizerConfig(rules=(own,))).sanitize(payload) == {
        "a": "[PIN]",
        "b": ["[PIN]", "1.5", "2.5"],
        "c": {"d": "0.25"},
    }
    sanitizer = SecurityDataSanitizer()
    assert sanitizer.sanitize(payload) == payload
    sanitizer.register_secret("77.456")
    assert sanitizer.sanitize(payload)["b"] == ["[SECRET]", "1.5", "2.5"]


def test_a_value_that_its_name_hides_is_hidden_again_once_the_name_is_known():
    sanitizer = SecurityDataSanitizer()
    for number in range(3):
        payload = {
            "X-MBX-APIKEY": f"k{number}Kd83jfLqPzmN27xWvB",
            "a": "b c",
            "note": f"sent k{number}Kd83jfLqPzmN27xWvB",
        }
        assert "jfLq" not in repr(sanitizer.sanitize(payload))


def test_a_secret_registered_between_two_payloads_is_hidden_in_names_and_texts():
    sanitizer = SecurityDataSanitizer()
    payload = {"tango-word-77": 1, "text": "tango-word-77", "other": ["a b", "c d", "tango-word-77"]}
    assert sanitizer.sanitize(payload) == payload
    sanitizer.register_secret("tango-word-77")
    assert "tango" not in repr(sanitizer.sanitize(payload))


def test_a_huge_field_is_cut_and_the_small_ones_beside_it_stay():
    found = SecurityDataSanitizer().sanitize({"huge": "row 12.5 " * 2_000_000, "b": "x" * 4000, "c": ["side", "buy"]})
    assert found["huge"].endswith(" characters]")
    assert len(found["huge"]) > 200_000
    assert found["b"] == "x" * 4000
    assert found["c"] == ["side", "buy"]


def test_a_text_is_cut_where_it_would_take_longer_than_the_payload_may():
    config = SanitizerConfig(max_bytes=50_000_000, max_seconds=0.1)
    began = time.process_time()
    found = SecurityDataSanitizer(config=config).sanitize_text("row 12.5 " * 3_000_000)
    assert "[CUT 269" in found
    assert time.process_time() - began < 5


def test_a_stack_trace_that_was_looked_at_is_not_looked_at_again(monkeypatch):
    trace = 'File "/app/bot.py", line 12, in place\nFile "/app/venue.py", line 7, in sign'
    sanitizer = SecurityDataSanitizer()
    for payload in (trace, {"stack_trace": trace, "symbol": "BTC/USDT"}):
        sanitizer._text.forget()
        shown = sanitizer.sanitize(payload, "HIGH")
        with monkeypatch.context() as patch:
            patch.setattr(Plan, "applied", None)
            patch.setattr(Plan, "changed", None)
            assert sanitizer.sanitize(payload, "HIGH") == shown


def test_a_stack_trace_is_looked_at_again_once_a_secret_is_registered():
    trace = 'File "/app/bot.py", line 12, in place\nFile "/app/venue.py", line 7, in sign_qwvbmzpl'
    sanitizer = SecurityDataSanitizer()
    assert sanitizer.sanitize_stack_trace(trace, "HIGH") == trace
    sanitizer.register_secret("sign_qwvbmzpl")
    assert "qwvbmzpl" not in sanitizer.sanitize_stack_trace(trace, "HIGH")
    assert "qwvbmzpl" not in str(sanitizer.sanitize({"stack_trace": trace}, "HIGH"))
