"""How far a request had come when it failed, as real HTTP clients' errors tell it over loopback."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading

import aiohttp
import httpx
import pytest
import requests

from recoup import FailureStage
from recoup_plugins.classifier import Classifier

BEFORE_SEND, SENT, ANSWER_BEGUN = FailureStage.BEFORE_SEND, FailureStage.SENT, FailureStage.ANSWER_BEGUN
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
ERROR = b"HTTP/1.1 503 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TIMEOUT = 0.3


class Venue:
    """Reads one request, then resets, keeps silent, or says its part and closes."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._done = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if not connection.recv(65536):
                    return
                if self._part == "silent":
                    self._done.wait(5)
                elif self._part == "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    connection.sendall(HALF if self._part == "half" else ERROR)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):  # what is left unread would turn the close into a reset
                        pass

    def close(self) -> None:
        self._done.set()
        with socket.create_connection(self._listener.getsockname()):
            pass
        self._thread.join(5)
        self._listener.close()


@pytest.fixture
def venue(request):
    found = Venue(request.param)
    yield found
    found.close()


@pytest.fixture
def stage(host, make_context):
    def judge(error: Exception) -> FailureStage | None:
        found = Classifier(host).classify(error, make_context(error))
        assert found is not None
        return found.stage

    return judge


def by_httpx(url: str) -> None:
    httpx.post(url, json={}, timeout=TIMEOUT, trust_env=False).raise_for_status()


def by_requests(url: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.post(url, json={}, timeout=TIMEOUT).raise_for_status()


def by_aiohttp(url: str) -> None:
    async def post() -> None:
        timeout = aiohttp.ClientTimeout(sock_read=TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url, json={}) as response:
            response.raise_for_status()
            await response.read()

    asyncio.run(post())


CLIENTS = pytest.mark.parametrize("client", [by_httpx, by_requests, by_aiohttp])


@CLIENTS
@pytest.mark.parametrize(
    ("venue", "expected"),
    [("reset", SENT), ("silent", SENT), ("half", ANSWER_BEGUN), ("error", ANSWER_BEGUN)],
    indirect=["venue"],
)
def test_after_the_send(stage, venue, client, expected):
    with pytest.raises((httpx.HTTPError, requests.RequestException, aiohttp.ClientError)) as caught:
        client(venue.url)
    assert stage(caught.value) is expected


@CLIENTS
def test_a_refused_connection_sent_nothing(stage, client):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with pytest.raises((httpx.HTTPError, requests.RequestException, aiohttp.ClientError)) as caught:
        client(url)
    assert stage(caught.value) is BEFORE_SEND


def test_what_nobody_can_tell(stage):
    assert stage(TimeoutError()) is None
    assert stage(ExceptionGroup("both", [ConnectionRefusedError(), ConnectionResetError()])) is None


def test_members_of_one_mind(stage):
    assert stage(ExceptionGroup("both", [ConnectionRefusedError(), ConnectionRefusedError()])) is BEFORE_SEND


def test_a_stream_that_ended_within_an_answer(stage):
    assert stage(asyncio.IncompleteReadError(b"{", 10)) is ANSWER_BEGUN
    assert stage(asyncio.IncompleteReadError(b"", 10)) is SENT
