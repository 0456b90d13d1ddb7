"""A host that records, and a scripted venue on loopback for the real ccxt clients."""

from __future__ import annotations

import asyncio
import inspect
import socket
import struct
import threading
from collections.abc import Callable
from random import Random
from typing import Any

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest
from aiohttp import web
from attrs import define, field

from recoup import Call, ErrorContext, ErrorSeverity, Operation, OperationKind
from recoup.config.models import Config
from recoup.testing import FakeClock

Reply = Callable[[web.Request], Any]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@define
class FakeHost:
    config: Config = field(factory=Config)
    clock: FakeClock = field(factory=FakeClock)
    random: Random = field(factory=lambda: Random(0))
    published: list[Any] = field(factory=list)
    calls: list[tuple[str, Operation]] = field(factory=list)

    def publish(self, event: Any) -> None:
        self.published.append(event)

    async def call(self, function: Callable[..., Any], *args: Any, component: str, operation: Operation) -> Any:
        self.calls.append((component, operation))
        result = function(*args)
        return await result if inspect.isawaitable(result) else result

    def sanitize(self, payload: Any) -> Any:
        return payload


@pytest.fixture
def host():
    return FakeHost()


@pytest.fixture
def make_context(host):
    def make(error: Exception, venue: Any = None, **kwargs: Any) -> ErrorContext:
        operation = Operation(kind=OperationKind.SUBMIT, client_order_id="intent-1", venue=venue, orders=venue)
        fields: dict[str, Any] = {
            "error_id": "e-1",
            "timestamp": host.clock.now(),
            "severity": ErrorSeverity.MEDIUM,
            "component": "exchange",
            "operation": "create_order",
            "call": Call(operation=operation, attempts=1),
        }
        return ErrorContext(error=error, **(fields | kwargs))

    return make


class ScriptedVenue:
    """Answers each path with what the test put there, and remembers the requests. Runs in a thread of its own."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(5)

    def on(self, path_end: str, kind: str, *arguments: Any) -> None:
        """Answer paths that end so with one of REPLIES, such as ``json``, ``html``, ``resets``, ``hangs``."""
        self.replies[path_end] = REPLIES[kind](*arguments)

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.requests]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        form = {**request.query, **(await request.post())}
        self.requests.append((request.method, request.path, form))
        for path_end, reply in self.replies.items():
            if request.path.endswith(path_end):
                answer = reply(request)
                return await answer if inspect.isawaitable(answer) else answer
        return web.json_response({"unscripted": request.path}, status=404)


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return lambda _: web.json_response(body, status=status, headers=headers)


def _html(body: str, status: int = 200) -> Reply:
    return lambda _: web.Response(text=body, status=status, content_type="text/html")


async def _resets(request: web.Request) -> web.StreamResponse:
    request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
    return web.Response()


async def _breaks_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "500", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"symbol":')
    request.transport.close()
    return response


async def _hangs(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


def _closes(code: int) -> Reply:
    """Take a websocket's subscription, then close it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        socket_ = web.WebSocketResponse()
        await socket_.prepare(request)
        await socket_.receive()
        await socket_.close(code=code)
        return socket_

    return answer


REPLIES: dict[str, Callable[..., Reply]] = {
    "json": _json,
    "html": _html,
    "resets": lambda: _resets,
    "hangs": lambda: _hangs,
    "breaks_off": lambda: _breaks_off,
    "closes": _closes,
}


@pytest.fixture
def server():
    venue = ScriptedVenue()
    yield venue
    venue.close()


MARKET = {
    "id": "BTCUSDT",
    "lowercaseId": "btcusdt",
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "baseId": "BTC",
    "quoteId": "USDT",
    "type": "spot",
    "spot": True,
    "margin": False,
    "swap": False,
    "future": False,
    "option": False,
    "active": True,
    "contract": False,
    "linear": None,
    "inverse": None,
    "contractSize": None,
    "settle": None,
    "precision": {"amount": 1e-8, "price": 1e-8},
    "limits": {"amount": {}, "price": {}, "cost": {}},
    "info": {"orderTypes": ["LIMIT", "MARKET"]},
}


def build(module: Any, name: str, url: str, **options: Any) -> Any:
    exchange = getattr(module, name)(
        {
            "apiKey": "key",
            "secret": "c2VjcmV0",
            "password": "pass",
            "enableRateLimit": False,
            "timeout": 300,
            "options": options,
        }
    )
    exchange.session_trust_env = False
    exchange.urls["api"] = redirected(exchange.urls["api"], url)
    exchange.set_markets([MARKET])
    return exchange


def redirected(urls: Any, url: str) -> Any:
    if isinstance(urls, dict):
        return {key: redirected(value, url) for key, value in urls.items()}
    return url + "/" + urls.partition("://")[2].partition("/")[2]


@pytest.fixture
async def async_exchange(server):
    opened = []

    def make(name: str = "binance", url: str | None = None, **options: Any) -> Any:
        opened.append(build(ccxt.async_support, name, url or server.url, **options))
        return opened[-1]

    yield make
    for exchange in opened:
        await exchange.close()


@pytest.fixture
def sync_exchange(server):
    opened = []

    def make(name: str = "binance", url: str | None = None, **options: Any) -> Any:
        opened.append(build(ccxt, name, url or server.url, **options))
        return opened[-1]

    yield make
    for exchange in opened:
        exchange.session.close()


@pytest.fixture
async def streaming_exchange(server):
    opened = []

    def make(path: str) -> Any:
        exchange = ccxt.pro.binance({"newUpdates": True})
        exchange.session_trust_env = False
        exchange.urls["api"]["ws"]["spot"] = server.url.replace("http", "ws") + path
        exchange.set_markets([MARKET])
        opened.append(exchange)
        return exchange

    yield make
    for exchange in opened:
        await exchange.close()


@pytest.fixture
def refused_url():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
