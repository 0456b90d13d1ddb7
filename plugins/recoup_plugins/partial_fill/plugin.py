"""The scenario for an order that is filled in part."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from attrs import evolve

from recoup import (
    DriftAction,
    Recovery,
    StateEvent,
    VenueNotRegistered,
    hookimpl,
)
from recoup_plugins.partial_fill.config import FillPolicy, PartialFillConfig
from recoup_plugins.partial_fill.errors import PartiallyFilled
from recoup_plugins.partial_fill.quantities import quantity
from recoup_plugins.partial_fill.settlement import Job, Settlement, SettlementState
from recoup_plugins.partial_fill.settling import Settling
from recoup_plugins.partial_fill.tracker import FillTracker

if TYPE_CHECKING:
    from decimal import Decimal

    from recoup import ErrorContext, Host, IntentId, Operation

NAME = "partial_fill"


class PartialFill:
    """Keeps, cancels or completes an order that is filled in part, and never fills more than was ordered.

    ``await handler.plugins.get("partial_fill").settle(operation)``, or ``handler.wait_sync(...)`` of it; or by raising
    :class:`PartiallyFilled` in a guarded call, or handing it to ``handler.handle_error``.

    What remains is what was ordered less what a fresh query says, of an order that is final: nothing is sent while a
    part of it may still be filled, nor while anything about it is unknown. A child goes by the order's client order id
    with ``-c1``, ``-c2`` and so on behind it, is looked up before it is sent, and is a guarded intent of its own, so
    that a settlement that was broken off may be made again.

    One order is settled by one task at a time; another one waits, and then reads it anew. Thread-safe and task-safe.
    """

    Config: ClassVar[type[PartialFillConfig]] = PartialFillConfig

    def __init__(self, config: PartialFillConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._lock = threading.Lock()
        self._under_way: set[IntentId] = set()

    async def settle(
        self,
        operation: Operation,
        *,
        component: str = "exchange",
        policy: FillPolicy | None = None,
        min_amount: Decimal | str | None = None,
        tracker: FillTracker | None = None,
    ) -> Settlement:
        """Do with a partly filled order as the policy says.

        Args:
            operation: of its submit, with ``client_order_id``, ``symbol``, and ``exposure`` where it may be completed.
            component: where in the application; the venue's key where the operation has none.
            policy: in place of the configured one.
            min_amount: the least that the venue takes, in place of the configured one.
            tracker: what the application's own events say of its fills; no answer of the venue that is older counts.

        Returns:
            What became of it. Where that is UNKNOWN, or less came of it than was wanted, a human has been told.

        Raises:
            VenueNotRegistered: nobody said where to look the order up.
            ValueError: the operation has no client order id, or is to be completed and has no exposure.
        """
        settlement = await self._settle(self._job(operation, component, policy, min_amount, tracker, None))
        if settlement.state is SettlementState.UNKNOWN:
            self._host.escalate(component, "settle", f"{settlement.client_order_id}: {settlement.detail}")
        return settlement

    @hookimpl(tryfirst=True)
    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:
        """Settle the order that a :class:`PartiallyFilled` is about; its last state is the call's result."""
        if not isinstance(error, PartiallyFilled):
            return None
        call = context.call
        operation = error.operation or (call.operation if call is not None else None)
        if operation is None:
            return Recovery.unknown("PartiallyFilled names no operation: give operation=Operation(...)")
        left = None if call is None else call.remaining(self._host.clock.monotonic())
        try:
            job = self._job(operation, context.component, error.policy, error.min_amount, None, left)
        except (TypeError, ValueError, VenueNotRegistered) as failure:
            return Recovery.unknown(f"the order can't be settled: {failure}")
        settlement = await self._settle(job)
        detail = f"{settlement.state.value}: {settlement.filled} filled {settlement.detail}".rstrip()
        if settlement.state is SettlementState.UNKNOWN:
            return Recovery.unknown(detail)
        return Recovery.recovered(settlement.order, verified=True, detail=detail)

    def _job(
        self,
        operation: Operation,
        component: str,
        policy: FillPolicy | None,
        min_amount: Decimal | str | None,
        tracker: FillTracker | None,
        left: float | None,
    ) -> Job:
        operation = self._host.venues.completed(operation, component)
        if operation.symbol is None and operation.exposure is not None:
            operation = evolve(operation, symbol=operation.exposure.symbol)
        key, policy = operation.key or component, policy or self._config.policy
        if operation.client_order_id is None:
            raise ValueError("a partly filled order is found by its client order id: give Operation(client_order_id=)")
        if operation.orders is None:
            raise VenueNotRegistered(f"nobody said where to look up orders of {key}: handler.venues.register(...)")
        if policy is FillPolicy.COMPLETE and operation.exposure is None:
            raise ValueError("what remains of an order takes a side, an amount and a price: give Operation(exposure=)")
        tracker = _checked(tracker, operation)
        least = self._config.min_amount(operation.symbol) if min_amount is None else quantity(min_amount, "min_amount")
        seconds = self._config.timeout if left is None else min(left, self._config.timeout)
        return Job(
            key=key,
            component=component,
            operation=operation,
            client_order_id=operation.client_order_id,
            orders=operation.orders,
            policy=policy,
            min_amount=least,
            end=self._host.clock.monotonic() + seconds,
            tracker=tracker,
        )

    async def _settle(self, job: Job) -> Settlement:
        intent = (job.key, job.client_order_id)
        while not self._begin(intent):
            if self._host.clock.monotonic() >= job.end:
                return _still_under_way(job)
            await self._host.clock.sleep(self._config.poll_interval)
        try:
            settling = Settling(self._config, self._host, job, lambda new, detail: self._publish(job, new, detail))
            settlement = await settling.run()
        finally:
            with self._lock:
                self._under_way.discard(intent)
        self._publish(job, settlement.state.value, settlement.detail)
        if settlement.state is SettlementState.SHORT and settling.is_short_of_wish:
            self._host.escalate(job.component, "settle", f"{job.client_order_id}: {settlement.detail}")
        if settlement.overfilled:
            self._act_on_overfill(job, settlement)
        await self._host.reconcile(job.key)
        return settlement

    def _begin(self, intent: IntentId) -> bool:
        with self._lock:
            if intent in self._under_way:
                return False
            self._under_way.add(intent)
            return True

    def _act_on_overfill(self, job: Job, settlement: Settlement) -> None:
        reason = f"{job.client_order_id}: {settlement.filled} filled of {settlement.ordered} ordered"
        action = self._config.on_overfill
        if action is not DriftAction.ALARM:
            symbol = job.symbol if action is DriftAction.HALT_SYMBOL else None
            self._host.halts.halt(job.key, symbol, reason=reason)
        self._host.escalate(job.component, "settle", reason)

    def _publish(self, job: Job, new: str, detail: str) -> None:
        subject = f"fill:{job.key}:{job.client_order_id}"
        self._host.publish(StateEvent(subject=subject, old="partial", new=new, detail=detail))


def _checked(tracker: FillTracker | None, operation: Operation) -> FillTracker | None:
    if operation.exposure is None:
        return tracker
    if tracker is None:
        return FillTracker(operation.exposure.amount)
    if tracker.amount != operation.exposure.amount:
        raise ValueError(f"the tracker is of {tracker.amount}, the operation of {operation.exposure.amount}")
    return tracker


def _still_under_way(job: Job) -> Settlement:
    return Settlement(
        client_order_id=job.client_order_id,
        state=SettlementState.UNKNOWN,
        ordered=None if job.tracker is None else job.tracker.amount,
        filled=quantity(0, "filled") if job.tracker is None else job.tracker.filled,
        detail="another settlement of it has not ended",
    )
