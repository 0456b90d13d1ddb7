"""The ``ccxt_clock_sync`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import ErrorContext, FailureReason, Operation, OperationKind, Recovery, hookimpl

if TYPE_CHECKING:
    from recoup.host import Host

NAME = "ccxt_clock_sync"
"""Its entry point, under which the core counts its answers."""
MAX_SYNCS = 3
"""A clock that had to be set so often within one call is not what is wrong."""


class CcxtClockSync:
    """Sets the client's clock by the venue's when a request is refused for its timestamp, then has it repeated once.

    A refusal right after a synchronisation is left to others, since the clock is not what is wrong then; so is any
    after ``MAX_SYNCS`` of them in one call. Thread-safe and task-safe: whatever it must remember is in the call.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    @hookimpl
    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:  # noqa: ARG002 - the reason says enough
        """Synchronise, and have the request repeated."""
        call = context.call
        if (
            context.classification is None
            or context.classification.reason is not FailureReason.CLOCK_SKEW
            or call is None
            or call.operation.venue is None
            or call.last_answer == NAME
            or call.answers[NAME] >= MAX_SYNCS
            or not (call.may_repeat and context.may_send_again)
        ):
            return None
        venue = call.operation.venue
        try:
            await self._host.call(
                venue.sync_clock,
                component=context.component,
                operation=Operation(kind=OperationKind.READ, venue=venue, key=call.operation.key),
            )
        except Exception:  # noqa: BLE001 - that call has been handled and reported by itself; the refusal stands
            return None
        return Recovery.retry(detail="clock synchronised with the venue")
