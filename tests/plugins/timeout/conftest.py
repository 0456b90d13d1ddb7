"""Event loops in virtual time: nothing waits, and everything takes exactly as long as it says."""

import asyncio

import pytest
import trio
from trio.testing import MockClock

from recoup import Config, ErrorHandler, SystemClock
from recoup_plugins.timeout import TimeoutPlugin


class VirtualLoop(asyncio.SelectorEventLoop):
    """Moves on to the next timer whenever nothing else is left to do."""

    def __init__(self):
        super().__init__()
        self._now = 1000.0

    def time(self):
        return self._now

    def _run_once(self):
        if not self._ready and self._scheduled:
            self._now = max(self._now, min(handle.when() for handle in self._scheduled if not handle.cancelled()))
        super()._run_once()


class LoopClock(SystemClock):
    """The time of the loop that runs."""

    def monotonic(self):
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return trio.current_time()


@pytest.fixture
def virtual_loop():
    return VirtualLoop


@pytest.fixture
def loop_clock():
    return LoopClock()


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    if request.param == "asyncio":
        return "asyncio", {"loop_factory": VirtualLoop}
    return "trio", {"clock": MockClock(autojump_threshold=0)}


@pytest.fixture
def handler(loop_clock):
    return ErrorHandler(Config(), plugins={"timeout": TimeoutPlugin}, discover=False, clock=loop_clock)
