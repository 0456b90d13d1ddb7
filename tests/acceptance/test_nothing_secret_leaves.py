"""A secret at a random place of an error goes the whole way of that error and is seen by no observer."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger
from planting import LEVELS, filler, nest, planted
from witnesses import Witness

from recoup import Config, ErrorHandler, Guard, Operation, OperationKind, StateEvent
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio


class Rejected(Exception):
    """An application's own error, which carries data."""

    def __init__(self, message, payload):
        super().__init__(message, payload)
        self.payload = payload


def config_of(level, folder):
    trail = {"directory": str(folder / "audit"), "key_file": str(folder / "key"), "fsync": "never"}
    return Config.from_dict(
        {
            "error_handling": {
                "security": {"sanitization_level": level},
                "plugins": {"audit_trail": {"enabled": True, "config": trail}},
            }
        }
    )


@pytest.fixture
def folder(tmp_path_factory):
    """Return a function that makes an empty folder with a key for the trail, one for each example."""

    def make():
        folder = tmp_path_factory.mktemp("trail")
        key = folder / "key"
        key.write_text("3f1d" * 16)
        key.chmod(0o600)
        return folder

    return make


async def observed(level, payload, sentence, folder):
    """Handle errors that hold the payload wherever an application can put one; return all that was seen of them."""
    witness = Witness()
    said = []
    sink = logger.add(lambda line: said.append(str(line)), level=0, diagnose=False, serialize=True)
    config = config_of(level, folder)
    try:
        async with ErrorHandler(config, clock=FakeClock(), plugins={"witness": witness}) as handler:
            error = Rejected(sentence, payload)
            error.add_note(sentence)
            error.__cause__ = ValueError(sentence, payload)
            texts = dict.fromkeys(["user_id", "bot_id", "symbol", "order_id"], sentence)
            context = handler.create_error_context(error, sentence, "fetch", details={"payload": payload}, **texts)
            said += [
                context.sanitize(level).to_dict(),
                context.stack_trace,
                (await handler.process(error, context)).detail,
            ]
            group = ExceptionGroup(sentence, [error])
            await handler.handle_error(group, handler.create_error_context(group, "exchange", sentence))

            async def place():
                raise error

            operation = Operation(kind=OperationKind.SUBMIT, client_order_id="a1")
            with pytest.raises(Rejected):
                await Guard(operation=operation, component=sentence, handler=handler).call(place)
            handler.publish(StateEvent(subject=sentence, old="up", new="down", detail=sentence))
            said += [handler.get_patterns(), handler.get_circuit_breaker_status()]
    finally:
        logger.remove(sink)
    trail = [file.read_text() for file in (folder / "audit").iterdir() if file.is_file()]
    assert witness.seen
    assert any('"event":"error"' in text for text in trail)
    return [*trail, *map(repr, witness.seen), *map(repr, said), json.dumps(said, default=repr)]


@given(data=st.data(), secret=planted, before=filler, after=filler)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
async def test_what_is_planted_in_an_error_reaches_no_observer(folder, data, secret, before, after):
    lowest, text, hidden = secret
    sentence = f"{before} {text} {after}"
    payload = data.draw(nest(st.just(sentence)))
    level = data.draw(st.sampled_from(LEVELS[LEVELS.index(lowest) :]))
    for line in await observed(level, payload, sentence, folder()):
        assert hidden not in line
