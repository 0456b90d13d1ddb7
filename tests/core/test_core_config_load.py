"""Reading configurations: YAML, TOML, the environment, and files that are not what they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

from recoup import Config, ConfigError, ErrorSeverity, RetryConfig, SensitivityLevel

if TYPE_CHECKING:
    from pathlib import Path

SEED = """\
error_handling:
  severity_levels:
    critical:
      escalate: true
      notify: ["discord", "email", "sms"]
    high:
      escalate: true
      notify: ["discord", "email"]

  retry_policies:
    network_errors:
      max_attempts: 5
      base_delay: 1
      max_delay: 60
      backoff_strategy: "exponential"

  circuit_breakers:
    api_calls:
      failure_threshold: 5
      recovery_timeout: 30

  security:
    sanitization_level: "HIGH"  # LOW/MEDIUM/HIGH/CRITICAL
    rate_limiting: true
    max_errors_per_minute: 100
"""


def problems(call: Any, *arguments: Any, **kwargs: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        call(*arguments, **kwargs)
    return {problem.path: problem.message for problem in caught.value.problems}


def test_every_value_of_the_seeds_example_lands() -> None:
    section = Config.from_yaml(SEED).error_handling
    assert section.severity_levels[ErrorSeverity.CRITICAL].notify == ("discord", "email", "sms")
    assert section.severity_levels[ErrorSeverity.HIGH].notify == ("discord", "email")
    assert all(level.escalate for level in section.severity_levels.values())
    assert section.retry_policies == {
        "network_errors": RetryConfig(max_attempts=5, base_delay=1, max_delay=60, backoff_strategy="exponential")
    }
    circuit = section.circuit_breakers["api_calls"]
    assert (circuit.failure_threshold, circuit.recovery_timeout, circuit.name) == (5, 30, "api_calls")
    assert section.security.sanitization_level is SensitivityLevel.HIGH
    assert section.security.rate_limiting is True
    assert section.security.max_errors_per_minute == 100


def test_the_configuration_is_frozen() -> None:
    config = Config.from_yaml(SEED)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        config.error_handling = None  # type: ignore[misc, assignment]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        config.error_handling.security.rate_limiting = False  # type: ignore[misc]


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n", "{}", "null"])
def test_an_empty_file_gives_the_defaults(text: str) -> None:
    assert Config.from_yaml(text) == Config() == Config.from_dict({}) == Config.from_toml("")


class TestFiles:
    @pytest.mark.parametrize("name", ["c.yaml", "c.yml", "c.json", "c"])
    def test_yaml_and_json_are_read_whatever_the_name(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text('{"error_handling": {"max_recovery_attempts": 7}}')
        assert Config.from_file(tmp_path / name).error_handling.max_recovery_attempts == 7
        assert Config.from_file(str(tmp_path / name)) == Config.from_yaml(tmp_path / name)

    def test_toml_is_told_by_its_suffix(self, tmp_path: Path) -> None:
        path = tmp_path / "c.toml"
        path.write_text("[error_handling]\nmax_recovery_attempts = 7")
        assert Config.from_file(path) == Config.from_toml(path)
        assert Config.from_toml(path).error_handling.max_recovery_attempts == 7

    @pytest.mark.parametrize("suffix", ["yaml", "toml"])
    def test_a_byte_order_mark_does_no_harm(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"c.{suffix}"
        path.write_bytes(b"\xef\xbb\xbf# a comment\n")
        assert Config.from_file(path) == Config()

    def test_a_file_that_can_not_be_read_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"missing\.yaml: 1 problem\n  - \(file\): can't be read: No such file"):
            Config.from_file(tmp_path / "missing.yaml")
        assert problems(Config.from_file, tmp_path) == {"": "can't be read: Is a directory"}

    def test_a_file_that_is_not_utf_8_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "c.yaml").write_bytes(b"a: \xff\xfe")
        assert problems(Config.from_file, tmp_path / "c.yaml") == {"": "can't be read: it is not UTF-8 text"}

    def test_a_file_name_in_place_of_the_text_is_explained(self) -> None:
        assert "use Config.from_file" in problems(Config.from_yaml, "config.yaml")[""]

    @pytest.mark.parametrize(("text", "kind"), [("[1]", "list"), ("5", "int"), ("2024-01-01", "date")])
    def test_the_root_must_be_a_mapping(self, text: str, kind: str) -> None:
        assert problems(Config.from_yaml, text)[""].startswith(f"expected a mapping at the root, got {kind}")


class TestYamlFaults:
    @pytest.mark.parametrize(
        ("text", "place", "message"),
        [
            ("a: 1\na: 2", "line 2, column 1", "the key a stands twice"),
            ("a: [1", "line 1, column 6", "expected ',' or ']'"),
            ("a: *nowhere1", "line 1, column 4", "found undefined alias a text of 8 characters"),
            ("a: *hunterpassword", "line 1, column 4", "found undefined alias a text of 14 characters"),
            ("a: *plugin_ordr", "line 1, column 4", "found undefined alias 'plugin_ordr'"),
            ("a: !python/object:os.system x", "line 1, column 4", "could not determine a constructor"),
            ("a: 1\n---\nb: 2", "line 2, column 1", "but found another document"),
            ("a: \x07", "", "special characters are not allowed"),
            ("a: 2024-99-99", "", "it holds an impossible value"),
            ("a: !!int x", "", "it holds an impossible value"),
            ("a: !!bool maybe", "", "it holds an impossible value"),
            ("a: " + "1" * 5000, "", "it holds an impossible value"),
            ("{? [1, 2] : 3}", "line 1, column 4", "found unhashable key"),
            ("[" * 5000, "", "nested too deeply"),
        ],
    )
    def test_each_is_one_clear_problem_at_its_place(self, text: str, place: str, message: str) -> None:
        found = problems(Config.from_yaml, text)
        assert list(found) == [place]
        assert found[place].startswith("is not YAML: ")
        assert message in found[place]

    def test_a_merge_key_may_be_overridden_and_merged_again_at_another_depth(self) -> None:
        text = """
        error_handling:
          retry_policies:
            a: &a {max_attempts: 1, base_delay: 2}
            b: &b {<<: *a, max_attempts: 3}
            c: {<<: *b, base_delay: 5}
        """
        policies = Config.from_yaml(text).error_handling.retry_policies
        assert [(item.max_attempts, item.base_delay) for item in policies.values()] == [(1, 2), (3, 2), (3, 5)]

    def test_an_override_that_stands_deeper_than_its_user_is_no_twin(self) -> None:
        text = "{x: {y: {z: &b {<<: {k: 1}, k: 2}}}, c: {<<: *b}}"
        assert set(problems(Config.from_yaml, text)) == {"x", "c"}

    def test_an_alias_bomb_is_refused_and_not_followed(self) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
        assert any("100000 values" in message for message in problems(Config.from_yaml, "\n".join(lines)).values())

    def test_a_bomb_of_merge_keys_is_refused(self) -> None:
        lines = ["a0: &a0 {k: v}"]
        lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 60)]
        assert "merge keys copy too much" in str(problems(Config.from_yaml, "\n".join(lines)))

    @pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a [*a, *a, *a]", "a: &a {b: *a, c: *a}"])
    def test_a_structure_that_contains_itself_is_refused(self, text: str) -> None:
        assert any("levels deep" in message for message in problems(Config.from_yaml, text).values())

    @pytest.mark.parametrize("key", ["5", "2024-01-01", "true", "null", "1.5"])
    def test_a_key_that_is_no_text_is_pointed_out(self, key: str) -> None:
        (message,) = problems(Config.from_yaml, f"error_handling: {{retry_policies: {{{key}: {{}}}}}}").values()
        assert message == "keys are text; put it in quotes"


class TestWhatContradictsItself:
    def read(self, text: str) -> dict[str, str]:
        return problems(Config.from_yaml, text)

    def test_a_plugin_order_that_names_one_twice(self) -> None:
        assert self.read("error_handling: {plugin_order: [retry, fallback, retry]}") == {
            "error_handling.plugin_order.2": "names retry again; it can come only once"
        }

    def test_a_plugin_order_that_names_a_disabled_one(self) -> None:
        text = "error_handling: {plugin_order: [retry], plugins: {retry: {enabled: false}}}"
        (message,) = self.read(text).values()
        assert message == "names retry, which error_handling.plugins disables; take it out of one of them"

    def test_a_retry_policy_whose_longest_delay_is_below_its_first(self) -> None:
        text = "error_handling: {retry_policies: {a: {base_delay: 100, max_delay: 1}, b: {base_delay: 90}}}"
        assert self.read(text) == {
            "error_handling.retry_policies.a": "max_delay (1) must not be below base_delay (100)",
            "error_handling.retry_policies.b": "max_delay (60) must not be below base_delay (90)",
        }

    @pytest.mark.parametrize(
        ("levels", "words"),
        [
            ("error.low: LOUD", "loguru has no level 'LOUD'"),
            ("eror.low: DEBUG", "'eror.low' is no kind of event"),
        ],
    )
    def test_a_log_level_or_an_event_that_does_not_exist(self, levels: str, words: str) -> None:
        text = f"error_handling: {{plugins: {{log_monitor: {{config: {{levels: {{{levels}}}}}}}}}}}"
        found = self.read(text)
        assert list(found) == ["error_handling.plugins.log_monitor.config.levels"]
        assert words in str(found)


class TestTomlFaults:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a = ", "Invalid value"),
            ("a = 1\na = 2", "Cannot overwrite a value"),
            ("a = " + "[" * 20000, "nested too deeply"),
            ("a = " + "1" * 5000, "an impossible value"),
        ],
    )
    def test_each_is_one_clear_problem(self, text: str, message: str) -> None:
        assert problems(Config.from_toml, text)[""].startswith(f"is not TOML: {message}")


class TestEnvironment:
    def read(self, **section: Any) -> Any:
        return Config.from_dict({"error_handling": section}).error_handling

    def test_text_numbers_flags_and_names_of_levels_come_from_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {"N": "7", "X": "2.5", "FLAG": "FALSE", "LEVEL": "low", "WHO": "ops"}.items():
            monkeypatch.setenv(name, value)
        section = self.read(
            max_recovery_attempts="${N}",
            retry_policies={"a": {"base_delay": "${X}", "max_delay": "${N}"}},
            security={"rate_limiting": "${FLAG}", "sanitization_level": "${LEVEL}"},
            severity_levels={"low": {"notify": ["${WHO}@${WHO}.io", "$$5 in $$$$, not ${WHO}"]}},
        )
        assert section.max_recovery_attempts == 7
        assert (section.retry_policies["a"].base_delay, section.retry_policies["a"].max_delay) == (2.5, 7.0)
        assert section.security.rate_limiting is False
        assert section.security.sanitization_level is SensitivityLevel.LOW
        assert section.severity_levels[ErrorSeverity.LOW].notify == ("ops@ops.io", "$5 in $$, not ops")

    def test_a_default_stands_in_for_a_variable_that_is_not_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("UNSET", raising=False)
        assert self.read(max_recovery_attempts="${UNSET:-4}").max_recovery_attempts == 4
        monkeypatch.setenv("UNSET", "5")
        assert self.read(max_recovery_attempts="${UNSET:-4}").max_recovery_attempts == 5

    def test_an_empty_variable_takes_the_default_as_in_sh(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EMPTY", "")
        assert self.read(max_recovery_attempts="${EMPTY:-4}").max_recovery_attempts == 4
        section = self.read(severity_levels={"low": {"notify": ["<${EMPTY}>", "<${EMPTY:-}>"]}})
        assert section.severity_levels[ErrorSeverity.LOW].notify == ("<>", "<>")

    def test_a_choice_may_come_from_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        @attrs.frozen
        class Choosing:
            side: Literal["buy", "sell"] = "buy"

        class Plugin:
            Config = Choosing

        monkeypatch.setenv("SIDE", "sell")
        plugins = {"p": {"config": {"side": "${SIDE}"}}}
        Config.from_dict({"error_handling": {"plugins": plugins}}, plugins={"p": Plugin})

    def test_a_variable_that_is_not_set_is_one_problem_at_its_path(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("UNSET", raising=False)
        assert problems(self.read, max_recovery_attempts="${UNSET}") == {
            "error_handling.max_recovery_attempts": "the environment variable UNSET is not set; or give ${UNSET:-x}"
        }

    @pytest.mark.parametrize("text", ["${}", "${NOT-A-NAME}", "${OPEN", "${1}", "${A:-{}}"])
    def test_a_malformed_reference_is_not_taken_for_text(self, text: str) -> None:
        found = problems(self.read, severity_levels={"low": {"notify": [text]}})
        assert "is no ${NAME}" in found["error_handling.severity_levels.low.notify.0"]

    def test_a_number_written_as_text_in_the_file_itself_is_no_number(self) -> None:
        assert "expected a whole number, got '7'" in problems(self.read, max_recovery_attempts="7").values()

    @pytest.mark.parametrize("value", ["", "1e3", "nan", "0x10", "seven", "1_000"])
    def test_what_is_no_plain_number_is_refused_and_not_shown(
        self, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("N", value)
        (message,) = problems(self.read, max_recovery_attempts="${N}").values()
        assert message == "expected a whole number, got a value from the environment"
        assert set(problems(self.read, retry_policies={"a": {"base_delay": "${N}"}}).values()) == {
            "expected a number, got a value from the environment"
        }

    def test_a_value_that_its_rule_refuses_is_not_shown_either(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STRATEGY", "hunter")
        assert "hunter" not in str(problems(self.read, retry_policies={"a": {"backoff_strategy": "${STRATEGY}"}}))
