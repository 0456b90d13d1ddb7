"""What the framework offers a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from recoup.classification import Classification
    from recoup.clock import Clock
    from recoup.config.models import Config
    from recoup.events import Event
    from recoup.exposure import Exposures, IntentId
    from recoup.halts import Halts
    from recoup.intents import IntentFinding
    from recoup.operation import Operation
    from recoup.reconciliation import Reconciliation
    from recoup.venues import Venues


class Host(Protocol):
    """The handler, as its plugins see it.

    A plugin class whose constructor has a parameter ``host`` is given one. Thread-safe and task-safe.
    """

    @property
    def config(self) -> Config:
        """The whole configuration; a plugin's own section comes as its ``config`` parameter."""
        ...

    @property
    def clock(self) -> Clock:
        """Where the time comes from."""
        ...

    @property
    def random(self) -> Random:
        """Where chance comes from; seeded in tests."""
        ...

    @property
    def venues(self) -> Venues:
        """The ports of each venue."""
        ...

    @property
    def halts(self) -> Halts:
        """Where no new orders are taken."""
        ...

    @property
    def exposures(self) -> Exposures:
        """What orders of unknown outcome may have put at risk."""
        ...

    def hears(self, kind: str) -> bool:
        """Say whether anybody listens to events of a kind; where nobody does, one need not be made."""
        ...

    def classify(self, error: Exception, *, component: str, operation: str) -> Classification:
        """Return what the ``classify`` hook says of an error; from memory where its class tells all."""
        ...

    def class_tells_all(self, kind: type[Exception]) -> bool:
        """Say whether ``classify`` is known to answer the same for every bare error of exactly this class.

        Bare is an error as :class:`recoup.TypeClassifier` has it. The answer holds until plugins change, as a policy
        that was made for them does.
        """
        ...

    def publish(self, event: Event) -> None:
        """Sanitize an event's text and hand it to every ``monitor``. Never raises."""
        ...

    async def call(self, function: Callable[..., Any], *args: Any, component: str, operation: Operation) -> Any:
        """Make a guarded call, such as a lookup; every plugin recovers it as it would the application's own.

        ``function`` may be a plain or a coroutine function.

        Raises:
            Exception: what the function raised, when recovery has given up.
        """
        ...

    def settle(self, intent: IntentId, finding: IntentFinding) -> None:
        """Tell every journal what became of an intent, and give its exposure back where that is known. Never raises."""
        ...

    async def reconcile(self, key: str) -> tuple[Reconciliation, ...]:
        """Hold what the application believes of a venue against what the venue says; what each plugin found."""
        ...

    def escalate(self, component: str, operation: str, reason: str) -> None:
        """Tell a human of something that nobody can settle; severity HIGH."""
        ...

    def spawn(self, name: str, function: Callable[..., Awaitable[Any]], *args: Any) -> bool:
        """Run a coroutine function beside the application; False where no event loop runs, or too much is under way."""
        ...

    def sanitize(self, payload: Any) -> Any:
        """Sanitize at the configured level; what the sanitizer can't vouch for is withheld."""
        ...
