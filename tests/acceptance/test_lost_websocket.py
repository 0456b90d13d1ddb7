"""A real websocket is lost and brought back through the public API, and no order slips in before both sides agree."""

from __future__ import annotations

from collections import deque

import anyio
import pytest
import websockets
from attrs import define, field

from recoup import Config, ErrorHandler, Guard, Operation, OperationKind, StateEvent, VenuePorts, hookimpl

KEY = "feed"


@pytest.fixture
def anyio_backend():
    return "asyncio"  # websockets is bound to it


@define
class Venue:
    """A websocket server that closes each connection as it is told, and keeps what it was sent."""

    codes: deque[int]
    logins: int = 0
    subscriptions: list[str] = field(factory=list)

    async def serve(self, socket: websockets.ServerConnection) -> None:
        async for message in socket:
            if message == "login":
                self.logins += 1
            else:
                self.subscriptions.append(message)
                if self.codes and (code := self.codes.popleft()):
                    if code == 1006:
                        socket.transport.abort()
                    else:
                        await socket.close(code)
                    return
                await socket.send("snapshot")


@define
class Feed:
    """The application's own connection, and its stream port."""

    url: str
    socket: websockets.ClientConnection | None = None
    book: list[str] = field(factory=list)

    async def connect(self) -> None:
        self.socket = await websockets.connect(self.url)

    async def authenticate(self) -> None:
        await self.socket.send("login")

    async def resubscribe(self) -> None:
        await self.socket.send("subscribe BTC/USDT")

    def reset(self) -> None:
        self.book.clear()


class Witness:
    def __init__(self) -> None:
        self.events = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)


@pytest.mark.anyio
@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 1012])
async def test_it_comes_back_whatever_the_close_code(code):
    venue = Venue(deque([code, code, 0]))
    witness, answers = Witness(), []
    async with websockets.serve(venue.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        feed = Feed(f"ws://127.0.0.1:{port}")
        config = Config.from_dict(
            {
                "error_handling": {
                    "plugins": {
                        "network_disconnection": {"config": {"base_delay": 0.001, "release_interval": 0.0}},
                        "exchange_maintenance": {"config": {"initial_interval": 0.001}},
                    }
                }
            }
        )
        async with ErrorHandler(config, plugins={"witness": witness}) as handler:
            handler.venues.register(KEY, VenuePorts(stream=feed))
            await feed.connect()
            await feed.authenticate()
            await feed.resubscribe()
            with anyio.fail_after(20):
                while not feed.book:
                    try:
                        feed.book.append(await feed.socket.recv())
                    except websockets.ConnectionClosed as error:
                        context = handler.create_error_context(error, KEY, "receive")
                        answers.append(await handler.handle_error(error, context))
            order = Guard(operation=Operation(kind=OperationKind.SUBMIT, key=KEY), handler=handler)
            assert await order.call(anyio.lowlevel.checkpoint) is None
        await feed.socket.close()
    assert answers == [True, True]
    assert feed.book == ["snapshot"]
    assert venue.logins == 3
    assert venue.subscriptions == ["subscribe BTC/USDT"] * 3
    states = [
        event.new for event in witness.events if isinstance(event, StateEvent) and event.subject.startswith("con")
    ]
    assert states == ["down", "reconnecting", "flushing", "up"] * 2
