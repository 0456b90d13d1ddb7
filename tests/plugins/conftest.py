"""A host that records what plugins publish, for tests of one plugin by itself."""

from __future__ import annotations

import inspect
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

from recoup import UNCLASSIFIED, Classification, ErrorContext, ErrorSeverity, Exposures, Halts, Venues
from recoup.config.models import Config
from recoup.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from recoup import IntentFinding, Operation, Reconciliation
    from recoup.events import Event
    from recoup.exposure import IntentId


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
    venues: Venues = field(factory=Venues)
    exposures: Exposures = field(factory=Exposures)
    settled: list[tuple[IntentId, IntentFinding]] = field(factory=list)
    spawned: list[tuple[str, Callable[..., Awaitable[Any]], tuple[Any, ...]]] = field(factory=list)
    spawns: bool = True
    escalated: list[tuple[str, str, str]] = field(factory=list)
    reconciled: list[str] = field(factory=list)
    reconciliations: list[Callable[[], tuple[Reconciliation, ...]]] = field(factory=list)
    halts: Halts = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.halts = Halts(self.clock, self.publish)

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

    def settle(self, intent: IntentId, finding: IntentFinding) -> None:
        self.settled.append((intent, finding))
        if finding.state.is_resolved:
            self.exposures.release(*intent)

    def escalate(self, component: str, operation: str, reason: str) -> None:
        self.escalated.append((component, operation, reason))

    def spawn(self, name: str, function: Callable[..., Awaitable[Any]], *args: Any) -> bool:
        """Keep what is to be run beside the application, for the test to run."""
        if self.spawns:
            self.spawned.append((name, function, args))
        return self.spawns

    async def reconcile(self, key: str) -> tuple[Reconciliation, ...]:
        self.reconciled.append(key)
        return self.reconciliations.pop(0)() if self.reconciliations else ()


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
