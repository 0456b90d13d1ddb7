"""From values to types: every problem found, at its path, with the nearest valid name, and no secret shown."""

from __future__ import annotations

import string
from collections import deque
from collections.abc import Mapping, Sequence  # noqa: TC003 - annotations are resolved at run time
from collections.abc import Set as AbstractSet  # noqa: TC003 - as above
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, TypedDict

import pytest
from attrs import field, frozen
from attrs.validators import ge, in_, matches_re, optional
from hypothesis import given
from hypothesis import strategies as st

from recoup import Config, ConfigError


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class ExceptionMode(str, Enum):  # noqa: UP042 - plugins written for older versions declare it so
    STRICT = "strict"


class Record(TypedDict):
    size: int


@frozen(kw_only=True)
class Inner:
    size: int = field(default=1)


def _no_quotes(_: object, __: object, value: str) -> None:
    if "'" in value:
        raise ValueError(f"it must hold no quotes, unlike {value}")


@frozen(kw_only=True)
class Options:
    flag: bool = False
    number: int = 0
    ratio: float = 0.0
    text: str = ""
    money: Decimal = Decimal(0)
    moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    colour: Colour = Colour.RED
    mode: ExceptionMode = ExceptionMode.STRICT
    maybe: int | None = 3
    either: int | str | None = None
    names: tuple[str, ...] = ()
    pair: tuple[str, int] = ("", 0)
    more: Sequence[int] = ()
    unique: AbstractSet[str] = frozenset()
    listed: list[Inner] = field(factory=list)
    inner: Inner = field(factory=Inner)
    table: Mapping[str, Inner] = field(factory=dict)
    colours: dict[Colour, int] = field(factory=dict)
    anything: Any = None
    record: Record = field(factory=lambda: Record(size=0))
    queue: deque[int] = field(factory=deque)
    choice: Literal["a", "b"] = "a"
    pattern: str = field(default="x", validator=matches_re(r"[a-z]+"))
    unquoted: str = field(default="", validator=_no_quotes)
    caught: type[Exception] | tuple[type[Exception], ...] = ValueError
    _hidden: int = 0
    derived: int = field(default=0, init=False)


class Plugin:
    Config = Options

    def __init__(self, config: Options) -> None:
        self.config = config


@frozen(kw_only=True)
class Needs:
    key: str


class Needy:
    Config = Needs


class Bare:
    pass


def check(section: Any, plugin: type = Plugin) -> dict[str, str]:
    """Return the problems of a plugin's section, with paths below it."""
    prefix = "error_handling.plugins.p.config"
    data = {"error_handling": {"plugins": {"p": {"config": section}}}}
    try:
        Config.from_dict(data, plugins={"p": plugin})
    except ConfigError as failure:
        assert all(problem.path.startswith(prefix) for problem in failure.problems)  # noqa: PT017 - some sections are fine
        return {problem.path.removeprefix(prefix).lstrip("."): problem.message for problem in failure.problems}
    return {}


def built(**section: Any) -> Options:
    from recoup.config.structure import structure

    return structure(section, Options)


def test_values_of_every_kind_land() -> None:
    options = built(
        flag=True,
        ratio=2,
        money="0.10",
        colour="GREEN",
        mode="strict",
        maybe=None,
        either="x",
        names=["a", "b"],
        pair=["a", 1],
        more=[1, 2],
        unique=["a", "a"],
        listed=[{"size": 2}],
        table={"k": {"size": 3}},
        colours={"red": 1},
        anything={"a": [1]},
        choice="b",
        hidden=9,
    )
    assert (options.flag, options.ratio, options.money) == (True, 2.0, Decimal("0.10"))
    assert isinstance(options.ratio, float)
    moment = datetime(2026, 12, 1, 4, tzinfo=UTC)
    assert built(moment=moment).moment == built(moment="2026-12-01T04:00:00Z").moment == moment
    assert (options.colour, options.mode, options.maybe, options.either) == (
        Colour.GREEN,
        ExceptionMode.STRICT,
        None,
        "x",
    )
    assert (options.names, options.pair, options.more, options.unique) == (("a", "b"), ("a", 1), (1, 2), {"a"})
    assert (options.listed, options.table, options.colours) == ([Inner(size=2)], {"k": Inner(size=3)}, {Colour.RED: 1})
    assert (options.anything, options.choice, options._hidden) == ({"a": [1]}, "b", 9)


@pytest.mark.parametrize(
    ("section", "path", "message"),
    [
        ({"flag": 1}, "flag", "expected true or false, got 1"),
        ({"flag": "yes"}, "flag", "expected true or false, got 'yes'"),
        ({"number": "7"}, "number", "expected a whole number, got '7'"),
        ({"number": 2.9}, "number", "expected a whole number, got 2.9"),
        ({"number": True}, "number", "expected a whole number, got True"),
        ({"number": None}, "number", "expected a whole number, got None"),
        ({"ratio": float("nan")}, "ratio", "expected a finite number, got nan"),
        ({"ratio": float("inf")}, "ratio", "expected a finite number, got inf"),
        ({"ratio": 10**400}, "ratio", "expected a finite number, got a number of many digits"),
        ({"ratio": "fast"}, "ratio", "expected a number, got 'fast'"),
        ({"text": 5}, "text", "expected text, got 5; quote it if text is meant"),
        ({"money": 1.1}, "money", "expected a decimal number in quotes, got 1.1"),
        ({"money": "abc"}, "money", "expected a decimal number, got 'abc'"),
        ({"money": "NaN"}, "money", "expected a finite decimal number, got 'NaN'"),
        ({"moment": "soon"}, "moment", "a time zone, such as 2026-12-01T04:00:00Z, got 'soon'"),
        ({"moment": datetime(2026, 1, 1)}, "moment", "expected a date and time with a time zone"),
        ({"moment": "2026-01-01T00:00:00"}, "moment", "expected a date and time with a time zone"),
        ({"colour": "gren"}, "colour", "'gren' is not one of red, green; did you mean 'green'?"),
        ({"colour": 5}, "colour", "5 is not one of red, green"),
        ({"either": 1.5}, "either", "expected a whole number, got 1.5; or expected text, got 1.5; quote it"),
        ({"names": "abc"}, "names", "expected a list, got 'abc'"),
        ({"names": ["a", 1]}, "names.1", "expected text, got 1"),
        ({"more": "12"}, "more", "expected a list, got '12'"),
        ({"pair": ["a"]}, "pair", "expected a list of 2, got a list of 1"),
        ({"listed": [{}, {"size": "x"}]}, "listed.1.size", "expected a whole number, got 'x'"),
        ({"inner": [1]}, "inner", "expected a mapping, got a list of 1"),
        ({"inner": {"sice": 1}}, "inner.sice", "unknown key; did you mean 'size'?"),
        ({"table": {"k": {"size": {}}}}, "table.k.size", "expected a whole number, got a mapping of 0"),
        ({"table": []}, "table", "expected a mapping, got a list of 0"),
        ({"colours": {"red": 1, "RED": 2}}, "colours.RED", "stands twice, in two spellings"),
        ({"colours": {"rad": 1}}, "colours.rad", "did you mean 'red'?"),
        ({"pattern": "123"}, "pattern", "must match regex '[a-z]+' ('123' doesn't), got '123'"),
        ({"caught": "ValueError"}, "caught", "classes can be given in code only; leave this key out of the file"),
        ({"record": {"size": "x"}}, "record", "expected a whole number, got 'x'"),
        ({"queue": [1, "x"]}, "queue.1", "expected a whole number, got 'x'"),
        ({"derived": 1}, "derived", "unknown key"),
        ({"zzzzzz": 1}, "zzzzzz", "unknown key; valid: "),
    ],
)
def test_each_fault_is_named_at_its_path(section: dict[str, Any], path: str, message: str) -> None:
    found = check(section)
    assert list(found) == [path]
    assert message in found[path]


def test_all_problems_come_at_once() -> None:
    data = {
        "error_handling": {
            "severity_levels": {"critcal": {}},
            "retry_policies": {"a": {"max_attempts": 0, "base_delay": -1, "backof_strategy": "x"}},
            "security": {"sanitization_level": "HIHG", "max_errors_per_minute": 0},
            "plugin_order": ["q"],
            "plugins": {"p": {"config": {"flag": 1}, "time_limit": 0, "on_failure": "ask"}, "q": {}},
        },
        "eror_handling": {},
    }
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(data, plugins={"p": Plugin})
    section = "error_handling."
    assert {problem.path for problem in caught.value.problems} == {
        "eror_handling",
        f"{section}severity_levels.critcal",
        f"{section}retry_policies.a.max_attempts",
        f"{section}retry_policies.a.base_delay",
        f"{section}retry_policies.a.backof_strategy",
        f"{section}security.sanitization_level",
        f"{section}security.max_errors_per_minute",
        f"{section}plugin_order.0",
        f"{section}plugins.q",
        f"{section}plugins.p.config.flag",
        f"{section}plugins.p.time_limit",
        f"{section}plugins.p.on_failure",
    }
    assert str(caught.value).startswith("configuration: 12 problems\n  - ")


class TestPluginSections:
    def test_a_required_key_that_is_missing_is_named(self) -> None:
        assert check({"other": 1}, Needy) == {
            "other": "unknown key; valid: key",
            "key": "is missing and has no default",
        }

    def test_a_plugin_without_config_takes_none(self) -> None:
        assert check({"a": 1}, Bare) == {"": "Bare takes no configuration; leave it out"}
        assert check({}, Bare) == {}

    def test_a_config_that_is_no_attrs_class_is_no_fault_of_the_file(self) -> None:
        class Plain:
            class Config:
                size = 1

        assert check({"size": 2}, Plain) == {}

    def test_nothing_below_a_key_is_an_empty_mapping(self) -> None:
        default = Config()
        assert Config.from_yaml("error_handling:") == default
        assert Config.from_yaml("error_handling:\n  security:\n  severity_levels:\n  plugins:\n") == default
        plugins = Config.from_dict({"error_handling": {"plugins": {"p": None}}}, plugins={"p": Plugin})
        assert plugins.error_handling.plugins["p"].config == {}
        assert built(inner=None, table={"k": None}) == built(table={"k": {}})

    def test_a_disabled_plugin_is_not_even_imported(self) -> None:
        settings = {"p": {"enabled": False, "config": {"nonsense": 1}}}
        Config.from_dict({"error_handling": {"plugins": settings}}, plugins={"p": Plugin})

    @pytest.mark.parametrize("value", [[], 5, "x"])
    def test_wrong_shapes_of_the_sections_around_it_are_problems_too(self, value: Any) -> None:
        for data in ({"plugins": value}, {"plugins": {"p": value}}, {"plugins": {"p": {"config": value}}}):
            with pytest.raises(ConfigError):
                Config.from_dict({"error_handling": data}, plugins={"p": Plugin})
        with pytest.raises(ConfigError, match="error_handling: expected a mapping"):
            Config.from_dict({"error_handling": value})


SECRETS = st.text(string.ascii_letters + string.digits + "+/=_-'\"\\*!&@", min_size=12, max_size=60).filter(
    lambda text: any(character.isdigit() for character in text)
)
FIELDS = [
    "flag",
    "number",
    "ratio",
    "money",
    "colour",
    "either",
    "names",
    "inner",
    "table",
    "choice",
    "pattern",
    "unquoted",
]


@given(SECRETS, st.sampled_from([*FIELDS, "caught", "unknown", "listed", "pair"]), st.integers(0, 3))
def test_a_secret_at_the_wrong_place_is_never_shown(secret: str, name: str, depth: int) -> None:
    value: Any = secret
    for _ in range(depth):
        value = [value]
    with_key = {"p": {"config": {name: value}, "time_limit": secret, "on_failure": secret}}
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(
            {"error_handling": {"plugins": with_key, "plugin_order": [secret], "security": secret}},
            plugins={"p": Plugin},
        )
    assert secret not in str(caught.value)
    assert repr(secret)[1:-1] not in str(caught.value)


class TestTextsThatMayBeSecrets:
    """A text is shown where it has at most 6 characters or is close to a valid one; never below a secret's name."""

    @pytest.mark.parametrize("secret", ["hunterpassword", "letmein", "correct horse", "SuperSecretToken", "abc1234"])
    @pytest.mark.parametrize("name", [*FIELDS, "caught", "unknown", "listed", "pair", "mode", "colours"])
    def test_are_not_shown_even_without_a_digit(self, secret: str, name: str) -> None:
        for value in (secret, [secret], {"size": secret}):
            with_key = {"p": {"config": {name: value, "flag": 1}, "time_limit": secret, "on_failure": secret}}
            with pytest.raises(ConfigError) as caught:
                Config.from_dict(
                    {"error_handling": {"plugins": with_key, "plugin_order": [secret], "security": secret}},
                    plugins={"p": Plugin},
                )
            assert secret not in str(caught.value)

    def test_of_six_characters_or_close_to_a_valid_one_are_shown(self) -> None:
        assert check({"colour": "grey"})["colour"] == "'grey' is not one of red, green; did you mean 'green'?"
        policies = {"a": {"backoff_strategy": "exponental"}, "b": {"backoff_strategy": "swordfish"}}
        with pytest.raises(ConfigError) as caught:
            Config.from_dict({"error_handling": {"retry_policies": policies, "plugin_order": ["securty_sanitizer"]}})
        text = str(caught.value)
        assert "plugin named 'securty_sanitizer' is installed; did you mean 'security_sanitizer'?" in text
        strategies = "exponential, linear, constant, decorrelated"
        assert f"a.backoff_strategy: must be one of {strategies}, got a text of 10 characters" in text

    @pytest.mark.parametrize("name", ["api_key", "secrets", "Password", "bot_token", "webhook_auth", "keys"])
    @pytest.mark.parametrize("value", ["abc", 123456, 1.5])
    def test_below_a_secret_s_name_nothing_is_shown(self, name: str, value: Any) -> None:
        found = check({"table": {name: value}, "anything": {name: value}})
        assert found == {
            f"table.{name}": "expected a mapping, got "
            + ("a text of 3 characters" if isinstance(value, str) else "a number")
        }

    def test_below_a_field_that_names_a_secret_a_validator_s_words_show_nothing(self) -> None:
        @frozen(kw_only=True)
        class Keyed:
            api_key: str = field(validator=matches_re("[0-9]+"))
            pin: int = field(validator=ge(1000))
            mode: str = field(default="fast", validator=optional(in_(("fast", "careful"))))

        class KeyedPlugin:
            Config = Keyed

        assert check({"api_key": "abc", "pin": 12, "mode": "carful"}, KeyedPlugin) == {
            "api_key": "is refused (ValueError), got a text of 3 characters",
            "pin": "is refused (ValueError), got a number",
            "mode": "'carful' is not one of fast, careful; did you mean 'careful'?",
        }
        assert "abc" not in str(check({"api_key": ["abc"], "pin": 12}, KeyedPlugin))

    def test_a_rule_is_told_without_the_value_that_it_quotes(self) -> None:
        assert check({"pattern": "letmein99"})["pattern"] == (
            "must match regex '[a-z]+' ((a value) doesn't), got a text of 9 characters"
        )

    def test_a_rule_over_a_mapping_hides_keys_that_look_like_secrets_and_values_below_secret_names(self) -> None:
        def echo(_: object, __: object, value: Any) -> None:
            raise ValueError(f"can't take {value}")

        @frozen(kw_only=True)
        class Echoing:
            values: Mapping[str, Any] = field(factory=dict, validator=echo)

        class EchoPlugin:
            Config = Echoing

        section = {"a1b2c3d4e5f6g7": {"token": ["swordfish", 12345678]}, "plain": "short"}
        assert check({"values": section}, EchoPlugin) == {
            "values": "can't take {(a value): {'token': [(a value), (a value)]}, 'plain': 'short'}"
        }

    def test_a_choice_of_literals_is_listed(self) -> None:
        assert check({"choice": "swordfish"}) == {"choice": "a text of 9 characters is not one of a, b"}


@given(SECRETS)
def test_a_secret_that_breaks_the_syntax_is_not_shown_either(secret: str) -> None:
    for text in (f"api_key: {secret}", f"api_key: *{secret}", f"api_key: !{secret}", f"[{secret}", f"a: b: {secret}"):
        for parse in (Config.from_yaml, Config.from_toml):
            with pytest.raises(ConfigError) as caught:
                parse(text)
            assert secret not in str(caught.value)


@pytest.mark.parametrize("number", [4111111111111111, -123456789012, 1234567890.5, pytest.param(10**5000, id="huge")])
def test_a_long_number_may_be_a_secret_too(number: float) -> None:
    assert check({"flag": number}) == {"flag": "expected true or false, got a number of many digits"}


@pytest.mark.parametrize("key", ["A1b2C3d4E5f6G7h8", "x" * 61, "line\nbreak"])
def test_a_key_that_looks_like_a_secret_or_breaks_the_line_is_described(key: str) -> None:
    assert list(check({key: 1})) == [f"(a key of {len(key)} characters)"]
