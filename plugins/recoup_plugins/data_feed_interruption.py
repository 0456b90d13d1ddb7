"""Gets the picture of one market back after its feed was interrupted; nothing new is traded on an old picture."""

from __future__ import annotations

import threading
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

import anyio
from attrs import field, frozen
from attrs.validators import ge, gt, instance_of

from recoup import Operation, OperationKind, RecoupError, Recovery, StateEvent, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from recoup import ErrorContext, Host, MarketDataPort

_NAME = "data_feed_interruption"
_NUMBER = instance_of((int, float))
_MAX_DOUBLINGS = 32
"""Beyond it every cap has long been reached, and a float would overflow."""

Market = tuple[str, str]
"""The venue's key and the symbol."""


class FeedInterrupted(RecoupError):
    """The application noticed that a market's feed has gaps or has gone silent.

    Attributes:
        symbol: the market.
        reason: one line, such as ``"sequence 17 after 12"``.
    """

    def __init__(self, symbol: str, reason: str = "") -> None:
        self.symbol = symbol
        self.reason = reason
        super().__init__(f"the feed of {symbol} is interrupted" + (f": {reason}" if reason else ""))


class FeedState(Enum):
    """What is known of a market's feed; the values name it in events.

    ==========  ==========================================  ==========
    state       what happened                               next state
    ==========  ==========================================  ==========
    FRESH       it is reported as interrupted               RECOVERING
    RECOVERING  it is subscribed to and its picture loaded  FRESH
    RECOVERING  that took longer than ``give_up_after``     STALE
    RECOVERING  whoever brought it back was cancelled       STALE
    STALE       it is reported once more                    RECOVERING
    ==========  ==========================================  ==========
    """

    FRESH = "fresh"
    RECOVERING = "recovering"
    STALE = "stale"


@frozen(kw_only=True)
class DataFeedInterruptionConfig:
    """How a feed is brought back. Immutable; all times in seconds.

    Attributes:
        base_delay: most that is waited before the second attempt; it doubles with each one, and the wait is drawn
            evenly between 0 and it (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
        max_delay: most that it grows to.
        step_timeout: that subscribing or loading the picture may take, each; in real time.
        give_up_after: time without success after which a human is told.
        halts: whether new orders of the market are refused meanwhile (``TradingHalted``).
        max_markets: markets brought back at a time at most; further reports are left to the application.
    """

    base_delay: float = field(default=0.5, validator=[_NUMBER, gt(0)])
    max_delay: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    step_timeout: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    give_up_after: float = field(default=600.0, validator=[_NUMBER, gt(0)])
    halts: bool = True
    max_markets: int = field(default=1000, validator=[instance_of(int), ge(1)])


class DataFeedInterruption:
    """Subscribes anew, loads the whole picture, and only then lets orders of the market go again.

    It acts on :class:`FeedInterrupted` that the application hands to ``handler.handle_error``, with the venue's key as
    the component; the answer is True once the picture is whole again. The venue needs a ``market_data`` port in
    ``handler.venues``. Updates are subscribed to before the picture is loaded, so that none falls between the two.

    Thread-safe and task-safe. :class:`FeedState` has the table of states.
    """

    Config: ClassVar[type[DataFeedInterruptionConfig]] = DataFeedInterruptionConfig

    def __init__(self, config: DataFeedInterruptionConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._lock = threading.Lock()
        self._states: dict[Market, FeedState] = {}

    def state(self, key: str, symbol: str) -> FeedState:
        """Return what is known of a market's feed."""
        return self._states.get((key, symbol), FeedState.FRESH)

    @hookimpl(tryfirst=True)
    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:
        """Bring back the feed that the application reports as interrupted."""
        if not isinstance(error, FeedInterrupted):
            return None
        key = context.component
        port = self._host.venues.get(key).market_data
        if port is None:
            return None
        market = key, error.symbol
        if not self._begin(market, error.reason):
            return await self._wait_for(market)
        if await self._bring_back(market, port):
            return Recovery.recovered(detail=f"the feed of {error.symbol} is whole again")
        return Recovery.give_up(f"the feed of {error.symbol} could not be brought back")

    def _begin(self, market: Market, reason: str) -> bool:
        """Take a market on; False where somebody has already, or too many are under way."""
        with self._lock:
            old = self._states.get(market, FeedState.FRESH)
            is_full = market not in self._states and len(self._states) >= self._config.max_markets
            if old is FeedState.RECOVERING or is_full:
                return False
            self._states[market] = FeedState.RECOVERING
        if self._config.halts:
            self._host.halts.halt(*market, reason=f"its feed is interrupted {reason}".rstrip(), by=_NAME)
        self._publish(market, old, FeedState.RECOVERING, reason)
        return True

    async def _wait_for(self, market: Market) -> Recovery | None:
        if self.state(*market) is not FeedState.RECOVERING:
            return None
        while self.state(*market) is FeedState.RECOVERING:
            await self._host.clock.sleep(self._config.base_delay)
        is_fresh = self.state(*market) is FeedState.FRESH
        return Recovery.recovered(detail="brought back by another") if is_fresh else Recovery.give_up("it stays stale")

    async def _bring_back(self, market: Market, port: MarketDataPort) -> bool:
        clock, config = self._host.clock, self._config
        end = clock.monotonic() + config.give_up_after
        attempt = 0
        new = FeedState.STALE
        detail = "broken off"
        try:
            while (failed := await self._try(market, port)) is not None:
                cap = min(config.max_delay, config.base_delay * 2.0 ** min(attempt, _MAX_DOUBLINGS))
                delay = self._host.random.uniform(0.0, cap)
                attempt += 1
                if clock.monotonic() + delay > end:
                    detail = f"{attempt} attempts, the last: {failed}"
                    self._host.escalate(market[0], "market data", f"{market[1]}: {detail}")
                    return False
                await clock.sleep(delay)
            new, detail = FeedState.FRESH, f"after {attempt + 1} attempts"
            return True
        finally:
            self._end(market, new, detail)

    async def _try(self, market: Market, port: MarketDataPort) -> str | None:
        """Subscribe and load the picture; return what failed, or None."""
        for step in (port.resubscribe, port.snapshot):
            try:
                # In real time, whatever the clock is: a client that hangs must not keep the caller for ever.
                with anyio.fail_after(self._config.step_timeout):
                    await self._step(market, step)
            except Exception as failure:  # noqa: BLE001 - the guarded call has reported it; the next attempt follows
                return f"{getattr(step, '__name__', 'a step')} failed with {type(failure).__name__}"
        return None

    async def _step(self, market: Market, step: Callable[[str], Any]) -> Any:
        key, symbol = market
        operation = Operation(kind=OperationKind.IDEMPOTENT_WRITE, key=key, symbol=symbol)
        return await self._host.call(step, symbol, component=key, operation=operation)

    def _end(self, market: Market, new: FeedState, detail: str) -> None:
        with self._lock:
            if new is FeedState.FRESH:
                del self._states[market]
            else:
                self._states[market] = new
        if new is FeedState.FRESH and self._config.halts:
            self._host.halts.lift(*market, reason="its feed is whole again", by=_NAME)
        self._publish(market, FeedState.RECOVERING, new, detail)

    def _publish(self, market: Market, old: FeedState, new: FeedState, detail: str) -> None:
        subject = f"feed:{market[0]} {market[1]}"
        self._host.publish(StateEvent(subject=subject, old=old.value, new=new.value, detail=detail))
