"""What a guarded order comes to that the venue refuses, beside the plugins that would repeat it."""

from __future__ import annotations

import pytest
from attrs import define, field

from recoup import (
    Classification,
    Config,
    ErrorCategory,
    ErrorHandler,
    ErrorHandlingConfig,
    ErrorSeverity,
    FailureReason,
    FallbackConfig,
    Operation,
    OperationKind,
    PluginSettings,
    RetryConfig,
    TradingHalted,
    VenuePorts,
    guard,
    hookimpl,
    outcome_of,
)
from recoup.testing import FakeClock
from recoup_plugins.api_rate_limit import ApiRateLimit
from recoup_plugins.fallback import FallbackPlugin
from recoup_plugins.order_rejection import OrderRejection
from recoup_plugins.order_submission import OrderSubmission
from recoup_plugins.retry import RetryPlugin

FINAL = [
    FailureReason.INSUFFICIENT_FUNDS,
    FailureReason.ORDER_REJECTED,
    FailureReason.INVALID_REQUEST,
    FailureReason.AUTHENTICATION,
    FailureReason.PERMISSION,
    FailureReason.MARKET_CLOSED,
]
KEY, SYMBOL = "venue", "BTC/USDT"


class VenueError(Exception):
    def __init__(self, reason, text="", *, known=True):
        super().__init__(text or reason.value)
        self.reason, self.known = reason, known


def verdict(reason, *, known=True):
    return Classification(
        severity=ErrorSeverity.LOW,
        category=ErrorCategory.EXCHANGE,
        retryable=reason is not FailureReason.MARKET_CLOSED,
        outcome_known=known,
        reason=reason,
    )


class VenuesClassifier:
    @hookimpl
    def classify(self, error):
        return verdict(error.reason, known=error.known) if isinstance(error, VenueError) else None

    @hookimpl
    def sanitize(self, payload):
        return payload


@define(eq=False)
class Venue:
    """Refuses submits as told, for that reason and in these words; then takes them."""

    refusals: list = field(factory=list)
    submits: int = 0

    async def submit(self):
        self.submits += 1
        if self.refusals:
            raise self.refusals.pop(0)
        return {"id": "1"}

    def submit_sync(self):
        self.submits += 1
        if self.refusals:
            raise self.refusals.pop(0)
        return {"id": "1"}


def handler_at(port, clock=None, **config):
    settings = {"order_rejection": PluginSettings(config=config)}
    handler = ErrorHandler(
        Config(error_handling=ErrorHandlingConfig(plugins=settings)),
        clock=clock or FakeClock(auto_advance=True),
        plugins={
            "classifier": VenuesClassifier(),
            "api_rate_limit": ApiRateLimit,
            "fallback": FallbackPlugin,
            "order_rejection": OrderRejection,
            "order_submission": OrderSubmission,
            "retry": RetryPlugin,
        },
        discover=False,
    )
    handler.venues.register(KEY, VenuePorts(venue=port, balances=port))
    return handler


def send(handler, venue, *policies, component="exchange"):
    return guard(*policies, handler=handler, component=component, operation=SUBMIT).call(venue.submit)


SUBMIT = Operation(kind=OperationKind.SUBMIT, key=KEY, symbol=SYMBOL)


@pytest.mark.anyio
class TestWithinTheHandler:
    @pytest.mark.parametrize("reason", FINAL)
    async def test_no_retry_that_names_the_error_repeats_it(self, port, reason):
        venue = Venue([VenueError(reason)])
        async with handler_at(port) as handler:
            with pytest.raises(VenueError) as raised:
                await send(handler, venue, RetryConfig(exceptions=(VenueError,), max_attempts=5))
        assert venue.submits == 1
        assert outcome_of(raised.value).plugin == "order_rejection"

    async def test_credentials_that_look_like_a_limit_are_sent_once(self, port):
        venue = Venue([VenueError(FailureReason.RATE_LIMITED, '{"code":-2015,"msg":"Invalid API-key"}')])
        async with handler_at(port) as handler:
            with pytest.raises(VenueError):
                await send(handler, venue, RetryConfig(max_attempts=5))
        assert venue.submits == 1

    async def test_a_rejected_clock_is_set_and_the_order_sent_once_more(self, port):
        venue = Venue([VenueError(FailureReason.CLOCK_SKEW)])
        async with handler_at(port) as handler:
            assert await send(handler, venue) == {"id": "1"}
        assert (venue.submits, port.asked) == (2, ["clock"])

    async def test_a_clock_that_stays_wrong_ends_after_one_repeat(self, port):
        venue = Venue([VenueError(FailureReason.CLOCK_SKEW)] * 9)
        async with handler_at(port) as handler:
            with pytest.raises(VenueError):
                await send(handler, venue, RetryConfig(max_attempts=5))
        assert venue.submits == 2

    async def test_a_fallback_stands_in(self, port):
        venue = Venue([VenueError(FailureReason.INSUFFICIENT_FUNDS)])
        async with handler_at(port) as handler:
            found = await send(handler, venue, RetryConfig(exceptions=(VenueError,)), FallbackConfig())
        assert found is None
        assert venue.submits == 1

    async def test_a_refusal_is_counted_once_although_the_application_hands_it_in_too(self, port):
        venue = Venue([VenueError(FailureReason.PERMISSION)] * 2)
        async with handler_at(port, halt_after=2) as handler:
            with pytest.raises(VenueError) as raised:
                await send(handler, venue, component=KEY)
            context = handler.create_error_context(raised.value, KEY, "create_order", symbol=SYMBOL)
            await handler.process(raised.value, context)
            assert not handler.halts.all()

    async def test_the_market_that_goes_on_refusing_takes_no_more_orders(self, port):
        venue = Venue([VenueError(FailureReason.PERMISSION)] * 9)
        async with handler_at(port, halt_after=2) as handler:
            for _ in range(2):
                with pytest.raises(VenueError):
                    await send(handler, venue)
            with pytest.raises(TradingHalted):
                await send(handler, venue)
        assert venue.submits == 2


def test_in_synchronous_code_the_next_order_is_preceded_by_the_refresh(port):
    venue = Venue([VenueError(FailureReason.INSUFFICIENT_FUNDS)])
    handler = handler_at(port)
    guarded = guard(handler=handler, component="exchange", operation=SUBMIT)(venue.submit_sync)
    with pytest.raises(VenueError):
        guarded()
    assert guarded() == {"id": "1"}
    assert port.asked == ["balances"]


def test_in_synchronous_code_any_guarded_call_lifts_a_halt_whose_time_has_come(port):
    clock = FakeClock(auto_advance=False)  # the task of a loop that ends with the call does not come to it
    venue = Venue([VenueError(FailureReason.PERMISSION)])
    handler = handler_at(port, clock, halt_after=1, lift_after=30)
    order = guard(handler=handler, component="exchange", operation=SUBMIT)(venue.submit_sync)
    look = guard(handler=handler, component="exchange", operation=Operation(kind=OperationKind.READ))(port.balances)
    with pytest.raises(VenueError):
        order()
    look()
    with pytest.raises(TradingHalted):
        order()
    clock.advance(30)
    look()
    assert order() == {"id": "1"}
