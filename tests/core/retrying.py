"""A handler on a fake clock, and one way each to make a synchronous and an asynchronous call through a pipeline."""

from __future__ import annotations

from typing import Any

import anyio.lowlevel
import pytest
from attrs import evolve

from recoup import (
    Classification,
    Config,
    ErrorCategory,
    ErrorHandler,
    ErrorHandlingConfig,
    ErrorSeverity,
    Operation,
    OperationKind,
    Pipeline,
    hookimpl,
)
from recoup.testing import FakeClock
from recoup_plugins.retry import RetryPlugin

KNOWN = Classification(severity=ErrorSeverity.MEDIUM, category=ErrorCategory.NETWORK, retryable=True)
UNKNOWN = evolve(KNOWN, outcome_known=False)


class Classifies:
    """Gives every error the verdict that it carries, or the same one to all."""

    def __init__(self, verdict: Classification = KNOWN):
        self.verdict = verdict

    @hookimpl
    def classify(self, error):
        return getattr(error, "verdict", self.verdict)


class ByClass(Classifies):
    def needs_error(self, kind):
        return False


class Listens:
    def __init__(self):
        self.events: list[Any] = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)

    @hookimpl
    def sanitize(self, payload):
        return payload

    def of(self, policy: str) -> list[Any]:
        return [event for event in self.events if event.kind == "policy" and event.policy == policy]


def make_handler(
    verdict: Classification = KNOWN, *, config: ErrorHandlingConfig | None = None, **plugins: Any
) -> ErrorHandler:
    return ErrorHandler(
        Config(error_handling=config or ErrorHandlingConfig()),
        discover=False,
        plugins={"classifies": Classifies(verdict), "retry": RetryPlugin, **plugins},
        clock=FakeClock(),
    )


class Venue:
    """Answers with what it is given, in turn: errors are raised, anything else is returned; the last one for good."""

    def __init__(self, *answers: Any):
        self.answers = list(answers)
        self.calls = 0

    def fetch(self, *args: Any, **kwargs: Any) -> Any:
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def fetch_async(self, *args: Any, **kwargs: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return self.fetch(*args, **kwargs)


def failures(number: int, kind: type[Exception] = ConnectionError) -> list[Exception]:
    return [kind(f"failure {n}") for n in range(1, number + 1)]


class Caller:
    """Calls through a pipeline, decorated or inline, synchronously or asynchronously."""

    def __init__(self, is_async: bool, is_inline: bool):
        self.is_async = is_async
        self.is_inline = is_inline

    async def __call__(self, pipeline: Pipeline, venue: Venue, *args: Any, **kwargs: Any) -> Any:
        function = venue.fetch_async if self.is_async else venue.fetch
        if self.is_inline:
            if self.is_async:
                return await pipeline.call(function, *args, **kwargs)
            return pipeline.call_sync(function, *args, **kwargs)
        made = pipeline(function)(*args, **kwargs)
        return await made if self.is_async else made


EVERY_WAY = pytest.mark.parametrize(
    "call",
    [
        pytest.param(
            Caller(is_async, is_inline),
            id=f"{'async' if is_async else 'sync'}-{'inline' if is_inline else 'decorated'}",
        )
        for is_async in (False, True)
        for is_inline in (False, True)
    ],
)
"""One specification for all ways to call; the test's parameter is ``call``."""

READ = Operation(kind=OperationKind.READ)
