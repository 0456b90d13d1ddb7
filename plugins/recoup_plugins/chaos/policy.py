"""Faults around calls."""

from __future__ import annotations

import threading
from enum import Enum
from typing import TYPE_CHECKING, Any

from recoup import PolicyEvent, PolicyMisuse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from recoup import Host
    from recoup_plugins.chaos.config import ChaosConfig


class Injection(Enum):
    """What is done to one call."""

    NOTHING = "nothing"
    FAULT = "fault"
    OUTCOME = "outcome"
    UNKNOWN_OUTCOME = "unknown_outcome"


class Choices:
    """What becomes of each call, in turn. Thread-safe and task-safe: threads share one sequence.

    Two numbers are drawn for every call, whatever is configured, so that with a seed another rate for one thing leaves
    the choices for the other as they were. They are drawn under a lock, so that no two calls share a pair.

    Args:
        random: where chance comes from.
    """

    __slots__ = ("__weakref__", "_lock", "_random")

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lock = threading.Lock()

    def next(self, config: ChaosConfig) -> tuple[float, Injection]:
        """Return the seconds by which the next call is delayed, and what is done to it."""
        with self._lock:
            chance, delay = self._random.random(), self._random.random()
        seconds = config.latency if delay < config.latency_rate else 0.0
        for rate, injection in (
            (config.fault_rate, Injection.FAULT),
            (config.outcome_rate, Injection.OUTCOME),
            (config.unknown_outcome_rate, Injection.UNKNOWN_OUTCOME),
        ):
            if chance < rate:
                return seconds, injection
            chance -= rate
        return seconds, Injection.NOTHING


class ChaosPolicy:
    """A :class:`recoup.Wrapper` that makes calls go wrong. Thread-safe and task-safe."""

    __slots__ = ("_choices", "_config", "_host", "_key")

    def __init__(self, config: ChaosConfig, choices: Choices, key: str, host: Host) -> None:
        self._config = config
        self._choices = choices
        self._key = key
        self._host = host

    def call(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call, or have it go wrong.

        Raises:
            Exception: what the call raised, unchanged; or the injected fault, a new object each time.
            ConnectionResetError: the call has succeeded, and its answer is lost.
            PolicyMisuse: ``fault`` made something else than an exception.
        """
        seconds, injection = self._choices.next(self._config)
        if seconds > 0:
            self._tell("latency", seconds)
            self._host.clock.sleep_sync(seconds)
        if injection is Injection.FAULT:
            raise self._fault()
        if injection is Injection.OUTCOME:
            self._tell("outcome")
            return self._config.outcome
        result = inner(*args, **kwargs)
        if injection is Injection.UNKNOWN_OUTCOME:
            raise self._lost()
        return result

    async def call_async(
        self, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As :meth:`call`, for coroutine functions."""
        seconds, injection = self._choices.next(self._config)
        if seconds > 0:
            self._tell("latency", seconds)
            await self._host.clock.sleep(seconds)
        if injection is Injection.FAULT:
            raise self._fault()
        if injection is Injection.OUTCOME:
            self._tell("outcome")
            return self._config.outcome
        result = await inner(*args, **kwargs)
        if injection is Injection.UNKNOWN_OUTCOME:
            raise self._lost()
        return result

    def _fault(self) -> Exception:
        make = self._config.fault
        fault: Any = make("injected by chaos") if isinstance(make, type) else make()
        if not isinstance(fault, Exception):
            raise PolicyMisuse(f"the fault of a ChaosConfig makes exceptions, and made {fault!r}")
        self._tell("fault", detail=type(fault).__name__)
        return fault

    def _lost(self) -> ConnectionResetError:
        self._tell("unknown_outcome")
        return ConnectionResetError("injected by chaos: the call was made, and its answer is lost")

    def _tell(self, action: str, delay: float | None = None, detail: str = "") -> None:
        if self._host.hears("policy"):
            self._host.publish(PolicyEvent(policy="chaos", key=self._key, action=action, delay=delay, detail=detail))


class Calm:
    """A :class:`recoup.Rescue` that stands for chaos where there is none: it costs nothing. Thread-safe: stateless."""

    __slots__ = ()

    def begin(self, error: Exception) -> None:
        """Let it pass."""
