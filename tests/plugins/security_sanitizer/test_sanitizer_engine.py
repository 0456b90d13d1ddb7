"""Both engines give the same text, character for character, and so does a gate that lets every step run."""

import random
import string
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recoup_plugins.security_sanitizer.assignments import Assignments
from recoup_plugins.security_sanitizer.engine import best_engine
from recoup_plugins.security_sanitizer.engine_standard import StandardEngine
from recoup_plugins.security_sanitizer.keys import KeyPolicy
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.outline import Needs
from recoup_plugins.security_sanitizer.registered import RegisteredValues
from recoup_plugins.security_sanitizer.rule import Rule
from recoup_plugins.security_sanitizer.sample import Sample
from recoup_plugins.security_sanitizer.sanitizer import DEFAULT_RULES
from recoup_plugins.security_sanitizer.sketch import locator, sketch
from recoup_plugins.security_sanitizer.suspects import Suspects
from recoup_plugins.security_sanitizer.text import TextSanitizer

re2 = pytest.importorskip("re2")

from recoup_plugins.security_sanitizer.engine_re2 import Re2Engine, Re2Gate  # noqa: E402 - needs re2


class OpenGate:
    """Lets every step run on every text."""

    def __init__(self, needs):
        self.all = range(len(needs))

    def opened(self, sample):
        return self.all


class OpenEngine(StandardEngine):
    """Looks everywhere with Python's ``re``: what the engines save must not show."""

    def gate(self, needs):
        return OpenGate(needs)


def text_sanitizer(engine):
    return TextSanitizer(DEFAULT_RULES, KeyPolicy(), RegisteredValues(), frozenset(), remembered=2, engine=engine)


ON_RE2, ON_RE, UNGATED = (text_sanitizer(engine) for engine in (Re2Engine(), StandardEngine(), OpenEngine()))

token = st.text(string.ascii_letters + string.digits, min_size=8, max_size=66)
number = st.integers(0, 10**19).map(str)
secret = st.one_of(
    token.map("api_key={}".format),
    token.map("ghp_{}".format),
    token.map("sk-{}".format),
    token.map("Authorization: Bearer {}".format),
    token.map("postgres://bot:{}@db.example.com/trades".format),
    token.map('{{"apiSecret": "{}"}}'.format),
    token.map("secret%3D{}".format),
    token.map("&quot;token&quot;:&quot;{}&quot;".format),
    st.binary(min_size=20, max_size=32).map(lambda raw: f"0x{raw.hex()}"),
    st.sampled_from(["4111 1111 1111 1111", "bob@example.com", "10.1.2.3", "2001:db8::1", "GB82WEST12345698765432"]),
    st.sampled_from(["password is hunter2x", "contraseña=c1ave99ñ", "user\u200bname: bob", "+44 20 7946 0958"]),
)
fragment = st.one_of(
    secret,
    token,
    number,
    st.text(max_size=30),
    st.sampled_from(
        [
            "\n2026-11-23 15:23:34,123 INFO bot.exec order filled ",
            "\nERROR ",
            '\n{"level": "info", "orderId": ',
            '  File "/app/bot.py", line 7, in run\n    self.secret = os.environ["SECRET"]',
            "-----BEGIN PRIVATE KEY-----\nMIIabc\n",
            "symbol=BTC/USDT price=64123.50 ",
            "[TOKEN]",
            "\t",
            ": ",
            "=",
            '"',
        ]
    ),
)
texts = st.lists(fragment, max_size=12).map(" ".join)


@given(text=texts, level=st.sampled_from(list(Level)))
@example(text="Bearer [TOKEN]4111111111111111", level=Level.MEDIUM)
@example(text="pass word: a\nINFO api key: b", level=Level.LOW)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_engines_and_open_gates_agree(text, level):
    found = ON_RE2.clean(text, level, lines=True)
    assert ON_RE.clean(text, level, lines=True) == found
    assert UNGATED.clean(text, level, lines=True) == found


@pytest.mark.parametrize("rule", DEFAULT_RULES, ids=lambda rule: rule.name)
def test_re2_finds_the_place_where_re_does(rule):
    draw = random.Random(rule.name)
    alphabet = sorted(set(rule.pattern) & set(string.printable)) + list(" \n=:-.@/0123456789abcdefXYZ")
    search = Re2Engine().searcher(rule.compiled)
    for _ in range(60):
        text = "".join(draw.choices(alphabet, k=80))
        expected = rule.compiled.search(text)
        found = search(Sample(text))(0)
        assert (found and found.span()) == (expected and expected.span())


def test_the_fastest_engine_serves_where_it_is_installed():
    assert isinstance(best_engine(), Re2Engine)


def needs_of(pattern, literals=(), shapes=()):
    return Needs.of(Rule(name="a", kind="SECRET", level=Level.LOW, pattern=pattern, literals=literals, shapes=shapes))


def test_a_gate_opens_for_what_a_pattern_may_match():
    gate = Re2Gate([needs_of(r"ghp_\w{30,255}"), needs_of(r"\d{3}-\d{2}"), Needs()], 1 << 23)
    assert list(gate.opened(Sample("ghp_" + "a1" * 20))) == [0, 2]
    assert list(gate.opened(Sample("ghp_ and 123-45"))) == [1, 2]
    assert list(gate.opened(Sample("ghp"))) == [2]


def test_a_gate_looks_for_whole_runs_in_long_runs():
    gate = Re2Gate([needs_of(r"\b[0-9a-f]{40}\b"), needs_of(r"\b[A-Z]{30,34}\b")], 1 << 23)
    assert list(gate.opened(Sample("at " + "0a" * 20))) == [0]
    assert list(gate.opened(Sample("at " + "0a" * 21 + " " + "A" * 34))) == [1]


def test_a_gate_goes_by_literals_and_shapes_where_the_engine_cannot_read_a_pattern():
    gate = Re2Gate([needs_of(r"key(?=:)", literals=("key",), shapes=("aaa:",))], 1 << 23)
    assert list(gate.opened(Sample("KEY:"))) == [0]
    assert list(gate.opened(Sample("KEY"))) == []


def test_a_gate_without_an_answer_lets_every_step_run():
    gate = Re2Gate([needs_of(r"ghp_\w{30}"), needs_of(r"\d{3}-\d{2}")], 1 << 23)
    for sketches in gate._over_text:
        sketches._set = type("Exhausted", (), {"Match": staticmethod(lambda _: None)})()
    assert list(gate.opened(Sample("nothing"))) == [0, 1]


@pytest.mark.parametrize("memory", [1 << 10, 1 << 13, 1 << 15, 1 << 17, 1 << 20])
def test_however_little_memory_a_gate_has_it_opens_where_it_must(memory):
    needs = [needs_of(rf"\d{{{size}}}-\w\d{{{size}}}") for size in range(20, 60)]
    gate = Re2Gate(needs, memory)
    for size in (20, 59):
        sample = Sample("7" * 5000 + f" {'1' * size}-a{'1' * size}")
        assert size - 20 in gate.opened(sample)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (r"a\Z|^a$", "a|a"),
        (r"[$^]\$", r"[$^]\$"),
        (r"\w{3}\d{2,9}x{1,64}y{40}?", r"\w{3}\d{2,9}x{1,}y{16,}"),
        ("n\u00e9 (?:\\u2014|[$\u20ac])", r"n\x80 (?:\x80|[$\x80])"),
        ("[^a\u2014b\u0400-\u04ff]", "[^ab]"),
    ],
)
def test_a_sketch_is_wider_than_its_pattern(given, expected):
    assert sketch(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [(r"a{1,64}b", r"a{1,}?b"), (r"x{3}y{2,9}z{20}", r"x{3}y{2,9}z{16,}?"), ("[,}]é", "[,}]\\x80")],
)
def test_a_locator_matches_as_little_as_it_can(given, expected):
    assert locator(given) == expected


@pytest.mark.parametrize("unit", ["ab:", "--password ", "DE89 3704 ", "a@b.c ", "1.2.3.", "sk_ab ", "key=ab "])
def test_what_re2_locates_ends_where_it_is_found_however_much_follows(unit):
    """Or the searches in a long text would each read it to its end."""
    raw = unit.encode() * 2000
    for rule in DEFAULT_RULES:
        found = re2.compile(locator(rule.pattern).encode()).search(raw)
        assert found is None or found.end() - found.start() < 1500, rule.name


@pytest.mark.parametrize("engine", [Re2Engine(), StandardEngine()], ids=["re2", "re"])
def test_names_are_found_whole_by_either_engine(engine):
    text = "x.api_key=1 monKEY-see Contrase\u00f1a nothing"
    spans = engine.name_finder(["key", "contrase"]).spans(Sample(text))
    assert [text[start:end] for start, end in spans] == ["x.api_key", "monKEY-see", "Contrase\u00f1a"]


@pytest.mark.parametrize("engine", [Re2Engine(), StandardEngine()], ids=["re2", "re"])
@pytest.mark.parametrize(
    "unit",
    [
        "eyJa",
        "://a:",
        "a@a.",
        "key ",
        "password ",
        "GB82 ",
        "1:",
        "::1",
        "a1b2c3d4",
        "x" * 24 + "-",
        "abandon ",
        "gr\u00f6\u00dfer ",
        "key is for a b c ",
        'token "a", ',
        '{"2fa_code": x, ',
        "password:u0bwrwoX ",
        "\n",
        "\\",
        "&#3",
    ],
)
def test_the_work_grows_no_faster_than_the_text(engine, unit):
    """Counts the lines of Python that run, which no other load on the machine changes."""
    sanitizer = text_sanitizer(engine)
    short, long = unit * 100, unit * 400
    sanitizer.clean(short, Level.HIGH)
    assert lines_run(sanitizer, long) <= 5 * lines_run(sanitizer, short) + 5000


def lines_run(sanitizer, text):
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    sanitizer.forget()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        sanitizer.clean(text, Level.HIGH, lines=True)
    finally:
        sys.settrace(before)
    return count


def test_a_text_is_not_remembered_where_a_secret_was_registered_meanwhile():
    registered = RegisteredValues()

    class RegisteringEngine(StandardEngine):
        """Registers a secret after the text has been searched for registered values."""

        def gate(self, needs):
            registered.add("hunter2-of-the-desk")
            return super().gate(needs)

    sanitizer = TextSanitizer(DEFAULT_RULES, KeyPolicy(), registered, frozenset(), engine=RegisteringEngine())
    sanitizer.clean("went in with hunter2-of-the-desk", Level.LOW)
    assert sanitizer.clean("went in with hunter2-of-the-desk", Level.LOW) == "went in with [SECRET]"


@given(text=texts, level=st.sampled_from([Level.LOW, Level.MEDIUM, Level.HIGH]))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_stands_in_an_entry_without_a_suspect_holds_no_assignment(text, level):
    """By definition a name and its value stand in one entry; within it, looking for suspects must not lose any."""
    keys = KeyPolicy()
    suspects, assignments = Suspects(keys, level, StandardEngine()), Assignments(keys)
    for line in text.split("\n"):
        if not any(True for _ in suspects.places(Sample(line))):
            assert assignments.apply(line, level) == line
