"""What a CircuitBreakerConfig takes, and what it refuses with which remedy."""

from __future__ import annotations

import pytest

from recoup import CircuitBreakerConfig, Config, ConfigError, ErrorHandler


def test_the_values_that_bots_have_configured_so_far_still_mean_failures_in_a_row():
    config = CircuitBreakerConfig()

    assert (config.failure_threshold, config.recovery_timeout, config.expected_exception) == (5, 60, Exception)
    assert (config.name, config.window, config.half_open_max_calls, config.success_threshold) == (None, None, 1, 1)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"window": "sliding"}, ValueError, "'window' must be one of count, time, or None"),
        ({"window": "count", "window_size": 0}, ValueError, "'window_size' must be above 0"),
        ({"window": "count", "window_size": 2.5}, ValueError, "window_size of a count window must be a whole number"),
        ({"window": "count", "window_size": 5, "minimum_calls": 6}, ValueError, "would never hold so many"),
        ({"window": "count", "failure_rate_threshold": 0}, ValueError, "must be above 0 and at most 1"),
        ({"window": "count", "failure_rate_threshold": 50}, ValueError, "must be above 0 and at most 1"),
        ({"window": "count", "slow_call_rate_threshold": 0.5}, ValueError, "needs a slow_call_duration"),
        ({"window": "time", "slow_call_duration": 0}, ValueError, "'slow_call_duration' must be above 0"),
        ({"window_size": 10}, ValueError, "window_size is about a sliding window: add window='count'"),
        ({"failure_rate_threshold": 0.9}, ValueError, "failure_rate_threshold is about a sliding window"),
        ({"slow_call_duration": 1}, ValueError, "slow_call_duration is about a sliding window"),
        ({"minimum_calls": 1}, ValueError, "minimum_calls is about a sliding window"),
        ({"half_open_max_calls": 0}, ValueError, "'half_open_max_calls' must be 1 or more"),
        ({"success_threshold": 1.5}, TypeError, "'success_threshold' must be a whole number"),
        ({"recovery_multiplier": 0.5}, ValueError, "'recovery_multiplier' must be 1 or more"),
        ({"max_recovery_timeout": 59}, ValueError, r"max_recovery_timeout \(59\) must not be below recovery_timeout"),
        ({"ignored_exceptions": KeyboardInterrupt}, TypeError, "ignored_exceptions takes exception classes"),
        ({"parent": ""}, TypeError, "'parent' must be a text that is not empty"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_remedy(values, error, message):
    with pytest.raises(error, match=message):
        CircuitBreakerConfig(**values)


FILE = """
error_handling:
  circuit_breakers:
    kraken: {window: time, window_size: 30, failure_rate_threshold: 0.8, minimum_calls: 20}
    kraken > main: {window: count, window_size: 50, slow_call_duration: 2.5, slow_call_rate_threshold: 0.9}
    app.fetch: {failure_threshold: 3, recovery_multiplier: 2, max_recovery_timeout: 600, parent: kraken > main}
"""


def test_a_file_configures_windows_and_levels():
    breakers = ErrorHandler(Config.from_yaml(FILE)).plugins.get("circuit_breaker")

    assert breakers.status("kraken > main").parents == ("kraken",)
    assert breakers.status("app.fetch").parents == ("kraken", "kraken > main")


def test_a_fault_in_a_file_is_told_with_its_place():
    with pytest.raises(ConfigError, match=r"circuit_breakers\.kraken.*window='count'"):
        Config.from_yaml("error_handling: {circuit_breakers: {kraken: {minimum_calls: 3}}}")
