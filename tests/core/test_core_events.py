"""Events can't be had unsanitized, and answers of hooks are checked when they are made."""

from __future__ import annotations

from typing import Any

import pytest

from recoup import (
    UNCLASSIFIED,
    Classification,
    ErrorCategory,
    ErrorEvent,
    ErrorSeverity,
    RateLimitDecision,
    ThreatEvent,
)
from recoup.events import Sanitized
from recoup.testing import FakeClock


def test_nobody_but_the_sanitize_stage_makes_an_error_event() -> None:
    with pytest.raises(TypeError, match="pass the payload through the sanitize stage"):
        Sanitized({}, mint=object())
    with pytest.raises(TypeError, match="takes a Sanitized from the sanitize stage, got dict"):
        ErrorEvent({}, UNCLASSIFIED, error_id="e", timestamp=FakeClock().now())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments", [{"allowed": 1}, {"allowed": False, "retry_after": -1}, {"allowed": True, "reason": None}]
)
def test_a_rate_limit_decision_is_checked(arguments: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        RateLimitDecision(**arguments)


@pytest.mark.parametrize(
    "change", [{"severity": "low"}, {"retryable": 1}, {"retry_after": -1.0}, {"reason": "timeout"}]
)
def test_a_classification_is_checked(change: dict[str, Any]) -> None:
    good: dict[str, Any] = {"severity": ErrorSeverity.LOW, "category": ErrorCategory.NETWORK, "retryable": True}
    with pytest.raises((TypeError, ValueError)):
        Classification(**(good | change))


@pytest.mark.parametrize("confidence", [-0.1, 1.1])
def test_the_confidence_in_a_threat_is_a_share(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        ThreatEvent(
            threat="error_flood",
            severity=ErrorSeverity.HIGH,
            confidence=confidence,
            component="api",
            operation="login",
        )
