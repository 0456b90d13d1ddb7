"""Policies of the tests' own, that write down what happens to them."""

from __future__ import annotations

from typing import Any

import anyio
from attrs import field, frozen

from recoup import ErrorHandler, Place, Placing, Trait, hookimpl
from recoup.testing import FakeClock


@frozen(kw_only=True)
class Door:
    """A gate under a name. ``waits`` has calls wait for their permit; ``is_left`` has it told how they end."""

    name: str = "door"
    place: Place = Place.CIRCUIT_BREAKER
    traits: Trait = Trait.NONE
    seconds: float | None = None
    waits: bool = False
    is_left: bool = True
    acquire: Any = None
    release: Any = None


@frozen(kw_only=True)
class Again:
    """A rescue that repeats a call up to so many times."""

    times: int = 2
    place: Place = Place.RETRY
    traits: Trait = Trait.REPEATS


@frozen(kw_only=True)
class Instead:
    """A rescue that gives a value."""

    value: Any = None
    error: Any = None


@frozen(kw_only=True)
class Around:
    """A wrapper that writes down when it begins and ends."""

    name: str = "around"


class DoorTurnstile:
    def __init__(self, config: Door, log: list[Any]):
        self.config = config
        self.key = config.name
        self.log = log

    def acquire(self) -> Any:
        if self.config.acquire is not None:
            raise self.config.acquire
        self.log.append(f"+{self.key}")
        return f"permit of {self.key}"


class DoorGate(DoorTurnstile):
    def release(self, permit: Any, error: BaseException | None) -> None:
        assert permit == f"permit of {self.key}"
        self.log.append((f"-{self.key}", error))
        if self.config.release is not None:
            raise self.config.release


class WaitingDoorTurnstile(DoorTurnstile):
    def acquire(self) -> Any:
        return None

    async def wait(self) -> Any:
        await anyio.lowlevel.checkpoint()
        return self._enter("waited for")

    def wait_sync(self) -> Any:
        return self._enter("waited for")

    def _enter(self, how: str) -> Any:
        if self.config.acquire is not None:
            raise self.config.acquire
        self.log.append(f"{how} {self.key}")
        return f"permit of {self.key}"


class WaitingDoorGate(WaitingDoorTurnstile, DoorGate):
    pass


class AgainRescue:
    def __init__(self, config: Again, clock: FakeClock):
        self.config = config
        self.clock = clock

    def begin(self, error: Exception) -> Any:
        return AgainRescuing(self.config.times, self.clock) if isinstance(error, ConnectionError) else None

    def series(self) -> Any:
        return AgainRescuing(self.config.times, self.clock)


class AgainRescuing:
    def __init__(self, times: int, clock: FakeClock):
        self.left = times
        self.clock = clock
        self.successes = 0

    def pause(self, delay: float) -> None:
        self.clock.sleep_sync(delay)

    async def pause_async(self, delay: float) -> None:
        await self.clock.sleep(delay)

    def succeeded(self) -> None:
        self.successes += 1

    def delay_after(self, error: Exception) -> float | None:
        if not isinstance(error, ConnectionError) or not self.left:
            return None
        self.left -= 1
        return 1.5

    def run(self, inner, args, kwargs):
        while True:
            self.left -= 1
            try:
                return inner(*args, **kwargs)
            except ConnectionError:
                if not self.left:
                    raise

    async def run_async(self, inner, args, kwargs):
        while True:
            self.left -= 1
            try:
                return await inner(*args, **kwargs)
            except ConnectionError:
                if not self.left:
                    raise


class InsteadRescue:
    def __init__(self, config: Instead):
        self.config = config

    def begin(self, error: Exception) -> Any:
        if self.config.error is not None:
            raise self.config.error
        return self

    def run(self, inner, args, kwargs):
        return self.config.value

    async def run_async(self, inner, args, kwargs):
        return self.config.value


class AroundWrapper:
    def __init__(self, config: Around, log: list[Any]):
        self.config = config
        self.log = log

    def call(self, inner, args, kwargs):
        self.log.append(f"({self.config.name}")
        try:
            return inner(*args, **kwargs)
        finally:
            self.log.append(f"{self.config.name})")

    async def call_async(self, inner, args, kwargs):
        self.log.append(f"({self.config.name}")
        try:
            return await inner(*args, **kwargs)
        finally:
            self.log.append(f"{self.config.name})")


@frozen(eq=False)
class Server:
    """Serves them all, and writes down what for."""

    log: list[Any] = field(factory=list)
    scopes: list[Any] = field(factory=list)
    events: list[Any] = field(factory=list)
    clock: FakeClock = field(factory=FakeClock)
    serves = (Door, Again, Instead, Around)

    def policy(self, config, scope):
        self.scopes.append(scope)
        if isinstance(config, Door):
            gates = (DoorGate, WaitingDoorGate) if config.is_left else (DoorTurnstile, WaitingDoorTurnstile)
            return gates[config.waits](config, self.log)
        if isinstance(config, Again):
            return AgainRescue(config, self.clock)
        return InsteadRescue(config) if isinstance(config, Instead) else AroundWrapper(config, self.log)

    def placing(self, config):
        if isinstance(config, Instead):
            return Placing(place=Place.FALLBACK, traits=Trait.STANDS_IN)
        if isinstance(config, Around):
            return Placing(place=Place.CACHE)
        seconds = config.seconds if isinstance(config, Door) else None
        return Placing(place=config.place, traits=config.traits, seconds=seconds)

    @hookimpl
    def monitor(self, event):
        self.events.append(event)


def serving(server: Server, **plugins: Any) -> ErrorHandler:
    return ErrorHandler(discover=False, plugins={"server": server, **plugins}, clock=server.clock)
