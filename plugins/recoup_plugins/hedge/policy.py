"""A hedge around calls."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import anyio

from recoup import PolicyEvent, PolicyMisuse
from recoup.deadline import ambient_deadline
from recoup_plugins.hedge.race import Race

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from recoup import Host, Scope
    from recoup_plugins.hedge.budget import HedgeBudget
    from recoup_plugins.hedge.config import HedgeConfig
    from recoup_plugins.hedge.latency import LatencyWindow


class HedgePolicy:
    """A :class:`recoup.Wrapper` that has several attempts race. Thread-safe and task-safe: it changes nothing itself.

    The first attempt runs in the caller's task, every other in a task of its own that does not outlive the call: when
    an answer is there, all others are cancelled and awaited.

    Args:
        key: what stands in events.
        config: when another attempt begins.
        scope: what is hedged.
        host: whose clock counts.
        budget: from which further attempts are taken.
        times: how long calls took.
    """

    __slots__ = ("_budget", "_config", "_host", "_key", "_quantile", "_scope", "_times")

    def __init__(
        self, key: str, config: HedgeConfig, scope: Scope, host: Host, budget: HedgeBudget, times: LatencyWindow
    ) -> None:
        self._key = key
        self._config = config
        self._quantile = config.quantile
        self._scope = scope
        self._host = host
        self._budget = budget
        self._times = times

    def call(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - the role's signature
        """Refuse: to have two attempts at once, synchronous code would need threads that nobody can cancel.

        Raises:
            PolicyMisuse: always.
        """
        raise PolicyMisuse(
            f"{self._scope.name} is synchronous and can't be hedged, since no thread can be cancelled: hedge a "
            "coroutine function, or leave the hedge out"
        )

    async def call_async(
        self, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Make the call, and again beside it while no answer has come.

        Raises:
            BaseException: the first attempt's error, unchanged, where no attempt succeeded.
        """
        self._budget.put_in()
        clock = self._host.clock
        began = clock.monotonic()
        delay = self._delay()
        until = ambient_deadline.get()
        if until is not None and began + delay >= until:
            result = await inner(*args, **kwargs)
        else:
            result = await self._race(functools.partial(inner, *args, **kwargs), delay)
        if self._quantile is not None:
            self._times.record(clock.monotonic() - began)
        return result

    async def _race(self, attempt: Callable[[], Awaitable[Any]], delay: float) -> Any:
        race = Race()
        number = race.begin()
        async with anyio.create_task_group() as group:
            group.start_soon(self._send_others, race, group, attempt, delay)
            await self._run(race, group, attempt, number)
        winner = race.winner or 0
        if winner > 1:
            self._tell("won", winner)
        return race.outcome()

    async def _send_others(
        self, race: Race, group: TaskGroup, attempt: Callable[[], Awaitable[Any]], delay: float
    ) -> None:
        clock = self._host.clock
        while race.begun < self._config.max_attempts:
            await clock.sleep(delay)
            until = ambient_deadline.get()
            if race.is_decided or (until is not None and clock.monotonic() >= until):
                return
            if not self._budget.take():
                self._tell("exhausted", race.begun)
                return
            number = race.begin()
            self._tell("hedging", number, delay)
            group.start_soon(self._run, race, group, attempt, number)

    @staticmethod
    async def _run(race: Race, group: TaskGroup, attempt: Callable[[], Awaitable[Any]], number: int) -> None:
        if race.winner is not None:  # a task that is cancelled before it starts runs to its first wait on trio
            return
        try:
            result = await attempt()
        except Exception as error:  # noqa: BLE001 - raised again by the race where it counts
            race.fail(number, error)
        except (KeyboardInterrupt, SystemExit) as error:  # the task group would wrap it
            race.stop(error)
        else:
            race.succeed(number, result)
        if race.is_decided:
            group.cancel_scope.cancel()

    def _delay(self) -> float:
        config = self._config
        if self._quantile is None:
            assert not isinstance(config.delay, str)
            return config.delay
        assert config.max_delay is not None
        usual = self._times.quantile(self._quantile)
        return config.max_delay if usual is None else min(max(usual, config.min_delay or 0.0), config.max_delay)

    def _tell(self, action: str, attempt: int, delay: float | None = None) -> None:
        if self._host.hears("policy"):
            self._host.publish(PolicyEvent(policy="hedge", key=self._key, action=action, attempt=attempt, delay=delay))
