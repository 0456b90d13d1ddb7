"""The end of the bot's process, at the points that the plan says, and what is left on the disk then."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import anyio
import ccxt
import ccxt.async_support
from attrs import define, field

from recoup.testing import FakeClock
from recoup_sim.faults import RequestKind
from recoup_sim.injector import FaultInjector
from recoup_sim.order_faults import Crash, CrashPoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from recoup import Clock
    from recoup_sim.plan import FaultPlan

MAX_INTENTS = 200_000


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the bot may take it for an error."""


class MortalClock(FakeClock):
    """Virtual time that stands still for a process that has ended. As safe as its base.

    Attributes:
        is_dead: whether the process has ended, and the next has not begun.
    """

    is_dead = False

    async def sleep(self, seconds: float) -> None:
        """Wait; for ever, once the process has ended."""
        if self.is_dead:
            await anyio.sleep_forever()
        await super().sleep(seconds)

    def wake_after(self, seconds: float, wake: Callable[[], object]) -> Callable[[], object]:
        """Call ``wake`` after that time; never, once the process has ended."""
        return (lambda: None) if self.is_dead else super().wake_after(seconds, wake)


@define
class Crashes:
    """Says when the process ends. One for all its lives; used from one task.

    Args:
        plan: its crashes count, and nothing else.
        seed: decides every chance.
        clock: for crashes within a window of time.

    Attributes:
        count: how often it has ended.
        on_death: called at the very moment.
    """

    plan: FaultPlan
    seed: int
    clock: Clock
    count: int = field(default=0, init=False)
    on_death: Callable[[], None] = field(default=lambda: None, init=False)
    _injector: FaultInjector = field(init=False)
    _due: CrashPoint | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._injector = FaultInjector(self.plan.of_bot(), seed=self.seed, max_intents=MAX_INTENTS)

    def begin(self, intent: str) -> None:
        """Decide whether the process ends during the attempt that now begins."""
        fault = self._injector.choose(RequestKind.SUBMIT, intent, now=self.clock.monotonic())
        self._due = fault.point if isinstance(fault, Crash) else None

    def is_due(self, point: CrashPoint) -> bool:
        """Say whether it ends at this point."""
        return self._due is point

    def reach(self, point: CrashPoint) -> None:
        """Come by this point.

        Raises:
            Killed: the process ends here.
        """
        if self.is_due(point):
            self._due = None
            self.on_death()
            self.count += 1
            raise Killed


class MortalClient(ccxt.async_support.binance):  # type: ignore[misc] # ccxt's classes are Any, see pyproject.toml
    """ccxt's own client, in a process that may end before or after it sends an order.

    Args:
        options: as ccxt takes them.
        crashes: when the process ends.
    """

    def __init__(self, options: dict[str, Any], crashes: Crashes) -> None:
        super().__init__(options)
        self._crashes = crashes

    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        """Send one request, if the process lives to do so."""
        if method != "POST":
            return await super().fetch(url, method, headers, body)
        self._crashes.reach(CrashPoint.BEFORE_SEND)
        if not self._crashes.is_due(CrashPoint.AFTER_SEND):
            return await super().fetch(url, method, headers, body)
        with suppress(ccxt.BaseError):  # whatever the venue makes of it, nobody is there to hear
            await super().fetch(url, method, headers, body)
        return self._crashes.reach(CrashPoint.AFTER_SEND)


def salvage(journal: Path, successor: Path) -> None:
    """Copy what is durable of a journal at this moment: what the next process finds."""
    successor.touch(mode=0o600, exist_ok=False)
    with closing(sqlite3.connect(journal)) as source, closing(sqlite3.connect(successor)) as copy:
        source.backup(copy)
