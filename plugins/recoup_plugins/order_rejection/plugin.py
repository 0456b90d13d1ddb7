"""The scenario for an order that the venue refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from recoup import FailureReason, FallbackConfig, Operation, OperationKind, Recovery, hookimpl, outcome_of
from recoup_plugins.order_rejection.config import OrderRejectionConfig
from recoup_plugins.order_rejection.halting import Halting
from recoup_plugins.order_rejection.refresh import Refreshes
from recoup_plugins.order_rejection.refusals import final_reason, is_order
from recoup_plugins.order_rejection.rejections import Fingerprint, Rejections

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection
    from typing import Any

    from recoup import Call, ErrorContext, Host, VenuePort

NAME = "order_rejection"
"""Its entry point, under which the core counts its answers."""
MAX_SYNCS = 3
"""A clock that had to be set so often within one call is not what is wrong."""


class OrderRejection:
    """Gives a refused order up at once, and does something about the cause.

    It acts on submits, amends and cancels that are known to have been refused for funds, filters, permissions,
    credentials or a closed market: no later plugin is asked, so that nothing repeats them, whatever a guard's
    ``RetryConfig`` says; a guard's ``FallbackConfig`` keeps its turn. So it does with any call whose refusal was taken
    for a limit and speaks of credentials. A refusal that may be an earlier send's doing, as a duplicate id, belongs to
    ``order_submission``, which is asked first.

    Funds and filters: the venue's balances and limits are loaded anew through its ports. A refusal for the request's
    time: the clock is set by the venue's, and the call is repeated once, reads too. Refusals of one fingerprint, that
    is market, class, reason and message without its numbers, are counted until the market takes an order; too many halt
    it.

    Thread-safe and task-safe.

    Attributes:
        asked_after: plugins that have their turn first.
    """

    Config: ClassVar[type[OrderRejectionConfig]] = OrderRejectionConfig
    asked_after: ClassVar[tuple[str, ...]] = ("order_submission",)

    def __init__(self, config: OrderRejectionConfig, host: Host) -> None:
        self._host = host
        self._config = config
        self._rejections = Rejections(config)
        self._refreshes = Refreshes(host, config.refresh_interval)
        self._halting = Halting(host, config.lift_after)

    @property
    def holds(self) -> Collection[Any]:
        """What halts are to be lifted, so that any guarded call lifts them where no task can."""
        return self._halting.lifts

    def delay(self, operation: Operation, component: str) -> float:  # noqa: ARG002 - the role's signature
        """Lift halts whose time has come; hold nothing back."""
        self._halting.lift_due()
        return 0.0

    def admit(self, call: Call, component: str) -> Awaitable[None] | None:
        """Let an order go; after a refresh, where one is wanted of its venue and can't go on beside it."""
        key = call.operation.key or component
        return None if self._refreshes.start(key) else self._refreshes.run(key)

    def settle(self, call: Call, component: str, error: BaseException | None) -> None:
        """Begin to count anew for a market that took an order."""
        if error is None and not call.stood_in:
            self._rejections.forget((call.operation.key or component, call.operation.symbol))

    @hookimpl(trylast=True)
    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:
        """Give a refused order up, or have it repeated once with the clock set."""
        verdict = context.classification
        if verdict is None or not verdict.outcome_known:
            return None
        if verdict.reason is FailureReason.CLOCK_SKEW:
            return await self._set_clock(context)
        reason = final_reason(error, verdict, context.kind)
        if reason is None:
            return None
        if context.call is not None or outcome_of(error) is None:  # else a guard has had it counted
            self._take_note(error, context, reason)
        return _give_up(context, f"refused ({reason.value}); it would be refused again")

    def _take_note(self, error: Exception, context: ErrorContext, reason: FailureReason) -> None:
        key, symbol = _key(context), context.symbol
        self._refreshes.want(key, reason)
        if not context.kind.is_side_effect:
            return
        fingerprint = Fingerprint.of(error, reason, context.order_id, symbol)
        if self._rejections.count((key, symbol), fingerprint, self._host.clock.monotonic()):
            times = f"{self._config.halt_after} orders in {self._config.window:.0f} s refused alike ({reason.value})"
            self._halting.halt((key, symbol), context.component, context.operation, times)

    async def _set_clock(self, context: ErrorContext) -> Recovery | None:
        venue = self._venue(context)
        if venue is None or (context.call is not None and not context.call.may_repeat) or not context.may_send_again:
            return None
        if not self._has_set_it(context):
            operation = Operation(kind=OperationKind.READ, venue=venue, key=_key(context))
            try:
                await self._host.call(venue.sync_clock, component=context.component, operation=operation)
            except Exception as failure:  # noqa: BLE001 - that call has been handled and reported by itself
                detail = f"the clock could not be set: {type(failure).__name__}"
            else:
                return Recovery.retry(detail="clock synchronised with the venue")
        else:
            detail = "the clock was set, and is not what is wrong"
        return _give_up(context, detail) if is_order(context.kind) else None

    def _venue(self, context: ErrorContext) -> VenuePort | None:
        if context.call is not None:
            return context.call.operation.venue
        return self._host.venues.get(context.component).venue

    def _has_set_it(self, context: ErrorContext) -> bool:
        call = context.call
        if call is None:
            return context.recovery_attempts > 0
        return call.last_answer == NAME or call.answers[NAME] >= MAX_SYNCS


def _key(context: ErrorContext) -> str:
    return (context.call.operation.key if context.call is not None else None) or context.component


def _give_up(context: ErrorContext, detail: str) -> Recovery | None:
    call = context.call
    if call is not None and call.policy(FallbackConfig) is not None:
        call.may_repeat = False  # so that its fallback has its turn
        return None
    return Recovery.give_up(detail)
