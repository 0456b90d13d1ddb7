"""What the framework offers a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from random import Random

    from recoup.clock import Clock
    from recoup.config.models import Config
    from recoup.events import Event


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

    def publish(self, event: Event) -> None:
        """Sanitize an event's text and hand it to every ``monitor``. Never raises."""
        ...

    def sanitize(self, payload: Any) -> Any:
        """Sanitize at the configured level; what the sanitizer can't vouch for is withheld."""
        ...
