"""One partly filled order, settled by its policy."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from recoup import Decision, OutcomeUnknown, Refused, outcome_of
from recoup_plugins.partial_fill.config import FillPolicy
from recoup_plugins.partial_fill.leg import Leg, Reading
from recoup_plugins.partial_fill.requests import Requests, RequestsSpentError
from recoup_plugins.partial_fill.settlement import Settlement, SettlementState
from recoup_plugins.partial_fill.tracker import FillTracker

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from recoup import Host
    from recoup_plugins.partial_fill.config import PartialFillConfig
    from recoup_plugins.partial_fill.settlement import Job

_FOR_THE_END = 10
"""Requests kept back, so that what was begun can be cancelled and read."""
_ZERO = Decimal(0)
_LEAST = Decimal("1E-30")
"""Below what any venue counts."""


class _Stuck(Exception):
    """Nothing more can be done."""


class Settling:
    """Settles one order. Belongs to one task, and runs once.

    Args:
        config: how long things take.
        host: the handler.
        job: what is settled.
        changed: told each step, by name and in one line.
    """

    def __init__(self, config: PartialFillConfig, host: Host, job: Job, changed: Callable[[str, str], None]) -> None:
        self._config = config
        self._host = host
        self._job = job
        self._changed = changed
        self._requests = Requests(host, job, config.request_timeout, config.max_requests)
        self._legs = [self._leg(job.client_order_id, job.tracker)]

    @property
    def is_short_of_wish(self) -> bool:
        """Whether something remains that was to be completed and is no dust."""
        return self._job.policy is FillPolicy.COMPLETE and self._remainder() >= max(self._job.min_amount, _LEAST)

    async def run(self) -> Settlement:
        """Do as the policy says; bounded in requests and in time."""
        try:
            detail = await self._settle()
        except RequestsSpentError:
            return self._unknown(f"{self._config.max_requests} requests were not enough")
        except _Stuck as stuck:
            return self._unknown(str(stuck))
        return self._settlement(self._state(), detail)

    async def _settle(self) -> str:
        (first,) = self._legs
        if self._job.policy is FillPolicy.KEEP:
            if not await first.look():
                raise _Stuck(first.failure)
            return ""
        await self._close(first)
        return await self._complete() if self._job.policy is FillPolicy.COMPLETE else ""

    async def _complete(self) -> str:
        """Submit what remains as one child after the other; return why it stopped."""
        for number in range(1, self._config.max_children + 1):
            remainder = self._remainder()
            if remainder == 0:
                return ""
            if remainder < self._job.min_amount:
                return f"{remainder} remains, less than the venue takes"
            child = self._leg(f"{self._job.client_order_id}-c{number}", None)
            if not await self._exists(child):
                child.tracker = FillTracker(remainder)
                if self._time_left() <= 0 or self._requests.left <= _FOR_THE_END:
                    return f"{remainder} remains, and there is no time or request left for it"
                refusal = await self._submit(child, remainder)
                if refusal:
                    return f"{remainder} remains, and its child was refused: {refusal}"
            self._legs.append(child)
            await self._rest(child)
            await self._close(child)
        remainder = self._remainder()
        return f"{remainder} remains after {self._config.max_children} children" if remainder else ""

    async def _exists(self, child: Leg) -> bool:
        """Say whether an earlier settlement has sent the child already."""
        for _ in range(_FOR_THE_END):
            reading = await child.read()
            if reading in (Reading.FRESH, Reading.STALE):
                return True
            if reading is Reading.ABSENT:
                return False
            await self._host.clock.sleep(self._config.poll_interval)
        raise _Stuck(f"whether {child.client_order_id} was sent already could not be found out: {child.failure}")

    async def _submit(self, child: Leg, amount: Decimal) -> str:
        """Send a child; return why it was refused, or nothing."""
        submit: Any = getattr(self._job.orders, "submit_child", None)
        if submit is None:
            return "the order port has no submit_child"
        self._changed("completing", f"{amount} as {child.client_order_id}")
        try:
            await self._requests.submit_child(submit, child.client_order_id, amount, self._time_left())
        except RequestsSpentError:
            raise
        except Exception as error:
            if _is_known(error):
                return type(error).__name__
            # Its own intent is looked after by whoever protects orders; nothing more is sent meanwhile.
            raise _Stuck(f"nobody knows whether {child.client_order_id} was accepted") from error
        return ""

    async def _rest(self, child: Leg) -> None:
        patience = min(self._config.child_patience, self._time_left())
        looks = max(0, self._requests.left - _FOR_THE_END)
        if patience > 0 and looks > 0:
            await child.rest(patience, looks)

    async def _close(self, leg: Leg) -> None:
        if not leg.is_final:
            self._changed("cancelling", leg.client_order_id)
        if not await leg.close():
            raise _Stuck(f"the final state of {leg.client_order_id} could not be found out: {leg.failure}")

    def _leg(self, client_order_id: str, tracker: FillTracker | None) -> Leg:
        return Leg(client_order_id, self._config, self._host.clock, self._requests, tracker)

    def _remainder(self) -> Decimal:
        return self._settlement(SettlementState.SHORT, "").remainder

    def _time_left(self) -> float:
        return self._job.end - self._host.clock.monotonic()

    def _state(self) -> SettlementState:
        if self._remainder() == 0:
            return SettlementState.FILLED
        return SettlementState.SHORT if self._legs[-1].is_final else SettlementState.OPEN

    def _unknown(self, detail: str) -> Settlement:
        return self._settlement(SettlementState.UNKNOWN, detail)

    def _settlement(self, state: SettlementState, detail: str) -> Settlement:
        tracker = self._legs[0].tracker
        return Settlement(
            client_order_id=self._job.client_order_id,
            state=state,
            ordered=None if tracker is None else tracker.amount,
            filled=sum((leg.filled for leg in self._legs), _ZERO),
            orders=tuple(leg.order for leg in self._legs if leg.order is not None),
            detail=detail,
        )


def _is_known(error: Exception) -> bool:
    """Say whether a child that failed is known not to be at the venue."""
    if isinstance(error, OutcomeUnknown):
        return False
    outcome = outcome_of(error)
    if outcome is None:
        return isinstance(error, Refused)
    return outcome.decision is not Decision.UNKNOWN and outcome.classification.outcome_known
