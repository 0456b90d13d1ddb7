"""Plugins and functions that the tests of guards share."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from attrs import evolve

from recoup import (
    Classification,
    Config,
    ErrorCategory,
    ErrorHandler,
    ErrorHandlingConfig,
    ErrorSeverity,
    FallbackConfig,
    Guard,
    Place,
    Placing,
    Recovery,
    RetryConfig,
    hookimpl,
)
from recoup.testing import FakeClock

KNOWN = Classification(severity=ErrorSeverity.MEDIUM, category=ErrorCategory.NETWORK, retryable=True)
UNKNOWN = evolve(KNOWN, outcome_known=False)


class PassesOn:
    """A rescue that rescues nothing: within a guard, the ``recover`` hook does."""

    def begin(self, error):
        return None


class Core:
    """Classifies all errors alike, shows everything, and records what it was asked."""

    serves: tuple[type, ...] = (RetryConfig, FallbackConfig)

    def __init__(self, verdict: Classification = KNOWN):
        self.verdict = verdict
        self.contexts: list[Any] = []
        self.events: list[Any] = []

    def placing(self, config):
        return Placing(place=Place.FALLBACK if isinstance(config, FallbackConfig) else Place.RETRY)

    def policy(self, config, scope):
        return PassesOn()

    @hookimpl
    def classify(self, error, context):
        self.contexts.append(context)
        return self.verdict

    @hookimpl
    def sanitize(self, payload):
        return payload

    @hookimpl
    def monitor(self, event):
        self.events.append(event)


class Repeats:
    def __init__(self, times: int = 1000, delay: float = 0.0):
        self.times = times
        self.delay = delay

    @hookimpl
    def recover(self, context):
        if context.call is None or context.call.attempts > self.times:
            return None
        return Recovery.retry(self.delay)


class StandsIn:
    def __init__(self, value: Any):
        self.value = value
        self.errors: list[Exception] = []

    @hookimpl
    def recover(self, error):
        self.errors.append(error)
        return Recovery.recovered(self.value)


class Says:
    def __init__(self, recovery: Recovery):
        self.recovery = recovery

    @hookimpl
    def recover(self):
        return self.recovery


def make(*, verdict: Classification = KNOWN, config: ErrorHandlingConfig | None = None, **plugins: Any) -> ErrorHandler:
    return ErrorHandler(
        Config(error_handling=config or ErrorHandlingConfig()),
        discover=False,
        plugins={"core": Core(verdict), **plugins},
        clock=FakeClock(),
    )


class Flaky:
    """Fails ``failures`` times, each time with a new error, then answers."""

    def __init__(self, failures: int, error: type[Exception] = ConnectionError):
        self.failures = failures
        self.error = error
        self.raised: list[Exception] = []
        self.calls = 0

    def __call__(self, answer: Any = "ok") -> Any:
        self.calls += 1
        if self.calls <= self.failures:
            failure = self.error(f"failure {self.calls}")
            self.raised.append(failure)
            raise failure
        return answer

    async def later(self, answer: Any = "ok") -> Any:
        await anyio.lowlevel.checkpoint()
        return self(answer)


async def called(how: str, guarded: Guard, flaky: Any, *args: Any) -> Any:
    if how == "sync":
        return guarded.call_sync(flaky, *args)
    return await guarded.call(flaky.later if how == "async" else flaky, *args)


EVERY_WAY = pytest.mark.parametrize("how", ["sync", "async", "plain in a task"])
