"""Time-outs on a clock that is not the machine's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from recoup import Clock

if TYPE_CHECKING:
    from collections.abc import Callable


@runtime_checkable
class AlarmClock(Clock, Protocol):
    """A clock that can call a function when a time has come, such as :class:`recoup.testing.FakeClock`.

    On any other clock but this, time-outs are taken to pass as fast as the machine's time does.
    """

    def call_at(self, when: float, wake: Callable[[], object]) -> Callable[[], object]:
        """Have a function called, from whatever thread, once ``monotonic()`` has reached ``when``.

        Returns:
            A function that takes this back; it may be called at any time, and more than once.
        """
        ...
