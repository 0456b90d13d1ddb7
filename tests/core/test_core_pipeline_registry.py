"""Pipelines by name, from the configuration and from code."""

from __future__ import annotations

import pytest
from pipelining import Again, Door, Instead, Server, serving

from recoup import (
    CircuitBreakerConfig,
    CircuitOpen,
    Config,
    ConfigError,
    ErrorHandler,
    Operation,
    PolicyMisuse,
    PolicyUnavailable,
    RetryConfig,
)
from recoup.discovery import PluginSource, installed_plugins


def configured(*entries, name="binance"):
    return Config.from_dict({"error_handling": {"pipelines": {name: list(entries)}}})


class TestConfigured:
    def test_have_the_policies_of_the_plugins_that_the_entries_name(self):
        config = configured({"retry": {"max_attempts": 5}}, {"circuit_breaker": None})
        handler = ErrorHandler(config)
        assert handler.pipelines["binance"].policies == (RetryConfig(max_attempts=5), CircuitBreakerConfig())
        assert handler.pipelines["binance"].name == "binance"
        assert handler.pipelines.names() == ["binance"]

    @pytest.mark.parametrize(
        ("entry", "problem"),
        [
            ({"retri": {}}, r"pipelines\.binance\.0: no plugin named 'retri' is installed; did you mean 'retry'"),
            (
                {"retry": {"max_attempt": 5}},
                r"binance\.0\.retry\.max_attempt: unknown key; did you mean 'max_attempts'",
            ),
            ({"retry": {"max_attempts": "x"}}, r"binance\.0\.retry\.max_attempts: expected a whole number"),
            ({"log_monitor": None}, r"binance\.0: the plugin log_monitor serves no policy"),
            ({"retry": {}, "fallback": {}}, r"binance\.0: names 2 policies; each has an entry of its own"),
            ({}, r"binance\.0: names 0 policies"),
            (
                {"fallback": {"fallback_function": "print"}},
                r"fallback\.fallback_function: functions can be given in code only",
            ),
            (
                {"circuit_breaker": {"expected_exception": "OSError"}},
                r"circuit_breaker\.expected_exception: classes can be given in code only",
            ),
        ],
    )
    def test_problems_are_told_with_their_place(self, entry, problem):
        with pytest.raises(ConfigError, match=problem):
            configured(entry)

    def test_a_plugin_that_can_t_be_imported_is_told_with_the_reason(self, monkeypatch):
        def broken():
            raise ImportError("no such module")

        sources = installed_plugins() | {"retry": PluginSource(name="retry", import_class=broken)}
        monkeypatch.setattr("recoup.config.loader.installed_plugins", lambda: sources)
        with pytest.raises(
            ConfigError, match=r"binance\.0: plugin 'retry': its entry point can't be imported: ImportError"
        ):
            configured({"retry": {}})

    def test_a_mistyped_section_is_one_problem(self):
        with pytest.raises(ConfigError, match=r"error_handling\.pipelines\.binance: expected a list"):
            Config.from_dict({"error_handling": {"pipelines": {"binance": 5}}})

    def test_an_order_that_makes_no_sense_is_refused_when_the_handler_is_made(self):
        config = configured({"retry": None}, {"fallback": None})
        with pytest.raises(ConfigError, match=r"pipelines\.binance: policy 2, FallbackConfig, stands within policy 1"):
            ErrorHandler(config)

    def test_a_policy_of_a_disabled_plugin_is_refused_when_the_handler_is_made(self):
        config = Config.from_dict(
            {"error_handling": {"pipelines": {"b": [{"retry": None}]}, "plugins": {"retry": {"enabled": False}}}}
        )
        with pytest.raises(ConfigError, match=r"pipelines\.b: no enabled plugin serves RetryConfig"):
            ErrorHandler(config)


class TestDefined:
    def test_one_that_is_unknown_is_an_error_that_names_the_others(self):
        handler = serving(Server())
        handler.pipelines.define("a", Door())
        with pytest.raises(PolicyUnavailable, match="no pipeline is named 'b'; defined: a"):
            handler.pipelines["b"]

    def test_again_stay_the_same_object_with_other_policies_for_what_they_decorate(self):
        server = Server()
        pipelines = serving(server).pipelines
        pipeline = pipelines.define("a", Door(name="old"))
        decorated = pipeline(abs)
        decorated(1)
        assert pipelines.define("a", Door(name="new"), operation=Operation(weight=3)) is pipeline
        decorated(1)
        assert [entry for entry in server.log if isinstance(entry, str)] == ["+old", "+new"]
        assert [scope.weight for scope in server.scopes] == [1, 3]

    def test_again_with_policies_that_make_no_sense_change_nothing(self):
        pipelines = serving(Server()).pipelines
        pipeline = pipelines.define("a", Door())
        with pytest.raises(PolicyMisuse):
            pipelines.define("a", Again(), Instead())
        assert pipeline.policies == (Door(),)

    def test_again_keep_the_state_of_their_circuit(self):
        pipelines = ErrorHandler().pipelines
        pipeline = pipelines.define("venue", CircuitBreakerConfig(failure_threshold=1))

        @pipeline
        def fetch():
            raise ConnectionError

        with pytest.raises(ConnectionError):
            fetch()
        pipelines.define("venue", RetryConfig(max_attempts=1), CircuitBreakerConfig(failure_threshold=1))
        with pytest.raises(CircuitOpen):
            fetch()
