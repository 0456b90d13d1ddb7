"""A deployment's own rules, names and secrets, by configuration."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup import Config, ConfigError, ErrorHandler
from recoup_plugins.security_sanitizer import SanitizerConfig, SecurityDataSanitizer
from recoup_plugins.security_sanitizer.config import NameConfig, RuleConfig
from recoup_plugins.security_sanitizer.patterns import MOST_WAYS, PatternRefused, judge_pattern

PLACE = "error_handling.plugins.security_sanitizer.config"
KEY = "vmPUZE6mv9SD5VNH"


def configured(**section):
    return Config.from_dict({"error_handling": {"plugins": {"security_sanitizer": {"config": section}}}})


def handler(*, level="HIGH", others=None, **section):
    section = {"secrets_from_environment": False, **section}
    plugins = {"security_sanitizer": {"config": section}, **(others or {})}
    return ErrorHandler(
        Config.from_dict({"error_handling": {"security": {"sanitization_level": level}, "plugins": plugins}})
    )


def sanitizer(**config):
    return SecurityDataSanitizer(config=SanitizerConfig(**config))


DESK = {"name": "desk", "kind": "DESK_CODE", "pattern": r"\bDESK-\d{4}\b", "literals": ["desk-"]}


def test_a_rule_is_added():
    assert handler(rules=[DESK]).sanitize("seen at DESK-1234") == "seen at [DESK_CODE]"


def test_a_rule_applies_from_its_level_on():
    rule = {**DESK, "level": "CRITICAL"}
    assert handler(rules=[rule], level="HIGH").sanitize("seen at DESK-1234") == "seen at DESK-1234"
    assert "DESK-1234" not in handler(rules=[rule], level="CRITICAL").sanitize("seen at DESK-1234")


def test_a_group_holds_the_secret():
    rule = {
        "name": "ticket",
        "kind": "TICKET",
        "pattern": r"\bticket ([a-z0-9]{6})\b",
        "literals": ["ticket"],
        "group": 1,
    }
    assert handler(rules=[rule]).sanitize("ticket a1b2c3 closed") == "ticket [TICKET] closed"


def test_a_rule_comes_before_the_built_in_ones():
    rule = {"name": "our_card", "kind": "TREASURY_CARD", "pattern": r"\b4111[0-9]{12}\b", "literals": ["4111"]}
    assert handler(rules=[rule]).sanitize("card 4111111111111111") == "card [TREASURY_CARD]"


def test_a_rule_replaces_the_built_in_one_of_its_name():
    rule = {
        "name": "email",
        "kind": "STAFF",
        "pattern": r"[a-z]{1,16}@desk\.example",
        "level": "MEDIUM",
        "literals": ["@"],
    }
    clean = handler(rules=[rule], level="MEDIUM").sanitize("from kim@desk.example to bob@venue.example")
    assert clean == "from [STAFF] to bob@venue.example"


def test_a_rule_is_switched_off():
    assert handler(off_rules=["email"], level="MEDIUM").sanitize("to bob@venue.example") == "to bob@venue.example"


def test_a_rule_may_be_added_and_switched_off():
    assert handler(rules=[DESK], off_rules=["desk"]).sanitize("seen at DESK-1234") == "seen at DESK-1234"


def test_what_is_no_pattern_is_not_replaced():
    with pytest.raises(ValueError, match=r"'pem' is no pattern.*off_rules"):
        sanitizer(rules=(RuleConfig(name="pem", kind="PEM", pattern="abc"),))


@pytest.mark.parametrize("spelling", ["desk_code", "deskCode", "X-Desk-Code", "traderDeskCode", "DESK.CODE"])
def test_a_name_is_added_in_any_spelling(spelling):
    clean = handler(names={"desk_code": {"kind": "DESK_CODE"}}).sanitize({spelling: "seven", "other": "seven"})
    assert clean == {spelling: "[DESK_CODE]", "other": "seven"}


def test_an_added_name_hides_from_its_level_on():
    names = {"desk_code": {"kind": "DESK_CODE", "level": "CRITICAL"}}
    assert handler(names=names, level="HIGH").sanitize({"desk_code": "seven"}) == {"desk_code": "seven"}
    assert handler(names=names, level="CRITICAL").sanitize({"desk_code": "seven"}) == {"desk_code": "[DESK_CODE]"}


def test_an_added_name_is_found_in_text():
    clean = handler(names={"blotter": {"kind": "BLOTTER"}}).sanitize("failed, blotter=zz17-a for now")
    assert clean == "failed, blotter=[BLOTTER] for now"


def test_an_allowed_name_hides_nothing_and_a_longer_one_still_does():
    clean = handler(allow=["client_key"]).sanitize({"clientKey": "seven", "client_api_key": "seven"})
    assert clean == {"clientKey": "seven", "client_api_key": "[API_KEY]"}


def test_under_an_allowed_name_the_value_itself_is_still_looked_at():
    token = "ghp_" + "a1B2" * 9
    assert token not in str(handler(allow=["token"]).sanitize({"token": token}))


def test_a_name_is_not_both_hidden_and_allowed():
    with pytest.raises(ValueError, match="'desk_code' is also hidden by names"):
        sanitizer(names={"desk_code": NameConfig(kind="DESK")}, allow=("DeskCode",))


def test_a_name_without_letters_is_refused():
    with pytest.raises(ValueError, match="names: '--' has no letters or digits"):
        sanitizer(names={"--": NameConfig(kind="DESK")})


REFUSED = {
    r"a*": "an unbounded quantifier '*' at character 2; give it bounds, such as {0,64}",
    r"a+": "an unbounded quantifier '+' at character 2; give it bounds, such as {1,64}",
    r"a{3,}": "an unbounded quantifier '{3,}' at character 2; give it bounds, such as {3,64}",
    r"ab(?=c)": "a look-around at character 3",
    r"ab(?!c)": "a look-around at character 3",
    r"(?<=a)b": "a look-around at character 1",
    r"(?<!a)b": "a look-around at character 1",
    r"(a)\1": "a back-reference at character 4",
    r"(?P<n>a)(?P=n)": "a back-reference at character 9",
    r"(?:a{1,3}){2,4}": "a quantifier around a choice or another quantifier",
    r"(?:a|aa){2,40}": "a quantifier around a choice or another quantifier",
    r"(?:a?){40}": "a quantifier around a choice or another quantifier",
    r"a{1,9}{2}": "a quantifier right after another",
    r"a{1,9}+": "a quantifier right after another",
    r"(?>a)": "an atomic group",
    r"(a)?(?(1)b|c)": "a conditional group",
    r"(?i)abc": "a group of an unknown kind",
    r"abc$": "a '$', which engines read differently",
    r"abc\Z": r"the escape \Z, which engines read differently",
    r"[[:alpha:]]": "a '[' within a class",
    r"a{,5}": "a '{' that is no quantifier",
    r"a{1,2000}": "the quantifier '{1,2000}'",
    r"a{5,2}": "the quantifier '{5,2}'",
    r"(abc": "a group that is not closed",
    r"abc)": "a ')' that closes nothing",
    r"[abc": "a class that is not closed",
    r"[z-a]": "is no regular expression",
    r"x?": "can match nothing at all",
    r"a||b": "can match nothing at all",
    r"[ab]{1,200}[bc]{1,200}d": "more than 10000 ways to match at one place",
    r"x" * 1001: "has 1001 characters; at most 1000",
    r"(" * 30 + "a" + ")" * 30: "more than 20 groups within each other",
}


@pytest.mark.parametrize("pattern", REFUSED, ids=lambda pattern: pattern[:20])
def test_a_pattern_that_could_be_turned_against_us_is_refused_with_its_place_and_a_remedy(pattern):
    with pytest.raises(ConfigError) as caught:
        configured(rules=[DESK, {**DESK, "name": "second", "pattern": pattern}])
    (problem,) = caught.value.problems
    assert problem.path == f"{PLACE}.rules.1.pattern"
    assert REFUSED[pattern] in problem.message


def test_a_refused_pattern_is_not_printed():
    with pytest.raises(ConfigError) as caught:
        configured(rules=[{**DESK, "pattern": "our-very-own-secret-prefix.*"}])
    assert "secret-prefix" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"name": "Desk Code"}, "name", "lower-case letters, digits and underscores"),
        ({"kind": "desk"}, "kind", "capital letters and underscores"),
        ({"level": "SOME"}, "level", "is not one of LOW, MEDIUM, HIGH, CRITICAL"),
        ({"literals": ["DESK-"]}, "literals", "in lower case"),
        ({"literals": ["desk "]}, "literals", "without spaces"),
        ({"group": 2}, "", "the pattern of rule 'desk' has 0 groups, not 2"),
        ({"pattern": r"DESK(\d{0,4})", "group": 1}, "", "group 1 of rule 'desk' can match nothing at all"),
        ({"patern": "x"}, "patern", "unknown key; did you mean 'pattern'?"),
    ],
)
def test_other_faults_of_a_rule_are_named_at_their_place(change, place, message):
    with pytest.raises(ConfigError) as caught:
        configured(rules=[{**DESK, **change}])
    (problem,) = caught.value.problems
    assert problem.path == f"{PLACE}.rules.0{'.' * bool(place)}{place}"
    assert message in problem.message


def test_a_rules_name_is_given_once():
    with pytest.raises(ConfigError, match="the name 'desk' is given twice"):
        configured(rules=[DESK, DESK])


ATOMS = st.sampled_from(["a", "b", r"\d", "[ab]", ".", "(?:ab)", "(a)", "(?:a|b)"])
QUANTIFIERS = st.sampled_from(["", "", "?", "{2}", "{0,3}", "{1,40}", "{0,200}"])
PATTERNS = st.lists(st.tuples(ATOMS, QUANTIFIERS).map("".join), min_size=1, max_size=8).map("".join)


@settings(deadline=None)
@given(PATTERNS)
def test_no_accepted_pattern_takes_long_on_text_made_for_it(pattern):
    try:
        judged = judge_pattern(pattern)
    except PatternRefused:
        return
    assert judged[0].ways <= MOST_WAYS
    compiled = re.compile(pattern, re.ASCII)
    started = time.process_time()
    compiled.match("ab" * 300)
    compiled.match("a" * 600 + "!")
    assert time.process_time() - started < 0.5


@settings(deadline=None)
@given(st.text(alphabet=r"ab(?:)[]{}|*+1,\dP<=!>i^$-", max_size=24))
def test_whatever_stands_in_a_pattern_it_is_refused_or_matches_something(pattern):
    try:
        judged = judge_pattern(pattern)
    except PatternRefused:
        return
    match = re.compile(pattern, re.ASCII).search("ab1" * 20)
    assert match is None or match.end() - match.start() >= judged[0].shortest > 0


def test_values_of_the_environment_under_a_credentials_name_are_found_anywhere(monkeypatch):
    monkeypatch.setenv("BROKER_API_SECRET", "q7Lm2vXc9Tzz")
    assert "q7Lm2vXc9Tzz" not in handler(secrets_from_environment=True).sanitize("sent q7Lm2vXc9Tzz there")
    assert "q7Lm2vXc9Tzz" in handler(secrets_from_environment=False).sanitize("sent q7Lm2vXc9Tzz there")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "trading"),
        ("DB_PASSWORD", "positions"),
        ("APP_TOKEN", "12345"),
        ("PWD", "/srv/bots/alpha7"),
        ("API_KEY_FILE", "/run/secrets/api_key_1"),
        ("DB_PASSWORD", "trade12"),
        ("API_KEY", "/run/secrets/api_key_1"),
        ("RELEASE_CODENAME", "q7Lm2vXc9Tzz"),
    ],
)
def test_ordinary_words_paths_and_other_variables_are_not_taken_for_secrets(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert value in handler(secrets_from_environment=True).sanitize(f"see {value} there")


def test_what_another_plugin_was_given_under_a_credentials_name_is_found_anywhere():
    class Alerts:
        def __init__(self, config):
            self.config = config

    Alerts.Config = _alerts_config()
    section = {"webhook": {"auth_token": "q7Lm2vXc9Tzz", "channel": "trading-desk-7"}}

    def at_work(*, wanted):
        data = {
            "error_handling": {
                "plugins": {
                    "alerts": {"config": section},
                    "security_sanitizer": {
                        "config": {"secrets_from_config": wanted, "secrets_from_environment": False}
                    },
                }
            }
        }
        return ErrorHandler(Config.from_dict(data, plugins={"alerts": Alerts}), plugins={"alerts": Alerts})

    assert at_work(wanted=True).sanitize("q7Lm2vXc9Tzz in trading-desk-7") == "[SECRET] in trading-desk-7"
    assert at_work(wanted=False).sanitize("q7Lm2vXc9Tzz in trading-desk-7") == "q7Lm2vXc9Tzz in trading-desk-7"


def _alerts_config():
    from attrs import frozen

    @frozen(kw_only=True)
    class AlertsConfig:
        webhook: dict[str, str]

    return AlertsConfig
