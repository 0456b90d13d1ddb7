"""Policy configurations refuse what makes no sense."""

from __future__ import annotations

from typing import Any

import pytest

from recoup import CircuitBreakerConfig, FallbackConfig, FallbackStrategy, RetryBudget, RetryConfig


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (RetryConfig, {"max_attempts": 0}),
        (RetryConfig, {"max_attempts": 1.5}),
        (RetryConfig, {"base_delay": -1}),
        (RetryConfig, {"max_delay": "60"}),
        (RetryConfig, {"max_delay": float("inf")}),
        (RetryConfig, {"base_delay": 5, "max_delay": 1}),
        (RetryConfig, {"max_attempts": True}),
        (RetryConfig, {"base_delay": True}),
        (RetryConfig, {"backoff_strategy": "fibonacci"}),
        (RetryConfig, {"exponential_base": 0.5}),
        (RetryConfig, {"jitter": 1}),
        (RetryConfig, {"jitter": "half"}),
        (RetryConfig, {"backoff_strategy": "decorrelated", "jitter": "full"}),
        (RetryConfig, {"retry_if": "always"}),
        (RetryConfig, {"retry_on_result": 1}),
        (RetryConfig, {"max_elapsed": 0}),
        (RetryConfig, {"budget": 5}),
        (RetryConfig, {"before_sleep": "call me"}),
        (RetryConfig, {"before_sleep": (print, 1)}),
        (RetryConfig, {"per_error": 1}),
        (RetryBudget, {"capacity": 0}),
        (RetryBudget, {"retry_cost": 0}),
        (RetryBudget, {"retry_cost": 600}),
        (RetryBudget, {"timeout_cost": 501}),
        (RetryBudget, {"success_gives": -1}),
        (RetryBudget, {"per_second": float("inf")}),
        (RetryBudget, {"name": ""}),
        (RetryConfig, {"exceptions": ()}),
        (RetryConfig, {"exceptions": (KeyboardInterrupt,)}),
        (RetryConfig, {"exceptions": ValueError("an instance")}),
        (CircuitBreakerConfig, {"failure_threshold": 0}),
        (CircuitBreakerConfig, {"recovery_timeout": 0}),
        (CircuitBreakerConfig, {"failure_threshold": True}),
        (CircuitBreakerConfig, {"name": 5}),
        (CircuitBreakerConfig, {"name": ""}),
        (CircuitBreakerConfig, {"expected_exception": "ValueError"}),
        (FallbackConfig, {"strategy": "return_none"}),
        (FallbackConfig, {"fallback_function": "call me"}),
        (FallbackConfig, {"exceptions": ()}),
        (FallbackConfig, {"strategy": FallbackStrategy.RETRY_ALTERNATIVE}),
    ],
)
def test_each_limit_is_checked_when_it_is_made(kind: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)) as refused:
        kind(**arguments)
    (message,) = refused.value.args  # a sentence, where attrs' own validators give a tuple
    assert next(iter(arguments)) in message or "fallback_function" in message


def test_one_exception_class_or_several_may_be_expected() -> None:
    assert CircuitBreakerConfig(expected_exception=OSError).expected_exception is OSError
    assert CircuitBreakerConfig(expected_exception=(OSError, ValueError)).expected_exception == (OSError, ValueError)
    assert FallbackConfig(strategy=FallbackStrategy.RETRY_ALTERNATIVE, fallback_function=print).default_value is None


def test_one_function_or_several_may_be_told_before_a_repetition() -> None:
    assert RetryConfig(before_sleep=print).before_sleep == (print,)
    assert RetryConfig(before_sleep=[print, repr]).before_sleep == (print, repr)
