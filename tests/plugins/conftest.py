"""A host that records what plugins publish, for tests of one plugin by itself."""

from __future__ import annotations

import inspect
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

from recoup import UNCLASSIFIED, Classification, ErrorContext, ErrorSeverity
from recoup.config.models import Config
from recoup.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Operation
    from recoup.events import Event


@define
class FakeHost:
    config: Config = field(factory=Config)
    clock: FakeClock = field(factory=FakeClock)
    random: Random = field(factory=lambda: Random(0))
    published: list[Event] = field(factory=list)
    calls: list[tuple[str, Operation]] = field(factory=list)

    observed: bool = True
    verdict: Classification = UNCLASSIFIED
    class_tells: bool = False

    def classify(self, error: Exception, *, component: str, operation: str) -> Classification:
        return self.verdict

    def class_tells_all(self, kind: type[Exception]) -> bool:
        return self.class_tells

    def hears(self, kind: str) -> bool:
        return self.observed

    def publish(self, event: Event) -> None:
        self.published.append(event)

    async def call(self, function: Callable[..., Any], *args: Any, component: str, operation: Operation) -> Any:
        self.calls.append((component, operation))
        result = function(*args)
        return await result if inspect.isawaitable(result) else result

    def sanitize(self, payload: Any) -> Any:
        return payload


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def make_host() -> Callable[..., FakeHost]:
    return FakeHost


@pytest.fixture
def make_context(host: FakeHost) -> Callable[..., ErrorContext]:
    def make(error: Exception, **kwargs: Any) -> ErrorContext:
        fields: dict[str, Any] = {
            "error_id": "e-1",
            "timestamp": host.clock.now(),
            "severity": ErrorSeverity.MEDIUM,
            "component": "exchange",
            "operation": "create_order",
        }
        return ErrorContext(error=error, **(fields | kwargs))

    return make
