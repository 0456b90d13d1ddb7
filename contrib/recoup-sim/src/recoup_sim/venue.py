"""The venue on loopback: an HTTP server that answers, hangs and resets like the real thing."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from recoup.clock import Clock, SystemClock
from recoup_sim.answers import Answer, Delivery
from recoup_sim.exchange import Exchange, VenueRequest
from recoup_sim.gate import RateLimits
from recoup_sim.listener import HOST, Listener
from recoup_sim.markets import DEFAULT_MARKETS, Market
from recoup_sim.matching import ClientIdRule
from recoup_sim.plan import FaultPlan
from recoup_sim.signing import Credentials, SignedRequest
from recoup_sim.window_faults import Outage, OutageManner

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from recoup_sim.ledger import Ledger

DEFAULT_BALANCES = {"USDT": Decimal(1_000_000_000), "BTC": Decimal(100_000), "ETH": Decimal(1_000_000)}
"""What the account holds unless told otherwise."""
LEDGER_PATH = "/__ledger"
"""Where a test in another process reads the ledger. No request to the venue: not recorded, and never refused."""
_SHUTDOWN_SECONDS = 5.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: the kernel sends RST instead of FIN


class SimulatedVenue:
    """A spot venue that speaks Binance's REST dialect on loopback, and fails by plan.

    Use it as an async context manager; inside, ``url`` is where it listens. It may be opened again after
    it was closed, and keeps its state. The properties and ``set_price`` are thread-safe and task-safe;
    opening and closing belong to one task of one event loop.

    Args:
        clock: Where bans, limits, windows and late acceptances read the time; the machine's by default.
        plan: The faults; none by default.
        seed: Decides every chance; the plan's seed by default.
        balances: Free amount of each asset at the start.
        markets: The symbols listed.
        limits: How much the venue takes; Binance's published limits by default.
        fee_rate: Commission as a share of what a fill brings in.
        max_orders: How many orders it takes in all, open or not, before it refuses more.
        client_id_rule: Which client ids it refuses as duplicates: ``"open_only"``, ``"forever"`` or ``"none"``.
        port: Where it listens; a free port by default.

    Attributes:
        plan: The faults.
        seed: What decides every chance.
        credentials: The key pair that it accepts; derived from the seed.

    Raises:
        ValueError: For a balance that is not a Decimal of zero or more, or an unknown rule.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        plan: FaultPlan | None = None,
        seed: int | None = None,
        balances: Mapping[str, Decimal] = DEFAULT_BALANCES,
        markets: Iterable[Market] = DEFAULT_MARKETS,
        limits: RateLimits | None = None,
        fee_rate: Decimal = Decimal("0.001"),
        max_orders: int = 200_000,
        client_id_rule: ClientIdRule | str = ClientIdRule.OPEN_ONLY,
        port: int = 0,
    ) -> None:
        self.plan = FaultPlan() if plan is None else plan
        self.seed = self.plan.seed if seed is None else seed
        self.credentials = Credentials(_derive_key(self.seed, "key"), _derive_key(self.seed, "secret"))
        self._exchange = Exchange(
            clock=SystemClock() if clock is None else clock,
            plan=self.plan,
            seed=self.seed,
            balances=balances,
            markets=markets,
            limits=RateLimits() if limits is None else limits,
            fee_rate=fee_rate,
            credentials=self.credentials,
            max_orders=max_orders,
            client_id_rule=ClientIdRule(client_id_rule),
        )
        self._port = port
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None
        self._follower: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._url: str | None = None

    @property
    def url(self) -> str:
        """The address, ``http://127.0.0.1:PORT``.

        Raises:
            RuntimeError: When the venue isn't open.
        """
        if self._url is None:
            raise RuntimeError("the venue has no address: open it first, with `async with venue`")
        return self._url

    @property
    def port(self) -> int:
        """The port where it listens.

        Raises:
            RuntimeError: When the venue isn't open.
        """
        return int(self.url.rpartition(":")[2])

    @property
    def ledger(self) -> Ledger:
        """What really happened so far, late acceptances that are due included."""
        return self._exchange.settle()

    def exchange_options(self) -> dict[str, Any]:
        """Return the constructor argument that points ccxt's ``binance`` at this venue.

        Raises:
            RuntimeError: When the venue isn't open.
        """
        from recoup_sim.ccxt_options import exchange_options  # noqa: PLC0415 - importing ccxt takes a second

        return exchange_options(self.url, self.credentials)

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Move the reference price of ``symbol``, and fill the resting orders that it crosses.

        Args:
            symbol: For example ``BTCUSDT``.
            price: In quote per base, on the symbol's tick.

        Raises:
            VenueError: -1121 or -1013 for a symbol or price that the venue doesn't know.
        """
        self._exchange.set_price(symbol, price)

    def fill(self, client_order_id: str, quantity: Decimal) -> None:
        """Fill a part of a resting order at its limit, as one trade.

        Args:
            client_order_id: Of the order; of the newest where there are several.
            quantity: In base, on the symbol's lot; at most what remains.

        Raises:
            VenueError: -2011 when no such order is open, -1013 for a quantity that it doesn't have.
        """
        self._exchange.fill(client_order_id, quantity)

    async def __aenter__(self) -> Self:
        """Listen on the loopback interface.

        Raises:
            RuntimeError: When the venue is open already.
            OSError: When the port is taken.
        """
        if self._runner is not None:
            raise RuntimeError("the venue is open already")
        self._closing = asyncio.Event()
        app = web.Application()
        app.router.add_get(LEDGER_PATH, self._show_ledger)
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, handle_signals=False
        )
        self._runner = runner
        try:
            await runner.setup()
            self._listener = Listener(runner, self._port)
            await self._listener.open()
        except BaseException:
            await self._close()
            raise
        self._url = f"http://{HOST}:{self._listener.port}"
        if any(isinstance(fault, Outage) and fault.manner is OutageManner.REFUSED for fault in self.plan.faults):
            self._follower = asyncio.create_task(self._listener.follow(self._exchange.refuses_connections))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop listening, drop what hangs, and carry out every late acceptance."""
        await self._close()
        self._exchange.settle_all()

    async def _close(self) -> None:
        self._closing.set()
        runner, self._runner, self._url = self._runner, None, None
        listener, self._listener = self._listener, None
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.wait([follower])
        if listener is not None:
            await listener.shut()
        if runner is not None:
            await runner.cleanup()

    async def _show_ledger(self, _: web.Request) -> web.Response:
        return web.json_response(self.ledger.describe())

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode("utf-8", errors="replace")
        answer = self._exchange.handle(
            VenueRequest(
                method=request.method,
                path=request.path,
                signed=SignedRequest(
                    query=request.rel_url.raw_query_string,
                    body=body,
                    api_key=request.headers.get("X-MBX-APIKEY", ""),
                ),
            )
        )
        if answer.delivery is Delivery.WHOLE:
            return web.Response(
                status=answer.status, body=answer.body, content_type=answer.content_type, headers=answer.headers
            )
        if answer.delivery is Delivery.TRUNCATED:
            await _send_half(request, answer)
        if answer.delivery is not Delivery.HANG:
            _reset(request)
        await self._closing.wait()
        return web.Response(status=503)


async def _send_half(request: web.Request, answer: Answer) -> None:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_type = answer.content_type
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


def _derive_key(seed: int, purpose: str) -> str:
    return hashlib.sha256(f"recoup-sim:{seed}:{purpose}".encode()).hexdigest()
