"""A sanitizer that raises, or runs over its time limit, lets nothing through to any observer."""

import threading

import pytest
from loguru import logger
from witnesses import Witness

from recoup import Config, ErrorHandler, hookimpl
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio

SECRET = "vmPUZE6mv9SD5VNH"


class Raises:
    @hookimpl
    def sanitize(self, payload):
        raise RuntimeError(f"can't read {payload}")


class Hangs:
    def __init__(self):
        self.released = threading.Event()

    @hookimpl
    def sanitize(self, payload):
        self.released.wait()
        return payload

    def stop(self):
        self.released.set()


class Leaks:
    """Answers with what it was given, but in another type."""

    @hookimpl
    def sanitize(self, payload):
        return [payload]


@pytest.mark.parametrize("sanitizer", [Raises, Hangs, Leaks])
async def test_nothing_gets_past_a_sanitizer_that_fails(sanitizer):
    witness = Witness()
    lines = []
    sections = {"security_sanitizer": {"enabled": False}, "broken": {"time_limit": 0.03}}
    config = Config.from_dict({"error_handling": {"plugins": sections}}, plugins={"broken": sanitizer})
    broken = sanitizer()
    handler = ErrorHandler(config, clock=FakeClock(), plugins={"broken": broken, "witness": witness})
    sink = logger.add(lambda line: lines.append(str(line)), level=0, diagnose=False)
    try:
        error = ConnectionError(f"refused with apiKey={SECRET}")
        error.add_note(SECRET)
        context = handler.create_error_context(error, SECRET, SECRET, details={"note": SECRET}, user_id=SECRET)
        await handler.process(error, context)
        seen = [*map(repr, witness.seen), *lines, repr(context.sanitize("LOW").to_dict())]
    finally:
        logger.remove(sink)
        if isinstance(broken, Hangs):
            broken.stop()
    assert any("[WITHHELD]" in text for text in seen)
    assert not any(SECRET in text for text in seen)
