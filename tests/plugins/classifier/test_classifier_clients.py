"""Errors as real clients raise them over loopback, sorted by how far the request got."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import threading
from typing import TYPE_CHECKING

import aiohttp
import httpx
import psycopg.errors
import pytest
import redis
import requests
import sqlalchemy
import sqlalchemy.exc
import websockets
from asyncpg.exceptions import PostgresError
from websockets.sync.client import connect as ws_connect
from websockets.sync.server import serve as ws_serve

from recoup import ErrorCategory, ErrorSeverity, FailureReason
from recoup_plugins.classifier import Classifier

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER = "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nRetry-After: 7\r\nConnection: close\r\n\r\n"


class Server:
    """Reads one request from each connection, then does as it was told."""

    def __init__(self, reply: bytes) -> None:
        self._reply = reply
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(self._reply)

    def close(self) -> None:
        # Wakes the accept, which closing alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@contextlib.contextmanager
def serving(reply: bytes) -> Iterator[Server]:
    server = Server(reply)
    try:
        yield server
    finally:
        server.close()


def answer(status: int) -> bytes:
    return ANSWER.format(status=status, length=0).encode()


TRUNCATED = ANSWER.format(status=200, length=100).encode() + b"{"


@pytest.fixture
def refused() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


@pytest.fixture
def classify(host, make_context):
    plugin = Classifier(host)
    return lambda error: plugin.classify(error, make_context(error))


def get_with_httpx(url: str) -> None:
    with httpx.Client(trust_env=False) as client:
        client.get(url).raise_for_status()


def get_with_requests(url: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.get(url, timeout=5).raise_for_status()


def get_with_aiohttp(url: str) -> None:
    async def get() -> None:
        async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(url) as response:
            await response.read()

    asyncio.run(get())


CLIENTS = pytest.mark.parametrize("get", [get_with_httpx, get_with_requests, get_with_aiohttp])


def failure(call, *args) -> Exception:
    with pytest.raises(Exception) as caught:
        call(*args)
    return caught.value


@CLIENTS
def test_refused_connection_sent_nothing(classify, get, refused):
    found = classify(failure(get, refused))
    assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.CONNECTION_FAILED, True, True)


@CLIENTS
def test_hanging_up_after_the_request_leaves_the_outcome_unknown(classify, get):
    with serving(b"") as server:
        found = classify(failure(get, server.url))
    assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.CONNECTION_LOST, True, False)


@CLIENTS
def test_an_answer_that_breaks_off_leaves_the_outcome_unknown(classify, get):
    with serving(TRUNCATED) as server:
        found = classify(failure(get, server.url))
    assert (found.retryable, found.outcome_known) == (True, False)
    assert found.reason in (FailureReason.BAD_RESPONSE, FailureReason.CONNECTION_LOST)


@CLIENTS
@pytest.mark.parametrize(
    ("status", "reason", "known"),
    [(429, FailureReason.RATE_LIMITED, True), (502, FailureReason.SERVER_ERROR, False)],
)
def test_status_and_retry_after(classify, get, status, reason, known):
    with serving(answer(status)) as server:
        found = classify(failure(get, server.url))
    assert (found.reason, found.outcome_known, found.retry_after) == (reason, known, 7.0)


def test_a_time_out_while_waiting_for_the_answer_leaves_the_outcome_unknown(classify):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for call in (
            lambda: httpx.get(url, timeout=httpx.Timeout(5, read=0.02), trust_env=False),
            lambda: requests.get(url, timeout=(5, 0.02)),
        ):
            found = classify(failure(call))
            assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.TIMEOUT, True, False)


def test_a_name_that_does_not_resolve_sent_nothing(classify):
    assert classify(failure(socket.getaddrinfo, "no-such-host.invalid", 80)).outcome_known
    found = classify(failure(get_with_requests, "http://no-such-host.invalid/"))
    assert (found.reason, found.outcome_known) == (FailureReason.CONNECTION_FAILED, True)


@pytest.mark.parametrize(
    ("code", "reason", "retryable"),
    [
        (1000, FailureReason.CONNECTION_LOST, True),
        (1001, FailureReason.CONNECTION_LOST, True),
        (1008, FailureReason.PERMISSION, False),
        (1011, FailureReason.SERVER_ERROR, True),
        (1012, FailureReason.MAINTENANCE, True),
        (1013, FailureReason.MAINTENANCE, True),
        (3000, FailureReason.AUTHENTICATION, False),
        (4001, FailureReason.CONNECTION_LOST, True),
    ],
)
def test_websocket_closed_by_the_server(classify, code, reason, retryable):
    with ws_serve(lambda connection: connection.close(code), "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with ws_connect(f"ws://127.0.0.1:{server.socket.getsockname()[1]}", proxy=None) as client:
            found = classify(failure(client.recv))
        server.shutdown()
        thread.join(5)
    assert (found.reason, found.retryable, found.outcome_known) == (reason, retryable, False)


def test_websocket_that_broke_without_a_close_frame(classify):
    found = classify(websockets.ConnectionClosedError(None, None))
    assert (found.reason, found.outcome_known) == (FailureReason.CONNECTION_LOST, False)


def test_websocket_handshake_is_judged_by_its_status(classify):
    with serving(answer(429)) as server:
        found = classify(failure(lambda: ws_connect(server.url.replace("http", "ws"), proxy=None)))
    assert (found.reason, found.retry_after) == (FailureReason.RATE_LIMITED, 7.0)


def test_a_locked_sqlite_database_may_be_tried_again(classify, tmp_path):
    path = tmp_path / "orders.db"
    with contextlib.closing(sqlite3.connect(path)) as first, contextlib.closing(sqlite3.connect(path, 0)) as second:
        first.execute("BEGIN EXCLUSIVE")
        found = classify(failure(second.execute, "CREATE TABLE orders (id)"))
    assert (found.category, found.retryable, found.outcome_known) == (ErrorCategory.DATABASE, True, True)


def test_sqlite_constraint_statement_and_corruption(classify, tmp_path):
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE orders (id PRIMARY KEY)")
        database.execute("INSERT INTO orders VALUES (1)")
        assert classify(failure(database.execute, "INSERT INTO orders VALUES (1)")).category is ErrorCategory.VALIDATION
        assert classify(failure(database.execute, "SELECT nothing")).reason is FailureReason.PROGRAMMING
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database" * 100)
    with contextlib.closing(sqlite3.connect(broken)) as database:
        assert classify(failure(database.execute, "SELECT * FROM sqlite_master")).severity is ErrorSeverity.CRITICAL


def test_sqlalchemy_says_what_its_driver_says(classify, tmp_path):
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/none/orders.db")
    assert classify(failure(engine.connect)).category is ErrorCategory.CONFIGURATION
    engine.dispose()
    memory = sqlalchemy.create_engine("sqlite://")
    with memory.connect() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE orders (id PRIMARY KEY)"))
        insert = sqlalchemy.text("INSERT INTO orders VALUES (1)")
        connection.execute(insert)
        assert classify(failure(connection.execute, insert)).category is ErrorCategory.VALIDATION
    memory.dispose()


def test_sqlalchemy_that_saw_the_connection_go_leaves_the_outcome_unknown(classify):
    lost = sqlalchemy.exc.OperationalError("COMMIT", {}, Exception("gone"), connection_invalidated=True)
    found = classify(lost)
    assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.CONNECTION_LOST, True, False)


@pytest.mark.parametrize(
    ("state", "retryable", "known"),
    [
        ("40001", True, True),
        ("40P01", True, True),
        ("40003", False, False),
        ("08006", True, False),
        ("08001", True, True),
        ("23505", False, True),
        ("57P03", True, True),
        ("28P01", False, True),
        ("42601", False, True),
    ],
)
def test_postgres_by_sqlstate_alike_for_both_drivers(classify, state, retryable, known):
    for error in (PostgresError.new({"C": state, "M": "m", "S": "ERROR"}), psycopg.errors.lookup(state)("m")):
        found = classify(error)
        assert (found.retryable, found.outcome_known) == (retryable, known), error


def test_redis_that_refuses_the_connection_got_no_command(classify, refused):
    port = int(refused.rsplit(":", 1)[1].strip("/"))
    client = redis.Redis(port=port, retry=None)
    found = classify(failure(client.ping))
    client.close()
    assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.CONNECTION_FAILED, True, True)


def test_redis_that_hangs_up_may_have_run_the_command(classify):
    assert not classify(redis.ConnectionError("Connection closed by server.")).outcome_known
    assert not classify(redis.TimeoutError("Timeout reading from socket")).outcome_known
