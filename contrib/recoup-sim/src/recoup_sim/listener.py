"""Where the venue listens: a port of the loopback interface that can stop listening, and listen again."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
FOLLOW_SECONDS = 0.005
"""Of real time between two looks at whether somebody should listen."""
_ACCEPT_TURNS = 5


class Listener:
    """Listens for a server on one port. Belongs to one task of one event loop.

    Args:
        runner: The server, set up.
        port: The port; 0 for a free one, which it keeps.
    """

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self._socket: socket.socket | None = None
        self._site: web.SockSite | None = None
        self.port = port

    async def open(self) -> None:
        """Listen.

        Raises:
            OSError: The port is taken.
        """
        self._socket = socket.create_server((HOST, self.port))
        self.port = self._socket.getsockname()[1]
        self._site = web.SockSite(self._runner, self._socket)
        await self._site.start()

    async def shut(self) -> None:
        """Stop listening; connections that stand are left alone. A second time does nothing."""
        listening, self._socket = self._socket, None
        site, self._site = self._site, None
        if listening is None:
            return
        await _stop_accepting(listening)
        if site is not None:
            await site.stop()
        listening.close()

    async def follow(self, is_shut: Callable[[], bool]) -> None:
        """Listen while ``is_shut`` says no, and not while it says yes, until cancelled."""
        while True:
            if is_shut():
                await self.shut()
            elif self._socket is None:
                with contextlib.suppress(OSError):  # somebody else has the port for now
                    await self.open()
            await asyncio.sleep(FOLLOW_SECONDS)


async def _stop_accepting(listening: socket.socket) -> None:
    # asyncio takes a few turns of the loop from accepting a connection to handing it over. Closing its server
    # meanwhile loses the connection, unclosed (https://github.com/python/cpython/issues/109564): so stop accepting
    # first. Loops without readers keep their own order.
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().remove_reader(listening)
    for _ in range(_ACCEPT_TURNS):
        await asyncio.sleep(0)
