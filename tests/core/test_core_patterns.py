"""The cache of error patterns."""

from __future__ import annotations

from typing import Any

import pytest

from recoup import ErrorPattern, ErrorPatternCache
from recoup.testing import FakeClock

CLOCK = FakeClock()


def pattern(name: str, **changes: Any) -> ErrorPattern:
    fields: dict[str, Any] = {
        "pattern_id": name, "pattern_type": "frequency", "component": "c", "error_type": "E", "frequency": 1.0,
        "severity": "low", "first_detected": CLOCK.now(), "last_detected": CLOCK.now(), "occurrence_count": 1,
        "confidence": 0.5, "description": "", "suggested_action": "",
    }  # fmt: skip
    return ErrorPattern(**(fields | changes))


def test_patterns_are_kept_by_id_bounded_in_number_and_age() -> None:
    clock = FakeClock()
    cache = ErrorPatternCache(2, 1, clock=clock)
    for name in ("a", "b", "c"):
        cache.add_pattern(pattern(name))
    assert list(cache.get_all_patterns()) == ["b", "c"]
    cache.add_pattern(pattern("b", occurrence_count=2))
    found = cache.get_pattern("b")
    assert found is not None
    assert (found.occurrence_count, len(cache)) == (2, 2)
    clock.advance(3600)
    assert cache.get_pattern("a") is None
    assert cache.cleanup_expired() == 2
    assert len(cache) == 0


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan"), "1"])
def test_confidence_lies_between_zero_and_one(confidence: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        pattern("a", confidence=confidence)
