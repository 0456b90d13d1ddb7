"""The scenario for a connection that the application holds and has lost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

import anyio
from attrs import field, frozen
from attrs.validators import ge, gt, instance_of

from recoup import (
    ConnectionEvent,
    FailureReason,
    HeldBack,
    Operation,
    OperationKind,
    Recovery,
    StateEvent,
    hookimpl,
)
from recoup_plugins.network_disconnection.connection import Connection, ConnectionPhase
from recoup_plugins.network_disconnection.queue import OrderQueue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from recoup import Call, ErrorContext, Host, StreamPort, Turn

_NUMBER = instance_of((int, float))
_LOSSES = frozenset(
    {
        FailureReason.CONNECTION_LOST,
        FailureReason.CONNECTION_FAILED,
        FailureReason.TIMEOUT,
        FailureReason.SERVER_ERROR,
        FailureReason.MAINTENANCE,
    }
)
_OPEN = frozenset({ConnectionPhase.UP, ConnectionPhase.FLUSHING})
_MAX_DOUBLINGS = 32
"""Beyond it every cap has long been reached, and a float would overflow."""


@frozen(kw_only=True)
class NetworkDisconnectionConfig:
    """How a connection is brought back. Immutable; all times in seconds.

    Attributes:
        base_delay: most that is waited before the second attempt; it doubles with each one. The wait is drawn evenly
            between 0 and that ("full jitter", AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
        max_delay: most that it grows to.
        step_timeout: that connecting, authenticating or subscribing may take, each; in real time.
        reconcile_timeout: that comparing both sides may take; in real time.
        give_up_after: time without success after which a human is told, and waiting orders are refused.
        max_age: an order that has waited longer is dropped, on record; its own deadline may be nearer.
        release_interval: between two orders that have waited, when the connection is back.
        max_waiting: orders that wait at one venue at most; further ones are refused.
    """

    base_delay: float = field(default=0.5, validator=[_NUMBER, gt(0)])
    max_delay: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    step_timeout: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    reconcile_timeout: float = field(default=300.0, validator=[_NUMBER, gt(0)])
    give_up_after: float = field(default=3600.0, validator=[_NUMBER, gt(0)])
    max_age: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    release_interval: float = field(default=0.05, validator=[_NUMBER, ge(0)])
    max_waiting: int = field(default=1000, validator=[instance_of(int), ge(1)])


class NetworkDisconnection:
    """Reconnects, authenticates, subscribes, resets books, reconciles, and only then lets orders go again.

    It acts on connections that the application holds itself, such as a websocket: those whose venue has a ``stream``
    port in ``handler.venues``. Where the application hands the loss to ``handler.handle_error``, with the venue's key
    as the component, the answer is True once the connection is back. While it is not, new submissions and amends of
    that key wait in the order in which they came; what is under way already fails by itself and is verified as any
    unknown outcome is. Nothing that was sent is ever sent again from here. Cancels, reads and what reduces risk pass.

    :class:`~recoup_plugins.network_disconnection.connection.ConnectionPhase` has the table of states. Thread-safe and
    task-safe.
    """

    Config: ClassVar[type[NetworkDisconnectionConfig]] = NetworkDisconnectionConfig

    def __init__(self, config: NetworkDisconnectionConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._lock = threading.Lock()
        self._connections: dict[str, Connection] = {}

    def phase(self, key: str) -> ConnectionPhase:
        """Return where the connection of a venue stands; UP where it was never lost."""
        connection = self._connections.get(key)
        return ConnectionPhase.UP if connection is None else connection.phase

    def lost(self, key: str, reason: str = "") -> None:
        """Take note that the connection of a venue is lost: new orders wait from now on."""
        connection = self._connection(key)
        if connection.phase is ConnectionPhase.RECONNECTING:
            connection.lost_again = True  # several tasks report one loss: it matters once the streams stand anew
            return
        if (old := connection.move(ConnectionPhase.DOWN)) is not None:
            self._tell(connection, old, reason)

    async def reconnect(self, key: str) -> bool:
        """Bring a lost connection back, or wait until whoever does so already has.

        Returns:
            Whether it is back.
        """
        connection = self._connections.get(key)
        stream = self._host.venues.get(key).stream
        if connection is None or stream is None:
            return connection is None
        while True:
            old = connection.move(ConnectionPhase.RECONNECTING)
            if old is not None:
                self._tell(connection, old, "")
                return await self._bring_back(connection, stream)
            while connection.phase is ConnectionPhase.RECONNECTING:
                await self._host.clock.sleep(self._config.base_delay)
            if connection.phase is ConnectionPhase.FAILED:
                return False
            if connection.phase is not ConnectionPhase.DOWN:
                return True

    @hookimpl(tryfirst=True)
    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:
        """Bring the connection back that the application reports as lost."""
        classification = context.classification
        key = context.component
        if context.call is not None or classification is None or classification.reason not in _LOSSES:
            return None
        if self._host.venues.get(key).stream is None:
            return None
        self.lost(key, type(error).__name__)
        if await self.reconnect(key):
            return Recovery.recovered(detail=f"the connection to {key} is back")
        return Recovery.give_up(f"the connection to {key} could not be brought back")

    def admit(self, call: Call, component: str) -> Awaitable[Recovery | None] | None:
        """Let an order go while the connection stands; have it wait else."""
        connection = self._waits_for(call, component)
        return None if connection is None else self._wait(connection, call)

    def admit_sync(self, call: Call, component: str) -> None:
        """As :meth:`admit`, by blocking the calling thread."""
        connection = self._waits_for(call, component)
        if connection is None:
            return
        turn = self._line_up(connection)
        patience = self._patience(call)
        try:
            given = turn.taken_sync(patience, clock=self._host.clock)
        finally:
            connection.queue.forget(turn)
        self._check(connection, call, patience, given=given)

    def settle(self, call: Call, component: str, error: BaseException | None) -> None:
        """Do nothing: how an order ends says nothing of the connection."""

    def _waits_for(self, call: Call, component: str) -> Connection | None:
        connection = self._connections.get(call.operation.key or component)
        if connection is None or connection.phase is ConnectionPhase.UP or call.operation.reduces_risk:
            return None
        return connection

    async def _wait(self, connection: Connection, call: Call) -> None:
        turn = self._line_up(connection)
        patience = self._patience(call)
        try:
            given = await turn.taken(patience, clock=self._host.clock)
        finally:
            connection.queue.forget(turn)
        self._check(connection, call, patience, given=given)

    def _line_up(self, connection: Connection) -> Turn:
        turn = None if connection.phase is ConnectionPhase.FAILED else connection.queue.enter()
        if turn is None:
            raise HeldBack(f"{connection.key} is {connection.phase.value}, and takes no order", key=connection.key)
        if connection.phase is ConnectionPhase.UP:  # it came back meanwhile
            turn.give()
        return turn

    def _patience(self, call: Call) -> float:
        left = call.remaining(self._host.clock.monotonic())
        return self._config.max_age if left is None else max(0.0, min(left, self._config.max_age))

    def _check(self, connection: Connection, call: Call, patience: float, *, given: bool) -> None:
        if given and connection.phase in _OPEN:
            return
        reason = f"it waited {patience:.1f} s for {connection.key}" if not given else f"{connection.key} is down"
        name = call.operation.client_order_id or call.name
        self._host.publish(StateEvent(subject=f"deferred:{name}", old="waiting", new="dropped", detail=reason))
        raise HeldBack(f"{call.name} was not sent: {reason}", key=connection.key)

    async def _bring_back(self, connection: Connection, stream: StreamPort) -> bool:
        clock, config = self._host.clock, self._config
        end = clock.monotonic() + config.give_up_after
        attempt = 0
        try:
            while True:
                failed = await self._try(connection, stream)
                if failed is None:
                    break
                cap = min(config.max_delay, config.base_delay * 2.0 ** min(attempt, _MAX_DOUBLINGS))
                attempt += 1
                delay = self._host.random.uniform(0.0, cap)
                if clock.monotonic() + delay > end:
                    self._give_up(connection, failed, attempt)
                    return False
                await clock.sleep(delay)
        except BaseException:
            connection.move(ConnectionPhase.DOWN)  # whoever comes next brings it back
            raise
        connection.move(ConnectionPhase.FLUSHING)
        self._tell(connection, ConnectionPhase.RECONNECTING, f"after {attempt + 1} attempts")
        await self._flush(connection)
        return True

    async def _try(self, connection: Connection, stream: StreamPort) -> str | None:
        """Go through all steps; return what failed, or None."""
        key = connection.key
        for step in (stream.connect, stream.authenticate, stream.reset, stream.resubscribe):
            try:
                # In real time, whatever the clock is: a client that hangs must not keep the caller for ever.
                with anyio.fail_after(self._config.step_timeout):
                    await self._step(key, step)
            except Exception as failure:  # noqa: BLE001 - guarded calls have reported it; the next attempt follows
                return f"{getattr(step, '__name__', 'a step')} failed with {type(failure).__name__}"
        connection.lost_again = False
        try:
            with anyio.fail_after(self._config.reconcile_timeout):
                compared = await self._host.reconcile(key)
        except TimeoutError:
            return "the reconciliation took too long"
        for found in compared:
            if not found.complete:
                return f"the reconciliation is incomplete: {found.detail}"
        return "it was lost again" if connection.lost_again else None

    async def _step(self, key: str, step: Callable[[], Any]) -> Any:
        operation = Operation(kind=OperationKind.IDEMPOTENT_WRITE, key=key)
        return await self._host.call(step, component=key, operation=operation)

    async def _flush(self, connection: Connection) -> None:
        """Let orders that wait go one after the other; what comes meanwhile lines up behind them.

        After ``max_age`` all who waited at its beginning have gone, and those who came since go together: were they to
        come faster than they go, it would never end.
        """
        clock = self._host.clock
        end = clock.monotonic() + self._config.max_age
        try:
            while connection.phase is ConnectionPhase.FLUSHING and clock.monotonic() < end:
                if not connection.queue.release():
                    break
                await clock.sleep(self._config.release_interval)
        finally:  # also where whoever brought it back is cancelled: it is back, and nobody else lets them go
            if connection.move(ConnectionPhase.UP) is not None:
                self._tell(connection, ConnectionPhase.FLUSHING, "")
                while connection.queue.release():  # who lined up in the very moment
                    pass

    def _give_up(self, connection: Connection, failed: str, attempts: int) -> None:
        old = connection.move(ConnectionPhase.FAILED)
        reason = f"{attempts} attempts in {self._config.give_up_after:.0f} s, the last: {failed}"
        if old is not None:
            self._tell(connection, old, reason)
        self._host.escalate(connection.key, "reconnect", reason)
        while connection.queue.release():
            pass

    def _connection(self, key: str) -> Connection:
        with self._lock:
            connection = self._connections.get(key)
            if connection is None:
                connection = self._connections[key] = Connection(key, OrderQueue(self._config.max_waiting))
            return connection

    def _tell(self, connection: Connection, old: ConnectionPhase, detail: str) -> None:
        new = connection.phase
        self._host.publish(
            StateEvent(subject=f"connection:{connection.key}", old=old.value, new=new.value, detail=detail)
        )
        self._host.publish(ConnectionEvent(connection_id=connection.key, state=new.value, detail=detail))
